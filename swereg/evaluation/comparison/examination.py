"""Look closely at what one entry answered."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from swereg.errors import NotFound, UsageError
from swereg.evaluation.comparison.evidence import Evidence
from swereg.evaluation.statistics import Bootstrap, Report, Scored, report
from swereg.records.dataset import SPLITS, Split


@dataclass(frozen=True)
class Mistake:
    """One example with another answer than its label.

    Attributes:
        row: its place in the split, from 0.
        text: None where the texts are not kept.
        label: its own.
        answer: the entry's.
        score: the probability of the answer.
        label_score: the probability that the entry gave to the example's own label.
    """

    row: int
    text: str | None
    label: str
    answer: str
    score: float
    label_score: float


@dataclass(frozen=True)
class Examination:
    """One entry on one split.

    Attributes:
        report: every metric with its interval, the figures of each label, the confusion matrix
            and the bins of the reliability diagram.
        mistakes: the most confident first.
    """

    ref: str
    split: Split
    report: Report
    mistakes: tuple[Mistake, ...]

    def to_json(self) -> dict[str, Any]:
        """All figures as plain JSON values."""
        return asdict(self)


def examine(
    evidence: Evidence, split: Split | None = None, bootstrap: Bootstrap | None = None
) -> Examination:
    """Work out everything that the stored answers on one split tell.

    Args:
        split: ``test`` or ``val``; by default test, or validation where there is no test.

    Raises:
        NotFound: there are no answers on that split.
    """
    if split not in (None, *SPLITS[1:]):
        raise UsageError(f"there are no answers on {split}", code="examine.split")
    ref = evidence.entry.ref
    splits: tuple[Split, ...] = (split,) if split else ("test", "val")
    for candidate in splits:
        scored = evidence.scored(candidate)
        if scored is not None:
            has_texts = evidence.dataset is not None
            return Examination(
                ref, candidate, report(scored, bootstrap), _mistakes(scored, has_texts)
            )
    raise NotFound(
        f"there are no stored answers of {ref}" + (f" on {split}" if split else ""),
        why="It was imported without --data."
        if evidence.entry.imported
        else "There is no such data.",
        hint=f"Its facts are there: swereg show {ref}",
        code="examine.answers",
    )


def _mistakes(scored: Scored, has_texts: bool) -> tuple[Mistake, ...]:
    mistakes = [
        Mistake(
            row=row,
            text=scored.examples[row].text if has_texts else None,
            label=scored.examples[row].label,
            answer=scored.labels[scored.best[row]],
            score=float(scored.probabilities[row, scored.best[row]]),
            label_score=float(scored.probabilities[row, scored.truth[row]]),
        )
        for row in range(scored.rows)
        if not scored.right[row]
    ]
    return tuple(sorted(mistakes, key=lambda mistake: (-mistake.score, mistake.row)))
