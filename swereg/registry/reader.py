"""A registry that is only read: without SQLAlchemy where that can be, else by Registry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from swereg.home import locations
from swereg.records import refs
from swereg.records.dataset import Dataset, StoredDataset, Task
from swereg.records.entry import Entry, Outline
from swereg.records.refs import Ref
from swereg.records.training import BaseInfo, Outputs, Weights
from swereg.registry.entries import reading, rows
from swereg.registry.entries.reading import Filters
from swereg.registry.sqlite_file import NeedsRegistry, SqliteFile

if TYPE_CHECKING:
    from swereg.records.history import Event, Move
    from swereg.registry.registry import Registry

T = TypeVar("T")


class Reader:
    """What ``Registry`` reads, with the same methods. It is opened once.

    Args:
        location: as for ``Registry.open``.
    """

    def __init__(self, location: str | Path | None = None) -> None:
        self.location = str(location or locations.registry_location())
        self._path = Path(self.location).expanduser().absolute()
        self._file = self._open_file()
        self._registry: Registry | None = None

    def _open_file(self) -> SqliteFile | None:
        try:
            if "://" in self.location or not self._path.is_file():
                return None
            return SqliteFile.open(self._path)
        except (NeedsRegistry, OSError, ValueError):
            return None

    def close(self) -> None:
        """Close what was opened."""
        for opened in (self._file, self._registry):
            if opened is not None:
                opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, read: Callable[[SqliteFile], T], otherwise: Callable[[Registry], T]) -> T:
        if self._file is not None:
            try:
                with self._file.moment():
                    return read(self._file)
            except NeedsRegistry:
                pass
        return otherwise(self.whole())

    def whole(self) -> Registry:
        """Return the registry itself, opened where it was not."""
        if self._registry is None:
            from swereg.registry.registry import Registry

            self._registry = Registry.open(self.location)
        return self._registry

    # --- entries ----------------------------------------------------------------------------

    def get(self, ref: str | Ref) -> Entry:
        """Return the entry that a reference means now."""
        reference = refs.parse_ref(ref)
        return self._ask(lambda f: _find_entry(f, reference), lambda r: r.get(reference))

    def entries(
        self,
        *,
        sort: str = "created",
        descending: bool | None = None,
        limit: int | None = None,
        **filters: Any,
    ) -> list[Entry]:
        """List entries; the arguments are those of ``Registry.entries``."""
        order: dict[str, Any] = {"sort": sort, "descending": descending, "limit": limit}
        return self._ask(
            lambda f: reading.list_entries(f, Filters.of(**filters), **order),
            lambda r: r.entries(**filters, **order),
        )

    def count(self, **filters: Any) -> int:
        """Count entries."""
        return self._ask(lambda f: f.counted(Filters.of(**filters)), lambda r: r.count(**filters))

    def outlines(self, task: str) -> list[Outline]:
        """List what ranks the entries of a task, the smallest validation loss first."""
        return self._ask(
            lambda f: rows.outlines_of_rows(f.rows("outlines", task=reading.nfc(task))),
            lambda r: r.outlines(task),
        )

    def outputs(self, entry: Entry) -> tuple[Outputs, ...]:
        """Return the logits that an entry gave on validation and test."""
        return self._ask(lambda f: reading.read_outputs(f, entry.run), lambda r: r.outputs(entry))

    def weights(self, entry: Entry) -> Weights:
        """Return an entry's weights; their digest has been checked, and that of its facts."""

        from swereg.registry.entries.seals import check_seal
        from swereg.registry.entries.weights import WeightStore

        def read(file: SqliteFile) -> Weights:
            check_seal(file, entry.run, Ref(entry.name, entry.version))
            store = WeightStore.beside(self._path)
            return store.read(file, entry.weights_digest, entry.ref)

        return self._ask(read, lambda r: r.weights(entry))

    # --- names, aliases, bases and what happened --------------------------------------------

    def names(self) -> list[str]:
        """The names of all models, in alphabetical order."""
        return self._ask(reading.model_names, lambda r: r.names())

    def tasks(self) -> list[str]:
        """The names of the tasks that something was trained for, in alphabetical order."""
        from swereg.registry.entries.datasets import task_names

        return self._ask(task_names, lambda r: r.tasks())

    def task(self, name: str) -> Task:
        """Return what the trainings of a task said of it, the last one first."""
        from swereg.registry.entries.datasets import read_task

        return self._ask(lambda f: read_task(f, name), lambda r: r.task(name))

    @property
    def default_base(self) -> BaseInfo | None:
        """The base that the registry takes when none is named, or None before there is one."""
        return self._ask(reading.default_base, lambda r: r.default_base)

    def aliases(self, name: str | None = None) -> dict[str, str]:
        """The aliases, such as ``{"sentiment@prod": "sentiment/3"}``."""
        return self._ask(lambda f: reading.read_aliases(f, name), lambda r: r.aliases(name))

    def alias_log(self, ref: str | Ref | None = None) -> list[Move]:
        """The moves of one alias, of a model's aliases or of all, the newest first."""
        about = None if ref is None else refs.parse_ref(ref)
        return self._ask(
            lambda f: reading.alias_moves(f, about)[::-1], lambda r: r.alias_log(about)
        )

    def log(self, ref: str | Ref | None = None, *, limit: int | None = None) -> list[Event]:
        """What happened, the newest first: to everything, or to a model, version or alias."""

        def read(file: SqliteFile) -> list[Event]:
            about = None if ref is None else refs.parse_ref(ref)
            if about is not None and about.alias in (refs.LATEST, refs.BEST):
                entry = _find_entry(file, about)
                about = Ref(entry.name, entry.version)
            events = reading.read_events(file, about, limit)
            if about is not None and not events:
                raise NeedsRegistry  # it says what there is
            return events

        return self._ask(read, lambda r: r.log(ref, limit=limit))

    # --- datasets ---------------------------------------------------------------------------

    def datasets(self, *, task: str | None = None) -> list[StoredDataset]:
        """List the datasets of a task, or all."""
        from swereg.registry.entries.datasets import list_datasets

        return self._ask(lambda f: list_datasets(f, task), lambda r: r.datasets(task=task))

    def find_dataset(self, digest_or_ref: str) -> StoredDataset:
        """Return the dataset that the beginning of a digest or a reference means."""
        from swereg.registry.entries.datasets import find_dataset

        return self._ask(
            lambda f: find_dataset(f, digest_or_ref, lambda ref: _find_entry(f, ref)),
            lambda r: r.find_dataset(digest_or_ref),
        )

    def dataset(self, digest: str) -> Dataset:
        """Return the examples of a dataset."""
        from swereg.registry.entries.datasets import read_dataset

        return self._ask(lambda f: read_dataset(f, digest), lambda r: r.dataset(digest))

    def texts(self, digest: str) -> Dataset | None:
        """Return the examples of a dataset, or None where its texts are not kept."""
        from swereg.registry.entries.datasets import read_texts

        return self._ask(lambda f: read_texts(f, digest), lambda r: r.texts(digest))


def _find_entry(file: SqliteFile, ref: Ref) -> Entry:
    entry = reading.get_entry(file, ref)
    if entry is None:
        raise NeedsRegistry  # it says what there is
    return entry
