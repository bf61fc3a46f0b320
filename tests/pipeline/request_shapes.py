"""Holds a step's arguments to the API's own model: botocore's shapes of the request that SageMaker makes of them.

What is only known when the pipeline runs stands for any value, but not for any kind: a parameter has a type, and a join
is a text. Deliberately not here: what the arguments should be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import botocore.session

MODEL = botocore.session.get_session().get_service_model("sagemaker")
INPUTS = {
    "Processing": "CreateProcessingJobRequest",
    "Training": "CreateTrainingJobRequest",
    "Tuning": "CreateHyperParameterTuningJobRequest",
    "RegisterModel": "CreateModelPackageInput",
}
NAMED_BY_THE_SERVICE = {"ProcessingJobName", "TrainingJobName", "HyperParameterTuningJobName"}
DESCRIBED = {
    "Processing": ("DescribeProcessingJobResponse",),
    "Training": ("DescribeTrainingJobResponse",),
    # the guide: a tuning step has the properties of both
    "Tuning": (
        "DescribeHyperParameterTuningJobResponse",
        "ListTrainingJobsForHyperParameterTuningJobResponse",
    ),
    "RegisterModel": ("DescribeModelPackageOutput",),
}
KINDS = {
    "string": ("String",), "integer": ("Integer",), "long": ("Integer",), "float": ("Float", "Integer"),
    "double": ("Float", "Integer"), "boolean": ("Boolean",),
}  # fmt: skip
"""Scalar shape -> types of parameters that fit it."""


def problems(step: Mapping[str, Any], parameters: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What the API would not take of a step's arguments; empty when all is well."""
    shape = MODEL.shape_for(INPUTS[step["Type"]])
    return _held(shape, step["Arguments"], step["Name"], parameters)


def _held(shape: Any, value: Any, where: str, parameters: Mapping[str, Any]) -> list[str]:
    if isinstance(value, dict) and set(value) & {"Get", "Std:Join", "Std:JsonGet"}:
        return _later(shape, value, where, parameters)
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no structure"]
        found = [f"{where}: has no member {name}" for name in value if name not in shape.members]
        missing = set(shape.required_members) - set(value) - NAMED_BY_THE_SERVICE
        found += [f"{where}: lacks {name}" for name in sorted(missing)]
        for name, entry in value.items():
            if name in shape.members:
                found += _held(shape.members[name], entry, f"{where}.{name}", parameters)
        return found
    if kind == "list":
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no list"]
        found = _length(shape, len(value), where)
        for index, entry in enumerate(value):
            found += _held(shape.member, entry, f"{where}[{index}]", parameters)
        return found
    if kind == "map":
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no mapping"]
        found = _length(shape, len(value), where)
        for name, entry in value.items():
            found += _held(shape.key, name, f"{where}: the key {name}", parameters)
            found += _held(shape.value, entry, f"{where}[{name}]", parameters)
        return found
    return _scalar(shape, value, where)


def _scalar(shape: Any, value: Any, where: str) -> list[str]:
    kind = shape.type_name
    if kind == "string":
        if not isinstance(value, str):
            return [f"{where}: {value!r} is no text"]
        found = _length(shape, len(value), where)
        if getattr(shape, "enum", None) and value not in shape.enum:
            found.append(f"{where}: {value!r} is none of {', '.join(shape.enum)}")
        pattern = shape.metadata.get("pattern")
        # Java's classes of characters are not Python's; those few patterns are checked where they matter
        if pattern and not re.search(r"\\[pu]", pattern) and not re.fullmatch(pattern, value):
            found.append(f"{where}: {value!r} does not match {pattern}")
        return found
    if kind == "boolean":
        return [] if isinstance(value, bool) else [f"{where}: {value!r} is no switch"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [f"{where}: {value!r} is no number"]
    return _length(shape, value, where)


def _length(shape: Any, size: float, where: str) -> list[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    wrong = (low is not None and size < low) or (high is not None and size > high)
    return [f"{where}: {size} is not from {low} to {high}"] if wrong else []


def _later(shape: Any, value: Mapping[str, Any], where: str, parameters: Mapping[str, Any]) -> list[str]:
    if shape.type_name not in KINDS:
        return [f"{where}: a reference stands for a {shape.type_name}"]
    if "Std:Join" in value and shape.type_name != "string":
        return [f"{where}: a join is a text, not a {shape.type_name}"]
    reference = str(value.get("Get", ""))
    if not reference.startswith("Parameters."):
        return []
    name = reference.removeprefix("Parameters.")
    if name not in parameters:
        return [f"{where}: there is no parameter {name}"]
    declared = parameters[name]
    if declared["Type"] not in KINDS[shape.type_name]:
        return [f"{where}: {name} is {declared['Type']}, wanted is a {shape.type_name}"]
    # what a run would send without further ado
    return _scalar(shape, declared["DefaultValue"], f"{where} by default")


def property_problem(reference: str, known: Mapping[str, Mapping[str, Any]]) -> str:
    """Why a reference ``Steps.<name>.<path>`` cannot be resolved; empty when it can."""
    _, name, path = reference.split(".", 2)
    if name not in known:
        return f"{reference}: there is no step {name}"
    step = known[name]
    if path.startswith("PropertyFiles."):
        files = {item["PropertyFileName"] for item in step.get("PropertyFiles", [])}
        return "" if path.split(".", 1)[1] in files else f"{reference}: {name} declares {sorted(files)}"
    shapes = [MODEL.shape_for(shape) for shape in DESCRIBED[step["Type"]]]
    if any(_resolves(shape, path) for shape in shapes):
        return ""
    return f"{reference}: a described {step['Type']} has no such property"


def _resolves(shape: Any, path: str) -> bool:
    for part in re.findall(r"\w+|\[[^\]]+\]", path):
        if part.startswith("["):
            if shape.type_name != "list":
                return False
            shape = shape.member
        elif shape.type_name == "structure" and part in shape.members:
            shape = shape.members[part]
        else:
            return False
    return shape.type_name in KINDS
