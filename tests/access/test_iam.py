"""The IAM half: policies, conditions, and the calls a query through Athena needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.access.iam import Call, Verdict, decide, missing_actions
from governance.access.iam_athena import AthenaUse, athena_calls
from governance.errors import MeshError
from governance.snapshot import LinkTarget

READ = Call("s3:GetObject", "arn:aws:s3:::bucket/key")


def statement(effect: str = "Allow", **parts: Any) -> dict[str, Any]:
    body = {"Effect": effect, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*", **parts}
    return {name: value for name, value in body.items() if value is not None}


def verdict(*statements: dict[str, Any], call: Call = READ, **how: Any) -> Verdict:
    return decide([{"Version": "2012-10-17", "Statement": list(statements)}], call, **how)


def test_what_is_not_allowed_is_denied() -> None:
    assert not decide([], READ).allowed, "there is no policy"
    assert "no policy allows s3:GetObject" in verdict(statement(Action="s3:PutObject")).reason, (
        "another action"
    )
    assert not verdict(statement(Resource="arn:aws:s3:::other/*")).allowed, "another resource"


def test_an_allow_is_named() -> None:
    found = verdict(statement(Sid="Read"))
    assert found.allowed, found.reason
    assert "Read of a policy allows" in found.reason, "the statement is named"


def test_a_deny_wins_whatever_the_order() -> None:
    for statements in (
        (statement(), statement("Deny", Sid="No")),
        (statement("Deny", Sid="No"), statement()),
    ):
        found = verdict(*statements)
        assert not found.allowed, "deny wins"
        assert "No of a policy denies" in found.reason, "and is named"


@pytest.mark.parametrize("action", ["s3:*", "s3:Get*", "S3:getobject", "*", "s3:Get?bject"])
def test_actions_take_wildcards_and_no_case(action) -> None:
    assert verdict(statement(Action=action)).allowed, f"{action} covers s3:GetObject"


def test_resources_take_wildcards_and_keep_case() -> None:
    assert verdict(statement(Resource=["arn:aws:s3:::b*t/k?y"])).allowed, "stars and question marks"
    assert not verdict(statement(Resource="arn:aws:s3:::Bucket/*")).allowed, "case counts"
    assert not verdict(statement(Resource="arn:aws:s3:::[b]ucket/*")).allowed, "brackets are no wildcard"


def test_not_action_and_not_resource_mean_everything_else() -> None:
    assert not verdict(statement(Action=None, NotAction="s3:Get*")).allowed, "the action is excepted"
    assert verdict(statement(Action=None, NotAction="s3:Put*")).allowed, "it is not"
    assert not verdict(statement(Resource=None, NotResource="arn:aws:s3:::bucket/*")).allowed, (
        "nor the resource"
    )
    assert verdict(statement(Resource=None, NotResource="arn:aws:s3:::other/*")).allowed, (
        "another is excepted"
    )


@pytest.mark.parametrize(
    "operator, wanted, given, holds",
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["b", "a"], "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringNotEquals", ["a", "b"], "a", False),
        ("StringNotEquals", "a", "c", True),
        ("StringNotEquals", "a", None, True),
        ("StringLike", "a*", "abc", True),
        ("StringNotLike", "a*", "abc", False),
        ("ArnLike", "arn:aws:iam::*:role/x", "arn:aws:iam::1:role/x", True),
        ("ArnLike", "arn:*:role/x", "arn:aws:iam::1:role/x", False),
        ("ArnNotEquals", "arn:aws:iam::1:role/x", "arn:aws:iam::1:role/y", True),
        ("Bool", True, "true", True),
        ("Bool", "false", "true", False),
        ("Null", "true", None, True),
        ("Null", "true", "x", False),
        ("Null", "false", "x", True),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
        ("IpAddress", "10.0.0.0/8", "nonsense", False),
        ("NumericLessThan", "10", "9", True),
        ("NumericLessThan", "10", "x", False),
        ("NumericGreaterThanEquals", "10", "10", True),
        ("DateLessThan", "2030-01-01T00:00:00Z", "2026-01-01T00:00:00Z", True),
        ("DateGreaterThan", "2030-01-01T00:00:00Z", "2026-01-01T00:00:00Z", False),
        ("ForAnyValue:StringEquals", ["a"], ("a", "b"), True),
        ("ForAnyValue:StringEquals", ["a"], None, False),
        ("ForAllValues:StringEquals", ["a"], ("a", "b"), False),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
        ("ForAllValues:StringEquals", ["a"], None, True),
    ],
)
def test_condition_operators(operator, wanted, given, holds) -> None:
    context = {} if given is None else {"k:x": given}
    found = verdict(statement(Condition={operator: {"k:X": wanted}}), context=context)
    assert found.allowed is holds, f"{operator} {wanted} with {given}: {found.reason}"


def test_all_conditions_must_hold() -> None:
    both = {"StringEquals": {"a": "1", "b": "2"}}
    assert not verdict(statement(Condition=both), context={"a": "1"}).allowed, "b is missing"
    assert verdict(statement(Condition=both), context={"a": "1", "b": "2"}).allowed, "both are there"


def test_an_unknown_operator_never_allows_and_always_denies() -> None:
    odd = {"BinaryEquals": {"k": "x"}}
    found = verdict(statement(Sid="Odd", Condition=odd), context={"k": "x"})
    assert not found.allowed, "it might not hold"
    assert "BinaryEquals is not known" in found.reason, "and that is said"
    assert not verdict(statement(), statement("Deny", Condition=odd)).allowed, "it might hold"


def test_a_deny_of_plain_http_does_not_deny_sdk_calls() -> None:
    deny = statement("Deny", Action="*", Resource="*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    assert verdict(statement(), deny).allowed, "SDKs use TLS"


def test_policy_variables_are_filled_from_the_context() -> None:
    mine = statement(Resource="arn:aws:s3:::bucket/${aws:PrincipalTag/team}")
    assert verdict(mine, context={"aws:PrincipalTag/team": "key"}).allowed, "the value fits"
    assert not verdict(mine).allowed, "an unknown value allows nothing"
    deny = statement("Deny", Resource="arn:aws:s3:::bucket/${aws:PrincipalTag/team}")
    assert not verdict(statement(), deny).allowed, "and denies everything"


def test_a_boundary_only_narrows() -> None:
    within = {"Statement": statement(Action="s3:Put*")}
    assert "permissions boundary" in verdict(statement(), boundary=within).reason, "the boundary is named"
    assert not decide([], READ, boundary={"Statement": statement()}).allowed, "a boundary grants nothing"
    assert verdict(statement(), boundary={"Statement": statement()}).allowed, "both allow"


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"Statement": [{"Effect": "Allow"}]}', '{"Statement": [{"Action": "a", "Resource": "b"}]}'],
)
def test_what_is_no_policy_is_refused_in_one_line(text) -> None:
    with pytest.raises(MeshError, match=r"^policy document: [^\n]+$"):
        decide([text], READ)


USE = AthenaUse(
    region="eu-west-1",
    account="333344445555",
    workgroup="mesh-ml-coe",
    results_bucket="results",
    results_key="arn:aws:kms:eu-west-1:333344445555:key/r",
    catalog_keys=("arn:aws:kms:eu-west-1:111122223333:key/c",),
    links=(("rl_credit-card", LinkTarget("111122223333", "credit-card")),),
)


def narrow(*, without: str = "") -> str:
    calls = [call for call in athena_calls(USE) if call.action != without]
    statements = [{"Effect": "Allow", "Action": call.action, "Resource": call.resource} for call in calls]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_a_policy_of_exactly_the_needed_calls_is_enough() -> None:
    assert missing_actions([narrow()], athena_calls(USE)) == (), "nothing is missing"


@pytest.mark.parametrize(
    "action",
    [
        "lakeformation:GetDataAccess",
        "athena:StartQueryExecution",
        "glue:GetTable",
        "s3:PutObject",
        "kms:GenerateDataKey",
        "kms:Decrypt",
    ],
)
def test_each_missing_action_is_named(action) -> None:
    found = missing_actions([narrow(without=action)], athena_calls(USE))
    assert found, f"{action} was not missed"
    assert {call.action for call, _ in found} == {action}, "and nothing else is"
    assert all(call.purpose and action in reason for call, reason in found), "with what it is for and why not"


def test_glue_is_asked_on_both_sides_of_the_link() -> None:
    resources = {call.resource for call in athena_calls(USE) if call.action == "glue:GetTable"}
    assert "arn:aws:glue:eu-west-1:333344445555:database/rl_credit-card" in resources, "the link"
    assert "arn:aws:glue:eu-west-1:111122223333:table/credit-card/*" in resources, "its target"
