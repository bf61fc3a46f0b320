"""The pipeline: one definition that the consumer stack deploys and that SageMaker, or the embedded cloud, runs.

Owns the whole, from settings to canonical JSON. Equal settings give equal bytes, on any machine at any time, so that a
deployment changes a pipeline only when the pipeline changed. Deliberately not here: starting runs (`pipelines.runs`).
"""

from __future__ import annotations

import json
from typing import Any

from governance.errors import MeshError
from training.pipelines.sdk import quiet
from training.pipelines.settings import PipelineSettings, check

VERSION = "2020-12-01"
"""Version of the definition's schema."""
LONGEST = 1_048_576
"""Characters that SageMaker takes of a definition."""


def definition(settings: PipelineSettings) -> str:
    """The pipeline definition as canonical JSON: sorted keys, no white space, ASCII.

    Makes no call to AWS and needs no credentials.

    Raises
    ------
    MeshError
        The settings make no definition SageMaker would take: it is too long, or has no container for the region.
    """
    check(settings)
    with quiet(settings.region):
        from sagemaker.mlops.workflow.pipeline import Pipeline

        from training.pipelines.register import Gate
        from training.pipelines.steps import Jobs

        jobs = Jobs(settings)
        pipeline = Pipeline(
            name=settings.name,
            parameters=list(jobs.parameters.values()),
            pipeline_experiment_config=None,  # its names would have to be unique; lineage is in the package
            steps=[jobs.preprocess, jobs.train, jobs.evaluate, Gate(jobs).check()],
            sagemaker_session=jobs.session,
        )
        made = canonical(json.loads(pipeline.definition()))
    if len(made) > LONGEST:
        raise MeshError(
            f"has {len(made):,} characters, SageMaker takes {LONGEST:,}", f"pipeline {settings.name}"
        )
    return made


def canonical(value: Any) -> str:
    """JSON that a JSON library of another language writes the same way: no nulls, whole numbers without a fraction."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
