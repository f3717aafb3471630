"""Reliability: bins against a loop, and limits that calibrated answers keep within."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swereg.evaluation.statistics import METRICS, Bootstrap, Scored
from swereg.evaluation.statistics.bins import BINS
from swereg.evaluation.statistics.calibration import calibrated, reliability
from tests.evaluation.statistics.making import drawn, scored


def sure(confidence: list[float], right: list[bool]) -> Scored:
    """Answer the first of two labels with just these probabilities (1/2 to 1)."""
    logits = [[np.log(p / (1 - p)), 0.0] for p in confidence]
    return scored([0 if one else 1 for one in right], logits)


def well_calibrated(rng: np.random.Generator, rows: int, labels: int) -> Scored:
    """Draw logits, and the true labels by their softmax."""
    logits = rng.normal(size=(rows, labels)) * 1.5
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (rng.random((rows, 1)) > p.cumsum(axis=1)).sum(axis=1)
    return scored(np.minimum(truth, labels - 1).tolist(), logits)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 80), st.integers(2, 12), st.floats(0, 9))
def test_bins_are_those_of_a_loop(seed: int, rows: int, labels: int, skill: float) -> None:
    one = drawn(seed, rows, labels, skill)
    found = reliability(one)
    assert [(b.low, b.high) for b in found] == [(m / 15, (m + 1) / 15) for m in range(15)]
    for at, each in enumerate(found):
        here = [
            (max(p), right)
            for p, right in zip(one.probabilities.tolist(), one.right.tolist(), strict=True)
            if at < max(p) * 15 <= at + 1
        ]
        assert each.rows == len(here)
        if not here:
            assert (each.confidence, each.accuracy) == (None, None)
            continue
        assert each.confidence == pytest.approx(sum(p for p, _ in here) / len(here))
        assert each.accuracy == pytest.approx(sum(right for _, right in here) / len(here))


def test_two_bins_by_hand() -> None:
    found = reliability(sure([0.7, 0.72, 0.95, 0.96, 0.99], [True, False, True, True, True]))
    filled = {at: each for at, each in enumerate(found) if each.rows}
    assert list(filled) == [10, 14]
    assert (filled[10].rows, filled[10].accuracy) == (2, 0.5)
    assert filled[10].confidence == pytest.approx(0.71)
    assert (filled[14].rows, filled[14].accuracy) == (3, 1.0)
    assert filled[14].confidence == pytest.approx(0.9667, abs=1e-4)


def test_the_most_and_the_least_that_one_can_be_sure() -> None:
    certain = reliability(scored([0, 0], [[900, 0], [900, 0]]))
    assert (certain[-1].rows, certain[-1].confidence) == (2, 1.0)
    torn = reliability(scored([0, 1], [[0, 0], [0, 0]]))
    assert [at for at, each in enumerate(torn) if each.rows] == [7]  # (7/15, 8/15]


def test_limits_are_those_of_a_loop_with_the_same_draws() -> None:
    one = drawn(2, 40, 3)
    bootstrap = Bootstrap(resamples=80, seed=4)
    rng = np.random.default_rng(4)
    top = one.probabilities.max(axis=1)
    errors = []
    for _ in range(80):
        right = rng.random(40) < top
        inside = [(m < 15 * top) & (15 * top <= m + 1) for m in range(BINS)]
        errors.append(
            sum(
                here.mean() * abs(right[here].mean() - top[here].mean())
                for here in inside
                if here.any()
            )
        )
    found = calibrated(one, bootstrap)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(errors, [2.5, 97.5])))
    assert (found.level, found.resamples) == (0.95, 80)


def test_limits_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    from swereg.evaluation.statistics import bootstrap as module

    one = drawn(3, 31)
    whole = calibrated(one, Bootstrap(resamples=50))
    monkeypatch.setattr(module, "_AT_ONCE", 31 * 7)
    assert calibrated(one, Bootstrap(resamples=50)) == whole


@pytest.mark.parametrize(("rows", "labels"), [(40, 2), (150, 5)])
def test_calibrated_answers_are_within_the_limits_in_about_95_percent(
    rows: int, labels: int
) -> None:
    rng = np.random.default_rng(rows)
    inside = 0
    for trial in range(400):
        one = well_calibrated(rng, rows, labels)
        limits = calibrated(one, Bootstrap(resamples=300, seed=trial))
        inside += (METRICS["ece"].value(one) or 0.0) in limits
    assert 0.92 <= inside / 400 <= 0.98


def test_more_examples_leave_less_to_chance() -> None:
    rng = np.random.default_rng(1)
    highs = [calibrated(well_calibrated(rng, n, 3), Bootstrap()).high for n in (30, 300, 3000)]
    assert highs[0] > 2 * highs[1] > 4 * highs[2]
