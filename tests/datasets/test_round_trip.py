"""Whatever texts there are: written as a table and read again, they are the same."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import unicodedata
from pathlib import Path
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from swereg.datasets.cleaning import EMPTY_LABELS
from swereg.datasets.duplicates import alike, same_text
from swereg.datasets.reading import read_data
from swereg.errors import SweregError
from swereg.records.dataset import ReadOptions

LETTERS = st.sampled_from("abcåäöÅÄÖé ;,\t\"'\n-!?…–😀1")
TEXT = st.text(LETTERS, min_size=1, max_size=30).map(str.strip).filter(bool)
FEW = settings(derandomize=True, max_examples=25, deadline=None, database=None)


@FEW
@given(
    texts=st.lists(TEXT, min_size=12, max_size=24, unique_by=(alike, same_text)),
    delimiter=st.sampled_from(";,\t"),
    ending=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_rows_written_as_a_table_are_the_rows_read(
    texts: list[str], delimiter: str, ending: str, quoting: Literal[0, 1]
) -> None:
    rows = [(text, "ja" if n % 2 else "nej; kanske") for n, text in enumerate(texts)]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    writer.writerows([("text", "label"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        path, lines = Path(folder) / "a.csv", Path(folder) / "a.jsonl"
        path.write_bytes(out.getvalue().encode())
        lines.write_text("".join(json.dumps({"text": t, "label": k}) + "\n" for t, k in rows))
        read = read_data(path, ReadOptions(delimiter=delimiter))
        assert read.digest == read_data(lines).digest
    found = {(e.text, e.label) for e in (*read.train, *read.val, *read.test)}
    assert found == {(unicodedata.normalize("NFC", text), label) for text, label in rows}


@FEW
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_bytes_end_in_a_traceback(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a.csv", "a.jsonl", "a.tsv"):
            path = Path(folder) / name
            for content in (data, b"text,label\n" + data, b'{"text": "' + data):
                path.write_bytes(content)
                error = fault_of(path)
                assert error is None or all((error.what, error.why, error.hint))
                assert error is None or error.code.startswith("data.")


def fault_of(path: Path) -> SweregError | None:
    """The error that a file ends in."""
    try:
        read_data(path)
    except SweregError as error:
        return error
    return None


def test_the_labels_of_the_round_trip_are_no_empty_cells() -> None:
    assert not {"ja", "nej; kanske"} & EMPTY_LABELS
