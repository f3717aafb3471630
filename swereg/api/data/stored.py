"""Datasets in the registry: listed, looked at, compared, forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from swereg.api.arguments.opening import open_reader, open_registry
from swereg.records.dataset import SPLITS, Dataset, Forgotten, Split, StoredDataset

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place
    from swereg.records.difference import Difference


def list_(*, task: str | None = None, registry: Place = None) -> tuple[StoredDataset, ...]:
    """List the datasets of a task, or all; the one that was first used last comes first."""
    with open_reader(registry) as store:
        return tuple(store.datasets(task=task))


def show(dataset: str, *, registry: Place = None) -> StoredDataset:
    """Return what the registry knows of a dataset; the texts are read with ``read``.

    Raises:
        NotFound: there is no such dataset.
        UsageError: the digits mean more than one.
    """
    with open_reader(registry) as store:
        return store.find_dataset(dataset)


def read(dataset: str, *, registry: Place = None) -> Dataset:
    """Return the examples of a dataset.

    Raises:
        NotFound: there is no such dataset, or its texts are not in the registry.
    """
    with open_reader(registry) as store:
        return store.dataset(store.find_dataset(dataset).digest)


class Row(NamedTuple):
    """One example and its split."""

    split: Split
    text: str
    label: str


def sample(dataset: str, rows: int, *, registry: Place = None) -> list[Row]:
    """Return some rows of a dataset, evenly from all over it, in its order.

    Raises:
        NotFound: there is no such dataset, or its texts are not in the registry.
    """
    examples = read(dataset, registry=registry)
    rows_of_all = [Row(name, e.text, e.label) for name in SPLITS for e in examples.split(name)]
    count = min(rows, len(rows_of_all))
    return [
        rows_of_all[(2 * number + 1) * len(rows_of_all) // (2 * count)] for number in range(count)
    ]


def diff(before: str, after: str, *, registry: Place = None) -> Difference:
    """Find out which rows of one dataset are added, removed, relabelled or moved in another.

    Raises:
        NotFound: there is no such dataset, or its texts are not in the registry.
    """
    from swereg.records.difference import difference

    with open_reader(registry) as store:
        return difference(read(before, registry=store), read(after, registry=store))


def rm(dataset: str, *, registry: Place = None) -> Forgotten:
    """Erase the texts of a dataset from the registry's file, for good.

    Its digest and counts stay, and so do the entries with their scores and outputs. Copies of the
    registry beside it that still have the texts are named; exported files are not known.

    Raises:
        NotFound: there is no such dataset.
    """
    with open_registry(registry) as store:
        return store.forget(dataset)
