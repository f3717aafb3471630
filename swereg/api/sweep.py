"""Sweeps: many trainings of one task on one base, over settings, learning rates and seeds.

One after the other, or several at once in one pass over the base. Each result is that of the same
training alone.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from swereg.adapters.standalone.method import Standalone
from swereg.api.entries import opened
from swereg.api.sweep_plan import Combination, GivenUp, SweepRun, combinations
from swereg.api.task_data import task_and_data
from swereg.api.train import DEFAULT_METHOD, TrainOptions, choose_base, chosen_seeds, model_name_of
from swereg.api.unfinished import staged
from swereg.errors import TrainingError, UsageError
from swereg.plugins import entry_points, specs
from swereg.records import refs
from swereg.records.dataset import Dataset, ReadOptions, Task
from swereg.records.entry import Entry, NewEntry
from swereg.records.progress import (
    CombinationBegan,
    EpochEnded,
    GaveUp,
    Notice,
    OnProgress,
    Progress,
    Stepped,
    Stored,
    silent,
)
from swereg.records.training import BaseInfo, Fitted, Recipe
from swereg.registry import Registry

if TYPE_CHECKING:
    from swereg.adapters.bases.sources import BaseSource
    from swereg.adapters.training import fit as trainer
    from swereg.adapters.training.together import Outcome

TAG = "sweep"
_OF_RECIPE = {  # the fields of a recipe that may be said, with their types
    field.name: str(field.type)
    for field in fields(Recipe)
    if field.name not in ("method", "settings", "seed", "device")
}


def sweep(
    task: str | Task | None = None,
    *,
    over: Mapping[str, Sequence[Any]],
    seeds: int | Sequence[int] = 1,
    halving: bool = False,
    together: int = 1,
    **options: Unpack[TrainOptions],
) -> SweepRun:
    """Train every combination of some values and store each as an entry as soon as it is ready.

    What is in the registry already, with the same data, base and recipe, is not trained again; so
    an interrupted sweep goes on when it is asked for once more.

    Args:
        task: as for ``train``.
        over: values by key: settings of the method, such as ``r``, and fields of the recipe that
            are none of its settings, such as ``learning_rate``.
        seeds: as for ``train_seeds``; each combination is trained with all of them.
        halving: whether to give up early on what falls behind: successive halving (Jamieson &
            Talwalkar, AISTATS 2016). After a share of the epochs the half with the higher
            validation loss (its mean over the seeds) goes, then after twice that share half of
            the rest, and so on. What goes is not stored.
        together: how many learn at once, in one pass over the base, where the method lets the base
            stay as it is; by default one after the other, as on a GPU in any case.
        **options: the other keywords of ``train``.

    Raises:
        UsageError: the values make no sweep.
        TrainingError: the loss of every training became NaN or infinite.
        SweregError: as for ``train``; what was ready before is stored.
    """
    spec = specs.parse(options.get("method", DEFAULT_METHOD), options.get("settings") or {})
    if isinstance(spec.method, Standalone):
        raise UsageError(
            f"{spec.name} has no base, and nothing to sweep over",
            hint="Train it alone: it tries its own settings.",
            code="sweep.method",
        )
    chosen = chosen_seeds(seeds, options.get("seed"), spec.name)
    every = combinations(over, chosen)
    _check_together(together)
    registry, on_progress = options.get("registry"), options.get("on_progress", silent)
    read = options.get("read") or ReadOptions()
    what, dataset = task_and_data(task, options.get("data"), read, registry)
    for text in dataset.notices:
        on_progress(Notice(text))
    with opened(registry, create=True) as store:
        store.check_writable()
        source = choose_base(store, options.get("base"), on_progress)
        trainings = [_Training(one, _recipe(one, spec, source, options)) for one in every]
        work = _Sweep(store, what, dataset, source, options, on_progress, trainings, together)
        work.find_those_before()
        if halving:
            work.halve()
        else:
            work.learn(work.every)
        return work.result()


def _check_together(asked: int) -> None:
    if asked < 1:
        raise UsageError(
            f"{asked} trainings cannot learn at once",
            hint="Give a number from 1, or leave it out.",
            code="sweep.together",
        )


def _recipe(
    one: Combination, spec: specs.Spec, source: BaseSource, options: TrainOptions
) -> Recipe:
    """The whole recipe of a combination, as ``train`` would make it."""
    from swereg.adapters.training import recipes

    said = {key: value for key, value in options.items() if key in {*_OF_RECIPE, "device"}}
    settings: dict[str, str] = dict(options.get("settings") or {})
    its_own = {field.name for field in fields(spec.method.settings)}
    for key, value in {**one.fixed, **one.said}.items():
        if key in _OF_RECIPE and key not in its_own:
            said[key] = _number(key, value)
        else:
            settings[key] = str(value)
    whole = specs.parse(options.get("method", DEFAULT_METHOD), settings)
    return recipes.recipe(whole, source.recommended, source.max_length, {**said, "seed": one.seed})


def _number(key: str, value: Any) -> Any:
    """A recipe's value from what was said."""
    kind = {"int": int, "float": float}.get(_OF_RECIPE[key], str)
    try:
        return kind(value)
    except ValueError:
        raise UsageError(
            f"{key} cannot be {value}", hint="Give a number.", code="sweep.number"
        ) from None


