"""What doctor sees of a registry, in every state that it can be in."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from swereg.records.finding import Finding
from swereg.records.training import Weights
from swereg.registry import Registry, inspection
from tests.registry.make_entry import make


def seen(path: Path) -> dict[str, Finding]:
    return {finding.name: finding for finding in inspection.inspect_registry(path)}


def test_a_sound_registry(registry: Registry, path: Path) -> None:
    registry.add(make())
    path.parent.chmod(0o700)
    path.chmod(0o600)
    found = seen(path)
    assert {name for name, each in found.items() if each.level != "ok"} <= {"space"}
    assert {"SQLite", "disk", "rights", "writing", "schema", "journal", "weights"} <= {*found}


def test_looking_changes_nothing(tmp_path: Path) -> None:
    missing = tmp_path / "none" / "r.db"
    assert seen(missing)["file"].level == "note"
    assert not missing.parent.exists()
    empty = tmp_path / "empty.db"
    empty.touch()
    assert seen(empty)["schema"].level == "note"
    assert empty.stat().st_size == 0


@pytest.mark.parametrize(
    ("pragma", "name", "level"),
    [
        ("user_version = 99", "schema", "wrong"),
        ("application_id = 1", "file", "wrong"),
        ("journal_mode = WAL", "journal", None),
    ],
)
def test_what_is_wrong_with_the_file(
    pragma: str, name: str, level: str | None, registry: Registry, path: Path
) -> None:
    registry.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA {pragma}")
    wal = "wrong" if sqlite3.sqlite_version_info < (3, 51, 3) else "note"
    assert seen(path)[name].level == (level or wal)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_text("inget register" * 100)
    assert seen(file)["file"].level == "wrong"


@pytest.mark.skipif(os.name == "nt", reason="rights are others there")
@pytest.mark.parametrize(
    ("mode", "around", "level"),
    [
        (0o600, 0o755, "ok"),
        (0o644, 0o755, "wrong"),
        (0o644, 0o700, "ok"),
        (0o640, 0o750, "note"),
    ],
)
def test_who_may_read_it(
    mode: int, around: int, level: str, registry: Registry, path: Path
) -> None:
    path.chmod(mode)
    path.parent.chmod(around)
    assert seen(path)["rights"].level == level


def test_leftovers_and_missing_weights(path: Path) -> None:
    with Registry.open(path, create=True, largest_in_database=10) as registry:
        weights = registry.weights(registry.add(make(weights=Weights.of(b"x" * 100))))
        assert seen(path)["weights"].level == "ok"
        assert weights.path is not None
        left = weights.path.with_name(".abc.part")
        left.write_bytes(b"12")
        os.utime(left, (time.time() - 7200,) * 2)
        assert "1 file" in seen(path)["leftovers"].text
        registry.gc()
        assert seen(path)["leftovers"].level == "ok"
        weights.path.unlink()
        assert seen(path)["weights"].level == "wrong"


def test_kinds_of_disks(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    share = tmp_path / "en share"
    mounts.write_text(
        "/dev/sda / ext4 rw 0 0\n"
        f"server:/x {str(share).replace(' ', chr(92) + '040')} nfs4 rw 0 0\n"
    )
    assert inspection.filesystem_of(tmp_path / "r.db", mounts) == "ext4"
    assert inspection.filesystem_of(share / "a" / "r.db", mounts) == "nfs4"
    assert inspection.filesystem_of(share, tmp_path / "nothing") == ""
    assert inspection.is_network("nfs4")
    assert not inspection.is_network("ext4")
    assert inspection.synced_by(Path("/home/å/OneDrive - Kommunen/r.db"))
    assert not inspection.synced_by(Path("/home/å/r.db"))


def test_a_network_drive_is_warned_of(
    registry: Registry, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "filesystem_of", lambda _: "cifs")
    assert seen(path)["disk"].level == "wrong"
