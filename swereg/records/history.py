"""What happened to a registry, and where its aliases went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        at: UTC, ISO 8601 with a final Z.
        actor: the user's name on that computer.
        verb: what was done, such as ``add`` or ``rm``.
        subject: to what: an entry, an alias, the digest of a dataset.
        detail: the particulars, which differ by verb.
    """

    at: str
    actor: str
    verb: str
    subject: str
    detail: Mapping[str, Any]


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
