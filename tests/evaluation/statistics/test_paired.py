"""Pairs: against a slow loop and tables by hand, the rules of verdicts, and how often they err."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from swereg.errors import Conflict
from swereg.evaluation.statistics import METRICS, Bootstrap, Difference, Scored, resample
from swereg.evaluation.statistics.paired import mcnemar
from tests.evaluation.statistics.making import answers, drawn, pair, scored

FEW = Bootstrap(resamples=200)
JUDGING = [name for name, metric in METRICS.items() if not metric.unsure]


def two(seed: int, rows: int, labels: int = 2, gain: float = 0.0) -> tuple[Scored, Scored]:
    """Draw two entries that share half of their noise; B favours the truth by ``gain`` more."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, rows)
    common = rng.normal(size=(rows, labels)) + 1.2 * np.eye(labels)[truth]
    own = rng.normal(size=(2, rows, labels))
    extra = gain * np.eye(labels)[truth]
    return scored(truth.tolist(), common + own[0]), scored(truth.tolist(), common + own[1] + extra)


def differences(
    a: Scored, b: Scored, metrics: list[str], bootstrap: Bootstrap
) -> dict[str, Difference]:
    found = resample({"A": [a], "B": [b]}, metrics, bootstrap)
    return {name: each.difference("A", "B") for name, each in found.items()}


def table(both: int, only_a: int, only_b: int, neither: int) -> tuple[Scored, Scored]:
    """Make two entries that are right and wrong just so often, all examples labelled a."""
    counts = (both, only_a, only_b, neither)
    truth = [0] * sum(counts)
    a = np.repeat([0, 0, 1, 1], counts).tolist()
    b = np.repeat([0, 1, 0, 1], counts).tolist()
    return answers(truth, a), answers(truth, b)


@pytest.mark.parametrize("metric", JUDGING)
@pytest.mark.parametrize("labels", [2, 3])
def test_differences_are_those_of_a_loop_with_the_same_draws(metric: str, labels: int) -> None:
    a, b = two(1, 40, labels)
    bootstrap = Bootstrap(resamples=150, seed=9)
    rng = np.random.default_rng(9)
    expected = []
    for rows in rng.integers(0, 40, size=(150, 40)).tolist():
        one, other = (METRICS[metric].value(each.take(rows, each.labels)) for each in (a, b))
        expected.append(np.nan if one is None or other is None else other - one)
    found = differences(a, b, [metric], bootstrap)[metric]
    assert found.interval is not None
    limits = np.nanpercentile(expected, [2.5, 97.5])
    assert (found.interval.low, found.interval.high) == pytest.approx(tuple(limits))
    assert found.interval.resamples == np.isfinite(expected).sum()
    assert (found.a, found.b) == (METRICS[metric].value(a), METRICS[metric].value(b))
    assert found.value == (found.b or 0) - (found.a or 0)


def test_one_metric_alone_has_the_figures_that_it_has_among_all() -> None:
    a, b = two(2, 50)
    every = pair(a, b, bootstrap=FEW).differences
    assert list(every) == list(METRICS)
    assert all(differences(a, b, [name], FEW)[name] == one for name, one in every.items())


@pytest.mark.parametrize(
    ("cells", "p"),
    [
        ((10, 0, 0, 3), 1.0),
        ((10, 1, 0, 0), 1.0),
        ((5, 0, 6, 1), 2 / 64),
        ((5, 7, 1, 1), 18 / 256),
        ((0, 2, 8, 0), 112 / 1024),
        ((59, 6, 16, 80), binomtest(6, 22).pvalue),
    ],
)
def test_mcnemar_by_hand(cells: tuple[int, int, int, int], p: float) -> None:
    found = mcnemar(*table(*cells))
    assert (found.both, found.only_a, found.only_b, found.neither) == cells
    assert found.p == pytest.approx(p)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(2, 4))
def test_mcnemar_is_scipys_binomial_test_on_counted_rows(seed: int, rows: int, labels: int) -> None:
    a, b = two(seed, rows, labels)
    found = mcnemar(a, b)
    cells = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for one, other in zip(a.right.tolist(), b.right.tolist(), strict=True):
        cells[one, other] += 1
    assert [found.both, found.only_a, found.only_b, found.neither] == list(cells.values())
    apart = found.only_a + found.only_b
    assert found.p == pytest.approx(binomtest(found.only_a, apart).pvalue if apart else 1.0)


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        ((50, 0, 6, 4), "better"),
        ((50, 6, 0, 4), "worse"),
        ((50, 0, 5, 5), "indistinguishable"),  # the interval leaves out 0; five are too few
        ((60, 4, 13, 10), "better"),  # p = 0.049
        ((60, 6, 16, 10), "indistinguishable"),  # p = 0.052; the interval leaves out 0
        ((60, 0, 0, 10), "indistinguishable"),
        ((0, 0, 40, 0), "better"),
        ((1, 0, 0, 0), "indistinguishable"),
        ((0, 0, 1, 0), "indistinguishable"),
    ],
)
def test_verdicts_by_accuracy(cells: tuple[int, int, int, int], verdict: str) -> None:
    assert pair(*table(*cells), bootstrap=FEW).verdict() == verdict


@pytest.mark.parametrize("cells", [(50, 0, 5, 5), (60, 6, 16, 10)])
def test_an_interval_alone_does_not_decide(cells: tuple[int, int, int, int]) -> None:
    found = pair(*table(*cells)).differences["accuracy"]
    assert found.interval is not None
    assert found.interval.low > 0
    assert found.p is not None
    assert found.p > 0.05
    assert found.verdict == "indistinguishable"


