"""The split by key hash: disjoint, stable, even, and refusing what it cannot split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.tables import loans, loans_config
from training.config import SPLITS
from training.data.hashing import hash_keys, key_text, unit_interval
from training.data.split import split_table
from training.features import LABEL, FeatureSchema


def members(table: pa.Table, **changes: object) -> dict[str, list[str]]:
    """Keys per split."""
    with TemporaryDirectory() as folder:
        split_table([table], loans_config(**changes), Path(folder))
        return {name: pq.read_table(Path(folder) / name)["loan"].to_pylist() for name in SPLITS}


@pytest.fixture
def whole() -> Iterator[tuple[Path, FeatureSchema]]:
    with TemporaryDirectory() as folder:
        yield Path(folder), split_table([loans()], loans_config(), Path(folder))


def test_hash_values_are_pinned_so_that_no_release_moves_a_row() -> None:
    texts = pa.array(["", "a", "A-000001", "A-000001x", "longer than one word of eight", "grün"])
    assert hash_keys([texts], 7).tolist() == PINNED_TEXTS
    assert hash_keys([pa.array([0, 1, -5, 2**40])], 7).tolist() == PINNED_NUMBERS
    assert hash_keys([pa.array(["a"]), pa.array([1])], 7).tolist() == PINNED_PAIR


PINNED_TEXTS = [
    8713849271529757334,
    1718347981431351753,
    14492740967023899806,
    15521204607647467632,
    4415700625392642834,
    5534151336812776371,
]
PINNED_NUMBERS = [15912608004033500806, 363114731182905549, 8159395143254176207, 4650933124956740818]
PINNED_PAIR = [6956296940074168407]


def plain_hash(text: str, state: int) -> int:
    """The same hash, one key at a time, in plain Python."""
    mask = (1 << 64) - 1

    def mix(value: int) -> int:
        value ^= value >> 33
        value = value * 0xFF51AFD7ED558CCD & mask
        value ^= value >> 33
        value = value * 0xC4CEB9FE1A85EC53 & mask
        return value ^ value >> 33

    data = text.encode()
    state = mix(state ^ (len(data) * 0x9E3779B97F4A7C15 & mask))
    for start in range(0, len(data), 8):
        word = int.from_bytes(data[start : start + 8], "little")
        state = mix((state ^ word) + 0x9E3779B97F4A7C15 & mask)
    return state


@given(st.lists(st.text(max_size=40), min_size=1, max_size=30), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_vectorised_hash_equals_the_plain_one(texts: list[str], skip: int) -> None:
    import hashlib

    start = int.from_bytes(hashlib.blake2b(b"3", digest_size=8).digest(), "little")
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    array = pa.array(["padding"] * skip + texts).slice(skip)
    assert hash_keys([array], 3).tolist() == [plain_hash(text, start) for text in texts], "also for slices"


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64(), pa.float64(), pa.decimal128(20, 0), pa.string()])
def test_a_key_hashes_alike_whatever_type_it_comes_in(kind: pa.DataType) -> None:
    keys = pa.array([1, 20, 300]).cast(kind)
    assert key_text(keys).to_pylist() == ["1", "20", "300"]


@pytest.mark.parametrize("keys", [np.arange(200_000), np.arange(200_000) * 1024, 10**9 + np.arange(200_000)])
def test_hash_spreads_serial_numbers_evenly(keys: np.ndarray) -> None:
    values = unit_interval(hash_keys([pa.array(keys)], 7))
    counts = np.histogram(values, bins=100, range=(0, 1))[0]
    chi_square = ((counts - 2000) ** 2 / 2000).sum()
    assert 50 < chi_square < 160, "99 degrees of freedom: neither uneven nor too even to be a hash"
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 0.01, (
        "neighbours have nothing to do with each other"
    )
    other = unit_interval(hash_keys([pa.array(keys)], 8))
    assert abs(np.corrcoef(values, other)[0, 1]) < 0.01, "another seed is another split"


@given(st.integers(0, 50), st.integers(200, 400), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_splits_are_disjoint_complete_and_stable_when_rows_come_go_and_move(
    seed: int, rows: int, random: object
) -> None:
    table = loans(rows, seed)
    before = members(table, seed=seed)
    where = {key: name for name, keys in before.items() for key in keys}
    assert sorted(where) == sorted(table["loan"].to_pylist()), "each row is in a split"
    assert sum(map(len, before.values())) == rows, "and in one only"
    order = list(range(rows))
    random.shuffle(order)  # type: ignore[attr-defined]
    fewer = loans(rows + 100, seed).take(pa.array([*range(rows, rows + 100), *order[: rows * 3 // 4]]))
    after = {key: name for name, keys in members(fewer, seed=seed).items() for key in keys}
    common = set(where) & set(after)
    assert len(common) == rows * 3 // 4, "the rows that stayed"
    assert {key: where[key] for key in common} == {key: after[key] for key in common}, (
        "no row changed its split"
    )


def test_each_class_is_split_in_the_same_proportions() -> None:
    table = loans(40_000)
    with TemporaryDirectory() as folder:
        rows = split_table([table], loans_config(), Path(folder)).rows
    positives = sum(counts["positive"] for counts in rows.values())
    for name, share in zip(SPLITS, (0.7, 0.15, 0.15), strict=True):
        expected = positives * share
        spread = (positives * share * (1 - share)) ** 0.5
        assert abs(rows[name]["positive"] - expected) < 4 * spread, (
            f"positives of {name} within four deviations"
        )


def test_batches_of_any_size_give_the_same_splits(whole: tuple[Path, FeatureSchema]) -> None:
    folder, schema = whole
    with TemporaryDirectory() as other:
        again = split_table(loans().to_batches(max_chunksize=37), loans_config(), Path(other))
        assert again == schema, "schema and counts do not depend on the batches"
        for name in SPLITS:
            first, second = pq.read_table(folder / name), pq.read_table(Path(other) / name)
            assert first.to_pylist() == second.to_pylist(), f"rows of {name}"


def test_categories_come_from_the_training_rows_alone() -> None:
    table = loans()
    keys = members(table)
    grades = table["grade"].to_pylist()
    held_out = set(keys["test"] + keys["validation"])
    marked = [
        f"only-{key}" if key in held_out else grade
        for key, grade in zip(table["loan"].to_pylist(), grades, strict=True)
    ]
    table = table.set_column(1, "grade", pa.array(marked))
    with TemporaryDirectory() as folder:
        schema = split_table([table], loans_config(), Path(folder))
    assert schema.features[0].levels == ("A", "B", "C", "D"), "no category of a held-out row is known"


def test_an_empty_text_is_a_missing_value() -> None:
    table = loans()
    grades = ["" if i % 7 == 0 else value for i, value in enumerate(table["grade"].to_pylist())]
    nulls = [value or None for value in grades]
    schemas = []
    for values in (grades, nulls):
        with TemporaryDirectory() as folder:
            changed = table.set_column(1, "grade", pa.array(values))
            schemas.append(split_table([changed], loans_config(), Path(folder)))
    levels = [
        next(feature.levels for feature in schema.features if feature.name == "grade") for schema in schemas
    ]
    assert levels == [("A", "B", "C", "D")] * 2, (
        "so that rows from CSV and rows from Parquet make the same model"
    )


def test_only_the_most_frequent_categories_are_kept() -> None:
    with TemporaryDirectory() as folder:
        schema = split_table([loans()], loans_config(max_levels=2), Path(folder))
    assert len(schema.features[0].levels) == 2


def test_splits_hold_key_features_and_label_and_neither_target_nor_excluded() -> None:
    with TemporaryDirectory() as folder:
        split_table([loans()], loans_config(exclude=["score", "seen"]), Path(folder))
        names = pq.read_table(Path(folder) / "train").column_names
    assert names == ["loan", "grade", "income", "months", "owner", "opened", LABEL]


def test_rows_without_a_target_are_left_out_and_counted() -> None:
    table = loans()
    target = [None if i % 10 == 0 else value for i, value in enumerate(table["defaulted"].to_pylist())]
    table = table.set_column(8, "defaulted", pa.array(target))
    with TemporaryDirectory() as folder:
        schema = split_table([table], loans_config(), Path(folder))
    assert schema.unlabelled == 60
    assert sum(counts["rows"] for counts in schema.rows.values()) == 540


@pytest.mark.parametrize(
    "values, positive",
    [([0, 1], "0"), ([0.0, 1.0], "1"), ([True, False], "true"), (["good", "bad"], "bad"), ([2, 1], "2.0")],
)
def test_any_target_of_two_values_trains(values: list[object], positive: str) -> None:
    column = pa.array([values[i % 3 == 0] for i in range(600)])
    table = loans().set_column(8, "defaulted", column)
    with TemporaryDirectory() as folder:
        schema = split_table([table], loans_config(positive=positive), Path(folder))
    positives = sum(counts["positive"] for counts in schema.rows.values())
    assert positives in (200, 400), "the two classes are told apart"


def test_several_columns_together_can_be_the_key() -> None:
    table = loans().append_column("branch", pa.array([i % 2 for i in range(600)]))
    table = table.set_column(0, "loan", pa.array([f"L{i // 2}" for i in range(600)]))
    with TemporaryDirectory() as folder:
        schema = split_table([table], loans_config(key="loan,branch"), Path(folder))
    assert schema.key == ("loan", "branch")
