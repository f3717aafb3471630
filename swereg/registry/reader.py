"""Reading a registry without SQLAlchemy: importing it takes longer than most that is read.

A glance is for a file that is as usual. Whatever is not (no file, an older schema, one that cannot
be read, a database on a server, a name that means nothing) is left to ``Registry``, which says in
words what is wrong; ``Reader`` asks the one and then the other.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from swereg.home import locations
from swereg.records import refs
from swereg.records.dataset import Dataset
from swereg.records.entry import Entry, Outline
from swereg.records.training import Epoch, Outputs
from swereg.registry.database.header import APPLICATION_ID, HEAD
from swereg.registry.entries import rows

if TYPE_CHECKING:
    from swereg.registry.registry import Registry

T = TypeVar("T")

_AT_ONCE = 500  # entries per query; SQLite before 3.32 takes no more than 999 marks
_TIMEOUT = 5.0  # seconds to wait for a writer, before Registry waits
_FROM = "FROM entries JOIN models ON models.id = entries.model"
_FILTERS = {"task": "entries.task", "name": "models.name", "method": "entries.method"}
_ORDERS = {
    "created": "entries.id DESC",
    "ref": "models.name",
    "task": "entries.task",
    "method": "entries.method",
    "val_loss": "entries.val_loss",
    "accuracy": "entries.accuracy DESC",
    "macro_f1": "entries.macro_f1 DESC",
    "trainable": "entries.trainable",
    "size": "entries.size",
    "seconds": "entries.seconds",
}
_ENTRIES = """
SELECT entries.id, entries.version, entries.run, entries.task, entries.method, entries.labels,
    entries.base, entries.base_name, entries.base_revision, entries.dataset, entries.weights,
    entries.size, entries.recipe, entries.trainable, entries.total, entries.best_epoch,
    entries.scores, entries.seconds, entries.cut, entries.environment, entries.origin,
    entries.note, entries.created, entries.deleted,
    models.name AS model_name, bases.architecture, bases.parameters, bases.hidden_size,
    bases.max_length, bases.recommended,
    datasets.train, datasets.val, datasets.test, datasets.source,
    tasks.description AS task_description, tasks.source AS task_source,
    tasks.licence AS task_licence, tasks.homepage AS task_homepage,
    tasks.citation AS task_citation, tasks.metric AS task_metric
FROM entries JOIN models ON models.id = entries.model JOIN tasks ON tasks.name = entries.task
    LEFT JOIN bases ON bases.fingerprint = entries.base
    LEFT JOIN datasets ON datasets.digest = entries.dataset
WHERE entries.id IN ({ids})
"""
_OUTLINES = f"""
SELECT entries.labels, entries.dataset, entries.base, json_remove(entries.recipe, '$.seed'),
    entries.origin <> '{{}}', json_extract(entries.recipe, '$.seed'), entries.scores,
    models.name, entries.version, entries.task, entries.method, tasks.metric, entries.created,
    entries.trainable, entries.total, entries.size, entries.seconds
{_FROM} JOIN tasks ON tasks.name = entries.task
WHERE entries.deleted IS NULL AND entries.task = ? ORDER BY {_ORDERS["val_loss"]} NULLS LAST,
    entries.id DESC
