"""Measures, curves and intervals against values worked out by hand and against scikit-learn."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from training.evaluation import curves
from training.evaluation.metrics import bootstrap, cheapest_threshold, count_scores, measures, merge, summary

SCORES = [0.9, 0.8, 0.7, 0.7, 0.4, 0.2]
LABELS = [1, 1, 0, 1, 0, 0]


def test_measures_equal_those_worked_out_by_hand() -> None:
    found = summary(SCORES, LABELS)
    # nine pairs: 0.9 and 0.8 beat three each, 0.7 beats two and ties with one
    assert found["auc"] == pytest.approx(8.5 / 9)
    assert found["gini"] == pytest.approx(2 * 8.5 / 9 - 1)
    # recall gains 1/3 at precision 1, 1/3 at 1, then 1/3 at 3/4 (both rows of the tie are taken)
    assert found["pr_auc"] == pytest.approx((1 + 1 + 0.75) / 3)
    # from 0.7 on: all positives, one of three negatives; from 0.8 on: two thirds and none
    assert found["ks"] == pytest.approx(2 / 3)
    assert found["brier"] == pytest.approx((0.01 + 0.04 + 0.49 + 0.09 + 0.16 + 0.04) / 6)


def test_extremes_are_right() -> None:
    assert summary([0.9, 0.1], [1, 0])["auc"] == 1
    assert summary([0.1, 0.9], [1, 0])["auc"] == 0
    assert summary([0.5, 0.5], [1, 0])["auc"] == 0.5
    assert np.isnan(summary([0.5, 0.6], [1, 1])["auc"]), "one class alone has no ranking"


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=80))
@settings(max_examples=80, deadline=None)
def test_measures_equal_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    scores, labels = [score / 20 for score, _ in rows], [int(label) for _, label in rows]
    if len(set(labels)) < 2:
        return
    found = summary(scores, labels)
    fpr, tpr, _ = reference.roc_curve(labels, scores)
    assert found["auc"] == pytest.approx(reference.roc_auc_score(labels, scores))
    assert found["pr_auc"] == pytest.approx(reference.average_precision_score(labels, scores))
    assert found["brier"] == pytest.approx(reference.brier_score_loss(labels, scores))
    assert found["ks"] == pytest.approx(np.abs(tpr - fpr).max())


def test_bootstrap_agrees_with_resampling_rows() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    scores = np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1)
    found = bootstrap(count_scores(scores, labels), 2000, seed=1)
    drawn = []
    for _ in range(2000):
        rows = rng.integers(0, 300, 300)
        drawn.append(summary(scores[rows], labels[rows])["auc"])
    assert found["auc"] == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])), abs=0.006)
    for name, value in summary(scores, labels).items():
        if name != "rows":
            assert found[name][0] < value < found[name][1], f"{name} lies in its interval"


def test_bootstrap_is_seeded() -> None:
    counts = count_scores(SCORES * 10, LABELS * 10)
    assert bootstrap(counts, 100, seed=1) == bootstrap(counts, 100, seed=1)
    assert bootstrap(counts, 100, seed=1) != bootstrap(counts, 100, seed=2)


def test_merging_scores_keeps_rows_and_hardly_changes_measures() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 50_000)
    scores = np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1)
    counts = count_scores(scores, labels)
    merged = merge(counts, 2048)
    assert len(merged.score) <= 2048
    assert merged.positive.sum() == labels.sum()
    assert (np.diff(merged.score) < 0).all(), "still best first"
    before, after = measures(counts), measures(merged)
    for name in before:
        assert after[name] == pytest.approx(before[name], abs=1e-3), name


def test_the_cheapest_threshold_is_cheapest() -> None:
    # missing a positive costs five: take everything down to 0.7, which costs one false alarm
    assert cheapest_threshold(SCORES, LABELS, 5, 1) == pytest.approx(0.55)
    # a false alarm costs five: leave the tie at 0.7 out and miss one
    assert cheapest_threshold(SCORES, LABELS, 1, 5) == pytest.approx(0.75)
    assert cheapest_threshold([0.2, 0.4], [1, 1], 1, 1) == pytest.approx(0.1), (
        "all positive: below the lowest"
    )
    assert cheapest_threshold([0.2, 0.4], [0, 0], 1, 1) == pytest.approx(0.7), "none: above the highest"


def test_confusion_counts_scores_from_the_threshold_on() -> None:
    found = curves.confusion(count_scores(SCORES, LABELS), 0.7)
    counts = {
        key: found[key] for key in ("true_positive", "false_positive", "true_negative", "false_negative")
    }
    assert list(counts.values()) == [3, 1, 2, 0]
    assert (found["precision"], found["recall"], found["accuracy"]) == (0.75, 1.0, 5 / 6)
    assert found["selection_rate"] == pytest.approx(4 / 6)


def test_curves_begin_and_end_where_they_must_and_are_short() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 5000)
    counts = count_scores(rng.random(5000), labels)
    roc, pr = curves.roc_points(counts), curves.pr_points(counts)
    assert (roc[0]["fpr"], roc[0]["tpr"], roc[-1]["fpr"], roc[-1]["tpr"]) == (0, 0, 1, 1)
    assert pr[-1]["recall"] == 1
    assert pr[-1]["precision"] == pytest.approx(labels.mean())
    assert max(len(roc), len(pr)) <= curves.POINTS + 1
    assert all(a["tpr"] <= b["tpr"] for a, b in itertools.pairwise(roc))


def test_calibration_compares_scores_with_observed_rates() -> None:
    table = curves.calibration(
        count_scores([0.2] * 50 + [0.8] * 50, [1] * 10 + [0] * 40 + [1] * 30 + [0] * 20)
    )
    assert [(row["rows"], row["mean_score"], row["observed"]) for row in table] == [
        (50, 0.2, 0.2),
        (50, 0.8, 0.6),
    ]
    assert table[0]["low"] == pytest.approx(0.1124, abs=1e-4), "Wilson's interval of 10 in 50"
    assert table[0]["high"] == pytest.approx(0.3304, abs=1e-4)
    assert curves.calibration_error(table) == pytest.approx(0.1)
