"""What a run leaves behind when a call fails, and what it tries again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from governance.errors import MeshError
from local.engine import MemoryStateStore, up
from local.engine.caller import ATTEMPTS, Caller

if TYPE_CHECKING:
    from .conftest import Project


class Fault:
    """Fails an operation a number of times before it goes through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.left = 0
        self.tried = 0

    def on(self, operation: str, code: str, message: str = "no", times: int = 1000) -> None:
        original = Caller._attempt_once
        self.left = times
        fault = self

        def attempt(caller: Caller, method: Callable[..., Any], params: dict[str, Any]) -> Any:
            if method.__name__ == operation:
                fault.tried += 1
                if fault.left > 0:
                    fault.left -= 1
                    raise ClientError({"Error": {"Code": code, "Message": message}}, operation)
            return original(caller, method, params)

        self._patch.setattr(Caller, "_attempt_once", attempt)

    def mend(self) -> None:
        self.left = 0


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Fault:
    return Fault(monkeypatch)


CHAIN = """
bucket = aws.s3.Bucket("bucket", bucket="curated", opts=opts)
database = aws.glue.CatalogDatabase("database", name="credit",
    opts=pulumi.ResourceOptions(provider=central, depends_on=[bucket]))
aws.glue.CatalogTable("table", name="card", database_name=database.name, opts=opts)
"""


def test_a_failed_create_keeps_what_was_made_and_the_next_run_goes_on(
    project: Project, endpoint: str, store: MemoryStateStore, fault: Fault
) -> None:
    project.program(CHAIN)
    fault.on("create_database", "AccessDeniedException", "not\nyou")
    with pytest.raises(MeshError) as caught:
        up(project.folder, "dev", endpoint=endpoint, store=store)
    assert str(caught.value) == (
        "aws:glue/catalogDatabase:CatalogDatabase 'database': create_database: AccessDeniedException: not you"
    )
    state = store.load("dev")
    assert state is not None
    assert [item.name for item in state.resources.values()] == ["bucket"], "the table was not attempted"
    assert not state.complete
    fault.mend()
    result = up(project.folder, "dev", endpoint=endpoint, store=store)
    assert (result.created, result.unchanged) == (2, 1)


def test_a_failed_follow_up_call_makes_the_resource_again(
    project: Project, endpoint: str, store: MemoryStateStore, fault: Fault
) -> None:
    project.program("aws.kms.Key('key', enable_key_rotation=True, opts=opts)")
    fault.on("enable_key_rotation", "AccessDeniedException")
    with pytest.raises(MeshError, match="enable_key_rotation"):
        up(project.folder, "dev", endpoint=endpoint, store=store)
    state = store.load("dev")
    assert state is not None
    assert [item.tainted for item in state.resources.values()] == [True], "it exists, half made"
    fault.mend()
    result = up(project.folder, "dev", endpoint=endpoint, store=store)
    assert (result.replaced, result.created) == (1, 0)
    assert up(project.folder, "dev", endpoint=endpoint, store=store).api_calls == 0


def test_a_failed_delete_keeps_the_rest_in_the_state(
    project: Project, endpoint: str, store: MemoryStateStore, fault: Fault
) -> None:
    project.program(CHAIN)
    up(project.folder, "dev", endpoint=endpoint, store=store)
    project.program("")
    fault.on("delete_database", "AccessDeniedException")
    with pytest.raises(MeshError, match="CatalogDatabase 'database': delete_database"):
        up(project.folder, "dev", endpoint=endpoint, store=store)
    state = store.load("dev")
    assert state is not None
    assert sorted(item.name for item in state.resources.values()) == ["bucket", "database"]
    fault.mend()
    assert up(project.folder, "dev", endpoint=endpoint, store=store).deleted == 2


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ConcurrentModificationException", "another caller"),
        ("InvalidInputException", "Invalid principal arn:aws:iam::1:role/new"),
        ("ThrottlingException", "Rate exceeded"),
    ],
)
def test_a_transient_error_is_tried_again(
    project: Project, endpoint: str, store: MemoryStateStore, fault: Fault, code: str, message: str
) -> None:
    project.program("aws.kms.Key('key', opts=opts)")
    fault.on("create_key", code, message, times=3)
    waits: list[float] = []
    result = up(project.folder, "dev", endpoint=endpoint, store=store, sleep=waits.append)
    assert result.created == 1
    assert fault.tried == 4
    assert len(waits) == 3
    assert waits == sorted(waits), "each wait is longer than the one before"


def test_a_transient_error_that_stays_is_an_error(
    project: Project, endpoint: str, store: MemoryStateStore, fault: Fault
) -> None:
    project.program("aws.kms.Key('key', opts=opts)")
    fault.on("create_key", "ThrottlingException")
    with pytest.raises(MeshError, match="ThrottlingException"):
        up(project.folder, "dev", endpoint=endpoint, store=store, sleep=lambda _: None)
    assert fault.tried == ATTEMPTS


def test_another_error_is_not_tried_again(
    project: Project, endpoint: str, store: MemoryStateStore, fault: Fault
) -> None:
    project.program("aws.kms.Key('key', opts=opts)")
    fault.on("create_key", "AccessDeniedException")
    with pytest.raises(MeshError, match="AccessDeniedException"):
        up(project.folder, "dev", endpoint=endpoint, store=store)
    assert fault.tried == 1


def test_an_unknown_type_is_refused_before_anything_is_made(
    project: Project, endpoint: str, store: MemoryStateStore
) -> None:
    project.program(
        """
        aws.kms.Key("key", opts=opts)
        aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=opts)
        """
    )
    with pytest.raises(MeshError, match=r"aws:ec2/vpc:Vpc 'vpc': the local engine does not know this"):
        up(project.folder, "dev", endpoint=endpoint, store=store)
    assert store.load("dev") is None


def test_a_property_the_engine_cannot_set_is_named(
    project: Project, endpoint: str, store: MemoryStateStore
) -> None:
    project.program("aws.s3.Bucket('bucket', acceleration_status='Enabled', opts=opts)")
    with pytest.raises(MeshError, match="cannot set accelerationStatus"):
        up(project.folder, "dev", endpoint=endpoint, store=store)


def test_credentials_of_a_wrong_account_are_refused(
    project: Project, endpoint: str, store: MemoryStateStore
) -> None:
    project.program(
        """
        wrong = aws.Provider("wrong", region="eu-west-1", allowed_account_ids=["999999999999"],
            assume_roles=[aws.ProviderAssumeRoleArgs(role_arn="arn:aws:iam::111122223333:role/MeshDeploy")])
        aws.kms.Key("key", opts=pulumi.ResourceOptions(provider=wrong))
        """
    )
    with pytest.raises(MeshError, match="of account 111122223333, not 999999999999"):
        up(project.folder, "dev", endpoint=endpoint, store=store)


def test_a_mesh_error_of_the_program_comes_before_any_call(
    project: Project, endpoint: str, store: MemoryStateStore
) -> None:
    project.program(
        """
        from governance.errors import MeshError
        aws.kms.Key("key", opts=opts)
        raise MeshError("no", "here")
        """
    )
    with pytest.raises(MeshError, match="here: no"):
        up(project.folder, "dev", endpoint=endpoint, store=store)
    assert store.load("dev") is None
