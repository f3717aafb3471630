"""swereg alias: movable names for entries."""

from __future__ import annotations

import click

import swereg
from swereg.cli import output
from swereg.cli.output import Column


@click.group()
def alias() -> None:
    """Point aliases such as prod to entries."""


@alias.command("set")
@click.argument("alias_name", metavar="ALIAS")
@click.argument("ref")
@click.option("-m", "--message", default="", metavar="TEXT", help="Why; kept in the history.")
@click.pass_obj
def set_(registry: str | None, alias_name: str, ref: str, message: str) -> None:
    """Point an alias to an entry.

    \b
    swereg alias set prod sentiment/3 -m "better on irony"
    """
    with swereg.Registry.open(registry) as store:
        entry = store.alias(ref, alias_name, message=message)
    output.data(f"{entry.name}@{alias_name} -> {entry.ref}")


@alias.command("list")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_obj
def list_(registry: str | None, name: str | None, as_json: bool) -> None:
    """List aliases, of all models or of one."""
    with swereg.Registry.open(registry) as store:
        found = store.aliases(name)
    if as_json:
        output.as_json({"aliases": found})
    else:
        output.table([Column("alias"), Column("entry")], [list(pair) for pair in found.items()])
