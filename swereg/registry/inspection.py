"""What doctor looks at in a registry's place: the file, its folder and its disk."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from swereg.errors import SweregError
from swereg.records.finding import Finding
from swereg.registry import opening
from swereg.registry.changes import garbage
from swereg.registry.database import layout
from swereg.registry.database.connection import Database
from swereg.registry.entries.weights import WeightStore

_LITTLE = 2**30  # bytes; a full fine-tune needs twice its half gigabyte
_WAL_SOUND = (3, 51, 3)  # before it, SQLite could corrupt a file in WAL mode
ABOUT = "registry"

# Kinds that are another computer's: their locks may fail, and SQLite relies on locks.
_NETWORK = {
    "9p",
    "afs",
    "afpfs",
    "beegfs",
    "ceph",
    "cifs",
    "davfs",
    "fuse.davfs2",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
    "vboxsf",
    "vmhgfs",
}
_SYNCED = re.compile(
    r"onedrive|dropbox|google ?drive|icloud|mobile documents|nextcloud|owncloud", re.IGNORECASE
)
_MOUNTS = Path("/proc/self/mounts")


def inspect_registry(place: str | Path) -> Iterator[Finding]:
    """Look at a registry without changing anything, whatever state it is in."""
    yield _sqlite()
    try:
        database = Database(place, 5.0)
    except SweregError as fault:
        yield _fault("place", fault)
        return
    try:
        if database.path is not None:
            yield from _around(database.path)
            if not database.path.exists():
                yield _note(
                    "file",
                    f"{database.path} does not exist yet",
                    "Training makes it: swereg train --task sentiment",
                )
                return
        yield from _inside(database)
    finally:
        database.close()


def _inside(database: Database) -> Iterator[Finding]:
    try:
        version = opening.schema_version(database.path or database.location)
    except SweregError as fault:
        yield _fault("file", fault)
        return
    if version > opening.HEAD:
        yield _wrong(
            "schema",
            f"{version}; this swereg knows {opening.HEAD}",
            "Upgrade swereg: pip install -U swereg",
        )
        return
    if version < opening.HEAD:
        yield _note(
            "schema",
            f"{version}; it becomes {opening.HEAD} when it is next opened",
            "A backup is made beside it. To do it now: swereg db upgrade",
        )
        return
    try:
        with database.reading() as connection:
            layout.check_layout(connection)
    except SweregError as fault:
        yield _fault("schema", fault)
        return
    yield _ok("schema", f"{version}, the newest")
    if database.path is None:
        return
    yield from _file(database, database.path)


def _file(database: Database, path: Path) -> Iterator[Finding]:
    try:
        with database.reading() as connection:
            mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar())
            in_use = garbage.weights_in_files(connection)
    except SweregError as fault:
        yield _fault("file", fault)
        return
    yield _journal(mode)
    store = WeightStore.beside(path)
    missing = [digest for digest in in_use if not store.path_of(digest).is_file()]
    if missing:
        yield _wrong(
            "weights",
            f"{len(missing)} of {len(in_use)} files are missing in {store.folder}",
            "See whose they are: swereg verify",
        )
    else:
        yield _ok("weights", f"{len(in_use)} in files, all there")
    paths = dict(garbage.leftover_files(store, path, in_use))
    if paths:
        yield _note(
            "leftovers",
            f"{len(paths)} files of interrupted work, {sum(paths.values()):,} bytes",
            "Remove them: swereg gc",
        )
    else:
        yield _ok("leftovers", "none")


def _journal(mode: str) -> Finding:
    if mode == "delete":
        return _ok("journal", "delete, which survives power cuts")
    risky = mode == "wal" and sqlite3.sqlite_version_info < _WAL_SOUND
    text = f"{mode}, which swereg did not choose"
    hint = 'Set it back: sqlite3 FILE "PRAGMA journal_mode=DELETE"'
    return _wrong("journal", text, hint) if risky or mode == "off" else _note("journal", text, hint)


def _around(path: Path) -> Iterator[Finding]:
    folder = next(parent for parent in path.parents if parent.exists())
    yield _disk(folder)
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:,.1f} GB free"
    yield _ok("space", text) if free > _LITTLE else _note("space", text, "Free some space.")
    if path.exists():
        yield _rights(path)
        yield _writable(path)


def _disk(folder: Path) -> Finding:
    name, synced = filesystem_of(folder), synced_by(folder)
    hint = "Keep the registry on a disk of this computer, and copies with: swereg backup FILE"
    if is_network(name):
        return _wrong("disk", f"{name}, a network drive: locks may fail and damage it", hint)
    if synced:
        return _wrong("disk", f"{synced!r} looks synchronised: it may be copied half-written", hint)
    return _ok("disk", name or "local, as far as can be seen")


def _rights(path: Path) -> Finding:
    """Others may read neither the file nor reach it."""
    if os.name == "nt":
        return _ok("rights", "as the folder's")
    mode, around = (stat.S_IMODE(place.stat().st_mode) for place in (path, path.parent))
    text = f"{mode:04o} in a folder with {around:04o}"
    if mode & 0o077 == 0 or around & 0o077 == 0:
        return _ok("rights", text)
    hint = f"Others can read the texts in it. Close it: chmod 600 {path}"
    if mode & 0o007 and around & 0o001:
        return _wrong("rights", text, hint)
    return _note("rights", text, hint)


def _writable(path: Path) -> Finding:
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return _ok("writing", "allowed")
    return _note("writing", "not allowed: entries can be used, not added", "Ask its owner.")


def _sqlite() -> Finding:
    return Finding(ABOUT, "SQLite", "ok", sqlite3.sqlite_version)


def _fault(name: str, fault: SweregError) -> Finding:
    return _wrong(name, f"{fault.what}. {fault.why}".strip(), fault.hint)


def _ok(name: str, text: str) -> Finding:
    return Finding(ABOUT, name, "ok", text)


def _note(name: str, text: str, hint: str) -> Finding:
    return Finding(ABOUT, name, "note", text, hint)


def _wrong(name: str, text: str, hint: str) -> Finding:
    return Finding(ABOUT, name, "wrong", text, hint)


def filesystem_of(path: Path, mounts: Path = _MOUNTS) -> str:
    """Return the kind of filesystem, such as ``ext4``; ``""`` where the system does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    place, depth, filesystem = path.resolve(), -1, ""
    for line in lines:
        _, point, name, *_ = line.split(" ")
        folder = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point))
        if place.is_relative_to(folder) and len(folder.parts) >= depth:
            depth, filesystem = len(folder.parts), name
    return filesystem


def is_network(name: str) -> bool:
    """Tell whether a kind of filesystem is another computer's."""
    return name in _NETWORK


def synced_by(path: Path) -> str:
    """Return the part of a path that looks like a folder that is synchronised, or ``""``."""
    return next((part for part in path.parts if _SYNCED.search(part)), "")
