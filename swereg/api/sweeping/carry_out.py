"""Carry out a sweep: train, store as soon as it is ready, give up what falls behind."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from swereg.api.sweeping.halving import shares, split_by_loss
from swereg.api.sweeping.plan import Combination, GivenUp, SweepRun
from swereg.api.unfinished import staged
from swereg.errors import TrainingError
from swereg.plugins import entry_points
from swereg.records.dataset import Dataset, Task
from swereg.records.entry import Entry, NewEntry
from swereg.records.progress import (
    CombinationBegan,
    EpochEnded,
    GaveUp,
    OnProgress,
    Progress,
    Stepped,
    Stored,
)
from swereg.records.training import BaseInfo, Fitted, Recipe
from swereg.registry import Registry

if TYPE_CHECKING:
    from swereg.adapters.bases.sources import BaseSource
    from swereg.adapters.training import fit as trainer
    from swereg.adapters.training.together import Outcome

TAG = "sweep"


@dataclass
class SweepTraining:
    """A training of the sweep, as far as it has come."""

    combination: Combination
    recipe: Recipe
    state: bytes | None = None
    curve: dict[int, float] = field(default_factory=dict)  # validation losses by epoch
    fitted: tuple[BaseInfo, Fitted] | None = None
    entry: Entry | None = None
    was_there: bool = False  # in the registry, before the sweep
    given_up: GivenUp | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is more to learn."""
        return self.fitted is None and self.entry is None and self.given_up is None

    def epochs_of(self, share: int) -> int:
        """How many epochs are a share of all: at least one."""
        return max(1, math.ceil(self.recipe.epochs / share))

    @property
    def losses(self) -> list[float]:
        """The validation losses of its epochs so far."""
        if self.entry is not None:
            return [epoch.val_loss for epoch in self.entry.epochs]
        return list(self.curve.values())


class Reporter:
    """Passes on what trainings say, after whose it is."""

    def __init__(self, on_progress: OnProgress, count: int, at_once: int) -> None:
        self._on_progress, self._count, self._at_once = on_progress, count, at_once
        self._speaking = 0  # the number of the training that was heard last

    def __call__(self, number: int, combination: Combination, event: Progress) -> None:
        """Pass on an event of a training; ``number`` counts from 1."""
        if self._at_once > 1 and isinstance(event, Stepped):  # of several at once it is a blur
            return
        if self._speaking != number:
            self._speaking = number
            self._on_progress(CombinationBegan(str(combination), number, self._count))
        self._on_progress(event)

    def gave_up(self, given_up: GivenUp) -> None:
        """Say that a training is not gone on with."""
        self._on_progress(GaveUp(**asdict(given_up)))


