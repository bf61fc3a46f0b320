"""The deciding steps: what the gate compares, what a refusal says, and what a registered package carries."""

from __future__ import annotations

import unicodedata
from typing import Any

import pipeline_parts as parts

from governance.pipelines import Limits


def test_the_gate_holds_floor_champion_and_groups(plain: dict[str, Any]) -> None:
    found = {
        condition["LeftValue"]["Std:JsonGet"]["Path"]: (condition["Type"], condition["RightValue"]["Get"])
        for condition in parts.steps(plain)["Check"]["Arguments"]["Conditions"]
    }
    assert found == {
        "metrics.auc.value": ("GreaterThanOrEqualTo", "Parameters.AucFloor"),
        "champion.worse_by": ("LessThanOrEqualTo", "Parameters.Tolerance"),
        "groups_worst.selection_rate_ratio_proven": (
            "GreaterThanOrEqualTo",
            "Parameters.MinSelectionRateRatio",
        ),
        "groups_worst.tpr_gap_proven": ("LessThanOrEqualTo", "Parameters.MaxTprGap"),
        "groups_worst.fpr_gap_proven": ("LessThanOrEqualTo", "Parameters.MaxFprGap"),
    }
    assert parts.arguments(parts.steps(plain)["Evaluate"])["--champion-auc"] == {
        "Std:Join": {"On": "", "Values": [{"Get": "Parameters.ChampionAuc"}]}
    }


def test_a_refusal_names_every_limit_and_what_was_measured(plain: dict[str, Any]) -> None:
    steps = parts.steps(plain)
    values = steps["Refuse"]["Arguments"]["ErrorMessage"]["Std:Join"]["Values"]
    told = {
        value["Std:JsonGet"]["Path"] for value in values if isinstance(value, dict) and "Std:JsonGet" in value
    }
    limits = {value["Get"] for value in values if isinstance(value, dict) and "Get" in value}
    for condition in steps["Check"]["Arguments"]["Conditions"]:
        assert condition["LeftValue"]["Std:JsonGet"]["Path"] in told
        assert condition["RightValue"]["Get"] in limits
    words = "".join(value for value in values if isinstance(value, str))
    assert words.startswith("No model registered: AUC ")


def test_limits_of_the_stack_are_defaults() -> None:
    limits = Limits(auc_floor=0.81, tolerance=0.0, selection_rate_ratio=0.9, tpr_gap=0.05, fpr_gap=0.1)
    found = parts.parameters(parts.made(parts.settings(limits=limits)))
    values = [found[name]["DefaultValue"] for name in
              ("AucFloor", "Tolerance", "MinSelectionRateRatio", "MaxTprGap", "MaxFprGap")]  # fmt: skip
    assert values == [0.81, 0, 0.9, 0.05, 0.1]


def test_a_model_waits_for_approval_and_no_run_approves_its_own(plain: dict[str, Any]) -> None:
    status = parts.parameters(plain)["ApprovalStatus"]
    assert status["DefaultValue"] == "PendingManualApproval"
    assert "Approved" not in status["EnumValues"], "whoever starts a run would approve what comes of it"
    register = parts.steps(plain)["Register"]["Arguments"]
    assert register["ModelApprovalStatus"] == {"Get": "Parameters.ApprovalStatus"}


def test_a_registered_model_is_served_as_it_is(plain: dict[str, Any]) -> None:
    specification = parts.steps(plain)["Register"]["Arguments"]["InferenceSpecification"]
    (container,) = specification["Containers"]
    assert container["ModelDataUrl"] == {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    assert container["Environment"]["SAGEMAKER_PROGRAM"] == "inference.py"
    assert container["Environment"]["SAGEMAKER_SUBMIT_DIRECTORY"] == "/opt/ml/model/code"
    assert (
        container["Image"]
        == parts.steps(plain)["Train"]["Arguments"]["AlgorithmSpecification"]["TrainingImage"]
    )
    assert specification["SupportedContentTypes"] == ["text/csv", "application/json", "application/jsonlines"]


def test_the_best_of_a_search_is_registered(searching: dict[str, Any]) -> None:
    (container,) = parts.steps(searching)["Register"]["Arguments"]["InferenceSpecification"]["Containers"]
    assert list(parts.gets(container)) == ["Steps.Tune.TrainingJobSummaries[0].TrainingJobName"]
    values = container["ModelDataUrl"]["Std:Join"]["Values"]
    assert values[:3] == ["s3:/", parts.BUCKET, "pipeline/models"]
    job = parts.steps(searching)["Tune"]["Arguments"]["TrainingJobDefinition"]
    assert job["OutputDataConfig"]["S3OutputPath"] == f"s3://{parts.BUCKET}/pipeline/models"


def test_the_package_carries_measures_baselines_and_lineage(plain: dict[str, Any]) -> None:
    register = parts.steps(plain)["Register"]["Arguments"]
    folder = {"Get": "Steps.Evaluate.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri"}

    def file(name: str) -> dict[str, Any]:
        return {"Std:Join": {"On": "/", "Values": [folder, name]}}

    quality, data = register["ModelMetrics"]["ModelQuality"], register["ModelMetrics"]["ModelDataQuality"]
    assert quality["Statistics"]["S3Uri"] == file("evaluation.json")
    assert (data["Statistics"]["S3Uri"], data["Constraints"]["S3Uri"]) == (
        file("statistics.json"), file("constraints.json"),
    )  # fmt: skip
    assert register["DriftCheckBaselines"] == {"ModelQuality": quality, "ModelDataQuality": data}
    lineage = register["CustomerMetadataProperties"]
    assert lineage["data-product"] == {"Get": "Parameters.Product"}
    assert lineage["contract-version"] == {"Get": "Parameters.ContractVersion"}
    assert lineage["processing-job"] == {"Get": "Steps.Preprocess.ProcessingJobArn"}
    assert lineage["pipeline-execution"] == {"Get": "Execution.PipelineExecutionArn"}
    assert lineage["code-revision"] == "0123456789abcdef" * 4
    assert {f"columns-{slot}" for slot in range(4)} <= set(lineage)
    assert len(lineage) <= 50, "SageMaker takes no more"


def test_metadata_has_no_character_that_sagemaker_refuses(plain: dict[str, Any]) -> None:
    parameters = parts.parameters(plain)
    lineage = parts.steps(plain)["Register"]["Arguments"]["CustomerMetadataProperties"]
    values = [value for value in lineage.values() if isinstance(value, str)]
    values += [
        str(parameters[reference.removeprefix("Parameters.")]["DefaultValue"])
        for reference in parts.gets(lineage)
        if reference.startswith("Parameters.")
    ]
    assert len(values) > 5
    for text in [*lineage, *values]:
        # the API's pattern: letters, separators, numbers and _ . : / = + - @
        wrong = [c for c in text if unicodedata.category(c)[0] not in "LZN" and c not in "_.:/=+-@"]
        assert not wrong, f"{text}: {wrong}"
