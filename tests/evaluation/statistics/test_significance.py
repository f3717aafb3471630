"""The tests of a difference: against SciPy's, by hand, and against every possible world."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_ind
from scipy.stats import t as student

from swereg.evaluation.statistics import METRICS, Bootstrap, Scored
from swereg.evaluation.statistics.significance import (
    exchange_test,
    seeds_test,
    sign_test,
    student_p,
)
from tests.evaluation.statistics.making import answers, any_answers, drawn, scored


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 400), st.integers(0, 400))
def test_the_sign_test_is_scipys_binomial_test(one: int, other: int) -> None:
    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert sign_test(one, other) == pytest.approx(expected, rel=1e-11)
    assert sign_test(one, other) == sign_test(other, one) <= 1.0


@pytest.mark.parametrize(("one", "other"), [(40_000, 40_700), (900, 1200), (0, 1000), (5000, 5000)])
def test_the_sign_test_holds_for_many_examples(one: int, other: int) -> None:
    assert sign_test(one, other) == pytest.approx(binomtest(one, one + other).pvalue, rel=1e-8)


@pytest.mark.parametrize(
    ("one", "other", "p"),
    [
        (0, 0, 1.0),
        (0, 1, 1.0),
        (0, 5, 2 / 32),
        (0, 6, 2 / 64),
        (1, 7, 2 * (1 + 8) / 256),
        (2, 8, 2 * (1 + 10 + 45) / 1024),
        (3, 4, 1.0),
    ],
)
def test_the_sign_test_by_hand(one: int, other: int, p: float) -> None:
    assert sign_test(one, other) == pytest.approx(p, rel=1e-14)


def every_world(name: str, a: Scored, b: Scored) -> float:
    """Exchange the answers to every subset of the examples: the p that the draws estimate."""
    metric = METRICS[name]

    def value(rows: list[np.ndarray]) -> float:
        found = metric.value(Scored(a.labels, a.examples, np.stack(rows)))
        assert found is not None
        return found

    logits = list(zip(a.logits, b.logits, strict=True))
    gaps = []
    for kept in product([0, 1], repeat=a.rows):
        here = [pair[side] for pair, side in zip(logits, kept, strict=True)]
        there = [pair[1 - side] for pair, side in zip(logits, kept, strict=True)]
        gaps.append(abs(value(there) - value(here)))
    return float(np.mean(np.array(gaps) >= gaps[0] - 1e-12))


@pytest.mark.parametrize("metric", [name for name, one in METRICS.items() if not one.unsure])
def test_the_exchange_test_is_that_over_all_worlds(metric: str) -> None:
    a, b = drawn(3, 8, 2, 0.3), drawn(3, 8, 2, 1.5)
    b = Scored(b.labels, b.examples, b.logits[:, ::-1] * 0.5 + a.logits)
    found = exchange_test(METRICS[metric], a, b, Bootstrap(resamples=20_000))
    assert found == pytest.approx(every_world(metric, a, b), abs=0.015)


@settings(deadline=None, max_examples=60)
@given(any_answers(), st.integers(0, 2**32))
def test_exchanging_answers_gives_what_the_metric_gives(a: Scored, seed: int) -> None:
    """With ties, with labels that do not occur, in any world."""
    rng = np.random.default_rng(seed)
    b = Scored(a.labels, a.examples, rng.integers(-3, 4, size=a.logits.shape).astype("f4"))
    stay = rng.integers(0, 2, size=(5, a.rows)).astype(float)
    for name, metric in METRICS.items():
        if metric.undefined(a):
            continue
        found = metric.exchanged(a, b)(stay.T)
        for world, difference in zip(stay, found, strict=True):
            here = np.where(world[:, None] == 1, a.logits, b.logits)
            there = np.where(world[:, None] == 1, b.logits, a.logits)
            one, other = (
                metric.value(Scored(a.labels, a.examples, answers)) for answers in (here, there)
            )
            assert one is not None
            assert other is not None
            assert difference == pytest.approx(other - one, abs=1e-11), name


def test_by_accuracy_the_exchange_test_is_mcnemars() -> None:
    a = answers([0] * 40, [1] * 9 + [0] * 2 + [0] * 29)
    b = answers([0] * 40, [0] * 9 + [1] * 2 + [0] * 29)
    found = exchange_test(METRICS["accuracy"], a, b, Bootstrap(resamples=20_000))
    assert found == pytest.approx(sign_test(2, 9), abs=0.005)


def test_the_same_answers_are_never_surprising_and_p_is_never_zero() -> None:
    a, far = drawn(4, 60), drawn(4, 60, 2, 6.0)
    assert exchange_test(METRICS["loss"], a, a, Bootstrap(resamples=99)) == 1.0
    assert exchange_test(METRICS["loss"], a, far, Bootstrap(resamples=99)) == 1 / 100


@pytest.mark.parametrize("metric", METRICS)
def test_it_does_not_matter_which_comes_first(metric: str) -> None:
    a, b = drawn(5, 40, 3, 1.0), drawn(5, 40, 3, 1.6)
    few = Bootstrap(resamples=300)
    there, back = (exchange_test(METRICS[metric], *two, few) for two in ((a, b), (b, a)))
    assert there == back


def test_the_worlds_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    from swereg.evaluation.statistics import bootstrap as module

    a, b = drawn(6, 31), drawn(7, 31)
    b = scored(a.truth.tolist(), b.logits)
    whole = exchange_test(METRICS["brier"], a, b, Bootstrap(resamples=50))
    monkeypatch.setattr(module, "_AT_ONCE", 62 * 7)
    assert exchange_test(METRICS["brier"], a, b, Bootstrap(resamples=50)) == whole


@given(st.floats(-30, 30), st.floats(1, 2000))
def test_students_p_is_scipys(t: float, freedom: float) -> None:
    expected = 2 * student.sf(abs(t), freedom)
    assert student_p(t, freedom) == pytest.approx(expected, rel=1e-3, abs=1e-6)


@given(st.integers(0, 2**32), st.integers(2, 6), st.integers(2, 6))
def test_with_seeds_alone_the_test_is_welchs(seed: int, one: int, other: int) -> None:
    """Without a share of the examples in the variance, this is the t-test of unequal variances."""
    rng = np.random.default_rng(seed)
    groups = [rng.normal(size=one).tolist(), rng.normal(0.5, 2.0, size=other).tolist()]
    expected = ttest_ind(*groups, equal_var=False).pvalue
    difference = float(np.mean(groups[0]) - np.mean(groups[1]))
    found = seeds_test(difference, np.full(9, difference), groups, 100)
    assert found == pytest.approx(expected, abs=1e-5)


def test_with_examples_alone_the_seeds_test_is_nearly_normal() -> None:
    moved = np.random.default_rng(1).normal(0.2, 0.1, 50_000)
    assert seeds_test(0.196, moved, [[0.5], [0.7]], 1000) == pytest.approx(0.05, abs=0.003)


def test_without_any_variance_only_a_difference_is_sure() -> None:
    assert seeds_test(0.0, np.zeros(9), [[1.0, 1.0], [1.0]], 10) == 1.0
    assert seeds_test(1.0, np.ones(9), [[0.0, 0.0], [1.0]], 10) == 0.0
