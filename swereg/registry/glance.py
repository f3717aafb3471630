"""The newest entries, without SQLAlchemy: importing it takes longer than all else of a listing.

A glance is for a file that is as usual. Whatever is not (no file, an older schema, one that cannot
be read, a database on a server) is left to ``Registry``, which says in words what is wrong.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from swereg import home
from swereg.records import Entry, Epoch
from swereg.registry import rows
from swereg.registry.marks import APPLICATION_ID, HEAD

MOST = 500  # entries
_TIMEOUT = 5.0  # seconds to wait for a writer, before Registry waits
_FROM = "FROM entries JOIN models ON models.id = entries.model WHERE entries.deleted IS NULL"
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
WHERE entries.id IN ({ids}) ORDER BY entries.id DESC
"""
_EPOCHS = "SELECT * FROM epochs WHERE entry IN ({ids}) ORDER BY entry, number"
_ALIASES = "SELECT entry, alias FROM aliases WHERE entry IN ({ids}) ORDER BY alias"
_TAGS = "SELECT entry, key, value FROM tags WHERE entry IN ({ids}) ORDER BY key"


def newest(
    place: str | Path | None,
    limit: int,
    *,
    task: str | None = None,
    name: str | None = None,
    method: str | None = None,
) -> tuple[list[Entry], int] | None:
    """List the newest entries, and count all that are meant.

    Args:
        place: as for ``Registry.open``.

    Returns:
        As ``Registry.entries`` and ``Registry.count``; None where one has to ask these.

    Raises:
        CheckFailed: an entry cannot be read.
    """
    found = str(place or home.registry_location())
    path = Path(found).expanduser().absolute()
    if limit > MOST or "://" in found or not path.is_file():
        return None
    wanted = {"entries.task": task, "models.name": name, "entries.method": method}
    said = {k: unicodedata.normalize("NFC", v) for k, v in wanted.items() if v is not None}
    meant = " ".join([_FROM, *(f"AND {column} = ?" for column in said)])
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_TIMEOUT,
                                     isolation_level=None)) as database:  # fmt: skip
            database.execute("PRAGMA trusted_schema=OFF")
            database.execute("BEGIN")  # all that follows sees one moment
            if not _is_usual(database):
                return None
            (total,) = database.execute(f"SELECT count(*) {meant}", [*said.values()]).fetchone()
            order = f"SELECT entries.id {meant} ORDER BY entries.id DESC LIMIT ?"
            ids = [row[0] for row in database.execute(order, [*said.values(), limit])]
            return _entries(database, ids), total
    except (sqlite3.Error, OSError, UnicodeDecodeError):
        return None


def _is_usual(database: sqlite3.Connection) -> bool:
    found = [database.execute(f"PRAGMA {mark}").fetchone()[0]
             for mark in ("application_id", "user_version")]  # fmt: skip
    return found == [APPLICATION_ID, HEAD]


def _entries(database: sqlite3.Connection, ids: list[int]) -> list[Entry]:
    """Read entries by their numbers, with curves, aliases and tags."""

    def read(query: str) -> sqlite3.Cursor:
        return database.execute(query.format(ids=", ".join("?" * len(ids))), ids)

    curves: dict[int, list[Epoch]] = {number: [] for number in ids}
    names: dict[int, list[str]] = {number: [] for number in ids}
    tags: dict[int, dict[str, str]] = {number: {} for number in ids}
    for number, *epoch in read(_EPOCHS):
        curves[number].append(Epoch(*epoch))
    for number, alias in read(_ALIASES):
        names[number].append(alias)
    for number, key, value in read(_TAGS):
        tags[number][key] = value
    found = read(_ENTRIES)
    columns = [column[0] for column in found.description]
    every: list[Any] = [SimpleNamespace(**dict(zip(columns, row, strict=True))) for row in found]
    return [rows.entry_of(row, curves[row.id], names[row.id], tags[row.id]) for row in every]
