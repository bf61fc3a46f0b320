"""Registered models and the columns they were trained on, as far as the registry says.

Owns reading a model package group, of the own account or of another that lets this one, and asking the registries of the
consumers of a product. A package's metadata names its product, table and contract version. Columns are taken from its
metadata (`columns`, or `columns-0`, `columns-1`, ... where one value is too short), else from the lineage in the
evaluation beside the model, for whom the consumer's bucket is open; a package with neither is kept with its columns
unknown. Rejected packages count no more. Deliberately not here: whom a change breaks (`governance.compatibility.who`) and
what a registry opens to others (`serving_documents`).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from components.dynamic_session import Actor
from components.providers import deploy_actor
from governance.compatibility.who import Model
from governance.names import Place
from governance.settings import ConsumerSettings, ProducerSettings, Settings

NO_COLUMNS = "-"
"""A value that names no column, where every package of a pipeline has the same keys."""

QUICK = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
"""A change breaks with or without models, so nobody waits long for a registry that does not answer."""
SECONDS = 30.0
"""How long all registries together are asked; a call that is under way is not cut off."""
SAID = 200
"""Characters of AWS's own words that a message passes on."""
CLOSED = "its stack opens the registry to the LoBs it is subscribed to when it is brought up"


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Where a consumer registers its models."""

    consumer: str
    group: str
    """ARN of the model package group; empty where nothing here names it."""


def registries(
    producer: ProducerSettings, stacks: Mapping[str, Settings], products: Collection[str]
) -> list[Registry]:
    """Registries of the consumers that products are shared to, by consumer.

    Parameters
    ----------
    producer
        The products' stack.
    stacks
        Stacks with files here; a consumer's says what its group is called, or else the producer's.
    products
        Names of the products.
    """
    here = {each.consumer: each for each in stacks.values() if isinstance(each, ConsumerSettings)}
    shared = {
        share.consumer: share.account_id
        for item in producer.products
        if item.name in products
        for share in item.shares
    }
    found = []
    for name, account in sorted(shared.items()):
        consumer = here.get(name)
        group = consumer.model_package_group if consumer else producer.groups.get(name)
        place = consumer.place if consumer else Place(account_id=account, region=producer.place.region)
        physical = producer.names.model_package_group(group) if group else ""
        arn = place.arn("sagemaker", f"model-package-group/{physical}") if physical else ""
        found.append(Registry(consumer=name, group=arn))
    return found


def trained_on(
    producer: ProducerSettings, stacks: Mapping[str, Settings], products: Collection[str]
) -> tuple[tuple[Model, ...], tuple[str, ...]]:
    """Models that the consumers of products registered, asked as their producer's deploy role.

    Parameters are those of `registries`, and what is returned is that of `look_up`.
    """
    actor = deploy_actor(
        place=producer.place,
        role=producer.deploy_role,
        external_id=producer.external_id,
        endpoint=producer.endpoint,
    )
    return look_up(actor, registries(producer, stacks, products))


def look_up(
    actor: Actor, asked: Sequence[Registry], clock: Callable[[], float] = time.monotonic
) -> tuple[tuple[Model, ...], tuple[str, ...]]:
    """Models in other accounts' registries, with the rights that their groups' policies give.

    Parameters
    ----------
    actor
        Who asks: the deploy role of a LoB.
    asked
        Registries, each once.
    clock
        Seconds since some moment.

    Returns
    -------
    tuple of Model, tuple of str
        What was found, and a line for what could not be read; nothing is raised for it.
    """
    lines = [
        _not(
            item.consumer,
            "no stack file here names its model package group; name it under "
            f"mesh:consumers.{item.consumer}.modelPackageGroup",
        )
        for item in asked
        if not item.group
    ]
    named = [item for item in asked if item.group]
    if not named:
        return (), tuple(lines)
    until = clock() + SECONDS
    try:
        client = actor.client("sagemaker", QUICK)
    except (BotoCoreError, ClientError, ValueError) as error:
        return (), (*lines, _not(", ".join(item.consumer for item in named), _why(error)))
    found: list[Model] = []
    for item in named:
        try:
            for arn in _newest(client, item.group):
                if clock() > until:
                    lines.append(_not(item.consumer, f"{SECONDS:.0f} seconds did not suffice", "all "))
                    break
                found += _model(client, None, arn, item.consumer)
        except (BotoCoreError, ClientError, ValueError) as error:
            lines.append(_not(item.consumer, _why(error)))
    return tuple(found), tuple(lines)


def packages(sagemaker: Any, s3: Any, group: str, consumer: str) -> Iterator[Model]:
    """Models of one package group of the own account.

    Parameters
    ----------
    sagemaker, s3
        Clients that may list, describe and read the group's evaluations.
    group
        Its name or ARN.
    consumer
        Whose it is.
    """
    for arn in sorted(_newest(sagemaker, group)):
        yield from _model(sagemaker, s3, arn, consumer)


def _newest(sagemaker: Any, group: str) -> Iterator[str]:
    """ARNs of a group's packages; should time run out, the newest are known."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
    )
    return (item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"])


def _model(sagemaker: Any, s3: Any, arn: str, consumer: str) -> Iterator[Model]:
    """The package as a model, if it counts and says what it was trained on."""
    # without the card, which may be under a key that is open to its own account only
    given = {} if s3 else {"IncludedData": "MetadataOnly"}
    package = sagemaker.describe_model_package(ModelPackageName=arn, **given)
    metadata = package.get("CustomerMetadataProperties") or {}
    status = str(package.get("ModelApprovalStatus") or "")
    if status == "Rejected" or "data-product" not in metadata:
        return
    columns = named_columns(metadata)
    yield Model(
        package="/".join(arn.rsplit("/", 2)[-2:]), consumer=consumer, product=metadata["data-product"],
        table=metadata.get("table", ""), contract_version=metadata.get("contract-version", ""),
        columns=_evaluated(s3, package) if columns is None and s3 else columns, status=status,
    )  # fmt: skip


def named_columns(metadata: Mapping[str, str]) -> frozenset[str] | None:
    """Columns that a package's metadata names; None where it names none."""
    keys = [key for key in metadata if key == "columns" or key.removeprefix("columns-").isdigit()]
    names = {name for key in keys for name in re.split(r"[,\s]+", metadata[key])} - {"", NO_COLUMNS}
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


def _not(consumers: str, why: str, how_many: str = "") -> str:
    return f"{how_many}models of {consumers} could not be looked up: {why}"


def _why(error: Exception) -> str:
    """The reason in one clause."""
    if not isinstance(error, ClientError):
        return " ".join(str(error).split())[:SAID]
    problem = error.response["Error"]
    said = " ".join(f"{problem.get('Code')}: {problem.get('Message')}".split())[:SAID]
    return f"{said} ({CLOSED})" if str(problem.get("Code")).startswith("AccessDenied") else said
