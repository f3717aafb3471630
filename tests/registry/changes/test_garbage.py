"""gc: what it frees, and above all what it leaves."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from swereg.errors import NotFound
from swereg.records.dataset import Dataset
from swereg.records.training import Weights
from swereg.registry import Registry
from swereg.registry.changes import garbage
from tests.registry.make_entry import DATASET, ROWS, make

OTHER = Dataset(("nej", "ja"), ROWS[:1], ROWS[2:4], ROWS[4:])
LARGE = Weights.of(b"large" * 10)


@pytest.fixture
def mixed(path: Path) -> Registry:
    """A registry in which weights of more than 40 bytes lie in files."""
    return Registry.open(path, create=True, largest_in_database=40)


def count(registry: Registry, table: str) -> int:
    with registry._database.reading() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def stored(registry: Registry) -> list[Path]:
    return [path for path in registry._weights.folder.rglob("*") if path.is_file()]


def age(path: Path, seconds: float = 7200) -> Path:
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def deleted_ago(registry: Registry, ref: str, days: float) -> None:
    registry.rm(ref)
    moment = (datetime.now(UTC) - timedelta(days=days)).isoformat().replace("+00:00", "Z")
    with registry._database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE entries SET deleted = ? WHERE version = ?", (moment, int(ref[-1]))
        )


def test_nothing_is_freed_before_thirty_days(registry: Registry) -> None:
    for number in (1, 2, 3):
        registry.add(make(f"run-{number}"))
    deleted_ago(registry, "känslor/1", 29.9)
    deleted_ago(registry, "känslor/2", 30.1)
    freed = registry.gc()
    assert freed.entries == ("känslor/2",)
    assert freed.in_database == len(b"weights of run-2") + 32  # and its outputs
    assert registry.restore("känslor/1").version == 1
    with pytest.raises(NotFound, match="its space has been freed") as caught:
        registry.get("känslor/2")
    assert "freed it on 20" in caught.value.why
    with pytest.raises(NotFound, match="its space has been freed"):
        registry.restore("känslor/2")
    assert registry.log("känslor/2", limit=1)[0].verb == "gc"
    assert registry.gc() == garbage.Freed((), 0, 0, 0)


def test_what_others_refer_to_stays(registry: Registry) -> None:
    same = Weights.of(b"the same")
    registry.add(make("run-1", weights=same))
    registry.add(make("run-2", weights=same, dataset=OTHER))
    registry.add(make("run-3", weights=same, dataset=OTHER))
    registry.rm("känslor/1", "känslor/2")
    registry.gc(now=True)
    left = registry.get("känslor")
    assert (left.version, registry.weights(left), registry.dataset(OTHER.digest)) == (
        3,
        same,
        OTHER,
    )
    with pytest.raises(NotFound):
        registry.dataset(DATASET.digest)
    assert [count(registry, table) for table in ("entries", "weights", "datasets", "outputs")] == [
        1,
        1,
        1,
        2,
    ]
    assert registry.add(make("run-1")).version == 4  # the number is not given out again


def test_a_dry_run_says_the_same_and_does_nothing(mixed: Registry) -> None:
    for number, weights in enumerate((LARGE, Weights.of(b"small")), start=1):
        mixed.add(make(f"run-{number}", weights=weights))
    mixed.rm("känslor/1", "känslor/2")
    planned = mixed.gc(now=True, dry_run=True)
    assert [entry.version for entry in mixed.entries(deleted=True)] == [2, 1]
    assert len(stored(mixed)) == 1
    assert mixed.gc(now=True) == planned
    assert (planned.entries, planned.files, planned.in_files) == (
        ("känslor/1", "känslor/2"),
        1,
        LARGE.size,
    )
    assert stored(mixed) == []


def test_leftovers_go_after_an_hour_and_strangers_stay(mixed: Registry, path: Path) -> None:
    mixed.add(make(weights=LARGE))
    folder = mixed._weights.folder / "ab"
    folder.mkdir(mode=0o700)
    old = [age(_written(folder / name)) for name in (f"{'ab' * 32}.safetensors", ".x-1.part")]
    beside = age(_written(path.with_name(f".{path.name}-xyz.part")))
    young = _written(folder / f"{'ab' * 31}cd.safetensors")
    strange = [age(_written(mixed._weights.folder / "README.md")), age(_written(folder / "a.txt"))]
    other = age(_written(path.with_name(".other.db-xyz.part")))
    freed = mixed.gc()
    assert (freed.files, freed.in_files) == (3, 9)
    assert not any(file.exists() for file in (*old, beside))
    assert all(file.exists() for file in (young, other, *strange))
    assert mixed.weights("känslor").size == LARGE.size


def _written(path: Path) -> Path:
    path.write_bytes(b"123")
    return path


def test_a_file_that_is_needed_again_is_young_again(mixed: Registry) -> None:
    mixed.add(make(weights=LARGE))
    mixed.rm("känslor/1")
    with mixed._database.writing() as connection:  # as if gc were killed between rows and files
        garbage.delete_rows(connection, garbage.find_doomed(connection, "9"))
    (left,) = stored(mixed)
    age(left)
    ready = mixed._weights.row(LARGE)
    assert mixed.gc().files == 0
    left.unlink()  # and should it be taken away all the same, it is written again
    mixed._weights.ensure(LARGE, ready)
    assert stored(mixed) == [left]


def test_compacting_gives_the_space_back(registry: Registry) -> None:
    registry.add(make("run-1", weights=Weights.of(os.urandom(2**20))))
    kept = registry.add(make("run-2"))
    registry.rm("känslor/1")
    assert registry.gc(now=True).given_back == 0
    assert registry.status().free > 2**19
    assert registry.gc(compact=True).given_back > 2**19
    assert registry.status().free == 0
    assert registry.get(kept.ref) == kept
    with registry._database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA application_id").scalar() == 0x53575247
    assert registry.check().problems == ()


def test_storing_and_freeing_the_same_weights_at_once_loses_none(mixed: Registry) -> None:
    """One thread stores the same large weights again and again, another frees them."""
    faults: list[BaseException] = []
    done = threading.Event()

    def free() -> None:
        try:
            while not done.is_set():
                mixed.gc(now=True)
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=free)
    thread.start()
    try:
        for number in range(25):
            entry = mixed.add(make(f"run-{number}", weights=LARGE))
            assert mixed.weights(entry).size == LARGE.size
            mixed.rm(entry.ref)
    finally:
        done.set()
        thread.join()
    assert faults == []
    last = mixed.add(make("last", weights=LARGE))
    mixed.gc(now=True)
    assert mixed.weights(last).path is not None
    assert mixed.check().problems == ()
    assert last.version == 26
