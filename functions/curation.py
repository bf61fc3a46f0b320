"""Curation: raw batches become curated Parquet, rows that break the contract go to quarantine.

A Glue Python shell job. One raw object is one batch, published whole or refused whole. Data is written first,
then the batch's report, which marks it as done, then the catalog's figures; all names follow from the raw
object's key and ETag, so a run that died is simply run again. Deliberately not here: what the rules are; they
come compiled from the contract (`Contract.to_job_spec`).
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import math
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from functions.curation_checks import Refused
from functions.curation_files import Outcome, curate_file
from functions.curation_read import one_line

TABLE_INPUT = (
    "Name", "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention", "StorageDescriptor",
    "PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType", "Parameters", "TargetTable",
)  # fmt: skip
"""What UpdateTable takes of what GetTable gives."""

CATALOG_TRIES = 6
AREAS = ("raw", "curated", "quarantine", "reports")


@dataclass(frozen=True)
class Place:
    """A bucket and a prefix in it that ends with `/`."""

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, uri: str) -> Place:
        match = re.match(r"^s3a?://([^/]+)/?(.*)$", uri)
        if not match:
            raise Refused(f"'{uri}' is no S3 address; write s3://bucket/prefix/")
        prefix = match.group(2).strip("/")
        return cls(match.group(1), f"{prefix}/" if prefix else "")


@dataclass(frozen=True)
class Job:
    """One table's curation: its part of the specification, and where its objects are."""

    table: dict[str, Any]
    contract: dict[str, str]
    raw: Place
    curated: Place
    quarantine: Place
    reports: Place
    s3: Any

    @property
    def name(self) -> str:
        return str(self.table["name"])

    def batches(self, only: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Name and raw object of each batch that is not done, or of the one object asked for, done or not."""
        done = {key.rsplit("/", 1)[-1] for key in (entry["Key"] for entry in self._list(self.reports))}
        found = False
        for entry in self._list(self.raw):
            key = entry["Key"]
            if key.rsplit("/", 1)[-1][:1] in ("", "_", ".") or (only and key != only):
                continue
            found = True
            batch = batch_name(key[len(self.raw.prefix) :], entry["ETag"])
            if only or f"{batch}.json" not in done:
                yield batch, entry
        if only and not found:
            raise Refused(f"no raw object s3://{self.raw.bucket}/{only} under {self.raw.prefix}")

    def curate(self, batch: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Curate one batch; its report. Raises Refused after having reported why."""
        report = {
            "batch": batch,
            "table": self.name,
            "contract": self.contract,
            "raw": {"key": entry["Key"], "etag": entry["ETag"].strip('"'), "bytes": entry["Size"]},
            "at": dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds"),  # noqa: UP017 (Python 3.9)
        }
        with tempfile.TemporaryDirectory(prefix="curation-") as name:
            folder = Path(name)
            delivered = folder / f"delivered-{Path(entry['Key']).name}"
            self.s3.download_file(self.raw.bucket, entry["Key"], str(delivered))
            notes = {"contract_version": self.contract["version"], "raw_key": entry["Key"]}
            try:
                outcome = curate_file(self.table, delivered, folder, notes)
            except Refused as refusal:
                self._put_report(
                    f"{batch}.refused.json", {**report, "status": "refused", "why": str(refusal)}
                )
                raise Refused(f"s3://{self.raw.bucket}/{entry['Key']} {refusal}") from None
            published = self._publish(batch, outcome)
        report.update(status="published", **published)
        self._put_report(f"{batch}.json", report)
        self.s3.delete_object(Bucket=self.reports.bucket, Key=f"{self.reports.prefix}{batch}.refused.json")
        return report

    def _publish(self, batch: str, outcome: Outcome) -> dict[str, Any]:
        """Put a batch's files in their places, and take away what an earlier attempt left there."""
        keys: dict[str, str | None] = {}
        for what, place, path in (
            ("quarantine", self.quarantine, outcome.bad),
            ("curated", self.curated, outcome.good),
        ):
            key = f"{place.prefix}{batch}.parquet"
            keys[what] = key if path else None
            if path:
                self.s3.upload_file(str(path), place.bucket, key)
            else:
                self.s3.delete_object(Bucket=place.bucket, Key=key)
        return {
            **keys,
            "rows": {"read": outcome.read, "curated": outcome.curated, "quarantined": outcome.quarantined},
            "rules": outcome.rules,
            "warnings": outcome.warnings,
            "filled": outcome.filled,
        }

    def figures(self) -> dict[str, str]:
        """Catalog parameters over all published batches of this table; empty if there are none yet."""
        reports = []
        for entry in self._list(self.reports):
            if not entry["Key"].endswith(".refused.json"):
                body = self.s3.get_object(Bucket=self.reports.bucket, Key=entry["Key"])["Body"]
                reports.append(json.loads(body.read()))
        if not reports:
            return {}
        rows = {kind: sum(r["rows"][kind] for r in reports) for kind in ("read", "curated", "quarantined")}
        filled = sum(sum(report["filled"].values()) for report in reports)
        last = max(reports, key=lambda report: (report["at"], report["batch"]))
        return {
            "quality_completeness": share(filled, rows["curated"] * len(self.table["columns"])),
            "quality_validity": share(rows["curated"], rows["read"]),
            "quality_rows": str(rows["curated"]),
            "quality_quarantined": str(rows["quarantined"]),
            "quality_batch": last["batch"],
            "quality_updated": last["at"],
        }

    def _list(self, place: Place) -> Iterator[dict[str, Any]]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.prefix)
        for page in pages:
            yield from page.get("Contents", [])

    def _put_report(self, name: str, report: dict[str, Any]) -> None:
        self.s3.put_object(
            Bucket=self.reports.bucket,
            Key=f"{self.reports.prefix}{name}",
            Body=json.dumps(report, indent=1).encode(),
            ContentType="application/json",
        )


