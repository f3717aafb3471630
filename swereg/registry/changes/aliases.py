"""Aliases: pointing them, removing them, going back; every move is kept, nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from swereg.errors import Conflict, NotFound, UsageError
from swereg.records import refs
from swereg.records.entry import Entry
from swereg.records.refs import Ref
from swereg.registry.database import tables as t
from swereg.registry.entries import events, queries
from swereg.registry.entries.inserts import insert_new
from swereg.registry.entries.rows import now

_VERBS = {"set": "alias", "rollback": "rollback", "rm": "unalias"}  # of the events


@dataclass(frozen=True)
class Move:
    """An alias moved.

    Attributes:
        name, alias: together ``name@alias``.
        kind: ``set``, ``rollback`` or ``rm``.
        old, new: the versions; None for nowhere.
        at: UTC, ISO 8601 with a final Z.
        actor: the user's name on that computer.
        message: why.
    """

    name: str
    alias: str
    kind: str
    old: int | None
    new: int | None
    at: str
    actor: str
    message: str


def point(connection: sa.Connection, alias: str, entry: Entry, message: str) -> None:
    """Point an alias of a model to one of its entries, wherever it pointed before."""
    model = _model(connection, entry.name)
    old = _target(connection, model, alias)
    if old != entry.version or message:
        ref = Ref(entry.name, alias=alias)
        _move(connection, ref, "set", old, entry.version, message)


def unpoint(connection: sa.Connection, ref: Ref, message: str) -> Move:
    """Remove an alias; its history stays.

    Raises:
        NotFound: it points nowhere.
    """
    alias = _settable(ref)
    old = _target(connection, _model(connection, alias.name), str(alias.alias))
    if old is None:
        raise _not_set(connection, alias)
    return _move(connection, alias, "rm", old, None, message)


def roll_back(connection: sa.Connection, ref: Ref, to: Ref | None, message: str) -> Move:
    """Point an alias to what it pointed to before; once more goes back further.

    Args:
        to: the version to go back to, one of those that it pointed to.

    Raises:
        NotFound: it has never pointed to anything else, or not to that.
        Conflict: what it pointed to has been deleted.
    """
    alias = _settable(ref)
    wanted = None if to is None else _version_of(to, alias.name)
    past = standing(history(connection, alias))
    before = [version for version in past[-2::-1] if version not in (None, past[-1])]
    if wanted is not None:
        before = [version for version in before if version == wanted]
    if not before:
        raise _nothing_before(connection, alias, past, to)
    target = Ref(alias.name, version=before[0])
    try:
        queries.find(connection, target)
    except NotFound:
        raise _target_deleted(connection, alias, target) from None
    old = _target(connection, _model(connection, alias.name), str(alias.alias))
    return _move(connection, alias, "rollback", old, target.version, message)


def history(connection: sa.Connection, ref: Ref | None = None) -> list[Move]:
    """Read the moves of an alias, of a model's aliases, or of all, the oldest first."""
    moves, events_ = t.alias_moves, t.events
    query: sa.Select[Any] = (
        sa.select(t.models.c.name, moves, events_.c.at, events_.c.actor)
        .join(t.models, t.models.c.id == moves.c.model)
        .join(events_, events_.c.id == moves.c.event)
        .order_by(moves.c.event)
    )
    if ref is not None:
        query = query.where(t.models.c.name == ref.name)
        if ref.alias is not None:
            query = query.where(moves.c.alias == ref.alias)
    return [
        Move(row.name, row.alias, row.kind, row.old, row.new, row.at, row.actor, row.message)
        for row in connection.execute(query)
    ]


def standing(moves: Iterable[Move]) -> list[int | None]:
    """Replay the moves of one alias: what it pointed to, without what was taken back.

    Returns:
        Versions, the present one last; None where it was removed.
    """
    past: list[int | None] = []
    for move in moves:
        if move.kind == "rollback":
            while past and past[-1] != move.new:
                past.pop()
        if not past or past[-1] != move.new:
            past.append(move.new)
    return past


