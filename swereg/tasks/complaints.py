"""How a fault in a data file is said: where it is, what stands there, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from swereg.errors import DataError

SHOWN = 5  # examples in one message
LONGEST = 60  # characters of a value in a message


def quote(value: str) -> str:
    """Show a value from a file: escaped, and cut to 60 characters."""
    short = value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
    return ascii_controls(short)


def ascii_controls(value: str) -> str:
    """Put a value in quotes with what cannot be printed escaped, and letters as they are."""
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode()
                         for c in value) + '"'  # fmt: skip


def some(values: Sequence[str]) -> str:
    """List the first five of some values, and say how many more there are."""
    shown = ", ".join(values[:SHOWN])
    more = len(values) - SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown


def place(path: Path, line: int) -> str:
    """A file and a line number, from 1."""
    return f"{path.name}:{line}"


def refuse(what: str, why: str, hint: str, code: str) -> DataError:
    """Build the error of one kind of fault."""
    return DataError(what, why=why, hint=hint, code=f"data.{code}")
