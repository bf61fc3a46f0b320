"""A consumer's registry and a production account, made of the program's own policies in a cloud of their own."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.documents import document, key_policy, tls_only
from components.serving_documents import artefact_decryption, artefact_reads, registry_policy, serving_places
from governance.names import Names, Place
from local import engine
from local.engine.state import StackState
from mesh.aws import Acting

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
CONSUMER = Place(account_id="333344445555", region=REGION)
PRODUCTION = Place(account_id="777788889999", region=REGION)
LOB = Place(account_id="222233334444", region=REGION)
STRANGER = Place(account_id="888899990000", region=REGION)
NAMES = Names(namespace="mesh")
SERVING = "credit-risk"
GROUP = "mesh-credit-risk"
IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5"
BUCKET = NAMES.consumer_bucket("ml-coe", "models", CONSUMER)
ROLE = PRODUCTION.role_arn(NAMES.serving_role(SERVING))
ROW = {"grade": "C", "income": 21.5, "months": 12, "score": 0.3, "owner": True, "opened": "2020-05-01",
       "seen": "2021-01-02T03:04:05"}  # fmt: skip
TRUST = document(
    {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
)


def as_somebody(patch: pytest.MonkeyPatch, endpoint: str) -> None:
    """The environment of whoever has credentials of the cloud, and of no role yet."""
    for name, value in (("AWS_ENDPOINT_URL", endpoint), ("AWS_ACCESS_KEY_ID", "test"),
                        ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", REGION)):  # fmt: skip
        patch.setenv(name, value)
    patch.delenv("AWS_SESSION_TOKEN", raising=False)


@dataclass
class World:
    """The cloud with both accounts; `packages` are the registered versions, the newest last."""

    endpoint: str
    key_arn: str = ""
    packages: list[str] = field(default_factory=list)
    models: dict[str, Path] = field(default_factory=dict)
    """Package ARN -> the model folder it was made of."""
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict, repr=False)

    def client(self, place: Place, service: str = "sagemaker", role: str = "MeshDeploy") -> Any:
        key = (place.account_id, role, service)
        if key not in self._clients:
            self._clients[key] = Acting(self.endpoint, place.role_arn(role), REGION).client(service)
        return self._clients[key]

    @property
    def outputs(self) -> dict[str, Any]:
        """What the consumer stack exports, as far as production and training need it."""
        return {
            "accountId": CONSUMER.account_id,
            "region": REGION,
            "roles": {"pipeline": CONSUMER.role_arn("mesh-pipeline")},
            "workgroups": {"pipeline": "mesh-ml-coe-pipeline"},
            "resultsBucket": BUCKET,
            "modelsBucket": BUCKET,
            "keyArn": self.key_arn,
            "resourceLinks": {"lending": "rl_lending"},
            "products": {"lending": {}},
            "modelPackageGroup": GROUP,
        }

    def build(self, *, serving_role: bool = True) -> None:
        """Bucket, key and group of the consumer with the policies of the program; the consumer counts as up.

        Without `serving_role` that role is left to the production stack.
        """
        servings = serving_places(CONSUMER, {SERVING: PRODUCTION.account_id})
        bucket_arn = CONSUMER.bucket_arn(BUCKET)
        policy = key_policy(CONSUMER, artefact_decryption(CONSUMER, bucket_arn, NAMES, servings))
        self.key_arn = self.client(CONSUMER, "kms").create_key(Policy=json.dumps(policy))["KeyMetadata"][
            "Arn"
        ]
        s3 = self.client(CONSUMER, "s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        reads = document(tls_only(bucket_arn), artefact_reads(bucket_arn, NAMES, servings))
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(reads))
        registry = self.client(CONSUMER)
        registry.create_model_package_group(ModelPackageGroupName=GROUP)
        registry.put_model_package_group_policy(
            ModelPackageGroupName=GROUP,
            ResourcePolicy=json.dumps(registry_policy(CONSUMER, GROUP, servings, [LOB.account_id])),
        )
        roles = [(PRODUCTION, "mesh-serving-credit-risk")] if serving_role else []
        for place, role in (*roles, (PRODUCTION, "other"), (STRANGER, "serving")):
            self.client(place, "iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))
        engine.S3StateStore(self.endpoint).save(
            StackState(stack="consumer", exports=self.outputs, complete=True)
        )

    def register(
        self, files: dict[str, bytes], *, status: str = "Approved", key: str = "", **more: Any
    ) -> str:
        """A package of an archive with the given files."""
        key = key or f"pipeline/made/{len(self.packages)}-{len(files)}/model.tar.gz"
        self.put(key, archive(files))
        return self.package(f"s3://{BUCKET}/{key}", status=status, **more)

    def put(self, key: str, content: bytes) -> None:
        self.client(CONSUMER, "s3").put_object(
            Bucket=BUCKET, Key=key, Body=content, ServerSideEncryption="aws:kms", SSEKMSKeyId=self.key_arn
        )

    def package(self, url: str, *, status: str, **more: Any) -> str:
        environment = {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        }
        container = {"Image": IMAGE, "ModelDataUrl": url, "Environment": environment, **more}
        kinds = ["text/csv", "application/json"]
        return str(
            self.client(CONSUMER).create_model_package(
                ModelPackageGroupName=GROUP,
                ModelApprovalStatus=status,
                InferenceSpecification={
                    "Containers": [container],
                    "SupportedContentTypes": kinds,
                    "SupportedResponseMIMETypes": kinds,
                },
            )["ModelPackageArn"]
        )

    def model(self, name: str, package: str, **more: Any) -> str:
        """A model in production of a package."""
        given = {"ExecutionRoleArn": ROLE, "Containers": [{"ModelPackageName": package}], **more}
        return str(self.client(PRODUCTION).create_model(ModelName=name, **given)["ModelArn"])

    def serve(self, name: str, package: str, **config: Any) -> Any:
        """An endpoint of a package, waited for; its description."""
        self.configure(name, package, **config)
        client = self.client(PRODUCTION)
        client.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return self.settled(name)

    def configure(self, name: str, package: str, **config: Any) -> None:
        self.model(name, package)
        variant = {"VariantName": "champion", "ModelName": name, "InstanceType": "ml.m5.large",
                   "InitialInstanceCount": 1}  # fmt: skip
        self.client(PRODUCTION).create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant], **config
        )

    def settled(self, name: str) -> Any:
        """The endpoint once it is neither being made nor changed."""
        client = self.client(PRODUCTION)
        while True:
            found = client.describe_endpoint(EndpointName=name)
            if found["EndpointStatus"] not in ("Creating", "Updating"):
                return found
            time.sleep(0.02)

    def ask(
        self, name: str, body: str | bytes, kind: str = "application/json", accept: str = "application/json"
    ) -> Any:
        runtime = self.client(PRODUCTION, "sagemaker-runtime")
        return runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType=kind, Accept=accept)


def archive(files: dict[str, bytes]) -> bytes:
    """A model archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def code(says: str) -> dict[str, bytes]:
    """An artefact that answers every request with the same word, and shows what it was asked."""
    text = f"""
def model_fn(model_dir): return {says!r}
def input_fn(body, content_type): return body
def predict_fn(data, model): return model, data
def output_fn(found, accept): return found[0] + ":" + str(len(found[1])), accept
"""
    return {"code/inference.py": text.encode()}


class Project:
    """A copy of the shipped stack files whose production file a test changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path in [ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")]:
            shutil.copy(path, folder)
        shutil.copytree(ROOT / "contracts", folder / "contracts")
        (folder / "training").mkdir()
        shutil.copy(ROOT / "training/credit-risk.yaml", folder / "training")

    @property
    def text(self) -> str:
        return (self.folder / "Pulumi.production.yaml").read_text(encoding="utf-8")

    def config(self, stack: str = "production") -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load((self.folder / f"Pulumi.{stack}.yaml").read_text())["config"]
        return found

    def write(self, config: dict[str, Any], stack: str = "production") -> None:
        (self.folder / f"Pulumi.{stack}.yaml").write_text(
            yaml.safe_dump({"config": config}), encoding="utf-8"
        )

    def change(self, stack: str = "production", **keys: Any) -> None:
        """Set keys under `mesh:`; None takes one out."""
        found = {**self.config(stack), **{f"mesh:{key}": value for key, value in keys.items()}}
        self.write({key: value for key, value in found.items() if value is not None}, stack)
