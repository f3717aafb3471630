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
    from swereg.api.values import Freed


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
    freed = swereg.gc(dry_run=dry_run, now=now, compact=compact, registry=session.registry)
    if as_json:
        output.as_json({"dry_run": dry_run, **asdict(freed)})
        return
    for ref in freed.entries:
        output.data(ref)
    output.say(f"{'would be freed' if dry_run else 'freed'}: {_sum(freed)}")
    if compact and not dry_run:
        output.say(f"the registry's file is {formatting.size(freed.given_back)} smaller")
    elif freed.in_database:
        output.say("What is free in the file is used by what comes next; --compact gives it back.")


def _sum(freed: Freed) -> str:
    parts = [
        formatting.several(len(freed.entries), "entry", "entries"),
        f"{formatting.size(freed.in_database)} in the registry",
    ]
    if freed.files:
        several = formatting.several(freed.files, "file")
        parts.append(f"{formatting.size(freed.in_files)} in {several} beside it")
    return ", ".join(parts)
