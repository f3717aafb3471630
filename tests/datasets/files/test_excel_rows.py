"""Excel workbooks: the same rows and the same refusals as a table."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from swereg.datasets.files import workbooks
from swereg.datasets.reading import read_data
from swereg.errors import DataError, NotFound
from swereg.records.dataset import ReadOptions
from tests.datasets.conftest import CSV, ROWS, Write

Book = Callable[..., Path]
HEADER: tuple[Any, ...] = ("text", "label")


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Write a workbook with a sheet per keyword."""

    def _book(name: str = "data.xlsx", **sheets: Iterable[Iterable[Any]]) -> Path:
        made = openpyxl.Workbook()
        made.remove(made.worksheets[0])
        for title, rows in sheets.items():
            sheet = made.create_sheet(title)
            for row in rows:
                sheet.append(list(row))
        path = tmp_path / "files" / name
        path.parent.mkdir(exist_ok=True)
        made.save(path)
        return path

    return _book


def test_a_workbook_gives_what_the_same_table_gives(book: Book, write: Write) -> None:
    assert read_data(book(Blad1=[HEADER, *ROWS])) == read_data(write(CSV))


def test_columns_and_texts_are_found_in_any_unicode_form(book: Book) -> None:
    rows = [(1, unicodedata.normalize("NFD", f"{t} å ä ö"), k) for t, k in ROWS]
    read = read_data(book(Blad1=[("nr", unicodedata.normalize("NFD", "Omdöme"), "Klass"), *rows]))
    assert read.train[0].text.endswith("å ä ö")
    assert any("NFC" in notice for notice in read.notices)


def test_numbers_dates_and_truth_values_are_labels_as_excel_shows_them(book: Book) -> None:
    def labels(*values: Any) -> tuple[str, ...]:
        rows = [(f"{t} {n}", value) for n, value in enumerate(values) for t, _ in ROWS[:10]]
        return read_data(book(Blad1=[HEADER, *rows])).labels

    assert labels(1.0, 2, 0.1 + 0.2) == ("0.3", "1", "2")
    assert labels(True, False) == ("false", "true")
    assert labels(date(2024, 5, 1), datetime(2024, 5, 2, 12, 30)) == (
        "2024-05-01",
        "2024-05-02 12:30:00",
    )
    assert labels(time(8, 30), "x") == ("08:30:00", "x")


def test_empty_rows_are_left_out_and_those_at_the_end_are_no_rows(book: Book) -> None:
    read = read_data(book(Blad1=[(), HEADER, *ROWS[:20], (), *ROWS[20:], *[(None, None)] * 9]))
    assert sum(map(len, (read.train, read.val, read.test))) == 40
    assert "data.xlsx: 1 row with nothing in any column left out." in read.notices


def test_a_fault_names_the_row_of_the_sheet(book: Book) -> None:
    with pytest.raises(DataError) as caught:
        read_data(book(Blad1=[HEADER, *ROWS, ("Utan etikett",), ("#", "#N/A")]))
    assert caught.value.code == "data.empty-cells"
    assert "data.xlsx, lines 42, 43" in caught.value.why


def test_the_first_sheet_is_read_unless_another_is_named(book: Book) -> None:
    other = [(f"{t} till", k) for t, k in ROWS]
    path = book(Blad1=[HEADER, *ROWS], Övrigt=[HEADER, *other])
    read = read_data(path)
    assert any("'Blad1' is read, not 'Övrigt'" in notice for notice in read.notices)
    named = read_data(unicodedata.normalize("NFD", f"{path}#övrigt"))
    assert all(e.text.endswith("till") for e in named.train)
    assert not any("is read, not" in notice for notice in named.notices)
    with pytest.raises(DataError) as caught:
        read_data(f"{path}#Blad9")
    assert caught.value.code == "data.sheet"
    assert "'Blad1', 'Övrigt'" in caught.value.why


def test_a_hidden_sheet_is_not_the_first(book: Book) -> None:
    path = book(Dold=[("a", "b")], Blad1=[HEADER, *ROWS])
    made = openpyxl.load_workbook(path)
    made["Dold"].sheet_state = "hidden"
    made.active = 1
    made.save(path)
    assert len(read_data(path).train) == 32


