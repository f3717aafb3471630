"""Weights come back byte for byte, or an error says whose they are not."""

from __future__ import annotations

import hashlib
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from swereg.errors import CheckFailed
from swereg.records.training import Weights
from swereg.registry import Registry
from tests.registry.make_entry import make


@pytest.fixture
def place(tmp_path: Path, empty: Path) -> Path:
    """A registry's file, alone in its folder."""
    (tmp_path / "one").mkdir()
    return Path(shutil.copy(empty, tmp_path / "one" / "r.db"))


BOTH_STORES = pytest.mark.parametrize("largest", [8, 10**6], ids=["file", "db"])


def test_large_weights_lie_in_a_file_beside_and_move_along(place: Path, tmp_path: Path) -> None:
    with Registry.open(place, largest_in_database=8) as registry:
        ref = registry.add(make()).ref
        weights = registry.weights(ref)
        assert weights.data is None
        assert weights.path is not None
        assert weights.path.read_bytes() == b"weights of run-1"
        assert weights.path.stat().st_mode & 0o777 == 0o600
        assert list(weights.path.parent.iterdir()) == [weights.path]
    shutil.move(tmp_path / "one", tmp_path / "två")
    with Registry.open(tmp_path / "två" / "r.db") as registry:
        assert registry.weights(ref).path is not None


@BOTH_STORES
def test_weights_may_come_from_a_file(largest: int, place: Path, tmp_path: Path) -> None:
    source = tmp_path / "model.safetensors"
    source.write_bytes(b"weights" * 1000)
    data = source.read_bytes()
    weights = Weights(hashlib.sha256(data).hexdigest(), len(data), path=source)
    with Registry.open(place, largest_in_database=largest) as registry:
        entry = registry.add(make(weights=weights))
        source.unlink()
        stored = registry.weights(entry)
        assert (stored.data or Path(str(stored.path)).read_bytes()) == data


def damaged(data: bytes, damage: str) -> bytes:
    """Change one bit at random, or take everything."""
    changed = bytearray(data)
    changed[random.Random(damage).randrange(len(data))] ^= 4
    return b"" if damage == "gone" else bytes(changed)


@BOTH_STORES
@pytest.mark.parametrize("damage", ["a bit", "another bit", "gone"])
def test_weights_that_are_not_those_stored_are_refused(
    largest: int, damage: str, place: Path
) -> None:
    with Registry.open(place, largest_in_database=largest) as registry:
        ref = registry.add(make()).ref
        good = make().fitted.weights
        bad = damaged(good.data or b"", damage)
        path = registry.weights(ref).path
        if path is not None and bad:
            path.write_bytes(bad)
        elif path is not None:
            path.unlink()
        else:
            with registry._database.writing() as connection:
                connection.exec_driver_sql("DROP TRIGGER weights_are_fixed")
                connection.exec_driver_sql("UPDATE weights SET data = ?, size = ?", (bad, len(bad)))
        with pytest.raises(CheckFailed, match=ref) as caught:
            registry.weights(ref)
        assert good.digest in caught.value.why
        assert not bad or hashlib.sha256(bad).hexdigest() in caught.value.why
        assert caught.value.hint
        assert registry.get(ref).ref == ref


def test_a_damaged_file_is_written_again(place: Path) -> None:
    with Registry.open(place, largest_in_database=8) as registry:
        entry = registry.add(make())
        path = registry.weights(entry).path
        assert path is not None
        path.write_bytes(b"bad")
        registry.add(make("run-2", weights=make().fitted.weights))
        assert registry.weights(entry).path == path


@pytest.mark.parametrize(
    "wrong",
    [
        replace(Weights.of(b"a"), data=b"b"),
        replace(Weights.of(b"a"), size=2),
        Weights("a" * 64, 1),
        Weights("../" * 20, 1, data=b"a"),
    ],
)
@BOTH_STORES
def test_weights_with_a_wrong_digest_are_refused(wrong: Weights, largest: int, place: Path) -> None:
    with Registry.open(place, largest_in_database=largest) as registry:
        with pytest.raises(CheckFailed):
            registry.add(make(weights=wrong))
        assert registry.count() == 0
    assert [p.name for p in place.parent.iterdir()] == ["r.db"]
