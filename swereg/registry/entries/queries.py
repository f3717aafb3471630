"""What is selected: the one place that says it, for every reader of a registry.

``QUERIES`` are whole, by name. A list of entries is put together from ``FILTERS`` and ``ORDERS``.
``Selects`` runs them by SQLAlchemy, on any database. For a file that is only read,
``generated_sql.py`` has the same as SQL of SQLite, so that no reader waits for SQLAlchemy's import;
``python -m swereg.registry.entries.generate_sql`` writes it anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from swereg.records.metrics import entry_sorts
from swereg.registry.database import tables as t
from swereg.registry.entries.reading import EVERYTHING, Filters
from swereg.registry.entries.rows import TASK_FACTS

THERE = t.entries.c.deleted.is_(None)
DELETED = t.entries.c.deleted.is_not(None)
_KNOWN_LOSS = t.entries.c.val_loss.is_not(None)  # an import may have none
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_LIMIT = sa.bindparam("limit", type_=sa.BigInteger)
_NAME: sa.BindParameter[str] = sa.bindparam("name", type_=sa.Text)


def _of_entries(*columns: Any) -> sa.Select[Any]:
    return (
        sa.select(*columns)
        .select_from(t.entries)
        .join(t.models, t.models.c.id == t.entries.c.model)
    )


def _of_model(*columns: Any) -> sa.Select[Any]:
    return _of_entries(*columns).where(THERE, t.models.c.name == _NAME)


def _text(name: str) -> sa.BindParameter[str]:
    return sa.bindparam(name, type_=sa.Text)


_NEWEST = _of_model(t.entries.c.id).order_by(t.entries.c.version.desc()).limit(1)
_VERSION = sa.bindparam("version", type_=sa.BigInteger)

_ENTRIES = (
    _of_entries(
        *(column for column in t.entries.c if column.name not in ("model", "seal")),
        t.models.c.name.label("model_name"),
        *(t.bases.c[fact] for fact in ("architecture", "parameters", "hidden_size")),
        t.bases.c.max_length,
        t.bases.c.recommended,
        *(t.datasets.c[fact] for fact in ("train", "val", "test", "source")),
        *(t.tasks.c[fact].label(f"task_{fact}") for fact in TASK_FACTS),
    )
    .outerjoin(t.bases, t.bases.c.fingerprint == t.entries.c.base)
    .join(t.tasks, t.tasks.c.name == t.entries.c.task)
    .outerjoin(t.datasets, t.datasets.c.digest == t.entries.c.dataset)
    .where(t.entries.c.id.in_(_IDS))
)

_BEST = (
    _of_model(t.entries.c.id)
    .where(
        _KNOWN_LOSS,
        # Losses on different validation sets say nothing of one another.
        t.entries.c.dataset
        == _NEWEST.where(_KNOWN_LOSS).with_only_columns(t.entries.c.dataset).scalar_subquery(),
    )
    .order_by(t.entries.c.val_loss, t.entries.c.version)
    .limit(1)
)

_ALIASES = (
    sa.select(t.models.c.name, t.aliases.c.alias, t.entries.c.version)
    .join(t.models, t.models.c.id == t.aliases.c.model)
    .join(t.entries, t.entries.c.id == t.aliases.c.entry)
    .order_by(t.models.c.name, t.aliases.c.alias)
)

_MOVES = (
    sa.select(t.models.c.name, t.alias_moves, t.events.c.at, t.events.c.actor)
    .join(t.models, t.models.c.id == t.alias_moves.c.model)
    .join(t.events, t.events.c.id == t.alias_moves.c.event)
    .order_by(t.alias_moves.c.event)
)

_EVENTS = sa.select(t.events).order_by(t.events.c.id.desc()).limit(_LIMIT)
_SUBJECT = t.events.c.subject
_MOVES_OF_VERSION = (
    sa.select(t.alias_moves.c.event)
    .join(t.models, t.models.c.id == t.alias_moves.c.model)
    .where(
        t.models.c.name == _NAME,
        sa.or_(t.alias_moves.c.old == _VERSION, t.alias_moves.c.new == _VERSION),
    )
)

_DIGESTS = sa.select(t.datasets.c.digest)

QUERIES: Mapping[str, sa.Select[Any]] = {
    # what a reference means: ids of entries
    "newest_entry": _NEWEST,
    "best_entry": _BEST,
    "entry_of_version": _of_model(t.entries.c.id).where(t.entries.c.version == _VERSION),
    "entry_of_alias": _of_model(t.entries.c.id)
    .join(t.aliases, t.aliases.c.entry == t.entries.c.id)
    .where(t.aliases.c.model == t.models.c.id, t.aliases.c.alias == _text("alias")),
    "entry_of_run": sa.select(t.entries.c.id, DELETED.label("is_deleted")).where(
        t.entries.c.run == _text("run")
    ),
    "deleted_entries": _of_entries(t.entries.c.id, t.entries.c.version)
    .where(DELETED, t.models.c.name == _NAME)
    .order_by(t.entries.c.version),
    # everything of some entries; without weights, outputs and texts
    "entries": _ENTRIES,
    "epochs": sa.select(t.epochs)
    .where(t.epochs.c.entry.in_(_IDS))
    .order_by(t.epochs.c.entry, t.epochs.c.number),
    "aliases_of_entries": sa.select(t.aliases.c.entry, t.aliases.c.alias)
    .where(t.aliases.c.entry.in_(_IDS))
    .order_by(t.aliases.c.alias),
    "tags_of_entries": sa.select(t.tags).where(t.tags.c.entry.in_(_IDS)).order_by(t.tags.c.key),
    "outputs": sa.select(t.outputs)
    .join(t.entries, t.entries.c.id == t.outputs.c.entry)
    .where(t.entries.c.run == _text("run"))
    .order_by(t.outputs.c.split.desc()),
    # what a seal holds together
    "sealed_entry": sa.select(t.entries).where(t.entries.c.run == _text("run")),
    "sealed_epochs": sa.select(t.epochs).where(t.epochs.c.entry == sa.bindparam("id")),
    "sealed_outputs": sa.select(t.outputs).where(t.outputs.c.entry == sa.bindparam("id")),
    "weights": sa.select(t.weights).where(t.weights.c.digest == _text("digest")),
    # names and aliases
    "model_names": sa.select(t.models.c.name)
    .where(t.models.c.id.in_(sa.select(t.entries.c.model).where(THERE)))
    .order_by(t.models.c.name),
    "model": sa.select(t.models).where(t.models.c.name == _NAME),
    "versions": _of_model(t.entries.c.version).order_by(t.entries.c.version.desc()),
    "aliases": _ALIASES,
    "aliases_of_model": _ALIASES.where(t.models.c.name == _NAME),
    # what happened
    "alias_moves": _MOVES,
    "alias_moves_of_model": _MOVES.where(t.models.c.name == _NAME),
    "alias_moves_of_alias": _MOVES.where(
        t.models.c.name == _NAME, t.alias_moves.c.alias == _text("alias")
    ),
    "events": _EVENTS,
    "events_of_alias": _EVENTS.where(_text("subject") == _SUBJECT),
    "events_of_model": _EVENTS.where(
        # not LIKE, in which % and _ of a name would mean something
        sa.func.substr(_SUBJECT, 1, sa.func.length(_NAME) + 1).in_([_NAME + "/", _NAME + "@"])
    ),
    "events_of_version": _EVENTS.where(
        sa.or_(_text("subject") == _SUBJECT, t.events.c.id.in_(_MOVES_OF_VERSION))
    ),
    # bases and tasks
    "meta": sa.select(t.meta.c.value).where(t.meta.c.key == _text("key")),
    "base": sa.select(t.bases).where(t.bases.c.fingerprint == _text("fingerprint")),
    "bases": sa.select(t.bases).order_by(t.bases.c.created),
    "task": sa.select(t.tasks).where(t.tasks.c.name == _NAME),
    "task_names": sa.select(t.tasks.c.name).order_by(t.tasks.c.name),
    # datasets
    "digests": _DIGESTS.order_by(t.datasets.c.created.desc()),
    "digests_of_task": sa.select(t.entries.c.dataset)
    .where(t.entries.c.task == _text("task"), t.entries.c.dataset.is_not(None))
    .group_by(t.entries.c.dataset)
    .order_by(sa.func.min(t.entries.c.id).desc()),
    "digests_from": _DIGESTS.where(
        t.datasets.c.digest >= _text("start"), t.datasets.c.digest < _text("end")
    ).order_by(t.datasets.c.digest),
    "datasets": sa.select(
        *(column for column in t.datasets.c if column.name != "content"),
        sa.func.length(t.datasets.c.content).label("size"),
    ).where(t.datasets.c.digest.in_(_IDS)),
    "users_of_datasets": _of_entries(
        t.entries.c.dataset, t.entries.c.task, t.models.c.name, t.entries.c.version
    )
    .add_columns(DELETED.label("is_deleted"))
    .where(t.entries.c.dataset.in_(_IDS))
    .order_by(t.entries.c.id),
    "dataset": sa.select(t.datasets).where(t.datasets.c.digest == _text("digest")),
}

# Functions of SQLite alone; see rows.outlines_of_rows.
_RECIPE = t.entries.c.recipe
OUTLINES = (
    _of_entries(
        t.entries.c.labels,
        t.entries.c.dataset,
        t.entries.c.base,
        sa.func.json_remove(_RECIPE, sa.literal_column("'$.seed'")).label("recipe"),
        (t.entries.c.origin != sa.literal_column("'{}'")).label("imported"),
        sa.func.json_extract(_RECIPE, sa.literal_column("'$.seed'")).label("seed"),
        t.entries.c.scores,
        t.models.c.name,
        *(t.entries.c[fact] for fact in ("version", "task", "method")),
        t.tasks.c.metric,
        *(t.entries.c[fact] for fact in ("created", "trainable", "total", "size", "seconds")),
    )
    .join(t.tasks, t.tasks.c.name == t.entries.c.task)
    .where(THERE, t.entries.c.task == _text("task"))
    .order_by(t.entries.c.val_loss.asc().nulls_last(), t.entries.c.id.desc())
)

# --- lists ----------------------------------------------------------------------------------

LISTED = _of_entries(t.entries.c.id)
COUNTED = _of_entries(sa.func.count(t.entries.c.id))
FILTERS: Mapping[str, sa.ColumnElement[bool]] = {
    "there": THERE,
    "deleted": DELETED,
    "task": t.entries.c.task == _text("task"),
    "name": t.models.c.name == _NAME,
    "method": t.entries.c.method == _text("method"),
}

LARGEST_FIRST: Mapping[str, bool] = entry_sorts()
_COLUMNS: Mapping[str, Any] = {"created": t.entries.c.id, "ref": t.models.c.name}


def order_of(sort: str, *, descending: bool) -> tuple[sa.ColumnElement[Any], ...]:
    """Return what a list is ordered by; among equals the newest comes first."""
    column = _COLUMNS.get(sort, t.entries.c.get(sort))
    return (
        (column.desc() if descending else column.asc()).nulls_last(),
        t.entries.c.id.desc(),
    )


def _has_tag(key: str, value: str | None) -> sa.ColumnElement[bool]:
    tagged = sa.select(t.tags.c.entry).where(t.tags.c.key == key)
    return t.entries.c.id.in_(tagged if value is None else tagged.where(t.tags.c.value == value))


class Selects:
    """Run the queries on an open connection. It is a ``reading.Source``."""

    sorts = LARGEST_FIRST

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def rows(self, query: str, **values: object) -> Sequence[Any]:
        """Run one of ``QUERIES``."""
        return self._connection.execute(QUERIES[query], values).all()

    def listed(
        self, filters: Filters, sort: str, *, descending: bool, limit: int = EVERYTHING
    ) -> list[int]:
        """Return the ids of entries, in order."""
        query = LISTED.where(*self._conditions(filters))
        query = query.order_by(*order_of(sort, descending=descending)).limit(_LIMIT)
        values = {**filters.values, "limit": limit}
        return list(self._connection.execute(query, values).scalars())

    def counted(self, filters: Filters) -> int:
        """Return how many entries there are."""
        query = COUNTED.where(*self._conditions(filters))
        return int(self._connection.execute(query, filters.values).scalar_one())

    @staticmethod
    def _conditions(filters: Filters) -> list[sa.ColumnElement[bool]]:
        tagged = [_has_tag(key, value) for key, value in filters.tags]
        return [*(FILTERS[name] for name in filters.names), *tagged]
