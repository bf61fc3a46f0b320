"""Laws that hold for any contract and any changes to it."""

from __future__ import annotations

import yaml
from contract_strategies import contracts, property_
from contract_versions import BASE, LEVELS
from hypothesis import event, given, settings
from hypothesis import strategies as st

from governance.compatibility import compare, raised_major, required_bump
from governance.compatibility.who import Model, Reader, breaking_for, broken
from governance.contracts import Contract, parse_contract
from governance.contracts.difference import difference

READERS = [Reader(consumer="coe", role=level, clearance=level) for level in LEVELS]
MODELS = [
    Model(
        package="m/1",
        consumer="coe",
        product="orders",
        table="t",
        contract_version="1",
        columns=frozenset("ab"),
    )
]


@given(contracts())
def test_a_contract_does_not_differ_from_itself(contract: Contract) -> None:
    assert compare(contract, contract, LEVELS) == (), "nothing changed"


FAMILIES = [
    ["tinyint", "int", "bigint"], ["varchar(4)", "varchar(8)", "string"], ["decimal(8,2)", "decimal(10,4)"],
    ["array<int>", "array<bigint>"], ["struct<a:int>", "struct<a:bigint,b:string>"], ["int"], ["string"],
]  # fmt: skip


@st.composite
def chains(draw: st.DrawFn) -> list[Contract]:
    """Three versions that differ in one column, and in little of it, so that many steps are compatible."""
    kinds = draw(st.sampled_from(FAMILIES))
    found = []
    for _ in range(3):
        item = draw(property_("a", kinds))
        item["classification"] = draw(st.sampled_from(LEVELS[:2]))
        schema = [
            {
                "name": "t",
                "properties": [
                    item,
                    *([{"name": "b", "physicalType": "int"}] if draw(st.booleans()) else []),
                ],
            }
        ]
        found.append(parse_contract(yaml.safe_dump({**BASE, "schema": schema}), "any.yaml", levels=LEVELS))
    return found


@settings(max_examples=400)
@given(chains())
def test_compatible_steps_make_a_compatible_way(chain: list[Contract]) -> None:
    first, second, third = chain
    steps = [*compare(first, second, LEVELS), *compare(second, third, LEVELS)]
    whole = [change for change in compare(first, third, LEVELS) if change.breaking]
    event("compatible steps" if not any(change.breaking for change in steps) else "a breaking step")
    if whole:
        assert any(change.breaking for change in steps), f"breaks only as a whole: {whole}"


@given(contracts(), contracts())
def test_what_is_gone_breaks_and_what_is_new_does_not(old: Contract, new: Contract) -> None:
    columns = [
        {(table.name, column.name) for table in item.tables for column in table.columns}
        for item in (old, new)
    ]
    changes = compare(old, new, LEVELS)
    gone = {(c.table, c.column) for c in changes if c.kind == "column-removed"}
    tables = {table.name for table in new.tables}
    assert gone == {pair for pair in columns[0] - columns[1] if pair[0] in tables}, (
        "each missing column is named"
    )
    assert all(c.breaking for c in changes if c.kind.endswith("-removed") and c.kind != "values-removed"), (
        changes
    )
    assert not any(c.breaking for c in changes if c.kind in ("column-added", "table-added", "field-added")), (
        changes
    )


@given(contracts(), contracts())
def test_the_bump_follows_from_what_breaks(old: Contract, new: Contract) -> None:
    changes = compare(old, new, LEVELS)
    breaking = any(change.breaking for change in changes)
    assert (required_bump(changes) == "major") is breaking, "major if and only if something breaks"
    assert (required_bump(changes) == "none") is (not changes), "no bump without a change"
    found = difference(old, new, LEVELS, READERS)
    expected = breaking and not raised_major(old, new)
    assert found.refused is expected, "refused only under the old major version"
    assert bool(found.refusal) is expected, "and then with a word on it"


@given(contracts(), contracts(), st.sets(st.integers(0, len(READERS) - 1)))
def test_more_readers_never_mend_a_break(old: Contract, new: Contract, some: set[int]) -> None:
    changes = compare(old, new, LEVELS)
    few = breaking_for(changes, [READERS[index] for index in sorted(some)], [], LEVELS)
    many = breaking_for(changes, READERS, MODELS, LEVELS)
    assert set(broken(changes, few)) <= set(broken(changes, many)), "who is added can only lose"
    for less, more in zip(few, many, strict=True):
        assert set(less.roles) <= set(more.roles), "the same reader loses the same"


@given(contracts(), contracts())
def test_a_reader_loses_only_what_it_could_read(old: Contract, new: Contract) -> None:
    for loss in breaking_for(compare(old, new, LEVELS), READERS, [], LEVELS):
        floor = LEVELS.index(loss.change.level)
        lost = {LEVELS.index(role.split("/")[1]) for role in loss.roles}
        ceiling = LEVELS.index(loss.change.after) if loss.change.kind == "raised" else len(LEVELS)
        assert lost == set(range(floor, ceiling)), f"{loss.change.sentence}: {loss.roles}"
