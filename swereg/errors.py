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

from collections.abc import Iterable

_VALUE = "Choose one of these values."
_FILE = "Check the path, and whether it may be read or written."
_USAGE = "See the command's --help."
ADVICE = {  # by code or family of codes, where the place that noticed has no closer hint
    "bank.absent": "See what is in it: Bank.entries",
    "bank.capacity": "Choose larger numbers, or leave them out.",
    "base.config": "Fetch or copy the base again.",
    "base.id": "Write ORG/NAME, such as KB/bert-base-swedish-cased, or a folder.",
    "compare": _VALUE,
    "data.format": "Give the file one of these endings.",
    "examine.split": "Choose test or val.",
    "export.bias": "Export it in PEFT's format: swereg export REF --peft FOLDER",
    "export.large": "Copy the whole registry with its weights: swereg backup FOLDER",
    "export.what": "Name entries, such as sentiment/3.",
    "fail-if.holds": "Look at these entries: swereg show REF",
    "hub.spec": "Write hub:ORG/NAME[KEY=VALUE,...].",
    "import.labels": "Name them in the order of the head's outputs: --labels A,B,C",
    "import.missing": _FILE,
    "list.sort": _VALUE,
    "method.setting": "See the method's settings: swereg methods",
    "plot.ending": "Give the file one of these endings.",
    "predict": _FILE,
    "recipe.value": "Choose such a value, or leave it out for the default.",
    "ref.name": "Choose a name such as sentiment-2.",
    "report.folder": "Make it first, or name another file.",
    "resume.busy": "Wait for it to end, or end it, then try again.",
    "statistics.metric": "Choose another with --metric, such as accuracy.",
    "statistics": "Verify the entry: swereg verify REF",
    "storage.staged": "Free some space, or set SWEREG_HOME to another folder.",
    "tag.unknown": "See its tags: swereg show REF",
    "task.no-data": "Give its data: --data FILE",
    "training.diverged": "Train again with other settings; nothing was stored.",
    "usage": _USAGE,
    "usage-error": _USAGE,
    "verify.outputs": "Only an entry that was trained or scored here has some.",
    "weights": "Restore the registry from a backup, or train again.",
}


def advice(code: str) -> str:
    """Say what to do about an error where nothing closer is known, or ``""``."""
    return ADVICE.get(code) or ADVICE.get(code.partition(".")[0], "")


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
        self.code = code or _code_of(type(self))
        self.hint = hint or advice(self.code)

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


def did_you_mean(word: str, words: Iterable[str], *, otherwise: str) -> str:
    """Hint at what was probably meant by a word that is not known, or at something else."""
    import difflib  # takes 3 ms, which only an error should

    close = difflib.get_close_matches(word, list(words), n=1)
    return f"Did you mean {close[0]}?" if close else otherwise


def _code_of(kind: type[SweregError]) -> str:
    """The default code of an error: its class name in kebab case."""
    name = kind.__name__
    return "".join(f"-{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))
