"""What is said where a reference means nothing: what there is instead, or what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from swereg.errors import NotFound, did_you_mean
from swereg.records.refs import Ref
from swereg.registry.database import tables as t


def no_such_entry(connection: sa.Connection, ref: Ref) -> NotFound:
    """Say what there is instead, or when it was deleted."""
    names = sorted(connection.execute(_live(t.models.c.name).distinct()).scalars())
    deleted = (
        _deleted(connection, ref) if ref.version is not None or ref.name not in names else None
    )
    if deleted is not None:
        return deleted
    if ref.name not in names:
        return NotFound(
            f"there is no entry named {ref.name!r}",
            why=f"The registry has: {_some(names) or 'nothing yet'}.",
            hint=did_you_mean(ref.name, names, otherwise="List what there is: swereg list"),
            code="entry.unknown",
        )
    of_model = _live(t.entries.c.version).where(t.models.c.name == ref.name)
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


def _deleted(connection: sa.Connection, ref: Ref) -> NotFound | None:
    """Say that a version, or a whole model, was deleted; None where it never was there."""
    model = connection.execute(sa.select(t.models).where(t.models.c.name == ref.name)).first()
    if model is None or (ref.version or 1) >= model.next_version:
        return None
    marked = sa.select(t.entries.c.version).where(
        t.entries.c.model == model.id, t.entries.c.deleted.is_not(None)
    )
    versions = sorted(connection.execute(marked).scalars())
    if ref.version is None:
        return _all_deleted(ref, versions)
    if ref.version in versions:
        return NotFound(
            f"{ref} has been deleted",
            why=_when(connection, "rm", ref),
            hint=f"Bring it back: swereg restore {ref}",
            code="entry.deleted",
        )
    return freed_entry(connection, ref)


def freed_entry(connection: sa.Connection, ref: Ref) -> NotFound:
    """Say that a version is gone for good."""
    return NotFound(
        f"{ref} was deleted, and its space has been freed",
        why=_when(connection, "gc", ref),
        hint="Look for it in a backup: swereg --registry BACKUP list",
        code="entry.freed",
    )


def _all_deleted(ref: Ref, versions: list[int]) -> NotFound:
    refs = _some(f"{ref.name}/{version}" for version in versions)
    return NotFound(
        f"every entry of {ref.name} has been deleted",
        why=f"These can be restored: {refs}." if refs else "Their space has been freed.",
        hint=f"Bring one back: swereg restore {ref.name}/{versions[-1]}"
        if versions
        else "List what there is: swereg list",
        code="entry.deleted",
    )


def _when(connection: sa.Connection, verb: str, ref: Ref) -> str:
    event = connection.execute(
        sa.select(t.events)
        .where(t.events.c.verb == verb, t.events.c.subject == str(ref))
        .order_by(t.events.c.id.desc())
        .limit(1)
    ).first()
    verb_phrase = {"rm": "deleted", "gc": "freed"}[verb]
    return f"{event.actor} {verb_phrase} it {_moment(event.at)}." if event else ""


def _moment(at: str) -> str:
    return f"on {at[:10]} at {at[11:19]} UTC"


def _live(column: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return (
        sa.select(column)
        .select_from(t.entries)
        .join(t.models, t.models.c.id == t.entries.c.model)
        .where(t.entries.c.deleted.is_(None))
    )


def _aliases(names: list[str]) -> str:
    if not names:
        return "no alias"
    return f"the alias{'es' if len(names) > 1 else ''} {_some(names)}"


def _some(words: Iterable[str], limit: int = 10) -> str:
    """The first of some words, and whether there are more."""
    listed = list(words)
    return ", ".join(listed[:limit]) + (", ..." if len(listed) > limit else "")
