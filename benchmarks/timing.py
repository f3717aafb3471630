"""Things that take turns: medians, quartiles, ratios round by round, and a table of them."""

from __future__ import annotations

import gc
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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
        peak: does it once in a process of its own; returns that one's most memory in bytes.
    """

    name: str
    run: Callable[[], object]
    against: tuple[tuple[str, str], ...] = ()
    target: str = ""
    turns: int = 1
    peak: Callable[[], int] | None = None


@dataclass(frozen=True)
class Section:
    """A table with a title, and what has to be said about it."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str

    def without(self, column: str) -> Section:
        """Leave a column out."""
        place = self.columns.index(column)

        def rest(cells: tuple[str, ...]) -> tuple[str, ...]:
            return cells[:place] + cells[place + 1 :]

        return replace(self, columns=rest(self.columns), rows=[rest(row) for row in self.rows])

    def aims(self) -> Iterator[tuple[str, str, str]]:
        """List what has a target: a name, what was found, and the target."""
        name = ""
        for row in self.rows:
            cells = dict(zip(self.columns, row, strict=True))
            against = cells[""].removeprefix("... / ")
            name = name if against != cells[""] else against
            if cells["target"]:
                found = cells.get("ratio") or cells.get("time") or cells.get("size", "")
                yield name if name == against else f"{name} / {against}", found, cells["target"]

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
        peak = f"{side.peak() / 2**20:,.0f} MiB" if side.peak else ""
        rows.append((side.name, spread(own, duration), peak, "", side.target))
        for other, target in side.against:
            rows.append((f"... / {other}", "", "", spread(own / seconds[other], ratio), target))
    section = Section(title, ("", "time", "peak memory", "ratio", "target"), rows, note)
    return section if any(side.peak for side in sides) else section.without("peak memory")


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


def output(command: Sequence[object]) -> str:
    """Run a command, offline; return what it prints."""
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def peak(command: Sequence[object]) -> int:
    """Run a command; return the most memory that it had, in bytes."""
    return int(output([sys.executable, "-S", "-c", PEAK, *command])) * 1024


# In between is a small process, because a child counts what its parent had when it forked.
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def publish(heading: str, sections: Iterable[Section], out: Path | None) -> None:
    """Print tables as they come; append them to a file, and their targets to one beside it."""
    text, aims = f"{heading}\n", []
    print(text)
    for section in sections:
        table = section.markdown()
        print(table, flush=True)
        text += f"\n{table}"
        aims += [json.dumps((section.title, *aim)) for aim in section.aims()]
    if out:
        with out.open("a", encoding="utf-8") as file:
            file.write(f"\n{text}")
        with out.with_suffix(".jsonl").open("a", encoding="utf-8") as file:
            file.write("".join(f"{aim}\n" for aim in aims))


def circumstances(device: str) -> str:
    """Say when, on what and with what this was measured."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "peft"))
    place = f"{_processor()} with {torch.backends.cpu.get_cpu_capability()}"
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
