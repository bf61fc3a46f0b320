"""The reference of the program run: an estate of the same types, made of plain typed resources.

One call of `pulumi_aws` after the other, typed arguments of the same kinds and sizes, no component, no parent, no `depends_on`,
no contract and no policy to compute. Bare, as by somebody who knew every name and ARN beforehand and let the order be; or
linked by outputs, as people write programs. Deliberately not here: anything of this project. A re-grant, which the provider
has no type for, is a plain grant here; for each component there is an LF-tag, the smallest type, so that all have the same
number of resources. Run as a project's `__main__.py`; the configuration has `products`, `tables`, and whether it is `linked`.
"""

import json

import pulumi
import pulumi_aws as aws

CONFIG = pulumi.Config()
PRODUCTS, TABLES = CONFIG.require_int("products"), CONFIG.require_int("tables")
LINKED = CONFIG.get_bool("linked")
ACCOUNT, CENTRAL = "222233334444", "111122223333"
COLUMNS = ("c0", "c1", "c2", "c3", "c4")
STEWARD = aws.Provider("steward", region="eu-west-1", allowed_account_ids=[CENTRAL])
OWN = pulumi.ResourceOptions(provider=aws.Provider("own", region="eu-west-1", allowed_account_ids=[ACCOUNT]))
CATALOG = pulumi.ResourceOptions(provider=STEWARD)
KEY, SCRIPT = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0", "x = 1  # a line of the script\n" * 1700
SPEC = json.dumps([[f"t{table}", *COLUMNS] for table in range(TABLES)] * 10)
PARAMETERS = {f"parameter_{number}": "unmeasured" for number in range(12)}
READ = ["DESCRIBE", "SELECT"]


def policy(statements: int) -> str:
    """A policy document as text."""
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["arn:aws:s3:::bucket/raw/*", "arn:aws:s3:::bucket/curated/*"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Sid": f"S{n}", **statement} for n in range(statements)]}
    )


def bucket(name: str, tags: dict[str, str]) -> None:
    """A bucket with all its settings: eight resources, the last for a component."""
    s3 = aws.s3
    physical = f"mesh-{name}-{ACCOUNT}-eu-west-1"
    made = s3.Bucket(f"{name}-bucket", bucket=physical, force_destroy=True, tags=tags, opts=OWN)
    target = made.id if LINKED else physical
    s3.BucketOwnershipControls(
        f"{name}-ownership",
        bucket=target,
        rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=OWN,
    )
    s3.BucketVersioning(
        f"{name}-versioning",
        bucket=target,
        versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=OWN,
    )
    default = s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="aws:kms", kms_master_key_id=KEY
    )
    s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        bucket=target,
        rules=[
            s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=default, bucket_key_enabled=True
            )
        ],
        opts=OWN,
    )
    uploads = s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(days_after_initiation=7)
    versions = s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(noncurrent_days=30)
    s3.BucketLifecycleConfiguration(
        f"{name}-lifecycle",
        bucket=target,
        rules=[
            s3.BucketLifecycleConfigurationRuleArgs(
                id="leftovers",
                status="Enabled",
                filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                abort_incomplete_multipart_upload=uploads,
                noncurrent_version_expiration=versions,
            )
        ],
        opts=OWN,
    )
    s3.BucketPublicAccessBlock(
        f"{name}-block",
        bucket=target,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=OWN,
    )
    s3.BucketPolicy(f"{name}-policy", bucket=target, policy=policy(3), opts=OWN)
    aws.lakeformation.LfTag(f"{name}-component", key="domain", values=[name], opts=OWN)


