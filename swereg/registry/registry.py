"""The registry: entries go in whole, and come out as they went in."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

from swereg.errors import StorageError
from swereg.home import locations
from swereg.records.dataset import Forgotten
from swereg.records.entry import Entry, NewEntry
from swereg.records.training import BaseInfo
from swereg.registry import opening
from swereg.registry.changes.forgetting import erase_texts
from swereg.registry.database import tables as t
from swereg.registry.database.header import has_texts, registries_beside
from swereg.registry.entries import rows
from swereg.registry.entries.admission import check_new_entry
from swereg.registry.entries.datasets import (
    find_dataset,
)
from swereg.registry.entries.inserts import NewRows, insert_entry, insert_new
from swereg.registry.entries.lookup import entry_of_run, find_entry
from swereg.registry.entries.queries import Selects
from swereg.registry.entries.reading import (
    DEFAULT_BASE,
    default_base,
)
from swereg.registry.entries.weights import IN_DATABASE, WeightStore
from swereg.registry.lifecycle import Life
from swereg.registry.maintenance import Care
from swereg.registry.retrieval import Retrieval
from swereg.registry.transfer import Carrying

_NEEDED_SPACE = 16 * 2**20  # bytes that an adapter and its transaction need, with room to spare


class Registry(Retrieval, Life, Care, Carrying):
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
        return cls(database, WeightStore.beside(file, largest_in_database))

    @staticmethod
    def upgrade(location: str | Path | None = None) -> None:
        """Make or upgrade the tables of a PostgreSQL database; a file is upgraded when opened."""
        opening.upgrade_database(str(location or locations.registry_location()))

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
        new = check_new_entry(new)
        ready = NewRows.of(new, self._weights.row(new.fitted.weights), keep_data=keep_data)
        with self._database.writing() as connection:
            if entry_of_run(connection, new.run) is None:
                self._weights.ensure(new.fitted.weights, ready.weights)
                insert_entry(connection, ready, created)
            entry = entry_of_run(connection, new.run)
        assert entry is not None  # noqa: S101 - it was inserted where it was not
        return entry

    def forget(self, digest_or_ref: str) -> Forgotten:
        """Erase the texts of a dataset; its digest and counts stay, and entries with their scores.

        No trace of the texts is left in the registry's file. Copies beside it are named.

        Args:
            digest_or_ref: the beginning of a digest, or a reference.

        Raises:
            NotFound: there is no such dataset.
        """
        with self._database.writing() as connection:
            dataset = find_dataset(
                Selects(connection), digest_or_ref, partial(find_entry, connection)
            )
            if dataset.kept:
                erase_texts(connection, dataset.digest, freed=dataset.size or 0)
        self._database.rewrite()
        has = {path: has_texts(path, dataset.digest) for path in self._copies()}
        return Forgotten(
            dataset=replace(dataset, size=None),
            freed=dataset.size or 0,
            copies=tuple(path for path, with_texts in has.items() if with_texts),
            unread=tuple(path for path, with_texts in has.items() if with_texts is None),
        )

    def _copies(self) -> list[Path]:
        return list(registries_beside(self._database.path)) if self._database.path else []

    def set_default_base(self, base: BaseInfo) -> BaseInfo:
        """Make a base the registry's own if it has none yet; return the registry's own."""
        with self._database.writing() as connection:
            insert_new(connection, t.bases, rows.base_row(base))
            value = rows.to_json(base.fingerprint)
            insert_new(connection, t.meta, {"key": DEFAULT_BASE, "value": value})
            stored = default_base(Selects(connection))
        assert stored is not None  # noqa: S101 - it was inserted where it was not
        return stored
