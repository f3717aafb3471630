"""Registries on real files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from swereg.registry import Registry


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry without entries; to copy one is faster than to make one."""
    path = tmp_path_factory.mktemp("empty") / "registry.db"
    Registry.open(path, create=True).close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A path that SQLite's URLs make hard."""
    return tmp_path / "å b#c?d%e" / "registry.db"


@pytest.fixture
def registry(path: Path, empty: Path) -> Iterator[Registry]:
    path.parent.mkdir()
    shutil.copy(empty, path)
    with Registry.open(path) as opened:
        yield opened
