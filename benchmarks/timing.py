"""Things that take turns: medians, quartiles, ratios round by round, and a table of them."""

from __future__ import annotations

import gc
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch


@dataclass(frozen=True)
class Side:
    """One of several things whose times are compared.

    Attributes:
        name: its line in the table; no two of one table are alike.
        run: does it once, and waits until it is done.
        against: the sides that its time is divided by, each with the target of that ratio or "".
        target: of its own time.
        turns: times that it is done in one round; the round counts their mean.
    """

    name: str
    run: Callable[[], object]
    against: tuple[tuple[str, str], ...] = ()
    target: str = ""
    turns: int = 1


@dataclass(frozen=True)
class Section:
    """A table with a title, and what has to be said about it."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str

    def markdown(self) -> str:
        """Write the table, aligned."""
        rows = [self.columns, *self.rows]
        widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
        rule = tuple("-" * width for width in widths)

        def line(cells: Sequence[str]) -> str:
            padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            return f"| {' | '.join(padded)} |"

        table = "\n".join(map(line, [self.columns, rule, *self.rows]))
        return f"### {self.title}\n\n{self.note}\n\n{table}\n"


def compare(title: str, sides: Sequence[Side], rounds: int, note: str) -> Section:
    """Let sides take turns (A B C A B C ...), after one round that does not count."""
    for side in sides:
        side.run()
    gc.collect()
    seconds = {side.name: np.zeros(rounds) for side in sides}
    for number in range(rounds):
        for side in sides:
            seconds[side.name][number] = _once(side)
    rows = []
    for side in sides:
        own = seconds[side.name]
        rows.append((side.name, spread(own, duration), "", side.target))
        for other, target in side.against:
            rows.append((f"... / {other}", "", spread(own / seconds[other], ratio), target))
    return Section(title, ("", "time", "ratio", "target"), rows, note)


def _once(side: Side) -> float:
    turns = range(side.turns)
    began = time.perf_counter()
    for _ in turns:
        side.run()
    return (time.perf_counter() - began) / side.turns


def spread(values: np.ndarray, form: Callable[[float], str]) -> str:
    """Write median and quartiles."""
    low, middle, high = (form(value) for value in np.quantile(values, [0.25, 0.5, 0.75]))
    return f"{middle} ({low} to {high})"


def ratio(value: float) -> str:
    """Write a ratio; a large one without decimals."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def duration(seconds: float) -> str:
    """Write a time with three digits and its unit."""
    unit, factor = ("s", 1.0) if seconds >= 1 else ("ms", 1e3) if seconds >= 1e-3 else ("µs", 1e6)
    value = seconds * factor
    return f"{value:.{max(0, 3 - len(str(int(value))))}f} {unit}"


def circumstances(device: str) -> str:
    """Say when, on what and with what this was measured."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "peft"))
    place = _processor()
    if device == "cuda":
        place = f"{torch.cuda.get_device_name()}, {place}"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {place}, {torch.get_num_threads()} threads, "
        f"Python {platform.python_version()}, {packages}"
    )


def _processor() -> str:
    names = [*_processor_names(), platform.processor(), platform.machine()]
    return next(name for name in names if name)


def _processor_names() -> Iterator[str]:
    path = Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.startswith("model name"):
            yield line.partition(":")[2].strip()
