"""swereg recover."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

import swereg
from swereg.cli import options, output
from swereg.cli.completion import models
from swereg.cli.display import tables
from swereg.cli.display.tables import Column
from swereg.cli.options import Session, option
from swereg.errors import UsageError
from swereg.home import locations

if TYPE_CHECKING:
    from swereg.api.unfinished.runs import Run
    from swereg.api.unfinished.staged import Staged

COLUMNS: tuple[Column[dict[str, Any]], ...] = (
    Column("run", "run", lambda facts: facts["run"]),
    Column("name", "name", lambda facts: facts["name"] or ""),
    Column("state", "state", lambda facts: facts["fault"] or facts["state"]),
    Column("registry", "registry", lambda facts: facts["registry"]),
    Column("next", "next", lambda facts: facts["next"]),
)


@click.command(cls=options.Command)
@click.argument("run_ids", nargs=-1, metavar="[RUN]...")
@option("--list", "only_list", is_flag=True, help="Only list what waits.")
@option("--discard", metavar="RUN", help="Delete one that waits instead.")
@option(
    "--name",
    shell_complete=models,
    metavar="NAME",
    help="Of the model that gets them.  [default: as was trained]",
)
@options.yes()
@options.as_json("Print what waits, or what was stored, as JSON.")
@click.pass_obj
def recover(
    session: Session,
    run_ids: tuple[str, ...],
    only_list: bool,
    discard: str | None,
    name: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Store what was trained and could not be stored.

    --list also shows trainings that were interrupted; swereg train --resume RUN goes on with
    one. --discard deletes either kind.

    Without RUN: all that was meant for this registry. A RUN may be shortened, and may have been
    meant for another registry.

    \b
    swereg recover --list
    swereg recover
    swereg recover 5f0c21 --name sentiment-2
    """
    if discard:
        _ask(discard, yes)
        swereg.discard(discard)
        output.say("deleted")
    elif only_list:
        _list(as_json)
    else:
        stored = swereg.recover(*run_ids, name=name, registry=session.registry)
        if as_json:
            output.as_json({"entries": [entry.to_json() for entry in stored]})
            return
        for entry in stored:
            output.data(entry.ref)
        if not stored:
            output.say("nothing waits for this registry")


def _ask(run: str, yes: bool) -> None:
    """Ask a person; refuse where there is none."""
    if yes:
        return
    if not output.is_terminal(sys.stdin):
        raise UsageError(
            "nobody can be asked whether to delete",
            why="The input is not a terminal. Nothing was deleted.",
            hint="Say it with --yes.",
            code="recover.confirm",
        )
    click.confirm(f"Delete what was trained in {output.clean(run)}?", abort=True, err=True)


def _list(as_json: bool) -> None:
    rows = [_trained(facts) for facts in swereg.staged()]
    runs = {facts["run"] for facts in rows}
    rows += [_interrupted(facts) for facts in swereg.interrupted() if facts.run not in runs]
    if as_json:
        output.as_json({"waiting": rows})
    elif rows:
        tables.show(COLUMNS, rows)
    else:
        output.say("nothing waits")


def _trained(facts: Staged) -> dict[str, Any]:
    return {
        "run": facts.run,
        "name": facts.entry and facts.entry.name,
        "state": "trained, not stored",
        "registry": locations.without_password(facts.registry),
        "next": f"swereg recover {facts.run[:8]}",
        "path": str(facts.path),
        "fault": facts.fault or None,
    }


def _interrupted(facts: Run) -> dict[str, Any]:
    return {
        "run": facts.run,
        "name": facts.name,
        "state": "interrupted",
        "registry": locations.without_password(facts.registry),
        "next": f"swereg train --resume {facts.run[:8]}",
        "path": str(facts.folder),
        "fault": None,
    }
