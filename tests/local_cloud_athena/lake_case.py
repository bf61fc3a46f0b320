"""A lake in three accounts: producer's bucket, central catalog with LF-tags, consumer with a resource
link."""

from __future__ import annotations

import datetime
import io
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

CENTRAL, PRODUCER, CONSUMER = "111122223333", "222233334444", "333344445555"
REGION = "eu-west-1"
BUCKET, RESULTS = "case-credit-card", "case-results"
LEVELS = ["public", "internal", "confidential", "restricted"]
COLUMNS = {
    "id": "int",
    "amount": "double",
    "purpose": "string",
    "good": "boolean",
    "day": "date",
    "seen": "timestamp",
    "rate": "decimal(10,2)",
    "sex": "string",
}
ROWS = 100


def table() -> pa.Table:
    """The rows of the product, with nulls, quotes and commas."""
    day, seen = datetime.date(2020, 1, 31), datetime.datetime(2020, 1, 31, 1, 2, 3, 4000)
    count = range(ROWS)
    return pa.table(
        {
            "id": pa.array(count, pa.int32()),
            "amount": pa.array([number * 1.5 if number % 7 else None for number in count], pa.float64()),
            "purpose": ["car" if number % 2 else 'a "b", c' for number in count],
            "good": [number % 3 == 0 if number % 5 else None for number in count],
            "day": pa.array([day] * ROWS),
            "seen": pa.array([seen] * ROWS, pa.timestamp("us")),
            "rate": pa.array([Decimal("1.20")] * ROWS, pa.decimal128(10, 2)),
            "sex": ["male" if number % 4 else "female" for number in count],
        }
    )


def parquet(rows: pa.Table) -> bytes:
    """Rows as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(rows, sink)
    return sink.getvalue()


def parquet_table(
    name: str, location: str, columns: dict[str, str], keys: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A TableInput of Glue."""
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Location": location,
            "Columns": [{"Name": key, "Type": kind} for key, kind in columns.items()],
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
            },
        },
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
    }


