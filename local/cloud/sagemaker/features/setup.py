"""What CreateFeatureGroup looks at and makes: definitions, the offline store's role and place, its Glue table.

Deliberately not here: the calls (api).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from governance.access.iam import Call, decide
from governance.features import STORED, SYSTEM_COLUMNS
from local.cloud import lake
from local.cloud.athena.objects import exists, split_uri
from local.cloud.sagemaker import place
from local.cloud.sagemaker.errors import invalid
from local.cloud.sagemaker.features.group import Group

MAXIMUM = 2_500
"""Feature definitions per group (CreateFeatureGroup, FeatureDefinitions)."""
_ATHENA_NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def check_definitions(given: Mapping[str, Any]) -> None:
    """Refuse definitions that no feature group can have."""
    kinds: dict[str, str] = {}
    for each in given["FeatureDefinitions"]:
        feature = each["FeatureName"]
        if feature.lower() in SYSTEM_COLUMNS:
            raise invalid(f"Validation Error: FeatureName {feature} is reserved.")
        if feature in kinds:
            raise invalid(f"Validation Error: FeatureName {feature} is duplicated.")
        if each.get("CollectionType"):
            raise NotImplementedError("feature collections")
        kinds[feature] = each.get("FeatureType", "")
    if len(kinds) > MAXIMUM:
        raise invalid(f"Validation Error: a FeatureGroup has at most {MAXIMUM} FeatureDefinitions.")
    for key in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if given[key] not in kinds:
            raise invalid(f"Validation Error: {key} {given[key]} is not part of the FeatureDefinitions.")
    if kinds[given["EventTimeFeatureName"]] not in ("String", "Fractional"):
        raise invalid("Validation Error: EventTimeFeature must be of type String or Fractional.")
    online = (given.get("OnlineStoreConfig") or {}).get("EnableOnlineStore")
    if not online and not given.get("OfflineStoreConfig"):
        raise invalid("Validation Error: An OnlineStore or an OfflineStore (or both) must be configured.")


def offline_config(given: Mapping[str, Any], where: place.Place, now: datetime) -> dict[str, Any]:
    """The offline store's configuration as it is described, once the role was found to reach the bucket."""
    config = dict(given["OfflineStoreConfig"])
    if config.get("TableFormat") == "Iceberg":
        raise NotImplementedError("offline stores in Iceberg format")
    role = given.get("RoleArn")
    if not role:
        raise invalid("Validation Error: RoleArn is required when an OfflineStore is configured.")
    name = given["FeatureGroupName"]
    where.demand_role(role, where.arn("feature-group", name.lower()))
    storage = dict(config["S3StorageConfig"])
    uri = storage["S3Uri"].rstrip("/")
    _reaches(role, uri, where)
    folder = f"{where.account}/sagemaker/{where.region}/offline-store/{name}-{int(now.timestamp())}/data"
    config["S3StorageConfig"] = {**storage, "ResolvedOutputS3Uri": f"{uri}/{folder}"}
    table = config.get("DataCatalogConfig")
    if table is None and not config.get("DisableGlueTableCreation"):
        table = {
            "Catalog": "AwsDataCatalog",
            "Database": "sagemaker_featurestore",
            "TableName": f"{name.lower().replace('-', '_')}_{int(now.timestamp())}",
        }
    if table is not None:
        if table["Catalog"] != "AwsDataCatalog":
            raise invalid("Validation Error: Catalog must be AwsDataCatalog.")
        for key in ("Database", "TableName"):
            if not _ATHENA_NAME.match(table[key]):
                raise invalid(f"Validation Error: {key} {table[key]} does not follow Athena's naming rules.")
        config["DataCatalogConfig"] = table
    return config


def _reaches(role: str, uri: str, where: place.Place) -> None:
    """The role must see the bucket's ACL and put objects: a role that cannot fails the create (`Invalid S3Uri`)."""
    bucket, prefix = split_uri(uri)
    bucket_arn = f"arn:{where.partition}:s3:::{bucket}"
    known = next((each for each in lake.snapshot(where.region).roles if each.arn == role), None)
    needed = [
        Call("s3:GetBucketAcl", bucket_arn),
        Call("s3:PutObject", f"{bucket_arn}/{prefix}/0.parquet"),
        Call("s3:PutObjectAcl", f"{bucket_arn}/{prefix}/0.parquet"),
    ]
    allowed = known is not None and all(
        decide(known.policies, call, None, known.boundary).allowed for call in needed
    )
    if not exists(bucket) or not allowed:
        raise invalid(
            f"Validation Error: Invalid S3Uri: {uri}. Verify that the bucket exists and that the role {role} has "
            "permission to write to it."
        )


def make_table(group: Group, where: place.Place) -> None:
    """Database and table over the offline store, made as the group's role: Lake Formation may refuse them."""
    config = group.described["OfflineStoreConfig"]
    table = config["DataCatalogConfig"]
    glue = where.session(group.described["RoleArn"]).client("glue")
    columns = {name: STORED[kind] for name, kind in group.kinds.items()} | SYSTEM_COLUMNS
    try:
        try:
            glue.get_database(Name=table["Database"])
        except glue.exceptions.EntityNotFoundException:
            glue.create_database(DatabaseInput={"Name": table["Database"]})
        glue.create_table(
            DatabaseName=table["Database"],
            TableInput={
                "Name": table["TableName"],
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
                "StorageDescriptor": {
                    "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
                    "Location": group.offline,
                    "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
                    "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
                    "SerdeInfo": {"SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe"},
                },
            },
        )
    except ClientError as error:
        said = error.response["Error"]
        reason = f"{said['Message']} (Service: AWSGlue; Status Code: 400; Error Code: {said['Code']})"
        group.described |= {"FeatureGroupStatus": "CreateFailed", "FailureReason": reason}
