"""Hold one entry against another: what differs, and which is better on the same examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from swereg.errors import Conflict
from swereg.evaluation.comparison.evidence import Evidence
from swereg.evaluation.statistics import (
    METRICS,
    Aligned,
    Figure,
    Pair,
    Resampled,
    Scored,
    align_answers,
    paired,
    sentence,
)
from swereg.records.dataset import Split
from swereg.records.difference import difference
from swereg.records.entry import Entry

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
        data: where they learnt from different data and the texts of both are kept: how many
            rows are the ``same``, ``added``, ``removed``, ``relabelled`` and ``moved``.
        figures: each one's metrics on the shared examples, by reference; empty if there are none.
        pair: the paired comparison, B against A; None where they share no example.
        rows: how many examples they share.
        sentence: what it comes to, in plain words.
    """

    a: str
    b: str
    metric: str
    changes: tuple[Change, ...]
    data: Mapping[str, int] | None
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


def between(
    a: Evidence,
    b: Evidence,
    split: Split,
    metric: str,
    resampled: Mapping[str, Resampled],
    why: str,
) -> Between:
    """Compare B with A.

    Args:
        resampled: every metric of both on the examples that both answered and neither learnt from;
            empty where there are none.
        why: there are none.
    """
    names = (a.entry.ref, b.entry.ref)
    changes = tuple(_changes(a.entry, b.entry))
    if not resampled:
        words = f"{names[1]} and {names[0]} cannot be ranked: {why}"
        return Between(*names, metric, changes, _rows(a, b), {}, None, 0, words)
    held = paired(resampled, *names)
    (scored,) = resampled[metric].groups[names[0]]
    return Between(
        a=names[0],
        b=names[1],
        metric=metric,
        changes=changes,
        data=_rows(a, b),
        figures=_figures(held, scored),
        pair=held,
        rows=held.rows,
        sentence=sentence(held, metric, _SPLIT_NOUNS[split]),
    )


def shared(evidence: Sequence[Evidence], split: Split) -> tuple[Aligned | None, str]:
    """Find the examples that several entries answered, or say why there are none."""
    scored = {item.entry.ref: item.scored(split) for item in evidence}
    silent = [ref for ref, answers in scored.items() if answers is None]
    if silent:
        return None, f"there are no stored answers of {', '.join(silent)}."
    several = len({item.entry.dataset for item in evidence}) > 1
    learnt = frozenset().union(*(item.learnt for item in evidence)) if several else ()
    try:
        return align_answers({ref: part for ref, part in scored.items() if part}, learnt), ""
    except Conflict as conflict:
        return None, f"{conflict.what}. {conflict.why}".strip()


def _figures(pair: Pair, scored: Scored) -> dict[str, dict[str, Figure]]:
    """What is known of each alone, by reference and metric."""
    reasons = {name: METRICS[name].undefined(scored) for name in pair.differences}
    a, b = {}, {}
    for name, judged in pair.differences.items():
        a[name] = Figure(name, judged.a, judged.limits[0], reasons[name])
        b[name] = Figure(name, judged.b, judged.limits[1], reasons[name])
    return {pair.a: a, pair.b: b}


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
        Change(part, name, right.get(name), wrong.get(name))
        for part, (right, wrong) in parts.items()
        for name in {**right, **wrong}
        if (right.get(name) or None) != (wrong.get(name) or None)
    ]


def _rows(a: Evidence, b: Evidence) -> dict[str, int] | None:
    """Count the rows that changed from A's data to B's."""
    if a.dataset is None or b.dataset is None or a.entry.dataset == b.entry.dataset:
        return None
    changes = difference(a.dataset, b.dataset)
    return {"same": changes.same, **{kind: len(rows) for kind, rows in changes.kinds.items()}}


def _recipe(entry: Entry) -> dict[str, Any]:
    """What of the recipe is known, without the method and its settings."""
    facts = entry.known_recipe
    return {key: value for key, value in facts.items() if key not in ("method", "settings")}


def _data(entry: Entry) -> dict[str, Any]:
    return {"dataset": entry.dataset, "labels": entry.labels, **entry.sizes}


def _base(entry: Entry) -> dict[str, Any]:
    facts = ("name", "revision", "fingerprint")
    return {fact: getattr(base, fact) for base in entry.bases for fact in facts}
