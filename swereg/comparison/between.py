"""Hold one entry against another: what differs, and which is better on the same examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from swereg.comparison.evidence import Evidence
from swereg.errors import Conflict
from swereg.records import Entry, Split
from swereg.statistics import Aligned, Figure, Pair, align, pair, report, sentence

_SPLIT_NOUNS = {"test": "test", "val": "validation"}


@dataclass(frozen=True)
class Change:
    """Something in which two entries differ.

    Attributes:
        part: ``method``, ``recipe``, ``data``, ``base`` or ``environment``.
        name: such as ``learning_rate``.
        a, b: the two values; None where one has none.
    """

    part: str
    name: str
    a: Any
    b: Any


@dataclass(frozen=True)
class Between:
    """Two entries side by side.

    Attributes:
        a, b: their references.
        metric: the one by which they are judged.
        changes: in what they differ.
        figures: each one's metrics on the shared examples, by reference; empty if there are none.
        pair: the paired comparison, B against A; None where they share no example.
        rows: how many examples they share.
        sentence: what it comes to, in plain words.
    """

    a: str
    b: str
    metric: str
    changes: tuple[Change, ...]
    figures: Mapping[str, Mapping[str, Figure]]
    pair: Pair | None
    rows: int
    sentence: str

    @property
    def verdict(self) -> str:
        """``better``, ``worse``, ``indistinguishable`` (B against A), or ``unknown``."""
        return self.pair.verdict(self.metric) if self.pair else "unknown"

    def to_json(self) -> dict[str, Any]:
        """All figures as plain JSON values."""
        return {"verdict": self.verdict, **asdict(self)}


def between(a: Evidence, b: Evidence, split: Split, metric: str) -> tuple[Between, Aligned | None]:
    """Compare B with A on the examples that both answered and neither learnt from.

    Returns:
        The comparison, and what was compared; None where they share no example.
    """
    names = (a.entry.ref, b.entry.ref)
    changes = tuple(_changes(a.entry, b.entry))
    aligned, why = shared([a, b], split)
    if aligned is None:
        words = f"{names[1]} and {names[0]} cannot be ranked: {why}"
        return Between(*names, metric, changes, {}, None, 0, words), None
    one, other = (aligned.scored[name] for name in names)
    found = pair(one, other, names)
    return Between(
        a=names[0],
        b=names[1],
        metric=metric,
        changes=changes,
        figures={name: report(aligned.scored[name]).figures for name in names},
        pair=found,
        rows=aligned.rows,
        sentence=sentence(found, metric, _SPLIT_NOUNS[split]),
    ), aligned


def shared(those: list[Evidence], split: Split) -> tuple[Aligned | None, str]:
    """Find the examples that several entries answered, or say why there are none."""
    scored = {each.entry.ref: each.scored(split) for each in those}
    silent = [ref for ref, found in scored.items() if found is None]
    if silent:
        return None, f"there are no stored answers of {', '.join(silent)}."
    several = len({each.entry.dataset for each in those}) > 1
    learnt = frozenset().union(*(each.learnt for each in those)) if several else ()
    try:
        return align({ref: one for ref, one in scored.items() if one}, learnt), ""
    except Conflict as conflict:
        return None, f"{conflict.what}. {conflict.why}".strip()


def _changes(a: Entry, b: Entry) -> list[Change]:
    parts = {
        "method": (
            {"method": a.method, **a.recipe.settings},
            {"method": b.method, **b.recipe.settings},
        ),
        "recipe": (_recipe(a), _recipe(b)),
        "data": (_data(a), _data(b)),
        "base": (_base(a), _base(b)),
        "environment": (a.environment, b.environment),
    }
    return [
        Change(part, name, one.get(name), other.get(name))
        for part, (one, other) in parts.items()
        for name in {**one, **other}
        if (one.get(name) or None) != (other.get(name) or None)
    ]


def _recipe(entry: Entry) -> dict[str, Any]:
    """What of the recipe is known, without the method and its settings."""
    facts = entry.known_recipe
    return {key: value for key, value in facts.items() if key not in ("method", "settings")}


def _data(entry: Entry) -> dict[str, Any]:
    return {"dataset": entry.dataset, "labels": entry.labels, **entry.sizes}


def _base(entry: Entry) -> dict[str, Any]:
    base = entry.base
    if base is None:
        return {}
    return {"name": base.name, "revision": base.revision, "fingerprint": base.fingerprint}
