"""The snapshot types: folding, building in any order, and the file form."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from meshes import CENTRAL, PRODUCT, snapshots, story

from governance.errors import MeshError
from governance.snapshot import Column, Database, LinkTarget, Table, TableId, tags
from governance.snapshot.as_json import from_json, to_json
from governance.snapshot.build import SnapshotBuilder
from governance.snapshot.grants import ColumnsRes, DatabaseRes, Grant, TableRes, TagPolicyRes, TagRes


def test_a_snapshot_survives_its_json_form() -> None:
    snapshot = story().build()
    assert from_json(to_json(snapshot)) == snapshot, "the story was not read back as it was written"


@settings(max_examples=60, deadline=None, database=None)
@given(snapshots())
def test_every_generated_snapshot_has_one_stable_json_form(snapshot) -> None:
    text = to_json(snapshot)
    assert to_json(from_json(text)) == text, "writing what was read gave another text"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "catalogs": 3}'])
def test_what_is_no_snapshot_is_refused_in_one_line_that_names_the_file(text) -> None:
    with pytest.raises(MeshError, match=r"^state\.json: [^\n]+$"):
        from_json(text, "state.json")


def test_names_and_tags_are_folded_to_lower_case() -> None:
    table = Table("Credit_Card", (Column("AGE", tags=(("Sensitivity", "Restricted"),)),))
    assert (table.name, table.columns[0].name) == ("credit_card", "age"), "Glue stores names in lower case"
    assert table.columns[0].tags == (("sensitivity", "restricted"),), "LF-tags are stored in lower case"
    assert table.column("Age") is table.columns[0], "a column is found whatever its case"
    assert TagPolicyRes("TABLE", (("K", ("B", "a")),)).expression == (("k", ("a", "b")),), "expressions too"


def test_one_tag_key_cannot_have_two_values_on_a_resource() -> None:
    with pytest.raises(MeshError, match="one value"):
        tags([("k", "a"), ("k", "b")])


def test_columns_are_either_included_or_excluded() -> None:
    with pytest.raises(MeshError, match="not both"):
        ColumnsRes("db", "t", included=("a",), excluded=("b",))


def test_a_tag_policy_has_a_known_kind_and_some_tag() -> None:
    with pytest.raises(MeshError, match="no kind"):
        TagPolicyRes("VIEW", (("k", ("a",)),))
    with pytest.raises(MeshError, match="at least one"):
        TagPolicyRes("TABLE", ())


def test_all_stands_for_what_the_resource_takes_and_nothing_else() -> None:
    on_table = Grant(CENTRAL, CENTRAL, "p", TableRes("db", "t"), ("ALL",))
    on_database = Grant(CENTRAL, CENTRAL, "p", DatabaseRes("db"), ("ALL", "SELECT"))
    assert on_table.permitted == {"ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"}, (
        "Super on a table"
    )
    assert on_database.permitted == {"ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"}, "Super on a database"
    stray = Grant(CENTRAL, CENTRAL, "p", TagRes("k", ("v",)), ("SELECT", "DESCRIBE"))
    assert stray.permitted == {"DESCRIBE"}, "a permission the resource does not take counts for nothing"


def test_pieces_may_come_in_any_order() -> None:
    forward, backward = SnapshotBuilder(), SnapshotBuilder()
    for mesh, steps in ((forward, (0, 1, 2, 3)), (backward, (3, 2, 1, 0))):
        for step in steps:
            if step == 0:
                mesh.database(CENTRAL, "db", tags_={"a": "1"})
            elif step == 1:
                mesh.table(CENTRAL, "db", "t", [Column("c")])
            elif step == 2:
                mesh.tag_columns(CENTRAL, "db", "t", ["c"], {"a": "2"})
            else:
                mesh.tag_database(CENTRAL, "db", {"b": "3"})
    assert forward.build() == backward.build(), "the order of the pieces shows"
    database = forward.build().catalog(CENTRAL).database("DB")
    assert database is not None, "the database is found whatever the case"
    assert database.tags == (("a", "1"), ("b", "3")), "tags of a database add up"


def test_two_parts_of_one_grant_become_one() -> None:
    mesh = SnapshotBuilder()
    mesh.grant(CENTRAL, "p", DatabaseRes("db"), ["DESCRIBE"])
    mesh.grant(CENTRAL, "p", DatabaseRes("db"), ["ALTER"], grantable=["DESCRIBE"])
    expected = Grant(CENTRAL, CENTRAL, "p", DatabaseRes("db"), ("ALTER", "DESCRIBE"), ("DESCRIBE",))
    assert mesh.build().grants == (expected,), "Lake Formation keeps one grant per principal and resource"


def test_a_table_without_database_and_tags_on_nothing_are_named() -> None:
    mesh = SnapshotBuilder()
    mesh.table(CENTRAL, "db", "t")
    with pytest.raises(MeshError, match=rf"{CENTRAL}:db"):
        mesh.build()
    mesh.database(CENTRAL, "db")
    mesh.tag_columns(CENTRAL, "db", "t", ["nope"], {"a": "1"})
    with pytest.raises(MeshError, match=r"db\.t\.nope"):
        mesh.build()


def test_links_are_not_among_the_tables() -> None:
    mesh = story()
    mesh.database("333344445555", "local")
    mesh.table("333344445555", "local", "link", link=LinkTarget(CENTRAL, PRODUCT, "credit_card"))
    assert mesh.build().table_ids == (TableId(CENTRAL, PRODUCT, "credit_card"),), (
        "a link is no table of its own"
    )


def test_snapshots_are_values() -> None:
    first, second = story().build(), story().build()
    assert first == second, "the same mesh is equal"
    assert len({first, second}) == 1, "and has one hash"
    assert json.loads(to_json(first))["format"] == 1, "the file says its format"
    assert Database("x").table("y") is None, "an unknown table is none"
