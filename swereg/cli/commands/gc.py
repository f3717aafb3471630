"""swereg gc."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import options, output
from swereg.cli.options import Session, option
from swereg.records import formatting

if TYPE_CHECKING:
    from swereg.registry.changes.garbage import Freed


@click.command(cls=options.Command)
@option("--dry-run", is_flag=True, help="Only say what would be freed.")
@option(
    "--now",
    is_flag=True,
    help="Also what was deleted less than 30 days ago; it cannot be restored then.",
)
@option(
    "--compact",
    is_flag=True,
    help="Write the registry's file anew, so that its free space "
    "goes back to the disk. Others wait meanwhile.",
)
@options.as_json("Print what was freed as JSON.")
@click.pass_obj
def gc(session: Session, dry_run: bool, now: bool, compact: bool, as_json: bool) -> None:
    """Free the space of what was deleted over 30 days ago.

    Files that interrupted work left behind go too, once they are an hour old. Nothing that an
    entry refers to is touched, and no number is given out again.
    """
    with swereg.Registry.open(session.registry) as store:
        found = store.gc(now=now, dry_run=dry_run, compact=compact and not dry_run)
    if as_json:
        output.as_json({"dry_run": dry_run, **asdict(found)})
        return
    for ref in found.entries:
        output.data(ref)
    output.say(f"{'would be freed' if dry_run else 'freed'}: {_sum(found)}")
    if compact and not dry_run:
        output.say(f"the registry's file is {formatting.size(found.given_back)} smaller")
    elif found.in_database:
        output.say("What is free in the file is used by what comes next; --compact gives it back.")


def _sum(found: Freed) -> str:
    parts = [
        formatting.several(len(found.entries), "entry", "entries"),
        f"{formatting.size(found.in_database)} in the registry",
    ]
    if found.files:
        several = formatting.several(found.files, "file")
        parts.append(f"{formatting.size(found.in_files)} in {several} beside it")
    return ", ".join(parts)
