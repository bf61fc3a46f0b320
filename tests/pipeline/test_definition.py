"""The definition as a whole: its schema, its order, who runs what where, and what a model package says of itself."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from typing import Any

import jsonschema
import pipeline_parts as parts
import pytest
from definition_schema import SCHEMA

from governance.errors import MeshError
from governance.pipelines import Instances
from training.config import load_config
from training.pipeline import canonical, definition

JOBS = ("Preprocess", "Train", "Evaluate")


def errors(found: dict[str, Any]) -> list[str]:
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(found)]


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("kind", ["plain", "searching"])
def test_the_definition_keeps_to_the_schema(kind: str, request: pytest.FixtureRequest) -> None:
    assert errors(request.getfixturevalue(kind)) == []


@pytest.mark.parametrize("change", [
    lambda d: d.update(Version="2021-01-01"),
    lambda d: d.update(PipelineExperimentConfig=None),
    lambda d: d["Parameters"][0].update(Type="Text"),
    lambda d: d["Parameters"][0].update(Name="with blank"),
    lambda d: d["Steps"][0].pop("Arguments"),
    lambda d: d["Steps"][0].update(Retry=[]),
    lambda d: d["Steps"][0]["CacheConfig"].update(ExpireAfter="one day"),
    lambda d: d["Steps"][0]["RetryPolicies"][0].update(ExpireAfterMin=5),
    lambda d: d["Steps"][0]["RetryPolicies"][0].update(ExceptionType=["Step.ANY"]),
    lambda d: d["Steps"][3]["Arguments"]["Conditions"][0].update(Type="AtLeast"),
    lambda d: d["Steps"][3]["Arguments"]["IfSteps"].append({"Name": "Other", "Type": "Other", "Arguments": {}}),
])  # fmt: skip
def test_the_schema_sees_what_the_service_would_refuse(plain: dict[str, Any], change: Any) -> None:
    changed = copy.deepcopy(plain)
    change(changed)
    assert errors(changed)


def test_the_steps_are_those_of_the_article_and_of_a_careful_bank(
    plain: dict[str, Any], searching: dict[str, Any]
) -> None:
    assert [step["Name"] for step in plain["Steps"]] == ["Preprocess", "Train", "Evaluate", "Check"]
    assert [step["Name"] for step in searching["Steps"]] == ["Preprocess", "Tune", "Evaluate", "Check"]
    for found in (plain, searching):
        branches = parts.steps(found)["Check"]["Arguments"]
        assert [step["Name"] for step in branches["IfSteps"]] == ["Register"]
        assert [step["Name"] for step in branches["ElseSteps"]] == ["Refuse"]


def test_rows_come_through_the_resource_link_by_athena(plain: dict[str, Any]) -> None:
    data = parts.steps(plain)["Preprocess"]["Arguments"]["ProcessingInputs"][0]["DatasetDefinition"]
    assert data == {
        "AthenaDatasetDefinition": {
            "Catalog": "AwsDataCatalog",
            "Database": {"Get": "Parameters.Database"},
            "QueryString": {
                "Std:Join": {
                    "On": "",
                    "Values": [{"Get": f"Parameters.Query{part}"} for part in ("", 2, 3, 4)],
                }
            },
            "WorkGroup": "mesh-coe-pipeline",
            "OutputS3Uri": f"s3://{parts.RESULTS}/pipeline/processing/",
            "KmsKeyId": parts.KEY,
            "OutputFormat": "PARQUET",
            "OutputCompression": "SNAPPY",
        },
        "LocalPath": "/opt/ml/processing/input/data",
        "DataDistributionType": "ShardedByS3Key",
        "InputMode": "File",
    }
    defaults = {name: entry.get("DefaultValue") for name, entry in parts.parameters(plain).items()}
    assert defaults["Database"] == "rl_credit-card"
    assert defaults["Query"] == 'SELECT * FROM "rl_credit-card"."credit_card"'
    assert [defaults[f"Query{part}"] for part in (2, 3, 4)] == [""] * 3, "for longer ones"


def test_protected_columns_are_read_by_the_auditor_alone(plain: dict[str, Any]) -> None:
    steps = parts.steps(plain)
    roles = {name: steps[name]["Arguments"]["RoleArn"] for name in JOBS}
    assert roles == {
        "Preprocess": parts.PIPELINE_ROLE, "Train": parts.PIPELINE_ROLE, "Evaluate": parts.AUDITOR_ROLE,
    }  # fmt: skip
    query = parts.parameters(plain)["ProtectedQuery"]["DefaultValue"]
    columns = [group.column for group in load_config().groups]
    assert columns, "the shipped configuration has protected attributes"
    assert all(f'"{column}"' in query for column in ["application_id", *columns])
    readers = [name for name in JOBS if "Parameters.ProtectedQuery" in parts.gets(steps[name])]
    assert readers == ["Evaluate"]
    data = next(
        item
        for item in steps["Evaluate"]["Arguments"]["ProcessingInputs"]
        if item["InputName"] == "protected"
    )
    athena = data["DatasetDefinition"]["AthenaDatasetDefinition"]
    assert athena["WorkGroup"] == "mesh-coe-auditor"
    assert athena["OutputS3Uri"] == f"s3://{parts.RESULTS}/auditor/processing/"


def test_a_model_without_protected_attributes_is_evaluated_without_them() -> None:
    given = parts.settings()
    found = parts.made(replace(given, config=replace(given.config, groups=())))
    assert "ProtectedQuery" not in parts.parameters(found)
    evaluate = parts.steps(found)["Evaluate"]
    assert "--groups" not in parts.arguments(evaluate)
    assert [item["InputName"] for item in evaluate["Arguments"]["ProcessingInputs"]] == [
        "model", "test", "train", "code",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["plain", "searching"])
def test_every_job_is_isolated_in_the_vpc_and_encrypted(kind: str, request: pytest.FixtureRequest) -> None:
    steps = parts.steps(request.getfixturevalue(kind))
    vpc = {"Subnets": ["subnet-0a1b2c3d4e5f60718"], "SecurityGroupIds": ["sg-0a1b2c3d4e5f60718"]}
    for name in ("Preprocess", "Evaluate"):
        job = steps[name]["Arguments"]
        assert job["NetworkConfig"] == {
            "EnableNetworkIsolation": True, "EnableInterContainerTrafficEncryption": True, "VpcConfig": vpc,
        }  # fmt: skip
        assert job["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == parts.KEY
        assert job["ProcessingOutputConfig"]["KmsKeyId"] == parts.KEY
    training = (
        steps["Train"]["Arguments"]
        if kind == "plain"
        else steps["Tune"]["Arguments"]["TrainingJobDefinition"]
    )
    assert training["EnableNetworkIsolation"] is True
    assert training["EnableInterContainerTrafficEncryption"] is True
    assert training["VpcConfig"] == vpc
    assert training["ResourceConfig"]["VolumeKmsKeyId"] == parts.KEY
    assert training["OutputDataConfig"]["KmsKeyId"] == parts.KEY


def test_an_isolated_job_finds_its_code_in_an_input(plain: dict[str, Any]) -> None:
    steps = parts.steps(plain)
    for name in ("Preprocess", "Evaluate"):
        entry = steps[name]["Arguments"]["AppSpecification"]["ContainerEntrypoint"]
        assert entry == ["python3", "/opt/ml/processing/input/code/training.zip", name.lower()]
        code = next(i for i in steps[name]["Arguments"]["ProcessingInputs"] if i["InputName"] == "code")
        assert code["S3Input"]["LocalPath"] == "/opt/ml/processing/input/code"
        assert code["S3Input"]["S3Uri"].endswith("/training.zip")
    training = steps["Train"]["Arguments"]
    program = {
        name: training["HyperParameters"][f"sagemaker_{name}"] for name in ("program", "submit_directory")
    }
    assert program == {"program": "train.py", "submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz"}
    channels = {
        item["ChannelName"]: item["DataSource"]["S3DataSource"] for item in training["InputDataConfig"]
    }
    assert set(channels) == {"train", "validation", "features", "code"}
    assert channels["code"]["S3Uri"].endswith("/sourcedir.tar.gz")


def test_hyperparameters_are_parameters_and_texts(plain: dict[str, Any], searching: dict[str, Any]) -> None:
    given = parts.steps(plain)["Train"]["Arguments"]["HyperParameters"]
    config = load_config().hyperparameters
    assert given["max_depth"] == {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.MaxDepth"}]}}
    assert parts.parameters(plain)["MaxDepth"] == {
        "Name": "MaxDepth",
        "Type": "Integer",
        "DefaultValue": config.max_depth,
    }
    job = parts.steps(searching)["Tune"]["Arguments"]
    ranges = job["HyperParameterTuningJobConfig"]["ParameterRanges"]
    tuned = {item["Name"] for kind in ranges.values() for item in kind}
    assert tuned == {"eta", "max_depth"}
    static = job["TrainingJobDefinition"]["StaticHyperParameters"]
    assert not tuned & set(static), "what is tuned is not set as well"
    assert not {"Eta", "MaxDepth"} & set(parts.parameters(searching)), "nor a parameter"
    assert {"rounds", "seed", "sagemaker_program"} <= set(static)


def test_spot_training_waits_and_keeps_checkpoints() -> None:
    without = parts.steps(parts.made(parts.settings()))["Train"]["Arguments"]
    assert without["EnableManagedSpotTraining"] is False
    assert "MaxWaitTimeInSeconds" not in without["StoppingCondition"]
    assert "CheckpointConfig" not in without
    spot = Instances(spot=True, max_hours=2, spot_wait_hours=5)
    with_spot = parts.steps(parts.made(parts.settings(instances=spot)))["Train"]["Arguments"]
    assert with_spot["EnableManagedSpotTraining"] is True
    assert with_spot["StoppingCondition"] == {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 18000}
    assert with_spot["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints"


def test_jobs_are_cached_and_tried_again_and_decisions_are_not(plain: dict[str, Any]) -> None:
    steps = parts.steps(plain)
    assert {name for name, step in steps.items() if "CacheConfig" in step} == set(JOBS)
    assert {name for name, step in steps.items() if "RetryPolicies" in step} == {*JOBS, "Register"}
    assert steps["Preprocess"]["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P1D"}
    kinds = {kind for policy in steps["Train"]["RetryPolicies"] for kind in policy["ExceptionType"]}
    assert {"Step.THROTTLING", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"} <= kinds
    register = {kind for policy in steps["Register"]["RetryPolicies"] for kind in policy["ExceptionType"]}
    assert register == {"Step.SERVICE_FAULT", "Step.THROTTLING"}, "a package is no job"


def test_changed_data_is_another_cache_entry(plain: dict[str, Any]) -> None:
    job = parts.steps(plain)["Preprocess"]["Arguments"]
    assert job["Environment"] == {"DATA_VERSION": {"Get": "Parameters.DataVersion"}}


def test_nothing_is_written_into_the_results_of_the_other_role(plain: dict[str, Any]) -> None:
    steps = parts.steps(plain)
    own = {"Preprocess": "pipeline", "Train": "pipeline", "Evaluate": "auditor"}
    for name, role in own.items():
        job = steps[name]["Arguments"]
        text = json.dumps(job.get("ProcessingOutputConfig") or job["OutputDataConfig"])
        prefixes = set(re.findall(rf"s3://{parts.BUCKET}/([^/\"]+)", text))
        assert prefixes == {role}, f"{name} writes as {role}"


def test_equal_settings_give_equal_bytes_and_others_do_not() -> None:
    text = definition(parts.settings())
    assert text == definition(parts.settings())
    assert text != definition(parts.settings(revision="f" * 64))
    assert text == canonical(json.loads(text)), "canonical"
    assert text.isascii()
    assert not re.search(r"20\d\d-\d\d-\d\dT|offline", text), "no time, no placeholder"
    assert "null" not in text


def test_json_is_written_as_other_languages_write_it() -> None:
    assert canonical({"b": 1.0, "a": [0.25, None], "c": None}) == '{"a":[0.25,null],"b":1}'


def test_another_product_trains_by_configuration_alone() -> None:
    config = load_config(
        None, product="loans", table="applications", target="defaulted", positive="yes", key="loan,month",
        query='SELECT a, b FROM {table} WHERE "x" > 0',
    )  # fmt: skip
    found = parts.made(parts.settings(config=config, database="rl_loans", contract_version="3.0.0"))
    defaults = {name: entry.get("DefaultValue") for name, entry in parts.parameters(found).items()}
    assert defaults["Query"] == 'SELECT a, b FROM "rl_loans"."applications" WHERE "x" > 0'
    assert (defaults["Target"], defaults["Positive"], defaults["Key"]) == ("defaulted", "yes", "loan,month")
    assert "credit" not in json.dumps(
        [parts.parameters(found), parts.arguments(parts.steps(found)["Preprocess"])]
    ).replace("credit-risk", ""), "nothing of the shipped product is left but the configuration's name"


def test_a_region_without_the_container_is_refused() -> None:
    with pytest.raises(MeshError, match="no XGBoost container"):
        definition(parts.settings(region="eu-west-9"))
