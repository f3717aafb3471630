"""What a task file may say, and of which kind each value has to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swereg.datasets.files.refusals import printable, quote, unknown_key
from swereg.errors import UsageError
from swereg.records.metrics import task_metrics


@dataclass(frozen=True)
class Kind:
    """A kind of value, in words and as a test."""

    words: str
    fits: Callable[[Any], bool]

    def check(self, path: Path, key: str, value: Any) -> None:
        """Refuse a value of another kind.

        Raises:
            UsageError: it is.
        """
        if not self.fits(value):
            raise wrong_type(path, key, value, self.words)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


TEXT = Kind("a text in quotes", lambda v: isinstance(v, str) and "\0" not in v)
WORD = Kind("a text in quotes, not empty", lambda v: TEXT.fits(v) and bool(v.strip()))
YES = Kind("true or false", lambda v: isinstance(v, bool))
COUNT = Kind("a whole number from 0 on", lambda v: type(v) is int and v >= 0)
WORDS = Kind(
    'a list of two texts or more, such as ["negative", "positive"]',
    lambda v: isinstance(v, list) and len(v) > 1 and all(map(WORD.fits, v)),
)
NUMBERS = Kind(
    "a list of numbers, such as [2.5, 3.5]",
    lambda v: isinstance(v, list) and bool(v) and all(_is_number(n) and abs(n) < 1e300 for n in v),
)

Table = Mapping[str, Kind]
KEYS: dict[str, Kind | Table] = {
    "name": WORD,
    "description": TEXT,
    "source": WORD,
    "licence": TEXT,
    "homepage": TEXT,
    "citation": TEXT,
    "metric": WORD,
    "labels": WORDS,
    "bins": NUMBERS,
    "mapping": {"*": WORD},
    "columns": {"text": WORD, "label": WORD},
    "splits": {"train": WORD, "val": WORD, "test": WORD},
    "reading": {
        "delimiter": WORD,
        "encoding": WORD,
        "skip_bad_rows": COUNT,
        "drop_empty": YES,
        "repair_mojibake": YES,
        "normalise_labels": YES,
        "dedupe": YES,
        "seed": COUNT,
    },
}


def check_keys(path: Path, keys: Mapping[str, Any]) -> None:
    """Refuse keys that are unknown, values of another kind, and what is missing.

    Raises:
        UsageError: there are some.
    """
    for key, value in keys.items():
        kind = KEYS.get(key)
        if kind is None:
            raise unknown_key(key, list(KEYS), printable(path.name), "task.toml")
        if isinstance(kind, Kind):
            kind.check(path, key, value)
        else:
            _check_table(path, key, value, kind)
    for key in ("name", "source"):
        if key not in keys:
            raise wrong(path, f"it does not say {key}", f'Add: {key} = "..."')
    metrics = task_metrics()
    metric = keys.get("metric", metrics[0])
    if metric not in metrics:
        raise unknown_key(metric, metrics, f"metric of {printable(path.name)}", "task.toml")


def wrong(path: Path, why: str, hint: str = "Correct it.") -> UsageError:
    """Build the error of a task file that makes no sense."""
    return UsageError(
        f"{printable(str(path))} is no sound task file",
        why=f"{why[0].upper()}{why[1:]}.",
        hint=hint,
        code="task.toml",
    )


def wrong_type(path: Path, key: str, value: Any, words: str) -> UsageError:
    """Build the error of a value of another kind than its key has."""
    return wrong(path, f"it says {key} = {quote(repr(value))}", f"It has to be {words}.")


def _check_table(path: Path, name: str, table: Any, kinds: Table) -> None:
    if not isinstance(table, dict):
        raise wrong_type(path, name, table, f"a table: [{name}]")
    for key, value in table.items():
        kind = kinds.get("*") or kinds.get(key)
        if kind is None:
            raise unknown_key(key, list(kinds), f"[{name}] of {printable(path.name)}", "task.toml")
        kind.check(path, f"{name}.{key}", value)
