"""Reading YAML fast and reading it slowly are the same; what may end the process is read slowly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from governance.errors import MeshError
from governance.yaml_text import read_yaml

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted([*ROOT.glob("Pulumi*.yaml"), *ROOT.glob("contracts/*.yaml")])
ODD = (
    "a: 1\nb: [2, {c: 0x1F, d: ~, e: yes}]",
    "x: &it {y: 1}\nz: *it\nw: {<<: *it, v: 2}",
    "when: 2027-03-31\nat: 2027-03-31T10:00:00Z\nbig: 1_000\nfloat: 1e3\ntext: '1'",
    "folded: >\n  one\n  two\nkept: |\n  one\n    two\n",
    "- - - 1\n    - 2\n",
)
WRONG = (
    "a: [1",
    "a: b: c",
    "a:\n\t- x",
    "x: 2027-02-30",
    "a: *nobody",
    "a: @x",
    "--- 1\n--- 2",
    "!thing x",
    "a: 1\na: 2",
    "? [a, b]\n: pair",
)


def slowly(text: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is read without libyaml: the values, or the message."""
    with monkeypatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader", raising=False)
        return outcome(text)


def outcome(text: str) -> Any:
    try:
        return read_yaml(text, "file.yaml")
    except MeshError as error:
        return str(error)


def test_shipped_files_are_read_the_same_with_and_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(SHIPPED) >= 5, "project, three stacks, a contract"
    for path in SHIPPED:
        text = path.read_text(encoding="utf-8")
        read = outcome(text)
        assert isinstance(read, dict), f"{path.name}: {read}"
        assert read == slowly(text, monkeypatch), path.name


@pytest.mark.parametrize("text", ODD)
def test_unusual_texts_are_read_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = outcome(text)
    assert not isinstance(read, str), read
    assert read == slowly(text, monkeypatch)


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_text_gets_the_same_one_line(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    message = outcome(text)
    assert isinstance(message, str), "refused"
    assert message.startswith("file.yaml"), "the line says where"
    assert "\n" not in message
    assert message == slowly(text, monkeypatch)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000 + "]" * 200_000,
        "{a: " * 100_000 + "1" + "}" * 100_000,
        "- " * 100_000 + "1",
        "? " * 100_000 + "1",
    ],
    ids=["lists", "mappings", "items", "keys"],
)
def test_a_text_of_very_many_levels_is_refused_and_ends_nothing(text: str) -> None:
    assert "is not YAML" in outcome(text)
