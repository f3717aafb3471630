"""A folder in PEFT's format, read from anybody."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from swereg.adapters.method import HEAD_BIAS, HEAD_WEIGHT
from swereg.adapters.methods.peft_method import PEFT_PREFIX
from swereg.adapters.peft import foreign_tensors
from swereg.adapters.peft.config import ForeignConfig, understand
from swereg.adapters.peft.foreign_tensors import json_object
from swereg.errors import CheckFailed, NotFound

if TYPE_CHECKING:
    from torch import Tensor

CONFIG = "adapter_config.json"
TENSORS = "adapter_model.safetensors"
PICKLE = "adapter_model.bin"
SIDE_FILE = "swereg.json"
CARD = "README.md"
LARGEST_JSON = 2**17  # bytes; the configuration is kept with the entry
MARK = "swereg."  # before the keys of the metadata
CLAIMS = ("ref", "task", "created", "dataset", "scores", "sizes", "recipe")


@dataclass(frozen=True)
class PeftFolder:
    """What is in a folder, checked as far as that goes without the base.

    Attributes:
        tensors: in float32, under PEFT's keys, the head under ``classifier``.
        labels: that it names, or None.
        base: the fingerprint that it names, or ``""``.
        claims: what it says of itself, if swereg wrote it.
        digest: sha256 of the file with the tensors.
    """

    config: ForeignConfig
    raw_config: Mapping[str, Any]
    tensors: Mapping[str, Tensor] = field(repr=False)
    labels: tuple[str, ...] | None
    base: str
    claims: Mapping[str, Any]
    digest: str


def read_folder(folder: Path) -> PeftFolder:
    """Read a folder in PEFT's format from anybody. Nothing is unpickled, nothing is fetched.

    Raises:
        NotFound: there is no such folder, or it holds no adapter.
        CheckFailed: a file is not what it should be, or two of them contradict each other.
    """
    if not folder.is_dir():
        raise NotFound(
            f"there is no folder {folder}",
            why="It is a file; archives are not opened." if folder.exists() else "",
            hint="Give the folder that PEFT's save_pretrained wrote.",
            code="import.folder",
        )
    if not (folder / TENSORS).is_file() and (folder / PICKLE).exists():
        raise CheckFailed(
            f"{folder / PICKLE} is not read",
            why="It is a pickle, which can run any code when it is opened.",
            hint=f"Ask for {TENSORS}: PEFT's save_pretrained writes it.",
            code="import.pickle",
        )
    raw = json_object(_bytes(folder / CONFIG, LARGEST_JSON), CONFIG)
    config = understand(raw, CONFIG)
    data = _bytes(folder / TENSORS, foreign_tensors.LARGEST)
    tensors, metadata = foreign_tensors.read_foreign_tensors(data, TENSORS)
    facts = _facts(folder, metadata)
    return PeftFolder(
        config=config,
        raw_config=raw,
        tensors=_with_our_head(tensors),
        labels=facts.pop("labels", None),
        base=facts.pop("base", ""),
        claims=facts,
        digest=hashlib.sha256(data).hexdigest(),
    )


def _bytes(path: Path, limit: int) -> bytes:
    """Read a file that must be there, and not larger than allowed."""
    try:
        if not path.is_file():
            raise NotFound(
                f"there is no {path.name} in {path.parent}",
                why="It holds no adapter in PEFT's format.",
                hint="Give the folder that PEFT's save_pretrained wrote.",
                code="import.folder",
            )
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as fault:
        raise foreign_tensors.refusal(path.name, f"{fault.strerror}.") from fault
    if len(data) > limit:
        raise foreign_tensors.refusal(path.name, f"It has more than {limit:,} bytes.")
    return data


def _with_our_head(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Bring the head under the one name that stored heads have; a missing bias is zero.

    Raises:
        CheckFailed: there is no head, or not a single linear layer.
    """
    heads = [name for name in ("classifier", "score") if f"{PEFT_PREFIX}{name}.weight" in tensors]
    inner = [key for key in tensors if key.startswith((f"{PEFT_PREFIX}classifier.", "classifier."))]
    composite = [k for k in inner if k.removeprefix(PEFT_PREFIX) not in (HEAD_WEIGHT, HEAD_BIAS)]
    if composite and not any(".lora_" in key for key in composite):
        raise foreign_tensors.refusal(
            TENSORS, f"Its head has several layers ({composite[0]}); swereg's is one linear layer."
        )
    if len(heads) != 1:
        why = "It has two heads." if heads else "It has no head, so it cannot classify."
        raise foreign_tensors.refusal(TENSORS, why)
    start = f"{PEFT_PREFIX}{heads[0]}."
    outside_head = {key: tensor for key, tensor in tensors.items() if not key.startswith(start)}
    head = {key.removeprefix(start): tensors[key] for key in tensors if key.startswith(start)}
    if head["weight"].dim() != 2:
        raise foreign_tensors.refusal(TENSORS, f"{start}weight is no matrix.")
    head.setdefault("bias", torch.zeros(len(head["weight"])))
    return outside_head | {f"{PEFT_PREFIX}classifier.{key}": tensor for key, tensor in head.items()}


def _facts(folder: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    """What a folder says of itself, in the metadata and the side file; both must agree."""
    inside: dict[str, Any] = {
        key: metadata[MARK + key] for key in ("ref", "task", "base") if MARK + key in metadata
    }
    if MARK + "labels" in metadata:
        text = f'{{"labels": {metadata[MARK + "labels"]}}}'
        inside["labels"] = _labels(json_object(text, TENSORS)["labels"], TENSORS)
    if not (folder / SIDE_FILE).is_file():
        return inside
    side = json_object(_bytes(folder / SIDE_FILE, LARGEST_JSON), SIDE_FILE)
    beside = _side_facts(side)
    for key in inside.keys() & beside.keys():
        if inside[key] != beside[key]:
            raise CheckFailed(
                f"the folder contradicts itself about its {key}",
                why=f"{TENSORS} says {_shown(inside[key])}, {SIDE_FILE} {_shown(beside[key])}.",
                hint="Ask whoever made it for the folder as it was written.",
                code="import.contradiction",
            )
    return inside | beside


def _side_facts(side: Mapping[str, Any]) -> dict[str, Any]:
    """Take from a side file what is of the right kind."""
    facts: dict[str, Any] = {}
    if "labels" in side:
        facts["labels"] = _labels(side["labels"], SIDE_FILE)
    base = side.get("base")
    if isinstance(base, dict) and isinstance(base.get("fingerprint"), str):
        facts["base"] = base["fingerprint"]
    for key in CLAIMS:
        value = side.get(key)
        if isinstance(value, dict if key in ("scores", "sizes", "recipe") else str):
            facts[key] = value
    facts["scores"] = _scores(facts.get("scores", {}))
    return {key: value for key, value in facts.items() if value}


def _scores(claimed: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Keep what are scores: finite numbers by metric, by split."""
    return {
        split: {
            name: float(value)
            for name, value in metrics.items()
            if isinstance(value, int | float) and abs(value) < math.inf
        }
        for split, metrics in claimed.items()
        if isinstance(metrics, dict)
    }


def _labels(labels: object, name: str) -> tuple[str, ...]:
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise foreign_tensors.refusal(name, "Its labels are not a list of texts.")
    return tuple(labels)


def _shown(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
