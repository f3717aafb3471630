"""What happened to a registry: appended in the transaction of what happened, never changed."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from swereg.registry import rows
from swereg.registry import tables as t


@dataclass(frozen=True)
class Event:
    """Something that happened: who did what to what, when (UTC), and the particulars."""

    at: str
    actor: str
    verb: str
    subject: str
    detail: Mapping[str, Any]


def record(connection: sa.Connection, verb: str, subject: str, **detail: Any) -> None:
    """Append an event."""
    connection.execute(
        sa.insert(t.events).values(
            at=rows.now(), actor=_actor(), verb=verb, subject=subject, detail=rows.text(detail)
        )
    )


def newest(connection: sa.Connection, limit: int | None) -> list[Event]:
    """Read the events, the newest first."""
    query = sa.select(t.events).order_by(t.events.c.id.desc()).limit(limit)
    return [
        Event(row.at, row.actor, row.verb, row.subject, rows.value(row.detail))
        for row in connection.execute(query)
    ]


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user without a name, as in some containers
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
