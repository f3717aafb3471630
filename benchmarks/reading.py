"""Time reading on the command line: whole processes, beside few entries and beside 100,000.

.venv/bin/python benchmarks/reading.py [--entries 100000] [--rounds 5] [--out FILE]
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from timing import Section, Side, circumstances, compare, output, publish

import swereg
from swereg import Dataset, Example, Task
from swereg.plugins import entry_points

TASKS = 50
FEW = 20
SEEDS = 5  # of each recipe
SIZES = {2: 2000, 20: 1400}  # labels: test examples, of tasks of a usual size


def made(path: Path, entries: int) -> Path:
    """Make a registry of so many entries, in models of several tasks: copies of one that learnt."""
    task = entry_points.find_plugin("task", "sentiment")
    data = task.read()
    few = replace(data, train=data.train[:32], val=data.val[:50], test=data.test[:50])
    swereg.train(
        replace(task, read=lambda: few), base="mini", registry=path, epochs=3, device="cpu"
    )
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY)")
        db.executemany("INSERT INTO numbers VALUES (?)", ((n,) for n in range(2, entries + 1)))
        for n in range(2, TASKS + 1):
            name, only = f"'task-{n}'", f"numbers.n = {n} AND"
            model = {"id": str(n), "name": name, "task": name, "next_version": str(entries)}
            _copy(db, "tasks", {"name": name}, f"{only} tasks.name")
            _copy(db, "models", model, f"{only} models.id")
        of = f"(n - 1) % {TASKS} + 1"
        _copy(
            db,
            "entries",
            {
                "id": "n",
                "model": of,
                "version": f"(n - 1) / {TASKS} + 1",
                "run": "'run-' || n",
                "task": f"(SELECT task FROM models WHERE id = {of})",
                "val_loss": "val_loss + (n * 7919 % 10007) / 10007.0",
                "recipe": f"json_set(recipe, '$.seed', n / {TASKS} % {SEEDS}, "
                f"'$.clip', n / {TASKS * SEEDS} + 1.0)",
            },
            "entries.id",
        )
        _copy(db, "epochs", {"entry": "n"}, "epochs.entry")
        _copy(db, "outputs", {"entry": "n"}, "outputs.entry")
        db.execute("UPDATE models SET next_version = ? WHERE id = 1", [entries])
    return path


def _copy(db: sqlite3.Connection, table: str, changed: dict[str, str], key: str) -> None:
    """Copy the first row of a table for each number, with some values of its own."""
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    quoted = [f'"{column}"' for column in columns]
    values = [changed.get(column, f'{table}."{column}"') for column in columns]
    first = db.execute(f"SELECT {key.rpartition(' ')[2]} FROM {table} LIMIT 1").fetchone()[0]
    db.execute(
        f"INSERT INTO {table} ({', '.join(quoted)}) SELECT {', '.join(values)} "
        f"FROM {table} JOIN numbers WHERE {key} = ?",
        [first],
    )


def answered(path: Path) -> Path:
    """Make a registry of two entries per task, without a base, with answers to many examples."""
    draw, numbers = random.Random(0), itertools.count()

    def examples(labels: tuple[str, ...], count: int) -> tuple[Example, ...]:
        drawn = [draw.choice(labels) for _ in range(count)]
        return tuple(
            Example(f"{next(numbers)} {draw.choice((label, draw.choice(labels)))}", label)
            for label in drawn
        )

    for count, test in SIZES.items():
        labels = tuple(f"ord{number}" for number in range(count))
        data = Dataset(labels, *(examples(labels, rows) for rows in (400, 100, test)))
        task = Task(f"{count}-labels", lambda data=data: data, labels)  # type: ignore[misc]
        for method in ("majority", "tfidf[words=1,chars=,C=1,min_texts=1]"):
            swereg.train(task, method=method, name=task.name, registry=path)
    return path


def reading(few: Path, many: Path, large: Path, entries: int, rounds: int) -> Section:
    """Compare commands on both registries."""
    command = Path(sys.executable).with_name("swereg")
    asked = {
        "list": ["list"],
        "list --task": ["list", "--task", "task-7"],
        "list --sort val_loss": ["list", "--sort", "val_loss"],
        "show": ["show", "sentiment/1"],
        "compare A B": ["compare", "sentiment/1", "sentiment/2"],
        "compare --task": ["compare", "--task", "task-7"],
    }
    sides = []
    for name, arguments in asked.items():
        here, there = (
            lambda path=path, said=arguments: output([command, "--registry", path, *said])
            for path in (few, many)
        )
        sides.append(Side(f"{name}, {FEW * TASKS:,} entries", here))
        against = ((f"{name}, {FEW * TASKS:,} entries", ""),)
        sides.append(Side(f"{name}, {entries:,} entries", there, against, "below 300 ms"))
    for count, test in SIZES.items():
        pair = [command, "--registry", large, "compare", f"{count}-labels/1", f"{count}-labels/2"]
        name = f"compare A B, {test:,} test examples, {count} labels"
        sides.append(Side(name, partial(output, pair)))
    tab = [
        "env",
        f"SWEREG_REGISTRY={many}",
        "_SWEREG_COMPLETE=bash_complete",
        "COMP_CWORD=2",
        "COMP_WORDS=swereg show sentiment/",
        command,
    ]
    assert "sentiment/2" in output(tab)
    sides.append(
        Side(
            f"Tab after sentiment/, {entries:,} entries", lambda: output(tab), target="below 100 ms"
        )
    )
    sides.append(
        Side(
            "python -c 'import sqlalchemy'",
            lambda: output([sys.executable, "-c", "import sqlalchemy"]),
        )
    )
    note = f"Whole processes; {TASKS} tasks, two labels, 50 + 50 answers each."
    return compare("Reading beside many entries", sides, rounds, note)


def main() -> None:
    """Measure, print, and write a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="append the tables to this file")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["SWEREG_HOME"] = name
        few, many = made(folder / "few.db", FEW * TASKS), made(folder / "many.db", said.entries)
        heading = (
            f"## Reading\n\n`benchmarks/reading.py --entries {said.entries} --rounds "
            f"{said.rounds}`, {circumstances('cpu')}. The larger registry has "
            f"{many.stat().st_size / 1e6:,.0f} MB."
        )
        large = answered(folder / "large.db")
        publish(heading, [reading(few, many, large, said.entries, said.rounds)], said.out)


if __name__ == "__main__":
    main()
