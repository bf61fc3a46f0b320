"""A pipeline's definition (schema version 2020-12-01), read and checked.

Owns its shape: parameters, steps with those inside the branches of conditions, and what each waits for; and
the refusal of definitions that cannot run (names, references, cycles). Deliberately not here: carrying steps
out (steps, execution). A step of a type that is not run here is accepted and fails when its turn comes.
"""

from __future__ import annotations

import graphlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import JsonRESTError

from local.cloud.sagemaker.conditions import KINDS
from local.cloud.sagemaker.errors import invalid
from local.cloud.sagemaker.values import gets, referred

VERSION = "2020-12-01"
TRIGGERS = ("Completed", "Failed", "Stopped", "Any")
VARIABLES = (
    *("StartDateTime", "CurrentDateTime", "PipelineName", "PipelineArn", "PipelineExecutionId"),
    *("PipelineExecutionArn", "TrainingJobName", "ProcessingJobName"),
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_TYPES: dict[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}


@dataclass(frozen=True)
class Parameter:
    """A parameter; `default` is None when a value must be given."""

    name: str
    type: str
    default: Any = None
    among: tuple[Any, ...] = ()

    def value(self, given: str) -> Any:
        """Return a value given as text; ValidationException when it is of another type or not allowed."""
        try:
            found: Any = _READ[self.type](given)
        except ValueError:
            raise invalid(
                f"Parameter [{self.name}] value [{given}] is not of its type {self.type.upper()}"
            ) from None
        if self.among and found not in self.among:
            raise invalid(
                f"Parameter [{self.name}] value [{given}] is not one of its enum values {list(self.among)}"
            )
        return found


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_READ: dict[str, Callable[[str], Any]] = {"String": str, "Integer": int, "Float": float, "Boolean": _truth}


@dataclass(frozen=True)
class Step:
    """A step.

    Attributes
    ----------
    branch
        The condition step inside which it stands and the outcome for which it runs, or None.
    waits
        Step -> outcome of it that lets this one run.
    """

    name: str
    type: str
    document: dict[str, Any]
    branch: tuple[str, bool] | None
    waits: dict[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> Any:
        """Its arguments with their expressions."""
        return self.document.get("Arguments") or {}


@dataclass(frozen=True)
class Definition:
    """A definition that can run."""

    parameters: dict[str, Parameter]
    steps: dict[str, Step]

    def values(self, given: dict[str, str]) -> dict[str, Any]:
        """Return the parameters' values; ValidationException for one that is unknown, missing or wrong."""
        unknown = sorted(set(given) - set(self.parameters))
        if unknown:
            raise invalid(f"Unknown parameters that are not defined in the pipeline: {', '.join(unknown)}")
        missing = [
            name for name, each in self.parameters.items() if each.default is None and name not in given
        ]
        if missing:
            raise invalid(f"Missing required pipeline parameters: {', '.join(missing)}")
        return {
            name: each.value(given[name]) if name in given else each.default
            for name, each in self.parameters.items()
        }


def refused(why: str) -> JsonRESTError:
    """A definition that cannot run."""
    return invalid(f"Unable to parse pipeline definition. {why}")


def parse(text: str) -> Definition:
    """Read a definition.

    Raises
    ------
    JsonRESTError
        ValidationException: what is wrong and in which step.
    """
    try:
        document = json.loads(text)
    except ValueError as problem:
        raise refused(f"It is not valid JSON: {problem}") from None
    if not isinstance(document, dict) or document.get("Version") != VERSION:
        raise refused(f"Version must be '{VERSION}'.")
    parameters = {each.name: each for each in map(_parameter, document.get("Parameters") or [])}
    if len(parameters) != len(document.get("Parameters") or []):
        raise refused("Parameter names must be unique.")
    listed = list(_flat(document.get("Steps"), None))
    steps = {step.name: step for step in listed}
    if not steps:
        raise refused("Steps must have at least one step.")
    twice = sorted({step.name for step in listed if [each.name for each in listed].count(step.name) > 1})
    if twice:
        raise refused(f"Step names must be unique: {', '.join(twice)}.")
    for step in steps.values():
        _wait(step, steps, parameters)
    try:
        graph = {name: [*step.waits, *(step.branch or ())[:1]] for name, step in steps.items()}
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as cycle:
        raise refused(f"Steps wait for each other: {' -> '.join(cycle.args[1])}.") from None
    return Definition(parameters, steps)


def _parameter(given: Any) -> Parameter:
    name, kind = str(given.get("Name") or ""), str(given.get("Type") or "String")
    if not _NAME.fullmatch(name):
        raise refused(f"'{name}' is not a parameter name.")
    if kind not in _TYPES:
        raise refused(f"Parameter '{name}' has the unknown type '{kind}'.")
    default, among = given.get("DefaultValue"), tuple(given.get("EnumValues") or ())
    for value in (*([default] if default is not None else []), *among):
        if not isinstance(value, _TYPES[kind]) or (kind != "Boolean" and isinstance(value, bool)):
            raise refused(f"Parameter '{name}' has the value {value!r}, which is no {kind}.")
    if among and default is not None and default not in among:
        raise refused(f"The default of parameter '{name}' is none of its enum values.")
    return Parameter(name, kind, default, among)


def _flat(steps: Any, branch: tuple[str, bool] | None) -> Iterator[Step]:
    """Yield steps and, after each condition, those of its branches."""
    if not isinstance(steps, list):
        raise refused("Steps must be a list.")
    for each in steps:
        if not isinstance(each, dict) or not each.get("Name") or not each.get("Type"):
            raise refused("Every step needs Name and Type.")
        name = str(each["Name"])
        if not _NAME.fullmatch(name):
            raise refused(f"'{name}' is not a step name.")
        yield Step(name, str(each["Type"]), each, branch)
        if each["Type"] == "Condition":
            arguments = each.get("Arguments") or {}
            for condition in arguments.get("Conditions") or []:
                _known(condition, name)
            yield from _flat(arguments.get("IfSteps") or [], (name, True))
            yield from _flat(arguments.get("ElseSteps") or [], (name, False))


def _known(condition: Any, step: str) -> None:
    kind = condition.get("Type") if isinstance(condition, dict) else None
    if kind not in KINDS:
        raise refused(f"Step '{step}' has the unknown condition type '{kind}'.")
    inner = condition.get("Conditions") or [
        condition[key] for key in ("Condition", "Expression") if key in condition
    ]
    for each in inner:
        _known(each, step)


def own(step: Step) -> Any:
    """Return what of a step is evaluated for the step itself, branches left out."""
    found = {key: value for key, value in step.document.items() if key not in ("Name", "Type", "DependsOn")}
    if step.type == "Condition":
        found["Arguments"] = {"Conditions": step.arguments.get("Conditions") or []}
    return found


def _wait(step: Step, steps: dict[str, Step], parameters: dict[str, Parameter]) -> None:
    """Note what a step waits for; refuse references to what is not there."""
    for each in step.document.get("DependsOn") or []:
        name, trigger = (
            (each.get("Step"), each.get("Trigger")) if isinstance(each, dict) else (each, "Completed")
        )
        if name not in steps or name == step.name:
            raise refused(f"Step '{step.name}' depends on '{name}', which is no other step.")
        if trigger not in TRIGGERS:
            raise refused(f"Step '{step.name}' has the unknown trigger '{trigger}'.")
        step.waits[str(name)] = str(trigger)
    for path in gets(own(step)):
        root, _, rest = path.partition(".")
        target = referred(path)
        if target is not None:
            if target not in steps:
                raise refused(f"Step '{step.name}' refers to '{path}', but there is no step '{target}'.")
            _file(step.name, path, target, steps)
            step.waits.setdefault(target, "Completed")
        elif (root == "Parameters" and rest in parameters) or (root == "Execution" and rest in VARIABLES):
            continue
        else:
            raise refused(f"Step '{step.name}' refers to '{path}', which is not there.")


def _file(name: str, path: str, target: str, steps: dict[str, Step]) -> None:
    marker = f"Steps.{target}.PropertyFiles."
    if path.startswith(marker):
        files = [each.get("PropertyFileName") for each in steps[target].document.get("PropertyFiles") or []]
        if path[len(marker) :] not in files:
            raise refused(
                f"Step '{name}' refers to '{path}', but step '{target}' has the property files {files}."
            )
