"""Entries made by hand, and a terminal that is none."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from swereg.cli import exit_codes, output, run
from swereg.evaluation.comparison import Evidence
from swereg.records.dataset import Split
from swereg.records.entry import Entry
from swereg.records.training import BaseInfo, Epoch, Outputs, Recipe

BASE = BaseInfo("mini", "", "3f2a" * 16, "BertModel", 7_469_312, 256, 512)
KB = BaseInfo(
    "KB/bert-base-swedish-cased",
    "abcdef0123456789",
    "9e1c" * 16,
    "BertModel",
    124_689_408,
    768,
    512,
)
LORA = {"alpha": 8.0, "dropout": 0.2, "r": 4, "targets": "query+value"}
NOW = "2026-01-10T12:00:00Z"
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

Run = Callable[..., "Done"]


def entry(name: str = "sentiment", version: int = 1, method: str = "lora", **facts: Any) -> Entry:
    """An entry with a curve of 5 epochs, the third of which is the best."""
    losses = (0.61, 0.45, 0.31, 0.36, 0.4)
    scores = {"loss": 0.31, "accuracy": 0.88, "macro_f1": 0.879, "roc_auc": 0.951}
    plain = Entry(
        name=name,
        version=version,
        task=name.split("-")[0],
        labels=("negativ", "positiv"),
        base=BASE,
        dataset="d0c5" * 16,
        sizes={"test": 100, "train": 400, "val": 100},
        recipe=Recipe(method=method, settings=LORA if method == "lora" else {}, device="cpu"),
        weights_digest="ab12" * 16,
        weights_size=598_776,
        trainable=148_994,
        total=124_838_404,
        epochs=tuple(Epoch(i, 0.7 / i, loss, 0.8, 3.2) for i, loss in enumerate(losses, 1)),
        best_epoch=3,
        scores={"test": scores, "val": scores},
        seconds=48.2,
        cut={"test": 0, "train": 3, "val": 0},
        environment={"torch": "2.10.0"},
        note="",
        run="9f" * 16,
        created=NOW,
    )
    return replace(plain, **facts)


def full(**facts: Any) -> Entry:
    """The baseline."""
    scores = {"loss": 0.4, "accuracy": 0.9, "macro_f1": 0.9, "roc_auc": 0.945}
    return entry(
        "sentiment-full",
        1,
        "full",
        trainable=124_690_946,
        total=124_690_946,
        seconds=812.3,
        weights_size=498_800_000,
        scores={"test": scores, "val": scores},
        **facts,
    )


def evidence(*those: Entry) -> list[Evidence]:
    """What entries answered: as many right as their accuracy says, the first ones."""
    return [_answered(one) for one in those]


def _answered(one: Entry) -> Evidence:
    outputs: dict[Split, Outputs] = {}
    for split, scores in one.scores.items():
        truth = np.arange(100, dtype="<u2") % 2
        right = np.arange(100) < 100 * scores["accuracy"]
        best = np.where(right, truth, 1 - truth)
        logits = (3.0 * np.eye(2)[best]).astype("<f4")
        outputs[split] = Outputs(split, 100, 2, logits.tobytes(), truth.tobytes())  # type: ignore[index]
    return Evidence(one, outputs, None)


class Screen(io.TextIOWrapper):
    """A stream that may say that it is a terminal."""

    def __init__(self, *, tty: bool, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty

    def shown(self) -> str:
        content = self.buffer.getvalue()  # type: ignore[attr-defined]
        return str(content.decode(self.encoding))


@dataclass(frozen=True)
class Done:
    """How a command ended; ``out`` without colours, ``raw`` with them."""

    code: int
    raw: str
    err: str

    @property
    def out(self) -> str:
        return ANSI.sub("", self.raw)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process, on a terminal or in a pipe."""
    for variable in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(exit_codes, "_received", [])

    def call(
        *arguments: str,
        tty: bool = False,
        width: int = 80,
        encoding: str = "utf-8",
        stdin: bytes = b"",
        term: str = "xterm",
    ) -> Done:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", term)
        out, err = (Screen(tty=tty, encoding=encoding) for _ in range(2))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        output.prepare()
        code = run(list(arguments))
        return Done(code, out.shown(), ANSI.sub("", err.shown()))

    return call


def environment(**more: str) -> dict[str, str]:
    """The environment for a process of its own."""
    return {**os.environ, "COLUMNS": "80", **more}
