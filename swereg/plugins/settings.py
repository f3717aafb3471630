"""A method's settings in brief: those that were chosen, not those that come by themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from importlib import import_module
from typing import Any

from swereg.home import locations
from swereg.records.formatting import in_order, plain

# the modules of swereg's own methods, which to ask the entry points for takes 20 ms
BUILT_IN = {
    **{
        name: f"adapters.methods.{name}"
        for name in ("lora", "full", "head", "bitfit", "dora", "ia3", "rslora", "vera")
    },
    "peft": "adapters.methods.any_peft",
    "majority": "adapters.standalone.majority",
    "tfidf": "adapters.standalone.tfidf",
}
_SHORT = {"learning_rate": "lr"}


def brief_settings(method: str, settings: Mapping[str, Any], recipe: Mapping[str, Any] = {}) -> str:
    """Write the settings that differ from the method's own, and what else is to be told: r=8.

    All of them where the method is not one of swereg's own: another package's code is not
    imported just to list entries.
    """
    kind = _settings_class(method)
    shown = dict(settings)
    for key in settings if kind else ():
        fewer = {k: v for k, v in shown.items() if k != key}
        if _same(kind, fewer, settings):
            shown = fewer
    shown |= {_SHORT.get(key, key): value for key, value in recipe.items()}
    return " ".join(f"{key}={plain(value)}" for key, value in shown.items())


def ordered_settings(method: str, settings: Mapping[str, Any]) -> str:
    """Write all settings that say something, in a built-in method's own order: r=4, alpha=8."""
    kind = _settings_class(method)
    order = [field.name for field in fields(kind)] if kind else []
    pairs = in_order({key: value for key, value in settings.items() if value != ""}, order)
    return ", ".join(f"{key}={plain(value)}" for key, value in pairs)


def recommended_settings() -> dict[str, dict[str, str]]:
    """Write what the bases that ship with swereg recommend: base, then method, to settings."""
    by_base = {}
    for path in sorted(locations.PACKAGED_BASES.glob("*/swereg.json")):
        methods = json.loads(path.read_text(encoding="utf-8"))["recommended"]
        by_base[path.parent.name] = {method: _said(advice) for method, advice in methods.items()}
    return by_base


def _said(advice: Mapping[str, Any]) -> str:
    recipe = {key.replace("_", " "): value for key, value in advice.items() if key != "settings"}
    parts = [f"{key} {plain(value)}" for key, value in recipe.items()]
    return ", ".join([*parts, *(f"{k}={plain(v)}" for k, v in advice.get("settings", {}).items())])


def _same(kind: Any, advised: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Tell whether the method completes both to the same: older entries lack newer settings."""
    try:
        return bool(kind(**advised) == kind(**settings))
    except Exception:  # stored by another version, with settings that this one does not take
        return False


@cache
def _settings_class(method: str) -> Any:
    """The class of a built-in method's settings, else None."""
    place = BUILT_IN.get(method)
    return import_module(f"swereg.{place}").METHOD.settings if place else None
