"""What a registry says, read with SQL alone: no line of swereg is trusted here."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

_FACTS = """
SELECT 'entry ' || run, m.name || '/' || version || ' ' || weights || ' ' ||
       coalesce(dataset, '') || ' ' || (SELECT group_concat(value, '|') FROM json_each(labels))
  FROM entries e JOIN models m ON m.id = e.model
UNION ALL SELECT 'note ' || run, note FROM entries
UNION ALL SELECT 'deleted ' || run, 'yes' FROM entries WHERE deleted IS NOT NULL
UNION ALL SELECT 'tag ' || run || ' ' || key, value FROM tags JOIN entries e ON e.id = entry
UNION ALL SELECT 'alias ' || m.name || '@' || alias, m.name || '/' || version
  FROM aliases a JOIN models m ON m.id = a.model JOIN entries e ON e.id = a.entry
UNION ALL SELECT 'texts ' || digest, iif(content IS NULL, 'erased', 'kept') FROM datasets
UNION ALL SELECT 'default base', value ->> '$' FROM meta WHERE key = 'default_base'
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open a registry's file as SQLite does by default; a journal that was left is played back."""
    return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=30)


def exists(path: Path) -> bool:
    """Whether there is a registry: a file with tables, not one that was only just made."""
    if not path.exists():
        return False
    db = connect(path)
    try:
        return bool(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    finally:
        db.close()


def facts(db: sqlite3.Connection) -> dict[str, str]:
    """The facts of a registry, as operations promise them."""
    found = dict(db.execute(_FACTS))
    return {key: value for key, value in found.items() if value != ""}


def payloads(db: sqlite3.Connection, path: Path) -> dict[str, str]:
    """The digests of all weights, with what their bytes hash to."""
    folder = path.with_name(f"{path.stem}-weights")
    found = {}
    for digest, size, data in db.execute("SELECT digest, size, data FROM weights"):
        file = folder / digest[:2] / f"{digest}.safetensors"
        if data is None:
            data = file.read_bytes() if file.exists() else b""
        found[digest] = hashlib.sha256(data).hexdigest() if len(data) == size else "another size"
    return found


def texts(db: sqlite3.Connection) -> dict[str, str]:
    """The digests of all datasets whose texts are kept, with what the texts hash to."""
    import zlib

    from swereg.records.dataset import Dataset

    found = {}
    rows = db.execute("SELECT digest, content FROM datasets WHERE content IS NOT NULL")
    for digest, content in rows:
        try:
            found[digest] = Dataset.from_jsonl(zlib.decompress(content).decode()).digest
        except (zlib.error, ValueError) as fault:
            found[digest] = f"nothing: {fault}"
    return found


def added(db: sqlite3.Connection) -> set[str]:
    """The runs of which the registry's history says that they were added."""
    rows = db.execute("SELECT detail FROM events WHERE verb = 'add'")
    return {json.loads(row[0])["run"] for row in rows}
