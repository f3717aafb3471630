"""Conditions on entries, such as ``val_loss<0.4``, ``method=lora`` or ``r>=8``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from swereg.errors import UsageError, did_you_mean
from swereg.records.formatting import NO_BASE
from swereg.records.metrics import stored

if TYPE_CHECKING:
    from swereg.records.entry import Entry

_FORM = re.compile(r"\s*([\w.-]+?)\s*(<=|>=|!=|==|=|<|>|~)\s*([^<>=!~].*?)\s*", re.DOTALL)

_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Condition:
    """One comparison of a fact with a value.

    Attributes:
        key: the name of the fact, see ``facts``.
        sign: ``<``, ``<=``, ``>``, ``>=``, ``=``, ``!=``, or ``~`` for texts that contain it.
        value: as it was written.
    """

    key: str
    sign: str
    value: str

    def holds(self, facts: Mapping[str, Any]) -> bool | None:
        """Tell whether it is so; None where the fact is not known."""
        fact = facts.get(self.key)
        if fact is None:
            return None
        if isinstance(fact, list | tuple):
            return any(self._holds(value) for value in fact) == (self.sign != "!=")
        return self._holds(fact)

    def _holds(self, fact: Any) -> bool:
        if self.sign == "~":
            return self.value.casefold() in str(fact).casefold()
        if isinstance(fact, bool) or not isinstance(fact, int | float):
            return _OPERATORS[self.sign](str(fact), self.value)
        try:
            return _OPERATORS[self.sign](float(fact), float(self.value))
        except ValueError:
            raise UsageError(
                f"{self} compares a number with a text",
                why=f"{self.key} is a number, such as {fact:g}.",
                hint="Write numbers as 0.4 or 1e-3.",
                code="condition.number",
            ) from None

    def __str__(self) -> str:
        return f"{self.key}{self.sign}{self.value}"


def parse_condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        UsageError: it has another form.
    """
    match = _FORM.fullmatch(text)
    if not match:
        raise UsageError(
            f"{text!r} is no condition",
            why="A condition is KEY, one of < <= > >= = != ~, and a value.",
            hint="For instance: val_loss<0.4, method=lora, r>=8",
            code="condition.form",
        )
    return Condition(match[1], "=" if match[2] == "==" else match[2], match[3])


def facts_of_entry(entry: Entry) -> dict[str, Any]:
    """Give everything about an entry that a condition can be about, by key.

    Scores are those of test, or of validation where there is no test; ``val.accuracy`` and
    ``test.accuracy`` say which. Settings of the method and parts of the recipe have their names.
    """
    scores = entry.scores.get("test") or entry.scores.get("val") or {}
    recipe = entry.known_recipe
    settings = recipe.pop("settings")
    return {
        **settings,
        **recipe,
        "ref": entry.ref,
        "name": entry.name,
        "version": entry.version,
        "task": entry.task,
        "base": str(entry.base or NO_BASE),
        "dataset": entry.dataset,
        "alias": entry.aliases,
        "note": entry.note,
        "tag": tuple(f"{key}={value}" for key, value in entry.tags.items()),
        "created": entry.created,
        "val_loss": entry.val_loss,
        **dict.fromkeys(stored()),
        **scores,
        "trainable": entry.trainable,
        "trainable_percent": entry.trainable_percent,
        "size": entry.weights_size,
        "seconds": entry.seconds,
        "best_epoch": entry.best_epoch,
        **{f"{split}.{name}": v for split, one in entry.scores.items() for name, v in one.items()},
    }


def select_entries(entries: Iterable[Entry], conditions: Sequence[str]) -> list[Entry]:
    """Keep the entries for which all conditions hold; what is not known holds for none.

    Raises:
        UsageError: a condition has another form, or is about what no entry has.
    """
    if not conditions:
        return list(entries)
    parsed = [parse_condition(text) for text in conditions]
    facts_of = [(entry, facts_of_entry(entry)) for entry in entries]
    check_keys(parsed, [each for _, each in facts_of])
    return [entry for entry, each in facts_of if all(one.holds(each) for one in parsed)]


def check_keys(conditions: Iterable[Condition], facts_of: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a condition about something that nothing has, which is mostly a slip.

    Raises:
        UsageError: there is one.
    """
    keys = {key for facts in facts_of for key in facts}
    for condition in conditions:
        if facts_of and condition.key not in keys:
            raise UsageError(
                f"nothing here has a figure named {condition.key!r}",
                why=f"There are {', '.join(sorted(keys))}.",
                hint=did_you_mean(condition.key, sorted(keys), otherwise="Take one of these."),
                code="condition.key",
            )
