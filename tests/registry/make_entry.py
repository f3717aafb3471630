"""New entries without any training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from swereg.records.dataset import Dataset, Example, Task
from swereg.records.entry import NewEntry
from swereg.records.training import BaseInfo, Epoch, Fitted, Outputs, Recipe, Weights

BASE = BaseInfo("mini", "", "f" * 64, "BertModel", 1000, 32, 64, {"lora": {"epochs": 9}})
ROWS = tuple(Example(f"åäö {n}", "ja" if n % 2 else "nej") for n in range(6))
TRUTH = bytes([0, 0, 1, 0])  # of both splits
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
        outputs=(
            Outputs("val", 2, 2, bytes(16), TRUTH),
            Outputs("test", 2, 2, bytes(range(16)), TRUTH),
        ),
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


def loss(value: float) -> dict[str, Any]:
    """Scores with a validation loss."""
    return {"val": {"loss": value, "accuracy": 0.5, "macro_f1": 0.5}}
