"""The pipeline definition's schema, version 2020-12-01, as far as this project's step types go.

Written after the published one (aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema)
and the developer guide. It differs where the published one is behind what the service takes and the SageMaker SDK
writes: `PropertyFiles`, `EnumValues`, `Std:Join` and `Std:JsonGet` wherever a text may stand, and a list of exception
types in a retry policy. What stands in `Arguments` of a job is held to the API's own model (test_requests).
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _object(required: list[str], optional: Schema | None = None, **properties: Any) -> Schema:
    return {
        "type": "object",
        "properties": {**properties, **(optional or {})},
        "required": required,
        "additionalProperties": False,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _parameter(kind: str, default: Schema, **more: Any) -> Schema:
    return _object(
        ["Name", "Type"],
        Name=_ref("ParameterName"),
        Type={"const": kind},
        DefaultValue=default,
        Description=_ref("Description"),
        **more,
    )


def _step(kind: str, arguments: Schema, **more: Any) -> Schema:
    return _object(
        ["Name", "Type", "Arguments"],
        Name=_ref("StepName"),
        Type={"const": kind},
        Arguments=arguments,
        Description=_ref("Description"),
        DisplayName=_ref("StepName"),
        DependsOn={"type": "array", "items": _ref("StepName")},
        **more,
    )


_RETRIES = {"RetryPolicies": {"type": "array", "items": _ref("RetryPolicy"), "minItems": 1}}
_CACHE = {"CacheConfig": _ref("CacheConfig")}
_FILES = {"PropertyFiles": {"type": "array", "items": _ref("PropertyFile"), "minItems": 1}}
_REQUEST = {"type": "object", "minProperties": 1}
_COMPARISONS = [
    "Equals", "NotEquals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo",
]  # fmt: skip
_EXCEPTIONS = [
    "Step.SERVICE_FAULT", "Step.THROTTLING",
    "SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT",
]  # fmt: skip
_BRANCH = {"type": "array", "items": _ref("Step")}

SCHEMA: Schema = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "definitions": {
        "ParameterName": {"type": "string", "pattern": r"^[A-Za-z0-9\-_]{1,64}$"},
        "StepName": {"type": "string", "pattern": r"^[A-Za-z0-9\-_]{1,64}$"},
        "Description": {"type": "string", "maxLength": 4096},
        "Get": _object(["Get"], Get={"type": "string", "pattern": r"^(Parameters|Execution|Steps)\..+"}),
        "Join": _object(
            ["Std:Join"],
            **{
                "Std:Join": _object(
                    ["Values"],
                    On={"type": "string"},
                    Values={"type": "array", "minItems": 1, "items": _ref("Value")},
                )
            },
        ),
        "JsonGet": _object(
            ["Std:JsonGet"],
            **{
                "Std:JsonGet": _object(
                    ["PropertyFile", "Path"],
                    PropertyFile=_ref("Get"),
                    Path={"type": "string", "minLength": 1},
                )
            },
        ),
        "Value": {
            "oneOf": [
                {"type": ["string", "number", "boolean"]},
                _ref("Get"),
                _ref("Join"),
                _ref("JsonGet"),
            ]
        },
        "RetryPolicy": {
            **_object(
                ["ExceptionType"],
                ExceptionType={"type": "array", "minItems": 1, "items": {"enum": _EXCEPTIONS}},
                IntervalSeconds={"type": "integer", "minimum": 1},
                BackoffRate={"type": "number", "minimum": 1},
                MaxAttempts={"type": "integer", "minimum": 1, "maximum": 20},
                ExpireAfterMin={"type": "integer", "minimum": 1, "maximum": 14400},
            ),
            # the guide: one of the two ends the attempts, never both
            "oneOf": [{"required": ["MaxAttempts"]}, {"required": ["ExpireAfterMin"]}],
        },
        "CacheConfig": _object(
            ["Enabled"],
            Enabled={"type": "boolean"},
            ExpireAfter={"type": "string", "pattern": r"^P(\d+D)?(T(\d+H)?(\d+M)?)?$"},
        ),
        "PropertyFile": _object(
            ["PropertyFileName", "OutputName", "FilePath"],
            PropertyFileName=_ref("StepName"),
            OutputName={"type": "string"},
            FilePath={"type": "string"},
        ),
        "Condition": _object(
            ["Type", "LeftValue", "RightValue"],
            Type={"enum": _COMPARISONS},
            LeftValue=_ref("Value"),
            RightValue=_ref("Value"),
        ),
        "Step": {
            "oneOf": [
                _step("Processing", _REQUEST, **_RETRIES, **_CACHE, **_FILES),
                _step("Training", _REQUEST, **_RETRIES, **_CACHE),
                _step("Tuning", _REQUEST, **_RETRIES, **_CACHE),
                _step("RegisterModel", _REQUEST, **_RETRIES),
                _step("Fail", _object(["ErrorMessage"], ErrorMessage=_ref("Value"))),
                _step(
                    "Condition",
                    _object(
                        ["Conditions", "IfSteps", "ElseSteps"],
                        Conditions={"type": "array", "minItems": 1, "items": _ref("Condition")},
                        IfSteps=_BRANCH,
                        ElseSteps=_BRANCH,
                    ),
                ),
            ]
        },
    },
    **_object(
        ["Version", "Steps"],
        Version={"const": "2020-12-01"},
        Metadata={"type": "object", "additionalProperties": {"type": "string", "maxLength": 1024}},
        Parameters={
            "type": "array",
            "maxItems": 200,
            "items": {
                "oneOf": [
                    _parameter(
                        "String",
                        {"type": "string", "maxLength": 4096},
                        EnumValues={"type": "array", "minItems": 1, "items": {"type": "string"}},
                    ),
                    _parameter("Integer", {"type": "integer"}),
                    _parameter("Float", {"type": "number"}),
                    _parameter("Boolean", {"type": "boolean"}),
                ]
            },
        },
        Steps={"type": "array", "minItems": 1, "items": _ref("Step")},
    ),
}
