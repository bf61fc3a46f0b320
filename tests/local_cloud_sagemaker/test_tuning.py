"""Tuning jobs: choices within their ranges, side by side, the best one named, failures."""

from __future__ import annotations

import math
import random
from itertools import islice
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from sagemaker_bench import ACCOUNT, REGION, Bench, fresh

from local.cloud.sagemaker import ranges

SCRIPT = """
import sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print(f"score={float(given.get('-x', 0)) + float(given['--bonus'])};")
if given.get("--kind") == "bad":
    raise ValueError("bad kind")
"""
METRIC = {"Name": "score", "Regex": r"score=(\S+);"}


def tuning(bench: Bench, spaces: dict[str, Any], script: str = SCRIPT, **config: Any) -> dict[str, Any]:
    """A request for a tuning job of at most three trainings, two at once."""
    training = bench.training(script, metrics=[METRIC])
    static = {**training["HyperParameters"], "bonus": "1"}
    kept = ("AlgorithmSpecification", "RoleArn", "OutputDataConfig", "ResourceConfig", "StoppingCondition")
    return {
        "HyperParameterTuningJobName": fresh("tuning"),
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "RandomSeed": 5,
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 2},
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
            "ParameterRanges": spaces,
            **config,
        },
        "TrainingJobDefinition": {
            **{key: training[key] for key in kept},
            "StaticHyperParameters": static,
        },
    }


