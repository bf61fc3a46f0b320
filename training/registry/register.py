"""The register phase: a model package, pending approval, that says what the model was learned from.

Packs the model folder with the code that serves it, uploads it with its evaluation, drift baselines and model card to the
consumer's models bucket under the stack's key, and creates a version in the model package group. Deliberately not
here: approval (`packages`), promotion and deployment.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training import CARD_FILE, EVALUATION_FILE, FEATURES_FILE, METRICS_FILE, MODEL_FILE, bundle
from training.evaluation.baselines import CONSTRAINTS_FILE, STATISTICS_FILE
from training.evaluation.gate import NOTHING, in_slots
from training.features import FeatureSchema, load_features
from training.model import load_model, sha256, training_metrics
from training.payload import TYPES
from training.registry import model_card
from training.session import Context, aws_errors

CONTAINER_VERSION = "3.0-5"
"""Version of SageMaker's XGBoost container that serves the model."""

ARCHIVE = "model.tar.gz"
PACKAGE_FILE = "package.json"

CODE = "code"
"""Folder of the artefact with the code that serves it."""

_NO_VALUE = re.compile(r"[^\w\s.:/=+@-]")
"""What a value of customer metadata may not hold (SageMaker API, CustomerMetadataProperties); a comma, for one."""


@dataclass(frozen=True, kw_only=True)
class Registered:
    """Result of the phase."""

    package_arn: str
    model_url: str
    metrics_url: str
    card_url: str
    image: str
    metadata: dict[str, str]
    seconds: float


