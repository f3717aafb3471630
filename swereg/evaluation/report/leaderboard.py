"""The leaderboard: a row per entry, or per recipe with its seeds folded into it."""

from __future__ import annotations

from collections.abc import Sequence

from swereg.evaluation.comparison import Row
from swereg.evaluation.report import intervals, typesetting
from swereg.evaluation.report.answers import scrolling
from swereg.evaluation.report.contents import Contents
from swereg.evaluation.report.html import Html, Part, el, joined
from swereg.evaluation.report.panels import number
from swereg.evaluation.report.scales import Scale
from swereg.plugins import settings
from swereg.records import formatting
from swereg.records.entry import Entry


def leaderboard(contents: Contents) -> Html:
    """Build the table, with what its signs mean."""
    comparison = contents.comparison
    across = intervals.scale(comparison.rows, comparison.metric)
    heads = [column for column, _ in _columns(contents, across)]
    body = [
        part
        for row in comparison.rows
        for part in (_row(row, contents, across), _seeds(row, contents))
    ]
    table = el(
        "table",
        el("caption", _caption(contents)),
        el("thead", el("tr", *heads, role="row"), role="rowgroup"),
        el("tbody", *body, role="rowgroup"),
        class_="leaderboard",
        role="table",
    )
    return joined(scrolling(table, "Leaderboard"), _notices(comparison.notices))


def _columns(contents: Contents, across: Scale | None) -> list[tuple[Html, str]]:
    """The heads of the columns, and what a cell is called where there is no room for heads."""
    metric = typesetting.title_of(contents.metric)
    second = typesetting.title_of(_other(contents))
    shown = intervals.axis(across) if across else None
    titles: list[tuple[Part, str]] = [("Model", "Model"), (joined(metric, shown), metric)]
    if contents.baseline:
        titles.append(("Against the baseline", "Against the baseline"))
    titles += [(title, title) for title in (second, "Val. loss", "Trainable", "Size", "Training")]
    return [(el("th", title, scope="col", role="columnheader"), name) for title, name in titles]


def _other(contents: Contents) -> str:
    return "accuracy" if contents.metric == "macro_f1" else "macro_f1"


def _row(row: Row, contents: Contents, across: Scale | None) -> Html:
    metric, base = contents.metric, contents.baseline
    held = base.figures.get(metric) if base else None
    picture = intervals.interval(row, metric, across, held) if across else None
    cells: list[Part] = [
        joined(_measured(row, metric), picture),
        *([_against(row, metric)] if base else []),
        _measured(row, _other(contents)),
        _below(row, "val_loss", formatting.loss),
        joined(
            typesetting.shown(row.figures.get("trainable_percent"), formatting.percent),
            _small(typesetting.shown(row.figures.get("trainable"), formatting.count)),
        ),
        typesetting.shown(row.figures.get("size"), formatting.size),
        typesetting.shown(row.figures.get("seconds"), formatting.duration),
    ]
    names = [name for _, name in _columns(contents, across)][1:]
    return el(
        "tr",
        el("th", _name(row, contents), scope="row", role="rowheader"),
        *(
            el("td", cell, role="cell", data_label=name)
            for name, cell in zip(names, cells, strict=True)
        ),
        class_="near" if row.within_noise else None,
        role="row",
    )


def _name(row: Row, contents: Contents) -> Html:
    brief = f"{row.method} {settings.brief_settings(row.method, row.settings, row.varied)}".strip()
    several = len({table_row.base for table_row in contents.comparison.rows}) > 1
    where = f" on {row.base}" if several and row.base else ""
    return joined(
        number(contents, row),
        " ",
        el("strong", row.ref),
        " ",
        *_badges(row, contents),
        _small(f"{brief}{where}"),
    )


def _badges(row: Row, contents: Contents) -> list[Html]:
    """What a row is, in words."""
    best = contents.best is row
    aliases = sorted({f"@{alias}" for ref in row.refs for alias in contents.entries[ref].aliases})
    words = [
        ("best", "best" if best and len(contents.comparison.rows) > 1 else ""),
        ("near", "within the noise" if row.within_noise and not best else ""),
        ("plain", "baseline" if row.baseline else ""),
        ("plain", "not ranked" if not row.ranked else ""),
        *(("plain", alias) for alias in aliases),
    ]
    return [joined(el("span", word, class_=f"badge {kind}"), " ") for kind, word in words if word]


