"""The intervals: against a slow loop, against SciPy's, and whether they cover the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from swereg.evaluation.statistics import METRICS, Bootstrap, Scored, report
from swereg.evaluation.statistics import bootstrap as module
from swereg.evaluation.statistics.bootstrap import Interval
from swereg.evaluation.statistics.calibration import calibrated
from tests.evaluation.statistics.making import answers, drawn, scored


def slow(one: Scored, metric: str, resamples: int, seed: int) -> list[float]:
    """Draw one sample after the other and work out the metric on copies of its rows."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(resamples):
        rows = rng.integers(0, one.rows, one.rows).tolist()
        value = METRICS[metric].value(one.take(rows, one.labels))
        found.append(math.nan if value is None else value)
    return found


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("labels", [2, 3])
def test_intervals_are_those_of_a_loop_with_the_same_draws(metric: str, labels: int) -> None:
    one = drawn(3, 17, labels)
    bootstrap = Bootstrap(resamples=60, seed=5)
    (fast,) = bootstrap.values(one.rows, [METRICS[metric].formula(one)])
    expected = slow(one, metric, 60, 5)
    assert fast.tolist() == pytest.approx(expected, nan_ok=True)
    if METRICS[metric].unsure:
        return
    low, high = np.nanpercentile(expected, [2.5, 97.5])
    found = report(one, bootstrap).figures[metric].interval
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high))


def test_the_draws_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap = Bootstrap(resamples=50)
    (whole,) = bootstrap.weights(31)
    monkeypatch.setattr(module, "_AT_ONCE", 31 * 3)
    monkeypatch.setattr(module, "_HELD", 31 * 7)
    monkeypatch.setattr(module, "_FEWEST", 1)
    parts = list(bootstrap.weights(31))
    assert len(parts) == 8
    assert (np.hstack(parts) == whole).all()
    assert (whole.sum(axis=0) == 31).all()


def test_the_same_seed_gives_the_same_limits_and_another_gives_others() -> None:
    one = drawn(4, 50)
    assert report(one) == report(one)
    mine, other = (report(one, Bootstrap(seed=seed)).figures["loss"].interval for seed in (1, 2))
    assert mine != other


def test_limits_agree_with_those_of_scipy() -> None:
    one = drawn(5, 120)
    losses = -one.log_probabilities[np.arange(one.rows), one.truth]
    theirs = stats.bootstrap((losses,), np.mean, n_resamples=4000, method="percentile", rng=1)
    mine = report(one, Bootstrap(resamples=4000)).figures["loss"].interval
    assert mine is not None
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert mine.low == pytest.approx(theirs.confidence_interval.low, abs=0.05 * width)
    assert mine.high == pytest.approx(theirs.confidence_interval.high, abs=0.05 * width)


def test_an_interval_needs_half_of_the_resamples() -> None:
    # one b in 30: a third of the resamples have none, and no area
    truth = [0] * 29 + [1]
    logits = np.random.default_rng(0).normal(size=(30, 2))
    interval = report(scored(truth, logits)).figures["roc_auc"].interval
    assert interval is not None
    assert 0.55 < interval.resamples / 2000 < 0.7
    values = np.array([0.5] * 49 + [math.nan] * 51)
    assert Bootstrap(resamples=100).interval(values) is None


def test_all_alike_leaves_an_interval_without_width() -> None:
    found = report(answers([0, 1] * 10, [0, 1] * 10)).figures["accuracy"].interval
    assert found == Interval(1.0, 1.0, 0.95, 2000)


@pytest.mark.parametrize(("level", "fewest"), [(0.95, 6), (0.9, 5), (0.99, 8)])
def test_fewest_is_where_a_sign_test_can_reach_the_level(level: float, fewest: int) -> None:
    assert Bootstrap(level=level).fewest == fewest
    assert stats.binomtest(fewest, fewest).pvalue < 1 - level
    assert stats.binomtest(fewest - 1, fewest - 1).pvalue >= 1 - level


def test_nominal_95_percent_cover_the_truth_in_about_95_percent() -> None:
    """Draw 800 test sets of 300 from one large population whose metrics are known."""
    names = [name for name, metric in METRICS.items() if not metric.unsure]
    population = drawn(6, 100_000, 2, 1.2)
    truth = {name: METRICS[name].value(population) or 0.0 for name in names}
    rng = np.random.default_rng(7)
    covered = dict.fromkeys(names, 0)
    for trial in range(800):
        one = population.take(rng.integers(0, population.rows, 300).tolist(), population.labels)
        bootstrap = Bootstrap(resamples=300, seed=trial)
        formulas = [METRICS[name].formula(one) for name in names]
        for name, values in zip(names, bootstrap.values(one.rows, formulas), strict=True):
            covered[name] += truth[name] in bootstrap.limits(values)
    shares = {name: count / 800 for name, count in covered.items()}
    assert all(0.92 <= share <= 0.98 for share in shares.values()), shares


def test_the_calibration_error_has_no_interval_but_a_scale() -> None:
    """Answers that are right as often as they say are inside in 95 %; boastful ones are not."""
    rng = np.random.default_rng(8)
    inside = boastful = 0
    for trial in range(400):
        logits = rng.normal(size=(100, 2)) * 1.5
        sure = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
        truth = (rng.random(100) < sure).astype(int).tolist()
        bootstrap = Bootstrap(resamples=200, seed=trial)
        for factor in (1, 3):
            one = scored(truth, logits * factor)
            value = METRICS["ece"].value(one) or 0.0
            limits = calibrated(one, bootstrap)
            inside += factor == 1 and value in limits
            boastful += factor == 3 and value > limits.high
    assert 0.92 <= inside / 400 <= 0.98
    assert boastful / 400 > 0.9
    assert report(one, bootstrap).figures["ece"].interval is None
    assert report(one, bootstrap).calibrated == limits
