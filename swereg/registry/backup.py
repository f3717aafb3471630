"""A copy of a registry beside itself, made and checked before anything changes in it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from swereg.errors import StorageError
from swereg.registry import files

_KEPT = 3  # backups of one schema


def back_up(path: Path, version: int) -> Path:
    """Copy a registry file beside itself and return the copy, which has been checked.

    Only the committed state is copied, also while the caller holds a transaction.

    Raises:
        StorageError: there is no space, or the registry is damaged.
    """
    free, needed = shutil.disk_usage(path.parent).free, int(2.2 * path.stat().st_size)
    if free < needed:
        raise StorageError(
            "there is no space to back up the registry before its upgrade",
            why=f"{free:,} bytes are free beside {path}, {needed:,} are needed.",
            hint="Free some space and try again.",
            code="storage.full",
        )
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    target = path.with_name(f"{path.name}.schema{version}-{now}.bak")
    try:
        with files.replacing(target) as temporary:
            _copy(path, temporary)
    except OSError as fault:
        raise StorageError(
            "the registry cannot be backed up before its upgrade",
            why=f"{target}: {fault.strerror}.",
            hint="Make its folder writable, or free some space.",
            code="storage.backup",
        ) from fault
    for old in sorted(path.parent.glob(f"{_literal(path.name)}.schema{version}-*.bak"))[:-_KEPT]:
        old.unlink()
    return target


def _copy(path: Path, target: Path) -> None:
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        raise StorageError(
            "the registry is damaged and was not upgraded",
            why=f"A check of {path} says: {verdict}",
            hint="Restore an older backup.",
            code="storage.broken",
        )


def _literal(name: str) -> str:
    """A file's name with nothing in it that a pattern would read otherwise."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