def run(context: Context, *, image: str | None = None) -> Registered:
    """Register the work folder's model and write ``register/package.json``.

    Parameters
    ----------
    context
        Work folder with model and evaluation, outputs, and the role that registers.
    image
        URI of the serving container; by default SageMaker's XGBoost container of the outputs' region.

    Raises
    ------
    MeshError
        Model or evaluation are missing, corrupt or of different runs, or AWS refused a call; then there is no
        new model package.
    """
    start = time.perf_counter()
    work, config = context.work, context.config
    schema = load_features(work / "model" / FEATURES_FILE)
    load_model(work / "model")
    evaluation = work / "evaluation" / EVALUATION_FILE
    report = _report(evaluation)
    if report["lineage"]["columns_hash"] != schema.columns_hash or report["lineage"]["query_ids"] != list(
        schema.query_ids
    ):
        raise MeshError(
            "belongs to another model than the one here; run the evaluate phase again", str(evaluation)
        )
    outputs = context.outputs
    image = image or container_image(outputs.region)
    archive = pack(work / "model", context.folder("register") / ARCHIVE)
    metadata = metadata_of(schema, report)
    # Under the role's own prefix: roles of other clearances do not read one another's models and data.
    run_name = f"{context.role}/{config.name}/{sha256(archive)[:16]}"
    where = f"register as {context.role}"
    with aws_errors(where):
        s3, sagemaker = context.session.client("s3"), context.session.client("sagemaker")
        model_url = _upload(s3, outputs.modelsBucket, f"{run_name}/{ARCHIVE}", archive, outputs.keyArn)
        metrics_url = _upload(
            s3, outputs.modelsBucket, f"{run_name}/{EVALUATION_FILE}", evaluation, outputs.keyArn
        )
        quality = {"ModelQuality": {"Statistics": _source(metrics_url)}}
        baselines = {
            what: _source(
                _upload(
                    s3, outputs.modelsBucket, f"{run_name}/{name}", evaluation.with_name(name), outputs.keyArn
                )
            )
            for what, name in (("Statistics", STATISTICS_FILE), ("Constraints", CONSTRAINTS_FILE))
            if evaluation.with_name(name).is_file()
        }
        drift = {"ModelDataQuality": baselines} if baselines else {}
        card = _card(context, schema, report, model_url, image)
        card_url = _upload(s3, outputs.modelsBucket, f"{run_name}/{CARD_FILE}", card, outputs.keyArn)
        arn = sagemaker.create_model_package(
            ModelPackageGroupName=outputs.modelPackageGroup,
            ModelPackageDescription=f"{config.name} on {config.product} {schema.contract_version}",
            InferenceSpecification={
                "Containers": [
                    {
                        "Image": image,
                        "ModelDataUrl": model_url,
                        "Framework": "XGBOOST",
                        "Environment": serving_environment(outputs.region),
                    }
                ],
                "SupportedContentTypes": list(TYPES),
                "SupportedResponseMIMETypes": list(TYPES),
            },
            ModelMetrics={**quality, **drift},
            **({"DriftCheckBaselines": drift} if drift else {}),
            ModelApprovalStatus="PendingManualApproval",
            CustomerMetadataProperties=metadata,
            ModelCard={
                "ModelCardContent": card.read_text(encoding="utf-8"),
                "ModelCardStatus": "PendingReview",
            },
        )["ModelPackageArn"]
    registered = Registered(
        package_arn=str(arn),
        model_url=model_url,
        metrics_url=metrics_url,
        card_url=card_url,
        image=image,
        metadata=metadata,
        seconds=time.perf_counter() - start,
    )
    content = {
        "package_arn": arn,
        "model_url": model_url,
        "metrics_url": metrics_url,
        "card_url": card_url,
        "metadata": metadata,
    }
    (work / "register" / PACKAGE_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    context.say(f"model package {arn}, pending manual approval")
    return registered


def _card(
    context: Context, schema: FeatureSchema, report: dict[str, Any], model_url: str, image: str
) -> Path:
    """Write the model card into the register folder."""
    work = context.work
    content = model_card.content(
        context.config, schema, training_metrics(work / "model"), report,
        artifact=model_url, image=image, creator=context.outputs.role(context.role), revision=git_revision(),
    )  # fmt: skip
    text = json.dumps(content)
    if len(text) > model_card.LIMIT:
        raise MeshError(
            f"is {len(text):,} characters long, SageMaker takes {model_card.LIMIT:,}; use fewer features",
            CARD_FILE,
        )
    path = context.folder("register") / CARD_FILE
    path.write_text(text, encoding="utf-8")
    return path


def container_image(region: str, version: str = CONTAINER_VERSION) -> str:
    """URI of SageMaker's XGBoost container in a region, from the SDK's tables (no call to AWS).

    Raises
    ------
    MeshError
        The SDK knows no such container for the region.
    """
    from sagemaker.core import image_uris

    try:
        return str(image_uris.retrieve("xgboost", region, version=version))
    except (ValueError, KeyError) as error:
        raise MeshError(
            f"there is no XGBoost container {version} for this region", f"region {region}"
        ) from error


def serving_environment(region: str) -> dict[str, str]:
    """Environment in which SageMaker's container serves the artefact with the code inside it (script mode)."""
    return {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": f"/opt/ml/model/{CODE}",
        "SAGEMAKER_REGION": region,
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
    }


def pack(model_folder: Path, archive: Path) -> Path:
    """Pack model, feature schema, training metrics and serving code; equal files give an equal archive, byte for byte.

    A model folder without code, of a training before there was any, gets that of this package.
    """
    import gzip

    buffer = io.BytesIO()
    needed = [model_folder / name for name in (MODEL_FILE, FEATURES_FILE, METRICS_FILE)]
    for path in needed:
        if not path.is_file():
            raise MeshError("no such file; run the train phase first", str(path))
    if not (model_folder / CODE / "inference.py").is_file():
        bundle.write_code(model_folder / CODE)
    code = sorted(
        path
        for path in (model_folder / CODE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in [*needed, *code]:
            name, content = path.relative_to(model_folder).as_posix(), path.read_bytes()
            # a fresh entry has no time, owner or path of this machine
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(gzip.compress(buffer.getvalue(), mtime=0))
    return archive


def metadata_of(schema: FeatureSchema, report: dict[str, Any]) -> dict[str, str]:
    """Customer metadata of the package: from the metric back to the contract, the query and the columns."""
    values = {
        "contract-version": schema.contract_version,
        "data-product": schema.product,
        "table": schema.table,
        "query-id": " ".join(schema.query_ids),
        "training-rows": str(schema.rows["train"]["rows"]),
        "features": str(len(schema.features)),
        "columns-hash": schema.columns_hash,
        "split-seed": str(schema.seed),
        "git-revision": git_revision(),
    }
    for name in ("auc", "pr_auc", "ks", "brier"):
        values[name.replace("_", "-")] = f"{report['metrics'][name]['value']:.6f}"
    made_of = dict.fromkeys([*schema.key, schema.target, *schema.names])
    slots = (text for text in in_slots(list(made_of)) if text != NOTHING)
    values |= {f"columns-{slot}": text for slot, text in enumerate(slots)}
    # SageMaker takes at most 256 characters a value, and no empty one
    return {name: _NO_VALUE.sub("_", value)[:256] for name, value in values.items() if value}


def git_revision() -> str:
    """Commit of the code that trained, with a mark when files differ from it; empty outside a repository."""
    folder = Path(__file__).parent
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=folder, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()


def _report(path: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not report["metrics"] or not report["lineage"]:
            raise KeyError("metrics, lineage")
    except OSError as error:
        raise MeshError("no such evaluation; run the evaluate phase first", str(path)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise MeshError(f"is no evaluation ({error}); run the evaluate phase again", str(path)) from error
    return report


def _source(url: str) -> dict[str, str]:
    """A file of the evaluation, as the registry names it."""
    return {"ContentType": "application/json", "S3Uri": url}


def _upload(s3: Any, bucket: str, key: str, path: Path, kms_key: str) -> str:
    s3.put_object(
        Bucket=bucket, Key=key, Body=path.read_bytes(), ServerSideEncryption="aws:kms", SSEKMSKeyId=kms_key
    )
    return f"s3://{bucket}/{key}"
