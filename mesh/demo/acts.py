"""The whole story on a cloud of its own: accounts come up, data is curated and shared, a model is trained and served.

Nothing here decides an outcome: rows are counted by the curation job, reads are allowed or refused by the embedded
cloud, figures come from the training. The demo only asks, times and reports.
"""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

from governance.settings import ProductionSettings
from mesh import cloud, deploy
from mesh.aws import Acting
from mesh.demo import production
from mesh.demo.data import curate, deliver, quality
from mesh.demo.picture import account, picture
from mesh.demo.reads import audit, read_all
from mesh.demo.story import Story
from mesh.demo.training import train
from mesh.project import Project

FOLDER = Path("build/demo")
CONSUMER, PRODUCER, PRODUCT, KEY = "consumer", "producer", "credit-card", "application_id"


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
        _tell(story, folder, keep)
    finally:
        if not keep and cloud.find(home):
            cloud.stop(home)
    story.report["seconds"] = round(time.monotonic() - begun, 2)
    story.report["generated"] = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    from mesh.report import write

    page = write(story.report, folder)
    print(account(story.report, page.relative_to(project.folder), keep))


def _tell(story: Story, folder: Path, keep: bool) -> None:
    project, report = story.project, story.report
    report["resources"] = {}
    for stack in project.stacks:
        with story.phase(f"up {stack}"):
            serves = isinstance(project.stacks[stack], ProductionSettings)
            result = deploy.up(
                project,
                [stack],
                endpoint=story.endpoint,
                say=lambda _: None,
                config=production.NOTHING if serves else None,
            )[stack]
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
    train(story, PRODUCT, consumer, folder)
    endpoints = [
        stack
        for stack, item in project.stacks.items()
        if isinstance(item, ProductionSettings) and (item.consumer_stack, item.mode) == (CONSUMER, "endpoint")
    ]
    for stack in endpoints[:1]:
        production.serve(story, stack, consumer, key=KEY, keep=keep)


def _deploy_role(project: Project, stack: str) -> str:
    settings = project.stacks[stack]
    return settings.place.role_arn(settings.deploy_role)
