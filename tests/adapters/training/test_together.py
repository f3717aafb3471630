"""Trainings that go through the base together learn what each of them learns alone."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from torch import nn

from swereg.adapters import products
from swereg.adapters.bases.sources import BaseSource
from swereg.adapters.training import engine, recipes, together
from swereg.adapters.training.engine.packed_bert import PackedBert
from swereg.adapters.training.fit import Training
from swereg.errors import TrainingError
from swereg.plugins import specs
from swereg.records.dataset import Dataset
from swereg.records.progress import Progress, Stepped
from swereg.records.training import Fitted

Said = tuple[str, dict[str, Any]]
DIFFERENT: list[Said] = [
    ("lora[r=2,dropout=0.3]", {"seed": 1, "learning_rate": 0.01, "dropout": 0.2}),
    ("lora[r=4,dropout=0.1]", {"seed": 2, "learning_rate": 0.03, "batch_size": 3, "epochs": 1}),
    ("lora[r=8,alpha=3]", {"seed": 2, "dropout": 0.0, "clip": 0.1}),
    ("lora[r=1,targets=key+dense]", {"seed": 3, "weight_decay": 0.1}),
    ("rslora[r=2]", {"seed": 4, "patience": 1, "learning_rate": 0.0}),
    ("dora[r=2]", {"seed": 5}),
    ("ia3", {"seed": 6, "dropout": 0.4}),
]


class Trained:
    """What came of some trainings, and the losses of their steps."""

    def __init__(
        self, source: BaseSource, dataset: Dataset, those: list[Said], device: str = "cpu"
    ) -> None:
        self.steps: list[list[float]] = [[] for _ in those]
        self.found: dict[int, Any] = {}
        self.ended: list[int] = []
        self.makers = []
        for number, (spec, said) in enumerate(those):
            parsed = specs.parse_method(spec)
            usual = {"device": device, "epochs": 3, "learning_rate": 0.02, "patience": 9}
            recipe = recipes.recipe(parsed, {}, source.max_length, usual | said)
            hear = partial(self._hear, number)
            self.makers.append(
                partial(Training, source, parsed.method, dataset, recipe, on_progress=hear)
            )

    def at_once(self) -> Trained:
        together.fit_all(self.makers, self._end)
        return self

    def one_by_one(self) -> Trained:
        for number, make in enumerate(self.makers):
            together.fit_all([make], lambda _, outcome, number=number: self._end(number, outcome))
        return self

    def _hear(self, number: int, event: Progress) -> None:
        if isinstance(event, Stepped) and event.stage == "train":
            self.steps[number].append(event.loss or 0.0)

    def _end(self, number: int, outcome: Any) -> None:
        self.ended.append(number)
        self.found[number] = outcome

    def fitted(self, number: int) -> Fitted:
        _, fitted = self.found[number]
        assert isinstance(fitted, Fitted)
        return fitted


def assert_same(mine: Trained, its: Trained, numbers: list[int], *, steps: float) -> None:
    for number in numbers:
        assert len(mine.steps[number]) == len(its.steps[number])
        assert np.abs(np.subtract(mine.steps[number], its.steps[number])).max() < steps, number
        one, other = mine.fitted(number), its.fitted(number)
        assert (one.recipe, one.best_epoch) == (other.recipe, other.best_epoch)
        assert np.allclose(
            [e.val_loss for e in one.epochs], [e.val_loss for e in other.epochs], atol=1e-5
        )
        ours, theirs = (safetensors.numpy.load(f.weights.data or b"") for f in (one, other))
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            assert np.abs(ours[key] - value).max() < 1e-4, (number, key)


@pytest.mark.parametrize("smallest", [1, products.SMALLEST])  # of oneDNN's products
def test_each_learns_what_it_learns_alone(
    smallest: int, source: BaseSource, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other ranks, targets, methods, rates, batches, chances; they end at different times."""
    monkeypatch.setattr(products, "SMALLEST", smallest)
    wanted = Trained(source, dataset, DIFFERENT).one_by_one()
    found = Trained(source, dataset, DIFFERENT).at_once()
    assert_same(found, wanted, list(range(len(DIFFERENT))), steps=1e-6)
    assert len({len(steps) for steps in found.steps}) > 2
    assert found.ended != sorted(found.ended)
    assert found.fitted(0).weights.digest != found.fitted(2).weights.digest


def test_who_else_is_there_makes_no_difference(source: BaseSource, dataset: Dataset) -> None:
    """To rounding; the first one of a pack is whoever it is."""
    all_of_them = Trained(source, dataset, DIFFERENT).at_once()
    some = Trained(source, dataset, DIFFERENT[2::-1]).at_once()
    for number in range(3):
        difference = np.subtract(some.steps[2 - number], all_of_them.steps[number])
        assert np.abs(difference).max() < 1e-5


def test_a_loss_without_end_stays_with_its_own(source: BaseSource, dataset: Dataset) -> None:
    those = [DIFFERENT[0], ("lora", {"learning_rate": 1e30, "epochs": 9}), DIFFERENT[2]]
    found = Trained(source, dataset, those).at_once()
    wanted = Trained(source, dataset, those).one_by_one()
    assert isinstance(found.found[1], TrainingError)
    assert found.found[1].what == wanted.found[1].what
    assert_same(found, wanted, [0, 2], steps=1e-6)


@pytest.mark.parametrize("method", ["head", "full", "bitfit"])
def test_what_does_not_leave_the_base_as_it_is_goes_one_by_one(
    method: str, source: BaseSource, dataset: Dataset
) -> None:
    those: list[Said] = [(method, {"seed": seed, "learning_rate": 1e-3}) for seed in (1, 2)]
    found = Trained(source, dataset, those).at_once()
    wanted = Trained(source, dataset, those).one_by_one()
    assert found.steps == wanted.steps
    assert found.ended == [0, 1]
    for number in (0, 1):
        assert found.fitted(number).weights.digest == wanted.fitted(number).weights.digest


def test_what_is_frozen_is_there_once(source: BaseSource, dataset: Dataset) -> None:
    models = [make().model for make in Trained(source, dataset, DIFFERENT).makers[:3]]
    joined = engine.Together()
    for model in models:
        assert engine.Together.suits(model)
        joined.add(model)
    frozen = [{id(p) for p in model.parameters() if not p.requires_grad} for model in models]
    assert frozen[0] == frozen[1] == frozen[2]
    encoders = [next(m for m in model.modules() if isinstance(m, PackedBert)) for model in models]
    assert not {id(m) for m in encoders[0].modules() if isinstance(m, nn.Dropout)} & {
        id(m) for m in encoders[1].modules()
    }
