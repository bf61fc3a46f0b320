"""Steps for the tests of pipelines, as definitions have them."""

from __future__ import annotations

from typing import Any

from sagemaker_bench import BUCKET, Bench, fresh

WRITE = """
import json, pathlib, sys
target, text = pathlib.Path(sys.argv[1]), sys.argv[2]
target.mkdir(parents=True, exist_ok=True)
(target / "report.json").write_text(text)
print("wrote", text)
"""
OUT = "/opt/ml/processing/output"


def processing(bench: Bench, name: str, script: str, *arguments: Any, **more: Any) -> dict[str, Any]:
    """A processing step."""
    request = bench.processing(script, arguments=list(arguments) or ["--none"], **more.pop("request", {}))
    del request["ProcessingJobName"]
    return {"Name": name, "Type": "Processing", "Arguments": request, **more}


def writer(bench: Bench, name: str, text: Any, **more: Any) -> dict[str, Any]:
    """A processing step that writes a report, with its property file."""
    target = f"s3://{BUCKET}/{fresh('reports')}"
    request = {"outputs": [("report", target, OUT)], **more.pop("request", {})}
    files = [{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "report.json"}]
    return processing(bench, name, WRITE, OUT, text, request=request, PropertyFiles=files, **more)


def json_get(step: str, path: str) -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": {"Get": f"Steps.{step}.PropertyFiles.Report"}, "Path": path}}


def fail(name: str, message: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


def condition(name: str, tests: list[dict[str, Any]], yes: list[Any], no: list[Any]) -> dict[str, Any]:
    return {
        "Name": name,
        "Type": "Condition",
        "Arguments": {"Conditions": tests, "IfSteps": yes, "ElseSteps": no},
    }


def run(bench: Bench, steps: list[Any], parameters: list[Any] | None = None, **given: str) -> tuple[Any, Any]:
    """Make a pipeline and run it; the execution and its steps."""
    execution = bench.started(bench.pipeline(steps, parameters), **given)
    return bench.finished(execution), bench.steps(execution)
