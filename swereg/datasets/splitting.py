"""Splitting examples: seeded, stratified, equal texts on one side."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from swereg.datasets.duplicates import alike
from swereg.records.dataset import Example


def split_examples(
    examples: Sequence[Example], shares: Sequence[float], seed: int
) -> list[list[int]]:
    """Split examples so that each label has about the same share in every part.

    Texts that are the same but for case, spaces and punctuation stay together. A label with
    fewer texts than parts stays in the first part.

    Args:
        shares: of the parts; they sum to 1.
        seed: equal seeds give equal parts.

    Returns:
        One list of indices per share, each in the order of the examples.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for number, example in enumerate(examples):
        groups[alike(example.text)].append(number)
    of_label: dict[str, list[list[int]]] = defaultdict(list)
    for numbers in groups.values():
        of_label[examples[numbers[0]].label].append(numbers)
    chance = random.Random(seed)  # noqa: S311 - a split, not a secret
    parts: list[list[int]] = [[] for _ in shares]
    for label in sorted(of_label):
        units = of_label[label]
        chance.shuffle(units)
        for part, count in zip(parts, _counts(len(units), shares), strict=True):
            cut_off, units = units[:count], units[count:]
            part += [number for unit in cut_off for number in unit]
    return [sorted(part) for part in parts]


def _counts(total: int, shares: Sequence[float]) -> list[int]:
    """How many of a label go to each part; at least one each where there are enough."""
    if total < len(shares):
        return [total, *(0 for _ in shares[1:])]
    sizes = [max(1, round(total * share)) for share in shares[1:]]
    return [total - sum(sizes), *sizes]
