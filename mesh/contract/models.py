"""Models registered in the consumers' accounts and the columns they were trained on, as far as the registry says.

A package's metadata names its product, table and contract version. Columns are taken from its metadata (`columns`, or
`columns-0`, `columns-1`, ... where one value is too short), else from the lineage in the evaluation beside the model;
a package with neither is kept with its columns unknown. Rejected packages count no more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from governance.compatibility.who import Model
from governance.settings import ConsumerSettings
from local import engine
from mesh.aws import Acting
from mesh.project import Project

_NO_COLUMNS = "-"
"""A value that names no column, where every package of a pipeline has the same keys."""


def registered(project: Project, endpoint: str, store: engine.StateStore) -> tuple[Model, ...]:
    """Models of all consumers that are up in the cloud at `endpoint`."""
    found: list[Model] = []
    for stack, settings in project.stacks.items():
        state = engine.stack_state(store, stack) if isinstance(settings, ConsumerSettings) else None
        group = (state.exports if state else {}).get("modelPackageGroup")
        if group and isinstance(settings, ConsumerSettings):
            acting = Acting(endpoint, settings.place.role_arn(settings.deploy_role), settings.place.region)
            found += packages(acting.client("sagemaker"), acting.client("s3"), str(group), settings.consumer)
    return tuple(found)


def packages(sagemaker: Any, s3: Any, group: str, consumer: str) -> Iterator[Model]:
    """Models of one package group, with clients that may list, describe and read its evaluations."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    arns = [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]
    for arn in sorted(arns):
        package = sagemaker.describe_model_package(ModelPackageName=arn)
        metadata = package.get("CustomerMetadataProperties") or {}
        if package.get("ModelApprovalStatus") == "Rejected" or "data-product" not in metadata:
            continue
        columns = _named(metadata)
        yield Model(
            package="/".join(arn.rsplit("/", 2)[-2:]), consumer=consumer, product=metadata["data-product"],
            table=metadata.get("table", ""), contract_version=metadata.get("contract-version", ""),
            columns=_evaluated(s3, package) if columns is None else columns,
        )  # fmt: skip


def _named(metadata: Mapping[str, str]) -> frozenset[str] | None:
    """Columns that the metadata names."""
    keys = [key for key in metadata if key == "columns" or key.removeprefix("columns-").isdigit()]
    names = {name for key in keys for name in re.split(r"[,\s]+", metadata[key])} - {"", _NO_COLUMNS}
    return frozenset(names) or None


def _evaluated(s3: Any, package: Mapping[str, Any]) -> frozenset[str] | None:
    """Columns in the lineage of the package's evaluation; None where it cannot be read."""
    quality = (package.get("ModelMetrics") or {}).get("ModelQuality") or {}
    address = str((quality.get("Statistics") or {}).get("S3Uri") or "")
    bucket, _, key = address.removeprefix("s3://").partition("/")
    try:
        lineage = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["lineage"]
        return frozenset(str(name) for name in lineage["columns"]) or None
    except (BotoCoreError, ClientError, ValueError, KeyError, TypeError):
        return None
