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
    findings = swereg.doctor(session.registry)
    wrong = [finding for finding in findings if finding.level == "wrong"]
    if as_json:
        output.as_json({"ok": not wrong, "findings": [asdict(finding) for finding in findings]})
    elif output.is_terminal():
        _draw(findings)
    else:
        tables.show(COLUMNS, findings)
    if not as_json and not wrong:
        output.say("nothing is wrong", style="green")
    if wrong:
        if not as_json:
            output.say(f"{formatting.several(len(wrong), 'thing')} wrong", style="red")
        raise click.exceptions.Exit(CheckFailed.exit_code)


def _draw(findings: Sequence[Finding]) -> None:
    sections = []
    for about, group in groupby(findings, key=lambda finding: finding.about):
        sections.append((about.capitalize(), [(finding.name, _text(finding)) for finding in group]))
    tables.facts(sections)


def _text(finding: Finding) -> str:
    mark = "" if finding.level == "ok" else f"{finding.level.upper()}: "
    return f"{mark}{finding.text}{f' -> {finding.hint}' if finding.hint else ''}"
