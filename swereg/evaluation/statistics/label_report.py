"""What one entry is worth on one split, with what the choice of the examples leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from swereg.evaluation.statistics.bootstrap import Bootstrap, Interval
from swereg.evaluation.statistics.calibration import Bin, calibrated, reliability
from swereg.evaluation.statistics.metrics import METRICS, by_label, counts, f1, ratio
from swereg.evaluation.statistics.scored import Scored


@dataclass(frozen=True)
class Figure:
    """One metric of one entry.

    Attributes:
        metric: its name in ``METRICS``.
        value: ``accuracy``, ``macro_f1``, ``roc_auc`` and ``ece`` are 0 to 1, ``mcc`` -1 to 1,
            ``brier`` 0 to 2, ``loss`` in nats per example; None where it is not defined.
        interval: by the percentile bootstrap; None where there is no value, with fewer than two
            examples, where fewer than half of the resamples define it, and for ``ece``, whose
            resamples exaggerate it.
        reason: why there is no value; ``""`` where there is one.
    """

    metric: str
    value: float | None
    interval: Interval | None
    reason: str = ""


@dataclass(frozen=True)
class LabelFigures:
    """One label's answers.

    Attributes:
        support: how many examples have the label.
        answers: how many were given it.
        precision: the share of its answers that is right; None if it was never answered.
        recall: the share of its examples that is found; None if it never occurs.
        f1: 2 TP / (2 TP + FP + FN); 0 if it neither occurs nor is answered. ``macro_f1`` is the
            mean of these.
        intervals: of precision, recall and F1, by the percentile bootstrap; a figure that fewer
            than half of the resamples define has none, as have all of a single example.
    """

    label: str
    support: int
    answers: int
    precision: float | None
    recall: float | None
    f1: float
    intervals: Mapping[str, Interval]


@dataclass(frozen=True)
class Report:
    """All figures of one entry on one split.

    Attributes:
        rows: the number of examples.
        figures: by metric, in the order of ``METRICS``.
        labels: in the order of the head.
        confusion: a row per true label, a column per answer, in the order of the head.
        bins: of the reliability diagram.
        calibrated: the ``ece`` that a perfectly calibrated entry would show on these examples.
    """

    rows: int
    figures: Mapping[str, Figure]
    labels: tuple[LabelFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    bins: tuple[Bin, ...]
    calibrated: Interval
    bootstrap: Bootstrap

    def to_json(self) -> dict[str, Any]:
        """All figures as plain JSON values."""
        return asdict(self)


def report(scored: Scored, bootstrap: Bootstrap | None = None) -> Report:
    """Work out every metric, its interval, and the figures of each label."""
    bootstrap = bootstrap or Bootstrap()
    return Report(
        rows=scored.rows,
        figures=_figures(scored, bootstrap),
        labels=_labels(scored, bootstrap),
        confusion=_confusion(scored),
        bins=reliability(scored),
        calibrated=calibrated(scored, bootstrap),
        bootstrap=bootstrap,
    )


def _figures(scored: Scored, bootstrap: Bootstrap) -> dict[str, Figure]:
    reasons = {name: metric.undefined(scored) for name, metric in METRICS.items()}
    sure = [name for name, reason in reasons.items() if not reason and not METRICS[name].unsure]
    intervals: dict[str, Interval | None] = {}
    if scored.rows > 1:
        formulas = [METRICS[name].formula(scored) for name in sure]
        resampled = bootstrap.values(scored.rows, formulas)
        intervals = {
            name: bootstrap.interval(values) for name, values in zip(sure, resampled, strict=True)
        }
    return {
        name: Figure(name, METRICS[name].value(scored), intervals.get(name), reason)
        for name, reason in reasons.items()
    }


def _labels(scored: Scored, bootstrap: Bootstrap) -> tuple[LabelFigures, ...]:
    hits, examples, answers = counts(by_label(scored).sum(axis=0, keepdims=True))
    scores = f1(hits, examples, answers)
    limits = _label_intervals(scored, bootstrap)
    columns = zip(scored.labels, hits[0], examples[0], answers[0], scores[0], limits, strict=True)
    return tuple(
        LabelFigures(
            label=label,
            support=int(support),
            answers=int(predicted),
            precision=float(hit / predicted) if predicted else None,
            recall=float(hit / support) if support else None,
            f1=float(score),
            intervals=f1_score,
        )
        for label, hit, support, predicted, score, f1_score in columns
    )


def _label_intervals(scored: Scored, bootstrap: Bootstrap) -> list[dict[str, Interval]]:
    """Resample the counts of all labels at once; the figures of each are shares of them."""
    if scored.rows < 2:
        return [{} for _ in scored.labels]
    per_label = by_label(scored)
    sums = [(per_label.T @ weights).T for weights in bootstrap.weights(scored.rows)]
    hits, examples, answers = counts(np.concatenate(sums))
    values = {
        "precision": ratio(hits, answers, np.nan),
        "recall": ratio(hits, examples, np.nan),
        "f1": f1(hits, examples, answers),
    }
    return [
        {
            name: limits
            for name, resampled in values.items()
            if (limits := bootstrap.interval(resampled[:, at])) is not None
        }
        for at in range(len(scored.labels))
    ]


def _confusion(scored: Scored) -> tuple[tuple[int, ...], ...]:
    size = len(scored.labels)
    cells = np.bincount(scored.truth * size + scored.best, minlength=size * size)
    return tuple(tuple(int(cell) for cell in row) for row in cells.reshape(size, size))
