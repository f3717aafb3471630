"""The one door to the terminal: data to stdout, words to stderr.

A person gets tables; a pipe gets tab-separated rows with a header; ``--json`` gets one object.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import click

from swereg.errors import SweregError

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA_VERSION = 1  # of everything that --json prints
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: its header.
        right: whether its cells are figures, set to the right.
        keep: how important it is; where the terminal is narrow, the smallest go first.
    """

    title: str
    right: bool = False
    keep: int = 0


def prepare() -> None:
    """Let no letter break an output that cannot show it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def is_terminal(stream: TextIO | None = None) -> bool:
    """Tell whether a stream (by default stdout) is a terminal that a person looks at."""
    return (stream or sys.stdout).isatty()


def console(*, stderr: bool = False) -> Console:
    """Build rich's console for one of the two streams."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def say(text: str) -> None:
    """Say a sentence to the person, on stderr."""
    click.echo(text, err=True)


def note(text: str) -> None:
    """Say something that is good to know, on stderr."""
    say(f"note: {text}")


def data(text: str) -> None:
    """Print a line of data."""
    click.echo(text)


def as_json(content: Mapping[str, Any]) -> None:
    """Print one object, in ASCII, so that it passes every pipe."""
    whole = {"schema_version": SCHEMA_VERSION, **content}
    data(json.dumps(whole, indent=2, ensure_ascii=True, allow_nan=False))


def as_csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print CSV whose cells no spreadsheet takes for a formula."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print a table for a person, or tab-separated rows for a pipe."""
    if not is_terminal():
        data("\t".join(column.title for column in columns))
        for row in rows:
            data("\t".join(_one_line(cell) for cell in row))
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = _fitting(columns, rows, shutil.get_terminal_size().columns)
    unicode = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    grid = Table(title=title or None, box=box.SIMPLE_HEAD if unicode else box.ASCII,
                 title_justify="left", pad_edge=False)  # fmt: skip
    for number in shown:
        column = columns[number]
        grid.add_column(Text(column.title), justify="right" if column.right else "left",
                        overflow="fold")  # fmt: skip
    for row in rows:
        grid.add_row(*(Text(_one_line(row[number])) for number in shown))
    console().print(grid)


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and values, a line each."""
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        first, *rest = value.split("\n")
        data(f"{name:<{width}}  {first}".rstrip())
        for line in rest:
            data(f"{'':<{width}}  {line}".rstrip())


def error(fault: SweregError, *, as_json: bool = False) -> None:
    """Say what happened, why, and what to do next."""
    if as_json:
        content = {"code": fault.code, "what": fault.what, "why": fault.why, "hint": fault.hint}
        data(json.dumps({"schema_version": SCHEMA_VERSION, "error": content}, indent=2))
    say(f"error: {fault.what}")
    for line in fault.why.splitlines():
        say(f"  {line}")
    if fault.hint:
        say(f"hint: {fault.hint}")


def size(count: float) -> str:
    """A number of bytes, for a person: 582 KiB."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit != "MiB" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def duration(seconds: float) -> str:
    """A duration, for a person: 41 s, 3 min 20 s."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def sparkline(values: Sequence[float]) -> str:
    """Draw values as a line of bars, the lowest and the highest value setting the scale."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    bars = "▁▂▃▄▅▆▇█" if encoding.startswith("utf") else "_.-=+*#@"
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(bars[min(7, int(8 * (value - low) / span))] for value in values)


def colour_allowed() -> bool:
    """Tell whether NO_COLOR and the terminal allow colour."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _one_line(cell: str) -> str:
    """A cell without what would break a row or move the cursor."""
    return "".join(c if c.isprintable() else " " for c in cell)


def _fitting(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Choose the columns that fit, the most important ones first; one at least."""
    need = [
        max([len(column.title), *(len(row[number]) for row in rows)]) + 2
        for number, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    while len(shown) > 1 and sum(need[number] for number in shown) > width:
        shown.remove(min(shown, key=lambda number: (columns[number].keep, -number)))
    return shown
