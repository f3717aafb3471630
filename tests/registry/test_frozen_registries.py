"""Registries that earlier programs wrote are read by this one, with everything in them."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from swereg.registry import Registry, opening
from tests.registry.freeze import FROZEN
from tests.registry.make_entry import DATASET, make


def test_every_schema_is_frozen() -> None:
    written = sorted(path.name for path in FROZEN.iterdir())
    assert written == [f"{number:04}.db.xz" for number in range(1, opening.HEAD + 1)]


@pytest.mark.parametrize("path", sorted(FROZEN.iterdir()), ids=lambda path: path.name)
def test_everything_in_it_is_read(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "registry.db"
    copy.write_bytes(lzma.decompress(path.read_bytes()))
    with Registry.open(copy) as registry:
        assert not registry.check().problems
        refs = [entry.ref for entry in registry.entries(sort="ref")]
        assert refs == ["känslor/2", "känslor/1", "ärende/1"]
        entry, wanted = registry.get("känslor"), make("run-1")
        assert (entry.version, entry.note, entry.tags) == (2, "efter mötet", {"team": "växel"})
        assert (entry.scores, entry.epochs) == (wanted.fitted.scores, wanted.fitted.epochs)
        assert registry.weights(entry).data == wanted.fitted.weights.data
        assert registry.outputs(entry) == wanted.fitted.outputs
        assert registry.dataset(DATASET.digest).digest == DATASET.digest
        assert [move.message for move in registry.alias_log("känslor@prod")] == ["bättre", "först"]
        assert registry.restore("känslor/3").ref == "känslor/3"
        assert registry.add(make("run-4")).version == 4
