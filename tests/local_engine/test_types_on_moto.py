"""One program with every kind of resource that a plain moto serves, up, up again and down."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from local.engine import MemoryStateStore, destroy, up

if TYPE_CHECKING:
    from .conftest import Project

PROGRAM = """
bucket_key = aws.kms.Key("key", policy=None, deletion_window_in_days=7, opts=opts)
alias = aws.kms.Alias("alias", name="alias/mesh", target_key_id=bucket_key.key_id, opts=opts)
role = aws.iam.Role("role", name="worker", assume_role_policy=trust, opts=opts)
policy = aws.iam.Policy("policy", name="shared", policy=read, opts=opts)
aws.iam.RolePolicyAttachment("attached", role=role.name, policy_arn=policy.arn, opts=opts)

bucket = aws.s3.Bucket("bucket", bucket="curated", force_destroy=True, tags={"a": "b"}, opts=opts)
logs = aws.s3.Bucket("logs", bucket="access-logs", opts=opts)
versioned = aws.s3.BucketVersioning("versioning", bucket=bucket.id,
    versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"), opts=opts)
aws.s3.BucketPublicAccessBlock("public", bucket=bucket.id, block_public_acls=True,
    block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True, opts=opts)
aws.s3.BucketOwnershipControls("ownership", bucket=bucket.id,
    rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"), opts=opts)
aws.s3.BucketLifecycleConfiguration("lifecycle", bucket=bucket.id, rules=[
    aws.s3.BucketLifecycleConfigurationRuleArgs(id="old", status="Enabled",
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=7))], opts=opts)
after = pulumi.ResourceOptions(provider=central, depends_on=[versioned])
aws.s3.BucketObjectv2("text", bucket=bucket.id, key="raw/a.txt", content="hello", opts=after)
aws.s3.BucketObjectv2("file", bucket=bucket.id, key="raw/b.txt",
    source=pulumi.StringAsset("from an asset"), opts=after)

database = aws.glue.CatalogDatabase("database", name="credit", opts=opts)
table = aws.glue.CatalogTable("table", name="card", database_name=database.name,
    table_type="EXTERNAL_TABLE", parameters={"classification": "parquet"},
    partition_keys=[aws.glue.CatalogTablePartitionKeyArgs(name="batch", type="string")],
    storage_descriptor=aws.glue.CatalogTableStorageDescriptorArgs(
        location="s3://curated/card",
        columns=[aws.glue.CatalogTableStorageDescriptorColumnArgs(name="age", type="int", comment="years")],
        ser_de_info=aws.glue.CatalogTableStorageDescriptorSerDeInfoArgs(
            serialization_library="org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")),
    opts=opts)
job = aws.glue.Job("job", name="curate", role_arn=role.arn,
    command=aws.glue.JobCommandArgs(name="pythonshell", script_location="s3://curated/scripts/a.py",
                                    python_version="3.9"),
    max_capacity=0.0625, default_arguments={"--table": "card"}, opts=opts)
aws.glue.Trigger("trigger", name="nightly", type="SCHEDULED", schedule="cron(0 3 * * ? *)",
    actions=[aws.glue.TriggerActionArgs(job_name=job.name)], opts=opts)
aws.glue.Crawler("crawler", name="crawl", role=role.arn, database_name=database.name,
    s3_targets=[aws.glue.CrawlerS3TargetArgs(path="s3://curated/card")], opts=opts)
aws.glue.SecurityConfiguration("security", name="sealed",
    encryption_configuration=aws.glue.SecurityConfigurationEncryptionConfigurationArgs(
        cloudwatch_encryption=aws.glue.SecurityConfigurationEncryptionConfigurationCloudwatchEncryptionArgs(
            cloudwatch_encryption_mode="DISABLED"),
        job_bookmarks_encryption=(
            aws.glue.SecurityConfigurationEncryptionConfigurationJobBookmarksEncryptionArgs(
                job_bookmarks_encryption_mode="DISABLED")),
        s3_encryption=aws.glue.SecurityConfigurationEncryptionConfigurationS3EncryptionArgs(
            s3_encryption_mode="DISABLED")), opts=opts)

settings = aws.lakeformation.DataLakeSettings("settings", admins=[role.arn],
    parameters={"CROSS_ACCOUNT_VERSION": "4"}, opts=opts)
tag = aws.lakeformation.LfTag("tag", key="domain", values=["cards", "loans"], opts=opts)
location = aws.lakeformation.Resource("location", arn=bucket.arn, role_arn=role.arn, opts=opts)
aws.lakeformation.Permissions("grant", principal=role.arn, permissions=["DESCRIBE"],
    database=aws.lakeformation.PermissionsDatabaseArgs(name=database.name), opts=opts)
aws.lakeformation.ResourceLfTags("tagged",
    database=aws.lakeformation.ResourceLfTagsDatabaseArgs(name=database.name),
    lf_tags=[aws.lakeformation.ResourceLfTagsLfTagArgs(key=tag.key, value="cards")], opts=opts)

bus = aws.cloudwatch.EventBus("bus", name="mesh", opts=opts)
rule = aws.cloudwatch.EventRule("rule", name="published", event_bus_name=bus.name,
    event_pattern=json.dumps({"source": ["mesh"]}), opts=opts)
queue = aws.sqs.Queue("queue", name="sync", visibility_timeout_seconds=60, opts=opts)
aws.cloudwatch.EventTarget("target", rule=rule.name, event_bus_name=bus.name, arn=queue.arn,
    target_id="queue", opts=opts)
aws.sqs.QueuePolicy("queue-policy", queue_url=queue.url, policy=pulumi.Output.json_dumps({
    "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": queue.arn}]}), opts=opts)
