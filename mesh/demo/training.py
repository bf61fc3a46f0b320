"""The demo's second half: a data scientist explores, and SageMaker's pipeline trains, measures and registers a model.

Every figure is what the evaluation of the registered package says; a run that registers nothing ends the demo with the
step that failed and its reason. Deliberately not here: starting and following runs, which is the training's.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from governance.errors import MeshError
from mesh.aws import environment
from mesh.demo.story import Story

if TYPE_CHECKING:
    from pathlib import Path

    from training.session import Context

_LOOK = 0.25
"""Seconds between two looks at the pipeline's run."""
_MEASURES = ("auc", "pr_auc", "ks")


def train(story: Story, product: str, consumer: dict[str, Any], folder: Path) -> None:
    """Explore as the data scientist's role, run the deployed pipeline, and put the model's figures into the report."""
    from training import explore
    from training.pipelines import runs as pipeline_runs
    from training.pipelines import status as pipeline_status
    from training.registry import packages
    from training.session import Context

    os.environ.update(environment(story.endpoint, consumer["region"]))
    context = Context(outputs_from=consumer, work=folder / "training", say=lambda _: None)
    with story.phase("explore"):
        explored = explore.run(context)
        hidden = sorted(explored.hidden or {})
        story.said = f"{len(explored.columns)} columns seen, {len(hidden)} not: {', '.join(hidden)}"
    with story.phase("pipeline"):
        found = _followed(context, pipeline_runs.start(context))
        took = ", ".join(f"{step.name} {step.seconds or 0:.1f}" for step in found.steps)
        story.said = f"{found.status}: {took}"
    if found.status != pipeline_status.SUCCEEDED:
        raise MeshError(pipeline_status.why(found), f"pipeline {found.arn.rsplit('/', 1)[-1]}")
    package = packages.packages(context)[0]
    measured = packages.evaluation(context, package)
    story.report["model"] = {
        **{name: measured["metrics"][name]["value"] for name in _MEASURES},
        **{
            f"{name}_ci": [measured["metrics"][name]["low"], measured["metrics"][name]["high"]]
            for name in _MEASURES
        },
        "product": product,
        "package_arn": package.arn,
        "contract_version": measured["lineage"]["contract_version"],
        "features": measured["lineage"]["columns"],
        "training_rows": measured["lineage"]["training_rows"],
        "unseen": hidden,
        "query_id": _query(context),
    }
    story.report["levels"] = list(next(iter(story.project.stacks.values())).levels)
    story.report["curves"] = {
        "roc": [[point["fpr"], point["tpr"]] for point in measured["roc"]],
        "pr": [[point["recall"], point["precision"]] for point in measured["pr"]],
        "calibration": [
            {"mean_predicted": row["mean_score"], "observed": row["observed"], "count": row["rows"]}
            for row in measured["calibration"]
        ],
    }


def _followed(context: Context, arn: str) -> Any:
    from training.pipelines import status as pipeline_status

    while not (found := pipeline_status.look(context, arn)).ended:
        time.sleep(_LOOK)
    return found


def _query(context: Context) -> str:
    """Id of the query that read the training rows: the newest of the pipeline's own workgroup."""
    athena = context.session.client("athena")
    group = context.outputs.workgroup("pipeline")
    ids = athena.list_query_executions(WorkGroup=group, MaxResults=1)["QueryExecutionIds"]
    return str(ids[0]) if ids else ""
