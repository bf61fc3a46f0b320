"""The demo's last acts: a model is approved by who may, promoted, and asked about one application.

Who trained asks first and is refused; the auditor approves. The promotion is the one that `mesh promote` would write,
carried out without writing it: stack files stay as they are, so with `--keep` the endpoint is taken down at the end, as
the files say nothing of it. Deliberately not here: choosing a version (`promote.choice`) and asking (`training.endpoint`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from governance.errors import MeshError
from governance.settings.production import CURRENT
from mesh import deploy
from mesh.aws import Acting
from mesh.demo.story import Story
from mesh.promote import newest_approved
from mesh.promote.edit import KEY
from mesh.query import run

REASON = "AUC and group measures reviewed"
NOTHING = {KEY: "{}"}
"""A production stack as it is before any promotion, whatever its file names: registries of a demo begin empty."""


def serve(story: Story, stack: str, consumer: dict[str, Any], *, key: str, keep: bool) -> None:
    """Approve, promote and ask; the report's part `production`.

    Parameters
    ----------
    stack
        Production stack, which is up.
    consumer
        The consumer stack's outputs.
    key
        Column that numbers the applications; the last one is scored.
    keep
        Whether the cloud goes on, and so must be as the stack files say.
    """
    from training.registry import packages
    from training.session import Context

    model = story.report["model"]
    trainer = Context(outputs_from=consumer, say=lambda _: None)
    auditor = replace(trainer, role="auditor")
    told: dict[str, Any] = {"stack": stack, "reason": REASON}
    with story.phase("approve"):
        version = int(model["package_arn"].rsplit("/", 1)[1])
        try:
            packages.decide(trainer, version, packages.APPROVED, REASON)
        except MeshError as error:
            told["refused"] = {"principal": consumer["roles"][trainer.role], "error": str(error)}
        else:
            raise MeshError("approved what it trained", f"role {trainer.role}")
        packages.decide(auditor, version, packages.APPROVED, REASON)
        told["approved_by"] = consumer["roles"][auditor.role]
        story.said = f"refused as {trainer.role}, version {version} approved as {auditor.role}"
    with story.phase("promote"):
        found = newest_approved(story.project, _client(story, stack), stack)
        _up(story, stack, {KEY: json.dumps({CURRENT: found.arn})})
        exports = deploy.outputs(story.project, stack, endpoint=story.endpoint)
        told |= {
            "endpoint": exports["endpoint"],
            "version": found.version,
            "package_arn": found.arn,
        }
        story.said = f"{exports['endpoint']} serves version {found.version}"
    with story.phase("ask the endpoint"):
        told |= _asked(story, consumer, exports, key)
        if keep:
            _up(story, stack, NOTHING)
        story.said = f"{told['application']}: score {told['score']:.3f}, {told['decision']}"
    story.report["production"] = told


def _up(story: Story, stack: str, config: dict[str, str]) -> None:
    deploy.up(story.project, [stack], endpoint=story.endpoint, say=lambda _: None, config=config)


def _client(story: Story, stack: str) -> Any:
    settings = story.project.stacks[stack]
    role = settings.place.role_arn(settings.deploy_role)
    return Acting(story.endpoint, role, settings.place.region).client("sagemaker")


def _asked(story: Story, consumer: dict[str, Any], exports: dict[str, Any], key: str) -> dict[str, Any]:
    """The last application of the product, as an application system would send it, and the answer."""
    from training import endpoint
    from training.config import load_config
    from training.payload import JSON_TYPE

    config, model = load_config(), story.report["model"]
    role = "data-scientist"
    reader = Acting(story.endpoint, consumer["roles"][role], consumer["region"])
    names = ", ".join(f'"{name}"' for name in (key, *model["features"]))
    table = f'"{consumer["resourceLinks"][config.product]}"."{config.table}"'
    sql = f'SELECT {names} FROM {table} ORDER BY "{key}" DESC LIMIT 1'
    answer = run(reader, sql, workgroup=consumer["workgroups"][role])
    if answer.error:
        raise MeshError(answer.error, "the application to be scored")
    application, *values = answer.rows[0]
    body = json.dumps(dict(zip(model["features"], values, strict=True))).encode()
    asked = endpoint.target_of(exports, f"stack {exports['serving']}")
    found = json.loads(endpoint.invoke(asked, body, JSON_TYPE))
    return {"application": application, "asked_as": asked.role_arn, **found}
