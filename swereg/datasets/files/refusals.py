"""How a fault in a data file is said: where it is, what stands there, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from swereg.errors import DataError, SweregError, UsageError, did_you_mean

SHOWN = 5  # examples in one message
LONGEST = 60  # characters of a value in a message


def quote(value: str) -> str:
    """Show a value from a file: cut to 60 characters, with what cannot be printed escaped."""
    return repr(value if len(value) <= LONGEST else value[: LONGEST - 1] + "…")


def some(values: Sequence[str]) -> str:
    """List the first five of some values, and say how many more there are."""
    shown = ", ".join(values[:SHOWN])
    hidden = len(values) - SHOWN
    return f"{shown} and {hidden:,} more" if hidden > 0 else shown


def counted(number: int, noun: str) -> str:
    """A number and its noun, such as ``1 row`` and ``1,204 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def place(path: Path, line: int) -> str:
    """A file and a line number, from 1; a name that cannot be printed is escaped."""
    return f"{printable(str(path))}:{line}"


def lines(numbers: Iterable[int]) -> str:
    """The first five of some line numbers, each once."""
    once = sorted(set(numbers))
    return f"line{'s' if len(once) > 1 else ''} {some([str(number) for number in once])}"


def printable(value: str) -> str:
    """Escape what cannot be printed; leave the rest as it is."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)


def refuse(claim: str, why: str, hint: str, code: str) -> DataError:
    """Build the error of one kind of fault."""
    return DataError(claim, why=why, hint=hint, code=f"data.{code}")


def import_extra(module: str, extra: str, purpose: str) -> Any:
    """Import a library of an extra.

    Args:
        purpose: the files that it reads, such as ``Excel workbooks``.

    Raises:
        SweregError: it is not installed; the hint says how to install it.
    """
    try:
        return import_module(module)
    except ImportError as fault:
        library = module.partition(".")[0]
        raise SweregError(
            f"{purpose} cannot be read here",
            why=f"They are read with {library}, which is not installed ({fault}).",
            hint=f'pip install "swereg[{extra}]"',
            code="extra.missing",
        ) from fault


def unknown_key(word: str, names: Sequence[str], where: str, code: str) -> UsageError:
    """Build the error of a key that is not known, with the one that was probably meant."""
    return UsageError(
        f"{where} says {word!r}, which is not known",
        why=f"It may say {', '.join(names)}.",
        hint=did_you_mean(word, names, otherwise="Correct it, or take it out."),
        code=code,
    )