@dataclass(frozen=True)
class Lake:
    """The lake at an endpoint."""

    endpoint: str

    def session(self, account: str, role: str = "MeshDeploy") -> boto3.Session:
        """Session of an assumed role, whose clients call the cloud."""
        sts = boto3.client(
            "sts",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        arn = f"arn:aws:iam::{account}:role/{role}"
        keys = sts.assume_role(RoleArn=arn, RoleSessionName="case")["Credentials"]
        return boto3.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION
        )

    def client(self, service: str, account: str = CONSUMER, role: str = "MeshDeploy") -> Any:
        """Client of a role."""
        return self.session(account, role).client(service, endpoint_url=self.endpoint)

    @cached_property
    def athena(self) -> dict[str, Any]:
        """Athena clients of the consumer's roles."""
        return {
            name: self.client("athena", role=name)
            for name in ("scientist", "auditor", "nobody", "MeshDeploy")
        }

    def query(self, sql: str, role: str = "scientist", database: str = "rl_credit-card", **more: Any) -> Any:
        """The QueryExecution of a statement when it has ended."""
        athena = self.athena[role]
        more.setdefault("ResultConfiguration", {"OutputLocation": f"s3://{RESULTS}/out/"})
        started = athena.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": database}, **more
        )
        return athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]

    def rows(
        self, sql: str, role: str = "scientist", database: str = "rl_credit-card"
    ) -> list[list[str | None]]:
        """The rows of a query with the header."""
        execution = self.query(sql, role, database)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"].get("StateChangeReason")
        found = self.athena[role].get_query_results(QueryExecutionId=execution["QueryExecutionId"])
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in found["ResultSet"]["Rows"]]

    def reason(self, sql: str, role: str = "scientist", database: str = "rl_credit-card") -> str:
        """Why a statement fails."""
        execution = self.query(sql, role, database)
        assert execution["Status"]["State"] == "FAILED", f"{sql} did not fail"
        return str(execution["Status"]["StateChangeReason"])

    def grant(
        self, account: str, principal: str, resource: Any, permissions: list[str], on: bool = False
    ) -> None:
        """Grant in an account, with grant option if `on`."""
        self.client("lakeformation", account).grant_permissions(
            Principal={"DataLakePrincipalIdentifier": principal},
            Resource=resource,
            Permissions=permissions,
            PermissionsWithGrantOption=permissions if on else [],
        )

    def put(self, bucket: str, key: str, body: bytes, account: str = PRODUCER) -> None:
        """Write one object."""
        self.client("s3", account).put_object(Bucket=bucket, Key=key, Body=body)

    def deploy(self) -> None:
        """Make the lake."""
        for account in (CENTRAL, PRODUCER, CONSUMER):
            lake = self.client("lakeformation", account)
            lake.put_data_lake_settings(
                DataLakeSettings={
                    "DataLakeAdmins": [{"DataLakePrincipalIdentifier": role(account, "MeshDeploy")}],
                    "Parameters": {"CROSS_ACCOUNT_VERSION": "4"},
                    "CreateDatabaseDefaultPermissions": [],
                    "CreateTableDefaultPermissions": [],
                }
            )
        for account, bucket in ((PRODUCER, BUCKET), (CONSUMER, RESULTS)):
            where = {"LocationConstraint": REGION}
            self.client("s3", account).create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        self.put(BUCKET, "curated/credit_card/one.parquet", parquet(table()))
        self._central()
        self._consumer()

    def _central(self) -> None:
        glue, lake = self.client("glue", CENTRAL), self.client("lakeformation", CENTRAL)
        glue.create_database(DatabaseInput={"Name": "credit-card"})
        location = f"s3://{BUCKET}/curated/credit_card/"
        glue.create_table(
            DatabaseName="credit-card", TableInput=parquet_table("credit_card", location, COLUMNS)
        )
        lake.register_resource(
            ResourceArn=f"arn:aws:s3:::{BUCKET}/curated", RoleArn=role(CENTRAL, "mesh-registration")
        )
        lake.create_lf_tag(TagKey="sensitivity", TagValues=LEVELS)
        tag = {"TagKey": "sensitivity", "TagValues": ["restricted"]}
        lake.add_lf_tags_to_resource(Resource={"Database": {"Name": "credit-card"}}, LFTags=[tag])
        plain = [name for name in COLUMNS if name != "sex"]
        where = {"DatabaseName": "credit-card", "Name": "credit_card", "ColumnNames": plain}
        lake.add_lf_tags_to_resource(
            Resource={"TableWithColumns": where}, LFTags=[{**tag, "TagValues": ["internal"]}]
        )
        self.grant(CENTRAL, CONSUMER, policy("DATABASE", ["restricted"]), ["DESCRIBE"], on=True)
        for levels in (LEVELS[:3], LEVELS):
            self.grant(CENTRAL, CONSUMER, policy("TABLE", levels), ["SELECT", "DESCRIBE"], on=True)

    def _consumer(self) -> None:
        glue = self.client("glue")
        target = {"CatalogId": CENTRAL, "DatabaseName": "credit-card"}
        glue.create_database(DatabaseInput={"Name": "rl_credit-card", "TargetDatabase": target})
        glue.create_database(DatabaseInput={"Name": "own"})
        for name, levels in (("scientist", LEVELS[:3]), ("auditor", LEVELS)):
            self.grant(CONSUMER, role(CONSUMER, name), policy("TABLE", levels), ["SELECT", "DESCRIBE"])
            link = {"Database": {"Name": "rl_credit-card"}}
            self.grant(CONSUMER, role(CONSUMER, name), link, ["DESCRIBE"])
        own = {"Database": {"Name": "own"}}
        self.grant(CONSUMER, role(CONSUMER, "scientist"), own, ["DESCRIBE", "CREATE_TABLE"])


def role(account: str, name: str) -> str:
    """ARN of a role."""
    return f"arn:aws:iam::{account}:role/{name}"


def policy(kind: str, levels: list[str]) -> dict[str, Any]:
    """An LF-tag policy of the central catalog."""
    expression = [{"TagKey": "sensitivity", "TagValues": levels}]
    return {"LFTagPolicy": {"CatalogId": CENTRAL, "ResourceType": kind, "Expression": expression}}