def batch_name(key: str, etag: str) -> str:
    """Name of a batch: readable from the raw key, and another one whenever the object's content is."""
    digest = hashlib.sha256(f"{key}\n{etag}".encode()).hexdigest()[:12]
    readable = re.sub(r"[^A-Za-z0-9]+", "-", re.sub(r"(\.\w{1,7}){1,2}$", "", key)).strip("-").lower()
    return f"{readable[:60].strip('-') or 'batch'}-{digest}"


def share(part: int, whole: int) -> str:
    """A share as text, rounded down, so that 1.0 means all."""
    return str(math.floor(1e6 * part / whole) / 1e6) if whole else "1.0"


def write_figures(glue: Any, where: dict[str, str], table: str, figures: dict[str, str]) -> None:
    """Put figures into a table's parameters and leave all else of the table as it is."""
    for attempt in range(CATALOG_TRIES):
        found = glue.get_table(**where, Name=table)["Table"]
        parameters = found.get("Parameters", {})
        if {**parameters, **figures} == parameters:
            return
        update = {key: found[key] for key in TABLE_INPUT if key in found}
        update["Parameters"] = {**parameters, **figures}
        try:
            glue.update_table(**where, TableInput=update, SkipArchive=True)
            return
        except glue.exceptions.ConcurrentModificationException:
            if attempt == CATALOG_TRIES - 1:
                raise
            time.sleep(0.2 * 2**attempt)