aws.cloudwatch.LogGroup("logs", name="/mesh/sync", retention_in_days=7, opts=opts)
aws.cloudwatch.MetricAlarm("alarm", name="late", comparison_operator="GreaterThanThreshold",
    evaluation_periods=1, metric_name="Age", namespace="Mesh", period=60, statistic="Maximum",
    threshold=5, dimensions={"Queue": "sync"}, opts=opts)
topic = aws.sns.Topic("topic", name="alerts", opts=opts)

workgroup = aws.athena.Workgroup("workgroup", name="mesh-ml", force_destroy=True, opts=opts)
pulumi.export("urls", {"queue": queue.url, "role": role.arn, "version": versioned.id})
"""


def test_every_kind_of_resource_comes_up_stays_and_goes(
    project: Project, endpoint: str, store: MemoryStateStore, client: Callable
) -> None:
    project.program(PROGRAM)
    first = up(project.folder, "dev", endpoint=endpoint, store=store)
    assert first.created == 33
    assert up(project.folder, "dev", endpoint=endpoint, store=store).api_calls == 0

    body = client("s3").get_object(Bucket="curated", Key="raw/b.txt")["Body"]
    with body:
        assert body.read() == b"from an asset"
    table = client("glue").get_table(DatabaseName="credit", Name="card")["Table"]
    assert table["StorageDescriptor"]["Columns"] == [{"Name": "age", "Type": "int", "Comment": "years"}]
    assert table["PartitionKeys"][0]["Name"] == "batch"
    job = client("glue").get_job(JobName="curate")["Job"]
    assert (job["Role"], job["MaxCapacity"]) == ("arn:aws:iam::111122223333:role/worker", 0.0625)
    targets = client("events").list_targets_by_rule(Rule="published", EventBusName="mesh")["Targets"]
    assert [target["Id"] for target in targets] == ["queue"]
    alarm = client("cloudwatch").describe_alarms()["MetricAlarms"][0]
    assert alarm["Dimensions"] == [{"Name": "Queue", "Value": "sync"}]
    groups = client("logs").describe_log_groups()["logGroups"]
    assert [group["retentionInDays"] for group in groups] == [7]

    gone = destroy(project.folder, "dev", endpoint=endpoint, store=store)
    assert gone.deleted == first.created
    assert client("s3").list_buckets()["Buckets"] == [], "versions went too"
    assert client("glue").get_databases()["DatabaseList"] == []
    assert client("iam").list_roles()["Roles"] == []