def storage(name: str, tags: dict[str, str]) -> None:
    """Key, buckets, role, job and crawler of a product."""
    physical = f"mesh-{name}-{ACCOUNT}-eu-west-1"
    key = aws.kms.Key(
        f"{name}-key",
        description=f"Encrypts {name}",
        enable_key_rotation=True,
        deletion_window_in_days=30,
        policy=policy(3),
        tags=tags,
        opts=OWN,
    )
    aws.kms.Alias(
        f"{name}-alias", name=f"alias/mesh-{name}", target_key_id=key.id if LINKED else KEY, opts=OWN
    )
    for role in ("curation", "crawler"):
        worker = aws.iam.Role(
            f"{name}-{role}",
            name=f"mesh-{role}-{name}",
            description=f"Works on {name}",
            assume_role_policy=policy(1),
            tags=tags,
            opts=OWN,
        )
        physical_role = worker.id if LINKED else f"mesh-{role}-{name}"
        aws.iam.RolePolicy(f"{name}-{role}-policy", role=physical_role, policy=policy(8), opts=OWN)
        arn = worker.arn if LINKED else f"arn:aws:iam::{ACCOUNT}:role/mesh-{role}-{name}"
        for what in ("database", "tables", "location"):
            grant(f"{name}-{role}-{what}", arn, "TABLE", READ, OWN)
        aws.lakeformation.Permissions(
            f"{name}-{role}-link",
            principal=arn,
            permissions=["DESCRIBE"],
            permissions_with_grant_options=[],
            catalog_id=ACCOUNT,
            database=aws.lakeformation.PermissionsDatabaseArgs(name=f"rl_{name}", catalog_id=ACCOUNT),
            opts=OWN,
        )
    bucket(f"{name}-data", tags)
    bucket(f"{name}-logs", tags)
    aws.s3.BucketLogging(
        f"{name}-logging",
        bucket=physical,
        target_bucket=f"{physical}-logs",
        target_prefix=f"{name}/",
        opts=OWN,
    )
    part = aws.glue
    logs = part.SecurityConfigurationEncryptionConfigurationCloudwatchEncryptionArgs(
        cloudwatch_encryption_mode="SSE-KMS", kms_key_arn=KEY
    )
    bookmarks = part.SecurityConfigurationEncryptionConfigurationJobBookmarksEncryptionArgs(
        job_bookmarks_encryption_mode="CSE-KMS", kms_key_arn=KEY
    )
    objects = part.SecurityConfigurationEncryptionConfigurationS3EncryptionArgs(
        s3_encryption_mode="SSE-KMS", kms_key_arn=KEY
    )
    part.SecurityConfiguration(
        f"{name}-security",
        name=f"mesh-curate-{name}",
        encryption_configuration=part.SecurityConfigurationEncryptionConfigurationArgs(
            cloudwatch_encryption=logs, job_bookmarks_encryption=bookmarks, s3_encryption=objects
        ),
        opts=OWN,
    )
    for key, content, kind in (
        ("curation.py", SCRIPT, "text/x-python"),
        ("contract.json", SPEC, "application/json"),
    ):
        aws.s3.BucketObjectv2(
            f"{name}-{key}",
            bucket=physical,
            key=f"scripts/{key}",
            content=content,
            content_type=kind,
            tags=tags,
            opts=OWN,
        )
    part.Job(
        f"{name}-job",
        name=f"mesh-curate-{name}",
        description=f"Curates {name}",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/mesh-curation-{name}",
        command=part.JobCommandArgs(
            name="pythonshell", python_version="3.9", script_location=f"s3://{physical}/scripts/curation.py"
        ),
        default_arguments={
            "--spec": f"s3://{physical}/scripts/contract.json",
            "--bucket": physical,
            "--database": name,
        },
        max_capacity=1.0,
        timeout=60,
        execution_property=part.JobExecutionPropertyArgs(max_concurrent_runs=1),
        security_configuration=f"mesh-curate-{name}",
        tags=tags,
        opts=OWN,
    )
    part.Crawler(
        f"{name}-crawler",
        name=f"mesh-{name}",
        role=f"arn:aws:iam::{ACCOUNT}:role/mesh-crawler-{name}",
        database_name=f"rl_{name}",
        s3_targets=[
            part.CrawlerS3TargetArgs(path=f"s3://{physical}/curated/t{number}/") for number in range(TABLES)
        ],
        lake_formation_configuration=part.CrawlerLakeFormationConfigurationArgs(
            account_id=CENTRAL, use_lake_formation_credentials=True
        ),
        schema_change_policy=part.CrawlerSchemaChangePolicyArgs(update_behavior="LOG", delete_behavior="LOG"),
        recrawl_policy=part.CrawlerRecrawlPolicyArgs(recrawl_behavior="CRAWL_EVERYTHING"),
        configuration=json.dumps(
            {"Version": 1.0, "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"}}
        ),
        security_configuration=f"mesh-curate-{name}",
        tags=tags,
        opts=OWN,
    )
    part.CatalogDatabase(
        f"{name}-link",
        name=f"rl_{name}",
        target_database=part.CatalogDatabaseTargetDatabaseArgs(catalog_id=CENTRAL, database_name=name),
        opts=OWN,
    )


