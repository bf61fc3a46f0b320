"""Starting the deployed pipeline and following its runs, by SageMaker's ordinary API.

The same calls reach AWS and, where AWS_ENDPOINT_URL says so, the embedded cloud. Owns what a run is started with: the
champion to beat and the version of the table come from the registry and the catalog. Deliberately not here: flags and
printing (`cli.pipeline`), and the definition (`pipeline`).
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any

from governance.errors import MeshError
from training.config import LARGEST_SEED
from training.model.hyperparameters import Hyperparameters, from_mapping
from training.pipelines.parameters import CHAMPION, DATA_VERSION, QUERY, parameter_name, query_parameters
from training.pipelines.settings import LONGEST_ARGUMENT, LONGEST_QUERY, LONGEST_VALUE
from training.registry.packages import APPROVED, Package, evaluation, packages
from training.session import Context, aws_errors

_HYPERPARAMETERS = {parameter_name(entry.name): entry.name for entry in fields(Hyperparameters)}
_BOUNDS = {
    "Seed": (0, LARGEST_SEED),
    **dict.fromkeys(("PreprocessInstanceCount", "TrainInstanceCount"), (1, math.inf)),
    **dict.fromkeys(
        ("AucFloor", CHAMPION, "Tolerance", "MinSelectionRateRatio", "MaxTprGap", "MaxFprGap"), (0, 1)
    ),
}
_KINDS = {"Integer": int, "Float": float}
_PLAIN = re.compile(r"[-+.0-9eE]+\Z")
"""Signs of a number as JSON and the jobs' arguments read it; Python's own also takes `1_000`, spaces, other digits."""


def pipeline_name(context: Context) -> str:
    """Name of the stack's pipeline.

    Raises
    ------
    MeshError
        The stack has none.
    """
    name = context.outputs.pipeline.get("name")
    if not name:
        raise MeshError(
            "has no pipeline; add mesh:pipeline to the consumer's stack file and bring it up",
            context.outputs.source,
        )
    return str(name)


def definition_text(context: Context, execution: str | None = None) -> str:
    """The definition as deployed, byte for byte; or as it was when a run was started."""
    name, client = pipeline_name(context), _client(context)
    with aws_errors(f"pipeline {name}"):
        if execution:
            answer = client.describe_pipeline_definition_for_execution(PipelineExecutionArn=execution)
        else:
            answer = client.describe_pipeline(PipelineName=name)
    return str(answer["PipelineDefinition"])


def start(context: Context, given: Sequence[str] = (), *, display_name: str | None = None) -> str:
    """Start a run and return its ARN.

    Parameters
    ----------
    context
        Outputs and the role that starts.
    given
        Parameters as ``Name=Value``; the others have the defaults of the definition. What is not given of the
        champion's AUC and the table's version is looked up.
    display_name
        Shown beside the run.

    Raises
    ------
    MeshError
        A parameter does not exist or has a value of the wrong kind, or AWS refused a call; then nothing was started.
    """
    name = pipeline_name(context)
    document = json.loads(definition_text(context))
    declared = {entry["Name"]: entry for entry in document.get("Parameters", [])}
    values = checked(given, declared, in_arguments(document))
    if CHAMPION in declared and CHAMPION not in values:
        values[CHAMPION] = champion(context)
    if DATA_VERSION in declared and DATA_VERSION not in values:
        database, table = (
            values.get(key, declared[key].get("DefaultValue")) for key in ("Database", "Table")
        )
        values[DATA_VERSION] = table_version(context, str(database), str(table))
    request: dict[str, Any] = {
        "PipelineName": name,
        "PipelineParameters": [{"Name": key, "Value": value} for key, value in sorted(values.items())],
    }
    if display_name:
        request["PipelineExecutionDisplayName"] = display_name
    with aws_errors(f"starting pipeline {name} as {context.role}"):
        arn = str(_client(context).start_pipeline_execution(**request)["PipelineExecutionArn"])
    told = ", ".join(f"{key}={value}" for key, value in sorted(values.items()))
    context.say(f"started {arn.rsplit('/', 1)[-1]} of {name} with {told}")
    return arn


def in_arguments(document: Any) -> frozenset[str]:
    """Parameters of a definition that are arguments of a job as they stand, so that they must be short."""
    found: set[str] = set()
    if isinstance(document, dict):
        for word in document.get("ContainerArguments") or []:
            root, _, name = (word.get("Get", "") if isinstance(word, dict) else "").partition(".")
            if root == "Parameters":
                found.add(name)
        document = list(document.values())
    if isinstance(document, list):
        for entry in document:
            found |= in_arguments(entry)
    return frozenset(found)


def checked(
    given: Sequence[str], declared: Mapping[str, Mapping[str, Any]], short: Collection[str] = ()
) -> dict[str, str]:
    """Parameters ``Name=Value`` held against those the definition declares.

    Parameters
    ----------
    short
        Names of those whose value may have no more than `LONGEST_ARGUMENT` characters.

    Raises
    ------
    MeshError
        A name is unknown (the nearest is named), given twice, or its value is of the wrong kind or too long.
    """
    values: dict[str, str] = {}
    for text in given:
        name, mark, value = text.partition("=")
        if not mark:
            raise MeshError(f"'{text}' must be Name=Value", "--parameter")
        if name not in declared:
            close = difflib.get_close_matches(name, list(declared), n=1, cutoff=0.5)
            known = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(declared))}"
            raise MeshError(f"the pipeline has no parameter '{name}'; {known}", "--parameter")
        if name in values:
            raise MeshError("is given twice", f"--parameter {name}")
        most = LONGEST_ARGUMENT if name in short else LONGEST_VALUE
        parts = query_parameters(value) if name == QUERY else {}
        if not set(parts) <= set(declared):
            parts = {}  # deployed before a query could have several parts
        values[name] = _checked(name, value, declared[name], LONGEST_QUERY if parts else most)
        values |= parts
    return values


def _checked(name: str, value: str, declared: Mapping[str, Any], most: int) -> str:
    where = f"--parameter {name}"
    kind = declared["Type"]
    try:
        if kind == "Boolean" and value not in ("true", "false"):
            raise ValueError(value)
        if kind in _KINDS and not (_PLAIN.match(value) and math.isfinite(_KINDS[kind](value))):
            raise ValueError(value)
    except ValueError as error:
        wanted = {"Integer": "a whole number", "Float": "a number"}.get(kind, "true or false")
        raise MeshError(f"'{value}' must be {wanted}", where) from error
    low, high = _BOUNDS.get(name, (-math.inf, math.inf))
    if kind != "String" and not low <= float(value) <= high:
        upper = "" if math.isinf(high) else f" to {high}"
        raise MeshError(f"'{value}' must be from {low}{upper}", where)
    if name in _HYPERPARAMETERS:
        try:
            from_mapping({_HYPERPARAMETERS[name]: value}, "hyperparameters")
        except MeshError as error:
            raise MeshError(str(error).split(": ", 1)[1], where) from error
    choices = declared.get("EnumValues")
    if choices and value not in choices:
        raise MeshError(f"'{value}' must be one of {', '.join(choices)}", where)
    if len(value) > most:
        raise MeshError(f"has {len(value)} characters, SageMaker takes {most}", where)
    return value


def champion(context: Context) -> str:
    """AUC of the newest approved model on its own test rows, as text; ``0`` when none is approved.

    Raises
    ------
    MeshError
        The newest approved package does not say, neither in its metadata nor in its evaluation.
    """
    approved = packages(context, status=APPROVED)
    if not approved:
        context.say("no approved model yet: none to be compared with")
        return "0"
    newest = approved[0]
    auc = newest.measure("auc")
    if auc is None:
        auc = _evaluated(context, newest)
    context.say(f"champion: version {newest.version}, AUC {auc:g}")
    return f"{auc:g}"


def _evaluated(context: Context, entry: Package) -> float:
    try:
        return float(evaluation(context, entry)["metrics"]["auc"]["value"])
    except (ValueError, KeyError, TypeError) as error:
        where = f"{context.outputs.modelPackageGroup} version {entry.version}"
        raise MeshError(f"does not say its AUC; give --parameter {CHAMPION}=..", where) from error


def table_version(context: Context, database: str, table: str) -> str:
    """Version of a table as the catalog has it; each publication of a product makes another."""
    with aws_errors(f"version of {database}.{table} as {context.role}"):
        found = context.session.client("glue").get_table(DatabaseName=database, Name=table)["Table"]
    changed = found.get("UpdateTime") or found.get("CreateTime")
    parts = [str(found.get("VersionId", "")), f"{changed:%Y-%m-%dT%H:%M:%S}" if changed else ""]
    return "/".join(part for part in parts if part) or "unknown"


def newest(context: Context) -> str:
    """ARN of the run that was started last.

    Raises
    ------
    MeshError
        There is none.
    """
    name = pipeline_name(context)
    with aws_errors(f"pipeline {name}"):
        found = _client(context).list_pipeline_executions(
            PipelineName=name, SortBy="CreationTime", SortOrder="Descending", MaxResults=1
        )["PipelineExecutionSummaries"]
    if not found:
        raise MeshError("was never started; start it", f"pipeline {name}")
    return str(found[0]["PipelineExecutionArn"])


def execution_arn(context: Context, run: str | None) -> str:
    """ARN of a run given as ARN or as its id; without either the newest."""
    if not run:
        return newest(context)
    if run.startswith("arn:"):
        return run
    arn = context.outputs.pipeline.get("arn", "")
    return f"{arn}/execution/{run}"


def _client(context: Context) -> Any:
    return context.session.client("sagemaker")
