"""An adapter from anybody, put on a base of ours: settings that fit, tensors that fit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from swereg.adapters.frozen.base import FrozenBase
from swereg.adapters.frozen.encoder import Placed
from swereg.adapters.method import HEAD_WEIGHT, Method
from swereg.adapters.methods.layer_names import alike, is_target
from swereg.adapters.methods.peft_method import PEFT_PREFIX
from swereg.adapters.peft.config import ForeignConfig
from swereg.adapters.peft.folder import TENSORS, PeftFolder
from swereg.adapters.peft.foreign_tensors import refusal
from swereg.adapters.tensors import write_tensors
from swereg.adapters.training.environment import environment
from swereg.errors import CheckFailed
from swereg.evaluation.scoring import pack_outputs, score
from swereg.plugins import entry_points
from swereg.plugins.specs import settings_of
from swereg.records.dataset import Dataset, texts
from swereg.records.training import Fitted, Recipe

# What each adapted layer has in the file.
_PARTS = {
    "lora": "lora_A.weight",
    "rslora": "lora_A.weight",
    "dora": "lora_A.weight",
    "ia3": "ia3_l",
    "vera": "vera_lambda_b",
}
_SHARED = ("base_model.vera_A", "base_model.vera_B")  # random, not learnt


@dataclass(frozen=True)
class Imported:
    """An adapter on its base, with the settings that say exactly what it is."""

    placed: Placed
    settings: Any


def import_folder(
    folder: PeftFolder,
    base: FrozenBase,
    labels: Sequence[str],
    max_length: int,
    dataset: Dataset | None,
) -> Fitted:
    """Put an adapter on a base, and write down what is known of it.

    Args:
        labels: in the order of the head's outputs.
        max_length: tokens per text.
        dataset: examples to score it on, if there are any.

    Raises:
        CheckFailed: it does not fit the base, its configuration, or the labels.
    """
    method = entry_points.find_plugin("method", folder.config.method)
    imported = put_on(folder, base, method, labels, max_length)
    recipe = Recipe(folder.config.method, asdict(imported.settings), max_length=max_length)
    return fitted(folder, imported, base, recipe, uuid.uuid4().hex, dataset)


def put_on(
    folder: PeftFolder, base: FrozenBase, method: Method, labels: Sequence[str], max_length: int
) -> Imported:
    """Put an adapter on a base.

    Raises:
        CheckFailed: it does not fit the base, its configuration, or the labels.
    """
    weight = folder.tensors[f"{PEFT_PREFIX}{HEAD_WEIGHT}"]
    if len(weight) != len(labels):
        raise CheckFailed(
            f"the adapter's head is for {len(weight)} labels",
            why=f"{len(labels)} are given: {', '.join(labels)}.",
            hint="Name one label for each output of the head, in its order: --labels A,B,C",
            code="import.label-count",
        )
    settings = settings_of(method, fitting_settings(folder, base))
    placed = base.place(method.lower(folder.tensors, base, settings), len(labels), max_length)
    return Imported(placed, settings)


def fitting_settings(folder: PeftFolder, base: FrozenBase) -> dict[str, Any]:
    """Write the settings of a method; layers by their ends where all of them are in the file.

    An adapter that lacks some of the layers that its configuration names gets whole names.

    Raises:
        CheckFailed: the file has layers that the configuration does not name, or another encoder's.
    """
    config, start = folder.config, f"{base.prefix}."
    adapted = _adapted(folder, start)
    targets, numbers = "+".join(config.targets), _list(config.numbers)
    strange = [layer for layer in adapted if not is_target(start + layer, targets, numbers)]
    if strange:
        raise refusal(TENSORS, f"It adapts {strange[0]}, which its configuration does not name.")
    config = replace(config, targets=_used(config, [start + layer for layer in adapted]))
    named = {
        layer
        for layer in alike(adapted, lambda layer: _is_linear(base, layer))
        if is_target(start + layer, "+".join(config.targets), numbers)
    }
    can_number = config.method in ("lora", "rslora", "dora")
    sayable = numbers is None or can_number
    if named != set(adapted) or not sayable or not {*config.feedforward} <= {*config.targets}:
        config = _by_whole_names(config, [start + layer for layer in adapted])
    settings = {**config.settings, "targets": "+".join(config.targets)}
    if can_number:
        settings["layers"] = "+".join(map(str, config.numbers or ()))
    if config.method == "ia3":
        settings["feedforward"] = "+".join(config.feedforward)
    return settings


def _adapted(folder: PeftFolder, start: str) -> list[str]:
    """The adapted layers, by their names inside the encoder."""
    ending = f".{_PARTS[folder.config.method]}"
    adapted = [
        key.removeprefix(PEFT_PREFIX).removesuffix(ending)
        for key in folder.tensors
        if key.startswith(PEFT_PREFIX) and key.endswith(ending)
    ]
    elsewhere = [layer for layer in adapted if not layer.startswith(start)]
    if elsewhere or not adapted:
        raise refusal(
            TENSORS,
            f"It adapts {elsewhere[0]}; the base's layers begin with {start}"
            if elsewhere
            else f"No key ends with {ending}.",
        )
    return sorted(layer.removeprefix(start) for layer in adapted)


def _used(config: ForeignConfig, layers: Sequence[str]) -> tuple[str, ...]:
    """The targets that name at least one adapted layer."""
    numbers = _list(config.numbers)
    return tuple(t for t in config.targets if any(is_target(x, t, numbers) for x in layers))


def _by_whole_names(config: ForeignConfig, layers: Sequence[str]) -> ForeignConfig:
    scaled = tuple(layer for layer in layers if layer.endswith(config.feedforward))
    return replace(config, targets=tuple(layers), numbers=None, feedforward=scaled)


def _is_linear(base: FrozenBase, layer: str) -> bool:
    try:
        return base.tensor(f"{layer}.weight").dim() == 2
    except CheckFailed:
        return False


def _list(numbers: Sequence[int] | None) -> list[int] | None:
    return None if numbers is None else list(numbers)


def fitted(
    folder: PeftFolder,
    imported: Imported,
    base: FrozenBase,
    recipe: Recipe,
    run: str,
    dataset: Dataset | None,
) -> Fitted:
    """Write down what is known of an imported adapter, with its scores on ``dataset``."""
    learnt = sum(t.numel() for key, t in folder.tensors.items() if key not in _SHARED)
    head = sum(t.numel() for key, t in folder.tensors.items() if ".classifier." in key)
    adapter = learnt - head
    facts = Fitted(
        run=run,
        recipe=recipe,
        weights=write_tensors(folder.tensors),
        trainable=learnt,
        total=base.info.parameters + head + adapter,
        epochs=(),
        best_epoch=None,
        scores={},
        outputs=(),
        seconds=None,
        cut={},
        environment={},
    )
    if dataset is None:
        return facts
    rows, cut = base.logits(texts(dataset.test), [imported.placed] * len(dataset.test))
    logits = np.stack(rows)
    column = {label: number for number, label in enumerate(dataset.labels)}
    truth = [column[example.label] for example in dataset.test]
    return replace(
        facts,
        scores={"test": score(logits, truth)},
        outputs=(pack_outputs("test", logits, truth),),
        cut={"test": sum(cut)},
        environment=environment(base.device),
    )
