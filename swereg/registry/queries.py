"""Finding entries: what a reference means, lists, and rows with their curves and aliases."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from swereg import refs
from swereg.errors import Conflict, NotFound, UsageError
from swereg.records import Entry, Epoch, Outputs
from swereg.refs import Ref
from swereg.registry import rows
from swereg.registry import tables as t

_AT_ONCE = 500  # entries per query for curves and aliases

# sort key: column, whether the largest comes first
_SORTS: Mapping[str, tuple[Any, bool]] = {
    "created": (t.entries.c.id, True),
    "ref": (t.models.c.name, False),
    "task": (t.entries.c.task, False),
    "method": (t.entries.c.method, False),
    "val_loss": (t.entries.c.val_loss, False),
    "accuracy": (t.entries.c.accuracy, True),
    "macro_f1": (t.entries.c.macro_f1, True),
    "trainable": (t.entries.c.trainable, False),
    "size": (t.entries.c.size, False),
    "seconds": (t.entries.c.seconds, False),
}


def listing(
    wanted: Mapping[str, str | None], *, sort: str, descending: bool | None, limit: int | None
) -> sa.Select[Any]:
    """Select entries by task, name and method, in order.

    Raises:
        UsageError: there is no such sort key.
    """
    if sort not in _SORTS:
        raise UsageError(
            f"entries cannot be sorted by {sort!r}",
            why=f"They can be by {', '.join(_SORTS)}.",
            code="list.sort",
        )
    key, largest_first = _SORTS[sort]
    key = key.desc() if (largest_first if descending is None else descending) else key.asc()
    columns = {"task": t.entries.c.task, "name": t.models.c.name, "method": t.entries.c.method}
    query = rows.select_entries().order_by(key.nulls_last(), t.entries.c.id.desc()).limit(limit)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(columns[name] == value)
    return query


def fetch(connection: sa.Connection, query: sa.Select[Any]) -> list[Entry]:
    """Run a query for entries and add their curves and aliases, for many entries at once."""
    found = connection.execute(query).all()
    curves: dict[int, list[Epoch]] = {row.id: [] for row in found}
    names: dict[int, list[str]] = {row.id: [] for row in found}
    ids = list(curves)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        for row in connection.execute(
            sa.select(t.epochs)
            .where(t.epochs.c.entry.in_(some))
            .order_by(t.epochs.c.entry, t.epochs.c.number)
        ):
            curves[row[0]].append(Epoch(*row[1:]))
        for number, alias in connection.execute(
            sa.select(t.aliases.c.entry, t.aliases.c.alias)
            .where(t.aliases.c.entry.in_(some))
            .order_by(t.aliases.c.alias)
        ):
            names[number].append(alias)
    return [rows.entry_of(row, curves[row.id], names[row.id]) for row in found]


def find(connection: sa.Connection, ref: Ref) -> Entry:
    """Return the entry that a reference means now.

    Raises:
        NotFound: there is none; the message says what there is.
    """
    for query in _meanings(ref):
        found = fetch(connection, query)
        if found:
            return found[0]
    raise _no_such_entry(connection, ref)


def by_run(connection: sa.Connection, run: str) -> Entry | None:
    """Return the entry of one training, if it is stored.

    Raises:
        Conflict: it was stored and deleted.
    """
    found = fetch(connection, rows.select_entries().where(t.entries.c.run == run))
    if found:
        return found[0]
    if connection.execute(sa.select(t.entries.c.id).where(t.entries.c.run == run)).first():
        raise Conflict(
            "this training was stored before, and its entry has been deleted",
            why="A deleted entry does not come back under a new number.",
            hint="Train again.",
            code="entry.deleted",
        )
    return None


def outputs(connection: sa.Connection, run: str) -> tuple[Outputs, ...]:
    """Read the outputs of one training, validation first."""
    query = (
        sa.select(t.outputs)
        .join(t.entries, t.entries.c.id == t.outputs.c.entry)
        .where(t.entries.c.run == run)
        .order_by(t.outputs.c.split.desc())
    )
    return tuple(rows.outputs_of(row) for row in connection.execute(query))


def aliases(connection: sa.Connection, name: str | None) -> dict[str, str]:
    """Read what the aliases point to, of one model or of all."""
    query = (
        sa.select(t.models.c.name, t.aliases.c.alias, t.entries.c.version)
        .join(t.models, t.models.c.id == t.aliases.c.model)
        .join(t.entries, t.entries.c.id == t.aliases.c.entry)
        .order_by(t.models.c.name, t.aliases.c.alias)
    )
    if name is not None:
        query = query.where(t.models.c.name == name)
    found = connection.execute(query)
    return {f"{row.name}@{row.alias}": f"{row.name}/{row.version}" for row in found}


def _meanings(ref: Ref) -> list[sa.Select[Any]]:
    """The queries for a reference; the first that finds something decides."""
    of_model = rows.select_entries().where(t.models.c.name == ref.name)
    newest = of_model.order_by(t.entries.c.version.desc()).limit(1)
    if ref.version is not None:
        return [of_model.where(t.entries.c.version == ref.version)]
    if ref.alias is None:
        return [_at_alias(of_model, refs.DEFAULT_ALIAS), newest]
    if ref.alias == refs.LATEST:
        return [newest]
    if ref.alias == refs.BEST:
        known = t.entries.c.val_loss.is_not(None)  # it is not of imported entries
        dataset = newest.where(known).with_only_columns(t.entries.c.dataset).scalar_subquery()
        order = (t.entries.c.val_loss, t.entries.c.version)
        return [of_model.where(known, t.entries.c.dataset == dataset).order_by(*order).limit(1)]
    return [_at_alias(of_model, ref.alias)]


def _at_alias(query: sa.Select[Any], alias: str) -> sa.Select[Any]:
    return query.join(t.aliases, t.aliases.c.entry == t.entries.c.id).where(
        t.aliases.c.alias == alias
    )


def _no_such_entry(connection: sa.Connection, ref: Ref) -> NotFound:
    """Say what there is instead."""
    there = (
        sa.select(t.entries.c.version)
        .select_from(t.entries)
        .join(t.models, t.models.c.id == t.entries.c.model)
        .where(t.entries.c.deleted.is_(None))
    )
    names = connection.execute(there.with_only_columns(t.models.c.name).distinct()).scalars()
    known = sorted(names)
    if ref.name not in known:
        close = difflib.get_close_matches(ref.name, known, n=1)
        return NotFound(
            f"there is no entry named {ref.name!r}",
            why=f"The registry has: {_some(known) or 'nothing yet'}.",
            hint=f"Did you mean {close[0]}?" if close else "List what there is: swereg list",
            code="entry.unknown",
        )
    of_model = there.where(t.models.c.name == ref.name)
    versions = connection.execute(of_model.order_by(t.entries.c.version.desc())).scalars()
    pointing = connection.execute(
        of_model.join(t.aliases, t.aliases.c.entry == t.entries.c.id)
        .with_only_columns(t.aliases.c.alias)
        .order_by(t.aliases.c.alias)
    ).scalars()
    return NotFound(
        f"there is no {ref}",
        why=f"{ref.name} has the versions {_some(map(str, versions))} "
        f"and {_aliases(list(pointing))}.",
        hint=f"See them: swereg list --name {ref.name}",
        code="entry.unknown",
    )


def _aliases(found: list[str]) -> str:
    if not found:
        return "no alias"
    return f"the alias{'es' if len(found) > 1 else ''} {_some(found)}"


def _some(words: Iterable[str], most: int = 10) -> str:
    """The first of some words, and whether there are more."""
    listed = list(words)
    return ", ".join(listed[:most]) + (", ..." if len(listed) > most else "")
