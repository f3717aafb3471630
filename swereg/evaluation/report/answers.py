"""What one entry answered: its metrics, its labels, its confusion, its most confident mistakes."""

from __future__ import annotations

from collections.abc import Sequence

from swereg.evaluation.comparison import Examination, Mistake
from swereg.evaluation.report import typesetting
from swereg.evaluation.report.html import Html, Part, el, foreign, joined
from swereg.evaluation.statistics import LabelFigures, Report
from swereg.records import formatting

MOST_LABELS = 20  # a matrix of more is no picture any more
MOST_MIXED = 20
MOST_MISTAKES = 12
_LONGEST = 500  # letters of a text


def metrics(report: Report) -> Html:
    """Every metric with its interval, or why it has none."""
    rows = [
        el(
            "tr",
            el("th", typesetting.title_of(name), scope="row"),
            el("td", typesetting.metric(name, figure.value)),
            el("td", _around(report, name), class_="quiet"),
        )
        for name, figure in report.figures.items()
    ]
    return _table("Scores", ["Metric", "Value", "95\u202f% interval"], rows)


def _around(report: Report, name: str) -> str:
    """The limits of a metric; or why it has none, or what chance alone would give."""
    figure, chance = report.figures[name], report.calibrated
    if name == "ece":
        return f"chance: {typesetting.limits(chance)}"
    return typesetting.limits(figure.interval) or figure.reason or typesetting.DASH


def labels(report: Report) -> Html:
    """Precision, recall and F1 of each label, with a bar for F1."""
    rows = [_label(figures) for figures in report.labels]
    heads = ["Label", "Precision", "Recall", "F1", "Examples"]
    table = _table("Label by label", heads, rows, class_="labels")
    return scrolling(table, "Label by label")


def _label(figures: LabelFigures) -> Html:
    return el(
        "tr",
        el("th", foreign(figures.label, "sv"), scope="row"),
        el("td", typesetting.shown(figures.precision, formatting.share)),
        el("td", typesetting.shown(figures.recall, formatting.share)),
        el(
            "td",
            typesetting.shown(figures.f1, formatting.share),
            class_="bar",
            style=f"--part:{figures.f1:.3f}",
        ),
        el("td", formatting.count(figures.support)),
    )


# --- confusion ------------------------------------------------------------------------------


def confusion(report: Report) -> Html:
    """Which labels are taken for which: a matrix, or for many labels the commonest mix-ups."""
    if len(report.labels) > MOST_LABELS:
        return _mixed_up(report)
    names = [label.label for label in report.labels]
    heads = [
        el(
            "th",
            el("span", _letter(at), aria_hidden="true"),
            el("span", foreign(name, "sv"), class_="unseen"),
            scope="col",
        )
        for at, name in enumerate(names)
    ]
    rows = [
        el(
            "tr",
            el(
                "th",
                el("span", _letter(at), class_="letter", aria_hidden="true"),
                " ",
                foreign(name, "sv"),
                scope="row",
            ),
            *_cells(counts, at),
        )
        for at, (name, counts) in enumerate(zip(names, report.confusion, strict=True))
    ]
    table = el(
        "table",
        el("caption", "Confusion ", el("small", "rows: true label; columns: answer")),
        el("thead", el("tr", el("th", "True label", scope="col"), *heads)),
        el("tbody", *rows),
        class_="confusion",
    )
    return scrolling(table, "Confusion matrix")


def _cells(counts: Sequence[int], true: int) -> list[Html]:
    """The row of a true label; the deeper a cell, the larger its share of the row."""
    total = sum(counts) or 1
    return [
        el(
            "td",
            formatting.count(count) if count else el("span", "0", class_="nought"),
            class_="right" if at == true else "wrong",
            style=f"--part:{count / total:.3f}",
        )
        for at, count in enumerate(counts)
    ]


def _letter(at: int) -> str:
    return chr(ord("A") + at)


def _mixed_up(report: Report) -> Html:
    names = [label.label for label in report.labels]
    pairs = sorted(
        (
            (count, true, predicted)
            for true, counts in enumerate(report.confusion)
            for predicted, count in enumerate(counts)
            if count and predicted != true
        ),
        key=lambda pair: (-pair[0], pair[1:]),
    )
    rows = [
        el(
            "tr",
            el("td", foreign(names[true], "sv")),
            el("td", foreign(names[predicted], "sv")),
            el("td", formatting.count(count)),
            el("td", formatting.count(report.labels[true].support)),
        )
        for count, true, predicted in pairs[:MOST_MIXED]
    ]
    heads = ["True label", "Answer", "How often", "Of"]
    return scrolling(_table("Commonest mix-ups", heads, rows), "Commonest mix-ups")


# --- mistakes -------------------------------------------------------------------------------


def mistakes(look: Examination, *, texts: bool) -> Html:
    """The wrong answers that were given with the highest probability."""
    wrong, rows = look.mistakes, look.report.rows
    if not wrong:
        return el("p", f"All {formatting.several(rows, 'answer')} are right.")
    shown = wrong[:MOST_MISTAKES]
    texts = texts and shown[0].text is not None
    head = f"{formatting.count(len(wrong))} of {formatting.several(rows, 'answer')} are wrong"
    selection = f"; the {len(shown)} given most confidently" if len(wrong) > len(shown) else ""
    heads = [*(["Text"] if texts else []), "True label", "Answer", "Probability"]
    body = [_mistake(mistake, texts=texts) for mistake in shown]
    title = joined("Mistakes ", el("small", head + selection))
    return _table(title, heads, body, class_="mistakes")


def _mistake(mistake: Mistake, *, texts: bool) -> Html:
    return el(
        "tr",
        el("td", foreign(_short(mistake.text or ""), "sv"), class_="text") if texts else None,
        el("td", foreign(mistake.label, "sv"), data_label="True label"),
        el("td", foreign(mistake.answer, "sv"), data_label="Answer"),
        el("td", formatting.share(mistake.score), data_label="Probability"),
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} \u2026"


# --- tables ---------------------------------------------------------------------------------


def _table(title: Part, heads: Sequence[str], rows: Sequence[Html], class_: str = "") -> Html:
    return el(
        "table",
        el("caption", title),
        el("thead", el("tr", *(el("th", head, scope="col") for head in heads))),
        el("tbody", *rows),
        class_=class_ or None,
    )


def scrolling(table: Html, name: str) -> Html:
    """Let a wide table scroll on its own, by keyboard too."""
    return el("div", table, class_="scrolling", tabindex=0, role="region", aria_label=name)
