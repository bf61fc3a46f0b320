"""Editing stack files: what is not added stays, byte for byte, whatever the layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from onboard_case import added

from governance.errors import MeshError
from mesh.stack_edit import Inline, StackEdit, document

ROOT = Path(__file__).resolve().parents[2]


def edited(text: str, *steps: tuple[str, Any]) -> str:
    edit = StackEdit(text, "Pulumi.x.yaml")
    for name, arguments in steps:
        getattr(edit, name)(*arguments)
    return edit.text


def test_an_entry_goes_below_the_last_one_and_comments_stay_where_they_are() -> None:
    text = "config:\n  mesh:lobs: # who owns\n    a: # first\n      accountId: '1' # as text\n  # more below\n  b: 1\n"
    after = edited(text, ("add_entry", (["mesh:lobs"], "z", {"accountId": "000000000012"})))
    assert added(text, after) == ["    z:", '      accountId: "000000000012"']
    assert after.index("    z:") < after.index("  # more below"), "a comment keeps to what follows it"


@pytest.mark.parametrize(
    "before, after",
    [
        ("[a]", "[a, z]"),
        ("[ a ] # why", "[ a, z ] # why"),
        ("[]", "[z]"),
        ("[  ] # none", "[z] # none"),
        ("", " [z]"),
        ("[a,\n    b, # last\n  ]", "[a,\n    b, z, # last\n  ]"),
        ("\n    - a # one\n    # end", "\n    - a # one\n    - z\n    # end"),
        ("\n  - 'a'", "\n  - 'a'\n  - z"),
    ],
)
def test_an_item_is_added_in_the_lists_own_style(before: str, after: str) -> None:
    gap = " " if before and not before.startswith("\n") else ""
    text = f"config:\n  mesh:list:{gap}{before}\n  other: 1\n"
    got = edited(text, ("add_item", (["mesh:list"], "z")))
    assert got == f"config:\n  mesh:list:{gap}{after}\n  other: 1\n"


@pytest.mark.parametrize("empty", ["", " {}", " { }", " # none yet", " {} # none yet", " ~", " null # none"])
def test_an_empty_mapping_becomes_a_block_and_its_comment_stays(empty: str) -> None:
    text = f"config:\n  mesh:products:{empty}\n  mesh:x: 1\n"
    got = edited(text, ("add_entry", (["mesh:products"], "p", {"contract": "c.yaml"})))
    assert yaml.safe_load(got)["config"]["mesh:products"] == {"p": {"contract": "c.yaml"}}
    comment = empty.partition("#")[2]
    assert got.splitlines()[1].endswith(comment)
    assert got.splitlines()[2:4] == ["    p:", "      contract: c.yaml"]


def test_a_one_line_mapping_grows_on_its_line() -> None:
    text = "config:\n  mesh:c: { a: { accountId: '1' } } # all\n"
    got = edited(text, ("add_entry", (["mesh:c"], "b", {"accountId": "2"})))
    assert got == "config:\n  mesh:c: { a: { accountId: '1' }, b: { accountId: \"2\" } } # all\n"


def test_a_missing_mapping_is_begun_at_the_end() -> None:
    got = edited(
        "config:\n  a: 1", ("add_item", (["mesh:p", "x", "shares"], {"consumer": "c", "until": "d"}))
    )
    assert (
        got == "config:\n  a: 1\n  mesh:p:\n    x:\n      shares:\n        - consumer: c\n          until: d"
    )


def test_keys_without_the_projects_prefix_are_found() -> None:
    got = edited("config:\n  lobs:\n    a: 1\n", ("add_entry", (["mesh:lobs"], "b", 2)))
    assert got == "config:\n  lobs:\n    a: 1\n    b: 2\n"


def test_windows_line_ends_stay_windows_line_ends() -> None:
    got = edited("config:\r\n  m:\r\n    a: 1\r\n", ("add_entry", (["m"], "b", {"c": "d"})))
    assert got == "config:\r\n  m:\r\n    a: 1\r\n    b:\r\n      c: d\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  m: &x\n    a: 1\n  n: *x\n",  # the edit would change both
        "config:\n  o: &x\n    a: 1\n  m: *x\n",
    ],
)
def test_a_layout_that_an_edit_would_change_elsewhere_is_refused(text: str) -> None:
    edit = StackEdit(text, "Pulumi.x.yaml")
    with pytest.raises(MeshError, match=r"Pulumi\.x\.yaml: m\.b: cannot be added .* by hand"):
        edit.add_entry(["m"], "b", 2)


@pytest.mark.parametrize(
    "text, step, arguments, words",
    [
        ("config:\n  m:\n    a: 1\n", "add_entry", (["m"], "a", 2), "there already"),
        ("config:\n  m: text\n", "add_entry", (["m"], "a", 2), "no mapping"),
        ("config:\n  m: text\n", "add_item", (["m"], "a"), "no list"),
    ],
)
def test_what_does_not_fit_is_one_line(text: str, step: str, arguments: Any, words: str) -> None:
    with pytest.raises(MeshError, match=words):
        getattr(StackEdit(text, "f"), step)(*arguments)


@pytest.mark.parametrize("text", ["", "a: 1\n", "config: [1]\n", "config: {\n"])
def test_what_is_no_stack_file_is_one_line(text: str) -> None:
    with pytest.raises(MeshError, match=r"Pulumi\.x\.yaml"):
        StackEdit(text, "Pulumi.x.yaml")


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
VALUES = st.recursive(
    st.one_of(WORDS, st.sampled_from(["y", "no", "1e3", "0x1f", "12:30", "~", "2026-01-01", "a: b", "a #b"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(WORDS, inner, max_size=3),
        st.dictionaries(WORDS, inner, max_size=3).map(Inline),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.sampled_from(["central", "producer", "consumer"]), WORDS)
def test_any_value_can_be_added_to_any_shipped_file_and_nothing_else_changes(
    value: Any, stack: str, key: str
) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    edit = StackEdit(text, stack)
    edit.add_entry(["mesh:new"], f"k{key}", value)
    edit.add_item(["mesh:new", "list"], "last")
    assert added(text, edit.text), "something is added, and all that was there still is"
    assert yaml.safe_load(edit.text)["config"]["mesh:new"] == {f"k{key}": value, "list": ["last"]}


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(WORDS.map(lambda word: f"k{word}"), VALUES, min_size=1, max_size=4))
def test_a_new_file_says_what_it_was_given(config: dict[str, Any]) -> None:
    assert yaml.safe_load(document("made here", config))["config"] == config
