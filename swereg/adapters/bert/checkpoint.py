"""What a BERT's folder has to hold: its config, and the names and shapes of its tensors.

Knows no torch: a few texts are answered without it (light/).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from swereg.errors import CheckFailed

PREFIX = "bert"
ARCHITECTURE = "BertModel"
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu")
WEIGHTS = ("model.safetensors", "pytorch_model.bin")


class Shaped(Protocol):
    """A tensor of torch or an array of numpy."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        ...


AnyShaped = TypeVar("AnyShaped", bound=Shaped)


def understands(config: Mapping[str, Any]) -> bool:
    """Tell whether a model's config.json describes a BERT that swereg computes by itself."""
    return (
        config.get("model_type") == "bert"
        and config.get("hidden_act", "gelu") in ACTIVATIONS
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder", False)
    )


def weights_file(folder: Path) -> Path | None:
    """Return the one file that holds all weights, or None where there is none."""
    return next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)


def whole(
    name: str, stored: Mapping[str, AnyShaped], config: Mapping[str, Any]
) -> dict[str, AnyShaped]:
    """Pick the tensors of the encoder out of a checkpoint, under transformers' names of today.

    Raises:
        CheckFailed: the checkpoint lacks parts of the encoder, or they have other shapes.
    """
    tensors = {current_name(key): tensor for key, tensor in stored.items()}
    expected = shapes(config)
    refuse_missing(
        name,
        [
            key
            for key, shape in expected.items()
            if key not in tensors or tensors[key].shape != shape
        ],
    )
    return {key: tensors[key] for key in expected}


def current_name(key: str) -> str:
    """A tensor's name in today's transformers, without the model's prefix."""
    key = key.removeprefix(f"{PREFIX}.")
    old = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
    for ending, new in old.items():
        if key.endswith(ending):
            return key.removesuffix(ending) + new
    return key


def refuse_missing(name: str, missing: list[str]) -> None:
    """Refuse a checkpoint that would leave parts of the encoder random.

    Raises:
        CheckFailed: there are such parts.
    """
    if missing:
        raise CheckFailed(
            f"the checkpoint of {name} lacks parts of its encoder",
            why=f"They would be random, and different each time: {', '.join(missing[:5])}"
            + (f" and {len(missing) - 5} more" if len(missing) > 5 else ""),
            hint="Use a checkpoint with all of them, the pooler included.",
            code="base.missing-parameters",
        )


def shapes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """List the tensors of a BERT encoder with pooler: transformers' names and shapes."""
    hidden, wide = int(config["hidden_size"]), int(config["intermediate_size"])
    square = (
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
    )
    block: dict[str, tuple[int, ...]] = dict.fromkeys(square, (hidden, hidden))
    block |= {"intermediate.dense": (wide, hidden), "output.dense": (hidden, wide)}
    block |= {"attention.output.LayerNorm": (hidden,), "output.LayerNorm": (hidden,)}
    layers = {
        f"encoder.layer.{number}.{layer}": shape
        for number in range(int(config["num_hidden_layers"]))
        for layer, shape in block.items()
    }
    layers |= {"embeddings.LayerNorm": (hidden,), "pooler.dense": (hidden, hidden)}
    tables = {
        "word": config["vocab_size"],
        "position": config["max_position_embeddings"],
        "token_type": config.get("type_vocab_size", 2),
    }
    return (
        {f"embeddings.{name}_embeddings.weight": (int(n), hidden) for name, n in tables.items()}
        | {f"{layer}.weight": shape for layer, shape in layers.items()}
        | {f"{layer}.bias": shape[:1] for layer, shape in layers.items()}
    )
