"""Copies of a registry: whole ones for keeping, and one beside it before an upgrade."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from swereg.errors import CheckFailed, Conflict, StorageError, UsageError
from swereg.home import files
from swereg.registry.care import integrity
from swereg.registry.care.integrity import Checked
from swereg.registry.database.connection import Database
from swereg.registry.database.faults import sqlite_fault
from swereg.registry.entries.weights import WeightStore

_KEPT = 3  # backups of one schema


@dataclass(frozen=True)
class Copied:
    """A copy of a registry; it is one itself.

    Attributes:
        path: the file.
        size: its bytes.
        folder: of the weights that lie in files, or None where there are none.
        files, in_files: how many, and their bytes.
        entries: how many were checked in it, deleted ones that can be restored among them.
    """

    path: Path
    size: int
    folder: Path | None
    files: int
    in_files: int
    entries: int


def copy_registry(database: Database, store: WeightStore, target: str | Path | None) -> Copied:
    """Copy a registry to one moment, and check every byte of the copy.

    Raises:
        UsageError: it is on a server.
        Conflict: the target exists.
        CheckFailed: something is damaged; there is no copy then.
        StorageError: the target cannot be written.
    """
    path = _target(database, target)
    copies = WeightStore.beside(path)
    new = not copies.folder.exists()
    try:
        with files.replacing_file(path) as temporary:
            names = _copy_all(database, store, temporary, copies)
            checked = _check(temporary, copies)
    except BaseException as fault:
        if new:
            shutil.rmtree(copies.folder, ignore_errors=True)
        if isinstance(fault, OSError):
            raise _unwritable(path, fault) from fault
        raise
    in_files = sum(copies.path_of(name).stat().st_size for name in names)
    folder = copies.folder if names else None
    return Copied(path, path.stat().st_size, folder, len(names), in_files, len(checked.entries))


def _target(database: Database, target: str | Path | None) -> Path:
    if database.path is None:
        raise UsageError(
            "a registry on a server is not backed up by swereg",
            hint="Use the server's own means, such as pg_dump.",
            code="backup.server",
        )
    source, now = database.path, datetime.now(UTC)
    path = Path(target).expanduser().absolute() if target else source.parent
    if path.is_dir():
        path /= f"{source.stem}-{now:%Y%m%dT%H%M%SZ}{source.suffix}"
    if path.exists():
        raise Conflict(
            f"{path} exists",
            why="A backup replaces nothing.",
            hint="Name another file, or a folder to put it in.",
            code="backup.exists",
        )
    return path


def _copy_all(
    database: Database, store: WeightStore, target: Path, copies: WeightStore
) -> list[str]:
    """Copy the database in one step, then the files that the copy speaks of; give their digests.

    A file that gc takes away in between belongs to an entry that is gone: then once more.
    """
    assert database.path is not None  # noqa: S101 - _target has seen to it
    for last in (False, False, True):
        _copy(database.path, target)
        names = _in_files(target)
        try:
            for name in names:
                store.copy(name, copies)
        except FileNotFoundError:
            vanished = set(names) - set(_in_files(database.path))
            if last or not vanished:
                break  # the check says whose it is
        else:
            break
    return names


def _in_files(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT digest FROM weights WHERE store = 'file'")
        return [row[0] for row in rows]


def _check(path: Path, copies: WeightStore) -> Checked:
    """Check a copy as verify would.

    Raises:
        CheckFailed: something is wrong in it.
    """
    database = Database(path, 30.0)
    try:
        checked = integrity.check_all(database, copies, integrity.silent)
    finally:
        database.close()
    if checked.problems:
        raise CheckFailed(
            "the registry is damaged, and was not backed up",
            why="\n".join(problem.what for problem in checked.problems[:20]),
            hint="See all that is wrong, and how to mend it: swereg verify",
            code="backup.damaged",
        )
    return checked


def _unwritable(path: Path, fault: OSError) -> StorageError:
    return StorageError(
        f"the backup {path} cannot be written",
        why=f"{fault.strerror}.",
        hint="Free some space, or name another place: swereg backup FILE",
        code="storage.backup",
    )


def back_up_beside(path: Path, version: int) -> Path:
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
        with files.replacing_file(target) as temporary:
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
    """Copy a database in one step: in several, each write of another process begins it anew."""
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as into:
            source.backup(into)
            verdict = into.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as fault:
        raise sqlite_fault(fault, str(target)) from fault
    if verdict != "ok":
        raise StorageError(
            "the registry is damaged and was not copied",
            why=f"A check of {path} says: {verdict}",
            hint="Restore an older backup.",
            code="storage.broken",
        )


def _literal(name: str) -> str:
    """A file's name with nothing in it that a pattern would read otherwise."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