def _move(
    connection: sa.Connection, ref: Ref, kind: str, old: int | None, new: int | None, message: str
) -> Move:
    """Write where an alias points, the move, and its event."""
    model, alias = _model(connection, ref.name), str(ref.alias)
    here = (t.aliases.c.model == model) & (t.aliases.c.alias == alias)
    if new is None:
        connection.execute(sa.delete(t.aliases).where(here))
    else:
        entry = connection.execute(
            sa.select(t.entries.c.id).where(t.entries.c.model == model, t.entries.c.version == new)
        ).scalar_one()
        values = {"entry": entry, "created": now()}
        insert_new(connection, t.aliases, {"model": model, "alias": alias, **values})
        connection.execute(sa.update(t.aliases).where(here).values(values))
    number = events.record(connection, _VERBS[kind], str(ref), old=old, new=new, message=message)
    values = {"kind": kind, "old": old, "new": new, "message": message}
    connection.execute(
        sa.insert(t.alias_moves).values(event=number, model=model, alias=alias, **values)
    )
    return history(connection, ref)[-1]


def _settable(ref: Ref) -> Ref:
    """The alias that a reference names: the default one for a bare name.

    Raises:
        UsageError: it names a version, or an alias that is worked out.
    """
    if ref.version is not None:
        raise UsageError(
            f"{ref} is a version, not an alias",
            hint=f"Name the alias: {ref.name}@{refs.DEFAULT_ALIAS}",
            code="alias.version",
        )
    return Ref(ref.name, alias=refs.check_alias(ref.alias or refs.DEFAULT_ALIAS))


def _version_of(to: Ref, name: str) -> int:
    if to.name != name or to.version is None:
        raise UsageError(
            f"{to} is no version of {name}", hint=f"Write {name}/3.", code="rollback.to"
        )
    return to.version


def _model(connection: sa.Connection, name: str) -> int | None:
    return connection.execute(sa.select(t.models.c.id).where(t.models.c.name == name)).scalar()


def _target(connection: sa.Connection, model: int | None, alias: str) -> int | None:
    """The version that an alias points to, or None."""
    return connection.execute(
        sa.select(t.entries.c.version)
        .join(t.aliases, t.aliases.c.entry == t.entries.c.id)
        .where(t.aliases.c.model == model, t.aliases.c.alias == alias)
    ).scalar()


def _not_set(connection: sa.Connection, ref: Ref) -> NotFound:
    known = [name for name in queries.aliases(connection, ref.name) if name != str(ref)]
    return NotFound(
        f"there is no alias {ref}",
        why=f"{ref.name} has {', '.join(known) or 'no alias'}.",
        hint="List them: swereg alias list",
        code="alias.unknown",
    )


def _nothing_before(
    connection: sa.Connection, ref: Ref, past: list[int | None], to: Ref | None
) -> NotFound:
    if not past:
        return _not_set(connection, ref)
    named = ", ".join(dict.fromkeys(f"{ref.name}/{v}" for v in past[-2::-1] if v is not None))
    return NotFound(
        f"{ref} has not pointed to {to or 'anything else'} before",
        why=f"Before what it points to now, it pointed to {named}." if named else "",
        hint=f"Point it anywhere: swereg alias set {ref.alias} {to or f'{ref.name}/N'}",
        code="rollback.nothing",
    )


def _target_deleted(connection: sa.Connection, ref: Ref, target: Ref) -> Conflict:
    restorable = queries.deleted(connection, target)
    hint = f"Bring it back: swereg restore {target}; or" if restorable else "Either"
    return Conflict(
        f"{ref} pointed to {target}, which has been deleted",
        why="A rollback goes to what was there before, and to nothing else by itself.",
        hint=f"{hint} name an earlier version: swereg rollback {ref} --to {ref.name}/N",
        code="rollback.deleted",
    )
