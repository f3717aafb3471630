"""Registries with entries that were never trained, but that answered something."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from swereg.records.dataset import Dataset, Example, Task
from swereg.records.entry import NewEntry
from swereg.records.training import Epoch, Outputs, Recipe
from swereg.registry import Registry
from tests.registry.make_entry import make

TWO = ("nej", "ja")


def dataset(
    labels: Sequence[str] = TWO, rows: int = 40, text: str = "åäö", test: bool = True
) -> Dataset:
    """Examples whose labels take turns."""

    def part(name: str) -> tuple[Example, ...]:
        return tuple(
            Example(unicodedata.normalize("NFC", f"{text} {name} {n}"), labels[n % len(labels)])
            for n in range(rows)
        )

    return Dataset(tuple(labels), part("train"), part("val"), part("test") if test else ())


def answers(data: Dataset, split: Any, skill: float, seed: int = 0) -> Outputs:
    """Logits that are the better, the larger the skill."""
    truth = np.array([data.labels.index(one.label) for one in data.split(split)])
    noise = np.random.default_rng(seed).normal(size=(len(truth), len(data.labels)))
    logits = noise + skill * np.eye(len(data.labels))[truth]
    rows, columns = logits.shape
    return Outputs(
        split, rows, columns, logits.astype("<f4").tobytes(), truth.astype("<u2").tobytes()
    )


def entry(
    number: int,
    data: Dataset,
    skill: float = 2.0,
    *,
    method: str = "lora",
    seed: int = 1,
    name: str = "känslor",
    trainable: int = 10,
    curve: int = 3,
    **facts: Any,
) -> NewEntry:
    """A training with answers on the data."""
    splits = ["val", "test"] if data.test else ["val"]
    scores = {
        split: {"loss": 0.9 - skill / 10, "accuracy": 0.5, "macro_f1": 0.5} for split in splits
    }
    task = Task(name, lambda: data, data.labels, "How is it?", "made up", "CC0-1.0")
    epochs = tuple(Epoch(at, 1 / at, 0.9 / at, 0.5, 1.0) for at in range(1, curve + 1))
    settings = {"r": 4} if method == "lora" else {}
    return make(
        f"run-{number}-{method}",
        **{
            "task": task,
            "dataset": data,
            "name": name if method == "lora" else f"{name}-{method}",
            "scores": scores,
            "epochs": epochs,
            "best_epoch": curve,
            "trainable": trainable,
            "recipe": Recipe(method=method, settings=settings, seed=seed, device="cpu"),
            "outputs": tuple(answers(data, split, skill, number) for split in splits),
            "cut": {"train": 0, "val": 0, "test": 0},
            **facts,
        },
    )


def stored(path: Path, new: Iterable[NewEntry], *, keep_data: bool = True) -> Path:
    """A registry that has these entries."""
    with Registry.open(path / "r.db", create=True) as registry:
        for one in new:
            registry.add(one, keep_data=keep_data)
    return path / "r.db"


def usual(data: Dataset | None = None) -> list[NewEntry]:
    """Three seeds of LoRA, a baseline, and a linear probe that is clearly worse."""
    data = data or dataset()
    return [
        *(entry(at, data, 2.0, seed=at, trainable=100) for at in (1, 2, 3)),
        entry(4, data, 2.2, method="full", trainable=1000),
        entry(5, data, 0.0, method="head", trainable=2),
    ]


def elsewhere(data: Dataset) -> NewEntry:
    """An import that nobody scored."""
    new = entry(
        9, data, name="hämtad", curve=0, best_epoch=None, scores={}, outputs=(), seconds=None
    )
    task = replace(new.task, name="känslor")
    return replace(new, task=task, dataset=None, origin={"base": "unverified", "config": {}})
