"""Reading what is stored: written once, for every kind of connection.

A ``Source`` runs the queries of ``queries.py``: ``queries.Selects`` by SQLAlchemy, ``SqliteFile``
by sqlite3 alone. Nothing here imports either.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from swereg.errors import UsageError
from swereg.records import refs
from swereg.records.entry import Entry
from swereg.records.refs import Ref
from swereg.records.training import BaseInfo, Epoch, Outputs
from swereg.registry.entries import rows

if TYPE_CHECKING:
    from swereg.records.history import Event, Move

EVERYTHING = 2**63 - 1  # the limit that limits nothing
DEFAULT_BASE = "default_base"  # its key in the table meta
_PER_QUERY = 500  # entries


@dataclass(frozen=True)
class Filters:
    """Which entries a list is of.

    Attributes:
        names: keys of ``queries.FILTERS``, all of which must hold.
        values: what they are held against.
        tags: those that an entry must have: keys, with a value or None for any.
    """

    names: tuple[str, ...]
    values: Mapping[str, str]
    tags: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def of(
        cls, *, tags: Iterable[str] = (), deleted: bool = False, **values: str | None
    ) -> Filters:
        """Make filters of what a person writes.

        Args:
            tags: as ``key`` or ``key=value``.
            deleted: whether entries that were deleted are listed, instead of those that are there.
            values: of ``task``, ``name`` and ``method``; None for any.
        """
        chosen = {key: nfc(value) for key, value in values.items() if value is not None}
        names = ("deleted" if deleted else "there", *chosen)
        return cls(names, chosen, tuple(_tag_of(tag) for tag in tags))


def _tag_of(tag: str) -> tuple[str, str | None]:
    key, equals, value = nfc(tag).partition("=")
    return key.strip(), value.strip() if equals else None


class Source(Protocol):
    """Something that runs the queries."""

    sorts: Mapping[str, bool]  # the sort keys, and whether the largest comes first

    def rows(self, query: str, **values: object) -> Sequence[Any]:
        """Run a query by its name; rows have their columns as attributes."""
        ...

    def listed(
        self, filters: Filters, sort: str, *, descending: bool, limit: int = EVERYTHING
    ) -> list[int]:
        """Return the ids of entries, in order."""
        ...

    def counted(self, filters: Filters) -> int:
        """Return how many entries there are."""
        ...


def nfc(text: str) -> str:
    """Return a text in the Unicode form in which names are stored."""
    return unicodedata.normalize("NFC", text)


# --- entries --------------------------------------------------------------------------------


def list_entries(
    source: Source,
    filters: Filters,
    *,
    sort: str = "created",
    descending: bool | None = None,
    limit: int | None = None,
) -> list[Entry]:
    """List entries, the newest first, or by a figure with the best or smallest first.

    Raises:
        UsageError: there is no such sort key.
    """
    if sort not in source.sorts:
        raise UsageError(
            f"entries cannot be sorted by {sort!r}",
            why=f"They can be by {', '.join(source.sorts)}.",
            code="list.sort",
        )
    # Which entries is decided by a few narrow columns, before whole rows are read.
    ids = source.listed(
        filters,
        sort,
        descending=source.sorts[sort] if descending is None else descending,
        limit=EVERYTHING if limit is None else min(limit, EVERYTHING),
    )
    return read_entries(source, ids)


def read_entries(source: Source, ids: Sequence[int]) -> list[Entry]:
    """Read entries by their ids, in that order, with curves, aliases and tags."""
    entries: list[Entry] = []
    # Once even where there is none, so that a damaged table is noticed.
    for start in range(0, max(1, len(ids)), _PER_QUERY):
        entries += _read_some(source, ids[start : start + _PER_QUERY])
    return entries


def _read_some(source: Source, ids: Sequence[int]) -> list[Entry]:
    curves: dict[int, list[Epoch]] = {number: [] for number in ids}
    aliases: dict[int, list[str]] = {number: [] for number in ids}
    tags: dict[int, dict[str, str]] = {number: {} for number in ids}
    for number, *epoch in source.rows("epochs", ids=ids):
        curves[number].append(Epoch(*epoch))
    for number, alias in source.rows("aliases_of_entries", ids=ids):
        aliases[number].append(alias)
    for number, key, value in source.rows("tags_of_entries", ids=ids):
        tags[number][key] = value
    row_of = {row.id: row for row in source.rows("entries", ids=ids)}
    return [rows.entry_of_row(row_of[n], curves[n], aliases[n], tags[n]) for n in ids]


def get_entry(source: Source, ref: Ref) -> Entry | None:
    """Return the entry that a reference means now, or None."""
    ids = _ids_of(source, ref)
    return read_entries(source, ids)[0] if ids else None


def _ids_of(source: Source, ref: Ref) -> list[int]:
    """The id of what a reference means, if it means something."""

    def first(query: str, **values: object) -> list[int]:
        return [row.id for row in source.rows(query, name=ref.name, **values)]

    if ref.version is not None:
        return first("entry_of_version", version=ref.version)
    if ref.alias is None:  # a bare name: what is in use, else the newest
        return first("entry_of_alias", alias=refs.DEFAULT_ALIAS) or first("newest_entry")
    if ref.alias == refs.LATEST:
        return first("newest_entry")
    if ref.alias == refs.BEST:
        return first("best_entry")
    return first("entry_of_alias", alias=ref.alias)


def read_outputs(source: Source, run: str) -> tuple[Outputs, ...]:
    """Read the outputs of one training, validation first."""
    return tuple(rows.outputs_of_row(row) for row in source.rows("outputs", run=run))


def model_names(source: Source) -> list[str]:
    """Return the names of the models that have an entry, in alphabetical order."""
    return sorted(row.name for row in source.rows("model_names"))


def default_base(source: Source) -> BaseInfo | None:
    """Return the base that the registry takes when none is named, or None before there is one."""
    for meta in source.rows("meta", key=DEFAULT_BASE):
        (row,) = source.rows("base", fingerprint=rows.from_json(meta.value))
        return rows.base_of_row(row)
    return None


# --- aliases and what happened --------------------------------------------------------------


def read_aliases(source: Source, name: str | None = None) -> dict[str, str]:
    """Return what the aliases point to, of one model or of all."""
    if name is None:
        matching = source.rows("aliases")
    else:
        matching = source.rows("aliases_of_model", name=nfc(name))
    return {f"{row.name}@{row.alias}": f"{row.name}/{row.version}" for row in matching}


def alias_moves(source: Source, ref: Ref | None = None) -> list[Move]:
    """Return the moves of an alias, of a model's aliases, or of all, the oldest first."""
    from swereg.records.history import Move  # lists need none

    if ref is None:
        matching = source.rows("alias_moves")
    elif ref.alias is None:
        matching = source.rows("alias_moves_of_model", name=ref.name)
    else:
        matching = source.rows("alias_moves_of_alias", name=ref.name, alias=ref.alias)
    return [
        Move(row.name, row.alias, row.kind, row.old, row.new, row.at, row.actor, row.message)
        for row in matching
    ]


def read_events(source: Source, ref: Ref | None = None, limit: int | None = None) -> list[Event]:
    """Return what happened, the newest first.

    Args:
        ref: only to this version, alias or model. To a version belongs what happened to the
            aliases that came to it or left it.
    """
    from swereg.records.history import Event

    most_events = EVERYTHING if limit is None else min(limit, EVERYTHING)
    if ref is None:
        matching = source.rows("events", limit=most_events)
    elif ref.alias is not None:
        matching = source.rows("events_of_alias", subject=str(ref), limit=most_events)
    elif ref.version is None:
        matching = source.rows("events_of_model", name=ref.name, limit=most_events)
    else:
        values = {"subject": str(ref), "name": ref.name, "version": ref.version}
        matching = source.rows("events_of_version", **values, limit=most_events)
    return [
        Event(row.at, row.actor, row.verb, row.subject, rows.from_json(row.detail))
        for row in matching
    ]
