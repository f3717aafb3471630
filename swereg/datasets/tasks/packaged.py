"""Tasks whose sentences ship with swereg, in swereg/tasks/data."""

from __future__ import annotations

import json
from pathlib import Path

from swereg.records.dataset import SPLITS, Dataset, Example

FOLDER = Path(__file__).parent / "data"


def read_packaged(name: str, labels: tuple[str, ...]) -> Dataset:
    """Read the three splits of a packaged task."""
    parts = []
    for split in SPLITS:
        text = (FOLDER / name / f"{split}.jsonl").read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.split("\n") if line]
        parts.append(tuple(Example(row["text"], row["label"]) for row in rows))
    train, val, test = parts
    return Dataset(labels, train, val, test)
