"""Pipelines: any definition runs, step by step, through the ordinary API."""

from __future__ import annotations

import json
from typing import Any

from sagemaker_bench import BUCKET, IMAGE, Bench, arn, fresh, wait_for
from sagemaker_steps import condition, fail, json_get, processing, run, writer


def test_parameters_properties_and_files_flow_from_step_to_step(bench: Bench) -> None:
    first = writer(bench, "First", {"Get": "Parameters.Text"})
    uri = {"Get": "Steps.First.ProcessingOutputConfig.Outputs['report'].S3Output.S3Uri"}
    second = processing(
        bench,
        "Second",
        "import sys, pathlib; print(sys.argv[1], pathlib.Path(sys.argv[2], 'report.json').read_text())",
        {
            "Std:Join": {
                "On": "/",
                "Values": [
                    {"Get": "Execution.PipelineName"},
                    {"Get": "Parameters.Depth"},
                    json_get("First", "metrics.auc.value"),
                    json_get("First", "list[1]['a.b']"),
                    "end",
                ],
            }
        },
        "/opt/ml/processing/input/first",
    )
    source = {"S3Uri": uri, "LocalPath": "/opt/ml/processing/input/first", "S3DataType": "S3Prefix"}
    second["Arguments"]["ProcessingInputs"].append({"InputName": "first", "S3Input": source})
    parameters = [
        {"Name": "Text", "Type": "String"},
        {"Name": "Depth", "Type": "Integer", "DefaultValue": 3},
    ]
    text = json.dumps({"metrics": {"auc": {"value": 0.75}}, "list": [0, {"a.b": "deep"}]})
    name = bench.pipeline([second, first], parameters)
    execution = bench.started(name, Text=text)
    found, steps = bench.finished(execution), bench.steps(execution)
    assert found["PipelineExecutionStatus"] == "Succeeded", steps
    assert steps["First"]["EndTime"] <= steps["Second"]["StartTime"], "data decide the order, not the list"
    job = bench.job_of(steps["Second"])["ProcessingJobName"]
    assert job.startswith(f"pipelines-{execution.rsplit('/', 1)[1]}-Second-"), "a job is named after its step"
    assert bench.log("ProcessingJobs", job)["algo-1"] == [f"{name}/3/0.75/deep/end {text}"], "values arrive"
    given = bench.sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=execution)
    assert given["PipelineParameters"] == [{"Name": "Text", "Value": text}], "parameters are told"
    told = bench.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=execution)
    assert json.loads(told["PipelineDefinition"])["Parameters"] == parameters, "and the definition"


def test_a_condition_runs_one_branch_and_a_fail_step_says_why(bench: Bench) -> None:
    def test(value: float) -> dict[str, Any]:
        right = {"Get": "Parameters.Floor"}
        return {"Type": "GreaterThanOrEqualTo", "LeftValue": json_get("Measure", "auc"), "RightValue": right}

    message = {"Std:Join": {"On": " ", "Values": ["AUC", json_get("Measure", "auc"), "is too low"]}}
    steps = [
        writer(bench, "Measure", '{"auc": 0.7}'),
        condition("Check", [test(0.7)], [writer(bench, "Good", "{}")], [fail("Refuse", message)]),
    ]
    floor = [{"Name": "Floor", "Type": "Float", "DefaultValue": 0.65}]
    name = bench.pipeline(steps, floor)
    execution = bench.started(name)
    assert bench.finished(execution)["PipelineExecutionStatus"] == "Succeeded", bench.steps(execution)
    done = bench.steps(execution)
    assert set(done) == {"Measure", "Check", "Good"}, "the other branch did not begin"
    assert done["Check"]["Metadata"]["Condition"]["Outcome"] == "True", "by this outcome"
    execution = bench.started(name, Floor="0.71")
    ended, done = bench.finished(execution), bench.steps(execution)
    assert ended["PipelineExecutionStatus"] == "Failed", "a Fail step fails the execution"
    assert ended["FailureReason"] == "Step failure: One or multiple steps failed.", "as the service says"
    assert done["Refuse"]["FailureReason"] == "AUC 0.7 is too low", "with its own words"
    assert done["Refuse"]["Metadata"]["Fail"]["ErrorMessage"] == "AUC 0.7 is too low", "in both places"
    assert "Good" not in done, "and the good branch did not begin"


def test_conditions_nest_and_their_inner_steps_wait(bench: Bench) -> None:
    true = {"Type": "Equals", "LeftValue": {"Get": "Parameters.Mode"}, "RightValue": "deep"}
    inner = condition(
        "Inner", [{"Type": "Not", "Condition": true}], [fail("No", "x")], [writer(bench, "Yes", "{}")]
    )
    found, steps = run(
        bench,
        [condition("Outer", [true], [inner], [fail("Else", "y")])],
        [{"Name": "Mode", "Type": "String", "DefaultValue": "deep"}],
    )
    assert found["PipelineExecutionStatus"] == "Succeeded", steps
    assert set(steps) == {"Outer", "Inner", "Yes"}, "one way through"


