"""What a registry holds, read through SQLAlchemy: entries, weights, texts, aliases, tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from swereg.records import refs
from swereg.records.dataset import Dataset, StoredDataset, Task
from swereg.records.entry import Entry, Outline
from swereg.records.refs import Ref
from swereg.records.training import BaseInfo, Outputs, Weights
from swereg.registry.entries import rows
from swereg.registry.entries.datasets import (
    find_dataset,
    list_datasets,
    read_dataset,
    read_task,
    read_texts,
    task_names,
)
from swereg.registry.entries.lookup import find_entry
from swereg.registry.entries.queries import OUTLINES, Selects
from swereg.registry.entries.reading import (
    Filters,
    default_base,
    list_entries,
    model_names,
    nfc,
    read_outputs,
)
from swereg.registry.entries.seals import check_seal
from swereg.registry.entries.weights import Opened


class Retrieval(Opened):
    """The reading half of a registry. ``reader.Reader`` has the same without SQLAlchemy."""

    @contextmanager
    def _reading(self) -> Iterator[Selects]:
        """Let all that is read inside be of one moment."""
        with self._database.reading() as connection:
            yield Selects(connection)

    @property
    def default_base(self) -> BaseInfo | None:
        """The base that the registry takes when none is named, or None before there is one."""
        with self._reading() as source:
            return default_base(source)

    def get(self, ref: str | Ref) -> Entry:
        """Return the entry that a reference means now.

        Raises:
            NotFound: there is none; the message says what there is.
        """
        with self._database.reading() as connection:
            return find_entry(connection, refs.parse_ref(ref))

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
            deleted: whether those that can be restored are listed, instead of those that are there.
            descending: whether the largest comes first; by default as suits the sort key.

        Raises:
            UsageError: there is no such sort key.
        """
        filters = Filters.of(task=task, name=name, method=method, tags=tags, deleted=deleted)
        with self._reading() as source:
            return list_entries(source, filters, sort=sort, descending=descending, limit=limit)

    def outlines(self, task: str) -> list[Outline]:
        """List what ranks the entries of a task, the smallest validation loss first."""
        if self._database.path is None:  # the query is of SQLite's JSON
            return [Outline.of(entry) for entry in self.entries(task=task, sort="val_loss")]
        with self._database.reading() as connection:
            return rows.outlines_of_rows(connection.execute(OUTLINES, {"task": nfc(task)}))

    def names(self) -> list[str]:
        """The names of all models, in alphabetical order."""
        with self._reading() as source:
            return model_names(source)

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
        filters = Filters.of(task=task, name=name, method=method, tags=tags, deleted=deleted)
        with self._reading() as source:
            return source.counted(filters)

    def weights(self, entry: Entry | str) -> Weights:
        """Return an entry's weights; their digest has been checked, and that of its facts.

        Raises:
            CheckFailed: something of it is not as it was stored.
        """
        entry = entry if isinstance(entry, Entry) else self.get(entry)
        with self._reading() as source:
            check_seal(source, entry.run, Ref(entry.name, entry.version))
            return self._weights.read(source, entry.weights_digest, entry.ref)

    def dataset(self, digest: str) -> Dataset:
        """Return the examples of a dataset.

        Raises:
            NotFound: there is no such dataset, or its texts were not kept.
            CheckFailed: they are not those that were stored.
        """
        with self._reading() as source:
            return read_dataset(source, digest)

    def texts(self, digest: str) -> Dataset | None:
        """Return the examples of a dataset, or None where its texts are not kept."""
        with self._reading() as source:
            return read_texts(source, digest)

    def datasets(self, *, task: str | None = None) -> list[StoredDataset]:
        """List the datasets of a task, or all; the one that was first used last comes first."""
        with self._reading() as source:
            return list_datasets(source, task)

    def find_dataset(self, digest_or_ref: str) -> StoredDataset:
        """Return the dataset that the beginning of a digest (6 digits) or a reference means.

        Raises:
            NotFound: there is none.
            UsageError: it means more than one.
        """
        with self._database.reading() as connection:
            return find_dataset(Selects(connection), digest_or_ref, partial(find_entry, connection))

    def task(self, name: str) -> Task:
        """Return what the trainings of a task said of it, the last one first; it brings no data.

        Raises:
            NotFound: nothing was stored for such a task.
        """
        with self._reading() as source:
            return read_task(source, name)

    def tasks(self) -> list[str]:
        """The names of the tasks that something was trained for, in alphabetical order."""
        with self._reading() as source:
            return task_names(source)

    def outputs(self, entry: Entry | str) -> tuple[Outputs, ...]:
        """Return the logits that an entry gave on validation and test."""
        entry = entry if isinstance(entry, Entry) else self.get(entry)
        with self._reading() as source:
            return read_outputs(source, entry.run)

    def bases(self) -> list[BaseInfo]:
        """The bases that the registry knows, the oldest first."""
        with self._reading() as source:
            return [rows.base_of_row(row) for row in source.rows("bases")]
