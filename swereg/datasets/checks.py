"""What has to be right about a dataset before anything is trained on it, whoever brings it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from swereg.datasets.duplicates import Places, conflicts, repeats, without_leakage
from swereg.datasets.files.refusals import counted, quote, refuse, some
from swereg.records.dataset import SPLITS, Dataset, Example, ReadOptions, Split

MOST_LABELS = 200
IMBALANCE = 20


def check_dataset(
    dataset: Dataset, options: ReadOptions | None = None, places: Places | None = None
) -> Dataset:
    """Check a dataset; return it in NFC, deduplicated if asked for, with what there is to say.

    Args:
        options: only ``dedupe`` counts here.
        places: where each example of a split stands, for messages.

    Raises:
        DataError: a text, label or split cannot be trained on, or a training text is in
            validation or test.
    """
    options, places = options or ReadOptions(), places or {}
    dataset, notices = _in_nfc(dataset)
    for name in SPLITS:
        _refuse_texts(name, dataset.split(name))
    _refuse_empty(dataset, "train")
    _refuse_labels(dataset)
    _refuse_empty(dataset, "val")
    _refuse_untrained(dataset, places)
    dataset, dropped = without_leakage(dataset, places, dedupe=options.dedupe)
    if dropped:
        places = {name: places[name] for name in places if name != "train"}
        _refuse_empty(dataset, "train")
        _refuse_untrained(dataset, places)
    notices += dropped + conflicts(dataset, places) + repeats(dataset) + _balance(dataset)
    return replace(dataset, notices=tuple(dict.fromkeys((*dataset.notices, *notices))))


def _in_nfc(dataset: Dataset) -> tuple[Dataset, list[str]]:
    """Bring texts and labels into Unicode NFC, as every text is before it is classified."""
    changed = 0
    parts: dict[str, tuple[Example, ...]] = {}
    for name in SPLITS:
        normal = tuple(Example(_nfc(e.text), _nfc(e.label)) for e in dataset.split(name))
        changed += sum(a != b for a, b in zip(normal, dataset.split(name), strict=True))
        parts[name] = normal
    labels = tuple(map(_nfc, dataset.labels))
    if not changed and labels == dataset.labels:
        return dataset, []
    return (
        replace(dataset, labels=labels, **parts),  # type: ignore[arg-type]
        [f"{counted(changed, 'example')} brought into Unicode NFC."],
    )


def _refuse_texts(name: Split, examples: Iterable[Example]) -> None:
    """Refuse texts that a reader of files would not have let through."""
    for number, example in enumerate(examples, start=1):
        fault = _fault(example.text)
        if fault:
            raise refuse(
                f"example {number:,} of {name} {fault}",
                f"Its text is {quote(example.text)}, its label {quote(example.label)}.",
                "Correct it, or leave it out.",
                "text",
            )


def _fault(text: str) -> str:
    if not text.strip():
        return "has no text"
    if "\0" in text:
        return "has a zero character"
    return "" if text.isascii() or _encodes(text) else "has half a character (a lone surrogate)"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_empty(dataset: Dataset, name: Split) -> None:
    if not dataset.split(name):
        raise refuse(
            f"there are no examples for {name}",
            f"train has {len(dataset.train):,}, val {len(dataset.val):,}, "
            f"test {len(dataset.test):,}. A label is split from three texts on.",
            "Give more examples, or a split of your own: a folder with train, val and test.",
            "empty-split",
        )


def _refuse_labels(dataset: Dataset) -> None:
    used = {example.label for name in SPLITS for example in dataset.split(name)}
    unknown = sorted(used - set(dataset.labels))
    shown = some([quote(label) for label in dataset.labels])
    if unknown:
        raise refuse(
            "there are labels that the task does not have",
            f"They are {some([quote(label) for label in unknown])}; the task has {shown}.",
            "Correct the data, or train it under a task name of its own.",
            "labels-unknown",
        )
    if len(set(dataset.labels)) < len(dataset.labels):
        raise refuse(
            "a label is named twice",
            f"The task's labels are {shown}.",
            "Name each label once.",
            "labels-twice",
        )
    if len(dataset.labels) < 2:
        count = sum(len(dataset.split(name)) for name in SPLITS)
        raise refuse(
            "there is only one label",
            f"Each of the {count:,} examples is {shown}.",
            "Are --text and --label the right columns? A classifier needs two labels or more.",
            "one-label",
        )
    _refuse_many_labels(dataset)


def _refuse_many_labels(dataset: Dataset) -> None:
    """Refuse so many labels that they are rather texts."""
    count, examples = len(dataset.labels), len(dataset.train)
    if count > MOST_LABELS or (count > 20 and count > examples / 2):
        raise refuse(
            f"there are {count:,} labels for {examples:,} training examples",
            f"At most {MOST_LABELS} make sense, with some examples each; among them "
            f"{some([quote(label) for label in dataset.labels])}.",
            "Are the columns swapped? Name them with --text and --label.",
            "many-labels",
        )


def _refuse_untrained(dataset: Dataset, places: Places) -> None:
    counts = dataset.counts("train")
    missing = [label for label, count in counts.items() if not count]
    if missing:
        shown = [f"{quote(label)} ({_where(dataset, places, label)})" for label in missing]
        raise refuse(
            "there are labels without a training example",
            f"They are {some(shown)}.",
            "Add training examples of them, or take them out of the task, validation and test.",
            "label-untrained",
        )


def _where(dataset: Dataset, places: Places, label: str) -> str:
    """Where a label is used first outside of training."""
    for name in ("val", "test"):
        for number, example in enumerate(dataset.split(name)):
            if example.label == label:
                return places[name][number] if name in places else f"used in {name}"
    return "used nowhere"


def _balance(dataset: Dataset) -> list[str]:
    """Say which labels are rare, in training and beside it."""
    notices = []
    train = dataset.counts("train")
    single = [quote(label) for label, count in train.items() if count == 1]
    if single:
        notices.append(f"There is a single training example of {some(single)}.")
    largest, least = max(train, key=train.__getitem__), min(train, key=train.__getitem__)
    if train[largest] > IMBALANCE * train[least]:
        notices.append(
            f"The labels are far from balanced: {quote(largest)} has {train[largest]:,} training "
            f"examples, {quote(least)} has {train[least]:,}. Read macro-F1, not accuracy."
        )
    for name in ("val", "test"):
        counts = dataset.counts(name)
        missing = [quote(label) for label, count in counts.items() if not count]
        if dataset.split(name) and missing:
            notices.append(f"{name} has no example of {some(missing)}.")
    return notices


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
