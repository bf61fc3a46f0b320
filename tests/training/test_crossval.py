"""The level that the default configuration reaches on the real data, and how cross-validation works."""

from __future__ import annotations

import numpy as np
import pytest

from governance.errors import MeshError
from tests.training.tables import german_credit, loans, loans_config
from training.config import load_config
from training.model.crossval import cross_validate, stratified_folds


def test_five_fold_auc_on_german_credit_reaches_0_79_without_restricted_columns() -> None:
    table = german_credit()
    assert not {"personal_status_sex", "age", "foreign_worker"} & set(table.column_names)
    assert table.num_rows == 1000
    found = cross_validate(table, load_config(), seeds=range(5))
    assert found.mean >= 0.79, f"mean over folds and seeds, by seed {found.means}"
    assert found.spread <= 0.01, f"spread over seeds {found.means}"
    assert max(max(rounds) for rounds in found.rounds) < load_config().hyperparameters.rounds, (
        "early stopping decided"
    )


def test_folds_are_disjoint_complete_and_stratified() -> None:
    labels = np.array([1] * 33 + [0] * 71)
    seen = np.zeros(len(labels), dtype=int)
    for rest, scored in stratified_folds(labels, 5, seed=3):
        assert not set(rest) & set(scored)
        assert len(rest) + len(scored) == len(labels)
        assert labels[scored].sum() in (6, 7)
        seen[scored] += 1
    assert (seen == 1).all(), "each row is scored once"


def test_a_seed_fixes_the_result() -> None:
    first, second = (cross_validate(loans(), loans_config(), folds=3, seeds=[4]) for _ in range(2))
    assert first == second
    assert first.spread == 0, "one seed has no spread"
    assert len(first.folds[0]) == 3


def test_labels_that_say_nothing_are_not_learned() -> None:
    import pyarrow as pa

    noise = np.random.default_rng(0).permutation(loans()["defaulted"].to_pylist())
    table = loans().set_column(8, "defaulted", pa.array(noise))
    found = cross_validate(table, loans_config(), seeds=range(4))
    assert 0.42 < found.mean < 0.58, "nothing of the scored fold leaks into its model"


def test_too_few_rows_and_a_missing_target_are_one_line() -> None:
    with pytest.raises(MeshError, match="a class has fewer rows than the 5 folds"):
        cross_validate(loans(8), loans_config())
    with pytest.raises(MeshError, match="target: the table has no column 'defaulted'"):
        cross_validate(loans().drop_columns("defaulted"), loans_config())
