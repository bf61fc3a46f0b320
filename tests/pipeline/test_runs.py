"""Starting runs by SageMaker's API: what is looked up, and what is refused before anything starts."""

from __future__ import annotations

import io
import json

import pipeline_parts as parts
import pytest
from botocore.response import StreamingBody
from stubbed_cloud import NAME, NOON, RUN, Cloud, deployed, text

from governance.errors import MeshError
from training.outputs import Outputs
from training.pipelines import runs as pipeline_runs
from training.session import Context

GROUP = f"arn:aws:sagemaker:eu-west-1:{parts.ACCOUNT}:model-package/{NAME}"


def approved(cloud: Cloud, *versions: tuple[int, dict[str, str]]) -> None:
    summaries = [
        {"ModelPackageArn": f"{GROUP}/{number}", "CreationTime": NOON, "ModelPackageStatus": "Completed"}
        for number, _ in versions
    ]
    expected = {
        "ModelPackageGroupName": NAME, "SortBy": "CreationTime", "SortOrder": "Descending",
        "ModelApprovalStatus": "Approved",
    }  # fmt: skip
    cloud.answers("sagemaker", "list_model_packages", {"ModelPackageSummaryList": summaries}, expected)
    for number, metadata in versions:
        statistics = {
            "ContentType": "application/json",
            "S3Uri": f"s3://{parts.BUCKET}/auditor/{number}.json",
        }
        cloud.answers(
            "sagemaker",
            "describe_model_package",
            {
                "ModelPackageName": NAME,
                "ModelPackageArn": f"{GROUP}/{number}",
                "ModelPackageVersion": number,
                "CreationTime": NOON,
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": []},
                "ModelApprovalStatus": "Approved",
                "CustomerMetadataProperties": metadata,
                "ModelMetrics": {"ModelQuality": {"Statistics": statistics}},
            },
        )


def published(cloud: Cloud, database: str = "rl_credit-card", table: str = "credit_card") -> None:
    found = {"Name": table, "VersionId": "4", "UpdateTime": NOON}
    cloud.answers("glue", "get_table", {"Table": found}, {"DatabaseName": database, "Name": table})


def starts(cloud: Cloud, **parameters: str) -> None:
    sent = [{"Name": name, "Value": value} for name, value in sorted(parameters.items())]
    expected = {"PipelineName": NAME, "PipelineParameters": sent}
    cloud.answers("sagemaker", "start_pipeline_execution", {"PipelineExecutionArn": RUN}, expected)


def test_a_start_looks_up_champion_and_table_version(cloud: Cloud, context: Context, said: list[str]) -> None:
    deployed(cloud)
    approved(cloud, (3, {"auc": "0.75"}), (7, {"auc": "0.7925"}), (5, {"auc": "0.99"}))
    published(cloud)
    starts(cloud, ChampionAuc="0.7925", DataVersion="4/2026-11-23T12:00:00")
    assert pipeline_runs.start(context) == RUN
    cloud.done()
    assert said[0] == "champion: version 7, AUC 0.7925", "the newest approved, whatever else was better"


def test_without_an_approved_model_there_is_nothing_to_beat(cloud: Cloud, context: Context) -> None:
    deployed(cloud)
    approved(cloud)
    published(cloud)
    starts(cloud, ChampionAuc="0", DataVersion="4/2026-11-23T12:00:00")
    pipeline_runs.start(context)
    cloud.done()


def test_what_is_given_is_not_looked_up(cloud: Cloud, context: Context) -> None:
    deployed(cloud)
    starts(cloud, ChampionAuc="0.5", DataVersion="by hand", MaxDepth="4")
    pipeline_runs.start(context, ["ChampionAuc=0.5", "DataVersion=by hand", "MaxDepth=4"])
    cloud.done()


def test_a_long_query_takes_several_parameters_and_a_short_one_leaves_none_of_another(
    cloud: Cloud, context: Context
) -> None:
    query = "SELECT " + ", ".join(f"column_{number}" for number in range(120))
    for given in (query, "SELECT 1"):
        deployed(cloud)
        pieces = [given[:1024], given[1024:2048], given[2048:3072], given[3072:]]
        names = ("Query", "Query2", "Query3", "Query4")
        starts(cloud, ChampionAuc="0.5", DataVersion="x", **dict(zip(names, pieces, strict=True)))
        pipeline_runs.start(context, [f"Query={given}", "ChampionAuc=0.5", "DataVersion=x"])
    cloud.done()


