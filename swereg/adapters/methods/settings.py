"""What the settings of methods have in common: names of layers, ranks, JSON objects as texts."""

from __future__ import annotations

import json
import re
from typing import Any

from swereg.plugins.specs import refusal

NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")


def are_names(text: str) -> bool:
    """Tell whether a text is plain names of layers joined by ``+``."""
    return all(NAME.fullmatch(name) for name in text.split("+"))


def json_object(method: str, key: str, text: str) -> dict[str, Any]:
    """Read a setting that is a JSON object as a text; empty stands for an empty one.

    Raises:
        UsageError: it is something else.
    """
    try:
        parsed = json.loads(text or "{}", parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise refusal(method, key, text, f"It is no JSON: {fault}") from fault
    if not isinstance(parsed, dict):
        raise refusal(method, key, text, 'It is a JSON object, such as {"layer.11": 8}.')
    return parsed


def is_rank(value: object) -> bool:
    """Tell whether a value is a whole number from 1 to 1024."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1024


def is_positive(value: object) -> bool:
    """Tell whether a value is a number above 0, and no absurd one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1e9


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
