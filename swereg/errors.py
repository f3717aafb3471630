"""Every error that swereg raises on purpose, with the exit code that the command line gives it.

SweregError            1   something went wrong that no line below names
├── DataError          1   a data file cannot be used as it is
├── TrainingError      1   training had to stop
├── StorageError       1   the registry's file or folder cannot be used
├── UsageError         2   an option or argument makes no sense
├── NotFound           3   no such entry, alias, task, method, base or file
├── CheckFailed        4   bytes, base or labels are not what was recorded
├── Conflict           5   in use, or taken by something else
├── Busy               6   another process holds the registry for too long
└── SchemaMismatch     7   the registry was written by another version of swereg
"""

from __future__ import annotations


class SweregError(Exception):
    """What happened, why, and what to do next.

    Args:
        what: one sentence, without a final full stop.
        why: the cause or the evidence; may have several lines.
        hint: what to type or do next.
        code: a stable identifier such as ``data.leakage``, for programs.
    """

    exit_code = 1

    def __init__(self, what: str, *, why: str = "", hint: str = "", code: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint
        self.code = code or _code_of(type(self))

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(self.why)
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class DataError(SweregError):
    """A data file cannot be used as it is."""


class TrainingError(SweregError):
    """Training had to stop."""


class StorageError(SweregError):
    """The registry's file or folder cannot be used."""


class UsageError(SweregError):
    """An option or argument makes no sense."""

    exit_code = 2


class NotFound(SweregError):
    """No such entry, alias, task, method, base or file."""

    exit_code = 3


class CheckFailed(SweregError):
    """Bytes, base or labels are not what was recorded."""

    exit_code = 4


class Conflict(SweregError):
    """In use, or taken by something else."""

    exit_code = 5


class Busy(SweregError):
    """Another process holds the registry for too long."""

    exit_code = 6


class SchemaMismatch(SweregError):
    """The registry was written by another version of swereg."""

    exit_code = 7


def first_line(fault: BaseException) -> str:
    """Say in one line what another library raised."""
    return f"{type(fault).__name__}: {str(fault).strip().splitlines()[0] if str(fault) else ''}"


def _code_of(kind: type[SweregError]) -> str:
    """The default code of an error: its class name in kebab case."""
    name = kind.__name__
    return "".join(f"-{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))
