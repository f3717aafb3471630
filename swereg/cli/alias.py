"""swereg alias: names that move from version to version."""

from __future__ import annotations

import click

import swereg
from swereg.cli import commands, output, tables
from swereg.cli.commands import Session, option
from swereg.cli.tables import Column

COLUMNS: tuple[Column[tuple[str, str]], ...] = (
    Column("alias", "alias", lambda pair: pair[0], keep=1, style="bold"),
    Column("ref", "entry", lambda pair: pair[1]),
)


@click.group(cls=commands.Group)
def alias() -> None:
    """Point aliases such as prod to entries."""


@alias.command("set")
@click.argument("alias_name", metavar="ALIAS")
@click.argument("ref")
@option("-m", "--message", default="", metavar="TEXT", help="Why; kept in the history.")
@click.pass_obj
def set_(session: Session, alias_name: str, ref: str, message: str) -> None:
    """Point an alias to an entry, wherever it pointed before.

    A model's alias prod is what its bare name stands for.

    \b
    swereg alias set prod sentiment/3 -m "better on irony"
    """
    with swereg.Registry.open(session.registry) as store:
        entry = store.alias(ref, alias_name, message=message)
    output.data(f"{entry.name}@{alias_name} -> {entry.ref}")


@alias.command("list")
@click.argument("name", required=False)
@commands.as_json("Print them as JSON.")
@click.pass_obj
def list_(session: Session, name: str | None, as_json: bool) -> None:
    """List the aliases of all models, or of the model NAME."""
    with swereg.Registry.open(session.registry) as store:
        found = store.aliases(name)
    if as_json:
        output.as_json({"aliases": found})
    elif found:
        tables.show(COLUMNS, list(found.items()))
    else:
        output.say("There is no alias. Set one with: swereg alias set prod REF")
