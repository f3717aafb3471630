"""swereg backup and db: the registry as a file."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

import swereg
from swereg import figures, home
from swereg.cli import commands, output, tables

if TYPE_CHECKING:
    from swereg.cli.commands import Session
    from swereg.registry.status import Status


@click.command(cls=commands.Command)
@click.argument("file", required=False)
@commands.as_json("Print what was copied as JSON.")
@click.pass_obj
def backup(session: Session, file: str | None, as_json: bool) -> None:
    """Copy the whole registry, while others go on using it.

    The copy is of one moment. FILE is a file that does not exist, or a folder; by default the
    copy lies beside the registry. Weights that lie in files go to a folder beside the copy. Every
    byte of it is checked, and it is a registry as it stands: swereg --registry FILE list.
    """
    with swereg.Registry.open(session.registry) as store:
        made = store.backup(file)
    if as_json:
        facts = asdict(made) | {"path": str(made.path), "folder": made.folder and str(made.folder)}
        output.as_json({"backup": facts})
        return
    output.data(output.clean(str(made.path)))
    entries = figures.several(made.entries, "entry", "entries")
    output.say(f"{entries}, {figures.size(made.size)}, checked")
    if made.folder:
        several = figures.several(made.files, "file")
        output.say(f"with {several} of {figures.size(made.in_files)} in {made.folder}")


@click.group(cls=commands.Group)
def db() -> None:
    """See and upgrade the registry's file or database."""


@db.command("path")
@click.pass_obj
def path(session: Session) -> None:
    """Print where the registry is, whether it exists or not."""
    location = session.registry or home.registry_location()
    output.data(output.clean(output.without_password(location)))


@db.command("status")
@commands.as_json("Print it as JSON.")
@click.pass_obj
def status(session: Session, as_json: bool) -> None:
    """Show how large the registry is, and what is in it."""
    with swereg.Registry.open(session.registry) as store:
        found = store.status()
    if as_json:
        facts = asdict(found)
        for key in ("weights_in_database", "weights_in_files"):
            facts[key] = dict(zip(("count", "bytes"), facts[key], strict=True))
        output.as_json({"status": facts})
    else:
        tables.facts([("Registry", _facts(found))])


@db.command("upgrade")
@click.pass_obj
def upgrade(session: Session) -> None:
    """Bring the registry to the newest schema, after a backup beside it.

    A file is upgraded whenever it is opened; a database on a server only by this.
    """
    swereg.Registry.upgrade(session.registry)
    with swereg.Registry.open(session.registry) as store:
        output.say(f"{store.location} has schema {store.status().schema}, the newest")


def _facts(found: Status) -> list[tuple[str, str]]:
    return [
        ("location", found.location),
        ("schema", f"{found.schema}, the newest" if found.schema == found.newest_schema
         else f"{found.schema} of {found.newest_schema}"),
        ("size", figures.known(found.size, figures.size)),
        ("free in it", figures.size(found.free)),
        ("models", figures.count(found.models)),
        ("entries", figures.count(found.entries)),
        ("deleted", f"{found.deleted:,} that can be restored"),
        ("aliases", figures.count(found.aliases)),
        ("datasets", figures.count(found.datasets)),
        ("weights in it", _several(found.weights_in_database)),
        ("weights in files", f"{_several(found.weights_in_files)} in {found.weights_folder}"),
        ("journal", found.journal or "the server's"),
    ]  # fmt: skip


def _several(pair: tuple[int, int]) -> str:
    return f"{pair[0]:,}, {figures.size(pair[1])}"
