"""The one door to the terminal: data goes to stdout, words go to stderr.

A person gets tables, a pipe gets tab-separated rows, ``--json`` gives one object. What comes from
data is never read as markup, and cannot move the cursor.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from swereg.records.spreadsheet_formulas import harmless

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from swereg.errors import SweregError

SCHEMA_VERSION = 1  # of everything that --json prints

_objects: list[str] = []  # the keys of what --json has printed in this command, see begin

_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def prepare() -> None:
    """Make both streams usable: there, and never broken by a letter that they cannot show."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed before the start
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - open to the end
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def begin() -> None:
    """Begin a command: nothing has been printed yet."""
    _objects.clear()


def is_terminal(stream: TextIO | None = None) -> bool:
    """Tell whether a stream, by default stdout, is a terminal that a person looks at."""
    return (stream or sys.stdout).isatty()


def is_lively() -> bool:
    """Tell whether stderr can show bars that move."""
    return is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"


def is_unicode(stream: TextIO | None = None) -> bool:
    """Tell whether a stream, by default stdout, shows more than ASCII."""
    return ((stream or sys.stdout).encoding or "").lower().startswith("utf")


def plus_minus(stream: TextIO | None = None) -> str:
    """The sign, as far as a stream, by default stdout, has it."""
    return "±" if is_unicode(stream) else "+-"


def width() -> int:
    """The columns of the terminal behind stdout, at least 10; 80 where there is none."""
    return max(10, shutil.get_terminal_size().columns)


def console(*, stderr: bool = False) -> Console:
    """Build rich's console for one of the two streams."""
    from rich.console import Console

    wide = None if stderr else width()
    return Console(stderr=stderr, width=wide, markup=False, highlight=False, emoji=False)


# --- data -----------------------------------------------------------------------------------


def data(text: str) -> None:
    """Print one line of data, at once: somebody may be waiting for it."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def content(text: str) -> None:
    """Print a whole file: its very bytes into a pipe, harmless lines for a person."""
    if is_terminal():
        for row in text.splitlines():
            data(clean(row))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()


def cells(row: Iterable[object]) -> None:
    """Print one row for a program: cells with tabs between them."""
    data("\t".join("" if cell is None else clean(str(cell)) for cell in row))


def drawn(thing: RenderableType) -> None:
    """Print something of rich's for a person."""
    console().print(thing)


def line(text: str) -> None:
    """Print a line of words for a person, wrapped where the terminal ends."""
    from rich.text import Text

    drawn(Text(clean(text)))


def as_json(content: Mapping[str, Any]) -> None:
    """Print one object, in ASCII, so that it passes through every pipe."""
    document = {"schema_version": SCHEMA_VERSION, **content}
    _objects.extend(content)
    data(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False))


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print CSV in which a spreadsheet takes no text for a formula."""
    for row in (header, *rows):
        line = io.StringIO()
        writer = csv.writer(line, lineterminator="\r\n")  # its letters are those that are quoted
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
        sys.stdout.write(f"{line.getvalue()[:-2]}\n")


def as_markdown(
    header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[bool] = ()
) -> None:
    """Print a table as Markdown has it, with some columns set to the right."""
    rules = ["---:" if at < len(right) and right[at] else "---" for at in range(len(header))]
    for row in (header, rules, *rows):
        data("| " + " | ".join(clean(cell).replace("|", r"\|") for cell in row) + " |")


# --- words ----------------------------------------------------------------------------------


def say(text: str, *, style: str = "") -> None:
    """Say something to the person. A stderr that has gone away stops no work."""
    lines = "\n".join(clean(line) for line in text.split("\n"))
    with suppress(BrokenPipeError):
        sys.stderr.write(f"{styled(lines, style)}\n")
        sys.stderr.flush()


def note(text: str) -> None:
    """Say something that is good to know."""
    say(f"note: {text}")


def error(fault: SweregError, *, json_too: bool) -> None:
    """Say what happened, why, and what to do next; for a program on stdout as well.

    A program gets one object: after the data, what a condition says of them is in words alone.
    """
    if json_too and not _objects:
        facts = {"code": fault.code, "what": fault.what, "why": fault.why, "hint": fault.hint}
        as_json({"error": facts})
    say(f"error: {fault.what}", style="red")
    for line in fault.why.splitlines():
        say(f"  {line}")
    if fault.hint:
        say(f"hint: {fault.hint}")


def styled(text: str, style: str) -> str:
    """Colour a text (``red``, ``green``) or dim it (``dim``) where stderr allows colour."""
    plain = os.environ.get("NO_COLOR") or not is_lively()
    if not style or plain:
        return text
    return click.style(text, dim=True) if style == "dim" else click.style(text, fg=style)


def clean(text: str) -> str:
    """Make a text one harmless line: control and direction characters become escapes."""
    return text if text.isprintable() else "".join(map(_harmless, text))


def _harmless(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind in ("Cc", "Cs", "Zl", "Zp") or letter in _DIRECTIONS:
        return letter.encode("unicode_escape").decode()
    return letter
