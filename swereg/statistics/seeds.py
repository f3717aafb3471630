"""Fold trainings that differ in nothing but the seed into one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from swereg.records import Entry, Split

Scores = Mapping[str, float | None]
REPORTED = ("accuracy", "macro_f1")


@dataclass(frozen=True)
class Spread:
    """One metric over the seeds.

    Attributes:
        values: one per seed, in the order of ``Fold.seeds``.
        mean: of them.
        deviation: their standard deviation, with n - 1; None for a single seed. It covers the
            seed only, not the choice of the examples.
    """

    values: tuple[float, ...]
    mean: float
    deviation: float | None


@dataclass(frozen=True)
class Fold:
    """Entries of the same task, data, base and recipe that differ in the seed.

    Attributes:
        refs: one per seed, by seed.
        seeds: rising.
        repeats: older entries with a seed that is there already; they are not counted again.
        spreads: by metric, those that every entry has.
    """

    refs: tuple[str, ...]
    seeds: tuple[int, ...]
    repeats: tuple[str, ...]
    spreads: Mapping[str, Spread]


@dataclass(frozen=True)
class SeedRun:
    """Entries that were trained together and differ in nothing but the seed.

    Attributes:
        entries: one per seed, by seed.
        split: what accuracy and macro_f1 are of: ``test``, or ``val`` where there is no test.
        spreads: of ``val_loss``, ``accuracy`` and ``macro_f1``, in the order of the entries.
    """

    entries: tuple[Entry, ...]
    split: Split
    spreads: Mapping[str, Spread]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, rising."""
        return tuple(entry.recipe.seed for entry in self.entries)

    def to_json(self) -> dict[str, Any]:
        """All facts as plain JSON values."""
        return {
            "seeds": list(self.seeds),
            "split": self.split,
            "spreads": {metric: asdict(spread) for metric, spread in self.spreads.items()},
            "entries": [entry.to_json() for entry in self.entries],
        }


def seed_run(entries: Sequence[Entry]) -> SeedRun:
    """Summarise entries that one call has trained with different seeds."""
    split: Split = "test" if all(entry.scores.get("test") for entry in entries) else "val"

    def scores(entry: Entry) -> Scores:
        found = entry.scores[split]
        return {"val_loss": entry.val_loss, **{name: found[name] for name in REPORTED}}

    # without their settings: a method may choose those by validation, otherwise for each seed
    alike = [replace(entry, recipe=replace(entry.recipe, settings={})) for entry in entries]
    (folded,) = fold(alike, scores)
    ordered = sorted(entries, key=lambda entry: entry.recipe.seed)
    return SeedRun(tuple(ordered), split, folded.spreads)


def stored(split: Split) -> Callable[[Entry], Scores]:
    """Return the reading of an entry's stored scores of one split; empty where it has none."""
    return lambda entry: entry.scores.get(split, {})


def fold(entries: Sequence[Entry], scores: Callable[[Entry], Scores]) -> tuple[Fold, ...]:
    """Group entries that differ in nothing but the seed, in the order of their first ones."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_identity(entry), []).append(entry)
    return tuple(_fold(group, scores) for group in groups.values())


def _identity(entry: Entry) -> str:
    """Write down all that decides a training, apart from the seed."""
    recipe = {**vars(entry.recipe), "seed": 0}
    base = entry.base and entry.base.fingerprint
    data = [entry.task, entry.labels, entry.dataset, base, recipe]
    return json.dumps(data, sort_keys=True)


def _fold(group: Sequence[Entry], scores: Callable[[Entry], Scores]) -> Fold:
    newest: dict[int, Entry] = {}
    for entry in sorted(group, key=lambda entry: (entry.created, entry.version)):
        newest[entry.recipe.seed] = entry
    kept = [newest[seed] for seed in sorted(newest)]
    found = [scores(entry) for entry in kept]
    shared = [m for m in found[0] if all(one.get(m) is not None for one in found)]
    return Fold(
        refs=tuple(entry.ref for entry in kept),
        seeds=tuple(sorted(newest)),
        repeats=tuple(entry.ref for entry in group if entry not in kept),
        spreads={metric: _spread([one[metric] for one in found]) for metric in shared},
    )


def _spread(values: Sequence[float | None]) -> Spread:
    known = tuple(value for value in values if value is not None)
    deviation = float(np.std(known, ddof=1)) if len(known) > 1 else None
    return Spread(known, float(np.mean(known)), deviation)
