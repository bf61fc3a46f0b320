"""Model packages of the stack's group: list, show, approve, reject, and compare by their metrics.

Everything comes from the registry itself (versions, status, customer metadata), so it is the same for models
that others registered. Deliberately not here: creating a package (`register`), and deploying one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.errors import MeshError
from governance.text_table import aligned
from training.evaluation.gate import NOTHING, SLOTS
from training.session import Context, aws_errors

APPROVED, REJECTED, PENDING = "Approved", "Rejected", "PendingManualApproval"
MEASURES = ("auc", "pr-auc", "ks", "brier")
_LOWER_IS_BETTER = ("brier",)
_FACTS = (
    "contract-version", "data-version", "training-rows", "features", "columns-hash", "query-id", "git-revision",
    "code-revision",
)  # fmt: skip
_SLOT = "columns-"
_LONGEST, _SHOWN = 40, 20
"""Characters of a fact in a comparison, and of a digest, which is longer."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """One version of the group."""

    version: int
    arn: str
    status: str
    created: str
    model_url: str = ""
    metrics_url: str = ""
    note: str = ""
    metadata: dict[str, str] = field(default_factory=dict)

    def measure(self, name: str) -> float | None:
        """A measure on the test rows, as the package was registered with it; None if it has none."""
        try:
            return float(self.metadata[name])
        except (KeyError, ValueError):
            return None


def packages(context: Context, *, status: str | None = None) -> list[Package]:
    """All packages of the stack's group, newest version first."""
    with aws_errors(f"packages as {context.role}"):
        client = context.session.client("sagemaker")
        return versions(client, context.outputs.modelPackageGroup, status=status)


def versions(client: Any, group: str, *, status: str | None = None) -> list[Package]:
    """All packages of a group, newest version first.

    The order is asked for and made once more here by version: creation times have seconds only.

    Parameters
    ----------
    client
        SageMaker client that may list and describe them.
    group
        Name of the group, or its ARN when it is another account's.
    status
        Only packages with this approval status.
    """
    pages = client.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group,
        SortBy="CreationTime",
        SortOrder="Descending",
        **({"ModelApprovalStatus": status} if status else {}),
    )
    arns = [entry["ModelPackageArn"] for page in pages for entry in page["ModelPackageSummaryList"]]
    found = [_package(client.describe_model_package(ModelPackageName=arn)) for arn in arns]
    return sorted(found, key=lambda package: package.version, reverse=True)


def newest_approved(context: Context) -> Package:
    """The approved package with the highest version.

    Raises
    ------
    MeshError
        None is approved.
    """
    found = packages(context, status=APPROVED)
    if not found:
        raise MeshError("has no approved package; approve one", context.outputs.modelPackageGroup)
    return found[0]


def package(context: Context, version: int) -> Package:
    """One version of the group.

    Raises
    ------
    MeshError
        There is no such version; those there are, are named.
    """
    found = {entry.version: entry for entry in packages(context)}
    if version not in found:
        known = ", ".join(str(number) for number in found) or "none"
        raise MeshError(f"has no version {version}; it has {known}", context.outputs.modelPackageGroup)
    return found[version]


def evaluation(context: Context, entry: Package) -> Any:
    """What the package was evaluated with, read from the models bucket.

    Raises
    ------
    MeshError
        AWS refused the call.
    ValueError
        What lies there is no JSON.
    """
    bucket, _, key = entry.metrics_url.removeprefix("s3://").partition("/")
    with aws_errors(f"evaluation of {context.outputs.modelPackageGroup} version {entry.version}"):
        body = context.session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return json.loads(body)


def decide(context: Context, version: int, status: str, reason: str) -> Package:
    """Approve or reject a version, with a reason that stays with it.

    Raises
    ------
    MeshError
        The reason is empty, the version is not there or has that status already, or AWS refused.
    """
    if not reason.strip():
        raise MeshError("say why; the reason stays with the package", "--reason")
    found = package(context, version)
    if found.status == status:
        raise MeshError(f"is {status} already", f"{context.outputs.modelPackageGroup} version {version}")
    with aws_errors(f"packages as {context.role}"):
        context.session.client("sagemaker").update_model_package(
            ModelPackageArn=found.arn,
            ModelApprovalStatus=status,
            ApprovalDescription=reason[:1024],
            # left out, moto empties it; the same once more changes nothing on AWS
            CustomerMetadataProperties=found.metadata,
        )
    return package(context, version)


