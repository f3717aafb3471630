"""Find entries on a connection, and say in words where a reference means nothing."""

from __future__ import annotations

import sqlalchemy as sa

from swereg.errors import Conflict
from swereg.records import refs
from swereg.records.entry import Entry
from swereg.records.refs import Ref
from swereg.registry.entries.not_found import no_such_entry
from swereg.registry.entries.queries import Selects
from swereg.registry.entries.reading import get_entry, read_entries


def find_entry(connection: sa.Connection, ref: Ref) -> Entry:
    """Return the entry that a reference means now.

    Raises:
        NotFound: there is none; the message says what there is.
    """
    entry = get_entry(Selects(connection), ref)
    if entry is None:
        raise no_such_entry(connection, ref)
    return entry


def settle_ref(connection: sa.Connection, ref: Ref) -> Ref:
    """Turn ``@latest`` and ``@best`` into the version that they mean now; any other ref stays.

    Raises:
        NotFound: they mean nothing.
    """
    if ref.alias not in (refs.LATEST, refs.BEST):
        return ref
    entry = find_entry(connection, ref)
    return Ref(entry.name, entry.version)


def entry_of_run(connection: sa.Connection, run: str) -> Entry | None:
    """Return the entry of one training, if it is stored.

    Raises:
        Conflict: it was stored and deleted.
    """
    source = Selects(connection)
    for row in source.rows("entry_of_run", run=run):
        (entry,) = read_entries(source, [row.id])
        if row.is_deleted:
            raise Conflict(
                "this training was stored before, and its entry has been deleted",
                why="A deleted entry does not come back under a new number.",
                hint=f"Bring it back: swereg restore {entry.ref}",
                code="run.deleted",
            )
        return entry
    return None


def deleted_entries(connection: sa.Connection, ref: Ref) -> list[Entry]:
    """Return the deleted entries of a model, or the one of a version, that can be restored."""
    source = Selects(connection)
    matching = source.rows("deleted_entries", name=ref.name)
    return read_entries(source, [row.id for row in matching if ref.version in (None, row.version)])
