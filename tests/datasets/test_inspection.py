"""An inspection finds all that a training would refuse, with the training's own words."""

from __future__ import annotations

import pytest

from swereg.datasets.inspection import inspect_data, inspect_task
from swereg.datasets.reading import read_data
from swereg.errors import DataError, NotFound
from swereg.records.dataset import Dataset, Example, ReadOptions
from tests.datasets.conftest import CSV, ROWS, Write, table


def test_good_data_are_what_training_reads(write: Write) -> None:
    path = write(CSV)
    found = inspect_data(path, ReadOptions())
    dataset = read_data(path)
    assert (found.dataset, found.notices, found.refusals) == (dataset, dataset.notices, ())


def test_all_refusals_are_found_at_once(write: Write) -> None:
    rows = [(text, label) for text, label in ROWS]
    rows[0] = (rows[0][0], "Positiv ")
    rows[1] = ("", "negativ")
    rows[2] = ("TÃ¥get kom inte", "negativ")
    path = write(table(rows) + "en,cell,för mycket\n")
    found = inspect_data(path, ReadOptions())
    codes = ["data.ragged", "data.mojibake", "data.empty-cells", "data.labels-alike"]
    assert [fault.code for fault in found.refusals] == codes
    assert found.dataset is not None
    assert len(found.dataset.train) + len(found.dataset.val) + len(found.dataset.test) == 39
    with pytest.raises(DataError) as caught:
        read_data(path)
    assert caught.value.code == codes[0]


def test_leaked_texts_do_not_hide_what_comes_after(write: Write) -> None:
    rows = [*ROWS, ("Vad är det?", "positiv"), ("Vad är det?", "negativ")]
    files = [write(table(rows), "train.csv"), write(table([*ROWS[:2], *rows[-2:]]), "val.csv")]
    found = inspect_data(files, ReadOptions())
    assert [fault.code for fault in found.refusals] == ["data.leakage", "data.conflicts"]
    assert found.dataset is not None
    assert len(found.dataset.train) == 42
    mended = inspect_data(files[0], ReadOptions(dedupe=True))
    assert [fault.code for fault in mended.refusals] == ["data.conflicts"]


def test_what_cannot_be_read_is_refused_and_what_is_not_there_raises(write: Write) -> None:
    found = inspect_data(write("a,b\n1,2\n"), ReadOptions())
    assert (found.dataset, [f.code for f in found.refusals]) == (None, ["data.columns"])
    with pytest.raises(NotFound):
        inspect_data("finns-inte.csv", ReadOptions())


def test_a_task_is_inspected_too() -> None:
    rows = tuple(Example(text, label) for text, label in ROWS)
    good = Dataset(("negativ", "positiv"), rows[:20], rows[20:])
    assert inspect_task(lambda: good, ReadOptions()).refusals == ()
    leaking = Dataset(good.labels, rows, rows[20:])
    found = inspect_task(lambda: leaking, ReadOptions())
    assert [fault.code for fault in found.refusals] == ["data.leakage"]
    assert not any("Dropped" in text for text in found.notices)
