"""PEFT's adapter_config.json from anybody: what swereg understands of it, and nothing else.

Each key has a rule. A key without one must be off (null, false or empty), since it could change
the computation. Nothing of a configuration names code to import or a model to fetch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from swereg.adapters.methods.settings import NAME
from swereg.errors import CheckFailed

HIGHEST_RANK = 256
MOST_NAMES = 4096
HEADS = ("classifier", "score")

Rule = tuple[Callable[[Any], bool], str]  # whether a value is allowed, and which are


@dataclass(frozen=True)
class ForeignConfig:
    """What a configuration says, in swereg's words.

    Attributes:
        method: the method's name.
        settings: of the method, but for the layers.
        targets: names of the adapted layers, or ends of them.
        numbers: of the adapted layers, or None for all.
        feedforward: those of the targets whose input (IA)³ scales.
    """

    method: str
    settings: Mapping[str, Any]
    targets: tuple[str, ...]
    numbers: tuple[int, ...] | None = None
    feedforward: tuple[str, ...] = ()


def understand(config: Mapping[str, Any], name: str) -> ForeignConfig:
    """Hold a configuration to the rules and bring it into swereg's words.

    Args:
        name: of the file, for messages.

    Raises:
        CheckFailed: a key is not understood or has a value that is not supported; it is named.
    """
    kind = config.get("peft_type")
    if not isinstance(kind, str) or kind not in _RULES:
        raise _refusal(name, "peft_type", kind, ", ".join(_RULES))
    rules = {**_COMMON, **_RULES[kind]}
    for key, value in config.items():
        fits, says = rules.get(key, (_is_off, "off; swereg does not know this key"))
        if not fits(value):
            raise _refusal(name, key, value, says)
    for key in _NEEDED[kind]:
        if key not in config:
            raise _refusal(name, key, None, rules[key][1])
    if config.get("use_rslora") and config.get("use_dora"):
        raise _refusal(name, "use_dora", True, "one of use_rslora and use_dora, not both")
    return _READERS[kind](config)


def _is_off(value: object) -> bool:
    return value is None or value is False or value in ("", [], {})


def _is_anything(_: object) -> bool:
    return True


def _is_flag(value: object) -> bool:
    return value is None or isinstance(value, bool)


def _is_whole(value: object, least: int, largest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= largest


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e9


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value < 1


def _is_above_zero(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 200 and bool(NAME.fullmatch(value))


def _are_names(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MOST_NAMES and all(map(_is_name, value))


def _are_numbers(value: object) -> bool:
    numbers = value if isinstance(value, list) else [value]
    return value is None or all(_is_whole(number, 0, 9999) for number in numbers)


def _pattern(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def holds(value: object) -> bool:
        if value is None:
            return True
        return isinstance(value, dict) and all(_is_name(k) and fits(v) for k, v in value.items())

    return holds


def _is_rank(value: object) -> bool:
    return _is_whole(value, 1, HIGHEST_RANK)


def _is_mapping_of_transformers(value: object) -> bool:
    """PEFT writes where a model's class lies; only transformers' own are plausible."""
    if value is None:
        return True
    if not isinstance(value, dict) or set(value) != {"base_model_class", "parent_library"}:
        return False
    return all(isinstance(text, str) for text in value.values()) and bool(
        re.fullmatch(r"transformers(\.\w+)*", value["parent_library"])
    )


_NAMES_RULE = "a list of names or whole paths of layers, no regular expression"
_OFF: Rule = (_is_off, "off")
_IGNORED: Rule = (_is_anything, "")
_COMMON: Mapping[str, Rule] = {
    "peft_type": _IGNORED,  # looked at first
    "task_type": (lambda value: value in (None, "SEQ_CLS"), "SEQ_CLS, sequence classification"),
    "base_model_name_or_path": _IGNORED,  # never fetched: the registry's base counts
    "revision": _IGNORED,
    "peft_version": _IGNORED,
    "inference_mode": (_is_flag, "true or false"),
    "auto_mapping": (_is_mapping_of_transformers, "null, or a class of transformers"),
    "target_modules": (lambda value: bool(value) and _are_names(value), _NAMES_RULE),
    "modules_to_save": (
        lambda value: value is None or (isinstance(value, list) and {*map(str, value)} <= {*HEADS}),
        "the head alone, classifier or score",
    ),
    "bias": (lambda value: value in (None, "none"), "none"),
    "layers_to_transform": (_are_numbers, "null, or numbers of layers"),
}
_RULES: Mapping[str, Mapping[str, Rule]] = {
    "LORA": {
        "r": (_is_rank, f"a whole number from 1 to {HIGHEST_RANK}"),
        "lora_alpha": (_is_above_zero, "a finite number above 0"),
        "lora_dropout": (_is_share, "from 0 to below 1"),
        "use_rslora": (_is_flag, "true or false"),
        "use_dora": (_is_flag, "true or false"),
        "rank_pattern": (_pattern(_is_rank), "names of layers with ranks from 1 to 256"),
        "alpha_pattern": (_pattern(_is_above_zero), "names of layers with numbers above 0"),
        "init_lora_weights": (
            lambda value: value in (None, True, False, "gaussian", "orthogonal"),
            "an initialisation that leaves the base as it is: true, false, gaussian or orthogonal",
        ),
        "megatron_core": (lambda value: value in (None, "megatron.core"), "PEFT's default"),
        "qalora_group_size": (lambda value: value in (None, 16), "PEFT's default"),
    },
    "IA3": {
        "feedforward_modules": (lambda value: value is None or _are_names(value), _NAMES_RULE),
        "init_ia3_weights": (_is_flag, "true or false"),
        "layers_to_transform": _OFF,
    },
    "VERA": {
        "r": (lambda value: _is_whole(value, 1, 1024), "a whole number from 1 to 1024"),
        "vera_dropout": (_is_share, "from 0 to below 1"),
        "d_initial": (lambda value: _is_number(value) and value != 0, "a number, not 0"),
        "projection_prng_key": (lambda value: _is_whole(value, 0, 2**32 - 1), "a whole number"),
        "save_projection": (lambda value: value is True, "true: the random pair has to be there"),
        "init_weights": (_is_flag, "true or false"),
    },
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "LORA": ("r", "lora_alpha", "target_modules"),
    "IA3": ("target_modules",),
    "VERA": ("r", "target_modules"),
}


def _lora(config: Mapping[str, Any]) -> ForeignConfig:
    flags = {"use_dora": "dora", "use_rslora": "rslora"}
    method = next((name for key, name in flags.items() if config.get(key)), "lora")
    patterns = {key: config.get(key) for key in ("rank_pattern", "alpha_pattern")}
    settings = {
        "r": config["r"],
        "alpha": float(config["lora_alpha"]),
        "dropout": config.get("lora_dropout", 0.0),
        **{key: json.dumps(value) if value else "" for key, value in patterns.items()},
    }
    return ForeignConfig(method, settings, *_layers(config))


def _ia3(config: Mapping[str, Any]) -> ForeignConfig:
    scaled = tuple(sorted(set(config.get("feedforward_modules") or [])))
    return ForeignConfig("ia3", {}, *_layers(config), feedforward=scaled)


def _vera(config: Mapping[str, Any]) -> ForeignConfig:
    settings = {
        "r": config["r"],
        "dropout": config.get("vera_dropout", 0.0),
        "d_initial": config.get("d_initial", 0.1),
        "seed": config.get("projection_prng_key", 0),
    }
    return ForeignConfig("vera", settings, *_layers(config))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], ForeignConfig]] = {
    "LORA": _lora,
    "IA3": _ia3,
    "VERA": _vera,
}


def _layers(config: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[int, ...] | None]:
    targets = tuple(sorted(set(config["target_modules"])))
    numbers = config.get("layers_to_transform")
    if numbers is None or numbers == []:
        return targets, None
    return targets, tuple(sorted({*(numbers if isinstance(numbers, list) else [numbers])}))


def _refusal(name: str, key: str, value: object, says: str) -> CheckFailed:
    shown = json.dumps(value, ensure_ascii=False)
    shown = shown if len(shown) <= 80 else f"{shown[:80]}..."
    return CheckFailed(
        f"{name} has {key}: {shown}",
        why=f"Supported: {says}.",
        hint="An adapter whose meaning is not certain is not imported. If you made it, train it "
        "without this setting, or merge it into a model with PEFT.",
        code="import.config",
    )
