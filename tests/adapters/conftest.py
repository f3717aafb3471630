"""A small dataset that a tiny base can learn something from."""

from __future__ import annotations

from pathlib import Path

import pytest

from swereg.adapters.bases.sources import BaseSource, resolve
from swereg.records.dataset import Dataset, Example
from swereg.testing import TEXTS


@pytest.fixture
def dataset() -> Dataset:
    def examples(*numbers: int) -> tuple[Example, ...]:
        return tuple(
            Example(" ".join([word, *text.split()[:n]]), label)
            for n in numbers
            for text in TEXTS
            for word, label in (("härlig", "positive"), ("försenat", "negative"))
        )

    return Dataset(("negative", "positive"), examples(1, 2), examples(3), examples(4))


@pytest.fixture
def source(tiny_base: Path) -> BaseSource:
    return resolve(str(tiny_base))
