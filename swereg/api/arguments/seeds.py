"""Which seeds are meant."""

from __future__ import annotations

from collections.abc import Sequence

from swereg.adapters.kinds import kind_of_method
from swereg.errors import UsageError
from swereg.plugins import specs
from swereg.records.training import Recipe


def choose_seeds(seeds: int | Sequence[int], first: int | None, method: str) -> list[int]:
    """Return the seeds to train with.

    Args:
        seeds: how many, from ``first`` on, or the seeds themselves.
        first: the first one; by default 42.
        method: a method, which has to care for its seed.

    Raises:
        UsageError: there is none, one is there twice, or the method does not care.
    """
    spec = specs.parse_method(method)
    if not kind_of_method(spec.method).is_seeded(spec.method):
        raise UsageError(
            f"{spec.name} learns the same with every seed",
            hint="Train it once, without --seeds.",
            code="seeds.deterministic",
        )
    if isinstance(seeds, int):
        start = Recipe.seed if first is None else first
        chosen = list(range(start, start + seeds))
        is_sound = bool(chosen)
    else:
        chosen = list(seeds)
        is_sound = bool(chosen) and len(set(chosen)) == len(chosen) and first is None
    if not is_sound:
        raise UsageError(
            f"{seeds if isinstance(seeds, int) else chosen} cannot be the seeds",
            why="They are a number from 1, or different seeds of your own and then no --seed.",
            hint="Write --seeds 5, or --seeds 1,2,3.",
            code="seeds.value",
        )
    return chosen