def grant(name: str, principal: str, kind: str, permissions: list[str], opts: pulumi.ResourceOptions) -> None:
    """A grant on tags."""
    part = aws.lakeformation
    part.Permissions(
        name,
        principal=principal,
        catalog_id=CENTRAL,
        permissions=permissions,
        permissions_with_grant_options=permissions,
        lf_tag_policy=part.PermissionsLfTagPolicyArgs(
            catalog_id=CENTRAL,
            resource_type=kind,
            expressions=[
                part.PermissionsLfTagPolicyExpressionArgs(key="data-product", values=[name]),
                part.PermissionsLfTagPolicyExpressionArgs(key="sensitivity", values=["public", "internal"]),
            ],
        ),
        opts=opts,
    )


def catalog(name: str) -> None:
    """Tables, their columns' tags and the shares of a product."""
    tag = aws.lakeformation.ResourceLfTagsLfTagArgs
    where = aws.lakeformation.ResourceLfTagsTableWithColumnsArgs
    column = aws.glue.CatalogTableStorageDescriptorColumnArgs
    for number in range(TABLES):
        table = f"t{number}"
        made = aws.glue.CatalogTable(
            f"{name}-{table}",
            name=table,
            catalog_id=CENTRAL,
            database_name=name,
            table_type="EXTERNAL_TABLE",
            parameters=PARAMETERS,
            storage_descriptor=aws.glue.CatalogTableStorageDescriptorArgs(
                location=f"s3://mesh-{name}-{ACCOUNT}-eu-west-1/curated/{table}/",
                columns=[column(name=each, type="string") for each in COLUMNS],
                input_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                output_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                ser_de_info=aws.glue.CatalogTableStorageDescriptorSerDeInfoArgs(
                    name="parquet",
                    serialization_library="org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
                    parameters={"serialization.format": "1"},
                ),
            ),
            opts=CATALOG,
        )
        place = made.name if LINKED else table
        for level, columns in (("restricted", COLUMNS[:1]), ("internal", COLUMNS[1:])):
            aws.lakeformation.ResourceLfTags(
                f"{name}-{table}-{level}",
                catalog_id=CENTRAL,
                table_with_columns=where(
                    catalog_id=CENTRAL, database_name=name, name=place, column_names=list(columns)
                ),
                lf_tags=[tag(catalog_id=CENTRAL, key="sensitivity", value=level)],
                opts=CATALOG,
            )
    for what in (
        "producer-database",
        "producer-own",
        "producer-location",
        "share-database",
        "share-public",
        "share-internal",
    ):
        grant(f"{name}-{what}", ACCOUNT, "TABLE", READ, CATALOG)


for product in range(PRODUCTS):
    label = f"p{product}"
    storage(label, {"data-product": label})
    catalog(label)
    for component in ("product", "storage", "catalog", "crawling"):
        aws.lakeformation.LfTag(f"{label}-{component}", key="domain", values=[label], opts=CATALOG)
