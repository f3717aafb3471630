"""swereg list, show and compare: stored facts only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import click

import swereg
from swereg.cli import output
from swereg.cli.output import Column
from swereg.comparison import Comparison, Row
from swereg.errors import NotFound
from swereg.records import Entry

_LIST = (
    Column("ref", keep=9), Column("task", keep=2), Column("method", keep=6), Column("base", keep=1),
    Column("trainable", right=True, keep=4), Column("val loss", right=True, keep=7),
    Column("accuracy", right=True, keep=8), Column("size", right=True, keep=3),
    Column("when", keep=0), Column("aliases", keep=5),
)  # fmt: skip


@click.command("list")
@click.option("--task", metavar="NAME", help="Entries of this task.")
@click.option("--method", metavar="NAME", help="Entries of this method.")
@click.option("--name", metavar="NAME", help="Versions of this model.")
@click.option(
    "--sort", default="created", show_default=True, metavar="KEY",
    help="created, ref, task, method, val_loss, accuracy, macro_f1, trainable, size or seconds.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N",
              help="At most N entries.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="All entries.")
@click.option("--json", "as_json", is_flag=True, help="Print all facts as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print references alone.")
@click.pass_obj
def list_(
    registry: str | None,
    task: str | None,
    method: str | None,
    name: str | None,
    sort: str,
    limit: int,
    everything: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """List entries, the newest first."""
    try:
        store = swereg.Registry.open(registry)
    except NotFound as missing:
        _nothing(as_json, missing.hint)
        return
    with store:
        wanted = {"task": task, "name": name, "method": method, "sort": sort}
        entries = store.entries(**wanted, limit=None if everything else limit + 1)  # type: ignore[arg-type]
    more = not everything and len(entries) > limit
    entries = entries if everything else entries[:limit]
    if as_json:
        output.as_json({"entries": [entry.to_json() for entry in entries]})
    elif quiet:
        for entry in entries:
            output.data(entry.ref)
    elif not entries:
        _nothing(as_json, "Train something: swereg train --task sentiment")
    else:
        output.table(_LIST, [_list_row(entry) for entry in entries])
    if more:
        output.note(f"there are more; --limit N or --all shows them (shown: {limit})")


def _nothing(as_json: bool, hint: str) -> None:
    if as_json:
        output.as_json({"entries": []})
    output.say(f"There are no entries here. {hint}")


def _list_row(entry: Entry) -> list[str]:
    scores = entry.scores.get("test", entry.scores["val"])
    return [
        entry.ref,
        entry.task,
        method_of(entry.method, entry.recipe.settings),
        str(entry.base),
        f"{entry.trainable_percent:.4g} %",
        f"{entry.val_loss:.4f}",
        f"{scores['accuracy']:.3f}",
        output.size(entry.weights_size),
        _when(entry.created) if output.is_terminal() else entry.created,
        ", ".join(entry.aliases),
    ]


def method_of(method: str, settings: Mapping[str, Any]) -> str:
    """A method with its rank where it has one: lora r=8."""
    return f"{method} r={settings['r']}" if "r" in settings else method


def _when(created: str) -> str:
    """How long ago, for a person."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit} ago"
    return "just now"


@click.command()
@click.argument("ref")
@click.option("--json", "as_json", is_flag=True, help="Print all facts as JSON.")
@click.pass_obj
def show(registry: str | None, ref: str, as_json: bool) -> None:
    """Show everything about one entry.

    REF is a name (sentiment), a version (sentiment/3) or an alias (sentiment@prod).
    """
    entry = swereg.show(ref, registry=registry)
    if as_json:
        output.as_json(entry.to_json())
        return
    recipe = dict(entry.recipe.__dict__)
    settings = recipe.pop("settings")
    losses = [epoch.val_loss for epoch in entry.epochs]
    facts = [
        ("entry", entry.ref),
        ("aliases", ", ".join(entry.aliases) or "-"),
        ("note", entry.note or "-"),
        ("created", entry.created),
        ("task", entry.task),
        ("labels", ", ".join(entry.labels)),
        ("method", entry.method + "".join(f" {k}={v}" for k, v in settings.items())),
        (
            "trainable",
            f"{entry.trainable:,} of {entry.total:,} ({entry.trainable_percent:.4f} %)",
        ),
        ("weights", f"{output.size(entry.weights_size)}, sha256 {entry.weights_digest}"),
        ("base", f"{entry.base}, fingerprint {entry.base.fingerprint}"),
        ("data", ", ".join(f"{count:,} {split}" for split, count in entry.sizes.items())),
        ("", f"digest {entry.dataset}"),
        ("cut", ", ".join(f"{n:,} in {split}" for split, n in entry.cut.items() if n) or "none"),
        ("scores", "\n".join(_scores(split, found) for split, found in entry.scores.items())),
        ("epochs", f"{len(entry.epochs)}, best {entry.best_epoch}"),
        ("val loss", f"{output.sparkline(losses)}  {losses[0]:.4f} to {entry.val_loss:.4f}"),
        ("", "\n".join(_epoch(entry, number) for number in range(len(entry.epochs)))),
        ("training", output.duration(entry.seconds)),
        ("recipe", " ".join(f"{key}={value}" for key, value in recipe.items())),
        ("environment", " ".join(f"{key}={v}" for key, v in entry.environment.items())),
    ]
    output.facts(facts)


