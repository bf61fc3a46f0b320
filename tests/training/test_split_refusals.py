"""What cannot be split by key: each table gets one line that says why, and leaves nothing behind."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance.errors import MeshError
from tests.training.tables import loans, loans_config
from training.data.split import split_table


def refusal(table: pa.Table, **changes: object) -> str:
    with TemporaryDirectory() as folder:
        with pytest.raises(MeshError) as caught:
            split_table([table], loans_config(**changes), Path(folder))
        assert list(Path(folder).iterdir()) == [], "a refused table leaves nothing behind"
        return str(caught.value)


def test_a_duplicate_key_is_refused_with_an_example() -> None:
    table = pa.concat_tables([loans(), loans().slice(17, 1)])
    assert refusal(table) == (
        "key column loan: one value occurs more than once, for example L000017; a key names one row"
    )


def test_duplicates_in_different_batches_and_of_number_type_are_found() -> None:
    table = loans().set_column(0, "loan", pa.array([*range(598), 5, 6]))
    with (
        TemporaryDirectory() as folder,
        pytest.raises(MeshError, match="2 values occur more than once, for example 5;"),
    ):
        split_table(table.to_batches(max_chunksize=100), loans_config(), Path(folder))


def test_each_unusable_table_gets_one_line_that_says_why() -> None:
    table = loans()
    three = [["a", "b", "c"][i % 3] for i in range(600)]
    nulls = [None, None, *table["loan"].to_pylist()[2:]]
    lists = table.append_column("history", pa.array([[1]] * 600))
    binary = "target defaulted: is not binary: "
    cases = {
        binary + "it has 3 or more values (a, b, c); a target has two values": refusal(
            table.set_column(8, "defaulted", pa.array(three))
        ),
        binary + "it has only 1 (no); a target has two values": refusal(
            table.set_column(8, "defaulted", pa.array(["no"] * 600))
        ),
        "positive: 'maybe' never occurs in 'defaulted'; its values are no, yes": refusal(
            table, positive="maybe"
        ),
        "key column loan: has 2 rows without a value; every row needs its key": refusal(
            table.set_column(0, "loan", pa.array(nulls))
        ),
        "column history: has the type list, which is no feature; name it under 'exclude'": refusal(
            lists.rename_columns([*table.column_names, "history"])
        ),
        "exclude: no column is left to learn from": refusal(table.select(["loan", "defaulted"])),
        "categorical: the query returns no column 'shade'": refusal(table, categorical="shade"),
        "loans: there are no rows to split; does the query return any?": refusal(table.slice(0, 0)),
        "column score: is returned twice; select it once, or under two names": refusal(
            table.append_column("score", table["score"])
        ),
        "column __label__: has the name that splits give the outcome; exclude or rename it": refusal(
            table.append_column("__label__", table["score"])
        ),
    }
    for expected, found in cases.items():
        assert re.sub("<.*>", "", found) == expected


def test_names_that_xgboost_does_not_take_are_refused_before_anything_is_split() -> None:
    for name in ("age [years]", "a<b"):
        found = refusal(loans().append_column(name, loans()["score"]))
        assert found == f"column {name}: has one of [, ] and < in its name; select it under another with AS"
    with TemporaryDirectory() as folder:
        table = loans().append_column("a<b", loans()["score"])
        assert split_table([table], loans_config(exclude="a<b"), Path(folder)), (
            "one that is no feature is no matter"
        )


def test_what_is_no_number_is_a_missing_key_and_a_missing_target() -> None:
    keys = pa.array([float("nan")] * 2 + [float(i) for i in range(598)])
    assert refusal(loans().set_column(0, "loan", keys)).startswith(
        "key column loan: has 2 rows without a value"
    )
    target = pa.array([[0.0, 1.0, float("nan")][i % 3] for i in range(600)])
    with TemporaryDirectory() as folder:
        table = loans().set_column(8, "defaulted", target)
        schema = split_table([table], loans_config(positive="1"), Path(folder))
    assert schema.unlabelled == 200
    assert sum(counts["positive"] for counts in schema.rows.values()) == 200


def test_a_column_that_the_role_does_not_see_is_named_with_those_it_sees() -> None:
    found = refusal(loans().drop_columns("defaulted"))
    assert found.startswith("target: the query returns no column 'defaulted'; this role sees loan, grade")
    assert "key: the query returns no column 'loan'" in refusal(loans().drop_columns("loan"))


def test_an_empty_split_and_one_without_a_class_are_refused() -> None:
    assert refusal(loans(3)).startswith("split "), "three rows cannot fill three splits"
    split = {"train": 0.999998, "validation": 0.000001, "test": 0.000001}
    assert "is empty: 600 rows are too few for this share" in refusal(loans(), split=split)
    rare = loans().set_column(8, "defaulted", pa.array(["yes"] + ["no"] * 599))
    assert "and none of class 'default'" in refusal(rare)


def test_an_old_split_survives_when_a_new_one_fails(tmp_path: Path) -> None:
    split_table([loans()], loans_config(), tmp_path)
    before = pq.read_table(tmp_path / "train")
    with pytest.raises(MeshError):
        split_table([loans().drop_columns("loan")], loans_config(), tmp_path)
    assert pq.read_table(tmp_path / "train").equals(before), "nothing is half done"
