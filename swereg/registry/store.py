"""The registry: entries go in whole, and come out as they went in."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from swereg import home, refs
from swereg.errors import NotFound, StorageError, UsageError
from swereg.records import BaseInfo, Dataset, Entry, NewEntry, Outputs, Weights
from swereg.refs import Ref
from swereg.registry import queries, rows
from swereg.registry import tables as t
from swereg.registry.connection import Database
from swereg.registry.inserts import insert_dataset, insert_new, next_version, record_event
from swereg.registry.schema import open_database
from swereg.registry.weights import IN_DATABASE, WeightStore

_DEFAULT_BASE = "default_base"
_NEEDED_SPACE = 16 * 2**20  # bytes that an adapter and its transaction need, with room to spare

# sort key: expression, whether the largest comes first
_SORTS: Mapping[str, tuple[Any, bool]] = {
    "created": (t.entries.c.id, True),
    "ref": (t.models.c.name, False),
    "task": (t.entries.c.task, False),
    "method": (t.entries.c.method, False),
    "val_loss": (t.entries.c.val_loss, False),
    "accuracy": (t.entries.c.accuracy, True),
    "macro_f1": (t.entries.c.macro_f1, True),
    "trainable": (t.entries.c.trainable, False),
    "size": (t.entries.c.size, False),
    "seconds": (t.entries.c.seconds, False),
}


@dataclass(frozen=True)
class Event:
    """Something that happened: who did what to what, when (UTC)."""

    at: str
    actor: str
    verb: str
    subject: str
    detail: str


class Registry:
    """Trained entries in one SQLite file. Open one with Registry.open."""

    def __init__(self, database: Database, weights: WeightStore) -> None:
        self._database = database
        self._weights = weights

    @classmethod
    def open(
        cls,
        location: str | Path | None = None,
        *,
        create: bool = False,
        timeout: float = 30.0,
        largest_in_database: int = IN_DATABASE,
    ) -> Self:
        """Open a registry; an older schema is backed up and upgraded.

        Args:
            location: a SQLite file, or the URL of a database server (experimental); by default
                ``SWEREG_REGISTRY`` or the user's data folder.
            create: whether to make it where it does not exist.
            timeout: seconds to wait for other writers.
            largest_in_database: weights of more bytes go to a folder beside the file.

        Raises:
            NotFound: there is none.
            StorageError: what is there is no registry, or cannot be read.
            SchemaMismatch: a newer swereg wrote it.
        """
        place = str(location or home.registry_location())
        database = open_database(place, create=create, timeout=timeout)
        file = database.path or home.data_folder() / "registry.db"
        folder = file.with_name(f"{file.stem}-weights")
        return cls(database, WeightStore(folder, largest_in_database))

    @property
    def location(self) -> str:
        """The file or URL."""
        return self._database.location

    def close(self) -> None:
        """Close the registry."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- writing ----------------------------------------------------------------------------

    def check_writable(self) -> None:
        """Refuse early what would fail late: a registry that cannot be written, a full disk.

        Raises:
            StorageError: it is read-only, or there is too little space.
            Busy: another process writes all the time.
        """
        with self._database.writing():
            pass
        if self._database.path is not None:
            free = shutil.disk_usage(self._database.path.parent).free
            if free < _NEEDED_SPACE:
                raise StorageError(
                    "the disk is nearly full",
                    why=f"{free:,} bytes are free at {self.location}, "
                    f"{_NEEDED_SPACE:,} are needed.",
                    hint="Free some space, or name another registry with --registry.",
                    code="storage.full",
                )

    def add(self, new: NewEntry, *, keep_data: bool = True) -> Entry:
        """Store one training, whole or not at all.

        A run that is already stored gives the entry that there is.

        Args:
            keep_data: whether to keep the texts, or only their digest and number.

        Raises:
            Conflict: the name belongs to another task.
            CheckFailed: weights or outputs are not what they say.
        """
        name = refs.check_name(new.name)
        try:
            weights = self._weights.row(new.fitted.weights)
            dataset = rows.dataset_row(new.dataset, keep=keep_data)
            rows.text([rows.entry_row(new, 0, 0), rows.epoch_rows(new.fitted.epochs, 0)])
        except ValueError as fault:
            raise UsageError(
                "a figure of this training is not finite", why=str(fault), code="entry.nan"
            ) from fault
        with self._database.writing() as connection:
            known = connection.execute(queries.by_run(new.run)).first()
            if known is not None:
                return queries.fetch(connection, queries.by_run(new.run))[0]
            insert_new(connection, t.tasks, rows.task_row(new.task))
            insert_new(connection, t.bases, rows.base_row(new.base))
            insert_new(connection, t.weights, weights)
            insert_dataset(connection, dataset)
            model, version = next_version(connection, name, new.task.name)
            row = rows.entry_row(new, model, version)
            entry = connection.execute(
                sa.insert(t.entries).returning(t.entries.c.id), row
            ).scalar_one()
            connection.execute(sa.insert(t.epochs), rows.epoch_rows(new.fitted.epochs, entry))
            connection.execute(sa.insert(t.outputs), rows.output_rows(new.fitted.outputs, entry))
            record_event(connection, "train", f"{name}/{version}", {"run": new.run})
            return queries.fetch(connection, queries.by_run(new.run))[0]

    def alias(self, ref: str | Ref, alias: str, *, message: str = "") -> Entry:
        """Point an alias of a model to one of its entries; return the entry.

        Raises:
            NotFound: there is no such entry.
            UsageError: the alias cannot be set.
        """
        alias = refs.check_alias(alias)
        with self._database.writing() as connection:
            entry = queries.find(connection, refs.parse(ref))
            ids = connection.execute(
                sa.select(t.entries.c.id, t.entries.c.model).where(t.entries.c.run == entry.run)
            ).one()
            here = (t.aliases.c.model == ids.model) & (t.aliases.c.alias == alias)
            before = connection.execute(
                sa.select(t.entries.c.version)
                .join(t.aliases, t.aliases.c.entry == t.entries.c.id)
                .where(here)
            ).scalar()
            connection.execute(sa.delete(t.aliases).where(here))
            connection.execute(
                sa.insert(t.aliases).values(
                    model=ids.model, alias=alias, entry=ids.id, created=rows.now()
                )
            )
            change = {"from": before, "to": entry.version, "message": message}
            record_event(connection, "alias", f"{entry.name}@{alias}", change)
            return queries.fetch(connection, queries.by_run(entry.run))[0]

    def set_default_base(self, base: BaseInfo) -> BaseInfo:
        """Make a base the registry's own if it has none yet; return the registry's own."""
        with self._database.writing() as connection:
            insert_new(connection, t.bases, rows.base_row(base))
            insert_new(
                connection, t.meta, {"key": _DEFAULT_BASE, "value": rows.text(base.fingerprint)}
            )
        stored = self.default_base
        return base if stored is None else stored

    # --- reading ----------------------------------------------------------------------------

    @property
    def default_base(self) -> BaseInfo | None:
        """The base that the registry takes when none is named, or None before the first entry."""
        with self._database.reading() as connection:
            value = connection.execute(
                sa.select(t.meta.c.value).where(t.meta.c.key == _DEFAULT_BASE)
            ).scalar()
            if value is None:
                return None
            found = t.bases.c.fingerprint == rows.value(value)
            return rows.base_of(connection.execute(sa.select(t.bases).where(found)).one())

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
        sort: str = "created",
        limit: int | None = None,
    ) -> list[Entry]:
        """List entries, the newest first, or by a figure with the best or smallest first.

        Raises:
            UsageError: there is no such sort key.
        """
        if sort not in _SORTS:
            raise UsageError(
                f"entries cannot be sorted by {sort!r}",
                why=f"They can be by {', '.join(_SORTS)}.",
                code="list.sort",
            )
        key, largest_first = _SORTS[sort]
        query = rows.select_entries().order_by(
            key.desc() if largest_first else key, t.entries.c.id.desc()
        )
        wanted = {t.entries.c.task: task, t.models.c.name: name, t.entries.c.method: method}
        for column, value in wanted.items():
            if value is not None:
                query = query.where(column == value)
        with self._database.reading() as connection:
            return queries.fetch(connection, query.limit(limit))

    def count(self) -> int:
        """The number of entries."""
        query = sa.select(sa.func.count()).where(t.entries.c.deleted.is_(None))
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def weights(self, entry: Entry | str) -> Weights:
        """Return an entry's weights; their digest has been checked.

        Raises:
            CheckFailed: they are not those that were stored.
        """
        entry = entry if isinstance(entry, Entry) else self.get(entry)
        with self._database.reading() as connection:
            return self._weights.read(connection, entry.weights_digest, entry.ref)

    def dataset(self, digest: str) -> Dataset:
        """Return the examples of a dataset.

        Raises:
            NotFound: there is no such dataset, or its texts were not kept.
            CheckFailed: they are not those that were stored.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                sa.select(t.datasets).where(t.datasets.c.digest == digest)
            ).first()
        if row is None or row.content is None:
            raise NotFound(
                f"the texts of dataset {digest[:12]} are not in the registry",
                why="They were not kept." if row else "There is no such dataset.",
                code="dataset.missing",
            )
        return rows.dataset_of(row)

    def outputs(self, entry: Entry | str) -> tuple[Outputs, ...]:
        """Return the logits that an entry gave on validation and test."""
        entry = entry if isinstance(entry, Entry) else self.get(entry)
        query = (
            sa.select(t.outputs)
            .join(t.entries, t.entries.c.id == t.outputs.c.entry)
            .where(t.entries.c.run == entry.run)
            .order_by(t.outputs.c.split.desc())
        )
        with self._database.reading() as connection:
            return tuple(rows.outputs_of(row) for row in connection.execute(query))

    def aliases(self, name: str | None = None) -> dict[str, str]:
        """The aliases, such as ``{"sentiment@prod": "sentiment/3"}``."""
        query = (
            sa.select(t.models.c.name, t.aliases.c.alias, t.entries.c.version)
            .join(t.models, t.models.c.id == t.aliases.c.model)
            .join(t.entries, t.entries.c.id == t.aliases.c.entry)
            .order_by(t.models.c.name, t.aliases.c.alias)
        )
        if name is not None:
            query = query.where(t.models.c.name == name)
        with self._database.reading() as connection:
            found = connection.execute(query).all()
        return {f"{row.name}@{row.alias}": f"{row.name}/{row.version}" for row in found}

    def bases(self) -> list[BaseInfo]:
        """The bases that entries sit on, the oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(sa.select(t.bases).order_by(t.bases.c.created))
            return [rows.base_of(row) for row in found]

    def events(self, limit: int | None = None) -> list[Event]:
        """What happened, the newest first."""
        query = sa.select(t.events).order_by(t.events.c.id.desc()).limit(limit)
        with self._database.reading() as connection:
            return [
                Event(row.at, row.actor, row.verb, row.subject, row.detail)
                for row in connection.execute(query)
            ]