"""
_EPOCHS = "SELECT * FROM epochs WHERE entry IN ({ids}) ORDER BY entry, number"
_ALIASES = "SELECT entry, alias FROM aliases WHERE entry IN ({ids}) ORDER BY alias"
_TAGS = "SELECT entry, key, value FROM tags WHERE entry IN ({ids}) ORDER BY key"
_NAMED = f"SELECT entries.id {_FROM} WHERE deleted IS NULL AND models.name = ?"
_ALIASED = " AND entries.id = (SELECT entry FROM aliases WHERE model = models.id AND alias = ?)"
_AT_ALIAS = _NAMED + _ALIASED
_NEWEST = f"{_NAMED} ORDER BY version DESC LIMIT 1"
_OUTPUTS = """
SELECT outputs.* FROM outputs JOIN entries ON entries.id = entry WHERE run = ? ORDER BY split DESC
"""
_TEXTS = "SELECT * FROM datasets WHERE digest = ? AND content IS NOT NULL"


class Unusual(Exception):
    """A glance is not enough."""


class Reader:
    """A registry that is only read, at a glance where that will do. The methods are Registry's.

    Args:
        place: as for ``Registry.open``.
    """

    def __init__(self, place: str | Path | None) -> None:
        self._place = place
        self._glance = Glance.at(place)
        self._whole: Registry | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for opened in (self._glance, self._whole):
            if opened is not None:
                opened.close()

    def entries(self, **wanted: Any) -> list[Entry]:
        """List entries."""
        return self._ask(lambda g: g.entries(**wanted), lambda r: r.entries(**wanted))

    def count(self, **wanted: Any) -> int:
        """Count entries."""
        return self._ask(lambda g: g.count(**wanted), lambda r: r.count(**wanted))

    def get(self, ref: str) -> Entry:
        """Return the entry that a reference means now."""
        return self._ask(lambda g: g.get(ref), lambda r: r.get(ref))

    def outlines(self, task: str) -> list[Outline]:
        """List what ranks the entries of a task, the smallest validation loss first."""
        return self._ask(lambda g: g.outlines(task), lambda r: r.outlines(task))

    def outputs(self, entry: Entry) -> tuple[Outputs, ...]:
        """Return the logits that an entry gave on validation and test."""
        return self._ask(lambda g: g.outputs(entry), lambda r: r.outputs(entry))

    def texts(self, digest: str) -> Dataset | None:
        """Return the examples of a dataset, or None where its texts are not kept."""
        return self._ask(lambda g: g.texts(digest), lambda r: r.texts(digest))

    def _ask(self, look: Callable[[Glance], T], otherwise: Callable[[Registry], T]) -> T:
        if self._glance is not None:
            try:
                return look(self._glance)
            except Unusual:
                pass
        if self._whole is None:
            from swereg.registry.registry import Registry

            self._whole = Registry.open(self._place)
        return otherwise(self._whole)


class Glance:
    """A registry file that is as usual. Every method raises Unusual where it cannot tell."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @classmethod
    def at(cls, place: str | Path | None) -> Glance | None:
        """Open a file, or give up."""
        found = str(place or locations.registry_location())
        path = Path(found).expanduser().absolute()
        try:
            if "://" in found or not path.is_file():
                return None
            uri = f"{path.as_uri()}?mode=ro"
            database = sqlite3.connect(uri, uri=True, timeout=_TIMEOUT, isolation_level=None)
        except (sqlite3.Error, OSError, ValueError):
            return None
        try:
            database.execute("PRAGMA trusted_schema=OFF")
            marks = [
                database.execute(f"PRAGMA {mark}").fetchone()[0]
                for mark in ("application_id", "user_version")
            ]
        except sqlite3.Error:
            marks = []
        if marks != [APPLICATION_ID, HEAD]:
            database.close()
            return None
        return cls(database)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def entries(
        self,
        *,
        sort: str = "created",
        limit: int | None = None,
        tags: Sequence[str] = (),
        deleted: bool = False,
        **wanted: str | None,
    ) -> list[Entry]:
        """List entries, as ``Registry.entries``."""
        if tags or deleted or sort not in _ORDERS:
            raise Unusual
        meant, said = _meant(wanted)
        order = f"{_ORDERS[sort]} NULLS LAST, entries.id DESC LIMIT ?"
        most = -1 if limit is None else limit
        with self._moment():
            ids = self._numbers(f"SELECT entries.id {meant} ORDER BY {order}", *said, most)
            # one even where there is none: so tables that are not as usual are found out
            starts = range(0, max(1, len(ids)), _AT_ONCE)
            return [e for start in starts for e in self._entries(ids[start : start + _AT_ONCE])]

    def count(
        self, *, tags: Sequence[str] = (), deleted: bool = False, **wanted: str | None
    ) -> int:
        """Count entries, as ``Registry.count``."""
        if tags or deleted:
            raise Unusual
        meant, said = _meant(wanted)
        with self._moment():
            return self._numbers(f"SELECT count(*) {meant}", *said)[0]

    def outlines(self, task: str) -> list[Outline]:
        """List what ranks the entries of a task, as ``Registry.outlines``."""
        with self._moment():
            found = list(self._database.execute(_OUTLINES, [unicodedata.normalize("NFC", task)]))
        return rows.outlines_of(found)

    def get(self, ref: str) -> Entry:
        """Return the entry that a reference means now, as ``Registry.get``."""
        meant = refs.parse(ref)
        queries: list[tuple[Any, ...]]
        if meant.version is not None:
            queries = [(f"{_NAMED} AND version = ?", meant.version)]
        elif meant.alias is None:
            queries = [(_AT_ALIAS, refs.DEFAULT_ALIAS), (_NEWEST,)]
        elif meant.alias == refs.LATEST:
            queries = [(_NEWEST,)]
        elif meant.alias == refs.BEST:
            raise Unusual
        else:
            queries = [(_AT_ALIAS, meant.alias)]
        with self._moment():
            for query, *more in queries:
                ids = self._numbers(query, meant.name, *more)
                if ids:
                    return self._entries(ids)[0]
        raise Unusual  # there is none, and Registry says what there is

    def outputs(self, entry: Entry) -> tuple[Outputs, ...]:
        """Return an entry's outputs, as ``Registry.outputs``."""
        with self._moment():
            return tuple(map(rows.outputs_of, self._rows(_OUTPUTS, entry.run)))

    def texts(self, digest: str) -> Dataset | None:
        """Return the examples of a dataset, as ``Registry.texts``."""
        with self._moment():
            found = self._rows(_TEXTS, digest)
            return rows.dataset_of(found[0]) if found else None

    @contextmanager
    def _moment(self) -> Iterator[None]:
        """Let all that is read inside be of one moment."""
        try:
            self._database.execute("BEGIN")
            try:
                yield
            finally:
                self._database.execute("ROLLBACK")
        except (sqlite3.Error, UnicodeDecodeError) as fault:
            raise Unusual from fault

    def _numbers(self, query: str, *values: object) -> list[int]:
        return [row[0] for row in self._database.execute(query, values)]

    def _rows(self, query: str, *values: object) -> list[Any]:
        """Rows with their columns as attributes."""
        found = self._database.execute(query, values)
        columns = [column[0] for column in found.description]
        return [SimpleNamespace(**dict(zip(columns, row, strict=True))) for row in found]

    def _entries(self, ids: list[int]) -> list[Entry]:
        """Read entries by their numbers, in that order, with curves, aliases and tags."""
        marks = ", ".join("?" * len(ids))
        curves: dict[int, list[Epoch]] = {number: [] for number in ids}
        names: dict[int, list[str]] = {number: [] for number in ids}
        tags: dict[int, dict[str, str]] = {number: {} for number in ids}
        for number, *epoch in self._database.execute(_EPOCHS.format(ids=marks), ids):
            curves[number].append(Epoch(*epoch))
        for number, alias in self._database.execute(_ALIASES.format(ids=marks), ids):
            names[number].append(alias)
        for number, key, value in self._database.execute(_TAGS.format(ids=marks), ids):
            tags[number][key] = value
        found = {row.id: row for row in self._rows(_ENTRIES.format(ids=marks), *ids)}
        return [rows.entry_of(found[n], curves[n], names[n], tags[n]) for n in ids]


def _meant(wanted: dict[str, str | None]) -> tuple[str, list[str]]:
    """Say which entries are meant, from FROM on, and the values of its marks."""
    said = {
        _FILTERS[k]: unicodedata.normalize("NFC", v) for k, v in wanted.items() if v is not None
    }
    where = " AND ".join(["entries.deleted IS NULL", *(f"{column} = ?" for column in said)])
    return f"{_FROM} WHERE {where}", list(said.values())
