"""Asking other accounts' registries: what is found, what is said of the rest, and that nobody waits for long."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from components.dynamic_session import Actor
from components.registered_models import SECONDS, Registry, look_up, registries
from governance.errors import MeshError
from governance.settings import ConsumerSettings, ProducerSettings
from mesh.project import Project

ABOUT = {"data-product": "loans", "table": "loans", "contract-version": "1.0.0", "columns-0": "age,amount"}
ACTOR = Actor(role_arn="arn:aws:iam::222233334444:role/MeshDeploy", region="eu-west-1")


def group(account: str = "333344445555", name: str = "mesh-risk") -> str:
    return f"arn:aws:sagemaker:eu-west-1:{account}:model-package-group/{name}"


COE = Registry(consumer="coe", group=group())
FRAUD = Registry(consumer="fraud", group=group("444455556666", "mesh-fraud"))


class Cloud:
    """Registries by group; an exception is raised instead of an answer."""

    def __init__(self, groups: dict[str, Any], packages: dict[str, dict[str, Any]] | None = None) -> None:
        self.groups, self.packages = groups, packages or {}
        self.asked: list[str] = []
        self.clients = 0

    def client(self, service: str, config: Any) -> Cloud:
        assert (service, config.retries["total_max_attempts"]) == ("sagemaker", 2), "few attempts"
        assert max(config.connect_timeout, config.read_timeout) <= 10, "short ones"
        self.clients += 1
        return self

    def get_paginator(self, _: str) -> Cloud:
        return self

    def paginate(self, *, ModelPackageGroupName: str, SortOrder: str, **_: Any) -> Iterator[Any]:
        assert SortOrder == "Descending", "the newest first"
        self.asked.append(ModelPackageGroupName)
        found = self.groups[ModelPackageGroupName]
        if isinstance(found, Exception):
            raise found
        return iter([{"ModelPackageSummaryList": [{"ModelPackageArn": arn} for arn in found]}])

    def describe_model_package(self, *, ModelPackageName: str, IncludedData: str) -> dict[str, Any]:
        assert IncludedData == "MetadataOnly", "the card may be under a key of the consumer's"
        return self.packages.get(
            ModelPackageName, {"CustomerMetadataProperties": ABOUT, "ModelApprovalStatus": "Approved"}
        )


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(cloud: Cloud) -> Cloud:
        monkeypatch.setattr(Actor, "client", lambda _, *given: cloud.client(*given))
        return cloud

    return put


def arns(count: int, registry: Registry = COE) -> list[str]:
    start = registry.group.replace("model-package-group", "model-package")
    return [f"{start}/{number}" for number in range(count, 0, -1)]


def denied() -> ClientError:
    words = "User: arn:aws:sts::222233334444:assumed-role/MeshDeploy/mesh is not authorized"
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": words}}, "ListModelPackages")


def test_models_of_every_consumer_come_with_version_status_and_columns(use: Any) -> None:
    (second, first), (other,) = arns(2), arns(1, FRAUD)
    pending = {"CustomerMetadataProperties": ABOUT, "ModelApprovalStatus": "PendingManualApproval"}
    rejected = {"CustomerMetadataProperties": ABOUT, "ModelApprovalStatus": "Rejected"}
    cloud = use(Cloud({COE.group: [second, first], FRAUD.group: [other]}, {second: pending, other: rejected}))
    models, lines = look_up(ACTOR, [COE, FRAUD])
    assert [model.label for model in models] == [
        "mesh-risk/2 of coe (PendingManualApproval)",
        "mesh-risk/1 of coe (Approved)",
    ], "a rejected one counts no more"
    assert [model.columns for model in models] == [{"age", "amount"}] * 2
    assert (lines, cloud.clients) == ((), 1)


def test_a_package_whose_columns_only_its_evaluation_knows_is_kept_as_unsure(use: Any) -> None:
    (arn,) = arns(1)
    told = {"ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": "s3://theirs/evaluation.json"}}}}
    about = {"CustomerMetadataProperties": {key: ABOUT[key] for key in ("data-product", "table")}}
    use(Cloud({COE.group: [arn]}, {arn: {**told, **about}}))
    ((model,), lines) = look_up(ACTOR, [COE])
    assert (model.columns, lines) == (None, ()), "another account's bucket is not asked"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            denied(),
            "AccessDeniedException: User: arn:aws:sts::222233334444:assumed-role/MeshDeploy/mesh is not authorized (its "
            "stack opens the registry to the LoBs it is subscribed to when it is brought up)",
        ),
        (
            ClientError({"Error": {"Code": "ValidationException", "Message": "no such\ngroup"}}, "List"),
            "ValidationException: no such group",
        ),
        (
            EndpointConnectionError(endpoint_url="https://x"),
            'Could not connect to the endpoint URL: "https://x"',
        ),
    ],
    ids=["denied", "no group", "unreachable"],
)
def test_a_registry_that_does_not_answer_is_one_line_and_the_others_are_asked(
    use: Any, error: Exception, said: str
) -> None:
    use(Cloud({COE.group: error, FRAUD.group: arns(1, FRAUD)}))
    models, lines = look_up(ACTOR, [COE, FRAUD])
    assert lines == (f"models of coe could not be looked up: {said}",)
    assert [model.consumer for model in models] == ["fraud"]


@pytest.mark.parametrize(
    "error",
    [MeshError("cannot be assumed: denied", ACTOR.role_arn), EndpointConnectionError(endpoint_url="u")],
)
def test_a_role_that_cannot_be_assumed_is_said_once_for_all(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Actor, "client", fail)
    assert look_up(ACTOR, [COE, FRAUD]) == ((), (f"models of coe, fraud could not be looked up: {error}",))


def test_a_group_that_nothing_names_is_said_without_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(Actor, "client", fail)
    assert look_up(ACTOR, []) == ((), ())
    assert look_up(ACTOR, [Registry(consumer="coe", group="")]) == (
        (), ("models of coe could not be looked up: no stack file here names its model package group; name it under "
             "mesh:consumers.coe.modelPackageGroup",),
    )  # fmt: skip


def test_a_registry_without_end_is_left_when_time_is_up(use: Any) -> None:
    use(Cloud({COE.group: arns(5000), FRAUD.group: arns(5000, FRAUD)}))
    tick = itertools.count(0.0, SECONDS / 10)
    models, lines = look_up(ACTOR, [COE, FRAUD], lambda: next(tick))
    assert [model.package for model in models] == [f"mesh-risk/{5000 - number}" for number in range(10)]
    assert lines == tuple(
        f"all models of {name} could not be looked up: 30 seconds did not suffice"
        for name in ("coe", "fraud")
    )


def test_an_address_that_takes_connections_and_never_answers_costs_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("components.registered_models.QUICK.read_timeout", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        actor = Actor(role_arn=ACTOR.role_arn, region="eu-west-1", endpoint=address)
        begun = time.monotonic()
        models, (line,) = look_up(actor, [COE])
        assert time.monotonic() - begun < 10, "two attempts of 0.2 seconds and a pause"
    assert models == ()
    assert line.startswith("models of coe could not be looked up: Read timeout on endpoint URL"), line


def test_registries_are_those_of_the_consumers_that_a_product_is_shared_to(root: Path) -> None:
    stacks = Project(root).stacks
    producer, consumer = stacks["producer"], stacks["consumer"]
    assert isinstance(producer, ProducerSettings)
    assert isinstance(consumer, ConsumerSettings)
    (found,) = registries(producer, stacks, ["credit-card"])
    assert (found.consumer, found.group) == ("ml-coe", group(name="mesh-credit-risk"))
    assert registries(producer, {"producer": producer}, ["credit-card"]) == [
        Registry(consumer="ml-coe", group="")
    ], "without its stack file nothing names it"
    elsewhere = replace(producer, groups={"ml-coe": "risk"})
    assert registries(elsewhere, {"producer": elsewhere}, ["credit-card"]) == [
        Registry(consumer="ml-coe", group=group())
    ], "but the producer's may"
    assert registries(producer, stacks, ["another"]) == [], "whoever does not read it is not asked"
