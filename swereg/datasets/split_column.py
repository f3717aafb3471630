"""A column that says to which split each row belongs, as ``swereg data export`` writes it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from swereg.datasets.cleaning import PlacedExample
from swereg.datasets.files.columns import SPLIT
from swereg.datasets.files.refusals import counted, quote, refuse, some
from swereg.datasets.files.splits import split_called
from swereg.records.dataset import SPLITS, Split

Parts = dict[Split, list[PlacedExample]]


def divide_by_column(examples: Sequence[PlacedExample]) -> tuple[Parts, list[str]]:
    """Divide rows by what their column ``split`` says; without one, all are ``train``.

    Returns:
        The rows of each split, and what has to be said.

    Raises:
        DataError: the column names splits in some rows alone.
    """
    unsplit: Parts = {"train": list(examples)}
    words = Counter(row.split for row in examples)
    if set(words) == {""}:
        return unsplit, []
    split_of = {word: name for word in words if (name := split_called(word.strip())) is not None}
    if not split_of:
        shown = some([quote(word) for word in words if word])
        return unsplit, [f"The column {SPLIT} names no splits, and is not used; it says {shown}."]
    _refuse_others(words, set(split_of), examples)
    parts: Parts = defaultdict(list)
    for row in examples:
        parts[split_of[row.split]].append(row)
    sizes = ", ".join(f"{len(parts[name]):,} {name}" for name in SPLITS if name in parts)
    return {name: parts[name] for name in SPLITS if name in parts}, [
        f"The splits are those of the column {SPLIT}: {sizes}."
    ]


def _refuse_others(
    words: Counter[str], splits: set[str], examples: Sequence[PlacedExample]
) -> None:
    unknown = [word for word in words if word not in splits]
    if unknown:
        first = next(row.place for row in examples if row.split in unknown)
        raise refuse(
            f"the column {SPLIT} does not name a split in each row",
            f"{counted(sum(words[word] for word in unknown), 'row')} with "
            f"{some([quote(word) for word in unknown])}, first {first}.",
            "Write train, val or test in each row, or give the column another name.",
            "split-column",
        )
