"""Nothing that is written for a spreadsheet is computed by one."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swereg.cli import output
from swereg.cli.display import tables
from swereg.cli.display.tables import Column
from swereg.datasets.writing import formulas, write_dataset
from swereg.records import spreadsheet_formulas as spreadsheets
from swereg.records.dataset import Dataset, Example

SIGNS = "=+-@＝＋－＠﹣\t\r\n\0"
UNSEEN = ("", " ", "\u00a0", "\ufeff", "\u200b", "\u202e")
started = st.tuples(st.sampled_from(UNSEEN), st.sampled_from(SIGNS), st.text(max_size=8))
cells = st.one_of(started.map("".join), st.text(st.characters(codec="utf-8"), max_size=12))


def computed(cell: str) -> bool:
    """What a careful reader would refuse, said in another way than the code does."""
    seen = cell.lstrip("".join(c for c in set(cell) if unicodedata.category(c) in ("Zs", "Cf")))
    return bool(seen) and (
        unicodedata.category(seen[0]) == "Cc" or unicodedata.normalize("NFKC", seen[0]) in "=+-@"
    )


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=4))
def test_what_list_compare_and_predict_print_is_no_formula(rows: list[tuple[str, str]]) -> None:
    columns = (Column("a", "a", lambda row: row[0]), Column("=b", "b", lambda row: row[1]))
    out = io.StringIO(newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        tables.show(columns, rows, "csv")
    read = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert read[0] == ["a", "'=b"]
    assert not any(computed(cell) for row in read for cell in row)
    told = [tuple(cell.removeprefix("'") for cell in row) for row in read[1:]]
    assert told == [tuple(cell.removeprefix("'") for cell in row) for row in rows]


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=4), st.sampled_from(["csv", "tsv"]))
def test_what_data_export_writes_for_a_spreadsheet_is_no_formula(
    rows: list[tuple[str, str]], form: str
) -> None:
    dataset = Dataset((), tuple(Example(*row) for row in rows), ())
    text = write_dataset(dataset, form, spreadsheet=True).removeprefix("\ufeff")
    read = csv.reader(io.StringIO(text, newline=""), delimiter=";" if form == "csv" else "\t")
    assert not any(computed(cell) for row in read for cell in row)
    assert formulas(dataset) == sum(computed(cell) for row in rows for cell in row)


@pytest.mark.parametrize("cell", ["", " ", "hej", "a=b", "'=1", "½", "−1", "å + 1", 0.5, -1, None])
def test_other_cells_stay_as_they_are(cell: object, capsys: pytest.CaptureFixture[str]) -> None:
    if isinstance(cell, str):
        assert spreadsheets.harmless(cell) == cell
    output.as_csv(["x", "y"], [[cell, "z"]])
    (row,) = list(csv.reader(io.StringIO(capsys.readouterr().out)))[1:]
    assert row == ["" if cell is None else str(cell), "z"]
