"""swereg alias and rollback: names that move from version to version, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import options, output
from swereg.cli.completion import models, references
from swereg.cli.display import tables
from swereg.cli.display.tables import Column
from swereg.cli.options import Session, option
from swereg.records import formatting

if TYPE_CHECKING:
    from swereg.records.history import Move

COLUMNS: tuple[Column[tuple[str, str]], ...] = (
    Column("alias", "alias", lambda pair: pair[0], keep=1, style="bold"),
    Column("ref", "entry", lambda pair: pair[1]),
)

WHY = option("-m", "--message", default="", metavar="TEXT", help="Why; kept in the history.")


def _ref(move: Move, version: int | None) -> str:
    return f"{move.name}/{version}" if version is not None else "nothing"


MOVES: tuple[Column[Move], ...] = (
    Column("at", "when", lambda m: formatting.ago(m.at), lambda m: m.at, keep=3),
    Column("alias", "alias", lambda m: f"{m.name}@{m.alias}", keep=5, style="bold"),
    Column("kind", "how", lambda m: m.kind, keep=2),
    Column("old", "from", lambda m: _ref(m, m.old), lambda m: m.old, keep=4),
    Column("new", "to", lambda m: _ref(m, m.new), lambda m: m.new, keep=6),
    Column("actor", "who", lambda m: m.actor, keep=1),
    Column("message", "why", lambda m: m.message, keep=0, least=16),
)


@click.group(cls=options.Group)
def alias() -> None:
    """Point aliases such as prod to entries."""


@alias.command("set")
@click.argument("alias_name", metavar="ALIAS")
@click.argument("ref", shell_complete=references)
@WHY
@click.pass_obj
def set_(session: Session, alias_name: str, ref: str, message: str) -> None:
    """Point an alias to an entry, wherever it pointed before.

    A model's alias prod is what its bare name stands for.

    \b
    swereg alias set prod sentiment/3 -m "better on irony"
    """
    entry = swereg.alias.set(alias_name, ref, message=message, registry=session.registry)
    output.data(f"{entry.name}@{alias_name} -> {entry.ref}")


@alias.command("list")
@click.argument("name", required=False, shell_complete=models)
@options.as_json("Print them as JSON.")
@click.pass_obj
def list_(session: Session, name: str | None, as_json: bool) -> None:
    """List the aliases of all models, or of the model NAME."""
    aliases = swereg.alias.list(name, registry=session.registry)
    if as_json:
        output.as_json({"aliases": aliases})
    elif aliases:
        tables.show(COLUMNS, list(aliases.items()))
    else:
        output.say("There is no alias. Set one with: swereg alias set prod REF")


@alias.command("log")
@click.argument("ref", required=False, shell_complete=references)
@options.as_json("Print the moves as JSON.")
@click.pass_obj
def log(session: Session, ref: str | None, as_json: bool) -> None:
    """Show where aliases pointed before, the newest move first.

    REF is an alias such as sentiment@prod, or a model's name; without it, all are shown.
    """
    moves = swereg.alias.log(ref, registry=session.registry)
    if as_json:
        output.as_json({"moves": [asdict(move) for move in moves]})
    elif moves:
        tables.show(MOVES, moves)
    else:
        output.say("No alias like that was ever set.")


@alias.command("rm")
@click.argument("ref", metavar="NAME@ALIAS", shell_complete=references)
@WHY
@click.pass_obj
def rm(session: Session, ref: str, message: str) -> None:
    """Remove an alias; the entry stays, and so does the alias's history.

    \b
    swereg alias rm sentiment@prod
    """
    move = swereg.alias.rm(ref, message=message, registry=session.registry)
    output.data(f"{move.name}@{move.alias} -> nothing")
    output.say(f"It pointed to {_ref(move, move.old)}. Undo: swereg rollback {ref}")


@click.command(cls=options.Command)
@click.argument("ref", metavar="NAME@ALIAS", shell_complete=references)
@option("--to", metavar="REF", help="A version that it pointed to, instead of the last one before.")
@WHY
@click.pass_obj
def rollback(session: Session, ref: str, to: str | None, message: str) -> None:
    """Point an alias to what it pointed to before.

    Once more goes back further. NAME alone is NAME@prod.

    \b
    swereg rollback sentiment@prod
    """
    move = swereg.rollback(ref, to=to, message=message, registry=session.registry)
    output.data(f"{move.name}@{move.alias} -> {_ref(move, move.new)}")
    output.say(f"It pointed to {_ref(move, move.old)}.")
