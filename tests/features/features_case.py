"""A mesh with the claims product and feature groups of it, on an embedded cloud of its own."""

from __future__ import annotations

import copy
import shutil
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import claims
import yaml

from local.cloud import server
from mesh import deploy
from mesh.aws import Acting
from mesh.project import Project
from mesh.query import Answer, run

ROOT = Path(__file__).resolve().parents[2]

FEATURES = {
    "claims": {"product": claims.PRODUCT, "contract": "contracts/motor-claims.odcs.yaml", "eventTime": "filed_at",
               "online": True},
    "claims-audit": {"product": claims.PRODUCT, "contract": "contracts/motor-claims.odcs.yaml", "role": "auditor",
                     "columns": ["postcode", "vehicle"], "online": True},
}  # fmt: skip


def project(folder: Path, **consumer: Any) -> Path:
    """Stack files of a mesh whose one LoB has the claims product."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copy(ROOT / "__main__.py", folder)
    contract = claims.write_contract(folder)
    shipped = {name: _config(name) for name in ("central", "producer", "consumer")}
    account = shipped["producer"]["mesh:accountId"]
    changes: dict[str, dict[str, Any]] = {
        "central": {"lobs": {claims.DOMAIN: {"accountId": account, "products": [claims.PRODUCT]}}},
        "producer": {
            "lob": claims.DOMAIN,
            "products": {
                claims.PRODUCT: {
                    "contract": contract,
                    "shares": [{"consumer": "ml-coe", "clearance": "restricted"}],
                }
            },
        },
        "consumer": {
            "subscriptions": {
                claims.PRODUCT: {"lob": claims.DOMAIN, "clearance": "restricted", "stack": "producer"}
            },
            "features": FEATURES,
            **consumer,
        },
    }
    for name, config in shipped.items():
        changed = {**config, **{f"mesh:{key}": value for key, value in changes[name].items()}}
        changed = {key: value for key, value in changed.items() if value is not None}
        for other in ("production", "pipeline"):  # of other tests, and of the sample product
            changed.pop(f"mesh:{other}", None)
        (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": changed}), encoding="utf-8")
    return folder


def _config(stack: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"])


class World:
    """The project, its cloud, and whom to act as."""

    def __init__(self, folder: Path, **consumer: Any) -> None:
        self.folder = project(folder, **consumer)
        self.cloud = server.spawn()
        self.endpoint = self.cloud.endpoint
        self.known: dict[str, Any] = {}

    @cached_property
    def project(self) -> Project:
        return Project(self.folder)

    def up(self) -> dict[str, Any]:
        self.known.clear()
        return dict(deploy.up(self.project, [], endpoint=self.endpoint, say=lambda _: None))

    def outputs(self, stack: str = "consumer") -> dict[str, Any]:
        if stack not in self.known:
            self.known[stack] = deploy.outputs(self.project, stack, endpoint=self.endpoint)
        return copy.deepcopy(self.known[stack])

    def acting(self, role: str | None = None, stack: str = "consumer") -> Acting:
        item = self.project.stacks[stack]
        name = f"mesh-{role}" if role else item.deploy_role
        return Acting(self.endpoint, item.place.role_arn(name), item.place.region)

    def publish(self) -> None:
        """Deliver the claims and run the curation job."""
        product = self.outputs("producer")["products"][claims.PRODUCT]
        operator = self.acting(stack="producer")
        operator.client("s3").put_object(
            Bucket=product["bucket"], Key=f"raw/{claims.TABLE}/2026.jsonl", Body=claims.delivery()
        )
        glue = operator.client("glue")
        run_id = glue.start_job_run(JobName=product["curationJob"])["JobRunId"]
        for _ in range(1200):
            state = glue.get_job_run(JobName=product["curationJob"], RunId=run_id)["JobRun"]
            if state["JobRunState"] not in ("STARTING", "RUNNING", "WAITING"):
                break
            time.sleep(0.05)
        assert state["JobRunState"] == "SUCCEEDED", state.get("ErrorMessage")

    def ask(self, role: str, sql: str, database: str = "mesh_features") -> Answer:
        workgroups = self.outputs()["workgroups"]
        workgroup = workgroups.get(role) or workgroups["auditor"]
        return run(self.acting(role), sql, workgroup=workgroup, database=database)

    def stop(self) -> None:
        self.cloud.stop()