def test_the_version_is_that_of_the_table_given(cloud: Cloud, context: Context) -> None:
    deployed(cloud)
    published(cloud, "rl_loans", "applications")
    starts(
        cloud,
        ChampionAuc="0.5",
        Database="rl_loans",
        Table="applications",
        DataVersion="4/2026-11-23T12:00:00",
    )
    pipeline_runs.start(context, ["ChampionAuc=0.5", "Database=rl_loans", "Table=applications"])
    cloud.done()


def test_a_champion_without_metadata_is_measured_by_its_evaluation(cloud: Cloud, context: Context) -> None:
    approved(cloud, (2, {}))
    body = json.dumps({"metrics": {"auc": {"value": 0.8125}}}).encode()
    cloud.answers(
        "s3", "get_object", {"Body": StreamingBody(io.BytesIO(body), len(body))},
        {"Bucket": parts.BUCKET, "Key": "auditor/2.json"},
    )  # fmt: skip
    assert pipeline_runs.champion(context) == "0.8125"


def test_a_champion_that_says_nothing_is_refused(cloud: Cloud, context: Context) -> None:
    approved(cloud, (2, {}))
    cloud.answers("s3", "get_object", {"Body": StreamingBody(io.BytesIO(b"{}"), 2)})
    with pytest.raises(MeshError, match="version 2: does not say its AUC; give --parameter ChampionAuc="):
        pipeline_runs.champion(context)


@pytest.mark.parametrize(("given", "message"), [
    (["AucFlor=0.8"], "no parameter 'AucFlor'; did you mean AucFloor?"),
    (["Zzz=1"], "no parameter 'Zzz'; there are ApprovalStatus"),
    (["AucFloor"], "'AucFloor' must be Name=Value"),
    (["AucFloor=high"], "--parameter AucFloor: 'high' must be a number"),
    (["MaxDepth=3.5"], "--parameter MaxDepth: '3.5' must be a whole number"),
    (["ApprovalStatus=Approved"], "must be one of PendingManualApproval, Rejected"),
    (["MaxDepth=99"], "--parameter MaxDepth: '99' is out of range; give a whole number from 1 up to 20"),
    (["Eta=0"], "--parameter Eta: '0' is out of range; give a number above 0 up to 1"),
    (["AucFloor=1.5"], "--parameter AucFloor: '1.5' must be from 0 to 1"),
    (["TrainInstanceCount=0"], "--parameter TrainInstanceCount: '0' must be from 1"),
    (["Seed=-1"], "--parameter Seed: '-1' must be from 0 to 2147483647"),
    (["AucFloor=nan"], "--parameter AucFloor: 'nan' must be a number"),
    (["Exclude=" + "x" * 257], "--parameter Exclude: has 257 characters, SageMaker takes 256"),
    (["Seed=1_000"], "--parameter Seed: '1_000' must be a whole number"),
    (["MaxDepth=3", "MaxDepth=4"], "is given twice"),
    (["Query=" + "x" * 4097], "--parameter Query: has 4097 characters, SageMaker takes 4096"),
    (["Database=" + "x" * 1025], "has 1025 characters, SageMaker takes 1024"),
])  # fmt: skip
def test_a_wrong_parameter_starts_nothing(
    cloud: Cloud, context: Context, given: list[str], message: str
) -> None:
    deployed(cloud)
    with pytest.raises(MeshError) as caught:
        pipeline_runs.start(context, given)
    assert message in str(caught.value)
    cloud.done()


def test_a_refused_call_is_one_line(cloud: Cloud, context: Context) -> None:
    deployed(cloud)
    cloud.stubs["sagemaker"].add_client_error("start_pipeline_execution", "AccessDeniedException", "no right")
    with pytest.raises(MeshError, match="starting pipeline mesh-credit-risk as data-scientist: AccessDenied"):
        pipeline_runs.start(context, ["ChampionAuc=0", "DataVersion=1"])


def test_a_stack_without_a_pipeline_says_so(context: Context) -> None:
    context.__dict__["outputs"] = Outputs(**{**vars(context.outputs), "pipeline": {}})
    with pytest.raises(MeshError, match="has no pipeline; add mesh:pipeline"):
        pipeline_runs.start(context)


def test_the_definition_is_printed_as_it_is_deployed(cloud: Cloud, context: Context) -> None:
    deployed(cloud)
    assert pipeline_runs.definition_text(context) == text()
    expected = {"PipelineExecutionArn": RUN}
    cloud.answers(
        "sagemaker", "describe_pipeline_definition_for_execution", {"PipelineDefinition": "{}"}, expected
    )
    assert pipeline_runs.definition_text(context, RUN) == "{}"
