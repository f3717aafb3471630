"""swereg doctor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import options, output
from swereg.cli.display import tables
from swereg.cli.display.tables import Column
from swereg.errors import CheckFailed
from swereg.records import formatting

if TYPE_CHECKING:
    from swereg.cli.options import Session
    from swereg.records.finding import Finding

COLUMNS: tuple[Column[Finding], ...] = (
    Column("about", "", lambda f: f.about),
    Column("name", "", lambda f: f.name),
    Column("level", "", lambda f: f.level),
    Column("text", "", lambda f: f.text),
    Column("hint", "", lambda f: f.hint),
)


@click.command(cls=options.Command)
@options.as_json("Print the findings as JSON.")
@click.pass_obj
def doctor(session: Session, as_json: bool) -> None:
    """Look for what could be wrong with this installation.

    The registry, its disk, the bases, the plugins and the environment are looked at. Nothing is
    changed. Exit code 4 means that something is wrong. For every byte of what is stored, see
    swereg verify.
    """
    found = swereg.doctor(session.registry)
    wrong = [each for each in found if each.level == "wrong"]
    if as_json:
        output.as_json({"ok": not wrong, "findings": [asdict(each) for each in found]})
    elif output.is_terminal():
        _draw(found)
    else:
        tables.show(COLUMNS, found)
    if not as_json and not wrong:
        output.say("nothing is wrong", style="green")
    if wrong:
        if not as_json:
            output.say(f"{formatting.several(len(wrong), 'thing')} wrong", style="red")
        raise click.exceptions.Exit(CheckFailed.exit_code)


def _draw(found: Sequence[Finding]) -> None:
    sections = []
    for about, those in groupby(found, key=lambda each: each.about):
        sections.append((about.capitalize(), [(each.name, _text(each)) for each in those]))
    tables.facts(sections)


def _text(found: Finding) -> str:
    mark = "" if found.level == "ok" else f"{found.level.upper()}: "
    return f"{mark}{found.text}{f' -> {found.hint}' if found.hint else ''}"
