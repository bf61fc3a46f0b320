"""The whole story on a cloud of its own: three accounts come up, data is curated and shared, a model is trained.

Nothing here decides an outcome: rows are counted by the curation job, reads are allowed or refused by the embedded
cloud, figures come from the training. The demo only asks, times and reports.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesh import cloud, deploy
from mesh.aws import Acting, environment
from mesh.demo_data import curate, deliver, quality
from mesh.demo_picture import account, picture
from mesh.demo_reads import audit, read_all
from mesh.project import Project

FOLDER = Path("build/demo")
CONSUMER, PRODUCER, PRODUCT = "consumer", "producer", "credit-card"


@dataclass
class Story:
    """What happened so far; becomes the report."""

    project: Project
    endpoint: str = ""
    report: dict[str, Any] = field(default_factory=lambda: {"phases": []})

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time one phase and say when it begins and ends."""
        print(f"  {name} ...", end="", flush=True)
        begun = time.monotonic()
        yield
        seconds = time.monotonic() - begun
        self.report["phases"].append({"name": name, "seconds": round(seconds, 2)})
        print(
            f"\r  {name}: {self.said} ({seconds:.1f} s)"
            if sys.stdout.isatty()
            else f" {self.said} ({seconds:.1f} s)"
        )

    said: str = "done"


def run(project: Project, *, keep: bool) -> None:
    """Tell the story and write `build/demo/report.json` and `report.html`.

    Parameters
    ----------
    keep
        Leave the cloud running as the project's own, instead of one that ends with the demo.
    """
    begun = time.monotonic()
    story = Story(project)
    folder = project.folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    home = project.home if keep else folder / "cloud"
    if running := cloud.find(home):
        cloud.stop(home)
        print(f"  stopped the cloud of an earlier run at {running.endpoint}")
    print(f"The data mesh of {len(project.stacks)} accounts, on an embedded cloud")
    try:
        with story.phase("cloud"):
            story.endpoint = cloud.start(home, organization=project.organization()).endpoint
            story.said = story.endpoint
        _tell(story, folder)
    finally:
        if not keep and cloud.find(home):
            cloud.stop(home)
    story.report["seconds"] = round(time.monotonic() - begun, 2)
    story.report["generated"] = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    from mesh.report import write

    page = write(story.report, folder)
    print(account(story.report, page.relative_to(project.folder), keep))


def _tell(story: Story, folder: Path) -> None:
    project, report = story.project, story.report
    report["resources"] = {}
    for stack in project.stacks:
        with story.phase(f"up {stack}"):
            result = deploy.up(project, [stack], endpoint=story.endpoint, say=lambda _: None)[stack]
            report["resources"][stack] = result.resources
            story.said = f"{result.resources} resources"
    producer = deploy.outputs(project, PRODUCER, endpoint=story.endpoint)
    consumer = deploy.outputs(project, CONSUMER, endpoint=story.endpoint)
    product = producer["products"][PRODUCT]
    operator = Acting(story.endpoint, _deploy_role(project, PRODUCER), producer["region"])
    with story.phase("deliver raw data"):
        data = project.folder / "contracts" / "data" / PRODUCT
        batches = deliver(operator, product, data)
        story.said = ", ".join(batches)
    with story.phase("curate"):
        report["quality"] = curate(operator, product, data)
        report["rows"] = {
            kind: sum(batch[kind] for batch in report["quality"]) for kind in ("curated", "quarantined")
        }
        story.said = f"{report['rows']['curated']} rows curated, {report['rows']['quarantined']} quarantined"
    report["mesh"] = picture(project)
    with story.phase("crawl"):
        figures = quality(operator, product)
        report["quality"][-2].update({key: float(figures[key]) for key in ("completeness", "validity")})
        story.said = f"completeness {figures['completeness']}, validity {figures['validity']}"
    with story.phase("read as every role"):
        report.update(read_all(story.endpoint, project, CONSUMER, consumer))
        report["audit"] = audit(
            story.endpoint,
            consumer,
            _deploy_role(project, CONSUMER),
            [*report["queries"], *report["denials"]],
        )
        story.said = f"{len(report['queries'])} allowed, {len(report['denials'])} refused"
    _train(story, consumer, folder)


def _train(story: Story, consumer: dict[str, Any], folder: Path) -> None:
    """The training package, run in this process as the data scientist's role."""
    from training import evaluate, explore, preprocess, register, train
    from training.session import Context

    os.environ.update(environment(story.endpoint, consumer["region"]))
    context = Context(outputs_from=consumer, work=folder / "training")
    with story.phase("explore"):
        explored = explore.run(context)
        hidden = sorted(explored.hidden or {})
        story.said = f"{len(explored.columns)} columns seen, {len(hidden)} not: {', '.join(hidden)}"
    with story.phase("preprocess"):
        prepared = preprocess.run(context)
        story.said = ", ".join(f"{counts['rows']} {split}" for split, counts in prepared.schema.rows.items())
    with story.phase("train"):
        trained = train.run(context)
        story.said = f"{trained.fit.best_iteration + 1} trees, stopped by the validation split"
    with story.phase("evaluate"):
        measured = evaluate.run(context).report
        story.said = ", ".join(
            f"{name.upper()} {measured['metrics'][name]['value']:.3f}" for name in ("auc", "ks")
        )
    with story.phase("register"):
        package = register.run(context)
        story.said = package.package_arn
    story.report["model"] = {
        **{name: measured["metrics"][name]["value"] for name in ("auc", "pr_auc", "ks")},
        **{
            f"{name}_ci": [measured["metrics"][name]["low"], measured["metrics"][name]["high"]]
            for name in ("auc", "pr_auc", "ks")
        },
        "product": PRODUCT,
        "package_arn": package.package_arn,
        "contract_version": measured["lineage"]["contract_version"],
        "features": measured["lineage"]["columns"],
        "unseen": hidden,
        "training_rows": prepared.schema.rows["train"]["rows"],
        "query_id": ", ".join(measured["lineage"]["query_ids"]),
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


def _deploy_role(project: Project, stack: str) -> str:
    settings = project.stacks[stack]
    return settings.place.role_arn(settings.deploy_role)
