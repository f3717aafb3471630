"""swereg list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import swereg
from swereg.api.values import brief_settings, ordered_settings
from swereg.cli import options, output
from swereg.cli.completion import methods, models, tasks
from swereg.cli.display import tables
from swereg.cli.display.tables import Column
from swereg.cli.fail_if import check_entries
from swereg.cli.options import Session, option
from swereg.errors import SweregError
from swereg.records import formatting
from swereg.records.metrics import entry_sorts

if TYPE_CHECKING:
    from swereg.records.entry import Entry

NO_REGISTRY = ("registry.missing", "storage.empty")


def scored_split(entry: Entry) -> str:
    """The split whose scores are shown: test, or validation where there is no test."""
    return next((split for split in ("test", "val") if split in entry.scores), "")


def known_accuracy(entry: Entry) -> float | None:
    """The accuracy on that split, or None where there are no scores."""
    return entry.scores.get(scored_split(entry), {}).get("accuracy")


def accuracy(entry: Entry) -> str:
    """The accuracy on test, or on validation, which is said."""
    shown = formatting.known(known_accuracy(entry), formatting.share)
    return shown + (" val" if scored_split(entry) == "val" else "")


def method(entry: Entry) -> str:
    """The method with the settings that are not its own defaults."""
    return f"{entry.method} {brief_settings(entry.method, entry.recipe.settings)}".rstrip()


def short_base(entry: Entry) -> str:
    """The last part of the base's name: bert-base-swedish-cased, or the name of a folder."""
    names = [base.name.rstrip("/").rsplit("/", 1)[-1] for base in entry.bases]
    return "".join(names) or entry.base_label


def tags_of(entry: Entry) -> str:
    """The tags as they are written: status=pilot, team=växel."""
    return ", ".join(f"{key}={value}" for key, value in entry.tags.items())


COLUMNS: tuple[Column[Entry], ...] = (
    Column("ref", "ref", lambda e: e.ref, keep=10, style="bold"),
    Column("task", "task", lambda e: e.task, keep=1),
    Column("method", "method", method, lambda e: e.method, keep=7),
    Column("settings", "", str, lambda e: ordered_settings(e.method, e.recipe.settings)),
    Column("base", "base", short_base, lambda e: str(e.base or ""), keep=2),
    Column(
        "trainable_percent",
        "trainable",
        lambda e: formatting.percent(e.trainable_percent),
        lambda e: e.trainable_percent,
        right=True,
        keep=4,
    ),
    Column(
        "val_loss",
        "val loss",
        lambda e: formatting.known(e.val_loss, formatting.loss),
        lambda e: e.val_loss,
        right=True,
        keep=9,
    ),
    Column("accuracy", "accuracy", accuracy, known_accuracy, right=True, keep=8),
    Column("accuracy_split", "", str, scored_split),
    Column(
        "size",
        "size",
        lambda e: formatting.size(e.weights_size),
        lambda e: e.weights_size,
        right=True,
        keep=3,
    ),
    Column("created", "when", lambda e: formatting.ago(e.created), lambda e: e.created, keep=5),
    Column(
        "aliases", "aliases", lambda e: ", ".join(e.aliases), lambda e: ",".join(e.aliases), keep=6
    ),
    Column("tags", "tags", tags_of, keep=0),
)
DELETED: Column[Entry] = Column(
    "deleted", "deleted", lambda e: formatting.ago(e.deleted or ""), lambda e: e.deleted, keep=11
)


@click.command("list", cls=options.Command)
@option("--task", shell_complete=tasks, metavar="NAME", help="Only entries of this task.")
@option("--method", shell_complete=methods, metavar="NAME", help="Only entries of this method.")
@option("--name", shell_complete=models, metavar="NAME", help="Only versions of this model.")
@option("--tag", "tags", multiple=True, metavar="KEY[=VALUE]", help="Only entries with this tag.")
@option("--deleted", is_flag=True, help="List what was deleted and can be restored.")
@option(
    "--sort",
    type=click.Choice(tuple(entry_sorts())),
    default="created",
    show_default=True,
    metavar="KEY",
    help=f"By what to sort, the newest, best or smallest first: {', '.join(tuple(entry_sorts()))}.",
)
@option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="The most entries to list.",
)
@option("--all", "everything", is_flag=True, help="List all entries.")
@options.where()
@options.fail_if()
@options.forms("Print all stored facts of each entry as JSON.")
@options.quiet("Print references alone.")
@click.pass_obj
def list_(
    session: Session,
    task: str | None,
    method: str | None,
    name: str | None,
    tags: tuple[str, ...],
    deleted: bool,
    sort: str,
    limit: int,
    everything: bool,
    where: tuple[str, ...],
    fail_if: tuple[str, ...],
    form: str,
    quiet: bool,
) -> None:
    """List entries, the newest first.

    accuracy is on test, or on validation (marked val) where a task has no test data.
    """
    filters = {"task": task, "name": name, "method": method, "tags": tags, "deleted": deleted}
    most_rows = None if everything or where or fail_if else limit
    entries, total, nothing = _entries(session, filters, where=where, sort=sort, limit=most_rows)
    shown = entries if everything else entries[:limit]
    if form == "json":
        output.as_json({"total": total, "entries": [entry.to_json() for entry in shown]})
    elif quiet:
        for entry in shown:
            output.data(entry.ref)
    elif shown:
        tables.show((*COLUMNS, DELETED) if deleted else COLUMNS, shown, form)
    if not entries:
        output.say("No entry is like that." if where or any(filters.values()) else nothing)
    elif len(shown) < total:
        output.say(f"{total - len(shown):,} more; see them with --all or --limit N")
    check_entries(entries, fail_if)


def _entries(
    session: Session, filters: dict[str, Any], *, limit: int | None, **order: Any
) -> tuple[list[Entry], int, str]:
    """Fetch entries, how many there are, and what to say if there is none.

    No registry yet counts as an empty one.
    """
    try:
        entries = swereg.list(**filters, **order, limit=limit, registry=session.registry)
        total = len(entries)
        if total == limit:
            total = swereg.count(**filters, registry=session.registry)
    except SweregError as missing:
        if missing.code not in NO_REGISTRY:
            raise
        return [], 0, f"{missing.what[:1].upper()}{missing.what[1:]}. {missing.hint}"
    return entries, total, "There is no entry yet. Train one with: swereg train --task sentiment"
