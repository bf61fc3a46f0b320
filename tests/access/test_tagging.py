"""Who may assign which LF-tag to what."""

from __future__ import annotations

from meshes import (
    CENTRAL,
    PRODUCT,
    SCIENTIST,
    STEWARD,
    TABLE_NAME,
    lake,
    regrant,
    role,
    story,
)

from governance.access.tagging import can_tag
from governance.snapshot.grants import ColumnsRes, DatabaseRes, TableRes, TagRes

ANALYST = role(CENTRAL, "analyst")
CARDS = TableRes(PRODUCT, TABLE_NAME)


OWN = TagRes("sensitivity", ("public",))


def test_the_creator_of_a_table_assigns_tags_it_may_associate() -> None:
    mesh = lake()
    columns = ColumnsRes(PRODUCT, TABLE_NAME, included=("age",))
    assert not can_tag(mesh.build(), STEWARD, columns, OWN, CENTRAL).allowed, "ASSOCIATE is missing"
    mesh.grant(CENTRAL, STEWARD, OWN, ["ASSOCIATE"])
    assert can_tag(mesh.build(), STEWARD, columns, OWN, CENTRAL).allowed, "creator with ASSOCIATE"
    decision = can_tag(mesh.build(), STEWARD, DatabaseRes(PRODUCT), OWN, CENTRAL)
    assert decision.missing is not None, "the database is another's"
    assert "CREATE_TABLE" in decision.missing.text, "what it lacks is named"


def test_who_holds_everything_with_the_grant_option_assigns_tags() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, OWN, ["ASSOCIATE"])
    mesh.grant(CENTRAL, ANALYST, CARDS, ["ALL"])
    assert not can_tag(mesh.build(), ANALYST, CARDS, OWN, CENTRAL).allowed, (
        "without the grant option it may not"
    )
    mesh.grant(CENTRAL, ANALYST, CARDS, [], grantable=["ALL"])
    assert can_tag(mesh.build(), ANALYST, CARDS, OWN, CENTRAL).allowed, "with it, it may"
    assert not can_tag(mesh.build(), ANALYST, TableRes(PRODUCT, "nope"), OWN, CENTRAL).allowed, (
        "not on nothing"
    )


def test_a_role_with_a_link_cannot_tag_what_is_behind_it() -> None:
    mesh = story()
    regrant(mesh, SCIENTIST, "confidential")
    assert not can_tag(mesh.build(), SCIENTIST, CARDS, OWN, CENTRAL).allowed, "reading is not owning"