def jobs(options: argparse.Namespace, s3: Any) -> list[Job]:
    """A job for each table asked for."""
    place = Place.parse(options.spec)
    body = s3.get_object(Bucket=place.bucket, Key=place.prefix.rstrip("/"))["Body"]
    spec = json.loads(body.read())
    names = [options.table] if options.table else list(spec["tables"])
    if unknown := [name for name in names if name not in spec["tables"]]:
        raise Refused(f"no table '{unknown[0]}' in {options.spec}; it has {', '.join(spec['tables'])}")
    addresses = [getattr(options, area) for area in AREAS]
    if any(addresses) and not options.table:
        raise Refused("--raw, --curated, --quarantine and --reports are for one table; name it with --table")
    if not options.bucket and not all(addresses[:3]):
        raise Refused("say where the data is: --bucket, or --raw, --curated and --quarantine")
    found = []
    for name in names:
        areas: dict[str, Place] = {}
        for area, given in zip(AREAS, addresses):  # noqa: B905 (Python 3.9)
            if area == "reports" and not given and not options.bucket:  # beside curated, not in it
                curated = areas["curated"]
                parent = re.sub(r"[^/]+/[^/]+/$", "", curated.prefix)
                given = f"s3://{curated.bucket}/{parent}reports/{name}/"
            areas[area] = Place.parse(given or f"s3://{options.bucket}/{area}/{name}/")
        found.append(Job(table=spec["tables"][name], contract=spec["contract"], s3=s3, **areas))
    return found


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The job's arguments; what else Glue passes is let be."""
    parser = argparse.ArgumentParser(prog="curation", description=__doc__, allow_abbrev=False)
    parser.add_argument("--spec", required=True, help="compiled contract, s3://bucket/key")
    parser.add_argument("--database", required=True, help="database or resource link the tables are in")
    parser.add_argument("--catalog-id", help="account of that database if it is no link; default: one's own")
    parser.add_argument(
        "--bucket", help="bucket with raw/TABLE/, curated/TABLE/, quarantine/TABLE/, reports/TABLE/"
    )
    parser.add_argument("--table", help="only this table")
    parser.add_argument("--batch", help="only this raw object (its key), even if it was curated before")
    for area in AREAS:
        parser.add_argument(f"--{area}", help=f"s3://bucket/prefix/ of {area}, with --table")
    return parser.parse_known_args(list(argv))[0]


def run(options: argparse.Namespace, s3: Any, glue: Any) -> tuple[dict[str, Any], list[str]]:
    """Curate all batches that are not done; the summary, and a line for each refusal."""
    summary: dict[str, Any] = {
        "rows": {"read": 0, "curated": 0, "quarantined": 0},
        "rules": {},
        "batches": [],
    }
    refusals: list[str] = []
    chosen = jobs(options, s3)
    if options.batch and len(chosen) > 1:
        chosen = [job for job in chosen if options.batch.startswith(job.raw.prefix)]
    for job in chosen:
        try:
            for batch, entry in job.batches(options.batch):
                try:
                    report = job.curate(batch, entry)
                except Refused as refusal:
                    refusals.append(f"{job.name}: {refusal}")
                    continue
                summary["batches"].append({"table": job.name, "batch": batch, **report["rows"]})
                for kind, number in report["rows"].items():
                    summary["rows"][kind] += number
                for rule, number in report["rules"].items():
                    summary["rules"][rule] = summary["rules"].get(rule, 0) + number
        except Refused as refusal:
            refusals.append(f"{job.name}: {refusal}")
        if figures := job.figures():
            where = {"DatabaseName": options.database}
            where.update({"CatalogId": options.catalog_id} if options.catalog_id else {})
            try:
                write_figures(glue, where, job.name, figures)
            except ClientError as error:
                refusals.append(
                    f"{job.name}: curated, but without figures in the catalog ({one_line(error)})"
                )
    return {**summary, "refused": len(refusals)}, refusals


def main(argv: Sequence[str]) -> int:
    """Run the job: a JSON summary on standard output, a line per refusal on standard error."""
    try:
        summary, refusals = run(parse(argv), boto3.client("s3"), boto3.client("glue"))
    except Refused as refusal:
        summary, refusals = {}, [str(refusal)]
    except (ClientError, BotoCoreError) as error:
        summary, refusals = {}, [f"AWS refuses: {one_line(error)}"]
    if summary:
        print(json.dumps(summary))
    for line in refusals:
        print(f"curation: {line}", file=sys.stderr)
    return 1 if refusals else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
