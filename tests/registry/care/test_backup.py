"""A backup is a registry: whole, of one moment, checked, and for its owner alone."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from swereg.errors import CheckFailed, Conflict, StorageError, UsageError
from swereg.records.training import Weights
from swereg.registry import Registry
from tests.registry.care.test_integrity import change
from tests.registry.make_entry import make

LARGE = Weights.of(b"large" * 30)


def test_a_backup_is_a_registry(path: Path, tmp_path: Path) -> None:
    with Registry.open(path, create=True, largest_in_database=40) as registry:
        registry.add(make("run-1", weights=LARGE))
        registry.add(make("run-2", weights=Weights.of(b"small")))
        registry.alias("känslor/1", "prod")
        registry.rm("känslor/2")
        made = registry.backup(tmp_path / "kopia.db")
        entry = registry.get("känslor")
    assert (made.path, made.files, made.in_files, made.entries) == (
        tmp_path / "kopia.db",
        1,
        LARGE.size,
        2,
    )
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert made.folder is not None
    assert made.folder.stat().st_mode & 0o777 == 0o700
    with Registry.open(made.path) as copy:
        assert copy.get("känslor") == entry
        assert copy.weights(entry).path == made.folder / LARGE.digest[:2] / (
            f"{LARGE.digest}.safetensors"
        )
        assert copy.restore("känslor/2").version == 2
        assert copy.check().problems == ()


def test_by_default_it_lies_beside_and_a_folder_may_be_named(
    registry: Registry, path: Path, tmp_path: Path
) -> None:
    registry.add(make())
    made = registry.backup()
    assert made.path.parent == path.parent
    assert made.path.name.startswith("registry-20")
    assert made.folder is None
    assert registry.backup(tmp_path).path.parent == tmp_path


def test_nothing_is_replaced_and_nothing_is_left_of_a_failure(
    registry: Registry, path: Path, tmp_path: Path
) -> None:
    registry.add(make())
    with pytest.raises(Conflict, match="exists"):
        registry.backup(path)
    with pytest.raises(StorageError, match="cannot be written"):
        registry.backup(tmp_path / "no such folder" / "x.db")
    change(path, "UPDATE weights SET data = zeroblob(size)")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CheckFailed, match="was not backed up") as caught:
        registry.backup(tmp_path / "x.db")
    assert "känslor/1" in caught.value.why
    assert sorted(tmp_path.rglob("*")) == before


def test_a_missing_file_of_weights_stops_the_backup(path: Path, tmp_path: Path) -> None:
    with Registry.open(path, create=True, largest_in_database=40) as registry:
        weights = registry.weights(registry.add(make(weights=LARGE)))
        assert weights.path is not None
        weights.path.unlink()
        with pytest.raises(CheckFailed, match="was not backed up"):
            registry.backup(tmp_path / "x.db")
    assert not (tmp_path / "x-weights").exists()


def test_a_backup_while_others_write_is_of_one_moment(path: Path, tmp_path: Path) -> None:
    done = threading.Event()
    faults: list[BaseException] = []

    def write() -> None:
        try:
            with Registry.open(path, largest_in_database=200) as other:
                number = 0
                while not done.is_set():
                    size = 100 + 200 * (number % 2)
                    entry = other.add(make(f"w{number}", weights=Weights.of(os.urandom(size))))
                    if number % 3 == 0:
                        other.rm(entry.ref)
                        other.gc(now=True)
                    number += 1
        except BaseException as fault:
            faults.append(fault)

    with Registry.open(path, create=True) as registry:
        thread = threading.Thread(target=write)
        thread.start()
        try:
            copies = [registry.backup(tmp_path / f"{n}.db").path for n in range(5)]
        finally:
            done.set()
            thread.join()
    assert faults == []
    for copy in copies:
        with Registry.open(copy) as opened:
            assert opened.check().problems == ()


def test_a_server_has_means_of_its_own(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry._database, "path", None)
    with pytest.raises(UsageError, match="not backed up by swereg"):
        registry.backup()
