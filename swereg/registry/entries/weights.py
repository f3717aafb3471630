"""Where weights lie: small ones in the database, large ones in files named by their digest.

A file is written under another name, synced, renamed, and its folder synced, before any row
speaks of it; so a crash leaves at most a file that nothing refers to.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from swereg.errors import CheckFailed, StorageError
from swereg.home import files
from swereg.records.training import Weights
from swereg.registry.entries.reading import Source

IN_DATABASE = 16 * 2**20  # bytes; above it a file is several times as fast, and can be mapped
FOLDER = "-weights"  # after the stem of the registry's file
ENDING = ".safetensors"
_DIGEST = re.compile(r"[0-9a-f]{64}")

if TYPE_CHECKING:
    from swereg.registry.database.connection import Database

Stream = io.BytesIO | io.BufferedReader


class WeightStore:
    """Weights of one registry.

    Args:
        folder: for what is too large for the database; made when it is needed.
        largest: the most bytes that go into the database.
    """

    def __init__(self, folder: Path, largest: int = IN_DATABASE) -> None:
        self.folder = folder
        self.largest = largest

    @classmethod
    def beside(cls, file: Path, largest: int = IN_DATABASE) -> WeightStore:
        """Return the store of the registry in a file."""
        return cls(file.with_name(f"{file.stem}{FOLDER}"), largest)

    def row(self, weights: Weights) -> dict[str, object]:
        """Check weights and bring large ones to disk; return the row to insert.

        Call it before the transaction: it may write and sync half a gigabyte.

        Raises:
            CheckFailed: the bytes are not those of the digest.
            StorageError: they cannot be written.
        """
        try:
            with _open(weights) as source:
                _check(weights, source)
                small = weights.size <= self.largest
                data = source.read() if small else None
                if not small:
                    self._write(weights, source)
        except OSError as fault:
            raise StorageError(
                "the weights cannot be written",
                why=f"{self.folder}: {fault.strerror}; {weights.size:,} bytes are needed.",
                hint="Free some space, or name another registry with --registry.",
                code="storage.weights",
            ) from fault
        store = "db" if small else "file"
        return {"digest": weights.digest, "size": weights.size, "store": store, "data": data}

    def read(self, source: Source, digest: str, ref: str) -> Weights:
        """Return weights whose digest has been checked.

        Raises:
            CheckFailed: the bytes are gone or are not those that were stored.
        """
        row = next(iter(source.rows("weights", digest=digest)), None)
        if row is None:
            weights, computed = Weights(digest, 0), "nothing"
        elif row.store == "db":
            weights, computed = Weights(digest, row.size, data=row.data), _digest(row.data)
        else:
            path = self.path_of(digest)
            weights, computed = Weights(digest, row.size, path=path), _digest_of(path)
        if computed != digest:
            place = weights.path or "the registry"
            raise CheckFailed(
                f"the weights of {ref} are not those that were stored",
                why=f"recorded {digest}\nfound    {computed}\nin {place}",
                hint="Restore the registry from a backup, or train again.",
                code="weights.digest",
            )
        return weights

    def ensure(self, weights: Weights, row: dict[str, object]) -> None:
        """Write a file again that gc took away before its row was there.

        Call it inside the transaction that inserts the row: gc removes files inside one, too.
        """
        if row["store"] == "file" and not self.path_of(weights.digest).exists():
            with _open(weights) as source:
                self._write(weights, source)

    def copy(self, digest: str, target: WeightStore) -> None:
        """Copy a file to another store, unchecked.

        Raises:
            FileNotFoundError: there is no such file.
            OSError: it cannot be written.
        """
        path = self.path_of(digest)
        with path.open("rb") as source:
            target._write(Weights(digest, path.stat().st_size, path=path), source)

    def files(self) -> Iterator[tuple[Path, str]]:
        """Give the files that a store has made, with their digests; ``""`` for unfinished ones."""
        for path in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            digest, ending = path.stem, path.suffix
            if ending == ENDING and _DIGEST.fullmatch(digest) and path.parent.name == digest[:2]:
                yield path, digest
            elif path.name.startswith(".") and ending == files.UNFINISHED:
                yield path, ""

    def path_of(self, digest: str) -> Path:
        """Return where a file of that digest lies, if there is one.

        Raises:
            CheckFailed: it is no digest.
        """
        if not _DIGEST.fullmatch(digest):
            raise CheckFailed(f"{digest[:60]!r} is no digest", code="weights.digest")
        return self.folder / digest[:2] / f"{digest}{ENDING}"

    def _write(self, weights: Weights, source: Stream) -> None:
        path = self.path_of(weights.digest)
        if _digest_of(path) == weights.digest:
            os.utime(path)  # a leftover of a crash is young again, so that gc leaves it
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        with files.replacing_file(path) as temporary, temporary.open("wb") as target:
            shutil.copyfileobj(source, target, 2**20)
        for folder in (self.folder, self.folder.parent):
            files.sync_folder(folder)


def _open(weights: Weights) -> Stream:
    if weights.data is not None:
        return io.BytesIO(weights.data)
    if weights.path is None:
        raise CheckFailed("there are no weights: neither bytes nor a file", code="weights.digest")
    return weights.path.open("rb")


def _check(weights: Weights, source: Stream) -> None:
    """Compare digest and size with what is there, and go back to the start."""
    computed = hashlib.file_digest(source, "sha256").hexdigest()
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    if (computed, size) != (weights.digest, weights.size):
        raise CheckFailed(
            "the weights are not those of their digest",
            why=f"said  {weights.digest}, {weights.size:,} bytes\nfound {computed}, {size:,} bytes",
            hint="Train again; nothing was stored.",
            code="weights.digest",
        )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        return f"{fault.strerror}"


class Opened:
    """An open registry: its database, and the place of its weights."""

    def __init__(self, database: Database, weights: WeightStore) -> None:
        self._database = database
        self._weights = weights
