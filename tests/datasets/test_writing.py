"""A dataset that is written and read again is the same, whatever is in it."""

from __future__ import annotations

import csv
import io
import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swereg.datasets.duplicates import alike, same_text
from swereg.datasets.reading import read_data
from swereg.datasets.writing import FORMATS, format_of, formulas, write_dataset
from swereg.errors import UsageError
from swereg.records.dataset import Dataset, Example, ReadOptions

LETTERS = st.sampled_from("abcåäöÅÄÖé ;,\t\"'\n-!?…=+@{[#1\u0301")
TEXT = st.text(LETTERS, min_size=1, max_size=30).map(str.strip).filter(bool)
NORMAL = TEXT.map(lambda text: unicodedata.normalize("NFC", text).strip()).filter(bool)
FEW = settings(derandomize=True, max_examples=60, deadline=None, database=None)


@FEW
@given(
    texts=st.lists(NORMAL, min_size=8, max_size=20, unique_by=(alike, same_text)),
    form=st.sampled_from(FORMATS),
    labels=st.permutations(["nej; kanske", "ja", "=2"]),
)
def test_what_is_written_is_what_is_read(texts: list[str], form: str, labels: list[str]) -> None:
    rows = [Example(text, labels[n % 3]) for n, text in enumerate(texts)]
    dataset = Dataset(tuple(labels), tuple(rows[:4]), tuple(rows[4:6]), tuple(rows[6:]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"data.{form}"
        path.write_bytes(write_dataset(dataset, form).encode())
        again = read_data(path, ReadOptions(), dataset.labels)
    assert again == dataset
    assert again.digest == dataset.digest


DATASET = Dataset(
    ("ja", "nej"), (Example("=1+1", "ja"), Example("Å", "nej")), (Example("-2 grader", "ja"),)
)


def test_a_spreadsheet_gets_a_mark_semicolons_and_no_formula() -> None:
    text = write_dataset(DATASET, "csv", spreadsheet=True)
    assert text.startswith("\ufeffsplit;text;label\r\n")
    cells = [row[1] for row in csv.reader(io.StringIO(text[1:]), delimiter=";")]
    assert cells == ["text", "'=1+1", "Å", "'-2 grader"]
    assert formulas(DATASET) == 2


def test_the_ending_says_the_format() -> None:
    assert [format_of(Path(name)) for name in ("a.CSV", "a.tab", "b.ndjson")] == [
        "csv",
        "tsv",
        "jsonl",
    ]
    for name in ("a.xlsx", "a", "a.csv.gz"):
        with pytest.raises(UsageError, match="ends in"):
            format_of(Path(name))
    with pytest.raises(UsageError, match="spreadsheets"):
        write_dataset(DATASET, "jsonl", spreadsheet=True)
