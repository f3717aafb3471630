"""The registry: entries go in whole, and come out as they went in."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from swereg.errors import NotFound, StorageError
from swereg.home import locations
from swereg.records import refs
from swereg.records.dataset import Dataset, Forgotten, StoredDataset, Task
from swereg.records.entry import Entry, NewEntry, Outline
from swereg.records.refs import Ref
from swereg.records.training import BaseInfo, Outputs, Weights
from swereg.registry import opening
from swereg.registry.database import copies
from swereg.registry.database import tables as t
from swereg.registry.entries import datasets, queries, rows, seals
from swereg.registry.entries.admission import check
from swereg.registry.entries.inserts import NewRows, insert_entry, insert_new
from swereg.registry.entries.weights import FOLDER, IN_DATABASE, WeightStore
from swereg.registry.lifecycle import Life
from swereg.registry.maintenance import Care
from swereg.registry.transfer import Carrying

_DEFAULT_BASE = "default_base"
_NEEDED_SPACE = 16 * 2**20  # bytes that an adapter and its transaction need, with room to spare


class Registry(Life, Care, Carrying):
    """Trained entries in one SQLite file. Open one with Registry.open.

    Threads may share one. Processes open their own; they wait for each other.
    """

    @classmethod
    def open(
        cls,
        location: str | Path | None = None,
        *,
        create: bool = False,
        timeout: float = 30.0,
        largest_in_database: int = IN_DATABASE,
    ) -> Self:
        """Open a registry; an older file is backed up beside itself and upgraded.

        Args:
            location: a file, or the URL of a PostgreSQL database (experimental: without the
                triggers that guard a file, and upgraded by Registry.upgrade alone); by default
                ``SWEREG_REGISTRY`` or the user's data folder.
            create: whether to make the file where it does not exist.
            timeout: seconds to wait for other processes.
            largest_in_database: weights of more bytes go to a folder beside the file.

        Raises:
            NotFound: there is none.
            StorageError: what is there is no registry, or cannot be read.
            SchemaMismatch: a newer swereg wrote it.
        """
        place = location or locations.registry_location()
        database = opening.open_database(place, create=create, timeout=timeout)
        file = database.path or locations.data_folder() / "registry.db"
        folder = file.with_name(f"{file.stem}{FOLDER}")
        return cls(database, WeightStore(folder, largest_in_database))

    @staticmethod
    def upgrade(location: str | Path | None = None) -> None:
        """Make or upgrade the tables of a PostgreSQL database; a file is upgraded when opened."""
        opening.upgrade(str(location or locations.registry_location()))

    @property
    def location(self) -> str:
        """The file, or the URL without its password."""
        return self._database.location

    def close(self) -> None:
        """Close the registry."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- writing ----------------------------------------------------------------------------

    def check_writable(self, needed: int = _NEEDED_SPACE) -> None:
        """Refuse early what would fail late: a registry that cannot be written, a full disk.

        Args:
            needed: bytes that must be free.

        Raises:
            StorageError: it is read-only, or there is too little space.
            Busy: another process uses it all the time.
        """
        with self._database.writing() as connection:
            if self._database.path is not None:  # BEGIN alone succeeds on a read-only file
                connection.exec_driver_sql(f"PRAGMA user_version = {opening.HEAD}")
                connection.rollback()
        if self._database.path is None:
            return
        free = shutil.disk_usage(self._database.path.parent).free
        if free < needed:
            raise StorageError(
                "the disk is nearly full",
                why=f"{free:,} bytes are free at {self.location}, {needed:,} are needed.",
                hint="Free some space, or name another registry with --registry.",
                code="storage.full",
            )

    def add(self, new: NewEntry, *, keep_data: bool = True, created: str = "") -> Entry:
        """Store one training, whole or not at all.

        A run that is already stored gives the entry that there is.

        Args:
            keep_data: whether to keep the texts, or only their digest and number.
            created: when it was trained (UTC, as Entry.created); by default now.

        Raises:
            Conflict: the name belongs to another task.
            CheckFailed: weights, figures or outputs are not sound; nothing was stored.
        """
        new = check(new)
        ready = NewRows.of(new, self._weights.row(new.fitted.weights), keep_data=keep_data)
        with self._database.writing() as connection:
            if queries.by_run(connection, new.run) is None:
                self._weights.ensure(new.fitted.weights, ready.weights)
                insert_entry(connection, ready, created)
            entry = queries.by_run(connection, new.run)
        assert entry is not None  # noqa: S101 - it was inserted where it was not
        return entry

    def forget(self, which: str) -> Forgotten:
        """Erase the texts of a dataset; its digest and counts stay, and entries with their scores.

        No trace of the texts is left in the registry's file. Copies beside it are named.

        Args:
            which: the beginning of a digest, or a reference.

        Raises:
            NotFound: there is no such dataset.
        """
        with self._database.writing() as connection:
            found = datasets.find(connection, which)
            if found.kept:
                datasets.forget(connection, found.digest, freed=found.size or 0)
        self._database.rewrite()
        has = {path: copies.has_texts(path, found.digest) for path in self._copies()}
        return Forgotten(
            dataset=replace(found, size=None),
            freed=found.size or 0,
            copies=tuple(path for path, kept in has.items() if kept),
            unread=tuple(path for path, kept in has.items() if kept is None),
        )

    def _copies(self) -> list[Path]:
        return list(copies.beside(self._database.path)) if self._database.path else []

    def set_default_base(self, base: BaseInfo) -> BaseInfo:
        """Make a base the registry's own if it has none yet; return the registry's own."""
        with self._database.writing() as connection:
            insert_new(connection, t.bases, rows.base_row(base))
            value = rows.text(base.fingerprint)
            insert_new(connection, t.meta, {"key": _DEFAULT_BASE, "value": value})
            stored = _default_base(connection)
        assert stored is not None  # noqa: S101 - it was inserted where it was not
        return stored

    # --- reading ----------------------------------------------------------------------------

    @property
    def default_base(self) -> BaseInfo | None:
        """The base that the registry takes when none is named, or None before there is one."""
        with self._database.reading() as connection:
            return _default_base(connection)

    def get(self, ref: str | Ref) -> Entry:
        """Return the entry that a reference means now.

        Raises:
            NotFound: there is none; the message says what there is.
        """
        with self._database.reading() as connection:
            return queries.find(connection, refs.parse(ref))

    def entries(
        self,
        *,
        task: str | None = None,
        name: str | None = None,
        method: str | None = None,
        tags: Sequence[str] = (),
        deleted: bool = False,
        sort: str = "created",
        descending: bool | None = None,
        limit: int | None = None,
    ) -> list[Entry]:
        """List entries, the newest first, or by a figure with the best or smallest first.

        Args:
            tags: those that they must have, as ``key`` or ``key=value``.
            deleted: whether those that can be restored are wanted, instead of those that are there.
            descending: whether the largest comes first; by default as suits the sort key.

        Raises:
            UsageError: there is no such sort key.
        """
        which = queries.wanted(task=task, name=name, method=method, tags=tags, deleted=deleted)
        query = queries.listing(which, sort=sort, descending=descending, limit=limit)
        with self._database.reading() as connection:
            return queries.fetch(connection, query)

    def outlines(self, task: str) -> list[Outline]:
        """List what ranks the entries of a task, the smallest validation loss first."""
        return [Outline.of(entry) for entry in self.entries(task=task, sort="val_loss")]

    def names(self) -> list[str]:
        """The names of all models, in alphabetical order."""
        query = sa.select(t.models.c.name).where(
            t.models.c.id.in_(sa.select(t.entries.c.model).where(t.entries.c.deleted.is_(None)))
        )
        with self._database.reading() as connection:
            return sorted(connection.execute(query).scalars())

    def count(
        self,
        *,
        task: str | None = None,
        name: str | None = None,
        method: str | None = None,
        tags: Sequence[str] = (),
        deleted: bool = False,
    ) -> int:
        """Count entries; the arguments are those of ``entries``."""
        which = queries.wanted(task=task, name=name, method=method, tags=tags, deleted=deleted)
        query = sa.select(sa.func.count(t.entries.c.id)).where(which)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def weights(self, entry: Entry | str) -> Weights:
        """Return an entry's weights; their digest has been checked, and that of its facts.

        Raises:
            CheckFailed: something of it is not as it was stored.
        """
        entry = entry if isinstance(entry, Entry) else self.get(entry)
        with self._database.reading() as connection:
            seals.check(connection, entry.run, Ref(entry.name, entry.version))
            return self._weights.read(connection, entry.weights_digest, entry.ref)

    def dataset(self, digest: str) -> Dataset:
        """Return the examples of a dataset.

        Raises:
            NotFound: there is no such dataset, or its texts were not kept.
            CheckFailed: they are not those that were stored.
        """
        with self._database.reading() as connection:
            return datasets.read(connection, digest)

    def texts(self, digest: str) -> Dataset | None:
        """Return the examples of a dataset, or None where its texts are not kept."""
        try:
            return self.dataset(digest)
        except NotFound:
            return None

    def datasets(self, *, task: str | None = None) -> list[StoredDataset]:
        """List the datasets of a task, or all; the one that was first used last comes first."""
        with self._database.reading() as connection:
            return datasets.listing(connection, _nfc(task))

    def find_dataset(self, which: str) -> StoredDataset:
        """Return the dataset that the beginning of a digest (6 digits) or a reference means.

        Raises:
            NotFound: there is none.
            UsageError: it means more than one.
        """
        with self._database.reading() as connection:
            return datasets.find(connection, which)

    def task(self, name: str) -> Task:
        """Return what the trainings of a task said of it, the last one first; it brings no data.

        Raises:
            NotFound: nothing was stored for such a task.
        """
        with self._database.reading() as connection:
            return datasets.task(connection, _nfc(name) or "")

    def tasks(self) -> list[str]:
        """The names of the tasks that something was trained for, in alphabetical order."""
        with self._database.reading() as connection:
            return datasets.tasks(connection)

    def outputs(self, entry: Entry | str) -> tuple[Outputs, ...]:
        """Return the logits that an entry gave on validation and test."""
        entry = entry if isinstance(entry, Entry) else self.get(entry)
        with self._database.reading() as connection:
            return queries.outputs(connection, entry.run)

    def bases(self) -> list[BaseInfo]:
        """The bases that the registry knows, the oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(sa.select(t.bases).order_by(t.bases.c.created))
            return [rows.base_of(row) for row in found]


def _default_base(connection: sa.Connection) -> BaseInfo | None:
    query = sa.select(t.meta.c.value).where(t.meta.c.key == _DEFAULT_BASE)
    value = connection.execute(query).scalar()
    if value is None:
        return None
    found = sa.select(t.bases).where(t.bases.c.fingerprint == rows.value(value))
    return rows.base_of(connection.execute(found).one())


def _nfc(name: str | None) -> str | None:
    return name and unicodedata.normalize("NFC", name)
