"""What has to hold after any fault. A fresh process asks; it answers with what is broken.

I1  what was acknowledged is stored, as it was acknowledged
I2  what was begun and not acknowledged is there whole or not at all, and nothing else is there
I3  all weights and texts hash to their digests
I4  no entry lacks its weights, labels, base, curve or outputs
I5  version numbers are distinct; they have no gaps where nothing was freed, and go on above them
I6  SQLite finds file and foreign keys sound
I7  the next training is stored and loaded at once, and swereg finds nothing wrong
I8  the history agrees: every entry was added, every alias points where it was last moved
I9  opening the registry again is a matter of milliseconds, whatever has to be undone (measured)
"""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.torture import state, work
from tests.torture.ledger import Expected, Ledger, Line, expected


@dataclass(frozen=True)
class Verdict:
    """What a check has found.

    Attributes:
        broken: which invariants, and how; empty if all is well.
        opening: seconds until the first answer.
    """

    broken: tuple[str, ...]
    opening: float = 0.0


def check(path: Path, ledger: Path, *, after: bool = True) -> Verdict:
    """Compare a registry with what was promised of it; then use it, if ``after``."""
    oracle = Ledger(ledger)
    promised = expected(oracle.lines())
    start = time.perf_counter()
    try:
        there = state.exists(path)
        opening = time.perf_counter() - start
        broken = list(_stored(path, promised)) if there else promised.contradictions({})
        if after and not broken:
            _settle(path, oracle, promised, there=there)
            broken += work.afterwards(path, oracle)
            broken += _stored(path, expected(oracle.lines()))
    except sqlite3.DatabaseError as fault:
        return Verdict((f"I6 {type(fault).__name__}: {fault}",))
    return Verdict(tuple(broken), opening)


def check_copy(path: Path) -> Verdict:
    """Check a copy of a registry, of which nobody knows from which moment it is."""
    try:
        db = state.connect(path)
        broken = [line for rule in _ALWAYS for line in rule(db, path)]
        db.close()
    except sqlite3.DatabaseError as fault:
        broken = [f"I6 {type(fault).__name__}: {fault}"]
    return Verdict(tuple(broken))


def _stored(path: Path, promised: Expected) -> list[str]:
    db = state.connect(path)
    try:
        broken = [line for rule in _ALWAYS for line in rule(db, path)]
        return broken + promised.contradictions(state.facts(db))
    finally:
        db.close()


def _settle(path: Path, oracle: Ledger, promised: Expected, *, there: bool) -> None:
    """Write down how what was not finished has ended; it may not change its mind later."""
    found: Mapping[str, str] = {}
    if there:
        db = state.connect(path)
        found = state.facts(db)
        db.close()
    for worker, (_, after) in promised.pending.items():
        oracle.add(Line(worker.split()[0], "done", {key: found.get(key) for key in after}))


# --- what always holds ----------------------------------------------------------------------


def _payloads(db: sqlite3.Connection, path: Path) -> Iterator[str]:
    for kind, found in (("weights", state.payloads(db, path)), ("texts", state.texts(db))):
        for digest, hashed in found.items():
            if hashed != digest:
                yield f"I3 the {kind} {digest[:12]} hash to {hashed[:12]}"


_LACKING = {
    "weights": "NOT EXISTS (SELECT 1 FROM weights WHERE digest = e.weights)",
    "labels": "json_array_length(labels) < 2",
    "a base": "NOT EXISTS (SELECT 1 FROM bases WHERE fingerprint = e.base)",
    "texts or their digest": "NOT EXISTS (SELECT 1 FROM datasets WHERE digest = e.dataset)",
    "its curve": "2 <> (SELECT count(*) FROM epochs WHERE entry = e.id)",
    "outputs": "2 <> (SELECT count(*) FROM outputs WHERE entry = e.id)",
}


def _whole(db: sqlite3.Connection, _: Path) -> Iterator[str]:
    for what, lacking in _LACKING.items():
        for (run,) in db.execute(f"SELECT run FROM entries e WHERE {lacking}"):
            yield f"I4 {run} lacks {what}"


def _numbers(db: sqlite3.Connection, _: Path) -> Iterator[str]:
    models = "SELECT m.id, name, next_version FROM models m"
    freed = defaultdict(set)
    for (ref,) in db.execute("SELECT subject FROM events WHERE verb = 'gc'"):
        name, _slash, number = ref.rpartition("/")
        freed[name].add(int(number))
    for model, name, following in db.execute(models).fetchall():
        rows = db.execute("SELECT version FROM entries WHERE model = ?", (model,))
        there = [row[0] for row in rows]
        if sorted([*there, *freed[name]]) != list(range(1, following)):
            yield f"I5 {name} has {sorted(there)}, freed {sorted(freed[name])}, next {following}"


def _sound(db: sqlite3.Connection, _: Path) -> Iterator[str]:
    for (verdict,) in db.execute("PRAGMA integrity_check"):
        if verdict != "ok":
            yield f"I6 {verdict}"
    for table, _row, parent, _key in db.execute("PRAGMA foreign_key_check"):
        yield f"I6 a row of {table} has lost what it needs of {parent}"


_LAST_MOVES = """
SELECT m.name || '@' || a.alias, e.version,
       (SELECT new FROM alias_moves v WHERE v.model = a.model AND v.alias = a.alias
         ORDER BY event DESC LIMIT 1)
  FROM aliases a JOIN models m ON m.id = a.model JOIN entries e ON e.id = a.entry
"""


def _history(db: sqlite3.Connection, _: Path) -> Iterator[str]:
    added = state.added(db)
    for (run,) in db.execute("SELECT run FROM entries"):
        if run not in added:
            yield f"I8 nothing says that {run} was added"
    gone = {row[0] for row in db.execute("SELECT subject FROM events WHERE verb = 'gc'")}
    count = db.execute("SELECT count(*) FROM entries").fetchone()[0] + len(gone)
    if len(added) != count:
        yield f"I8 the history tells of {len(added)} trainings, there were {count}"
    for alias, version, moved in db.execute(_LAST_MOVES):
        if version != moved:
            yield f"I8 {alias} points to {version}, it was last moved to {moved}"


_ALWAYS = (_payloads, _whole, _numbers, _sound, _history)
