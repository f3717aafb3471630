"""Faults of a database in plain words: what happened, why, what to do next."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

from swereg.errors import Busy, SchemaMismatch, StorageError, SweregError


@dataclass(frozen=True)
class _Words:
    what: str
    why: str
    hint: str
    code: str
    kind: type[SweregError] = StorageError


_BUSY = _Words(
    "the registry is busy",
    "Another process has been using {place} all the time.",
    "Wait for it to end, then try again.",
    "busy",
    Busy,
)
_FULL = _Words(
    "the disk is full",
    "{place} could not be written ({name}); it is as it was.",
    "Free some space and try again.",
    "storage.full",
)
_READ_ONLY = _Words(
    "the registry cannot be written",
    "{place} or its folder is read-only for you ({name}).",
    "Ask its owner, or name another with --registry.",
    "storage.read-only",
)
_CLOSED = _Words(
    "the registry cannot be opened",
    "{place}: you may not read it, or it has just been moved ({name}).",
    "Ask its owner, or name another with --registry.",
    "storage.closed",
)
_BROKEN = _Words(
    "this is not a registry, or it is damaged",
    "{place}: {fault}",
    "Restore a backup, or name another file with --registry.",
    "storage.broken",
)
_DISK = _Words(
    "the disk failed",
    "{place}: {fault} ({name}). What was acknowledged before is there.",
    "Look at the disk or the network share, then try again.",
    "storage.disk",
)
_REFUSED = _Words(
    "the registry refused a change that would break it",
    "{fault} ({name})",
    "Please report this; nothing was changed.",
    "storage.constraint",
)
_OTHER = _Words(
    "the registry cannot be used",
    "{place}: {fault} ({name})",
    "Check the file with swereg's newest version, or restore a backup.",
    "storage.sqlite",
)

_WORDS = {
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR_WRITE": _FULL,  # how a quota and a file-size limit show themselves
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": _CLOSED,
    "SQLITE_AUTH": _CLOSED,
    "SQLITE_PERM": _CLOSED,
    "SQLITE_NOTADB": _BROKEN,
    "SQLITE_CORRUPT": _BROKEN,
    "SQLITE_IOERR": _DISK,
    "SQLITE_CONSTRAINT": _REFUSED,
}

_MISSING = re.compile(  # SQLite has one code for these and for many others
    r"no such (table|column|index|trigger)|has no column named|has \d+ columns? but"
)


def damaged_file(fault: Exception, place: str) -> SweregError:
    """The error for a file whose tables cannot be read at all."""
    return _BROKEN.kind(
        _BROKEN.what,
        why=_BROKEN.why.format(place=place, fault=fault),
        hint=_BROKEN.hint,
        code=_BROKEN.code,
    )


def sqlite_fault(fault: sqlite3.Error, place: str) -> SweregError:
    """Say what a fault of SQLite means for a person."""
    name = str(getattr(fault, "sqlite_errorname", "")) or type(fault).__name__
    family = "_".join(name.split("_")[:2])
    words = _WORDS.get(name) or _WORDS.get(family, _OTHER)
    if words is _OTHER and _MISSING.search(str(fault)):
        return wrong_layout(f"{place}: {fault}")
    why = words.why.format(place=place, name=name, fault=fault)
    return words.kind(words.what, why=why, hint=words.hint, code=words.code)


def wrong_layout(evidence: str) -> SchemaMismatch:
    """Say that tables or columns are missing."""
    return SchemaMismatch(
        "the registry's tables are not those of its version",
        why=f"{evidence}. An unfinished swereg made it, or another program changed it.",
        hint="Use the swereg that made it, restore a backup, or begin another: --registry FILE",
        code="schema.layout",
    )


def server_fault(fault: Exception, place: str) -> SweregError:
    """Say what a fault of a database server means for a person."""
    return StorageError(
        "the database refused",
        why=f"{place}: {fault}",
        hint="Check that the server runs and lets you in.",
        code="storage.database",
    )
