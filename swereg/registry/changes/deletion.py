"""Deleting and restoring: a mark, by which an entry is neither found nor lost until gc."""

from __future__ import annotations

import sqlalchemy as sa

from swereg.errors import Conflict, UsageError
from swereg.records.entry import Entry
from swereg.records.refs import Ref
from swereg.registry.database import tables as t
from swereg.registry.entries.events import record_event
from swereg.registry.entries.lookup import deleted_entries, find_entry
from swereg.registry.entries.rows import utc_now


def removable_entry(connection: sa.Connection, ref: Ref) -> Entry:
    """Return the entry that a reference means, if it may be deleted.

    Raises:
        NotFound: there is no such entry.
        UsageError: the reference names no version.
        Conflict: an alias points to it.
    """
    entry = find_entry(connection, ref)
    if ref.version is None and ref.alias is None:
        raise UsageError(
            f"{ref} names a model, not one entry",
            why="Only single entries are deleted.",
            hint=f"Name the version: swereg rm {entry.ref}",
            code="rm.version",
        )
    if entry.aliases:
        names = ", ".join(f"{entry.name}@{alias}" for alias in entry.aliases)
        is_single = len(entry.aliases) == 1
        raise Conflict(
            f"{entry.ref} is in use",
            why=f"{'The alias' if is_single else 'The aliases'} {names} "
            f"{'points' if is_single else 'point'} to it.",
            hint=f"Move the alias: swereg alias set {entry.aliases[0]} REF; or remove it: "
            f"swereg alias rm {entry.name}@{entry.aliases[0]}",
            code="entry.in-use",
        )
    return entry


def delete_entry(connection: sa.Connection, entry: Entry) -> None:
    """Mark an entry as deleted; see removable."""
    _mark(connection, entry, utc_now())
    record_event(connection, "rm", entry.ref)


def restore_entry(connection: sa.Connection, ref: Ref) -> Entry:
    """Take the mark away. An entry that is not deleted stays as it is.

    Raises:
        UsageError: the reference is no version.
        NotFound: it never was there, or its space has been freed.
    """
    if ref.version is None:
        raise UsageError(
            f"{ref} is no version",
            why="What has been deleted is found by its version alone.",
            hint="See what can be restored: swereg list --deleted",
            code="restore.version",
        )
    entries = deleted_entries(connection, ref)
    if not entries:
        return find_entry(connection, ref)
    _mark(connection, entries[0], None)
    record_event(connection, "restore", entries[0].ref)
    return find_entry(connection, ref)


def _mark(connection: sa.Connection, entry: Entry, deleted: str | None) -> None:
    connection.execute(
        sa.update(t.entries).where(t.entries.c.run == entry.run).values(deleted=deleted)
    )
