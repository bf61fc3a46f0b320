"""Encoding rows for the model: every type, nulls, unknown categories, and rows that do not fit."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance.errors import MeshError
from training.features import (
    LARGEST,
    Feature,
    FeatureSchema,
    as_number,
    batches,
    codes,
    encode,
    kind_of,
    load_features,
    matrix,
)  # fmt: skip


def schema(*features: Feature) -> FeatureSchema:
    return FeatureSchema(
        features=features, key=("k",), target="t", positive="1", positive_label="bad", negative_label="good"
    )


def test_every_kind_is_encoded_and_null_is_missing() -> None:
    table = pa.table(
        {
            "whole": pa.array([1, None], pa.int16()),
            "exact": pa.array([Decimal("2.50"), None], pa.decimal128(10, 2)),
            "flag": pa.array([True, None]),
            "day": pa.array([datetime.date(1970, 1, 11), None]),
            "moment": pa.array([datetime.datetime(1970, 1, 2, 12), None], pa.timestamp("ns")),
            "text": pa.array(["b", None]),
        }
    )
    kinds = {"whole": "number", "exact": "number", "flag": "boolean", "day": "date", "moment": "timestamp"}
    features = [Feature(name=name, kind=kind) for name, kind in kinds.items()]
    rows = encode(table, schema(*features, Feature(name="text", kind="category", levels=("a", "b"))))
    assert matrix(rows)[0].tolist() == [1, 2.5, 1, 10, 1.5, 1], "dates and times count days since 1970"
    assert np.isnan(matrix(rows)[1]).all(), "null is missing in each kind"
    assert codes(rows.column("text")).tolist() == [1, -1]
    assert set(rows.schema.types[:5]) == {pa.float32()}, "what XGBoost works with, without a copy"


def test_a_category_that_training_did_not_know_is_missing_and_no_error() -> None:
    known = schema(Feature(name="c", kind="category", levels=("x", "y")))
    rows = encode(pa.table({"c": ["y", "new", "x", None], "extra": [1, 2, 3, 4]}), known)
    assert codes(rows.column("c")).tolist() == [1, -1, 0, -1]
    assert rows.column("c").chunk(0).dictionary.to_pylist() == ["x", "y"], (
        "levels stay those of the training rows, in their order"
    )
    assert rows.column_names == ["c"], "columns that the model does not know are left out"


def test_dictionaries_that_differ_between_chunks_encode_alike() -> None:
    known = schema(Feature(name="c", kind="category", levels=("x", "y", "z")))
    chunks = [pa.array(["z", "x", None]).dictionary_encode(), pa.array(["y", "w", "z"]).dictionary_encode()]
    rows = encode(pa.table({"c": pa.chunked_array(chunks)}), known)
    assert codes(rows.column("c")).tolist() == [2, 0, -1, 1, -1, 2]


def test_numbers_that_are_codes_can_be_categories() -> None:
    known = schema(Feature(name="c", kind="category", levels=("1", "2")))
    assert codes(encode(pa.table({"c": [2, 1, 3]}), known).column("c")).tolist() == [1, 0, -1]
    assert kind_of("c", pa.int64(), categorical=True) == "category"


def test_a_missing_column_and_one_of_the_wrong_kind_are_named() -> None:
    known = schema(Feature(name="amount", kind="number"))
    with pytest.raises(MeshError, match=r"^column amount: is missing from the rows to be scored$"):
        encode(pa.table({"other": [1]}), known)
    with pytest.raises(MeshError, match=r"^column amount: cannot be read as number: "):
        encode(pa.table({"amount": ["much"]}), known)


def test_a_schema_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "features.json"
    written = schema(Feature(name="c", kind="category", levels=("x",)), Feature(name="n", kind="number"))
    path.write_text(written.to_json())
    assert load_features(path) == written
    assert load_features(path).columns_hash == written.columns_hash


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"features": [{"name": "a"}]}'])
def test_a_damaged_schema_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "features.json"
    path.write_text(text)
    with pytest.raises(MeshError, match=r"features\.json: is no feature schema"):
        load_features(path)


def test_a_folder_of_files_is_read_in_order_and_bounded_batches(tmp_path: Path) -> None:
    for index in range(3):
        pq.write_table(pa.table({"n": np.arange(10) + 10 * index}), tmp_path / f"part-{index}.parquet")
    found = list(batches(tmp_path, ["n"], 4))
    assert max(len(batch) for batch in found) == 4
    assert np.concatenate([batch["n"].to_numpy() for batch in found]).tolist() == list(range(30))


def test_files_that_differ_in_width_order_and_all_null_columns_read_as_one_table(tmp_path: Path) -> None:
    first = {"n": pa.array([1], pa.int32()), "t": pa.nulls(1), "x": pa.array([1.5], pa.float32())}
    second = {"x": pa.array([2.5]), "t": pa.array(["b"]), "n": pa.array([2**40])}
    packed = {
        "n": pa.array([3]),
        "t": pa.array(["c"]).dictionary_encode(),
        "x": pa.array([None], pa.float64()),
    }
    for index, table in enumerate((first, second, packed)):
        pq.write_table(pa.table(table), tmp_path / f"part-{index}.parquet")
    found = pa.Table.from_batches(batches(tmp_path))
    assert found.to_pydict() == {"n": [1, 2**40, 3], "t": [None, "b", "c"], "x": [1.5, 2.5, None]}
    assert [str(kind) for kind in found.schema.types[::2]] == ["int64", "double"], (
        "the types that hold all values"
    )
    plain = pa.Table.from_batches(batches(tmp_path, ["t"], plain=["t"]))
    assert plain.schema.types == [pa.string()], "as for keys, where that is asked for"


def test_values_beyond_32_bits_and_infinities_keep_their_order(tmp_path: Path) -> None:
    column = pa.array([-math.inf, -1e300, -1.0, None, math.nan, 1.0, 1e300, math.inf])
    numbers = as_number(column, "number").to_pylist()
    assert numbers[:3] == [pytest.approx(-LARGEST), pytest.approx(-LARGEST), -1.0]
    assert numbers[3] is None, "null stays"
    assert math.isnan(numbers[4]), "and so does what is no number"
    assert numbers[5:] == [1.0, pytest.approx(LARGEST), pytest.approx(LARGEST)]
    chunks = pa.chunked_array([column.slice(5, 1), column.slice(7)])
    assert as_number(chunks, "number").to_pylist() == [1.0, pytest.approx(LARGEST)], "wherever a slice begins"


def test_unreadable_missing_and_differing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(MeshError, match="holds no Parquet files; run the preprocess phase first"):
        list(batches(tmp_path))
    pq.write_table(pa.table({"n": [1]}), tmp_path / "a.parquet")
    with pytest.raises(MeshError, match=r"a\.parquet: column m: is missing from the Parquet files"):
        list(batches(tmp_path, ["m"]))
    pq.write_table(pa.table({"n": ["text"]}), tmp_path / "b.parquet")
    with pytest.raises(MeshError, match=r"b\.parquet: column n: is string, and int64 in the files before it"):
        list(batches(tmp_path))
    pq.write_table(pa.table({"m": [1]}), tmp_path / "b.parquet")
    with pytest.raises(MeshError, match=r"b\.parquet: column n: is missing; .*a\.parquet has it"):
        list(batches(tmp_path))
    (tmp_path / "b.parquet").write_bytes(b"no parquet")
    with pytest.raises(MeshError, match=r"b\.parquet: cannot be read as Parquet"):
        list(batches(tmp_path))
