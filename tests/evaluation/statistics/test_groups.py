"""Groups of seeds: their means against a slow loop, and how often equals are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from swereg.evaluation.statistics import METRICS, Bootstrap, Scored, resample
from swereg.evaluation.statistics.significance import seeds_test
from tests.evaluation.statistics.making import pair, scored


def groups(
    trial: int, rows: int, seeds: tuple[int, int], gain: float = 0.0
) -> dict[str, list[Scored]]:
    """Draw trainings on the same examples; the seed decides how much they favour the truth."""
    rng = np.random.default_rng(trial)
    truth = rng.integers(0, 2, rows)
    common = rng.normal(size=(rows, 2))

    def training(more: float) -> Scored:
        favour = 1.2 + more + 0.3 * rng.normal()
        own = 0.6 * rng.normal(size=(rows, 2))
        return scored(truth.tolist(), common + own + favour * np.eye(2)[truth])

    return {
        "a": [training(0.0) for _ in range(seeds[0])],
        "b": [training(gain) for _ in range(seeds[1])],
    }


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "loss"])
def test_values_are_those_of_a_loop_with_the_same_draws(metric: str) -> None:
    drawn = groups(1, 30, (3, 2))
    bootstrap = Bootstrap(resamples=40, seed=6)
    found = resample(drawn, [metric], bootstrap)[metric]
    rows = np.random.default_rng(6).integers(0, 30, size=(40, 30)).tolist()
    for number, (name, group) in enumerate(drawn.items()):
        seeds = np.random.default_rng([6, number]).integers(0, len(group), (len(group) - 1, 40))
        expected = [
            np.mean(
                [
                    METRICS[metric].value(group[seed].take(rows[at], ("a", "b")))
                    for seed in seeds[:, at]
                ]
            )
            for at in range(40)
        ]
        assert found.values[name].tolist() == pytest.approx(expected)
        assert found.mean(name) == pytest.approx(
            np.mean([METRICS[metric].value(one) for one in group])
        )


def test_a_difference_of_groups_by_its_parts() -> None:
    drawn = groups(2, 80, (3, 2), 1.0)
    found = resample(drawn, ["accuracy"])["accuracy"]
    one = found.difference("a", "b")
    moved = found.values["b"] - found.values["a"]
    means = [float(np.mean([each.right.mean() for each in group])) for group in drawn.values()]
    assert (one.a, one.b) == pytest.approx(tuple(means))
    assert one.value == pytest.approx(means[1] - means[0])
    assert one.interval == found.bootstrap.interval(moved)
    every = [[float(each.right.mean()) for each in group] for group in drawn.values()]
    assert one.p == pytest.approx(seeds_test(means[1] - means[0], moved, every, 80))


def test_single_entries_are_a_pair() -> None:
    drawn = groups(3, 60, (1, 1), 1.0)
    for name, found in resample(drawn, list(METRICS)).items():
        assert found.difference("a", "b") == pair(*drawn["a"], *drawn["b"]).differences[name]


@pytest.mark.parametrize(("rows", "seeds"), [(80, 2), (400, 3)])
def test_equals_are_called_different_in_about_5_percent_at_most(rows: int, seeds: int) -> None:
    apart = dict.fromkeys(["accuracy", "macro_f1", "loss"], 0)
    for trial in range(200):
        drawn = groups(trial, rows, (seeds, seeds))
        found = resample(drawn, list(apart), Bootstrap(resamples=200, seed=trial))
        for name, one in found.items():
            apart[name] += one.difference("a", "b").verdict != "indistinguishable"
    # 0.05 and 2.3 standard errors of 200 trials
    assert all(count / 200 <= 0.085 for count in apart.values()), apart


def test_a_real_difference_is_found() -> None:
    told = sum(
        resample(groups(trial, 200, (3, 3), 2.0), ["accuracy"], Bootstrap(200))["accuracy"]
        .difference("a", "b")
        .verdict
        == "better"
        for trial in range(40)
    )
    assert told >= 36
