"""Where weights lie: small ones in the database, large ones in files named by their digest.

A file is written under another name, synced, renamed, and its folder synced, before any row
speaks of it; so a crash leaves at most a file that nothing refers to.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

import sqlalchemy as sa

from swereg.errors import CheckFailed, StorageError
from swereg.records import Weights
from swereg.registry.tables import weights as table

IN_DATABASE = 16 * 2**20  # bytes; above it a file is several times as fast, and can be mapped
_DIGEST = re.compile(r"[0-9a-f]{64}")


class WeightStore:
    """Weights of one registry.

    Args:
        folder: for what is too large for the database; made when it is needed.
        largest: the most bytes that go into the database.
    """

    def __init__(self, folder: Path, largest: int = IN_DATABASE) -> None:
        self.folder = folder
        self.largest = largest

    def row(self, weights: Weights) -> dict[str, object]:
        """Check weights and bring large ones to disk; return the row to insert.

        Call it before the transaction: it may write and sync half a gigabyte.
        """
        data = _bytes(weights)
        if hashlib.sha256(data).hexdigest() != weights.digest:
            raise CheckFailed("the weights are not those of their digest", code="weights.digest")
        small = len(data) <= self.largest
        if not small:
            self._write(weights.digest, data)
        return {
            "digest": weights.digest,
            "size": len(data),
            "store": "db" if small else "file",
            "data": data if small else None,
        }

    def read(self, connection: sa.Connection, digest: str, ref: str) -> Weights:
        """Return weights whose digest has been checked.

        Raises:
            CheckFailed: the bytes are gone or are not those that were stored.
        """
        row = connection.execute(sa.select(table).where(table.c.digest == digest)).one()
        if row.store == "db":
            found = hashlib.sha256(row.data).hexdigest()
            weights = Weights(digest, row.size, data=row.data)
        else:
            path = self._path(digest)
            found = _digest_of(path)
            weights = Weights(digest, row.size, path=path)
        if found != digest:
            raise CheckFailed(
                f"the weights of {ref} are not those that were stored",
                why=f"recorded {digest}\nfound    {found}",
                hint="Restore the registry from a backup, or train again.",
                code="weights.digest",
            )
        return weights

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise CheckFailed(f"{digest[:60]!r} is no digest", code="weights.digest")
        return self.folder / digest[:2] / f"{digest}.safetensors"

    def _write(self, digest: str, data: bytes) -> None:
        path = self._path(digest)
        if path.exists() and _digest_of(path) == digest:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, temporary = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            for folder in (path.parent, self.folder, self.folder.parent):
                _sync(folder)
        except OSError as fault:
            raise StorageError(
                "the weights cannot be written",
                why=f"{path.parent}: {fault.strerror}; {len(data):,} bytes are needed.",
                hint="Free some space, or name another registry with --registry.",
                code="storage.full",
            ) from fault


def _bytes(weights: Weights) -> bytes:
    if weights.data is not None:
        return weights.data
    if weights.path is None:
        raise CheckFailed("weights without bytes and without a file", code="weights.digest")
    return weights.path.read_bytes()


def _digest_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return f"no file {path}"


def _sync(folder: Path) -> None:
    """Make a rename in a folder durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