def table(found: Sequence[Package]) -> str:
    """Packages as lines of text."""
    if not found:
        return "no model packages"
    heads = ["version", "status", "created", *MEASURES, "contract"]
    rows = [
        [str(entry.version), entry.status, entry.created, *(_shown(entry.measure(name)) for name in MEASURES),
         entry.metadata.get("contract-version", "-")]
        for entry in found
    ]  # fmt: skip
    return "\n".join(aligned([heads, *rows]))


def describe(entry: Package) -> str:
    """All that is known of one package, one fact a line."""
    facts = {
        "version": str(entry.version),
        "status": entry.status + (f" ({entry.note})" if entry.note else ""),
        "created": entry.created,
        "arn": entry.arn,
        "model": entry.model_url,
        "metrics": entry.metrics_url,
        **dict(sorted(_told(entry).items())),
    }
    return "\n".join(aligned([[name, value] for name, value in facts.items() if value]))


def compare(first: Package, second: Package) -> str:
    """Two packages side by side: measures with their difference, and the facts that differ."""
    rows = [["", f"version {first.version}", f"version {second.version}", "difference"]]
    for name in MEASURES:
        one, two = first.measure(name), second.measure(name)
        told = "-"
        if one is not None and two is not None:
            better = two < one if name in _LOWER_IS_BETTER else two > one
            told = f"{two - one:+.4f}" + ("" if one == two else " better" if better else " worse")
        rows.append([name, _shown(one), _shown(two), told])
    rows.append(["status", first.status, second.status, ""])
    for name in _FACTS:
        one_fact, two_fact = (_short(entry.metadata.get(name, "-")) for entry in (first, second))
        if {one_fact, two_fact} != {"-"}:
            rows.append([name, one_fact, two_fact, "" if one_fact == two_fact else "differs"])
    one_set, two_set = _columns(first), _columns(second)
    if one_set or two_set:
        counts = [f"{len(names)}" if names else "-" for names in (one_set, two_set)]
        changes = [f"-{name}" for name in one_set if name not in two_set] if two_set else []
        changes += [f"+{name}" for name in two_set if name not in one_set] if one_set else []
        rows.append(["columns", *counts, " ".join(changes)])
    return "\n".join(aligned(rows))


def _columns(entry: Package) -> list[str]:
    """Columns that the package names; none where it has them under a digest only."""
    texts = [entry.metadata.get(f"{_SLOT}{number}", NOTHING) for number in range(SLOTS)]
    return [name for text in texts if text != NOTHING for name in text.split()]


def _told(entry: Package) -> dict[str, str]:
    """The metadata, with the columns in one piece."""
    slots = {f"{_SLOT}{number}" for number in range(SLOTS)}
    rest = {name: value for name, value in entry.metadata.items() if name not in slots}
    return rest | ({"columns": " ".join(columns)} if (columns := _columns(entry)) else {})


def _package(answer: dict[str, Any]) -> Package:
    containers = answer.get("InferenceSpecification", {}).get("Containers") or [{}]
    statistics = answer.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {})
    return Package(
        version=int(answer["ModelPackageVersion"]),
        arn=str(answer["ModelPackageArn"]),
        status=str(answer["ModelApprovalStatus"]),
        created=f"{answer['CreationTime']:%Y-%m-%d %H:%M}",
        model_url=str(containers[0].get("ModelDataUrl", "")),
        metrics_url=str(statistics.get("S3Uri", "")),
        note=str(answer.get("ApprovalDescription") or ""),
        metadata=dict(answer.get("CustomerMetadataProperties") or {}),
    )


def _short(fact: str) -> str:
    return fact if len(fact) <= _LONGEST else fact[:_SHOWN]


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
