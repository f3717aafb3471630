"""Recipes: what was said, what a base recommends, and a method's defaults, made one and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from swereg.errors import UsageError
from swereg.plugins.specs import Spec, settings_of
from swereg.records.training import Recipe

_RECIPE_KEYS = frozenset(f.name for f in fields(Recipe)) - {"method", "settings"}


def recipe(
    spec: Spec,
    recommended: Mapping[str, Mapping[str, Any]],
    base_max_length: int,
    options: Mapping[str, Any],
) -> Recipe:
    """Fill a recipe: what was said, else what the base recommends, else the method's default.

    Args:
        recommended: the base's settings per method.
        base_max_length: tokens that the base can take.
        options: values of recipe fields; None counts as not said.

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
    chosen = replace(chosen, **{key: value for key, value in options.items() if value is not None})
    _check(chosen, base_max_length)
    return chosen


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
    for key, (holds, rule) in rules.items():
        if not holds:
            option = "--" + key.replace("_", "-")
            raise UsageError(
                f"{option} cannot be {getattr(recipe, key)}",
                why=f"It is {rule}.",
                code="recipe.value",
            )
