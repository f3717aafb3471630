"""A column that names the split of each row, in every kind of file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from swereg.datasets.reading import read_data
from swereg.datasets.test_examples import read_test
from swereg.errors import DataError
from swereg.records.dataset import SPLITS, Dataset
from tests.datasets.conftest import ROWS, Write

NAMES = {"train": "Träning", "val": "dev", "test": "TEST"}
CUT = {"train": ROWS[:30], "val": ROWS[30:36], "test": ROWS[36:]}
CELLS = [(NAMES[name], text, label) for name in SPLITS for text, label in CUT[name]]


def wanted(dataset: Dataset) -> bool:
    return all([(e.text, e.label) for e in dataset.split(name)] == CUT[name] for name in SPLITS)


def test_a_table_with_a_split_column_is_divided_by_it(write: Write) -> None:
    path = write("Split;text;label\n" + "".join(f"{';'.join(row)}\n" for row in CELLS))
    dataset = read_data(path)
    assert wanted(dataset)
    assert "The splits are those of the column split: 30 train, 6 val, 4 test." in dataset.notices


def test_json_lines_excel_and_parquet_are_divided_too(write: Write, tmp_path: Path) -> None:
    import openpyxl
    import pyarrow
    import pyarrow.parquet

    keys = ("split", "text", "label")
    lines = [json.dumps(dict(zip(keys, row, strict=True))) for row in CELLS]
    assert wanted(read_data(write("\n".join(lines), "a.jsonl")))
    book = openpyxl.Workbook()
    for row in (keys, *CELLS):
        book.worksheets[0].append(row)
    book.save(tmp_path / "a.xlsx")
    assert wanted(read_data(tmp_path / "a.xlsx"))
    columns = dict(zip(keys, map(list, zip(*CELLS, strict=True)), strict=True))
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    assert wanted(read_data(tmp_path / "a.parquet"))


def test_a_test_takes_the_test_part(write: Write) -> None:
    path = write("split,text,label\n" + "".join(f"{','.join(row)}\n" for row in CELLS))
    found = read_test(path, None, ("negativ", "positiv"))
    assert [(e.text, e.label) for e in found.test] == CUT["test"]


def test_a_column_that_names_no_splits_is_not_used(write: Write) -> None:
    rows = "".join(f"{n % 3},{text},{label}\n" for n, (text, label) in enumerate(ROWS))
    dataset = read_data(write("split,text,label\n" + rows))
    assert len(dataset.train) == 32
    assert any("names no splits, and is not used" in notice for notice in dataset.notices)


def test_files_win_over_the_column(write: Write) -> None:
    rows = [f"test,{text},{label}\n" for text, label in ROWS]
    files = [
        write("split,text,label\n" + "".join(rows[a:b]), name)
        for a, b, name in ((0, 30, "train.csv"), (30, 40, "val.csv"))
    ]
    dataset = read_data(files)
    assert (len(dataset.train), len(dataset.val), len(dataset.test)) == (30, 10, 0)


@pytest.mark.parametrize(
    ("word", "code"), [("", "split-column"), ("extra", "split-column"), (None, "no-train")]
)
def test_a_column_with_gaps_or_no_train_is_refused(
    word: str | None, code: str, write: Write
) -> None:
    rows = [(("test" if word is None else "train"), *row) for row in ROWS]
    if word is not None:
        rows[7] = (word, *ROWS[7])
    with pytest.raises(DataError) as caught:
        read_data(write("split,text,label\n" + "".join(f"{','.join(row)}\n" for row in rows)))
    assert caught.value.code == f"data.{code}"
