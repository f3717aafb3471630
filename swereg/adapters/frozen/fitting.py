"""Whether a lowered entry fits its base, told from shapes alone: with torch and without."""

from __future__ import annotations

from collections.abc import Mapping

from swereg.adapters.bert.checkpoint import Shaped
from swereg.adapters.method import Delta, Lowered
from swereg.errors import CheckFailed
from swereg.records.training import BaseInfo


def check_head(lowered: Lowered, labels: int, info: BaseInfo) -> None:
    """Refuse a head of other labels, or for another width.

    Raises:
        CheckFailed: the message names the shapes.
    """
    shapes = [tuple(tensor.shape) for tensor in (lowered.head_weight, lowered.head_bias)]
    expected = [(labels, info.hidden_size), (labels,)]
    if shapes != expected:
        raise CheckFailed(
            f"the head does not fit {labels} labels on {info}",
            why=f"Its shapes are {shapes}, not {expected}.",
            code="weights.shape",
        )


def check_delta(layer: str, delta: Delta, shape: tuple[int, ...], info: BaseInfo) -> None:
    """Refuse a delta that does not fit its layer.

    Args:
        shape: of the layer's weight.

    Raises:
        CheckFailed: the message names the part.
    """
    rank = None if delta.down is None else delta.down.shape[0]
    wide, narrow = shape[0], shape[-1]
    limits = {
        "down": (rank, narrow),
        "up": (wide, rank),
        "in_scale": (narrow,),
        "mid_scale": (rank,),
        "up_scale": (wide,),
        "out_scale": (wide,),
        "bias": (wide,),
    }
    allowed = limits if len(shape) == 2 else {"out_scale", "bias"}
    for part, expected in limits.items():
        tensor = getattr(delta, part)
        if tensor is not None and (part not in allowed or tuple(tensor.shape) != expected):
            raise CheckFailed(
                f"the update of {layer} does not fit {info}",
                why=f"Its {part} is {tuple(tensor.shape)}, the layer is {shape}.",
                code="weights.shape",
            )
    if (delta.down is None) != (delta.up is None):
        raise CheckFailed(f"the update of {layer} is not whole", code="weights.missing")


def check_encoder(mine: Mapping[str, Shaped], stored: Mapping[str, Shaped], info: BaseInfo) -> None:
    """Refuse an encoder that is not of the base's shape.

    Raises:
        CheckFailed: the message names the tensors.
    """
    bad = sorted(
        {name for name in mine if name not in stored or stored[name].shape != mine[name].shape}
        | {name for name in stored if name not in mine}
    )
    if bad:
        raise CheckFailed(
            f"the stored encoder does not fit {info}",
            why=f"Missing, left over or of another shape: {', '.join(bad[:5])}",
            code="weights.shape",
        )