def _scores(split: str, found: Mapping[str, float]) -> str:
    return f"{split:<5}" + "  ".join(f"{name} {value:.4f}" for name, value in found.items())


def _epoch(entry: Entry, number: int) -> str:
    epoch = entry.epochs[number]
    mark = "  * best" if epoch.number == entry.best_epoch else ""
    return (
        f"{epoch.number:>3}  train {epoch.train_loss:.4f}  val {epoch.val_loss:.4f}  "
        f"accuracy {epoch.val_accuracy:.3f}{mark}"
    )


@click.command()
@click.argument("refs", nargs=-1, metavar="[REF]...")
@click.option("--task", metavar="NAME", help="All entries of this task.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@click.pass_obj
def compare(registry: str | None, refs: tuple[str, ...], task: str | None, as_json: bool) -> None:
    """Put entries of one task side by side.

    The newest full fine-tuning is the baseline; differences to it are in brackets. The best of
    each column has a star.
    """
    found = swereg.compare(*refs, task=task, registry=registry)
    if as_json:
        output.as_json(found.to_json())
        return
    where = f"task {found.task}; accuracy, macro-F1 and ROC-AUC on {found.split}"
    output.table(*_comparison(found), title=where)
    if not output.is_terminal():
        output.say(where)
    for text in found.notices:
        output.note(text)


_Figure = Callable[[float], str]
_FIGURES: dict[str, tuple[Column, _Figure]] = {
    "trainable": (Column("trainable", right=True, keep=1), lambda v: f"{v:,.0f}"),
    "trainable_percent": (Column("%", right=True, keep=5), lambda v: f"{v:.4g}"),
    "size": (Column("size", right=True, keep=4), output.size),
    "val_loss": (Column("val loss", right=True, keep=7), lambda v: f"{v:.4f}"),
    "accuracy": (Column("accuracy", right=True, keep=8), lambda v: f"{v:.3f}"),
    "macro_f1": (Column("macro-F1", right=True, keep=6), lambda v: f"{v:.3f}"),
    "roc_auc": (Column("ROC-AUC", right=True, keep=3), lambda v: f"{v:.3f}"),
    "seconds": (Column("time", right=True, keep=2), output.duration),
}
_WITH_DIFFERENCE = ("val_loss", "accuracy", "macro_f1", "roc_auc")


def _comparison(found: Comparison) -> tuple[list[Column], list[list[str]]]:
    """Lay a comparison out as columns and rows; a column that nobody has is left out."""
    shown = {
        key: column
        for key, (column, _) in _FIGURES.items()
        if any(getattr(row, key) is not None for row in found.rows)
    }
    columns = [Column("ref", keep=9), Column("method", keep=0), Column("epochs", right=True)]
    rows = [
        [
            row.ref + (" (baseline)" if row.baseline else ""),
            method_of(row.method, row.settings),
            f"{row.best_epoch}/{row.epochs}",
            *(_figure(row, key) for key in shown),
        ]
        for row in found.rows
    ]
    return [*columns, *shown.values()], rows


def _figure(row: Row, key: str) -> str:
    value = getattr(row, key)
    if value is None:
        return "-"
    text = _FIGURES[key][1](value)
    if key in _WITH_DIFFERENCE and key in row.difference:
        digits = 4 if key == "val_loss" else 3
        text += f" ({row.difference[key]:+.{digits}f})"
    return f"{text} *" if key in row.best else f"{text}  "
