"""Folding: what counts as the same training, repeats, and the spread against NumPy's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swereg.evaluation.statistics import Fold, Spread, fold, seed_run
from swereg.records.entry import Entry, Outline
from swereg.records.training import BaseInfo, Recipe

BASE = BaseInfo("mini", "", "f" * 64, "BertModel", 1000, 32, 64)


def trained(version: int, seed: int = 42, **facts: Any) -> Entry:
    """Make an entry; what belongs to the recipe goes there."""
    known = Recipe.__dataclass_fields__
    recipe = Recipe(seed=seed, **{key: value for key, value in facts.items() if key in known})
    plain = Entry(
        name="t",
        version=version,
        task="t",
        labels=("a", "b"),
        base=BASE,
        dataset="d" * 64,
        sizes={},
        recipe=recipe,
        weights_digest="e" * 64,
        weights_size=1,
        trainable=1,
        total=1,
        epochs=(),
        best_epoch=1,
        scores={"test": {"accuracy": 0.5 + version / 100}},
        seconds=1.0,
        cut={},
        environment={},
        note="",
        run="r",
        created=f"2026-01-{version:02}T00:00:00Z",
    )
    return replace(plain, **{key: value for key, value in facts.items() if key not in known})


def folded(*entries: Entry) -> list[Fold]:
    return fold([Outline.of(entry) for entry in entries])


def refs(*entries: Entry) -> list[tuple[str, ...]]:
    return [one.refs for one in folded(*entries)]


def test_seeds_alone_make_one_line_by_rising_seed() -> None:
    found = folded(trained(1, 44), trained(2, 42), trained(3, 43))
    assert found == [Fold(("t/2", "t/3", "t/1"))]


@pytest.mark.parametrize(
    "fact",
    [
        {"task": "u"},
        {"labels": ("b", "a")},
        {"dataset": "c" * 64},
        {"base": replace(BASE, fingerprint="a" * 64)},
        {"method": "full"},
        {"settings": {"r": 4}},
        {"learning_rate": 2e-4},
        {"batch_size": 4},
        {"epochs_": 3},
        {"patience": 5},
        {"max_length": 8},
        {"dropout": 0.0},
        {"weight_decay": 0.1},
        {"clip": 2.0},
        {"precision": "bf16"},
        {"device": "cuda"},
    ],
)
def test_whatever_decides_a_training_keeps_lines_apart(fact: dict[str, Any]) -> None:
    other = trained(2, 43)
    if "epochs_" in fact:  # the entry has a field of that name too
        other = replace(other, recipe=replace(other.recipe, epochs=fact["epochs_"]))
    else:
        other = trained(2, 43, **fact)
    assert refs(trained(1), other) == [("t/1",), ("t/2",)]


@pytest.mark.parametrize(
    "fact",
    [
        {"name": "u"},
        {"note": "another"},
        {"run": "s"},
        {"environment": {"torch": "2"}},
        {"aliases": ("prod",)},
        {"seconds": 3.0},
        {"base": replace(BASE, name="elsewhere")},
    ],
)
def test_what_does_not_decide_it_does_not(fact: dict[str, Any]) -> None:
    assert len(refs(trained(1), trained(2, 43, **fact))) == 1


def test_settings_are_the_same_in_any_order() -> None:
    one, other = ({"r": 4, "alpha": 8}, {"alpha": 8, "r": 4})
    assert len(refs(trained(1, settings=one), trained(2, 43, settings=other))) == 1


def test_the_newest_of_a_repeated_seed_counts() -> None:
    found = folded(trained(3), trained(1), trained(4, 43), trained(2))
    assert found == [Fold(("t/3", "t/4"), ("t/1", "t/2"))]


def test_of_the_same_moment_the_later_version_counts() -> None:
    moment = "2026-01-01T00:00:00Z"
    found = folded(trained(10, created=moment), trained(9, created=moment))
    assert found == [Fold(("t/10",), ("t/9",))]


def test_what_nobody_saw_learning_stays_alone() -> None:
    imported = [trained(one, one, origin={"base": "verified"}) for one in (1, 2)]
    assert refs(*imported, trained(3, 3), trained(4, 4)) == [("t/1",), ("t/2",), ("t/3", "t/4")]
    assert refs() == []


def test_lines_stay_in_the_order_of_their_first_entries() -> None:
    other = [trained(one, one, method="full") for one in (1, 4)]
    found = refs(trained(3, 7), other[1], trained(2, 5), other[0])
    assert found == [("t/2", "t/3"), ("t/1", "t/4")]


def with_scores(seed: int, **scores: float) -> Entry:
    """An entry with scores on test and on validation."""
    return trained(1 + seed, seed, scores={"test": scores, "val": scores})


def test_a_single_seed_has_no_deviation() -> None:
    found = seed_run([with_scores(7, accuracy=0.51, macro_f1=0.4, loss=0.3)])
    assert found.spreads["accuracy"] == Spread((0.51,), 0.51, None)
    assert (found.split, found.seeds) == ("test", (7,))


@given(st.lists(st.floats(0, 10), min_size=1, max_size=9))
def test_mean_and_deviation_are_those_of_numpy(values: list[float]) -> None:
    entries = [
        with_scores(seed, accuracy=0.5, macro_f1=0.5, loss=value)
        for seed, value in enumerate(values)
    ]
    spread = seed_run(entries[::-1]).spreads["val_loss"]
    assert spread.values == tuple(values)
    assert spread.mean == pytest.approx(sum(values) / len(values))
    if len(values) > 1:
        assert spread.deviation == pytest.approx(np.sqrt(np.var(values, ddof=1)))
    else:
        assert spread.deviation is None
