"""Aliases: pointing them, removing them, going back; every move is kept, nothing is overwritten.

The past of an alias is a table of its own, alias_moves, a row per move, tied to its event. It names
versions by number, so it outlives what gc frees. Where an alias stands is a foreign key, and a
trigger refuses to mark as deleted what one points to.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from swereg.errors import Conflict, NotFound, UsageError
from swereg.records import refs
from swereg.records.entry import Entry
from swereg.records.history import Move
from swereg.records.refs import Ref
from swereg.registry.database import tables as t
from swereg.registry.entries.events import record_event
from swereg.registry.entries.inserts import insert_new
from swereg.registry.entries.lookup import deleted_entries, find_entry
from swereg.registry.entries.queries import Selects
from swereg.registry.entries.reading import alias_moves, read_aliases
from swereg.registry.entries.rows import utc_now

_VERBS = {"set": "alias", "rollback": "rollback", "rm": "unalias"}  # of the events


def point_alias(connection: sa.Connection, alias: str, entry: Entry, message: str) -> None:
    """Point an alias of a model to one of its entries, wherever it pointed before."""
    model = _model(connection, entry.name)
    old = _target(connection, model, alias)
    if old != entry.version or message:
        ref = Ref(entry.name, alias=alias)
        _move(connection, ref, "set", old, entry.version, message)


def remove_alias(connection: sa.Connection, ref: Ref, message: str) -> Move:
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
    target_version = None if to is None else _version_of(to, alias.name)
    past = replay_moves(alias_moves(Selects(connection), alias))
    before = [version for version in past[-2::-1] if version not in (None, past[-1])]
    if target_version is not None:
        before = [version for version in before if version == target_version]
    if not before:
        raise _nothing_before(connection, alias, past, to)
    target = Ref(alias.name, version=before[0])
    try:
        find_entry(connection, target)
    except NotFound:
        raise _target_deleted(connection, alias, target) from None
    old = _target(connection, _model(connection, alias.name), str(alias.alias))
    return _move(connection, alias, "rollback", old, target.version, message)


def replay_moves(moves: Iterable[Move]) -> list[int | None]:
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
    is_alias = (t.aliases.c.model == model) & (t.aliases.c.alias == alias)
    if new is None:
        connection.execute(sa.delete(t.aliases).where(is_alias))
    else:
        entry = connection.execute(
            sa.select(t.entries.c.id).where(t.entries.c.model == model, t.entries.c.version == new)
        ).scalar_one()
        values = {"entry": entry, "created": utc_now()}
        insert_new(connection, t.aliases, {"model": model, "alias": alias, **values})
        connection.execute(sa.update(t.aliases).where(is_alias).values(values))
    number = record_event(connection, _VERBS[kind], str(ref), old=old, new=new, message=message)
    values = {"kind": kind, "old": old, "new": new, "message": message}
    connection.execute(
        sa.insert(t.alias_moves).values(event=number, model=model, alias=alias, **values)
    )
    return alias_moves(Selects(connection), ref)[-1]


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
    names = [name for name in read_aliases(Selects(connection), ref.name) if name != str(ref)]
    return NotFound(
        f"there is no alias {ref}",
        why=f"{ref.name} has {', '.join(names) or 'no alias'}.",
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
    restorable = deleted_entries(connection, target)
    hint = f"Bring it back: swereg restore {target}; or" if restorable else "Either"
    return Conflict(
        f"{ref} pointed to {target}, which has been deleted",
        why="A rollback goes to what was there before, and to nothing else by itself.",
        hint=f"{hint} name an earlier version: swereg rollback {ref} --to {ref.name}/N",
        code="rollback.deleted",
    )
