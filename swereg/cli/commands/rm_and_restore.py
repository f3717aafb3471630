"""swereg rm and restore."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import options, output
from swereg.cli.completion import references
from swereg.errors import UsageError

if TYPE_CHECKING:
    from swereg.cli.options import Session
    from swereg.records.entry import Entry


@click.command(cls=options.Command)
@click.argument("refs", metavar="REF...", nargs=-1, required=True, shell_complete=references)
@options.yes()
@click.pass_obj
def rm(session: Session, refs: tuple[str, ...], yes: bool) -> None:
    """Delete entries; swereg restore brings them back.

    REF is a version, such as sentiment/3. What an alias points to is refused. The space is freed
    by swereg gc once an entry has been deleted for 30 days.
    """
    entries = swereg.rm(*refs, dry_run=True, registry=session.registry)
    _ask(entries, yes)
    for entry in swereg.rm(*(entry.ref for entry in entries), registry=session.registry):
        output.data(entry.ref)
    undo = " && ".join(f"swereg restore {entry.ref}" for entry in entries[:3])
    output.say(f"deleted; undo within 30 days: {undo}{' ...' if len(entries) > 3 else ''}")


@click.command(cls=options.Command)
@click.argument("ref", shell_complete=references)
@click.pass_obj
def restore(session: Session, ref: str) -> None:
    """Bring a deleted entry back, as it was.

    REF is a version; swereg list --deleted shows what can be restored.
    """
    output.data(swereg.restore(ref, registry=session.registry).ref)


def _ask(entries: Sequence[Entry], yes: bool) -> None:
    """Ask a person; refuse where there is none.

    Raises:
        UsageError: nobody can be asked.
        click.exceptions.Exit: the answer is no.
    """
    if yes:
        return
    if not output.is_terminal(sys.stdin):
        raise UsageError(
            "nobody can be asked whether to delete",
            why="The input is not a terminal. Nothing was deleted.",
            hint="Say it beforehand: --yes",
            code="rm.yes",
        )
    for entry in entries:
        facts = f"{entry.method}, trained {entry.created[:10]}"
        output.say(f"{entry.ref}: {facts}" + (f", {entry.note}" if entry.note else ""))
    subject = entries[0].ref if len(entries) == 1 else f"these {len(entries)} entries"
    if not click.confirm(f"Delete {subject}?", err=True):
        output.say("Nothing was deleted.")
        raise click.exceptions.Exit(1)