@dataclass(frozen=True)
class Sweeping:
    """What the trainings have in common, and how they are carried out."""

    store: Registry
    model: str
    note: str
    keep_data: bool
    task: Task
    dataset: Dataset
    source: BaseSource
    trainings: list[SweepTraining]
    at_once: int
    report: Reporter

    @property
    def name(self) -> str:
        """A short digest of the data and of all recipes."""
        facts = [self.dataset.digest, *(asdict(training.recipe) for training in self.trainings)]
        written = json.dumps(facts, sort_keys=True, default=str)
        return hashlib.sha256(written.encode()).hexdigest()[:8]

    def take_over_earlier(self) -> None:
        """Take over what is in the registry already."""
        candidates = [
            entry
            for entry in self.store.entries(task=self.task.name)
            if entry.dataset == self.dataset.digest and entry.base_fingerprint is not None
        ]
        if not candidates:
            return
        fingerprint = self.source.load().info.fingerprint
        for training in self.trainings:
            for entry in candidates:
                # Where it was trained is no part of what was asked for.
                recipe = replace(training.recipe, device=entry.recipe.device)
                if recipe == entry.recipe and entry.base_fingerprint == fingerprint:
                    training.entry = self.store.tag(entry.ref, {TAG: self.name})
                    training.was_there = True
                    break

    def learn(
        self, trainings: Iterable[SweepTraining], share: int = 1, *, store: bool = True
    ) -> None:
        """Go on with trainings until each has done a share of its epochs, or has ended.

        Args:
            share: 4 for a quarter of the epochs, and at least one.
            store: whether to store what has ended, as soon as it has.
        """
        from swereg.adapters.training import together

        waiting = [t for t in trainings if t.is_open and len(t.losses) < t.epochs_of(share)]
        for _, alike in itertools.groupby(waiting, lambda training: training.recipe.precision):
            for batch in _batched(list(alike), self.at_once):
                makers = [partial(self._begin, training, share) for training in batch]
                together.fit_all(makers, partial(self._ended, batch, store=store))

    def _begin(self, training: SweepTraining, share: int) -> trainer.Training:
        from swereg.adapters.training import fit as trainer
        from swereg.adapters.training import loop

        def remember(state: bytes) -> None:
            training.state = state

        until, recipe = training.epochs_of(share), training.recipe
        keep = loop.Keep(state=training.state)
        if until < recipe.epochs:
            keep = replace(keep, on_epoch=remember, until=until)
        return trainer.Training(
            self.source,
            entry_points.find_plugin("method", recipe.method),
            self.dataset,
            recipe,
            on_progress=partial(self._report, training),
            keep=keep,
        )

    def _report(self, training: SweepTraining, event: Progress) -> None:
        if isinstance(event, EpochEnded):
            training.curve[event.epoch.number] = event.epoch.val_loss
        self.report(self.trainings.index(training) + 1, training.combination, event)

    def _ended(
        self, batch: Sequence[SweepTraining], number: int, outcome: Outcome, *, store: bool
    ) -> None:
        training = batch[number]
        if isinstance(outcome, tuple):
            training.fitted = outcome
            if store:
                self.store_entry(training)
        elif isinstance(outcome, TrainingError):
            if outcome.code != "training.diverged":
                raise outcome
            self._give_up(training, outcome.what)

    def store_entry(self, training: SweepTraining) -> None:
        """Store a training that is ready."""
        if training.fitted is None:  # paused, given up, or stored
            return
        base, fitted = training.fitted
        new = NewEntry(self.model, self.task, self.dataset, base, fitted, self.note)
        stored = staged.store(self.store, new, keep_data=self.keep_data)
        training.entry = self.store.tag(stored.ref, {TAG: self.name})
        training.fitted = training.state = None
        self._report(training, Stored(stored.ref))

    def halve(self) -> None:
        """Train all a little, give up the worse half, train the rest some more, and so on."""
        by_values: dict[str, list[SweepTraining]] = {}
        for training in self.trainings:
            by_values.setdefault(str(training.combination.said), []).append(training)
        alive = list(by_values.values())
        for share in shares(len(alive)):
            is_last = share == 1
            self.learn(itertools.chain(*alive), share, store=is_last)
            if not is_last:
                alive, behind = split_by_loss(alive, _mean_loss)
                for training in itertools.chain(*behind):
                    self._give_up(training, "it fell behind")
        for training in self.trainings:  # what had ended early
            self.store_entry(training)

    def _give_up(self, training: SweepTraining, why: str) -> None:
        if training.entry is not None or training.given_up is not None:
            return
        losses, combination = training.losses, str(training.combination)
        training.given_up = GivenUp(combination, len(losses), min(losses, default=None), why)
        training.fitted = training.state = None
        self.report.gave_up(training.given_up)

    def result(self) -> SweepRun:
        """Sum up.

        Raises:
            TrainingError: there is nothing to sum up.
        """
        stored = [t for t in self.trainings if t.entry is not None]
        lost = tuple(t.given_up for t in self.trainings if t.given_up is not None)
        if not stored:
            raise TrainingError(
                "no training of the sweep came to an end",
                why="\n".join(f"{given_up.combination}: {given_up.why}" for given_up in lost),
                hint="Sweep over lower learning rates: --lr 1e-5,1e-4",
                code="sweep.diverged",
            )
        return SweepRun(
            self.name,
            self.task.name,
            entries=tuple(t.entry for t in stored if t.entry is not None),
            combinations=tuple(t.combination for t in stored),
            before=tuple(t.entry.ref for t in stored if t.entry and t.was_there),
            given_up=lost,
        )


def _mean_loss(group: Sequence[SweepTraining]) -> float:
    """The mean over the seeds of the lowest validation loss so far; infinite if one is lost."""
    if any(training.given_up for training in group):
        return math.inf
    return sum(min(training.losses) for training in group) / len(group)


def _batched(trainings: Sequence[SweepTraining], size: int) -> Iterator[Sequence[SweepTraining]]:
    return (trainings[start : start + size] for start in range(0, len(trainings), size))
