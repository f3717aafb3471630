"""swereg log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

import swereg
from swereg.cli import options, output
from swereg.cli.completion import references
from swereg.cli.display import tables
from swereg.cli.display.tables import Column
from swereg.cli.options import Session, option
from swereg.records import formatting

if TYPE_CHECKING:
    from swereg.records.history import Event

MOST = 20
_CHANGE = ("key", "old", "new")


def _detail(detail: Mapping[str, Any]) -> str:
    """The particulars in one line: what changed, from what to what, and the rest."""
    change = ""
    if "old" in detail:
        change = f"{_known(detail['old'])} -> {_known(detail.get('new'))}"
    particulars = [
        f"{key} {value}" for key, value in detail.items() if key not in _CHANGE and value
    ]
    return ", ".join(
        word for word in (f"{detail.get('key', '')} {change}".strip(), *particulars) if word
    )


def _known(value: object) -> str:
    return "nothing" if value in (None, "") else str(value)


COLUMNS: tuple[Column[Event], ...] = (
    Column("at", "when", lambda e: formatting.ago(e.at), lambda e: e.at, keep=2),
    Column("actor", "who", lambda e: e.actor, keep=1),
    Column("verb", "what", lambda e: e.verb, keep=4),
    Column("subject", "to what", lambda e: e.subject, keep=5, style="bold"),
    Column("detail", "particulars", lambda e: _detail(e.detail), keep=3, least=16),
)


@click.command(cls=options.Command)
@click.argument("ref", required=False, shell_complete=references)
@option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=MOST,
    show_default=True,
    metavar="N",
    help="The most events to show.",
)
@option("--all", "everything", is_flag=True, help="Show all events.")
@options.as_json("Print the events as JSON.")
@click.pass_obj
def log(session: Session, ref: str | None, limit: int, everything: bool, as_json: bool) -> None:
    """Show who did what to what, when.

    The newest comes first. REF is a model's name, a version, or an alias; without it, everything
    is shown. Deleted entries have their history too.
    """
    limit_or_none = None if everything else limit
    events = swereg.log(ref, limit=limit_or_none, registry=session.registry)
    if as_json:
        output.as_json({"events": [asdict(event) for event in events]})
    elif events:
        tables.show(COLUMNS, events)
    else:
        output.say("Nothing has happened yet.")
