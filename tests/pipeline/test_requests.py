"""What each step sends is what SageMaker's API takes: members, kinds, ranges, and references that resolve."""

from __future__ import annotations

import copy
from typing import Any

import pipeline_parts as parts
import pytest
import request_shapes

from governance.pipelines import Instances


@pytest.fixture(params=["plain", "searching", "spot", "ungrouped"])
def variant(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The definition in its different forms."""
    if request.param in ("plain", "searching"):
        found: dict[str, Any] = request.getfixturevalue(request.param)
        return found
    given = parts.settings()
    if request.param == "spot":
        return parts.made(parts.settings(instances=Instances(spot=True, spot_wait_hours=6)))
    import dataclasses

    return parts.made(dataclasses.replace(given, config=dataclasses.replace(given.config, groups=())))


def test_every_job_s_arguments_fit_the_api(variant: dict[str, Any]) -> None:
    jobs = {
        name: step for name, step in parts.steps(variant).items() if step["Type"] in request_shapes.INPUTS
    }
    assert len(jobs) == 4, f"preprocess, train or tune, evaluate, register: {sorted(jobs)}"
    for step in jobs.values():
        assert request_shapes.problems(step, parts.parameters(variant)) == []


def test_every_reference_resolves(variant: dict[str, Any]) -> None:
    steps, parameters = parts.steps(variant), parts.parameters(variant)
    found = list(parts.gets(variant["Steps"]))
    assert len(found) > 50, "a pipeline is made of references"
    for reference in found:
        kind, _, rest = reference.partition(".")
        if kind == "Parameters":
            assert rest in parameters, reference
        elif kind == "Steps":
            assert request_shapes.property_problem(reference, steps) == ""
        else:
            assert rest in ("PipelineExecutionId", "PipelineExecutionArn"), reference


def test_every_parameter_is_used(variant: dict[str, Any]) -> None:
    used = {item.removeprefix("Parameters.") for item in parts.gets(variant["Steps"])}
    unused = set(parts.parameters(variant)) - used
    assert not unused, "a parameter that changes nothing misleads"


@pytest.mark.parametrize(
    ("step", "path", "value", "says"),
    [
        ("Preprocess", "NetworkConfig.EnableNetworkIsolated", True, "has no member EnableNetworkIsolated"),
        ("Preprocess", "ProcessingResources.ClusterConfig.InstanceCount", 0, "0 is not from 1"),
        (
            "Preprocess",
            "ProcessingInputs.0.DatasetDefinition.AthenaDatasetDefinition.OutputFormat",
            "CSV",
            "none of",
        ),
        ("Train", "AlgorithmSpecification.TrainingInputMode", "Slow", "none of"),
        ("Train", "ResourceConfig.InstanceCount", {"Get": "Parameters.Eta"}, "Eta is Float"),
        (
            "Train",
            "StoppingCondition.MaxRuntimeInSeconds",
            {"Std:Join": {"On": "", "Values": []}},
            "a join is",
        ),
        ("Evaluate", "AppSpecification.ContainerArguments.1", "x" * 257, "257 is not from 0 to 256"),
        ("Register", "ModelApprovalStatus", {"Get": "Parameters.Missing"}, "no parameter Missing"),
        ("Evaluate", "RoleArn", "mesh-auditor", "does not match"),
    ],
)
def test_the_check_sees_what_the_api_would_refuse(
    plain: dict[str, Any], step: str, path: str, value: Any, says: str
) -> None:
    changed = copy.deepcopy(parts.steps(plain)[step])
    node = changed["Arguments"]
    *parents, last = path.split(".")
    for name in parents:
        node = node[int(name)] if name.isdigit() else node[name]
    node[int(last) if last.isdigit() else last] = value
    found = request_shapes.problems(changed, parts.parameters(plain))
    assert any(says in problem for problem in found), found


@pytest.mark.parametrize("reference", [
    "Steps.Prepare.ProcessingJobArn",
    "Steps.Preprocess.ProcessingOutputConfig.Outputs.S3Uri",
    "Steps.Train.ModelArtifacts",
    "Steps.Evaluate.PropertyFiles.Other",
])  # fmt: skip
def test_the_check_sees_a_reference_that_leads_nowhere(plain: dict[str, Any], reference: str) -> None:
    assert request_shapes.property_problem(reference, parts.steps(plain))


def test_a_missing_member_is_seen(plain: dict[str, Any]) -> None:
    changed = copy.deepcopy(parts.steps(plain)["Train"])
    del changed["Arguments"]["RoleArn"]
    assert request_shapes.problems(changed, parts.parameters(plain)) == ["Train: lacks RoleArn"]