def test_splits_can_be_sheets_files_or_a_folder(book: Book) -> None:
    parts = {n: [HEADER, *((f"{t} {n}", k) for t, k in ROWS)] for n in ("train", "val", "test")}
    path = book(**parts)
    read = read_data([f"{path}#{name}" for name in ("test", "val", "train")])
    assert read.val[0].text.endswith("val")
    path.unlink()
    for name, rows in parts.items():
        path = book(f"{name}.xlsx", Blad1=rows)
    (path.parent / "~$train.xlsx").write_bytes(b"who has it open")
    assert read_data(path.parent) == read


def test_formulas_give_their_stored_values_or_are_refused(book: Book) -> None:
    path = book(Blad1=[HEADER, *ROWS, ("Ny", '=IF(1=1,"positiv","negativ")')])
    with pytest.raises(DataError) as caught:
        read_data(path)
    assert caught.value.code == "data.formula"
    assert "line 42" in caught.value.why
    stored(path)
    assert sum(read_data(path).counts(n)["positiv"] for n in ("train", "val", "test")) == 21


def stored(path: Path) -> None:
    """Store a value with the formula, as Excel does when it saves."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    xml = parts[sheet].replace(b'<c r="B42"', b'<c r="B42" t="str"')
    xml = re.sub(rb"</f><v\s*(/>|></v>)", b"</f><v>positiv</v>", xml)
    rewrite(path, parts | {sheet: xml})


def rewrite(path: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def test_what_excel_escapes_is_unescaped(book: Book) -> None:
    rows = [(f"{t}_x000D_\nså", k) for t, k in ROWS]
    assert read_data(book(Blad1=[HEADER, *rows])).train[0].text.endswith("\nså")


def broken(path: Path) -> dict[str, bytes]:
    """Several files that are no sound workbook, by what they are."""
    whole = path.read_bytes()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("hello.txt", "Hej")
    return {
        "text": CSV.encode(),
        "nothing": b"",
        "half": whole[: len(whole) // 2],
        "another archive": archive.getvalue(),
        "bits": whole[:200] + bytes(100) + whole[300:],
    }


def test_what_is_no_workbook_is_refused(book: Book) -> None:
    path = book(Blad1=[HEADER, *ROWS])
    for what, content in broken(path).items():
        path.write_bytes(content)
        with pytest.raises(DataError) as caught:
            read_data(path)
        assert caught.value.code == "data.workbook", what
        assert caught.value.hint, what
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500))
    with pytest.raises(DataError, match="password"):
        read_data(path)
    with pytest.raises(NotFound):
        read_data(path.with_name("none.xlsx"))


def test_bombs_are_refused(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(Blad1=[HEADER, *ROWS])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    entity = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    rewrite(path, parts | {sheet: entity + parts[sheet]})
    with pytest.raises(DataError, match="workbook") as caught:
        read_data(path)
    assert "document type" in caught.value.why
    rewrite(path, parts | {sheet: parts[sheet].replace(b'<row r="9"', b'<row r="999999999"')})
    with pytest.raises(DataError) as caught:
        read_data(path)
    assert "more rows" in caught.value.why
    monkeypatch.setattr(workbooks, "LARGEST_UNPACKED", 10**5)
    rewrite(path, parts | {"xl/media/zeros.bin": bytes(10**6)})
    assert path.stat().st_size < 10**5
    with pytest.raises(DataError) as caught:
        read_data(path)
    assert caught.value.code == "data.too-large"


def test_options_and_empty_sheets_are_those_of_tables(book: Book) -> None:
    path = book(Blad1=[("a", "b"), *ROWS])
    assert len(read_data(path, ReadOptions(text="a", label="B")).train) == 32
    with pytest.raises(DataError) as caught:
        read_data(path)
    assert caught.value.code == "data.columns"
    for rows in ([], [HEADER]):
        with pytest.raises(DataError) as caught:
            read_data(book(Blad1=rows))
        assert caught.value.code == "data.empty"


@pytest.mark.parametrize(
    ("module", "extra", "name"),
    [("openpyxl", "excel", "data.xlsx"), ("pyarrow", "parquet", "data.parquet")],
)
def test_a_missing_extra_says_how_to_install_it(
    module: str, extra: str, name: str, book: Book
) -> None:
    path = book(name, Blad1=[HEADER, *ROWS])
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from swereg.errors import SweregError\n"
        "from swereg.datasets.reading import read_data\n"
        "try:\n"
        f"    read_data({str(path)!r})\n"
        "except SweregError as fault:\n"
        "    print(fault.code, fault.hint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == f'extra.missing pip install "swereg[{extra}]"'
