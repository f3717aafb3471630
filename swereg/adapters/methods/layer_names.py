"""Names of an encoder's layers: which go together, and which of them settings ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

NUMBER = re.compile(r"\.(\d+)\.")
SINGLE = ("embeddings.LayerNorm", "pooler.dense")


def alike(layers: Iterable[str], exists: Callable[[str], bool]) -> list[str]:
    """Name the layers of a base that belong to those given.

    What one of the numbered layers has, all of them have; the ones without a number come too.

    Args:
        layers: names inside the encoder, such as ``encoder.layer.0.output.dense``.
        exists: tells whether the base has a layer.
    """
    names = [layer for layer in SINGLE if exists(layer)]
    for name in sorted({NUMBER.sub(".{}.", layer, count=1) for layer in layers}):
        number = 0
        while "{}" in name and exists(name.format(number)):
            names.append(name.format(number))
            number += 1
    return names


def is_target(layer: str, targets: str, numbers: list[int] | None) -> bool:
    """Tell whether PEFT adapts a layer.

    Args:
        layer: the whole name, such as ``bert.pooler.dense``.
        targets: ends of names, joined by ``+``.
        numbers: PEFT's ``layers_to_transform``; it does not hold for whole names.
    """
    names = targets.split("+")
    if layer in names:
        return True
    number = NUMBER.search(layer)
    if numbers is not None and (number is None or int(number[1]) not in numbers):
        return False
    return any(layer.endswith(f".{name}") for name in names)
