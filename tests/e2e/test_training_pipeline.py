"""The deployed training pipeline, run on the mesh it is deployed in: from governed rows to a model package."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from story import Mesh

from training.pipelines import status as pipeline_status

ENDED = ("Succeeded", "Failed", "Stopped", "CompletedWithFailures")
LENIENT = {"AucFloor": "0.5", "MinSelectionRateRatio": "0", "MaxTprGap": "1", "MaxFprGap": "1"}
"""What any model meets: whether the shipped limits are met is a question of data, not of execution."""


def run(mesh: Mesh, **parameters: str) -> tuple[Any, dict[str, Any]]:
    """Run the pipeline; its execution and its steps by name."""
    sagemaker = mesh.acting("consumer").client("sagemaker")
    name = mesh.outputs("consumer")["pipeline"]["name"]
    given = [{"Name": key, "Value": value} for key, value in parameters.items()]
    arn = sagemaker.start_pipeline_execution(PipelineName=name, PipelineParameters=given)[
        "PipelineExecutionArn"
    ]
    until = time.monotonic() + 240
    while time.monotonic() < until:
        found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        if found["PipelineExecutionStatus"] in ENDED:
            listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)
            return found, {each["StepName"]: each for each in listed["PipelineExecutionSteps"]}
        time.sleep(0.1)
    raise AssertionError(f"the pipeline did not end: {found}")


@pytest.fixture(scope="module")
def ran(mesh: Mesh) -> dict[str, Any]:
    """The steps of a run that registers its model."""
    found, steps = run(mesh, **LENIENT)
    assert found["PipelineExecutionStatus"] == "Succeeded", steps
    return steps


def test_the_pipeline_registers_a_model_that_says_where_it_comes_from(
    mesh: Mesh, ran: dict[str, Any]
) -> None:
    assert set(ran) == {"Preprocess", "Train", "Evaluate", "Check", "Register"}, "all steps but the refusal"
    sagemaker = mesh.acting("consumer").client("sagemaker")
    package = sagemaker.describe_model_package(
        ModelPackageName=ran["Register"]["Metadata"]["RegisterModel"]["Arn"]
    )
    assert package["ModelApprovalStatus"] == "PendingManualApproval", "a person approves"
    facts = package["CustomerMetadataProperties"]
    assert (facts["data-product"], facts["table"]) == ("credit-card", "credit_card"), "the data"
    assert facts["training-job"] == ran["Train"]["Metadata"]["TrainingJob"]["Arn"], "the job"
    s3 = mesh.acting("consumer").client("s3")

    def read(uri: str) -> Any:
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    evaluation = read(package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"])
    assert float(facts["auc"]) == pytest.approx(evaluation["metrics"]["auc"]["value"]), "the measured figure"
    assert evaluation["metrics"]["auc"]["value"] > 0.6, "of a model that has learnt something"
    assert facts["training-rows"] == str(evaluation["lineage"]["training_rows"])
    card = json.loads(package["ModelCard"]["ModelCardContent"])
    (auc,) = [
        entry["value"]
        for entry in card["evaluation_details"][0]["metric_groups"][0]["metric_data"]
        if entry["name"] == "AUC"
    ]
    assert auc == evaluation["metrics"]["auc"]["value"], "the card's numbers are those of the run"
    assert "1973" in card["intended_uses"]["factors_affecting_model_efficiency"], (
        "and its words the contract's"
    )
    baselines = package["DriftCheckBaselines"]["ModelDataQuality"]
    assert all(read(baselines[part]["S3Uri"]) for part in ("Statistics", "Constraints")), (
        "and drift baselines"
    )


def test_training_sees_no_restricted_column_and_the_evaluation_does(mesh: Mesh, ran: dict[str, Any]) -> None:
    sagemaker = mesh.acting("consumer").client("sagemaker")
    seen = {}
    for step, kind in (("Preprocess", "ProcessingJob"), ("Evaluate", "ProcessingJob")):
        name = ran[step]["Metadata"][kind]["Arn"].rsplit("/", 1)[1]
        seen[step] = sagemaker.describe_processing_job(ProcessingJobName=name)["RoleArn"].rsplit("/", 1)[1]
    assert seen == {"Preprocess": "mesh-pipeline", "Evaluate": "mesh-auditor"}, "each step has its role"
    package = sagemaker.describe_model_package(
        ModelPackageName=ran["Register"]["Metadata"]["RegisterModel"]["Arn"]
    )
    columns = " ".join(
        value for key, value in package["CustomerMetadataProperties"].items() if key.startswith("columns-")
    ).split(" ")
    assert "amount" in columns, "columns are told"
    assert not {"age", "personal_status_sex", "foreign_worker"} & set(columns), "none of them is restricted"


def test_a_column_closed_to_the_pipelines_role_ends_the_run_with_the_reason(mesh: Mesh) -> None:
    found, steps = run(mesh, Query='SELECT "age" FROM "rl_credit-card"."credit_card"', **LENIENT)
    assert found["PipelineExecutionStatus"] == "Failed", "nothing is trained"
    assert set(steps) == {"Preprocess"}, "no further step began"
    assert "'age' cannot be resolved" in steps["Preprocess"]["FailureReason"], steps["Preprocess"]


BAD = {
    "target of three values": ({"Target": "purpose"}, "Preprocess", "preprocess: target purpose: is not binary: it has"),
    "duplicate keys": ({"Key": "amount"}, "Preprocess", "preprocess: key column amount: "),
    "empty split": (
        {"Split": "0.9999998,0.0000001,0.0000001"}, "Preprocess", "preprocess: split validation: is empty: 1000 rows"),
    "nothing returned": (
        {"Query": 'SELECT * FROM "rl_credit-card"."credit_card" WHERE false'}, "Preprocess",
        "preprocess: credit_card: there are no rows to split"),
    "hyperparameter out of range": ({"MaxDepth": "99"}, "Train", "train: hyperparameters.max_depth: '99' is out of"),
    "groups for some rows only": (
        {"ProtectedQuery": 'SELECT application_id, personal_status_sex, age, foreign_worker '
                           'FROM "rl_credit-card"."credit_card" WHERE age < 30'},
        "Evaluate", "test rows have none; the table has changed since it was split"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_the_run_with_one_line_that_names_step_and_field(
    mesh: Mesh, ran: dict[str, Any], case: str
) -> None:
    given, step, line = BAD[case]
    found, steps = run(mesh, **{**LENIENT, **given})
    assert found["PipelineExecutionStatus"] == "Failed"
    assert "Register" not in steps, "no model is registered"
    context: Any = SimpleNamespace(session=mesh.acting("consumer"), role="operator")
    why = pipeline_status.why(pipeline_status.look(context, found["PipelineExecutionArn"]))
    assert why.startswith(f"step {step}: "), why
    assert line in why
    assert "\n" not in why


def test_a_corrupt_artefact_ends_the_run_before_a_model_is_registered(
    mesh: Mesh, ran: dict[str, Any]
) -> None:
    sagemaker, s3 = (mesh.acting("consumer", "mesh-pipeline").client(name) for name in ("sagemaker", "s3"))
    job = ran["Train"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[1]
    uri = sagemaker.describe_training_job(TrainingJobName=job)["ModelArtifacts"]["S3ModelArtifacts"]
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    whole = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=whole[: len(whole) // 2])
    try:
        # another champion is another evaluation, of the same model: training is taken from the cache
        found, steps = run(mesh, **LENIENT, ChampionAuc="0.01")
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=whole)
    assert "CacheHitResult" in steps["Train"], "the very artefact that was cut"
    context: Any = SimpleNamespace(session=mesh.acting("consumer"), role="operator")
    why = pipeline_status.why(pipeline_status.look(context, found["PipelineExecutionArn"]))
    assert why.startswith("step Evaluate: evaluate: ")
    assert "model.tar.gz: is corrupt" in why
    assert "Register" not in steps


def test_a_model_below_the_floor_is_refused_in_words(mesh: Mesh, ran: dict[str, Any]) -> None:
    found, steps = run(mesh, **{**LENIENT, "AucFloor": "0.999"})
    assert found["PipelineExecutionStatus"] == "Failed", "the condition refuses"
    assert "Register" not in steps, "and nothing is registered"
    assert "CacheHitResult" in steps["Train"], "though nothing had to be trained again"
    assert "(at least 0.999" in steps["Refuse"]["FailureReason"], steps["Refuse"]["FailureReason"]
    assert ran["Train"]["Metadata"] == steps["Train"]["Metadata"], "it is the model of the run before"
