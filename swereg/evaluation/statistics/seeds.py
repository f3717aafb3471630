"""Fold trainings that differ in nothing but the seed into one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from swereg.records.dataset import Split
from swereg.records.entry import Entry, Outline
from swereg.records.metrics import stored


@dataclass(frozen=True)
class Spread:
    """One metric over the seeds.

    Attributes:
        values: one per seed, by rising seed.
        mean: of them.
        deviation: their standard deviation, with n - 1; None for a single seed. It covers the
            seed only, not the choice of the examples.
    """

    values: tuple[float, ...]
    mean: float
    deviation: float | None


class Fold(NamedTuple):
    """Entries that differ in nothing but the seed, or a single one.

    Attributes:
        refs: one per seed, by rising seed.
        repeats: older entries with a seed that is there already; they are not counted again.
    """

    refs: tuple[str, ...]
    repeats: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeedRun:
    """Entries that were trained together and differ in nothing but the seed.

    Attributes:
        entries: one per seed, by seed.
        split: what accuracy and macro_f1 are of: ``test``, or ``val`` where there is no test.
        spreads: of ``val_loss`` and of the metrics that are stored, in the order of the entries.
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
    ordered = sorted(entries, key=lambda entry: entry.recipe.seed)
    scores_of = {"val_loss": [entry.val_loss for entry in ordered]} | {
        name: [entry.scores[split][name] for entry in ordered] for name in stored()
    }
    spreads = {
        name: _spread([value for value in values if value is not None])
        for name, values in scores_of.items()
        if None not in values
    }
    return SeedRun(tuple(ordered), split, spreads)


def _spread(values: Sequence[float]) -> Spread:
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(tuple(values), float(np.mean(values)), deviation)


def fold(outlines: Sequence[Outline]) -> list[Fold]:
    """Group entries that differ in nothing but the seed, in the order of their first ones."""
    groups: dict[str, list[Outline]] = {}
    for outline in outlines:
        groups.setdefault(outline.ref if outline.kind is None else outline.kind, []).append(outline)
    return [_fold(group) for group in groups.values()]


def _fold(group: Sequence[Outline]) -> Fold:
    newest: dict[int, str] = {}
    for outline in sorted(group, key=lambda outline: (outline.created, outline.version)):
        newest[outline.seed] = outline.ref
    members = tuple(newest[seed] for seed in sorted(newest))
    return Fold(members, tuple(outline.ref for outline in group if outline.ref not in members))
