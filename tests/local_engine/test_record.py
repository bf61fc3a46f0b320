"""The record backend: what a program registers, and the ARNs it can count on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from governance.errors import MeshError
from local.engine import record

if TYPE_CHECKING:
    from .conftest import Project

ACCOUNT = "111122223333"


def test_a_resource_carries_everything_the_program_said_of_it(project: Project) -> None:
    project.program(
        """
        class Lake(pulumi.ComponentResource):
            def __init__(self, name, opts=None):
                super().__init__("mesh:lake:Lake", name, None, opts)
                key = aws.kms.Key(f"{name}-key", opts=pulumi.ResourceOptions(parent=self))
                bucket = aws.s3.Bucket(
                    f"{name}-bucket", bucket="curated", tags={"kind": "lake"}, force_destroy=True,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[key], protect=True,
                        retain_on_delete=True, ignore_changes=["force_destroy"], delete_before_replace=True),
                )
                self.register_outputs({"bucketName": bucket.bucket})
        Lake("lake", opts=pulumi.ResourceOptions(providers=[central]))
        """
    )
    recording = record(project.folder, "dev")
    bucket = recording.get("aws:s3/bucket:Bucket", "lake-bucket")
    lake = recording.get("mesh:lake:Lake", "lake")
    key = recording.get("aws:kms/key:Key", "lake-key")
    provider = recording.get("pulumi:providers:aws", "central")
    assert bucket.inputs == {"bucket": "curated", "tags": {"kind": "lake"}, "forceDestroy": True}
    assert bucket.urn == "urn:pulumi:dev::mesh::mesh:lake:Lake$aws:s3/bucket:Bucket::lake-bucket"
    assert bucket.parent == lake.urn, "the parent is the component"
    assert lake.parent == "", "a resource at the top has no parent, the stack is none"
    assert bucket.provider == provider.urn, "the provider is inherited, and its URN has no id behind it"
    assert bucket.dependencies == (key.urn,)
    assert bucket.protect
    assert bucket.retain_on_delete
    assert bucket.delete_before_replace
    assert bucket.ignore_changes == ("forceDestroy",)
    assert (bucket.custom, lake.custom) == (True, False)
    assert (bucket.account, bucket.region) == (ACCOUNT, "eu-west-1")
    assert recording.component_outputs == {lake.urn: {"bucketName": "curated"}}


def test_known_names_give_true_arns(project: Project) -> None:
    project.program(
        """
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = aws.iam.Role("role", name="MeshReader", path="/mesh/", assume_role_policy=trust, opts=opts)
        bus = aws.cloudwatch.EventBus("bus", name="mesh", opts=opts)
        rule = aws.cloudwatch.EventRule("rule", name="published", event_bus_name=bus.name,
                                        event_pattern="{}", opts=opts)
        plain = aws.cloudwatch.EventRule("plain", name="nightly", schedule_expression="rate(1 day)",
                                         opts=opts)
        pulumi.export("arns", {
            "role": role.arn, "bus": bus.arn, "rule": rule.arn, "plain": plain.arn,
            "bucket": aws.s3.Bucket("bucket", bucket="curated", opts=opts).arn,
            "database": aws.glue.CatalogDatabase("db", name="credit-card", opts=opts).arn,
            "queue": aws.sqs.Queue("queue", name="sync", opts=opts).arn,
            "group": aws.sagemaker.ModelPackageGroup("group", model_package_group_name="risk", opts=opts).arn,
            "function": aws.lambda_.Function("fn", name="sync", role=role.arn, handler="a.b",
                                             runtime="python3.11", opts=opts).arn,
        })
        """
    )
    arns = record(project.folder, "dev").exports["arns"]
    assert arns == {
        "role": f"arn:aws:iam::{ACCOUNT}:role/mesh/MeshReader",
        "bus": f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/mesh",
        "rule": f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/mesh/published",
        "plain": f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/nightly",
        "bucket": "arn:aws:s3:::curated",
        "database": f"arn:aws:glue:eu-west-1:{ACCOUNT}:database/credit-card",
        "queue": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:sync",
        "group": f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package-group/risk",
        "function": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:sync",
    }


def test_an_automatic_name_is_the_same_in_every_run(project: Project) -> None:
    project.program("pulumi.export('name', aws.iam.Role('reader', assume_role_policy='{}', opts=opts).name)")
    names = {record(project.folder, "dev").exports["name"] for _ in range(3)}
    assert len(names) == 1, "a name that changes would replace the role in every run"
    assert names.pop().startswith("reader-")


def test_two_resources_with_one_urn_are_refused(project: Project) -> None:
    project.program("for _ in range(2): aws.kms.Key('twice', opts=opts)")
    with pytest.raises(MeshError, match=r"aws:kms/key:Key 'twice': registered twice"):
        record(project.folder, "dev")


def test_a_resource_without_provider_is_refused_when_default_ones_are_disabled(project: Project) -> None:
    project.program("aws.kms.Key('stray')")
    with pytest.raises(MeshError, match=r"aws:kms/key:Key 'stray': has no provider"):
        record(project.folder, "dev")


def test_a_resource_without_provider_is_fine_when_default_ones_are_not_disabled(project: Project) -> None:
    project.program("aws.kms.Key('stray')")
    project.write("Pulumi.dev.yaml", "config: {}\n")
    assert record(project.folder, "dev").get("aws:kms/key:Key", "stray").provider == ""


def test_an_invoke_without_answer_names_its_token(project: Project) -> None:
    project.program("aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=central))")
    with pytest.raises(MeshError, match="aws:index/getCallerIdentity:getCallerIdentity"):
        record(project.folder, "dev")


def test_an_invoke_with_an_answer_is_answered_and_recorded(project: Project) -> None:
    token = "aws:index/getCallerIdentity:getCallerIdentity"
    project.program(
        """
        who = aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=central))
        pulumi.export("who", who.account_id)
        """
    )
    recording = record(project.folder, "dev", answers={token: {"accountId": "9"}})
    assert recording.exports == {"who": "9"}
    assert [invoke.token for invoke in recording.invokes] == [token]


def test_a_stack_reference_is_known_by_its_last_segment(project: Project) -> None:
    project.program(
        """
        other = pulumi.StackReference("organization/mesh/central")
        pulumi.export("seen", other.require_output("databases"))
        """
    )
    recording = record(project.folder, "dev", references={"central": {"databases": {"cards": "x"}}})
    assert recording.exports == {"seen": {"cards": "x"}}


@pytest.mark.parametrize(
    ("references", "message"),
    [({}, "stack 'central' is not up"), ({"central": {}}, "stack 'central' does not export 'databases'")],
)
def test_a_missing_stack_or_export_is_one_line(project: Project, references: dict, message: str) -> None:
    project.program(
        """
        other = pulumi.StackReference("organization/mesh/central")
        pulumi.export("seen", other.require_output("databases"))
        """
    )
    with pytest.raises(MeshError, match=message) as caught:
        record(project.folder, "dev", references=references)
    assert "\n" not in str(caught.value)


def test_a_mesh_error_of_the_program_surfaces_as_it_is(project: Project) -> None:
    project.program(
        """
        from governance.errors import MeshError
        aws.kms.Key("made", opts=opts)
        raise MeshError("use a level", "Pulumi.dev.yaml: mesh:level")
        """
    )
    with pytest.raises(MeshError) as caught:
        record(project.folder, "dev")
    assert str(caught.value) == "Pulumi.dev.yaml: mesh:level: use a level"


def test_a_mesh_error_in_an_apply_surfaces_as_it_is(project: Project) -> None:
    project.program(
        """
        from governance.errors import MeshError
        def refuse(_):
            raise MeshError("no such table", "contract")
        key = aws.kms.Key("made", opts=opts)
        aws.kms.Alias("alias", target_key_id=key.id.apply(refuse), opts=opts)
        """
    )
    with pytest.raises(MeshError) as caught:
        record(project.folder, "dev")
    assert str(caught.value) == "contract: no such table"


def test_another_error_of_the_program_keeps_its_type(project: Project) -> None:
    project.program("1 / 0")
    with pytest.raises(ZeroDivisionError):
        record(project.folder, "dev")


def test_a_resource_given_as_input_is_its_id(project: Project) -> None:
    project.program(
        """
        bucket = aws.s3.Bucket("bucket", bucket="curated", opts=opts)
        aws.s3.BucketPolicy("policy", bucket=bucket, policy="{}", opts=opts)
        """
    )
    policy = record(project.folder, "dev").get("aws:s3/bucketPolicy:BucketPolicy", "policy")
    assert policy.inputs["bucket"] == "curated"
    assert len(policy.dependencies) == 1


def test_exports_are_plain_values(project: Project) -> None:
    project.program(
        """
        key = aws.kms.Key("key", opts=opts)
        pulumi.export("count", 3)
        pulumi.export("ratio", 0.5)
        pulumi.export("secret", pulumi.Output.secret({"inner": [1, True, "x"]}))
        pulumi.export("mixed", {"id": key.id.apply(lambda i: len(i) > 0), "none": [key.key_id.apply(type)
                                .apply(lambda t: t.__name__)]})
        """
    )
    exports = record(project.folder, "dev").exports
    assert exports["count"] == 3
    assert isinstance(exports["count"], int)
    assert exports["ratio"] == 0.5
    assert exports["secret"] == {"inner": [1, True, "x"]}
    assert exports["mixed"] == {"id": True, "none": ["str"]}


def test_many_runs_in_one_process_do_not_see_each_other(project: Project) -> None:
    project.program(
        """
        for name in config.require_object("names"):
            pulumi.export(name, aws.kms.Key(name, opts=opts).key_id)
        """
    )
    for names in (["a", "b"], ["c"], ["d", "e", "f"]):
        recording = record(project.folder, "dev", config_overrides={"names": names})
        assert sorted(recording.exports) == names, "exports of an earlier run are gone"
        assert len(recording.of_type("aws:kms/key:Key")) == len(names)


def test_the_program_imports_what_lies_beside_it(project: Project) -> None:
    project.write("beside_it_for_record.py", "VALUE = 7\n")
    project.program("import beside_it_for_record as b; pulumi.export('value', b.VALUE)")
    assert record(project.folder, "dev").exports == {"value": 7}


def test_an_asset_is_recorded_by_the_hash_of_its_content(project: Project) -> None:
    project.write("job.py", "print(1)\n")
    project.program(
        """
        aws.s3.BucketObjectv2("job", bucket="b", key="k", source=pulumi.FileAsset("job.py"), opts=opts)
        """
    )
    token = "aws:s3/bucketObjectv2:BucketObjectv2"
    first = record(project.folder, "dev").get(token, "job").inputs["source"]["hash"]
    assert record(project.folder, "dev").get(token, "job").inputs["source"]["hash"] == first
    project.write("job.py", "print(2)\n")
    assert record(project.folder, "dev").get(token, "job").inputs["source"]["hash"] != first


def test_resources_made_in_an_apply_are_recorded_too(project: Project) -> None:
    project.program(
        """
        def more(arn):
            return aws.kms.Key("inner", description=arn, opts=opts).arn.apply(
                lambda inner: aws.kms.Key("innermost", description=inner, opts=opts).key_id)
        pulumi.export("last", aws.kms.Key("outer", opts=opts).arn.apply(more))
        """
    )
    recording = record(project.folder, "dev")
    names = {item.name for item in recording.of_type("aws:kms/key:Key")}
    assert names == {"outer", "inner", "innermost"}, "the run ends when nothing is left to register"
    assert recording.exports["last"], "and what they make is exported"


def test_a_run_leaves_the_collector_and_no_resource_behind(project: Project) -> None:
    import gc

    import pulumi

    project.program("keys = [aws.kms.Key(f'key-{n}', opts=opts) for n in range(20)]")
    before = gc.get_threshold(), gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        here = {id(item) for item in gc.get_objects() if isinstance(item, pulumi.Output)}
        assert len(record(project.folder, "dev").of_type("aws:kms/key:Key")) == 20
        left = [item for item in gc.get_objects() if isinstance(item, pulumi.Output) and id(item) not in here]
        assert len(left) < 60, (
            "a resource has some ten outputs; they go with the run, without a collector's help"
        )
        del left
    finally:
        gc.enable()
    assert (gc.get_threshold(), gc.isenabled()) == before
