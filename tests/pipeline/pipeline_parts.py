"""Settings of a pipeline for the tests, and a walk over its definition."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from training.config import load_config
from training.model.tuning import Range, Tuning
from training.pipeline import definition
from training.pipelines.settings import PipelineSettings

ACCOUNT = "333344445555"
BUCKET = f"mesh-coe-models-{ACCOUNT}-eu-west-1"
RESULTS = f"mesh-coe-results-{ACCOUNT}-eu-west-1"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0a1b2c3d-1111-2222-3333-444455556666"
PIPELINE_ROLE, AUDITOR_ROLE = (f"arn:aws:iam::{ACCOUNT}:role/mesh-{name}" for name in ("pipeline", "auditor"))
TUNING = Tuning(
    trials=6,
    parallel=3,
    ranges=(
        Range(name="eta", low=0.01, high=0.3, scale="logarithmic"),
        Range(name="max_depth", low=2, high=6),
    ),
)


def settings(**more: Any) -> PipelineSettings:
    """Facts of a pipeline as a consumer stack would give them."""
    values: dict[str, Any] = {
        "name": "mesh-credit-risk",
        "region": "eu-west-1",
        "role_arn": PIPELINE_ROLE,
        "auditor_role_arn": AUDITOR_ROLE,
        "key_arn": KEY,
        "results_bucket": RESULTS,
        "models_bucket": BUCKET,
        "workgroup": "mesh-coe-pipeline",
        "auditor_workgroup": "mesh-coe-auditor",
        "database": "rl_credit-card",
        "contract_version": "1.2.0",
        "model_package_group": "mesh-credit-risk",
        "source_uri": f"s3://{BUCKET}/code/0123456789abcdef/sourcedir.tar.gz",
        "code_uri": f"s3://{BUCKET}/code/0123456789abcdef/training.zip",
        "subnets": ("subnet-0a1b2c3d4e5f60718",),
        "security_groups": ("sg-0a1b2c3d4e5f60718",),
        "revision": "0123456789abcdef" * 4,
        "config": load_config(),
    }
    return PipelineSettings(**{**values, **more})


@functools.cache
def text(given: PipelineSettings) -> str:
    """The definition, made once for equal settings."""
    return definition(given)


def made(given: PipelineSettings) -> dict[str, Any]:
    """The definition, read back."""
    found: dict[str, Any] = json.loads(text(given))
    return found


def tuned(given: PipelineSettings) -> PipelineSettings:
    """The same with a search over two hyperparameters."""
    return replace(given, config=replace(given.config, tuning=TUNING))


def steps(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All steps by name, those inside a condition too."""
    return {step["Name"]: step for step in _steps(found["Steps"])}


def _steps(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in entries:
        yield step
        if step["Type"] == "Condition":
            for branch in ("IfSteps", "ElseSteps"):
                yield from _steps(step["Arguments"].get(branch, []))


def parameters(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["Name"]: entry for entry in found["Parameters"]}


def gets(value: Any) -> Iterator[str]:
    """All references in a value."""
    if isinstance(value, dict):
        if set(value) == {"Get"}:
            yield value["Get"]
        else:
            for entry in value.values():
                yield from gets(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from gets(entry)


def arguments(step: dict[str, Any]) -> dict[str, Any]:
    """A processing step's flags and their values."""
    words = step["Arguments"]["AppSpecification"]["ContainerArguments"]
    assert len(words) % 2 == 0, "flags and values"
    return dict(zip(words[::2], words[1::2], strict=True))
