"""What training would say about data, all of it: not only the first thing that it would refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from swereg.datasets.checks import check_dataset
from swereg.datasets.duplicates import Places
from swereg.datasets.files.csv_rows import MOST_ROWS
from swereg.datasets.files.splits import Source
from swereg.datasets.labels import Labels
from swereg.datasets.reading import gather, locate_files
from swereg.errors import DataError
from swereg.records.dataset import Dataset, ReadOptions

# what lets the reader go on after a refusal, so that the next one is found too
_GO_ON: Mapping[str, Mapping[str, Any]] = {
    "data.ragged": {"skip_bad_rows": MOST_ROWS},
    "data.empty-cells": {"drop_empty": True},
    "data.mojibake": {"repair_mojibake": True},
    "data.labels-alike": {"normalise_labels": True},
}


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
        dataset: as it would be trained; where something is refused, as far as it could be read.
        refusals: what would stop a training, in the order in which it would.
        notices: what would be said, and does not stop it.
    """

    dataset: Dataset | None
    refusals: tuple[DataError, ...]
    notices: tuple[str, ...]


def inspect_data(source: Source, options: ReadOptions, labels: tuple[str, ...] = ()) -> Inspection:
    """Inspect files, a folder or a Hub dataset; see reading.read_data.

    Raises:
        NotFound: there is no such file.
        UsageError: the files or options make no sense.
    """
    refusals: list[DataError] = []
    try:
        located = locate_files(source, options)
    except DataError as fault:
        return Inspection(None, (fault,), ())
    while True:
        try:
            dataset, places = gather(located, Labels(labels))
            return _checked(dataset, options, places, refusals)
        except DataError as fault:
            codes = {refusal.code for refusal in refusals}
            refusals.append(fault)
            if fault.code not in _GO_ON or fault.code in codes:
                return Inspection(None, tuple(refusals), ())
            located = replace(located, options=replace(located.options, **_GO_ON[fault.code]))


def inspect_task(read: Callable[[], Dataset], options: ReadOptions) -> Inspection:
    """Inspect what a task reads.

    Raises:
        NotFound: its examples cannot be had.
    """
    try:
        dataset = read()
    except DataError as fault:
        return Inspection(None, (fault,), ())
    return _checked(dataset, options, {}, [])


def _checked(
    dataset: Dataset, options: ReadOptions, places: Places, before: list[DataError]
) -> Inspection:
    """Check a dataset as training does; after leaked texts, look what else there is."""
    try:
        checked = check_dataset(dataset, options, places)
        return Inspection(checked, tuple(before), checked.notices)
    except DataError as fault:
        refusals = [*before, fault]
    notices = dataset.notices
    if refusals[-1].code == "data.leakage":
        try:
            messages = check_dataset(dataset, replace(options, dedupe=True), places).notices
            notices = tuple(
                text for text in messages if not text.startswith("Dropped from training")
            )
        except DataError as fault:
            refusals.append(fault)
    return Inspection(dataset, tuple(refusals), notices)
