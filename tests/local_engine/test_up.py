"""Bringing a stack up and down against a plain moto server: what is called, and what is not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from governance.errors import MeshError
from local.engine import MemoryStateStore, Progress, S3StateStore, clients, destroy, stack_state, up

if TYPE_CHECKING:
    from .conftest import Project

LAKE = """
key = aws.kms.Key("key", description=config.get("note") or "lake", enable_key_rotation=True, opts=opts)
bucket = aws.s3.Bucket("bucket", bucket="curated", force_destroy=True, opts=opts)
aws.s3.BucketServerSideEncryptionConfiguration(
    "encryption", bucket=bucket.id,
    rules=[aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
        apply_server_side_encryption_by_default=(
            aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                sse_algorithm="aws:kms", kms_master_key_id=key.arn)))],
    opts=opts)
database = aws.glue.CatalogDatabase("database", name="credit", opts=opts)
pulumi.export("key", key.arn)
"""


def test_a_second_run_of_an_unchanged_program_makes_no_call(
    project: Project, endpoint: str, store: MemoryStateStore
) -> None:
    project.program(LAKE)
    first = up(project.folder, "dev", endpoint=endpoint, store=store)
    second = up(project.folder, "dev", endpoint=endpoint, store=store)
    assert (first.created, first.unchanged) == (4, 0)
    assert first.api_calls > 4, "a call for each resource, and the assumed role"
    assert (second.unchanged, second.changed, second.api_calls) == (4, 0, 0)
    assert second.exports == first.exports, "outputs come from the state"
    assert first.exports["key"].startswith("arn:aws:kms:eu-west-1:111122223333:key/")


def test_a_change_updates_that_resource_alone(
    project: Project, endpoint: str, store: MemoryStateStore, client: Callable
) -> None:
    project.program(LAKE)
    up(project.folder, "dev", endpoint=endpoint, store=store)
    result = up(project.folder, "dev", endpoint=endpoint, store=store, config_overrides={"note": "renamed"})
    assert (result.updated, result.unchanged, result.created, result.replaced) == (1, 3, 0, 0)
    key_id = result.exports["key"].rsplit("/", 1)[-1]
    metadata = client("kms").describe_key(KeyId=key_id)["KeyMetadata"]
    assert metadata["Description"] == "renamed"


def test_a_replace_property_deletes_and_creates_with_what_is_made_of_it(
    project: Project, endpoint: str, store: MemoryStateStore, client: Callable
) -> None:
    program = """
        role = aws.iam.Role("role", name="{name}", assume_role_policy=trust, opts=opts)
        aws.iam.RolePolicy("policy", name="read", role=role.name, policy=read, opts=opts)
        pulumi.export("arn", role.arn)
    """
    project.program(program.format(name="first"))
    up(project.folder, "dev", endpoint=endpoint, store=store)
    project.program(program.format(name="second"))
    result = up(project.folder, "dev", endpoint=endpoint, store=store)
    assert result.replaced == 2, "the policy is of another role now"
    assert result.exports["arn"] == "arn:aws:iam::111122223333:role/second"
    names = [role["RoleName"] for role in client("iam").list_roles()["Roles"]]
    assert names == ["second"]
    assert client("iam").list_role_policies(RoleName="second")["PolicyNames"] == ["read"]


def test_what_hangs_on_a_replaced_resource_of_the_same_name_is_made_again(
    project: Project, endpoint: str, store: MemoryStateStore, client: Callable
) -> None:
    program = """
        role = aws.iam.Role("role", name="same", path="{path}", assume_role_policy=trust, opts=opts)
        aws.iam.RolePolicy("policy", name="read", role=role.name, policy=read, opts=opts)
    """
    project.program(program.format(path="/a/"))
    up(project.folder, "dev", endpoint=endpoint, store=store)
    project.program(program.format(path="/b/"))
    up(project.folder, "dev", endpoint=endpoint, store=store)
    assert client("iam").list_role_policies(RoleName="same")["PolicyNames"] == ["read"], (
        "deleting the role took its policy with it, though no property of the policy changed"
    )


def test_what_left_the_program_is_deleted_dependents_first(
    project: Project, endpoint: str, store: MemoryStateStore, client: Callable
) -> None:
    project.program(
        """
        database = aws.glue.CatalogDatabase("database", name="credit", opts=opts)
        table = aws.glue.CatalogTable("table", name="card", database_name=database.name, opts=opts)
        bucket = aws.s3.Bucket("bucket", bucket="curated", opts=opts)
        aws.s3.BucketObjectv2("object", bucket=bucket.id, key="a/b.txt", content="x",
                              opts=pulumi.ResourceOptions(provider=central, depends_on=[table]))
        aws.kms.Key("stays", opts=opts)
        """
    )
    up(project.folder, "dev", endpoint=endpoint, store=store)
    project.program("aws.kms.Key('stays', opts=opts)")
    steps: list[Progress] = []
    result = up(project.folder, "dev", endpoint=endpoint, store=store, progress=steps.append)
    deleted = [step.name for step in steps if step.action == "delete"]
    assert sorted(deleted) == ["bucket", "database", "object", "table"]
    assert deleted.index("object") < deleted.index("table") < deleted.index("database")
    assert deleted.index("object") < deleted.index("bucket")
    assert (result.deleted, result.unchanged, result.resources) == (4, 1, 1)
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("glue").get_databases()["DatabaseList"] == []


def test_destroy_deletes_all_in_reverse_and_forgets_the_stack(
    project: Project, endpoint: str, store: MemoryStateStore
) -> None:
    project.program(LAKE)
    up(project.folder, "dev", endpoint=endpoint, store=store)
    steps: list[Progress] = []
    result = destroy(project.folder, "dev", endpoint=endpoint, store=store, progress=steps.append)
    names = [step.name for step in steps]
    assert result.deleted == 4
    assert names.index("encryption") < names.index("bucket")
    assert names.index("encryption") < names.index("key")
    assert stack_state(store, "dev") is None
    assert [step.done for step in steps] == [1, 2, 3, 4]
    assert {step.total for step in steps} == {4}
    again = destroy(project.folder, "dev", endpoint=endpoint, store=store)
    assert (again.deleted, again.api_calls) == (0, 0)


def test_a_stack_reference_reads_the_exports_of_the_stack_that_is_up(
    project: Project, endpoint: str, store: MemoryStateStore
) -> None:
    project.stack("central")
    project.program(
        """
        if pulumi.get_stack() == "central":
            pulumi.export("bus", aws.cloudwatch.EventBus("bus", name="mesh", opts=opts).arn)
        else:
            other = pulumi.StackReference("organization/mesh/central")
            aws.kms.Key("key", description=other.require_output("bus"), opts=opts)
            pulumi.export("seen", other.require_output("bus"))
        """
    )
    with pytest.raises(MeshError, match="stack 'central' is not up; bring it up first"):
        up(project.folder, "dev", endpoint=endpoint, store=store)
    assert store.load("dev") is None, "nothing was begun"
    central = up(project.folder, "central", endpoint=endpoint, store=store)
    member = up(project.folder, "dev", endpoint=endpoint, store=store)
    assert member.exports["seen"] == central.exports["bus"]


def test_state_lives_in_the_embedded_cloud(project: Project, endpoint: str, client: Callable) -> None:
    store = S3StateStore(endpoint)
    try:
        assert store.load("dev") is None
        assert store.stacks() == ()
        project.program(LAKE)
        up(project.folder, "dev", endpoint=endpoint, store=store)
        assert store.stacks() == ("dev",)
        body = client("s3", account="000000000000").get_object(Bucket="mesh-state", Key="dev.json")["Body"]
        with body:
            assert b"CatalogDatabase" in body.read()
        fresh = S3StateStore(endpoint)
        assert up(project.folder, "dev", endpoint=endpoint, store=fresh).api_calls == 0
        destroy(project.folder, "dev", endpoint=endpoint, store=fresh)
        assert fresh.stacks() == ()
        fresh.close()
    finally:
        store.close()


def test_nothing_at_the_endpoint_is_one_line(project: Project, store: MemoryStateStore) -> None:
    project.program("aws.kms.Key('key', opts=opts)")
    silent = "http://127.0.0.1:9"
    with pytest.raises(MeshError, match=r"nothing answers at http://127.0.0.1:9; start the embedded cloud"):
        up(project.folder, "dev", endpoint=silent, store=store)
    with pytest.raises(MeshError, match="nothing answers at"):
        S3StateStore(silent).load("dev")


def test_the_users_own_aws_settings_have_no_say(
    project: Project, endpoint: str, store: MemoryStateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "nonsense")
    clients.session.cache_clear()
    project.program("aws.kms.Key('key', opts=opts)")
    assert up(project.folder, "dev", endpoint=endpoint, store=store).created == 1


def test_progress_comes_one_at_a_time(project: Project, endpoint: str, store: MemoryStateStore) -> None:
    project.program("for index in range(12): aws.kms.Key(f'key-{index}', opts=opts)")
    inside = threading.Lock()
    steps: list[Progress] = []

    def note(step: Progress) -> None:
        assert inside.acquire(blocking=False), "two threads report at once"
        steps.append(step)
        inside.release()

    up(project.folder, "dev", endpoint=endpoint, store=store, progress=note)
    assert [step.done for step in steps] == list(range(1, 13))
