"""What happened to a registry: appended in the transaction of what happened, never changed."""

from __future__ import annotations

import getpass
import os
from typing import Any

import sqlalchemy as sa

from swereg.registry.database import tables as t
from swereg.registry.entries import rows


def record_event(connection: sa.Connection, verb: str, subject: str, **detail: Any) -> int:
    """Append an event; return its number."""
    query = sa.insert(t.events).returning(t.events.c.id)
    values = {"at": rows.utc_now(), "actor": _actor(), "verb": verb, "subject": subject}
    number = connection.execute(query.values(**values, detail=rows.to_json(detail))).scalar_one()
    return int(number)


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user without a name, as in some containers
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
