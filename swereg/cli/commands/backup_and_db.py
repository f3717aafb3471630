"""swereg backup and db: the registry as a file."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import options, output
from swereg.cli.display import tables
from swereg.home import locations
from swereg.records import formatting

if TYPE_CHECKING:
    from swereg.cli.options import Session
    from swereg.registry.care.status import Status


@click.command(cls=options.Command)
@click.argument("file", required=False)
@options.as_json("Print what was copied as JSON.")
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
    entries = formatting.several(made.entries, "entry", "entries")
    output.say(f"{entries}, {formatting.size(made.size)}, checked")
    if made.folder:
        several = formatting.several(made.files, "file")
        output.say(f"with {several} of {formatting.size(made.in_files)} in {made.folder}")


@click.group(cls=options.Group)
def db() -> None:
    """See and upgrade the registry's file or database."""


@db.command("path")
@click.pass_obj
def path(session: Session) -> None:
    """Print where the registry is, whether it exists or not."""
    location = session.registry or locations.registry_location()
    output.data(output.clean(output.without_password(location)))


@db.command("status")
@options.as_json("Print it as JSON.")
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
        (
            "schema",
            f"{found.schema}, the newest"
            if found.schema == found.newest_schema
            else f"{found.schema} of {found.newest_schema}",
        ),
        ("size", formatting.known(found.size, formatting.size)),
        ("free in it", formatting.size(found.free)),
        ("models", formatting.count(found.models)),
        ("entries", formatting.count(found.entries)),
        ("deleted", f"{found.deleted:,} that can be restored"),
        ("aliases", formatting.count(found.aliases)),
        ("datasets", formatting.count(found.datasets)),
        ("weights in it", _several(found.weights_in_database)),
        ("weights in files", f"{_several(found.weights_in_files)} in {found.weights_folder}"),
        ("journal", found.journal or "the server's"),
    ]


def _several(pair: tuple[int, int]) -> str:
    return f"{pair[0]:,}, {formatting.size(pair[1])}"
