"""What changed from one dataset to another, row by row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from swereg.records.dataset import SPLITS, Dataset, Split

KINDS = ("added", "removed", "relabelled", "moved")


class Place(NamedTuple):
    """Where a text stands, and what it is called there."""

    split: Split
    label: str


@dataclass(frozen=True, slots=True)
class Change:
    """A text that is not as it was: ``before`` is None if it is new, ``after`` if it is gone."""

    text: str
    before: Place | None
    after: Place | None

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it is: ``added``, ``removed``, ``relabelled``, ``moved``, or the last two."""
        if self.before is None or self.after is None:
            return ("added",) if self.before is None else ("removed",)
        kinds = {
            "relabelled": self.before.label != self.after.label,
            "moved": self.before.split != self.after.split,
        }
        return tuple(kind for kind, so in kinds.items() if so)

    def to_json(self) -> dict[str, Any]:
        """The change as plain JSON values."""
        return {
            "text": self.text,
            "before": self.before and self.before._asdict(),
            "after": self.after and self.after._asdict(),
        }


@dataclass(frozen=True)
class Difference:
    """What changed between two datasets. A row may be both relabelled and moved.

    Attributes:
        before, after: the digests.
        labels_added, labels_removed: in alphabetical order.
        same: rows that are in both, with the same label in the same split.
        changes: all others, in the order of the datasets.
    """

    before: str
    after: str
    labels_added: tuple[str, ...]
    labels_removed: tuple[str, ...]
    same: int
    changes: tuple[Change, ...]

    @property
    def kinds(self) -> dict[str, list[Change]]:
        """The changes of each kind: added, removed, relabelled and moved."""
        return {kind: [c for c in self.changes if kind in c.kinds] for kind in KINDS}

    @property
    def reordered(self) -> bool:
        """Whether nothing differs but the order of the rows or of the labels."""
        return self.before != self.after and not (
            self.changes or self.labels_added or self.labels_removed
        )

    def to_json(self) -> dict[str, Any]:
        """Counts and rows as plain JSON values."""
        return {
            "before": self.before,
            "after": self.after,
            "same": self.same,
            "reordered": self.reordered,
            "labels": {"added": [*self.labels_added], "removed": [*self.labels_removed]},
            "counts": {kind: len(changes) for kind, changes in self.kinds.items()},
            **{
                kind: [change.to_json() for change in changes]
                for kind, changes in self.kinds.items()
            },
        }


def difference(before: Dataset, after: Dataset) -> Difference:
    """Find out what changed. A text that stands several times is matched as often as it can be."""
    old, new = _places(before), _places(after)
    changes = [
        change
        for text in dict.fromkeys([*old, *new])
        for change in _changes(text, old.get(text, Counter()), new.get(text, Counter()))
    ]
    return Difference(
        before=before.digest,
        after=after.digest,
        labels_added=tuple(sorted({*after.labels} - {*before.labels})),
        labels_removed=tuple(sorted({*before.labels} - {*after.labels})),
        same=sum((old[text] & new[text]).total() for text in old if text in new),
        changes=tuple(changes),
    )


def _places(dataset: Dataset) -> dict[str, Counter[Place]]:
    places: dict[str, Counter[Place]] = defaultdict(Counter)
    for name in SPLITS:
        for example in dataset.split(name):
            places[example.text][Place(name, example.label)] += 1
    return places


def _changes(text: str, old: Counter[Place], new: Counter[Place]) -> Iterable[Change]:
    """Match what is left over: in the same split first, then under the same label."""
    removed, come = old - new, new - old
    rules: tuple[Callable[[Place, Place], bool], ...] = (
        lambda a, b: a.split == b.split,
        lambda a, b: a.label == b.label,
        lambda a, b: True,
    )
    for rule in rules:
        for a, b in product(list(removed), list(come)):
            count = min(removed[a], come[b]) if rule(a, b) else 0
            yield from [Change(text, a, b)] * count
            removed[a] -= count
            come[b] -= count
    yield from (Change(text, place, None) for place in removed.elements())
    yield from (Change(text, None, place) for place in come.elements())