def test_five_examples_never_decide_whatever_the_draws_say() -> None:
    a, b = table(50, 0, 5, 5)
    found = [
        differences(a, b, ["macro_f1"], Bootstrap(resamples=50, seed=seed))["macro_f1"]
        for seed in range(30)
    ]
    assert min(one.p or 0.0 for one in found) < 0.05  # 1/16, estimated
    assert {one.verdict for one in found} == {"indistinguishable"}


def test_a_loss_is_better_when_it_is_smaller() -> None:
    a, b = two(3, 200, gain=2.0)
    found = pair(a, b, bootstrap=FEW)
    assert (found.differences["loss"].value or 0) < 0
    assert {found.verdict(name) for name in JUDGING} == {"better"}


def test_what_decides_nothing_says_why() -> None:
    a, b = table(20, 0, 20, 10)
    found = pair(a, b, bootstrap=FEW).differences
    area, error = found["roc_auc"], found["ece"]
    assert (area.value, area.interval, area.p, area.verdict) == (
        None,
        None,
        None,
        "indistinguishable",
    )
    assert area.reason == "every example is labelled a"
    assert error.value is not None
    assert (error.interval, error.p, error.verdict) == (None, None, "indistinguishable")
    assert error.reason == "resamples exaggerate calibration errors"
    assert found["accuracy"].reason == ""


def test_an_entry_against_itself() -> None:
    a = drawn(1, 30)
    for name, found in pair(a, a, bootstrap=FEW).differences.items():
        assert (found.value, found.differing, found.verdict) == (0.0, 0, "indistinguishable"), name
        assert name not in JUDGING or found.p == 1.0
        assert found.interval is None or (found.interval.low, found.interval.high) == (0.0, 0.0)


def test_differing_counts_the_labels_or_the_probabilities() -> None:
    a = scored([0, 1, 0, 1], [[2, 0], [0, 2], [2, 0], [0, 2]])
    b = scored([0, 1, 0, 1], [[3, 1], [0, 1], [0, 2], [0, 2]])  # shifted, less sure, other, same
    found = pair(a, b, bootstrap=FEW).differences
    assert found["accuracy"].differing == found["mcc"].differing == 1
    assert found["loss"].differing == found["roc_auc"].differing == 2


def test_only_the_same_examples_make_a_pair() -> None:
    a = drawn(1, 10)
    for other in (drawn(2, 10), a.take(range(9), a.labels), a.take(range(10), a.labels[::-1])):
        with pytest.raises(Conflict, match="not to the same examples") as caught:
            pair(a, other)
        assert caught.value.code == "statistics.alignment"


def test_a_pair_is_plain_json() -> None:
    found = pair(*two(4, 30), names=("x/1", "x/2"), bootstrap=FEW)
    read = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert (read["a"], read["b"], read["rows"]) == ("x/1", "x/2", 30)
    assert read["differences"]["accuracy"]["p"] == read["mcnemar"]["p"] == found.mcnemar.p
    assert read["bootstrap"] == {"resamples": 200, "seed": 42, "level": 0.95}


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32), st.integers(1, 60), st.integers(2, 4), st.sampled_from([0.0, 1.0, 3.0])
)
def test_the_other_way_round_is_the_opposite(
    seed: int, rows: int, labels: int, gain: float
) -> None:
    a, b = two(seed, rows, labels, gain)
    there, back = pair(a, b, bootstrap=FEW), pair(b, a, bootstrap=FEW)
    opposite = {"better": "worse", "worse": "better"}
    for name, one in there.differences.items():
        other = back.differences[name]
        assert other.value == (None if one.value is None else -one.value)
        assert (other.p, other.differing, other.reason) == (one.p, one.differing, one.reason)
        assert other.verdict == opposite.get(one.verdict, one.verdict)
        if one.interval:
            assert other.interval is not None
            assert other.interval.low == pytest.approx(-one.interval.high, abs=1e-12)
            assert other.interval.high == pytest.approx(-one.interval.low, abs=1e-12)
    cells = back.mcnemar
    assert there.mcnemar == replace(cells, only_a=cells.only_b, only_b=cells.only_a)


def called_apart(trials: int, rows: int, labels: int = 2, gain: float = 0.0) -> dict[str, float]:
    """Give the share of trials in which two drawn entries are not indistinguishable."""
    apart = dict.fromkeys(JUDGING, 0)
    for trial in range(trials):
        bootstrap = Bootstrap(resamples=200, seed=trial)
        found = differences(*two(10_000 + trial, rows, labels, gain), JUDGING, bootstrap)
        for name, one in found.items():
            apart[name] += one.verdict != "indistinguishable"
    return {name: count / trials for name, count in apart.items()}


@pytest.mark.parametrize(("rows", "labels"), [(20, 2), (50, 2), (40, 4)])
def test_equals_are_called_different_in_about_5_percent_at_most(rows: int, labels: int) -> None:
    shares = called_apart(400, rows, labels)
    # 0.05 and 2.3 standard errors of 400 trials
    assert all(share <= 0.075 for share in shares.values()), shares
    assert shares["accuracy"] <= 0.05


def test_a_real_difference_is_found() -> None:
    """Of drawn entries with 73 and 89 % right, 150 examples tell in nearly all cases."""
    shares = called_apart(100, 150, gain=1.2)
    assert all(share >= 0.85 for share in shares.values()), shares
