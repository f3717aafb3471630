"""Files of entries (``.swereg``): registries with everything in one file, to carry elsewhere.

What comes from a file is never trusted. It is copied first, its schema must be exactly ours, and
each entry must be such that storing it anew writes the very same row.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from swereg.errors import CheckFailed, Conflict, NotFound, StorageError, SweregError
from swereg.home import files
from swereg.records.entry import Entry, NewEntry
from swereg.registry import opening
from swereg.registry.bundles import copying, soundness
from swereg.registry.care import integrity
from swereg.registry.database import tables as t
from swereg.registry.database.connection import Database
from swereg.registry.database.header import is_registry
from swereg.registry.entries import rows
from swereg.registry.entries.admission import check_new_entry
from swereg.registry.entries.inserts import NewRows, insert_entry, insert_new
from swereg.registry.entries.queries import Selects
from swereg.registry.entries.rows import utc_now as utc_now
from swereg.registry.entries.weights import WeightStore

ENDING = ".swereg"
LARGEST = 990_000_000  # bytes of weights; SQLite keeps at most 1 GB in one place
MEANT_FOR = "meant_for"  # in the table of facts: the registry that is to take a training
_TIMEOUT = 30.0


@dataclass(frozen=True)
class Bundle:
    """An open file of entries, every byte of which has been checked."""

    database: Database
    weights: WeightStore
    runs: tuple[str, ...]  # in the order of their numbers


def write_bundle(
    database: Database, store: WeightStore, entries: Sequence[Entry], target: Path, *, texts: bool
) -> None:
    """Write entries into a new file, which is there whole or not at all.

    Raises:
        CheckFailed: something of them is not as it was stored.
        StorageError: the file cannot be written, or weights are too large for one.
    """
    for entry in entries:
        if entry.weights_size > LARGEST:
            raise StorageError(
                f"the weights of {entry.ref} are too large for such a file",
                why=f"They have {entry.weights_size:,} bytes; SQLite takes {LARGEST:,}.",
                hint="Copy the whole registry: swereg backup; or export a folder: --merged DIR",
                code="export.large",
            )
    try:
        with files.replacing_file(target) as temporary:
            temporary.unlink()
            with _opened(temporary, create=True) as (new, inside):
                for entry in entries:
                    _copy(database, store, new, inside, entry, texts=texts)
    except OSError as fault:
        raise StorageError(
            f"the file {target} cannot be written",
            why=f"{fault.strerror}.",
            hint="Name another place, or free some space.",
            code="export.file",
        ) from fault


def _copy(
    database: Database,
    store: WeightStore,
    new: Database,
    inside: WeightStore,
    entry: Entry,
    *,
    texts: bool,
) -> None:
    with database.reading() as connection:
        soundness.check_seal(connection, entry)
        copied = copying.read_rows(connection, entry.run)
        weights = store.read(Selects(connection), entry.weights_digest, entry.ref)
    copied = copied if texts else copying.without_texts(copied)
    row = inside.row(weights)
    with new.writing() as connection:
        copying.insert_rows(connection, copied, row, name=entry.name, number=entry.version)


def stage_entry(
    new: NewEntry, target: Path, meant_for: str, *, created: str, keep_data: bool
) -> None:
    """Write a training into a new file, durably, before any registry is asked to take it.

    Args:
        meant_for: where the registry is that is to take it.

    Raises:
        StorageError: the file cannot be written, or the weights are too large for one.
        CheckFailed: the training is not sound.
    """
    new = check_new_entry(new)
    if new.fitted.weights.size > LARGEST:
        raise StorageError("the weights are too large for a file of entries", code="export.large")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with files.replacing_file(target) as temporary:
            temporary.unlink()
            with _opened(temporary, create=True) as (database, store):
                ready = NewRows.of(new, store.row(new.fitted.weights), keep_data=keep_data)
                with database.writing() as connection:
                    insert_entry(connection, ready, created)
                    row = {"key": MEANT_FOR, "value": rows.to_json(meant_for)}
                    insert_new(connection, t.meta, row)
    except OSError as fault:
        raise StorageError(
            f"{target} cannot be written", why=f"{fault.strerror}.", code="storage.staged"
        ) from fault


@contextmanager
def open_bundle(path: Path, near: Path) -> Iterator[Bundle]:
    """Open a private copy of a file of entries, and check everything in it.

    Args:
        near: a folder on a disk with room for the copy.

    Raises:
        NotFound: there is no such file.
        StorageError: it is no registry.
        CheckFailed: it is not sound.
        SchemaMismatch: a newer swereg wrote it.
    """
    _look_at(path)
    with tempfile.TemporaryDirectory(dir=near, prefix=".import-") as folder:
        private = Path(folder, f"private{ENDING}")
        try:
            shutil.copyfile(path, private)
        except OSError as fault:
            raise StorageError(
                f"{path} cannot be read",
                why=f"{fault.strerror}.",
                hint="Make it readable, and see that there is room for a copy.",
                code="import.file",
            ) from fault
        with _refusing(path, private), _opened(private, create=False) as (database, store):
            _check_schema(private, Path(folder, "ours.db"))
            soundness.check_sizes(database)
            checked = integrity.check_all(database, store, integrity.silent)
            if checked.problems:
                raise unsound_bundle(
                    "\n".join(f"{p.subject}: {p.what}" for p in checked.problems[:20])
                )
            runs = tuple(_runs(database))
            for run in runs:
                soundness.check_entry(database, store, run)
            yield Bundle(database, store, runs)


def unsound_bundle(why: str) -> CheckFailed:
    """What is said of a file that is not as it should be."""
    return CheckFailed(
        "the file is not sound; nothing was imported",
        why=why,
        hint="Export it again where it comes from.",
        code="import.unsound",
    )


@contextmanager
def _refusing(path: Path, private: Path) -> Iterator[None]:
    """Refuse whatever cannot be read; what our own columns never hold is no fault of ours."""
    try:
        yield
    except SweregError as fault:
        if fault.code == "storage.broken":
            raise unsound_bundle(f"{path.name} is damaged, or not whole.") from fault
        fault.why = fault.why.replace(str(private), str(path))  # nobody has heard of our copy
        raise
    except soundness.UNREADABLE as fault:
        raise unsound_bundle(f"{path.name}: {type(fault).__name__}: {str(fault)[:200]}") from fault


@contextmanager
def _opened(path: Path, *, create: bool) -> Iterator[tuple[Database, WeightStore]]:
    database = opening.open_database(path, create=create, timeout=_TIMEOUT)
    try:
        yield database, WeightStore(path.with_name("none"), LARGEST)
    finally:
        database.close()


def _look_at(path: Path) -> None:
    if not path.exists():
        raise NotFound(f"there is no file {path}", code="import.missing")
    if not path.is_file() or not is_registry(path):
        raise StorageError(
            f"{path} is no file of entries",
            why="It does not begin as one that swereg wrote.",
            hint="Such files come from: swereg export REF -o FILE.swereg",
            code="import.foreign",
        )


def _check_schema(path: Path, ours: Path) -> None:
    """Refuse tables, views, indexes and triggers that are not word for word ours."""
    opening.open_database(ours, create=True, timeout=_TIMEOUT).close()
    strange = _parts(path) ^ _parts(ours)
    if strange:
        names = sorted({f"{part[0]} {part[1]}"[:80] for part in strange})
        raise unsound_bundle(f"Its tables are not those of a registry: {', '.join(names[:5])}")


def _parts(path: Path) -> set[tuple[str, ...]]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        return set(database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


def _runs(database: Database) -> list[str]:
    """The runs of the entries that are not deleted."""
    query = (
        sa.select(t.entries.c.run)
        .join(t.models)
        .where(t.entries.c.deleted.is_(None))
        .order_by(t.models.c.name, t.entries.c.version)
    )
    with database.reading() as connection:
        return list(connection.execute(query).scalars())


def check_bundle_free(target: Path, *, force: bool) -> None:
    """Refuse a place that is taken; only a file of entries is ever replaced.

    Raises:
        Conflict: something is there.
    """
    if target.exists() and not (
        force and target.is_file() and is_registry(target) and target.suffix == ENDING
    ):
        raise Conflict(
            f"{target} is there already",
            hint="Name another file" + ("." if force else ", or say --force."),
            code="export.taken",
        )