def _seeds(row: Row, contents: Contents) -> Html | None:
    """The seeds of a recipe, one by one."""
    if len(row.refs) < 2:
        return None
    columns = list(dict.fromkeys([contents.metric, _other(contents)]))
    heads = ["Entry", "Seed", *(typesetting.title_of(name) for name in columns), "Val. loss"]
    split = contents.comparison.split
    rows = [
        el(
            "tr",
            el("th", ref, scope="row"),
            el("td", _seed(contents.entries[ref])),
            *(
                el(
                    "td",
                    typesetting.metric(name, contents.entries[ref].scores.get(split, {}).get(name)),
                )
                for name in columns
            ),
            el("td", typesetting.shown(contents.entries[ref].val_loss, formatting.loss)),
        )
        for ref in row.refs
    ]
    table = el(
        "table",
        el("thead", el("tr", *(el("th", head, scope="col") for head in heads))),
        el("tbody", *rows),
    )
    again = f"Trained again with the same seed, and not counted: {', '.join(row.repeats)}."
    details = el("p", again) if row.repeats else None
    opening = el("summary", f"{len(row.refs)} seeds")
    across = 8 if contents.baseline else 7
    cell = el("td", el("details", opening, table, details), colspan=across, role="cell")
    return el("tr", cell, class_="seeds", role="row")


def _seed(entry: Entry) -> Part:
    return typesetting.DASH if entry.imported else entry.recipe.seed


def _measured(row: Row, metric: str) -> Html:
    """A score with its deviation over the seeds and its limits."""
    limits = typesetting.limits(row.intervals.get(metric))
    return joined(
        el("b", _spread(row, metric, formatting.writer(metric)), class_="score"),
        " ",
        _small(limits) if limits else None,
    )


def _against(row: Row, metric: str) -> Html | str:
    """The difference to the baseline with its limits, and what it comes to."""
    if row.baseline:
        return el("span", "the baseline", class_="quiet")
    held = row.verdicts.get(metric)
    if held is None or held.value is None:
        return typesetting.DASH
    words = {"better": "better", "worse": "worse", "indistinguishable": "no clear difference"}
    return joined(
        el("b", typesetting.signed(held.value, formatting.writer(metric)), class_="score"),
        " ",
        _small(typesetting.limits(held.interval, sign=True)),
        el("span", words[held.verdict], class_=f"verdict {held.verdict}"),
    )


def _spread(row: Row, column: str, write: formatting.Writer) -> str:
    value = typesetting.shown(row.figures.get(column), write)
    deviation = row.deviations.get(column)
    return value if deviation is None else f"{value} ± {typesetting.shown(deviation, write)}"


def _below(row: Row, column: str, write: formatting.Writer) -> Html:
    deviation = row.deviations.get(column)
    sd = None if deviation is None else _small(f"± {typesetting.shown(deviation, write)}")
    return joined(typesetting.shown(row.figures.get(column), write), sd)


def _small(text: Part) -> Html:
    return el("small", text)


def _caption(contents: Contents) -> Html:
    """What the rows and signs mean."""
    comparison = contents.comparison
    noun = formatting.several(comparison.examples, f"{formatting.SPLITS[comparison.split]} example")
    parts = [
        f"Scores on {noun}; under each its 95\u202f% interval."
        if comparison.examples
        else "No two entries were scored on the same examples; scores are each entry's own."
    ]
    if any(row.within_noise for row in comparison.rows) and len(comparison.rows) > 1:
        parts.append(
            "Within the noise (filled dots): these examples cannot tell them from the best."
        )
    if contents.baseline:
        parts.append(f"Dashed line: the baseline, {contents.baseline.ref}, fully fine-tuned.")
    if any(row.deviations for row in comparison.rows):
        parts.append("±: standard deviation over seeds.")
    if comparison.split == "val":
        parts.append(
            "There is no test set: validation chose the epochs as well, so scores are flattered."
        )
    return joined(" ".join(parts))


def _notices(notices: Sequence[str]) -> Html | None:
    if not notices:
        return None
    return el("ul", *(el("li", notice) for notice in notices), class_="notices")
