"""How questions are put: sessions, names, explanations, the matrix."""

from __future__ import annotations

from dataclasses import replace

import pytest
from meshes import (
    AUDITOR,
    CENTRAL,
    CONSUMER,
    HERE,
    LINK,
    PRODUCT,
    SCIENTIST,
    STEWARD,
    TABLE_NAME,
    VIA,
    lake,
    role,
    story,
)

from governance.access import Access, explain, matrix, readable
from governance.errors import MeshError
from governance.levels import expression
from governance.snapshot import LinkTarget, TableId
from governance.snapshot.build import SnapshotBuilder
from governance.snapshot.grants import TABLE, ColumnsRes, TableRes, TagPolicyRes

ANALYST = role(CENTRAL, "analyst")
ALL = ("customer_id", "amount", "credit_risk", "age", "note")


def consumer(mesh: SnapshotBuilder, principal: str = SCIENTIST) -> Access:
    return readable(mesh.build(), principal, CONSUMER, *HERE, VIA)


def central(mesh: SnapshotBuilder, principal: str = ANALYST) -> Access:
    return readable(mesh.build(), principal, CENTRAL, *HERE)


def code(access: Access) -> str:
    assert not access.allowed, f"access was given: {access.chain}"
    assert access.columns == (), "a refusal names no columns"
    assert access.missing is not None, "a refusal says what is missing"
    assert "\n" not in access.missing.text, "a refusal is one line"
    return access.missing.code


def tagged(**tags: str | list[str]) -> TagPolicyRes:
    return TagPolicyRes(TABLE, expression(**tags))


# Questions


def test_a_session_counts_as_its_role() -> None:
    snapshot = replace(story().build())
    session = "arn:aws:sts::333344445555:assumed-role/mesh-data-scientist/anna"
    assert readable(snapshot, session, CONSUMER, *HERE, VIA).allowed, "the session was not taken for its role"


def test_a_session_of_a_role_with_a_path_finds_the_path() -> None:
    mesh = lake()
    pathed = f"arn:aws:iam::{CENTRAL}:role/aws-reserved/sso/Analyst"
    mesh.role(pathed)
    mesh.grant(CENTRAL, pathed, TableRes(PRODUCT, TABLE_NAME), ["SELECT"])
    assert central(mesh, f"arn:aws:sts::{CENTRAL}:assumed-role/Analyst/x").columns == ALL, "the path was lost"


def test_who_is_no_role_or_user_cannot_be_asked_about() -> None:
    with pytest.raises(MeshError, match="no role or user ARN"):
        readable(story().build(), CONSUMER, CONSUMER, *HERE)


def test_unknown_tables_and_foreign_principals_are_refused() -> None:
    snapshot = story().build()
    assert code(readable(snapshot, SCIENTIST, CONSUMER, CENTRAL, PRODUCT, "nope")) == "unknown-table", (
        "no table"
    )
    assert code(readable(snapshot, SCIENTIST, CENTRAL, *HERE)) == "other-account", (
        "a role works in its account"
    )


def test_every_column_can_be_explained() -> None:
    snapshot = story().build()
    open_ = explain(snapshot, SCIENTIST, CONSUMER, *HERE, "amount", VIA)
    assert open_.allowed, "amount is public"
    assert open_.rows == (None,), "in all rows"
    assert " -> " in open_.reasons[0], "by a chain"
    closed = explain(snapshot, SCIENTIST, CONSUMER, *HERE, "age", VIA)
    assert not closed.allowed, "age is restricted"
    assert "sensitivity is restricted, not confidential|internal|public" in closed.reasons[0], closed.reasons
    unknown = explain(snapshot, SCIENTIST, CONSUMER, *HERE, "nope", VIA)
    assert unknown.missing is not None, "an unknown column is refused"
    assert unknown.missing.code == "unknown-column", "and said to be unknown"


def test_a_named_grant_that_leaves_a_column_out_is_explained() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, ColumnsRes(PRODUCT, TABLE_NAME, included=("amount",)), ["SELECT"])
    reason = explain(mesh.build(), ANALYST, CENTRAL, *HERE, "age")
    assert "does not include age" in reason.reasons[0], reason.reasons


def test_the_matrix_takes_the_link_that_works() -> None:
    mesh = story()
    mesh.database(CONSUMER, "a_first", link=LinkTarget(CENTRAL, PRODUCT))
    found = matrix(mesh.build(), [SCIENTIST, AUDITOR, STEWARD])
    assert set(found) == {(each, HERE) for each in (SCIENTIST, AUDITOR, STEWARD)}, "one answer per pair"
    assert found[SCIENTIST, HERE] == consumer(mesh), "the second link is the one it may use"


def test_the_matrix_says_when_there_is_no_link() -> None:
    mesh = story()
    mesh.database(CONSUMER, LINK, link=LinkTarget(CENTRAL, "elsewhere"))
    where = TableId(CENTRAL, PRODUCT, TABLE_NAME)
    assert code(matrix(mesh.build(), [SCIENTIST])[SCIENTIST, where]) == "no-link", "Athena needs one"
