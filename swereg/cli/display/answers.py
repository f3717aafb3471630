"""Close looks at an entry's answers: mistakes, confusion, calibration, labels, metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from swereg.cli import output
from swereg.cli.display import tables
from swereg.cli.display.tables import Column
from swereg.records import formatting
from swereg.records.metrics import METRICS

if TYPE_CHECKING:
    from swereg.api.values import Bin, Examination, LabelFigures, Mistake


def draw_answers(examination: Examination, views: Sequence[str], limit: int) -> None:
    """Print the views asked for, or the metrics if none was."""
    for number, view in enumerate(views or ["metrics"]):
        if number:
            output.data("")
        _VIEWS[view](examination, limit)


def metrics(examination: Examination) -> list[tuple[str, str]]:
    """Every metric by name, with its limits or why it has no value."""
    pairs = []
    for name, figure in examination.report.figures.items():
        shown = formatting.known(figure.value, formatting.writer(name))
        shown = " ".join([shown, *formatting.limits(figure.interval)])
        if name == "ece":
            low, high = examination.report.calibrated.low, examination.report.calibrated.high
            shown += f" ({low:.2f} to {high:.2f} would be chance)"
        pairs.append(
            (METRICS[name].title, f"{shown} ({figure.reason})" if figure.reason else shown)
        )
    return pairs


def _metrics(examination: Examination, _: int) -> None:
    _title(examination, "scores")
    tables.facts([("", metrics(examination))])


def _errors(examination: Examination, limit: int) -> None:
    wrong = examination.mistakes
    _title(examination, f"{formatting.count(len(wrong))} wrong answers")
    if wrong:
        tables.show(_MISTAKES, wrong[:limit])
    if len(wrong) > limit:
        output.say(f"{len(wrong) - limit:,} more; see them with --limit N")
    if wrong and wrong[0].text is None:
        output.note("The texts of this entry's data are not kept; row counts from 0.")


def _per_label(examination: Examination, _: int) -> None:
    _title(examination, "labels")
    tables.show(_LABELS, examination.report.labels)


def _confusion(examination: Examination, _: int) -> None:
    """A row per true label, a column per answer."""
    labels = [counted.label for counted in examination.report.labels]
    room = output.width() - max(map(len, labels)) - 2
    short = output.is_terminal() and sum(len(label) + 2 for label in labels) > room
    titles = [str(at) for at in range(1, len(labels) + 1)] if short else labels
    names = [f"{at} {label}" for at, label in enumerate(labels, 1)] if short else labels
    first: Column[Counts] = Column("true", "true label", lambda row: row[0], keep=len(labels) + 1)
    answers = [_answers(at, title, len(labels) - at) for at, title in enumerate(titles)]
    _title(examination, "true label in rows, answers in columns")
    tables.show((first, *answers), list(zip(names, examination.report.confusion, strict=True)))


def _answers(at: int, title: str, keep: int) -> Column[Counts]:
    return Column(
        title,
        title,
        lambda row: formatting.count(row[1][at]),
        lambda row: row[1][at],
        right=True,
        keep=keep,
    )


def _calibration(examination: Examination, _: int) -> None:
    figure, chance = examination.report.figures["ece"], examination.report.calibrated
    _title(examination, "answers by their probability")
    columns = (*_BINS, _BAR) if output.is_terminal() else _BINS
    tables.show(columns, [filled for filled in examination.report.bins if filled.rows])
    if figure.value is None:
        return
    where = "above" if figure.value > chance.high else "within"
    output.say(
        f"expected calibration error {figure.value:.3f}, {where} the {chance.low:.3f} to "
        f"{chance.high:.3f} that chance gives a perfectly calibrated entry on these "
        f"{formatting.several(examination.report.rows, 'example')}"
    )


def _title(examination: Examination, view: str) -> None:
    """Say what follows; a program gets the rows alone."""
    if output.is_terminal():
        split = formatting.SPLITS[examination.split]
        shown = formatting.several(examination.report.rows, f"{split} example")
        output.line(f"{examination.ref} on {shown}: {view}")
        output.data("")


def _gap(filled: Bin) -> str:
    """A bar for the share that is right, and where the probability says it should be."""
    full, should = round(20 * (filled.accuracy or 0)), round(20 * (filled.confidence or 0))
    block, blank = ("█", "·") if output.is_unicode() else ("#", ".")
    bar = [block] * full + [blank] * (20 - full)
    bar[min(19, should)] = "|"
    return "".join(bar)


Counts = tuple[str, tuple[int, ...]]  # a true label, and how often it got each answer

_MISTAKES: tuple[Column[Mistake], ...] = (
    Column("row", "", str, lambda m: m.row),
    Column(
        "score",
        "score",
        lambda m: formatting.share(m.score),
        lambda m: f"{m.score:.6f}",
        right=True,
        keep=3,
    ),
    Column("answer", "answer", lambda m: m.answer, keep=4, least=10),
    Column("label", "label", lambda m: m.label, keep=5, least=10, style="bold"),
    Column(
        "label_score",
        "its score",
        lambda m: formatting.share(m.label_score),
        lambda m: f"{m.label_score:.6f}",
        right=True,
        keep=1,
    ),
    Column("text", "text", lambda m: m.text or "", keep=2, least=20),
)

_LABELS: tuple[Column[LabelFigures], ...] = (
    Column("label", "label", lambda f: f.label, keep=6, least=12, style="bold"),
    Column(
        "precision",
        "precision",
        lambda f: formatting.known(f.precision, formatting.share),
        lambda f: f.precision,
        right=True,
        keep=4,
    ),
    Column(
        "recall",
        "recall",
        lambda f: formatting.known(f.recall, formatting.share),
        lambda f: f.recall,
        right=True,
        keep=4,
    ),
    Column(
        "f1",
        "F1",
        lambda f: " ".join([formatting.share(f.f1), *formatting.limits(f.intervals.get("f1"))]),
        lambda f: f.f1,
        keep=5,
    ),
    Column(
        "support",
        "examples",
        lambda f: formatting.count(f.support),
        lambda f: f.support,
        right=True,
        keep=3,
    ),
    Column(
        "answers",
        "answers",
        lambda f: formatting.count(f.answers),
        lambda f: f.answers,
        right=True,
        keep=2,
    ),
)

_BINS: tuple[Column[Bin], ...] = (
    Column("low", "from", lambda b: formatting.share(b.low), lambda b: f"{b.low:.6f}", keep=5),
    Column("high", "to", lambda b: formatting.share(b.high), lambda b: f"{b.high:.6f}", keep=6),
    Column(
        "rows", "answers", lambda b: formatting.count(b.rows), lambda b: b.rows, right=True, keep=3
    ),
    Column(
        "confidence",
        "mean",
        lambda b: formatting.known(b.confidence, formatting.share),
        lambda b: b.confidence,
        right=True,
        keep=2,
    ),
    Column(
        "accuracy",
        "right",
        lambda b: formatting.known(b.accuracy, formatting.share),
        lambda b: b.accuracy,
        right=True,
        keep=4,
    ),
)
_BAR: Column[Bin] = Column("bar", "right, and | where it should be", _gap, keep=1)

_VIEWS = {
    "metrics": _metrics,
    "errors": _errors,
    "confusion": _confusion,
    "calibration": _calibration,
    "per-label": _per_label,
}
