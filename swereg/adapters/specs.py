"""Method specs and recipes: from what a person writes to values that are all known and checked.

lora                         the method with its own settings
lora[r=8,targets=query+key]  with some of them said
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from swereg import plugins
from swereg.adapters.method import Method
from swereg.errors import UsageError
from swereg.records import Recipe

_SPEC = re.compile(r"(?P<name>[^\[\]\s]+)(\[(?P<settings>[^\[\]]*)\])?")
_RECIPE_KEYS = frozenset(f.name for f in fields(Recipe)) - {"method", "settings"}


@dataclass(frozen=True)
class Spec:
    """A method and what was said about its settings."""

    method: Method
    said: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name


def parse(text: str, more: Mapping[str, Any] | None = None) -> Spec:
    """Read a method spec; settings in ``more`` win over those in the text.

    Raises:
        UsageError: it is no spec, or a setting is unknown or has a bad value.
        NotFound: there is no such method.
    """
    match = _SPEC.fullmatch(text.strip())
    if not match:
        raise UsageError(
            f"{text!r} is not a method",
            hint="Write it as lora or lora[r=8,alpha=16].",
            code="method.syntax",
        )
    method = plugins.find("method", match["name"])
    said = _pairs(match["settings"] or "", text) | dict(more or {})
    return Spec(method, {key: _typed(method, key, value) for key, value in said.items()})


def settings_of(method: Method, said: Mapping[str, Any]) -> Any:
    """Build the method's settings from JSON values or texts.

    Raises:
        UsageError: a setting is unknown or has a bad value.
    """
    return method.settings(**{key: _typed(method, key, value) for key, value in said.items()})


def recipe(
    spec: Spec,
    recommended: Mapping[str, Mapping[str, Any]],
    base_max_length: int,
    said: Mapping[str, Any],
) -> Recipe:
    """Fill a recipe: what was said, else what the base recommends, else the method's default.

    Args:
        recommended: the base's settings per method.
        base_max_length: tokens that the base can take.
        said: values of recipe fields; None counts as not said.

    Raises:
        UsageError: a value makes no sense.
    """
    advice = dict(recommended.get(spec.name, {}))
    settings = settings_of(spec.method, {**advice.pop("settings", {}), **spec.said})
    chosen = Recipe(
        method=spec.name,
        settings=asdict(settings),
        learning_rate=spec.method.learning_rate,
        max_length=min(Recipe.max_length, base_max_length),
    )
    chosen = replace(chosen, **_only_recipe_keys(advice))
    chosen = replace(chosen, **{key: value for key, value in said.items() if value is not None})
    _check(chosen, base_max_length)
    return chosen


def _pairs(text: str, spec: str) -> dict[str, str]:
    pairs = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = part.partition("=")
        if not equals:
            raise UsageError(
                f"{spec!r} is not a method",
                why=f"{part!r} is not of the form key=value.",
                hint="Write it as lora[r=8,alpha=16].",
                code="method.syntax",
            )
        pairs[key.strip()] = value.strip()
    return pairs


def _typed(method: Method, key: str, value: Any) -> Any:
    """Turn a text into the type of the method's setting."""
    known = {field.name: field for field in fields(method.settings)}
    if key not in known:
        close = difflib.get_close_matches(key, known, n=1)
        raise UsageError(
            f"{method.name} has no setting {key!r}",
            why=f"Its settings: {', '.join(known) or 'none'}.",
            hint=f"Did you mean {close[0]}?" if close else "swereg methods lists them.",
            code="method.setting",
        )
    kind: type[Any] = type(known[key].default)
    try:
        if kind is bool and isinstance(value, str):
            return {"true": True, "false": False}[value.lower()]
        return kind(value)
    except (KeyError, TypeError, ValueError) as fault:
        raise UsageError(
            f"{method.name} cannot have {key}={value}",
            why=f"It takes {_KINDS.get(kind, kind.__name__)}.",
            code="method.setting",
        ) from fault


_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def _only_recipe_keys(advice: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(advice) - _RECIPE_KEYS)
    if unknown:
        raise UsageError(
            f"the base recommends a setting that recipes do not have: {', '.join(unknown)}",
            hint="Correct its swereg.json.",
            code="base.recommended",
        )
    return dict(advice)


def _check(recipe: Recipe, base_max_length: int) -> None:
    def finite(value: float) -> bool:
        return math.isfinite(value) and value >= 0

    rules = {
        "learning_rate": (finite(recipe.learning_rate), "a number from 0"),
        "batch_size": (recipe.batch_size >= 1, "1 or more"),
        "epochs": (recipe.epochs >= 1, "1 or more"),
        "patience": (recipe.patience >= 1, "1 or more"),
        "seed": (0 <= recipe.seed < 2**32, "from 0 to 4294967295"),
        "max_length": (3 <= recipe.max_length <= base_max_length, f"3 to {base_max_length} here"),
        "dropout": (0 <= recipe.dropout < 1, "from 0 to below 1"),
        "weight_decay": (finite(recipe.weight_decay), "a number from 0"),
        "clip": (recipe.clip > 0, "above 0"),
        "precision": (recipe.precision in ("fp32", "bf16"), "fp32 or bf16"),
    }
    for key, (kept, rule) in rules.items():
        if not kept:
            option = "--" + key.replace("_", "-")
            raise UsageError(
                f"{option} cannot be {getattr(recipe, key)}",
                why=f"It is {rule}.",
                code="recipe.value",
            )
