"""A column that says to which split each row belongs, as ``swereg data export`` writes it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from swereg.datasets.cleaning import Found
from swereg.datasets.files.columns import SPLIT
from swereg.datasets.files.refusals import counted, quote, refuse, some
from swereg.datasets.files.splits import split_called
from swereg.records.dataset import SPLITS, Split

Parts = dict[Split, list[Found]]


def divide(found: Sequence[Found]) -> tuple[Parts, list[str]]:
    """Divide rows by what their column ``split`` says; without one, all are ``train``.

    Returns:
        The rows of each split, and what has to be said.

    Raises:
        DataError: the column names splits in some rows alone.
    """
    whole: Parts = {"train": list(found)}
    words = Counter(row.split for row in found)
    if set(words) == {""}:
        return whole, []
    known = {word: name for word in words if (name := split_called(word.strip())) is not None}
    if not known:
        shown = some([quote(word) for word in words if word])
        return whole, [f"The column {SPLIT} names no splits, and is not used; it says {shown}."]
    _refuse_others(words, set(known), found)
    parts: Parts = defaultdict(list)
    for row in found:
        parts[known[row.split]].append(row)
    sizes = ", ".join(f"{len(parts[name]):,} {name}" for name in SPLITS if name in parts)
    return {name: parts[name] for name in SPLITS if name in parts}, [
        f"The splits are those of the column {SPLIT}: {sizes}."
    ]


def _refuse_others(words: Counter[str], known: set[str], found: Sequence[Found]) -> None:
    others = [word for word in words if word not in known]
    if others:
        first = next(row.place for row in found if row.split in others)
        raise refuse(
            f"the column {SPLIT} does not name a split in each row",
            f"{counted(sum(words[word] for word in others), 'row')} with "
            f"{some([quote(word) for word in others])}, first {first}.",
            "Write train, val or test in each row, or give the column another name.",
            "split-column",
        )
