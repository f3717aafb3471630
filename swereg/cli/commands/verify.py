"""swereg verify."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import options, output
from swereg.cli.completion import references
from swereg.cli.display import tables
from swereg.cli.display.progress import Counting
from swereg.cli.display.tables import Column
from swereg.cli.options import Session, option
from swereg.errors import CheckFailed, UsageError
from swereg.records import formatting

if TYPE_CHECKING:
    from swereg.api.values import Checked, Problem

COLUMNS: tuple[Column[Problem], ...] = (
    Column("subject", "", lambda p: p.subject),
    Column("what", "", lambda p: p.what),
    Column("why", "", lambda p: p.why.replace("\n", "; ")),
    Column("hint", "", lambda p: p.hint),
)


@click.command(cls=options.Command)
@click.argument("ref", required=False, shell_complete=references)
@option("--all", "everything", is_flag=True, help="Check the whole registry, as without REF.")
@option(
    "--deep",
    is_flag=True,
    help="Also hash the bases again, and have every entry answer its "
    "first validation texts as it did after training.",
)
@options.base()
@options.as_json("Print what was checked and what is wrong as JSON.")
@click.pass_obj
def verify(
    session: Session,
    ref: str | None,
    everything: bool,
    deep: bool,
    base: str | None,
    as_json: bool,
) -> None:
    """Check that everything, or the entry REF, is as it was stored.

    The database, the facts of every entry, and the digests of all weights and texts are checked.
    Exit code 4 means that something is wrong; it is listed, with what mends it.
    """
    if ref is not None and everything:
        raise UsageError(
            "--all and an entry exclude each other", hint="Leave one of them out.", code="usage"
        )
    with Counting() as counting:
        checked = swereg.verify(
            ref, deep=deep, base=base, registry=session.registry, on_checked=counting
        )
    if as_json:
        output.as_json({"ok": not checked.problems, **asdict(checked)})
    else:
        _print(checked)
    if checked.problems:
        raise click.exceptions.Exit(CheckFailed.exit_code)


def _print(checked: Checked) -> None:
    if checked.problems and output.is_terminal():
        for problem in checked.problems:
            _draw(problem)
    elif checked.problems:
        tables.show(COLUMNS, checked.problems)
    for text in checked.skipped:
        output.note(f"not asked: {text}")
    number = formatting.several(len(checked.entries), "entry", "entries")
    read = f"{number}, {formatting.size(checked.size)} read"
    if checked.answered:
        read += f", {checked.answered:,} answered as after training" if not checked.problems else ""
    if checked.problems:
        output.say(f"{formatting.several(len(checked.problems), 'problem')}; {read}", style="red")
    else:
        output.say(f"all is as it was stored: {read}", style="green")


def _draw(problem: Problem) -> None:
    output.line(f"{problem.subject}: {problem.what}")
    for text in problem.why.splitlines():
        output.line(f"  {text}")
    if problem.hint:
        output.line(f"  mend: {problem.hint}")
