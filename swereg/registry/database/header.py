"""What the header of every registry file says, and the registries that lie beside one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

APPLICATION_ID = 0x53575247  # "SWRG"
HEAD = 1  # the newest schema; alembic's revision 0001
_MARK = APPLICATION_ID.to_bytes(4, "big")
_MARK_AT = 68  # in the header of a SQLite file
_BEGINS = b"SQLite format 3\0"


def registries_beside(path: Path) -> Iterator[Path]:
    """Give the other registries in a registry's folder, whatever they are called."""
    for neighbour in sorted(path.parent.iterdir()):
        if neighbour.is_file() and not neighbour.samefile(path) and is_registry(neighbour):
            yield neighbour


def has_texts(path: Path, digest: str) -> bool | None:
    """Tell whether a registry has the texts of a dataset; None where it cannot be read."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    query = "SELECT count(*) FROM datasets WHERE digest = ? AND content IS NOT NULL"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as copy:
            return bool(copy.execute(query, (digest,)).fetchone()[0])
    except sqlite3.Error:
        return None


def is_registry(path: Path) -> bool:
    """Tell whether a file begins as a registry does."""
    try:
        with path.open("rb") as file:
            header = file.read(_MARK_AT + len(_MARK))
    except OSError:
        return path.suffix == ".bak"
    return header.startswith(_BEGINS) and header.endswith(_MARK)
