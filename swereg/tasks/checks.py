"""What has to be right about a dataset before anything is trained on it, whoever brings it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace

from swereg.records import SPLITS, Dataset, Example, ReadOptions, Split
from swereg.tasks.complaints import quote, refuse, some

MOST_LABELS = 200
CONFLICTS = 0.01  # share of the texts that may have two labels
IMBALANCE = 20
_NO_WORD = re.compile(r"[\W_]+")


def check(dataset: Dataset, options: ReadOptions | None = None) -> Dataset:
    """Check a dataset; return it with what there is to say, and deduplicated if asked for.

    Raises:
        DataError: a label or split is missing, or a training text is in validation or test.
    """
    options = options or ReadOptions()
    _refuse_empty_splits(dataset)
    _refuse_labels(dataset)
    notices = list(dataset.notices)
    dataset, dropped = _leakage(dataset, options)
    if dropped:
        notices.append(dropped)
    _refuse_empty_splits(dataset)
    notices += _conflicts(dataset) + _repeats(dataset) + _balance(dataset)
    return replace(dataset, notices=tuple(notices))


def same_text(text: str) -> str:
    """What two texts have in common that differ only in case, spaces and punctuation."""
    return _NO_WORD.sub(" ", text.casefold()).strip() or text


def _refuse_empty_splits(dataset: Dataset) -> None:
    needed: tuple[Split, ...] = ("train", "val")
    for name in needed:
        if not dataset.split(name):
            raise refuse(
                f"there are no examples for {name}",
                f"train has {len(dataset.train):,}, val {len(dataset.val):,}, "
                f"test {len(dataset.test):,}.",
                "Give more examples, or a split of your own: a folder with train, val and test.",
                "empty-split",
            )


def _refuse_labels(dataset: Dataset) -> None:
    used = {example.label for name in SPLITS for example in dataset.split(name)}
    unknown = sorted(used - set(dataset.labels))
    if unknown:
        raise refuse(
            "there are labels that the task does not have",
            f"{some([quote(label) for label in unknown])}; the task has "
            f"{some([quote(label) for label in dataset.labels])}.",
            "Correct the data, or train it under a task name of its own.",
            "labels-unknown",
        )
    if len(dataset.labels) < 2:
        raise refuse(
            "there is only one label",
            f"Every example is {some([quote(label) for label in dataset.labels])}.",
            "Is --label the right column? A classifier needs two labels or more.",
            "one-label",
        )
    if len(dataset.labels) > MOST_LABELS:
        raise refuse(
            f"there are {len(dataset.labels):,} labels",
            f"At most {MOST_LABELS} make sense; among them "
            f"{some([quote(label) for label in dataset.labels])}.",
            "Are --text and --label swapped?",
            "many-labels",
        )
    missing = [label for label, count in dataset.counts("train").items() if not count]
    if missing:
        raise refuse(
            "there are labels without a training example",
            f"{some([quote(label) for label in missing])}.",
            "Add examples, or take the label out of validation and test.",
            "label-untrained",
        )


def _leakage(dataset: Dataset, options: ReadOptions) -> tuple[Dataset, str]:
    """Find training texts that are in validation or test; drop them if asked to."""
    held_out = {
        same_text(example.text): name for name in ("test", "val")
        for example in dataset.split(name)
    }  # fmt: skip
    leaked = [example for example in dataset.train if same_text(example.text) in held_out]
    if not leaked:
        return dataset, ""
    if not options.dedupe:
        raise refuse(
            "training texts are also in validation or test",
            f"{len(leaked):,} of {len(dataset.train):,}, such as "
            f"{some([quote(example.text) for example in leaked[:3]])}. Scores would be too good.",
            "Drop them from training with --dedupe.",
            "leakage",
        )
    kept = tuple(e for e in dataset.train if same_text(e.text) not in held_out)
    return (
        replace(dataset, train=kept),
        f"{len(leaked):,} training texts that are also in validation or test are dropped.",
    )


def _conflicts(dataset: Dataset) -> list[str]:
    """Find texts that have two labels."""
    labels: dict[str, set[str]] = defaultdict(set)
    first: dict[str, Example] = {}
    for name in SPLITS:
        for example in dataset.split(name):
            key = same_text(example.text)
            labels[key].add(example.label)
            first.setdefault(key, example)
    torn = [key for key, found in labels.items() if len(found) > 1]
    if not torn:
        return []
    shown = some([f"{quote(first[key].text)} ({', '.join(sorted(labels[key]))})" for key in torn])
    if len(torn) > max(1.0, CONFLICTS * len(labels)):
        raise refuse(
            "the same texts have different labels",
            f"{len(torn):,} of {len(labels):,}: {shown}.",
            "Decide on one label for each, or remove them.",
            "conflicts",
        )
    return [f"{len(torn):,} texts have more than one label: {shown}."]


def _repeats(dataset: Dataset) -> list[str]:
    notices = []
    keys = {name: [same_text(e.text) for e in dataset.split(name)] for name in SPLITS}
    for name in SPLITS:
        again = len(keys[name]) - len(set(keys[name]))
        if again:
            notices.append(f"{again:,} texts of {name} are there more than once.")
    both = set(keys["val"]) & set(keys["test"])
    if both:
        notices.append(f"{len(both):,} texts are in both validation and test.")
    return notices


def _balance(dataset: Dataset) -> list[str]:
    notices = []
    train = dataset.counts("train")
    for label, count in train.items():
        if count == 1:
            notices.append(f"The label {quote(label)} has a single training example.")
    if max(train.values()) > IMBALANCE * min(train.values()):
        most, least = max(train, key=train.__getitem__), min(train, key=train.__getitem__)
        notices.append(
            f"The labels are far from balanced: {quote(most)} has {train[most]:,} training "
            f"examples, {quote(least)} has {train[least]:,}. Read macro-F1, not accuracy."
        )
    for name in ("val", "test"):
        examples = dataset.split(name)
        counts = dataset.counts(name)
        missing = [quote(label) for label, count in counts.items() if not count]
        if examples and missing:
            notices.append(f"{name} has no example of {some(missing)}.")
    return notices
