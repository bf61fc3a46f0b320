"""The re-grant provider against a Lake Formation that fails: retries, honest reads, a delete that proves itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import component_parts as parts
import pytest
from botocore.exceptions import ClientError

from components import dynamic_session, regrant
from components.dynamic_session import Actor
from components.regrant import RegrantProvider, location, tag_policy
from governance.errors import MeshError
from governance.levels import clearance_expression

ROLE = parts.CONSUMER.role_arn("mesh-auditor")
RESOURCE = tag_policy("111122223333", "TABLE", clearance_expression("loans", "internal", parts.LEVELS))


def error(code: str, text: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, "Operation")


class LakeFormation:
    """Grants in memory; `faults` are raised by the next calls of a method, one each."""

    def __init__(self) -> None:
        self.grants: dict[tuple[str, str], set[str]] = {}
        self.faults: dict[str, list[ClientError]] = {}
        self.calls: list[str] = []
        self.deaf = False
        self.page_size = 100

    def _begin(self, method: str) -> None:
        self.calls.append(method)
        if self.faults.get(method):
            raise self.faults[method].pop(0)

    def _key(self, arguments: dict[str, Any]) -> tuple[str, str]:
        who = arguments["Principal"]["DataLakePrincipalIdentifier"]
        return who, json.dumps(arguments["Resource"], sort_keys=True)

    def grant_permissions(self, **arguments: Any) -> None:
        self._begin("grant")
        self.grants.setdefault(self._key(arguments), set()).update(arguments["Permissions"])

    def revoke_permissions(self, **arguments: Any) -> None:
        self._begin("revoke")
        held = self.grants.get(self._key(arguments), set())
        if not held:
            raise error("InvalidInputException", "No permissions revoked. Grantee has no permissions")
        if not self.deaf:
            held -= set(arguments["Permissions"])

    def list_permissions(self, NextToken: str = "0") -> dict[str, Any]:
        self._begin("list")
        entries = [
            {
                "Principal": {"DataLakePrincipalIdentifier": who},
                "Resource": _reordered(json.loads(resource)),
                "Permissions": sorted(held),
            }
            for (who, resource), held in self.grants.items()
            if held
        ]
        begin = int(NextToken)
        page: dict[str, Any] = {"PrincipalResourcePermissions": entries[begin : begin + self.page_size]}
        if begin + self.page_size < len(entries):
            page["NextToken"] = str(begin + self.page_size)
        return page


def _reordered(resource: dict[str, Any]) -> dict[str, Any]:
    """Lake Formation gives tags and values back in an order of its own."""
    if policy := resource.get("LFTagPolicy"):
        policy["Expression"] = [
            {**tag, "TagValues": tag["TagValues"][::-1]} for tag in reversed(policy["Expression"])
        ]
    return resource


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> Iterator[LakeFormation]:
    made = LakeFormation()
    monkeypatch.setattr(Actor, "client", lambda self, service: made)
    monkeypatch.setattr(regrant, "patiently", partial(dynamic_session.patiently, pause=pauses.append))
    return made


def props(permissions: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return {
        **parts.actor(parts.CONSUMER).props(),
        "principal": ROLE,
        "resource": json.dumps(RESOURCE, sort_keys=True),
        "permissions": permissions or ["DESCRIBE", "SELECT"],
        **more,
    }


def test_create_grants_and_creating_again_changes_nothing(cloud: LakeFormation) -> None:
    first = RegrantProvider().create(props())
    second = RegrantProvider().create(props())
    assert first.id == second.id, "the id follows from what is granted to whom"
    assert list(cloud.grants.values()) == [{"DESCRIBE", "SELECT"}]


def test_ids_of_different_grants_differ() -> None:
    others = [
        props(principal="other"),
        props(resource=json.dumps(location("1", "arn"))),
        props(region="eu-west-2"),
    ]
    ids = {regrant._identity(item) for item in [props(), *others]}
    assert len(ids) == 4


@pytest.mark.parametrize(
    "fault",
    [
        error("ConcurrentModificationException"),
        error("ThrottlingException"),
        error("OperationTimeoutException"),
        error("InvalidInputException", "Invalid principal, role not found"),
        error("AccessDeniedException", "Insufficient Glue permissions to access database"),
        error("InvalidInputException", "Resource share is not yet in RAM"),
    ],
)
def test_a_passing_fault_is_waited_out(cloud: LakeFormation, pauses: list[float], fault: ClientError) -> None:
    cloud.faults["grant"] = [fault, fault, fault]
    RegrantProvider().create(props())
    assert cloud.grants, "the grant stands in the end"
    assert pauses == [0.5, 1.0, 2.0], "each wait is twice the one before"


def test_a_fault_that_does_not_pass_is_shown_at_once(cloud: LakeFormation, pauses: list[float]) -> None:
    cloud.faults["grant"] = [error("AccessDeniedException", "not an administrator")]
    with pytest.raises(ClientError, match="not an administrator"):
        RegrantProvider().create(props())
    assert pauses == [], "waiting would not help"
    assert cloud.calls == ["grant"]


def test_patience_ends_with_the_last_reason(cloud: LakeFormation, pauses: list[float]) -> None:
    cloud.faults["grant"] = [error("ThrottlingException", f"try {n}") for n in range(8)]
    with pytest.raises(ClientError, match="try 7"):
        RegrantProvider().create(props())
    assert len(pauses) == 7
    assert max(pauses) == 15.0, "no single wait is longer than a quarter minute"


@pytest.mark.parametrize("page_size", [1, 100])
def test_read_finds_the_grant_among_others_whatever_the_order_of_tags(
    cloud: LakeFormation, page_size: int
) -> None:
    cloud.page_size = page_size
    wider = tag_policy("111122223333", "TABLE", clearance_expression("loans", "restricted", parts.LEVELS))
    RegrantProvider().create(props(principal="arn:aws:iam::333344445555:role/other"))
    RegrantProvider().create(props(["DESCRIBE"], resource=json.dumps(wider)))
    RegrantProvider().create(props())
    found = RegrantProvider().read("id", props(["DESCRIBE"]))
    assert found.id == "id"
    assert found.outs["permissions"] == ["DESCRIBE", "SELECT"], "what is held, not what the state remembers"


def test_read_of_a_grant_that_is_gone_says_so(cloud: LakeFormation) -> None:
    assert not RegrantProvider().read("id", props()).id, "an empty id tells Pulumi to make it again"


def test_delete_revokes_and_proves_it(cloud: LakeFormation) -> None:
    RegrantProvider().create(props())
    RegrantProvider().delete("id", props())
    assert cloud.calls == ["grant", "revoke", "list"], "it looks after it has revoked"
    assert not any(cloud.grants.values())


def test_delete_of_what_is_gone_already_is_fine(cloud: LakeFormation) -> None:
    RegrantProvider().delete("id", props())
    assert cloud.calls == ["revoke", "list"]


def test_delete_that_leaves_the_grant_fails_with_one_line(cloud: LakeFormation) -> None:
    RegrantProvider().create(props())
    cloud.deaf = True
    with pytest.raises(MeshError, match="still holds DESCRIBE, SELECT") as caught:
        RegrantProvider().delete("id", props())
    assert str(caught.value).startswith(ROLE), "the line begins with who still reads"
    assert "\n" not in str(caught.value)


def test_delete_does_not_mind_what_somebody_else_granted_beside_it(cloud: LakeFormation) -> None:
    RegrantProvider().create(props(["SELECT", "DESCRIBE", "ALTER"]))
    RegrantProvider().delete("id", props(["SELECT", "DESCRIBE"]))
    assert list(cloud.grants.values()) == [{"ALTER"}], "only its own permissions are its business"


def test_delete_passes_on_any_other_failure(cloud: LakeFormation) -> None:
    RegrantProvider().create(props())
    cloud.faults["revoke"] = [error("AccessDeniedException", "not yours")]
    with pytest.raises(ClientError, match="not yours"):
        RegrantProvider().delete("id", props())


def test_update_grants_before_it_revokes(cloud: LakeFormation) -> None:
    old, new = props(["DESCRIBE", "SELECT"]), props(["ALTER", "DESCRIBE"])
    RegrantProvider().create(old)
    cloud.calls.clear()
    RegrantProvider().update("id", old, new)
    assert cloud.calls == ["grant", "revoke"], "a reader is never without what it keeps"
    assert list(cloud.grants.values()) == [{"ALTER", "DESCRIBE"}]


@pytest.mark.parametrize(
    ("change", "changes", "replaces"),
    [
        ({}, False, []),
        ({"permissions": ["SELECT", "DESCRIBE"]}, False, []),
        ({"permissions": ["DESCRIBE"]}, True, []),
        ({"external_id": "rotated"}, True, []),
        ({"endpoint": "http://127.0.0.1:5000"}, True, []),
        ({"principal": "arn:aws:iam::333344445555:role/other"}, True, ["principal"]),
        ({"resource": "{}"}, True, ["resource"]),
        ({"role_arn": "arn:aws:iam::333344445555:role/Other"}, True, ["role_arn"]),
        ({"region": "eu-west-2"}, True, ["region"]),
    ],
)
def test_a_difference_is_an_update_or_a_replacement(
    change: dict[str, Any], changes: bool, replaces: list[str]
) -> None:
    result = RegrantProvider().diff("id", props(), {**props(), **change})
    assert (result.changes, result.replaces) == (changes, replaces)
    assert result.delete_before_replace, "two grants of one identity would revoke each other"


def test_a_location_is_compared_as_it_is(cloud: LakeFormation) -> None:
    place = json.dumps(location("111122223333", "arn:aws:s3:::b/curated"))
    RegrantProvider().create(props(["DATA_LOCATION_ACCESS"], resource=place))
    assert RegrantProvider().read("id", props(resource=place)).outs["permissions"] == ["DATA_LOCATION_ACCESS"]


def test_a_thousand_regrants_in_one_program_leave_the_pickler_as_it_was() -> None:
    import pickle

    from components.dynamic_resource import serialized
    from components.regrant import RegrantProvider

    before = pickle._Pickler._batch_setitems  # type: ignore[attr-defined]
    assert len({serialized(RegrantProvider) for _ in range(1000)}) == 1, "serialized once"
    assert pickle._Pickler._batch_setitems is before, "the SDK's patch does not pile up"  # type: ignore[attr-defined]
