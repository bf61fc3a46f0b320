"""Definitions and starts that the service refuses, and steps that do not run here."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_bench import Bench, arn
from sagemaker_steps import condition, fail, json_get, run, writer


def test_a_step_of_a_type_that_does_not_run_here_says_so(bench: Bench) -> None:
    found, steps = run(bench, [{"Name": "Cluster", "Type": "EMR", "Arguments": {"ClusterId": "j-1"}}])
    assert found["PipelineExecutionStatus"] == "Failed", "rather than a success that is none"
    assert "steps of type EMR do not run" in steps["Cluster"]["FailureReason"], "with its type"


def test_a_start_that_the_service_refuses(bench: Bench) -> None:
    parameters = [
        {"Name": "Needed", "Type": "String"},
        {"Name": "Count", "Type": "Integer", "DefaultValue": 1},
        {"Name": "Mode", "Type": "String", "DefaultValue": "a", "EnumValues": ["a", "b"]},
    ]
    name = bench.pipeline([writer(bench, "One", "{}")], parameters)
    for given, said in (
        ({}, "Missing required pipeline parameters: Needed"),
        ({"Needed": "x", "More": "y"}, "Unknown parameters .*: More"),
        ({"Needed": "x", "Count": "two"}, r"\[Count\] value \[two\] is not of its type INTEGER"),
        ({"Needed": "x", "Mode": "c"}, r"\[Mode\] value \[c\] is not one of its enum values"),
    ):
        with pytest.raises(ClientError, match=f"ValidationException.*{said}"):
            bench.started(name, **given)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        bench.started("nobody")
    bench.sagemaker.update_pipeline(PipelineName=name, RoleArn=arn("nobody"))
    with pytest.raises(ClientError, match="Could not assume role"):
        bench.started(name, Needed="x")


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([fail("A", {"Get": "Steps.B.X"})], "there is no step 'B'"),
        ([fail("A", {"Get": "Parameters.P"})], "'Parameters.P', which is not there"),
        ([fail("A", {"Get": "Execution.P"})], "'Execution.P', which is not there"),
        ([fail("A", "x"), fail("A", "y")], "unique: A"),
        ([{**fail("A", "x"), "DependsOn": ["A"]}], "depends on 'A'"),
        (
            [fail("A", {"Get": "Steps.B.X"}), fail("B", {"Get": "Steps.A.X"})],
            "Steps wait for each other: (A -> B -> A|B -> A -> B)",
        ),
        ([condition("C", [{"Type": "Like"}], [], [])], "unknown condition type 'Like'"),
        ([fail("A", json_get("B", "x")), fail("B", "x")], "property files"),
        ([], "at least one step"),
    ],
)
def test_a_definition_that_cannot_run_is_refused_when_it_is_deployed(
    bench: Bench, steps: Any, said: str
) -> None:
    with pytest.raises(
        ClientError, match=f"ValidationException.*Unable to parse pipeline definition.*{said}"
    ):
        bench.pipeline(steps)
