"""Many processes and threads at once, and processes that are killed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from swereg.registry import Registry
from tests.registry.make_entry import make

ROOT = Path(__file__).parents[2]
_WRITER = """
import sys
from swereg.registry import Registry
from tests.registry.make_entry import make
path, writer, count, largest = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for number in range(count):
    with Registry.open(path, create=True, largest_in_database=largest) as registry:
        entry = registry.add(make(f"{writer}-{number}", name="samma"))
    print(entry.version, flush=True)
"""


def writer(path: Path, name: str, count: int, largest: int = 100) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path), name, str(count), str(largest)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_eight_processes_on_no_registry_get_consecutive_versions(path: Path) -> None:
    started = [writer(path, str(n), 2) for n in range(8)]
    done = [process.communicate(timeout=120) for process in started]
    versions = sorted(int(line) for out, _ in done for line in out.split())
    assert versions == list(range(1, 17)), [error for _, error in done]


def test_killed_writers_lose_nothing_that_was_acknowledged(path: Path) -> None:
    acknowledged: set[int] = set()
    for attempt in range(4):
        with writer(path, f"k{attempt}", 1000, largest=100 if attempt % 2 else 8) as process:
            assert process.stdout is not None
            acknowledged.add(int(process.stdout.readline()))
            time.sleep(0.03 * attempt)
            process.kill()
            acknowledged |= {int(line) for line in process.stdout.read().split("\n")[:-1]}
    with Registry.open(path) as registry:
        entries = registry.entries()
        assert acknowledged <= {entry.version for entry in entries}
        assert len(entries) <= len(acknowledged) + 4  # committed, killed before it could say so
        for entry in entries:
            registry.weights(entry)
            assert len(registry.outputs(entry)) == len(entry.epochs) == 2
        assert registry.add(make(name="samma")).version == len(entries) + 1
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def at_once(work: Callable[[int], object], threads: int) -> list[object]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, range(threads)))


def test_threads_share_a_registry(registry: Registry) -> None:
    at_once(lambda n: [registry.add(make(f"{n}-{m}")) for m in range(3)], 4)
    assert sorted(e.version for e in registry.entries()) == list(range(1, 13))


def test_a_run_that_is_stored_by_many_at_once_is_stored_once(registry: Registry) -> None:
    stored = at_once(lambda _: registry.add(make()), 4)
    assert all(entry == stored[0] for entry in stored)
    assert registry.count() == 1


def test_threads_make_one_registry(path: Path) -> None:
    def start(number: int) -> int:
        with Registry.open(path, create=True) as registry:
            return registry.add(make(str(number))).version

    assert sorted(map(str, at_once(start, 4))) == ["1", "2", "3", "4"]


def test_importing_the_registry_imports_nothing_of_weight() -> None:
    code = (
        "from swereg.registry import Registry\n"
        "import sys; print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    heavy = {"alembic", "torch", "numpy", "transformers", "click", "rich", "safetensors"}
    assert not heavy & set(done.stdout.split())
    assert "sqlalchemy" in done.stdout.split()
