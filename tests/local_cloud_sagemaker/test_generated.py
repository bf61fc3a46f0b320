"""Generated definitions: references resolve, dependents never begin before, independent steps overlap."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.cloud.sagemaker import conditions, definition, execution, steps, values
from local.cloud.sagemaker.cache import Cache, duration, signature
from local.cloud.sagemaker.retry import INTERNAL, LIMIT, THROTTLING, Retries

NAMES = [f"S{number}" for number in range(7)]
KEYS = st.text("abcXYZ_-. ", min_size=1, max_size=6).filter(lambda key: "'" not in key)
LEAVES = st.one_of(st.integers(-5, 5), st.booleans(), st.text("xyz", min_size=1, max_size=3))


class Known:
    """A source of values that are given."""

    def __init__(self, document: Any) -> None:
        self.document = document

    def parameter(self, name: str) -> Any:
        return {"P": 3, "Q": "text"}[name]

    def execution(self, name: str) -> Any:
        return f"<{name}>"

    def properties(self, step: str) -> Any:
        return self.document

    def property_file(self, step: str, name: str) -> bytes:
        return json.dumps(self.document).encode()

    def read(self, uri: str) -> bytes:
        return json.dumps({"uri": uri}).encode()


@st.composite
def graphs(draw: Any) -> dict[str, set[str]]:
    """Steps with what each of them waits for."""
    count = draw(st.integers(2, len(NAMES)))
    return {
        name: set(draw(st.lists(st.sampled_from(NAMES[:index]), max_size=3))) if index else set()
        for index, name in enumerate(NAMES[:count])
    }


def document(graph: dict[str, set[str]]) -> str:
    """A definition in which half of the dependencies are references; listed backwards."""
    listed = []
    for name, waits in graph.items():
        explicit = sorted(waits)[::2]
        implied = [{"Get": f"Steps.{each}.Value"} for each in sorted(waits)[1::2]]
        listed.append(
            {
                "Name": name,
                "Type": "Model",
                "DependsOn": explicit,
                "Arguments": {"Value": {"Std:Join": {"On": "+", "Values": [name, *implied]}}},
            }
        )
    return json.dumps({"Version": "2020-12-01", "Steps": listed[::-1]})


def executed(text: str, parallel: int, rule: Any, monkeypatch: pytest.MonkeyPatch) -> execution.Execution:
    """Run a definition whose steps do what a rule says."""
    monkeypatch.setattr(steps, "carry_out", rule)
    made = execution.Execution(
        arn="arn:aws:sagemaker:eu-west-1:333344445555:pipeline/p/execution/e",
        text=text,
        definition=definition.parse(text),
        given={},
        session=None,  # type: ignore[arg-type]
        kept=Cache(),
        parallel=parallel,
        description={},
    )
    made.start()
    assert made.done.wait(20), "every execution ends"
    return made


@settings(max_examples=40, deadline=None)
@given(graph=graphs(), parallel=st.integers(1, 4), bad=st.sampled_from([None, *NAMES]))
def test_order_and_failure_follow_the_graph(
    graph: dict[str, set[str]], parallel: int, bad: str | None
) -> None:
    ended: list[str] = []
    running, most = 0, 0
    lock = threading.Lock()

    def rule(attempt: steps.Attempt) -> dict[str, Any]:
        nonlocal running, most
        name = attempt.step.name
        with lock:
            assert graph[name] <= set(ended), f"{name} began before {graph[name] - set(ended)} had ended"
            running += 1
            most = max(most, running)
        with lock:
            running -= 1
            if name == bad:
                raise steps.StepFailed("as wished")
            ended.append(name)
        return {"Value": attempt.arguments["Value"]}

    with pytest.MonkeyPatch.context() as patch:
        made = executed(document(graph), parallel, rule, patch)

    def lost(name: str) -> bool:
        return name == bad or any(lost(each) for each in graph[name])

    assert set(ended) == {name for name in graph if not lost(name)}, "what does not wait for a failure runs"
    assert made.status == ("Failed" if bad in graph else "Succeeded"), "and the end says which"
    assert most <= parallel, "never more at once than allowed"
    for name in ended:
        implied = [made.runs[each].properties["Value"] for each in sorted(graph[name])[1::2]]
        assert made.runs[name].properties["Value"] == "+".join([name, *implied]), (
            "references have their values"
        )


def test_independent_steps_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(4, timeout=10)

    def rule(attempt: steps.Attempt) -> dict[str, Any]:
        together.wait()  # passes only when all four are here at once
        return {}

    made = executed(document({name: set() for name in NAMES[:4]}), 4, rule, monkeypatch)
    assert made.status == "Succeeded", {name: run.reason for name, run in made.runs.items()}


@given(path=st.lists(st.one_of(KEYS, st.integers(0, 2)), min_size=1, max_size=4), leaf=LEAVES)
def test_a_value_is_found_wherever_it_lies(path: list[Any], leaf: Any) -> None:
    whole, text = leaf, ""
    for part in reversed(path):
        whole = {part: whole} if isinstance(part, str) else [*(["other"] * part), whole]
    for part in path:
        text += f"['{part}']" if isinstance(part, str) else f"[{part}]"
    source = Known(whole)
    got = {"Get": f"Steps.S{text}"}
    assert values.resolve(got, source) == leaf, "by Get"
    file = {"PropertyFile": {"Get": "Steps.S.PropertyFiles.F"}, "Path": text}
    assert values.resolve({"Std:JsonGet": file}, source) == leaf, "by JsonGet"
    nested = {"a": [{"b": got}, "plain"], "c": {"Std:Join": {"On": "/", "Values": ["x", got]}}}
    resolved = values.resolve(nested, source)
    assert resolved == {"a": [{"b": leaf}, "plain"], "c": f"x/{values.text(leaf)}"}, "however deep it stands"
    assert {values.referred(each) for each in values.gets(nested)} == {"S"}, "and the step is known"


def test_a_value_that_is_not_there_is_named() -> None:
    with pytest.raises(values.Unknown, match=r"Steps.S.a\['b'\] has no value: there is nothing at 'b'"):
        values.resolve({"Get": "Steps.S.a['b']"}, Known({"a": {}}))
    source = Known({})
    source.property_file = lambda step, name: b"{"  # type: ignore[method-assign]
    given = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.S.PropertyFiles.F"}, "Path": "a"}}
    with pytest.raises(values.Unknown, match="is not valid JSON"):
        values.resolve(given, source)


def test_lists_are_read_by_the_names_of_their_elements() -> None:
    outputs = [{"OutputName": "train", "S3Output": {"S3Uri": "s3://b/t"}}, {"OutputName": "test"}]
    source = Known({"ProcessingOutputConfig": {"Outputs": outputs}})
    path = "Steps.S.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"
    assert values.resolve({"Get": path}, source) == "s3://b/t", "as the SDK writes it"
    uri = {"S3Uri": {"Std:Join": {"On": "/", "Values": ["s3://b", {"Get": "Execution.PipelineName"}]}}}
    assert values.resolve({"Std:JsonGet": {**uri, "Path": "uri"}}, source) == "s3://b/<PipelineName>", (
        "by URI"
    )


@given(left=st.integers(-3, 3), right=st.integers(-3, 3), among=st.lists(st.integers(-3, 3), max_size=4))
def test_conditions_are_what_they_are_called(left: int, right: int, among: list[int]) -> None:
    source = Known({"left": left})
    got = {"Get": "Steps.S.left"}

    def holds(kind: str) -> bool:
        return conditions.holds({"Type": kind, "LeftValue": got, "RightValue": right}, source)

    assert holds("Equals") == (left == right)
    assert holds("GreaterThan") == (left > right)
    assert holds("GreaterThanOrEqualTo") == (left >= right)
    assert holds("LessThan") == (left < right)
    assert holds("LessThanOrEqualTo") == (left <= right)
    inside = {"Type": "In", "QueryValue": got, "Values": among}
    assert conditions.holds(inside, source) == (left in among)
    assert conditions.holds({"Type": "Not", "Condition": inside}, source) == (left not in among)
    equal = {"Type": "Equals", "LeftValue": got, "RightValue": right}
    assert conditions.holds({"Type": "Or", "Conditions": [inside, equal]}, source) == (
        left in among or left == right
    )


@pytest.mark.parametrize(("left", "right"), [("1", 1), (True, 1), ("a", True), ({}, {})])
def test_values_of_different_kinds_do_not_compare(left: Any, right: Any) -> None:
    test = {"Type": "LessThan", "LeftValue": left, "RightValue": right}
    with pytest.raises(values.Unknown, match="cannot compare"):
        conditions.holds(test, Known({}))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1H", 3600),
        ("P30D", 30 * 86400),
        ("30dT5h", 30 * 86400 + 18000),
        ("T16m", 960),
        ("5y", 5 * 365 * 86400),
    ],
)
def test_durations_are_read_as_the_guide_writes_them(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "soon", "1"])
def test_a_duration_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(values.Unknown, match="not an ISO 8601 duration"):
        duration(text)


def test_only_the_named_attributes_decide_about_a_cached_step() -> None:
    base = {"AppSpecification": {"ImageUri": "i"}, "ProcessingInputs": [], "RoleArn": "r"}
    assert signature("Processing", base) == signature("Processing", {**base, "RoleArn": "other"}), (
        "not the role"
    )
    assert signature("Processing", base) != signature("Processing", {**base, "Environment": {"A": "b"}}), (
        "but these"
    )
    assert signature("RegisterModel", base) is None, "and some types never"


def test_a_cached_run_expires() -> None:
    kept = Cache()
    kept.keep("S", "x", execution.Hit("arn", {}, {}, time.time() - 120))
    assert kept.find("S", "x", {"ExpireAfter": "T1m"}) is None, "older than a minute"
    assert kept.find("S", "x", {"ExpireAfter": "T3m"}) is not None, "younger than three"
    assert kept.find("S", "y", {}) is None, "another signature is another run"


def test_retries_back_off_and_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_RETRY_SECOND", "0.5")
    policy = {"ExceptionType": [INTERNAL], "IntervalSeconds": 2, "BackoffRate": 3.0, "MaxAttempts": 3}
    retries = Retries("Training", [policy])
    assert [retries.wait(INTERNAL) for _ in range(4)] == [1.0, 3.0, 9.0, None], (
        "longer each time, then no more"
    )
    assert retries.wait(LIMIT) is None, "a fault without a policy is not retried"
    assert [retries.wait(THROTTLING) for _ in range(4)] == [0.5, 1.0, 2.0, None], (
        "but throttling is, by default"
    )
    assert Retries("Tuning", [policy]).wait(INTERNAL) is None, "a tuning job retries by itself"


def test_a_policys_minute_passes_in_a_moment_unless_another_clock_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = {"ExceptionType": [INTERNAL], "IntervalSeconds": 60, "BackoffRate": 2.0, "MaxAttempts": 2}
    monkeypatch.delenv("MESH_RETRY_SECOND", raising=False)
    pauses = [Retries("Training", [policy]).wait(INTERNAL), Retries("Training", [policy]).wait(LIMIT)]
    assert pauses == [pytest.approx(0.12), None]
    monkeypatch.setenv("MESH_RETRY_SECOND", "1")
    assert Retries("Training", [policy]).wait(INTERNAL) == 60.0


def test_an_attempt_is_repeated_for_its_fault_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_RETRY_SECOND", "0.001")
    policy = {"ExceptionType": [INTERNAL], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": 5}
    step = {"Name": "S", "Type": "Training", "Arguments": {}, "RetryPolicies": [policy]}
    text = json.dumps({"Version": "2020-12-01", "Steps": [step]})
    faults = [INTERNAL, INTERNAL, ""]

    def rule(attempt: steps.Attempt) -> dict[str, Any]:
        raise steps.StepFailed("no", faults.pop(0))

    made = executed(text, 1, rule, monkeypatch)
    assert (made.runs["S"].attempts, made.runs["S"].status) == (3, "Failed"), "twice, and then no more"
