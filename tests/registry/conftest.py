"""New entries without any training, and registries on real files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from swereg.records import (
    BaseInfo,
    Dataset,
    Epoch,
    Example,
    Fitted,
    NewEntry,
    Outputs,
    Recipe,
    Task,
    Weights,
)
from swereg.registry import Registry

BASE = BaseInfo("mini", "", "f" * 64, "BertModel", 1000, 32, 64, {"lora": {"epochs": 9}})
ROWS = tuple(Example(f"åäö {n}", "ja" if n % 2 else "nej") for n in range(6))
DATASET = Dataset(("nej", "ja"), ROWS[:2], ROWS[2:4], ROWS[4:])


def make(run: str = "run-1", **facts: Any) -> NewEntry:
    """A new entry; ``facts`` replace parts of it, of its training, or of its recipe."""
    fitted = Fitted(
        run=run,
        recipe=Recipe(settings={"r": 4}, learning_rate=1e-3, device="cpu"),
        weights=Weights.of(f"weights of {run}".encode()),
        trainable=10,
        total=1000,
        epochs=(Epoch(1, 0.7, 0.6, 0.5, 1.5), Epoch(2, 0.6, 0.5, 0.75, 1.25)),
        best_epoch=2,
        scores={
            "val": {"loss": 0.5, "accuracy": 0.75, "macro_f1": 0.7},
            "test": {"loss": 0.55, "accuracy": 0.5, "macro_f1": 0.4},
        },
        outputs=(Outputs("val", 2, 2, bytes(16)), Outputs("test", 2, 2, bytes(range(16)))),
        seconds=2.75,
        cut={"train": 1, "val": 0, "test": 0},
        environment={"torch": "2", "threads": 2},
    )
    task = Task("känslor", lambda: DATASET, DATASET.labels, "How is it?", "made up", "CC0-1.0")
    new = NewEntry("känslor", task, DATASET, BASE, fitted, "anteckning")
    for key, value in facts.items():
        if hasattr(new, key):
            new = replace(new, **{key: value})
        else:
            new = replace(new, fitted=replace(new.fitted, **{key: value}))
    return new


@pytest.fixture
def new_entry() -> Callable[..., NewEntry]:
    return make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A path that SQLite's URLs make hard."""
    return tmp_path / "å b#c?d%e" / "registry.db"


@pytest.fixture
def registry(path: Path) -> Iterator[Registry]:
    with Registry.open(path, create=True) as opened:
        yield opened
