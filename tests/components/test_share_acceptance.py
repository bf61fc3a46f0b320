"""Accepting RAM shares where there is no Organization, and the session that dynamic resources act with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import component_parts as parts
import pytest
from botocore.exceptions import ClientError

from components import dynamic_session, share_acceptance
from components.dynamic_session import Actor, patiently
from components.share_acceptance import ATTEMPTS, ShareAcceptanceProvider, accept_shares
from governance.errors import MeshError

OWNER = parts.CENTRAL.account_id


class Ram:
    """Invitations and shares of one account; `later` appear after some looks."""

    def __init__(
        self, pending: list[str] = (), active: list[str] = (), later: dict[int, str] | None = None
    ) -> None:  # type: ignore[assignment]
        self.pending, self.active = list(pending), list(active)
        self.later = later or {}
        self.looks = 0
        self.accepted: list[str] = []
        self.faults: list[ClientError] = []

    def get_paginator(self, name: str) -> Any:
        pages = {
            "get_resource_share_invitations": self._invitations,
            "get_resource_shares": lambda **_: [
                {"resourceShares": [{"owningAccountId": owner, "status": "ACTIVE"}]} for owner in self.active
            ],
        }[name]
        return type("Paginator", (), {"paginate": staticmethod(pages)})

    def _invitations(self) -> list[dict[str, Any]]:
        self.looks += 1
        if self.looks in self.later:
            self.pending.append(self.later[self.looks])
        return [
            {
                "resourceShareInvitations": [
                    {
                        "resourceShareInvitationArn": f"{owner}/{n}",
                        "senderAccountId": owner,
                        "status": "PENDING",
                    }
                ]
            }
            for n, owner in enumerate(self.pending)
        ]

    def accept_resource_share_invitation(self, resourceShareInvitationArn: str) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.accepted.append(resourceShareInvitationArn)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits that would have been slept."""
    found: list[float] = []
    monkeypatch.setattr(share_acceptance.time, "sleep", found.append)
    monkeypatch.setattr(share_acceptance, "patiently", partial(patiently, pause=found.append))
    return found


def error(code: str, text: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, "Operation")


def test_every_invitation_of_the_owner_is_accepted_and_no_other(pauses: list[float]) -> None:
    ram = Ram(pending=[OWNER, "999999999999", OWNER])
    assert accept_shares(ram, OWNER) == 2
    assert ram.accepted == [f"{OWNER}/0", f"{OWNER}/2"], "a stranger's share stays unaccepted"
    assert pauses == []


def test_shares_accepted_before_need_nothing(pauses: list[float]) -> None:
    ram = Ram(active=[OWNER])
    assert accept_shares(ram, OWNER) == 0
    assert ram.accepted == []


def test_an_invitation_that_comes_late_is_waited_for(pauses: list[float]) -> None:
    ram = Ram(later={3: OWNER})
    assert accept_shares(ram, OWNER) == 1
    assert pauses == [0.2, 0.4], "each wait is twice the one before"


def test_a_share_of_another_account_does_not_end_the_waiting(pauses: list[float]) -> None:
    with pytest.raises(MeshError, match="bring the producer's stack up first") as caught:
        accept_shares(Ram(active=["999999999999"]), OWNER)
    assert len(pauses) == ATTEMPTS
    assert max(pauses) == 10.0
    assert str(caught.value).startswith(f"account {OWNER}")


def test_a_passing_fault_while_accepting_is_waited_out(pauses: list[float]) -> None:
    ram = Ram(pending=[OWNER])
    ram.faults = [error("ThrottlingException")]
    assert accept_shares(ram, OWNER) == 1
    assert pauses == [0.5]


def test_the_resource_accepts_on_create_and_again_when_more_is_shared(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    ram = Ram(pending=[OWNER])
    monkeypatch.setattr(Actor, "client", lambda self, service: ram)
    base = {**parts.actor(parts.CONSUMER).props(), "owner_account": OWNER}
    provider = ShareAcceptanceProvider()
    old, new = {**base, "expects": {"loans": ["a"]}}, {**base, "expects": {"loans": ["a", "b"]}}
    assert provider.create(old).id == f"shares-of-{OWNER}"
    assert not provider.diff("id", old, old).changes, "an unchanged share makes no call"
    assert provider.diff("id", old, new).changes, "a new table may come with a new share"
    assert provider.update("id", old, new).outs["expects"] == new["expects"]
    assert len(ram.accepted) == 2
    assert provider.diff("id", old, {**old, "owner_account": "1"}).replaces == ["owner_account"]
    provider.delete("id", new)
    assert len(ram.accepted) == 2, "the owner's revoke ends a share, nothing is undone here"


class Sts:
    def __init__(self, fails: bool) -> None:
        self.fails, self.asked = fails, {}  # type: ignore[var-annotated]

    def assume_role(self, **arguments: Any) -> dict[str, Any]:
        self.asked = arguments
        if self.fails:
            raise error("AccessDenied", "not trusted")
        return {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}}


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], tuple[Sts, list[Any]]]:
    """Replace boto3's session; gives STS and what clients were made with."""

    def install(fails: bool) -> tuple[Sts, list[Any]]:
        sts, made = Sts(fails), []

        class Session:
            def __init__(self, *keys: str, **named: str) -> None:
                self.keys = keys or tuple(named.values())

            def client(self, service: str, **options: Any) -> Any:
                made.append((service, self.keys, options["endpoint_url"], options["region_name"]))
                return sts if service == "sts" else service

        monkeypatch.setattr(dynamic_session.boto3, "Session", Session)
        return sts, made

    return install


@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:5000"])
def test_an_actor_acts_as_its_role_at_its_endpoint(sessions: Any, endpoint: str | None) -> None:
    sts, made = sessions(False)
    actor = Actor(role_arn="arn:role", region="eu-west-1", external_id="x", endpoint=endpoint)
    assert Actor.from_props(actor.props()) == actor, "a dynamic resource keeps its actor as plain inputs"
    assert actor.client("ram") == "ram"
    assert sts.asked == {"RoleArn": "arn:role", "RoleSessionName": "mesh-regrant", "ExternalId": "x"}
    own = ("test", "test") if endpoint else ()
    assert made == [("sts", own, endpoint, "eu-west-1"), ("ram", ("a", "b", "c"), endpoint, "eu-west-1")]


def test_a_role_that_cannot_be_assumed_is_one_line(sessions: Any) -> None:
    sessions(True)
    with pytest.raises(MeshError, match=r"^arn:role: cannot be assumed: .*not trusted"):
        Actor(role_arn="arn:role", region="eu-west-1").client("ram")


def test_patience_gives_what_the_call_gives() -> None:
    answers: list[Any] = [error("ThrottlingException"), 7]

    def call() -> int:
        answer = answers.pop(0)
        if isinstance(answer, ClientError):
            raise answer
        return int(answer)

    assert patiently(call, pause=lambda _: None) == 7