def tuned(bench: Bench, request: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The job when it has ended, and its training jobs, the best first."""
    bench.sagemaker.create_hyper_parameter_tuning_job(**request)
    name = request["HyperParameterTuningJobName"]
    job = bench.ended("hyper_parameter_tuning", name)
    listed = bench.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name, SortBy="FinalObjectiveMetricValue", SortOrder="Descending"
    )
    return job, listed["TrainingJobSummaries"]


def value(summary: dict[str, Any]) -> float:
    return float(summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"])


def test_the_best_of_several_trainings_is_named(bench: Bench) -> None:
    space = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "10"}]}
    job, listed = tuned(bench, tuning(bench, space))
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert len(listed) == 3, "as many as allowed"
    assert [value(each) for each in listed] == sorted((value(each) for each in listed), reverse=True), (
        "in order"
    )
    assert job["BestTrainingJob"]["TrainingJobName"] == listed[0]["TrainingJobName"], "the highest is best"
    for each in listed:
        chosen = float(each["TunedHyperParameters"]["x"])
        assert 0 <= chosen <= 10, "within the range"
        assert value(each) == pytest.approx(chosen + 1), "the script got the choice and the static value"
    assert job["TrainingJobStatusCounters"]["Completed"] == 3, "counted"
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}, "by objective too"
    training = bench.sagemaker.describe_training_job(TrainingJobName=listed[0]["TrainingJobName"])
    assert training["TuningJobArn"] == job["HyperParameterTuningJobArn"], "a training job knows its tuning"
    start = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hyper-parameter-tuning-job/"
    assert job["HyperParameterTuningJobArn"].startswith(start), "the ARN"


def test_a_grid_tries_every_combination_once(bench: Bench) -> None:
    space = {
        "CategoricalParameterRanges": [
            {"Name": "x", "Values": ["1", "2"]},
            {"Name": "kind", "Values": ["good", "bad"]},
        ]
    }
    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2}
    job, _ = tuned(bench, tuning(bench, space, Strategy="Grid", ResourceLimits=limits))
    assert job["HyperParameterTuningJobStatus"] == "Completed", "some succeeded"
    assert job["TrainingJobStatusCounters"]["Completed"] == 2, "the good ones"
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 2, "the bad ones"
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "2", "kind": "good"}, (
        "the best of the good"
    )


def test_a_tuning_whose_trainings_all_fail_fails(bench: Bench) -> None:
    space = {"CategoricalParameterRanges": [{"Name": "kind", "Values": ["bad"]}]}
    job, listed = tuned(bench, tuning(bench, space))
    assert job["HyperParameterTuningJobStatus"] == "Failed", "there is no best one"
    assert job["FailureReason"].startswith("All training jobs failed."), job["FailureReason"]
    assert (listed, "BestTrainingJob" in job) == ([], False), "nothing is ranked"


def test_a_tuning_can_be_stopped(bench: Bench) -> None:
    space = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1"]}]}
    request = tuning(bench, space, script="import time; time.sleep(60)")
    bench.sagemaker.create_hyper_parameter_tuning_job(**request)
    name = request["HyperParameterTuningJobName"]
    bench.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    job = bench.ended("hyper_parameter_tuning", name)
    assert job["HyperParameterTuningJobStatus"] == "Stopped", "as asked"
    assert job["TrainingJobStatusCounters"]["InProgress"] == 0, "with its training jobs"


def test_a_tuning_step_hands_the_best_model_on(bench: Bench) -> None:
    space = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "10"}]}
    request = tuning(bench, space)
    del request["HyperParameterTuningJobName"]
    best = {"Get": "Steps.Tune.TrainingJobSummaries[0].TrainingJobName"}
    also = {"Get": "Steps.Tune.BestTrainingJob.TrainingJobName"}
    steps = [
        {"Name": "Tune", "Type": "Tuning", "Arguments": request},
        {
            "Name": "Say",
            "Type": "Fail",
            "Arguments": {"ErrorMessage": {"Std:Join": {"On": " ", "Values": [best, also]}}},
        },
    ]
    execution = bench.started(bench.pipeline(steps))
    bench.finished(execution)
    done = bench.steps(execution)
    first, second = done["Say"]["FailureReason"].split(" ")
    assert first == second, "the first of the summaries is the best"
    name = done["Tune"]["Metadata"]["TuningJob"]["Arn"].rsplit("/", 1)[1]
    assert len(name) <= 32, "a tuning job's name is short"
    assert first.lower().startswith(name), "and its training jobs are named after it"


def test_requests_that_the_service_refuses(bench: Bench) -> None:
    create = bench.sagemaker.create_hyper_parameter_tuning_job
    space = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "10"}]}
    objective = {"Type": "Maximize", "MetricName": "other"}
    with pytest.raises(ClientError, match="objective metric other is not one of"):
        create(**tuning(bench, space, HyperParameterTuningJobObjective=objective))
    with pytest.raises(ClientError, match="Grid search supports only categorical"):
        create(**tuning(bench, space, Strategy="Grid"))
    wrong = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "3", "MaxValue": "1"}]}
    with pytest.raises(ClientError, match="MinValue of x is above"):
        create(**tuning(bench, wrong))
    with pytest.raises(ClientError, match="At least one hyperparameter range"):
        create(**tuning(bench, {}))


@given(
    least=st.floats(0.001, 0.4),
    width=st.floats(0, 0.5),
    scaling=st.sampled_from(["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"]),
    seed=st.integers(0, 1000),
)
def test_every_draw_lies_within_its_range(least: float, width: float, scaling: str, seed: int) -> None:
    each = {"Name": "x", "MinValue": repr(least), "MaxValue": repr(least + width), "ScalingType": scaling}
    whole = {"Name": "n", "MinValue": "2", "MaxValue": "9", "ScalingType": scaling.replace("Reverse", "")}
    space = {"ContinuousParameterRanges": [each], "IntegerParameterRanges": [whole]}
    ranges.demand(space, "Random")
    drawn = list(islice(ranges.trials(space, "Random", seed), 20))
    assert drawn == list(islice(ranges.trials(space, "Random", seed), 20)), "a seed gives the same trials"
    for trial in drawn:
        slack = 1e-9
        assert least - slack <= float(trial["x"]) <= least + width + slack, "continuous"
        assert 2 <= int(trial["n"]) <= 9, "whole"


def test_scaling_types_prefer_the_ends_they_are_made_for() -> None:
    def middle(scaling: str, least: str, most: str) -> float:
        each = {"Name": "x", "MinValue": least, "MaxValue": most, "ScalingType": scaling}
        trials = islice(ranges.trials({"ContinuousParameterRanges": [each]}, "Random", 1), 2000)
        return sorted(float(trial["x"]) for trial in trials)[1000]

    assert middle("Linear", "0.0001", "1") == pytest.approx(0.5, abs=0.05), "even"
    assert math.log10(middle("Logarithmic", "0.0001", "1")) == pytest.approx(-2, abs=0.2), (
        "even in the exponent"
    )
    assert middle("ReverseLogarithmic", "0", "0.9999") > 0.95, "close to one"
    assert random.Random(1).random() != random.Random(2).random(), "seeds differ"
