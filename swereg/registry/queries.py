"""Finding entries: what a reference means, and rows with their curves and aliases."""

from __future__ import annotations

import difflib
from typing import Any

import sqlalchemy as sa

from swereg import refs
from swereg.errors import NotFound
from swereg.records import Entry, Epoch
from swereg.refs import Ref
from swereg.registry import rows
from swereg.registry import tables as t


def fetch(connection: sa.Connection, query: sa.Select[Any]) -> list[Entry]:
    """Run a query for entries and add their curves and aliases: three queries in all."""
    found = connection.execute(query).all()
    ids = [row.id for row in found]
    curves: dict[int, list[Epoch]] = {number: [] for number in ids}
    names: dict[int, list[str]] = {number: [] for number in ids}
    for part in (ids[start : start + 500] for start in range(0, len(ids), 500)):
        for row in connection.execute(
            sa.select(t.epochs)
            .where(t.epochs.c.entry.in_(part))
            .order_by(t.epochs.c.entry, t.epochs.c.number)
        ):
            curves[row.entry].append(Epoch(*row[1:]))
        for row in connection.execute(
            sa.select(t.aliases.c.entry, t.aliases.c.alias)
            .where(t.aliases.c.entry.in_(part))
            .order_by(t.aliases.c.alias)
        ):
            names[row.entry].append(row.alias)
    return [rows.entry_of(row, curves[row.id], names[row.id]) for row in found]


def find(connection: sa.Connection, ref: Ref) -> Entry:
    """Return the entry that a reference means now.

    Raises:
        NotFound: there is none; the message says what there is.
    """
    of_model = rows.select_entries().where(t.models.c.name == ref.name)
    newest_first = of_model.order_by(t.entries.c.version.desc())
    if ref.version is not None:
        query = of_model.where(t.entries.c.version == ref.version)
    elif ref.alias in (None, refs.LATEST):
        query = newest_first.limit(1)
    elif ref.alias == refs.BEST:
        newest = newest_first.with_only_columns(t.entries.c.dataset).limit(1)
        query = (
            of_model.where(t.entries.c.dataset == newest.scalar_subquery())
            .order_by(t.entries.c.val_loss, t.entries.c.version)
            .limit(1)
        )
    else:
        query = _at_alias(of_model, ref.alias)
    if ref.alias is None and ref.version is None:
        at_default = fetch(connection, _at_alias(of_model, refs.DEFAULT_ALIAS))
        if at_default:
            return at_default[0]
    found = fetch(connection, query)
    if not found:
        raise _no_such_entry(connection, ref)
    return found[0]


def by_run(run: str) -> sa.Select[Any]:
    """Select the entry of one training."""
    return rows.select_entries().where(t.entries.c.run == run)


def _at_alias(query: sa.Select[Any], alias: str) -> sa.Select[Any]:
    return query.join(t.aliases, t.aliases.c.entry == t.entries.c.id).where(
        t.aliases.c.alias == alias
    )


def _no_such_entry(connection: sa.Connection, ref: Ref) -> NotFound:
    """Say what there is instead."""
    names = list(
        connection.execute(
            sa.select(t.models.c.name)
            .join(t.entries, t.entries.c.model == t.models.c.id)
            .where(t.entries.c.deleted.is_(None))
            .distinct()
            .order_by(t.models.c.name)
        ).scalars()
    )
    if ref.name not in names:
        close = difflib.get_close_matches(ref.name, names, n=1)
        listed = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        return NotFound(
            f"there is no entry named {ref.name!r}",
            why=f"The registry has: {listed or 'nothing yet'}.",
            hint=f"Did you mean {close[0]}?" if close else "List what there is: swereg list",
            code="entry.unknown",
        )
    versions = connection.execute(
        sa.select(t.entries.c.version)
        .join(t.models, t.models.c.id == t.entries.c.model)
        .where(t.models.c.name == ref.name, t.entries.c.deleted.is_(None))
        .order_by(t.entries.c.version)
    ).scalars()
    there = ", ".join(str(version) for version in list(versions)[-10:])
    return NotFound(
        f"there is no {ref}",
        why=f"{ref.name} has the versions {there}.",
        hint=f"See them: swereg list --name {ref.name}",
        code="entry.unknown",
    )
