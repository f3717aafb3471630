"""One entry after the other: what it answered, and how it was made."""

from __future__ import annotations

from swereg.evaluation.comparison import Row
from swereg.evaluation.report import answers, typesetting
from swereg.evaluation.report.contents import Contents
from swereg.evaluation.report.html import Html, Part, el, foreign, joined
from swereg.evaluation.report.panels import number
from swereg.plugins import settings
from swereg.records import formatting
from swereg.records.entry import Entry
from swereg.records.training import Recipe


def closeups(contents: Contents) -> Html:
    """Build a part for each detailed row; the first is open."""
    parts = [
        _closeup(contents, row, entry, opened=at == 0)
        for at, (row, entry) in enumerate(contents.detailed)
    ]
    return joined(*parts)


def left_out(contents: Contents) -> Html | None:
    """Say which rows have no details, and why."""
    detailed = {row.ref for row, _ in contents.detailed}
    missing = [row.ref for row in contents.comparison.rows if row.ref not in detailed]
    if not missing:
        return None
    few = ", ".join(missing) if len(missing) <= 6 else f"{len(missing)} rows"
    return el(
        "p",
        f"The page has details of the first {len(detailed)} rows only, and of the "
        f"baseline; without: {few}.",
        class_="quiet",
    )


def _closeup(contents: Contents, row: Row, entry: Entry, *, opened: bool) -> Html:
    look = contents.looks[entry.ref]
    score = look.report.figures[contents.metric].value
    name = typesetting.title_of(contents.metric).lower()
    stands = f"one of {len(row.refs)} seeds, by validation loss" if len(row.refs) > 1 else ""
    head = el(
        "summary",
        number(contents, row),
        " ",
        el("strong", entry.ref),
        " ",
        el(
            "span",
            f"{entry.method}, {name} {typesetting.metric(contents.metric, score)}"
            f"{f'; {stands}' if stands else ''}",
            class_="quiet",
        ),
    )
    return el(
        "details",
        head,
        el(
            "div",
            el("div", answers.metrics(look.report)),
            el("div", answers.labels(look.report)),
            class_="pair",
        ),
        answers.confusion(look.report),
        answers.mistakes(look, texts=contents.texts),
        el("h3", "How it was made"),
        facts(recipe(entry)),
        class_="closeup",
        open="" if opened else None,
    )


def facts(pairs: list[tuple[str, Part]]) -> Html:
    """Write facts with their names."""
    return el(
        "dl", *(el("div", el("dt", name), el("dd", value)) for name, value in pairs), class_="facts"
    )


def recipe(entry: Entry) -> list[tuple[str, Part]]:
    """All that decided how an entry turned out, and what it cost."""
    settings_shown = settings.ordered_settings(entry.method, entry.recipe.settings)
    learnt = formatting.trainable(entry.trainable, entry.total)
    return [
        ("method", f"{entry.method} ({settings_shown})" if settings_shown else entry.method),
        ("recipe", _recipe(entry)),
        ("base", _base(entry)),
        ("trainable", typesetting.typeset(learnt).replace(typesetting.NARROW, " ")),
        ("training time", typesetting.shown(entry.seconds, formatting.duration)),
        ("size", typesetting.shown(entry.weights_size, formatting.size)),
        ("weights", code(entry.weights_digest)),
        ("made", f"{entry.created[:10]} {entry.created[11:16]} UTC{_by(entry)}"),
        ("note", foreign(entry.note) if entry.note else typesetting.DASH),
    ]


def _recipe(entry: Entry) -> str:
    if entry.imported:
        return "not known: it was trained elsewhere"
    by_epochs = "learning_rate" in entry.known_recipe
    return _said(entry.recipe) if by_epochs else f"seed {entry.recipe.seed}"


def _base(entry: Entry) -> Part:
    fingerprints = (code(base.fingerprint[:16]) for base in entry.bases)
    return joined(entry.base_label, *(part for code_ in fingerprints for part in (" ", code_)))


def _said(recipe: Recipe) -> str:
    return (
        f"learning rate {recipe.learning_rate:g}, batch size {recipe.batch_size}, "
        f"at most {formatting.several(recipe.epochs, 'epoch')}, patience {recipe.patience}, "
        f"seed {recipe.seed}, max length {recipe.max_length}, dropout {recipe.dropout:g}, "
        f"weight decay {recipe.weight_decay:g}, clip {recipe.clip:g}, "
        f"{recipe.precision} on {recipe.device}"
    )


def _by(entry: Entry) -> str:
    version = entry.environment.get("swereg")
    return f" with swereg {version}" if version else ""


def code(text: str) -> Html:
    """Write a digest."""
    return el("code", text)
