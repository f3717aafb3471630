"""What a sweep goes over, and what it gave."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from swereg.errors import UsageError
from swereg.plugins import specs
from swereg.records.entry import Entry
from swereg.records.formatting import plain
from swereg.records.training import OPTIONS, Recipe

_TYPES: dict[str, Callable[[Any], Any]] = {  # of the fields of a recipe that a sweep may go over
    option.name: type(option.default) for option in OPTIONS if option.name not in ("seed", "device")
}


@dataclass(frozen=True)
class Combination:
    """One training of a sweep.

    Attributes:
        said: what varies, with its values here, in the order in which it was said.
        fixed: what has one value in all of them.
    """

    said: Mapping[str, Any]
    fixed: Mapping[str, Any]
    seed: int

    def __str__(self) -> str:
        varied = ", ".join(f"{key}={plain(value)}" for key, value in self.said.items())
        return f"{varied}, seed {self.seed}" if varied else f"seed {self.seed}"


@dataclass(frozen=True)
class GivenUp:
    """A training that fell behind, or whose loss became infinite; nothing of it is stored.

    Attributes:
        epoch: the last one that it did.
        val_loss: the lowest until then; None where it did none.
    """

    combination: str
    epoch: int
    val_loss: float | None
    why: str


@dataclass(frozen=True)
class SweepRun:
    """What a sweep gave.

    Attributes:
        name: the value of the tag ``sweep`` of its entries; the same sweep has the same name.
        entries: those that are stored, in the order of the combinations.
        combinations: what each of them is in the sweep.
        before: the references of those that were there already.
        given_up: the others.
    """

    name: str
    task: str
    entries: tuple[Entry, ...]
    combinations: tuple[Combination, ...]
    before: tuple[str, ...]
    given_up: tuple[GivenUp, ...]

    @property
    def best(self) -> Entry | None:
        """The entry with the lowest validation loss; test data have no say."""
        scored = [entry for entry in self.entries if entry.val_loss is not None]
        return min(scored, key=lambda entry: entry.val_loss or 0.0, default=None)

    def to_json(self) -> dict[str, Any]:
        """All facts as plain JSON values."""
        return {
            "sweep": self.name,
            "task": self.task,
            "best": self.best and self.best.ref,
            "entries": [entry.to_json() for entry in self.entries],
            "combinations": [asdict(item) for item in self.combinations],
            "before": list(self.before),
            "given_up": [asdict(item) for item in self.given_up],
        }


def combinations(
    over: Mapping[str, Sequence[Any]], seeds: Sequence[int] = (Recipe.seed,)
) -> list[Combination]:
    """List all combinations of values, each with every seed.

    Raises:
        UsageError: a key has no values, or one of them twice.
    """
    for key, values in over.items():
        if not values or len(set(map(str, values))) < len(values):
            raise UsageError(
                f"the values of {key} make no sweep",
                why=f"They are {', '.join(map(str, values)) or 'none'}.",
                hint=f"Give one or more that differ: {key}=4,8,16",
                code="sweep.values",
            )
    varied = {key: values for key, values in over.items() if len(values) > 1}
    fixed = {key: values[0] for key, values in over.items() if len(values) == 1}
    return [
        Combination(dict(zip(varied, values, strict=True)), fixed, seed)
        for values in itertools.product(*varied.values())
        for seed in seeds
    ]


def recipe_of(
    combination: Combination,
    *,
    method: str,
    settings: Mapping[str, Any],
    options: Mapping[str, Any],
    recommended: Mapping[str, Mapping[str, Any]],
    max_length: int,
) -> Recipe:
    """Return the whole recipe of a combination, as ``train`` would make it.

    A key that the method has a setting of is one; any other is a field of the recipe.

    Args:
        method, settings, options: as they were given for all combinations.
        recommended, max_length: of the base.

    Raises:
        UsageError: a value makes no sense.
    """
    from swereg.adapters.training import recipes

    own_keys = {field.name for field in fields(specs.parse_method(method).method.settings)}
    of_method: dict[str, Any] = dict(settings)
    of_recipe: dict[str, Any] = {**options, "seed": combination.seed}
    for key, value in {**combination.fixed, **combination.said}.items():
        if key in _TYPES and key not in own_keys:
            of_recipe[key] = _number(key, value)
        else:
            of_method[key] = str(value)
    return recipes.recipe(specs.parse_method(method, of_method), recommended, max_length, of_recipe)


def _number(key: str, value: Any) -> Any:
    """A recipe's value from what was said."""
    try:
        return _TYPES[key](value)
    except ValueError:
        raise UsageError(
            f"{key} cannot be {value}", hint="Give a number.", code="sweep.number"
        ) from None
