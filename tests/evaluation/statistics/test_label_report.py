"""Reports: each label's figures against scikit-learn's, by hand, and as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn import metrics as sk

from swereg.evaluation.statistics import METRICS, Bootstrap, Report, Scored, report
from swereg.evaluation.statistics.calibration import calibrated, reliability
from tests.evaluation.statistics.making import answers, any_answers, drawn, scored

FEW = Bootstrap(resamples=20)


@settings(deadline=None, max_examples=60)
@given(any_answers())
def test_labels_and_confusion_are_those_of_scikit_learn(one: Scored) -> None:
    found = report(one, FEW)
    every = range(len(one.labels))
    expected = sk.confusion_matrix(one.truth, one.best, labels=every)
    assert found.confusion == tuple(map(tuple, expected.tolist()))
    columns = sk.precision_recall_fscore_support(
        one.truth, one.best, labels=every, zero_division=np.nan
    )
    assert [label.label for label in found.labels] == list(one.labels)
    for label, precision, recall, f1, support in zip(found.labels, *columns, strict=True):
        assert label.support == support
        assert label.precision == (None if math.isnan(precision) else pytest.approx(precision))
        assert label.recall == (None if math.isnan(recall) else pytest.approx(recall))
        assert label.f1 == pytest.approx(0.0 if math.isnan(f1) else f1)
    assert [label.answers for label in found.labels] == expected.sum(axis=0).tolist()
    mean = sum(label.f1 for label in found.labels) / len(found.labels)
    assert found.figures["macro_f1"].value == pytest.approx(mean)


@settings(deadline=None, max_examples=40)
@given(any_answers())
def test_a_report_is_plain_json_and_says_why_a_figure_is_missing(one: Scored) -> None:
    found = report(one, FEW)
    read = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert read["rows"] == one.rows
    assert list(read["figures"]) == list(METRICS)
    for name, figure in found.figures.items():
        assert read["figures"][name]["value"] == figure.value
        assert (figure.value is None) == bool(figure.reason)
        assert (figure.interval is None) or name != "ece"
    assert len(read["bins"]) == 15
    assert sum(each["rows"] for each in read["bins"]) == one.rows
    assert read["calibrated"].keys() == {"low", "high", "level", "resamples"}
    assert read["bootstrap"] == {"resamples": 20, "seed": 42, "level": 0.95}


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_intervals_of_labels_are_those_of_a_loop_with_the_same_draws(name: str) -> None:
    one = drawn(7, 40, 3)
    found = report(one, Bootstrap(resamples=50, seed=5)).labels
    rng = np.random.default_rng(5)
    values = []
    for _ in range(50):
        rows = rng.integers(0, one.rows, one.rows)
        parts = sk.precision_recall_fscore_support(
            one.truth[rows], one.best[rows], labels=range(3), zero_division=np.nan
        )
        values.append(dict(zip(("precision", "recall", "f1"), parts, strict=False))[name])
    low, high = np.nanquantile(np.array(values), [0.025, 0.975], axis=0)
    for at, label in enumerate(found):
        limits = label.intervals[name]
        assert (limits.low, limits.high) == pytest.approx((low[at], high[at]))


def test_three_labels_by_hand() -> None:
    # true a: a, a, b; true b: b, c; true c: never; answers a 2, b 2, c 1
    found = report(answers([0, 0, 0, 1, 1], [0, 0, 1, 1, 2], labels=3), FEW)
    assert found.confusion == ((2, 1, 0), (0, 1, 1), (0, 0, 0))
    a, b, c = found.labels
    assert (a.support, a.answers, a.precision, a.recall) == (3, 2, 1.0, pytest.approx(2 / 3))
    assert (b.support, b.answers, b.precision, b.recall) == (2, 2, 0.5, 0.5)
    assert (c.support, c.answers, c.precision, c.recall, c.f1) == (0, 1, 0.0, None, 0.0)
    assert (a.f1, b.f1) == (pytest.approx(0.8), 0.5)
    assert found.figures["roc_auc"].reason == "no example is labelled c"


def test_a_report_brings_together_what_the_parts_say() -> None:
    one = drawn(1, 60, 3)
    found: Report = report(one)
    assert found.rows == 60
    assert found.bins == reliability(one)
    assert found.calibrated == calibrated(one, Bootstrap())
    assert found.bootstrap == Bootstrap()
    for name, metric in METRICS.items():
        figure = found.figures[name]
        assert (figure.metric, figure.value) == (name, metric.value(one))
        if figure.interval is not None:
            (values,) = Bootstrap().values(60, [metric.formula(one)])
            assert figure.interval == Bootstrap().interval(values)
            assert figure.value in figure.interval


def test_rows_in_another_order_have_the_same_values() -> None:
    one = drawn(2, 50, 4)
    other = one.take(np.random.default_rng(3).permutation(50).tolist(), one.labels)
    mine, theirs = report(one, FEW), report(other, FEW)
    bare = [[replace(label, intervals={}) for label in each.labels] for each in (mine, theirs)]
    assert bare[0] == bare[1]
    assert mine.confusion == theirs.confusion
    for name, figure in mine.figures.items():
        assert theirs.figures[name].value == pytest.approx(figure.value), name


def test_labels_in_another_order_have_the_same_values() -> None:
    one = drawn(2, 50, 4)
    other = one.take(range(50), one.labels[::-1])
    mine, theirs = report(one, FEW), report(other, FEW)
    assert theirs.labels == mine.labels[::-1]
    assert theirs.confusion == tuple(row[::-1] for row in mine.confusion[::-1])
    for name, figure in mine.figures.items():
        assert theirs.figures[name].value == pytest.approx(figure.value), name


def test_swedish_labels_keep_their_names() -> None:
    one = scored([0, 1], [[1, 0], [0, 1]], ["övrigt", "fråga"])
    assert [label.label for label in report(one, FEW).labels] == ["övrigt", "fråga"]
