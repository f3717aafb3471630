"""What happened to a registry: appended in the transaction of what happened, never changed."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from swereg.records.refs import Ref
from swereg.registry.database import tables as t
from swereg.registry.entries import rows


@dataclass(frozen=True)
class Event:
    """Something that happened: who did what to what, when (UTC), and the particulars."""

    at: str
    actor: str
    verb: str
    subject: str
    detail: Mapping[str, Any]


def record(connection: sa.Connection, verb: str, subject: str, **detail: Any) -> int:
    """Append an event; return its number."""
    query = sa.insert(t.events).returning(t.events.c.id)
    values = {"at": rows.now(), "actor": _actor(), "verb": verb, "subject": subject}
    number = connection.execute(query.values(**values, detail=rows.text(detail))).scalar_one()
    return int(number)


def newest(connection: sa.Connection, ref: Ref | None, limit: int | None) -> list[Event]:
    """Read the events, the newest first.

    Args:
        ref: only those of this version, alias or model. A version's are also those of the
            aliases that came to it or left it.
    """
    query = sa.select(t.events).order_by(t.events.c.id.desc())
    if ref is not None:
        query = query.where(_about(ref))
    return [
        Event(row.at, row.actor, row.verb, row.subject, rows.value(row.detail))
        for row in connection.execute(query.limit(limit))
    ]


def _about(ref: Ref) -> sa.ColumnElement[bool]:
    subject = t.events.c.subject
    if ref.alias is not None:
        return subject == str(ref)
    if ref.version is None:
        return sa.or_(*(subject.startswith(f"{ref.name}{sign}", autoescape=True) for sign in "/@"))
    moves, models = t.alias_moves, t.models
    to_or_from = sa.or_(moves.c.old == ref.version, moves.c.new == ref.version)
    its_moves = (
        sa.select(moves.c.event)
        .join(models, models.c.id == moves.c.model)
        .where(models.c.name == ref.name, to_or_from)
    )
    return sa.or_(subject == str(ref), t.events.c.id.in_(its_moves))


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user without a name, as in some containers
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
