"""Method specs: from what a person writes to a method and settings that are known and checked.

lora                         the method with its own settings
lora[r=8,targets=query+key]  with some of them said
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

from swereg.errors import UsageError, did_you_mean
from swereg.plugins import entry_points

_SPEC = re.compile(r"(?P<name>[^\[\]\s]+)(\[(?P<settings>[^\[\]]*)\])?")


class Configurable(Protocol):
    """As much of a method, on a base or without, as its settings need."""

    name: str
    settings: type[Any]


@dataclass(frozen=True)
class Spec:
    """A method and what was said about its settings.

    Attributes:
        method: the plugin: an ``adapters.method.Method``, or a ``standalone.method.Standalone``.
    """

    method: Any
    said: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The method's name."""
        return str(self.method.name)


def parse_method(text: str, extra: Mapping[str, Any] | None = None) -> Spec:
    """Read a method spec; settings in ``extra`` win over those in the text.

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
    method = entry_points.find_plugin("method", match["name"])
    pairs = _pairs(match["settings"] or "", text) | dict(extra or {})
    return Spec(method, {key: _typed(method, key, value) for key, value in pairs.items()})


def settings_of(method: Configurable, values: Mapping[str, Any]) -> Any:
    """Build the method's settings from JSON values or texts.

    Raises:
        UsageError: a setting is unknown or has a bad value.
    """
    return method.settings(**{key: _typed(method, key, value) for key, value in values.items()})


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


def _typed(method: Configurable, key: str, value: Any) -> Any:
    """Turn a text into the type of the method's setting."""
    types = {field.name: field for field in fields(method.settings)}
    if key not in types:
        raise UsageError(
            f"{method.name} has no setting {key!r}",
            why=f"Its settings: {', '.join(types) or 'none'}.",
            hint=did_you_mean(key, types, otherwise="swereg methods lists them."),
            code="method.setting",
        )
    kind: type[Any] = type(types[key].default)
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


def check_settings(method: str, settings: Any, rules: Mapping[str, tuple[bool, str]]) -> None:
    """Hold settings to their rules: by the setting's name, whether it is kept and how it reads.

    Raises:
        UsageError: a rule is not kept.
    """
    for key, (holds, rule) in rules.items():
        if not holds:
            raise refusal(method, key, getattr(settings, key), f"It is {rule}.")


def refusal(method: str, key: str, value: object, why: str) -> UsageError:
    """Return the error for a value that a setting cannot have."""
    return UsageError(
        f"{method} cannot have {key}={value}",
        why=why,
        hint="swereg methods lists the settings and their defaults.",
        code="method.setting",
    )
