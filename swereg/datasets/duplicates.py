"""When two texts are the same: across splits, within one, and with two labels."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from swereg.datasets.files.refusals import counted, quote, refuse, some
from swereg.records.dataset import SPLITS, Dataset, Split

CONFLICTS = 0.01  # share of the texts that may have two labels
_NO_WORD = re.compile(r"[\W_]+")

Places = Mapping[Split, Sequence[str]]


def alike(text: str) -> str:
    """What texts have in common that differ only in case, spaces and punctuation."""
    text = unicodedata.normalize("NFC", text.casefold())
    return _NO_WORD.sub(" ", text).strip() or text


def same_text(text: str) -> str:
    """What texts have in common that differ only in case and spaces.

    Stricter than ``alike``: a question mark or a smiley may well change the label.
    """
    return " ".join(text.casefold().split())


def without_leakage(dataset: Dataset, places: Places, *, dedupe: bool) -> tuple[Dataset, list[str]]:
    """Find training texts that are in validation or test; drop them if asked to.

    Args:
        places: where each example of a split stands, if that is known.

    Raises:
        DataError: there are some, and they are not to be dropped.
    """
    held_out: dict[str, str] = {}
    for name in ("val", "test"):
        for number, example in enumerate(dataset.split(name)):
            held_out.setdefault(alike(example.text), _place(places, name, number) or name)
    keys = [alike(example.text) for example in dataset.train]
    leaked = [number for number, key in enumerate(keys) if key in held_out]
    if not leaked:
        return dataset, []
    if not dedupe:
        shown = [
            f"{quote(dataset.train[n].text)} "
            f"({_place(places, 'train', n) or 'train'} and {held_out[keys[n]]})"
            for n in leaked
        ]
        raise refuse(
            f"{len(leaked):,} training text{'s are' if len(leaked) > 1 else ' is'} also in "
            "validation or test",
            f"Of {len(keys):,}: {some(shown)}. Scores would be too good.",
            "Drop them from training with --dedupe.",
            "leakage",
        )
    train = tuple(e for e, key in zip(dataset.train, keys, strict=True) if key not in held_out)
    notice = f"Dropped from training: {counted(len(leaked), 'text')} also in validation or test."
    return replace(dataset, train=train), [notice]


def conflicts(dataset: Dataset, places: Places) -> list[str]:
    """Find texts that have two labels.

    Raises:
        DataError: they are more than one in a hundred.
    """
    labels: dict[str, dict[str, str]] = defaultdict(dict)
    first: dict[str, str] = {}
    for name in SPLITS:
        for number, example in enumerate(dataset.split(name)):
            key = same_text(example.text)
            first.setdefault(key, example.text)
            labels[key].setdefault(example.label, _place(places, name, number) or name)
    torn = [key for key, labels_of_text in labels.items() if len(labels_of_text) > 1]
    if not torn:
        return []
    shown = some([f"{quote(first[key])} is {_labels(labels[key])}" for key in torn])
    if len(torn) > CONFLICTS * len(labels):
        raise refuse(
            f"{len(torn):,} text{'s have' if len(torn) > 1 else ' has'} more than one label",
            f"Of {len(labels):,} texts: {shown}.",
            "Decide on one label for each, or remove them.",
            "conflicts",
        )
    return [f"{len(torn):,} of {len(labels):,} texts with more than one label: {shown}."]


def repeats(dataset: Dataset) -> list[str]:
    """Count texts that are there again, within a split and in both validation and test."""
    notices = []
    keys = {name: [alike(e.text) for e in dataset.split(name)] for name in SPLITS}
    for name in SPLITS:
        again = len(keys[name]) - len(set(keys[name]))
        if again:
            notices.append(f"{counted(again, 'repeated text')} in {name}.")
    in_val_and_test = set(keys["val"]) & set(keys["test"])
    if in_val_and_test:
        notices.append(f"{counted(len(in_val_and_test), 'text')} in both validation and test.")
    return notices


def _labels(places: Mapping[str, str]) -> str:
    return " and ".join(f"{quote(label)} ({place})" for label, place in places.items())


def _place(places: Places, name: Split, number: int) -> str:
    return places[name][number] if name in places else ""
