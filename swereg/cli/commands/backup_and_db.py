"""swereg backup and db: the registry as a file."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import options, output
from swereg.cli.display import tables
from swereg.records import formatting

if TYPE_CHECKING:
    from swereg.api.values import Status
    from swereg.cli.options import Session


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
    copied = swereg.backup(file, registry=session.registry)
    if as_json:
        facts = asdict(copied)
        facts |= {"path": str(copied.path), "folder": copied.folder and str(copied.folder)}
        output.as_json({"backup": facts})
        return
    output.data(output.clean(str(copied.path)))
    entries = formatting.several(copied.entries, "entry", "entries")
    output.say(f"{entries}, {formatting.size(copied.size)}, checked")
    if copied.folder:
        several = formatting.several(copied.files, "file")
        output.say(f"with {several} of {formatting.size(copied.in_files)} in {copied.folder}")


@click.group(cls=options.Group)
def db() -> None:
    """See and upgrade the registry's file or database."""


@db.command("path")
@click.pass_obj
def path(session: Session) -> None:
    """Print where the registry is, whether it exists or not."""
    output.data(output.clean(swereg.db.path(registry=session.registry)))


@db.command("status")
@options.as_json("Print it as JSON.")
@click.pass_obj
def status(session: Session, as_json: bool) -> None:
    """Show how large the registry is, and what is in it."""
    shown = swereg.db.status(registry=session.registry)
    if as_json:
        facts = asdict(shown)
        for key in ("weights_in_database", "weights_in_files"):
            facts[key] = dict(zip(("count", "bytes"), facts[key], strict=True))
        output.as_json({"status": facts})
    else:
        tables.facts([("Registry", _facts(shown))])


@db.command("upgrade")
@click.pass_obj
def upgrade(session: Session) -> None:
    """Bring the registry to the newest schema, after a backup beside it.

    A file is upgraded whenever it is opened; a database on a server only by this.
    """
    upgraded = swereg.db.upgrade(registry=session.registry)
    output.say(f"{upgraded.location} has schema {upgraded.schema}, the newest")


def _facts(shown: Status) -> list[tuple[str, str]]:
    return [
        ("location", shown.location),
        (
            "schema",
            f"{shown.schema}, the newest"
            if shown.schema == shown.newest_schema
            else f"{shown.schema} of {shown.newest_schema}",
        ),
        ("size", formatting.known(shown.size, formatting.size)),
        ("free in it", formatting.size(shown.free)),
        ("models", formatting.count(shown.models)),
        ("entries", formatting.count(shown.entries)),
        ("deleted", f"{shown.deleted:,} that can be restored"),
        ("aliases", formatting.count(shown.aliases)),
        ("datasets", formatting.count(shown.datasets)),
        ("weights in it", _several(shown.weights_in_database)),
        ("weights in files", f"{_several(shown.weights_in_files)} in {shown.weights_folder}"),
        ("journal", shown.journal or "the server's"),
    ]


def _several(pair: tuple[int, int]) -> str:
    return f"{pair[0]:,}, {formatting.size(pair[1])}"