@dataclass
class _Training:
    """A training of the sweep, as far as it has come."""

    combination: Combination
    recipe: Recipe
    state: bytes | None = None
    curve: dict[int, float] = field(default_factory=dict)  # validation losses by epoch
    fitted: tuple[BaseInfo, Fitted] | None = None
    entry: Entry | None = None
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


@dataclass
class _Sweep:
    """What the trainings have in common."""

    registry: Registry
    task: Task
    dataset: Dataset
    source: BaseSource
    options: TrainOptions
    on_progress: OnProgress
    every: list[_Training]
    at_once: int
    before: tuple[str, ...] = ()
    speaking: _Training | None = None

    @property
    def name(self) -> str:
        """A short digest of the data and of all recipes."""
        facts = [self.dataset.digest, *(asdict(training.recipe) for training in self.every)]
        written = json.dumps(facts, sort_keys=True, default=str)
        return hashlib.sha256(written.encode()).hexdigest()[:8]

    def find_those_before(self) -> None:
        """Take over what is in the registry already."""
        known = [
            entry
            for entry in self.registry.entries(task=self.task.name)
            if entry.dataset == self.dataset.digest and entry.base is not None
        ]
        if not known:
            return
        base = self.source.load().info.fingerprint
        for training in self.every:
            for entry in known:
                same = replace(training.recipe, device=entry.recipe.device) == entry.recipe
                if same and entry.base and entry.base.fingerprint == base:
                    training.entry = self.registry.tag(entry.ref, {TAG: self.name})
                    break
        self.before = tuple(one.entry.ref for one in self.every if one.entry)

    def learn(self, those: Iterable[_Training], share: int = 1, *, store: bool = True) -> None:
        """Go on with trainings until each has done a share of its epochs, or has ended.

        Args:
            share: 4 for a quarter of the epochs, and at least one.
            store: whether to store what has ended, as soon as it has.
        """
        from swereg.adapters.training import together

        waiting = [one for one in those if one.is_open and len(one.losses) < one.epochs_of(share)]
        for _, alike in itertools.groupby(waiting, lambda one: one.recipe.precision):
            for some in _batched(list(alike), self.at_once):
                makers = [partial(self._begin, one, share) for one in some]
                together.fit_all(makers, partial(self._ended, some, store=store))

    def _begin(self, training: _Training, share: int) -> trainer.Training:
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
            entry_points.find("method", recipe.method),
            self.dataset,
            recipe,
            on_progress=partial(self._report, training),
            keep=keep,
        )

    def _report(self, training: _Training, event: Progress) -> None:
        """Pass on what a training says, after whose it is."""
        if isinstance(event, EpochEnded):
            training.curve[event.epoch.number] = event.epoch.val_loss
        if self.at_once > 1 and isinstance(event, Stepped):  # of several at once it is a blur
            return
        if self.speaking is not training:
            self.speaking = training
            number = self.every.index(training) + 1
            self.on_progress(CombinationBegan(str(training.combination), number, len(self.every)))
        self.on_progress(event)

    def _ended(
        self, some: Sequence[_Training], number: int, outcome: Outcome, *, store: bool
    ) -> None:
        training = some[number]
        if isinstance(outcome, tuple):
            training.fitted = outcome
            if store:
                self.store(training)
        elif isinstance(outcome, TrainingError):
            if outcome.code != "training.diverged":
                raise outcome
            self._give_up(training, outcome.what)

    def store(self, training: _Training) -> None:
        """Store a training that is ready."""
        if training.fitted is None:  # paused, given up, or stored
            return
        info, fitted = training.fitted
        options = self.options
        name = options.get("name") or model_name_of(self.task.name, training.recipe.method)
        new = NewEntry(
            refs.check_name(name), self.task, self.dataset, info, fitted, options.get("note", "")
        )
        stored = staged.store(self.registry, new, keep_data=options.get("keep_data", True))
        training.entry = self.registry.tag(stored.ref, {TAG: self.name})
        training.fitted = training.state = None
        self._report(training, Stored(stored.ref))

    def halve(self) -> None:
        """Train all a little, give up the worse half, train the rest some more, and so on."""
        groups: dict[str, list[_Training]] = {}
        for training in self.every:
            groups.setdefault(str(training.combination.said), []).append(training)
        alive = list(groups.values())
        rounds = math.ceil(math.log2(len(alive))) if len(alive) > 1 else 0
        for left in range(rounds, -1, -1):
            self.learn(itertools.chain(*alive), 2**left, store=left == 0)
            if left:
                alive.sort(key=_mean_loss)
                kept = math.ceil(len(alive) / 2)
                for training in itertools.chain(*alive[kept:]):
                    self._give_up(training, "it fell behind")
                alive = alive[:kept]
        for training in self.every:  # what had ended early
            self.store(training)

    def _give_up(self, training: _Training, why: str) -> None:
        if training.entry is not None or training.given_up is not None:
            return
        losses, text = training.losses, str(training.combination)
        training.given_up = GivenUp(text, len(losses), min(losses, default=None), why)
        training.fitted = training.state = None
        self.on_progress(GaveUp(**asdict(training.given_up)))

    def result(self) -> SweepRun:
        """Sum up.

        Raises:
            TrainingError: there is nothing to sum up.
        """
        stored = [(one.combination, one.entry) for one in self.every if one.entry is not None]
        lost = tuple(one.given_up for one in self.every if one.given_up is not None)
        if not stored:
            raise TrainingError(
                "no training of the sweep came to an end",
                why="\n".join(f"{one.combination}: {one.why}" for one in lost),
                hint="Sweep over lower learning rates: --lr 1e-5,1e-4",
                code="sweep.diverged",
            )
        return SweepRun(
            self.name,
            self.task.name,
            entries=tuple(entry for _, entry in stored),
            combinations=tuple(combination for combination, _ in stored),
            before=self.before,
            given_up=lost,
        )


def _mean_loss(group: Sequence[_Training]) -> float:
    """The mean over the seeds of the lowest validation loss so far; infinite if one is lost."""
    if any(training.given_up for training in group):
        return math.inf
    return sum(min(training.losses) for training in group) / len(group)


def _batched(those: Sequence[_Training], size: int) -> Iterator[Sequence[_Training]]:
    return (those[start : start + size] for start in range(0, len(those), size))
