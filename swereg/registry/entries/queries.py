"""Finding entries: what a reference means, lists, and rows with their curves and aliases."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from swereg.errors import Conflict, UsageError
from swereg.records import refs
from swereg.records.entry import Entry
from swereg.records.refs import Ref
from swereg.records.training import Epoch, Outputs
from swereg.registry.database import tables as t
from swereg.registry.entries import not_found, rows

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


THERE = t.entries.c.deleted.is_(None)
DELETED = t.entries.c.deleted.is_not(None)


def select_entries(which: sa.ColumnElement[bool] = THERE) -> sa.Select[Any]:
    """Everything of entries that is not a list; without weights, outputs and texts."""
    return (
        sa.select(
            t.entries,
            t.models.c.name.label("model_name"),
            t.bases.c.architecture,
            t.bases.c.parameters,
            t.bases.c.hidden_size,
            t.bases.c.max_length,
            t.bases.c.recommended,
            t.datasets.c.train,
            t.datasets.c.val,
            t.datasets.c.test,
            t.datasets.c.source,
            *(t.tasks.c[fact].label(f"task_{fact}") for fact in rows.TASK_FACTS),
        )
        .join(t.models, t.models.c.id == t.entries.c.model)
        .outerjoin(t.bases, t.bases.c.fingerprint == t.entries.c.base)
        .join(t.tasks, t.tasks.c.name == t.entries.c.task)
        .outerjoin(t.datasets, t.datasets.c.digest == t.entries.c.dataset)
        .where(which)
    )


def listing(
    which: sa.ColumnElement[bool], *, sort: str, descending: bool | None, limit: int | None
) -> sa.Select[Any]:
    """Select entries, in order.

    Args:
        which: what is true of them; see ``wanted``.

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
    order = (key.nulls_last(), t.entries.c.id.desc())
    query = select_entries(which).order_by(*order)
    if limit is None:
        return query
    # Which ones is decided by a few narrow columns, before whole rows are read.
    chosen = sa.select(t.entries.c.id).join(t.models).where(which).order_by(*order).limit(limit)
    return query.where(t.entries.c.id.in_(chosen))


def wanted(
    *,
    task: str | None = None,
    name: str | None = None,
    method: str | None = None,
    tags: Iterable[str] = (),
    deleted: bool = False,
) -> sa.ColumnElement[bool]:
    """Say which entries are meant.

    Args:
        tags: those that they must have, as ``key`` or ``key=value``.
        deleted: whether those that were deleted are wanted, instead of those that are there.
    """
    true = [DELETED if deleted else THERE, *map(_has_tag, tags)]
    if task is not None:
        true.append(t.entries.c.task == unicodedata.normalize("NFC", task))
    if name is not None:
        of = sa.select(t.models.c.id).where(t.models.c.name == unicodedata.normalize("NFC", name))
        true.append(t.entries.c.model.in_(of))
    if method is not None:
        true.append(t.entries.c.method == method)
    return sa.and_(*true)


def _has_tag(tag: str) -> sa.ColumnElement[bool]:
    key, equals, value = unicodedata.normalize("NFC", tag).partition("=")
    of = sa.select(t.tags.c.entry).where(t.tags.c.key == key.strip())
    return t.entries.c.id.in_(of.where(t.tags.c.value == value.strip()) if equals else of)


def fetch(connection: sa.Connection, query: sa.Select[Any]) -> list[Entry]:
    """Run a query for entries and add curves, aliases and tags, for many entries at once."""
    found = connection.execute(query).all()
    curves: dict[int, list[Epoch]] = {row.id: [] for row in found}
    names: dict[int, list[str]] = {row.id: [] for row in found}
    tags: dict[int, dict[str, str]] = {row.id: {} for row in found}
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
        for number, key, value in connection.execute(
            sa.select(t.tags).where(t.tags.c.entry.in_(some)).order_by(t.tags.c.key)
        ):
            tags[number][key] = value
    return [rows.entry_of(row, curves[row.id], names[row.id], tags[row.id]) for row in found]


def find(connection: sa.Connection, ref: Ref) -> Entry:
    """Return the entry that a reference means now.

    Raises:
        NotFound: there is none; the message says what there is.
    """
    for query in _meanings(ref):
        found = fetch(connection, query)
        if found:
            return found[0]
    raise not_found.no_such_entry(connection, ref)


def fixed(connection: sa.Connection, ref: Ref) -> Ref:
    """Turn ``@latest`` and ``@best`` into the version that they mean now; the rest stays.

    Raises:
        NotFound: they mean nothing.
    """
    if ref.alias not in (refs.LATEST, refs.BEST):
        return ref
    entry = find(connection, ref)
    return Ref(entry.name, entry.version)


def by_run(connection: sa.Connection, run: str) -> Entry | None:
    """Return the entry of one training, if it is stored.

    Raises:
        Conflict: it was stored and deleted.
    """
    found = fetch(connection, select_entries().where(t.entries.c.run == run))
    if found:
        return found[0]
    deleted = fetch(connection, select_entries(DELETED).where(t.entries.c.run == run))
    if deleted:
        raise Conflict(
            "this training was stored before, and its entry has been deleted",
            why="A deleted entry does not come back under a new number.",
            hint=f"Bring it back: swereg restore {deleted[0].ref}",
            code="run.deleted",
        )
    return None


def deleted(connection: sa.Connection, ref: Ref) -> list[Entry]:
    """Return the deleted entries of a model, or the one of a version, that can be restored."""
    query = select_entries(DELETED).where(t.models.c.name == ref.name)
    if ref.version is not None:
        query = query.where(t.entries.c.version == ref.version)
    return fetch(connection, query.order_by(t.entries.c.version))


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
    of_model = select_entries().where(t.models.c.name == ref.name)
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