def test_a_model_is_trained_and_registered_with_what_is_known_of_it(bench: Bench) -> None:
    group = fresh("group")
    bench.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    script = """
    import os, pathlib
    pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text("{}")
    print("validation-auc=0.9;")
    """
    request = bench.training(
        script, metrics=[{"Name": "validation:auc", "Regex": "validation-auc=([0-9.]+);"}]
    )
    del request["TrainingJobName"]
    auc = {
        "Std:Join": {"On": "", "Values": [{"Get": "Steps.Train.FinalMetricDataList['validation:auc'].Value"}]}
    }
    artefact = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    register = {
        "ModelPackageGroupName": group,
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [{"Image": IMAGE, "ModelDataUrl": artefact}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        "CustomerMetadataProperties": {"auc": auc, "job": {"Get": "Steps.Train.TrainingJobArn"}},
        "ModelMetrics": {
            "ModelQuality": {
                "Statistics": {"ContentType": "application/json", "S3Uri": f"s3://{BUCKET}/m.json"}
            }
        },
    }
    found, steps = run(
        bench,
        [
            {"Name": "Register", "Type": "RegisterModel", "Arguments": register},
            {"Name": "Train", "Type": "Training", "Arguments": request},
        ],
    )
    assert found["PipelineExecutionStatus"] == "Succeeded", steps
    package = bench.sagemaker.describe_model_package(
        ModelPackageName=steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    )
    assert (package["ModelPackageVersion"], package["ModelApprovalStatus"]) == (1, "PendingManualApproval"), (
        "v1"
    )
    job = steps["Train"]["Metadata"]["TrainingJob"]["Arn"]
    assert package["CustomerMetadataProperties"] == {"auc": "0.9", "job": job}, "where it comes from"
    url = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    assert url == bench.job_of(steps["Train"])["ModelArtifacts"]["S3ModelArtifacts"], "its artefact"
    assert bench.get(url), "which is there"
    assert package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == f"s3://{BUCKET}/m.json", (
        "metrics"
    )


def test_a_callback_step_waits_for_its_answer(bench: Bench) -> None:
    sqs = bench.client("sqs")
    queue = sqs.create_queue(QueueName=fresh("queue"))["QueueUrl"]
    ask = {"Name": "Ask", "Type": "Callback", "SqsQueueUrl": queue, "Arguments": {"question": "go?"}}
    ask["OutputParameters"] = [{"OutputName": "answer", "OutputType": "String"}]
    answer = {"Std:Join": {"On": "", "Values": [{"Get": "Steps.Ask.OutputParameters['answer']"}]}}
    execution = bench.started(bench.pipeline([ask, fail("Say", answer)]))
    message = wait_for(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), bool)[0]
    body = json.loads(message["Body"])
    assert (body["arguments"], body["pipelineExecutionArn"]) == ({"question": "go?"}, execution), (
        "the question"
    )
    bench.sagemaker.send_pipeline_execution_step_success(
        CallbackToken=body["token"], OutputParameters=[{"Name": "answer", "Value": "no"}]
    )
    assert bench.finished(execution)["PipelineExecutionStatus"] == "Failed", "the Fail step followed"
    assert bench.steps(execution)["Say"]["FailureReason"] == "no", "with the answer"


def test_a_trained_model_is_made_and_scores_a_batch(bench: Bench) -> None:
    name = fresh("batch")
    script = """
    import os, pathlib, textwrap
    folder = pathlib.Path(os.environ["SM_MODEL_DIR"], "code")
    folder.mkdir()
    folder.parent.joinpath("factor.txt").write_text("3")
    folder.joinpath("inference.py").write_text(textwrap.dedent('''
        import pathlib
        def model_fn(model_dir):
            return int(pathlib.Path(model_dir, "factor.txt").read_text())
        def input_fn(body, content_type):
            text = body.decode() if isinstance(body, bytes) else body
            return [float(line) for line in text.split()]
        def predict_fn(rows, model):
            return [row * model for row in rows]
        def output_fn(rows, accept):
            return "".join(f"{row}\\\\n" for row in rows)
    '''))
    """
    training = bench.training(script)
    del training["TrainingJobName"]
    variables = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    artefact = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    model = {
        "ExecutionRoleArn": arn("job"),
        "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": artefact, "Environment": variables},
    }
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": bench.put(f"{name}/in/rows.csv", "1\n2\n")}}
    transform = {
        "ModelName": {"Get": "Steps.Make.ModelName"},
        "TransformInput": {"DataSource": source, "ContentType": "text/csv"},
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/{name}/out", "Accept": "text/csv"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    found, steps = run(
        bench,
        [
            {"Name": "Train", "Type": "Training", "Arguments": training},
            {"Name": "Make", "Type": "Model", "Arguments": model},
            {"Name": "Score", "Type": "Transform", "Arguments": transform},
        ],
    )
    assert found["PipelineExecutionStatus"] == "Succeeded", steps
    assert bench.get(f"s3://{BUCKET}/{name}/out/rows.csv.out") == b"3.0\n6.0\n", "by the model's own code"
