"""An entry as the files of a folder in PEFT's format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import safetensors.torch

from swereg.adapters.method import Method
from swereg.adapters.methods.peft_method import PeftMethod
from swereg.adapters.peft.folder import CARD, CONFIG, MARK, SIDE_FILE, TENSORS
from swereg.adapters.tensors import read_tensors
from swereg.errors import UsageError
from swereg.plugins.specs import settings_of
from swereg.records.entry import Entry
from swereg.records.training import Weights

# Older versions of PEFT refuse keys that they do not know, so only these are always written.
_ALWAYS = {
    "peft_type",
    "task_type",
    "r",
    "lora_alpha",
    "lora_dropout",
    "bias",
    "target_modules",
    "modules_to_save",
    "base_model_name_or_path",
    "inference_mode",
    "use_rslora",
    "use_dora",
    "fan_in_fan_out",
    "feedforward_modules",
    "save_projection",
    "projection_prng_key",
}
_SETS = ("target_modules", "exclude_modules", "feedforward_modules", "layers_to_transform")


def files(entry: Entry, weights: Weights, method: Method, base: str, card: str) -> dict[str, bytes]:
    """Make the files of a folder that PEFT loads, by their names.

    There is no config.json among them: with one, transformers takes the folder for a whole model.

    Args:
        base: where PEFT finds the base, a Hub id or a folder.
        card: the text of the model card.

    Raises:
        UsageError: the method is none of PEFT's.
    """
    if not isinstance(method, PeftMethod):
        raise UsageError(
            f"{entry.ref} cannot be written in PEFT's format",
            why=f"Its method is {entry.method}, which is none of PEFT's.",
            hint=f"Write a whole model instead: swereg export {entry.ref} --merged DIR",
            code="export.method",
        )
    config = _config(entry, method, base)
    return {
        TENSORS: _with_metadata(safetensors.torch.save(read_tensors(weights)), _metadata(entry)),
        CONFIG: _pretty(config),
        SIDE_FILE: _pretty(side_file(entry)),
        CARD: card.encode(),
    }


def side_file(entry: Entry) -> dict[str, Any]:
    """What goes with an entry into other hands: all its facts but notes and local names."""
    facts = entry.to_json()
    return {key: facts[key] for key in facts if key not in ("aliases", "note", "run", "origin")}


def _config(entry: Entry, method: PeftMethod, base: str) -> dict[str, Any]:
    """PEFT's configuration, with sorted lists and without what says nothing."""
    config = method.config(settings_of(method, entry.recipe.settings))  # type: ignore[arg-type]
    config.task_type = "SEQ_CLS"
    config.modules_to_save = ["classifier"]
    config.inference_mode = True
    config.base_model_name_or_path = base
    config.revision = entry.require_base().revision or None
    usual = {f.name: f.default for f in fields(config)}
    content = {}
    for key, value in sorted(config.to_dict().items()):
        plain = sorted(value) if value and (isinstance(value, set) or key in _SETS) else value
        says_something = plain not in (None, [], {}) and plain != usual.get(key)
        if key in _ALWAYS or (says_something and key != "peft_version"):
            content[key] = plain
    return content


def _metadata(entry: Entry) -> dict[str, str]:
    labels = json.dumps(list(entry.labels), ensure_ascii=False)
    names = json.dumps(dict(enumerate(entry.labels)), ensure_ascii=False)
    facts = {"ref": entry.ref, "task": entry.task, "labels": labels, "id2label": names}
    facts["base"] = entry.require_base().fingerprint
    return {"format": "pt", **{MARK + key: value for key, value in facts.items()}}


def _with_metadata(data: bytes, metadata: Mapping[str, str]) -> bytes:
    """Put metadata into a safetensors file, in order: the library would write it in any order."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = {"__metadata__": dict(metadata), **json.loads(data[8:end])}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the tensors begin where they can be mapped
    return len(text).to_bytes(8, "little") + text + data[end:]


def _pretty(content: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)}\n".encode()
