"""From an Excel workbook to rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from swereg.datasets.files import workbooks
from swereg.datasets.files.cells import plain
from swereg.datasets.files.columns import choose_columns
from swereg.datasets.files.csv_rows import Row, Table
from swereg.datasets.files.refusals import counted, lines, printable, refuse
from swereg.records.dataset import ReadOptions

MOST_ROWS = 2**20  # as many as a sheet of Excel has
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # how a workbook writes characters that XML lacks

Record = tuple[int, tuple[Any, ...]]


class _Columns(NamedTuple):
    """Where texts, labels and, if at all, splits stand, and what is to be said of it."""

    text: int
    label: int
    split: int | None
    notices: list[str]


def read_excel(path: Path, options: ReadOptions) -> Table:
    """Read one sheet into rows; the first row with anything in it names the columns.

    Formulas give the values that were stored with them. Errors such as ``#REF!`` are no values.

    Args:
        path: the file, or ``FILE.xlsx#SHEET``.

    Raises:
        NotFound: there is no such file.
        DataError: it is no workbook, too large, or has no such sheet or column.
        SweregError: openpyxl is not installed.
    """
    data = workbooks.content(path)
    with workbooks.opened(path, data) as sheet:
        records = _records(path, sheet.cells)
        _, header = next(records, (1, ()))
        if not header:
            return Table(path, [], sheet.notices)
        at = _columns(path, header, options)
        rows: list[Row] = []
        blank: list[int] = []
        before = 1
        for line, cells in records:
            blank += range(before + 1, line) if rows else []
            columns = (at.text, at.label, at.split)
            rows.append(Row(line, *(_cell(cells, n) for n in columns if n is not None)))
            before = line
    _refuse_formulas(path, data, at, {row.line for row in rows if not (row.text and row.label)})
    notices = sheet.notices + at.notices
    if blank:
        notice = f"{counted(len(blank), 'row')} with nothing in any column left out"
        notices.append(f"{printable(path.name)}: {notice}.")
    return Table(path, rows, notices)


def _records(path: Path, cells: Any) -> Iterator[Record]:
    """Give each row in which there is anything, with its number from 1."""
    for line, row in enumerate(cells.iter_rows(), start=1):
        if line > MOST_ROWS:
            raise workbooks.broken(path, f"It has more rows than Excel's {MOST_ROWS:,}")
        if any(_value(cell) for cell in row):
            yield line, row


def _columns(path: Path, header: tuple[Any, ...], options: ReadOptions) -> _Columns:
    names = [_value(cell).strip() for cell in header]
    while names and not names[-1]:
        names.pop()
    chosen = choose_columns(path, names, options)
    split = names.index(chosen.split) if chosen.split else None
    return _Columns(names.index(chosen.text), names.index(chosen.label), split, chosen.notices)


def _cell(cells: tuple[Any, ...], number: int) -> str:
    return _value(cells[number]) if number < len(cells) else ""


def _value(cell: Any) -> str:
    if cell.value is None or cell.data_type == "e":
        return ""
    value = plain(cell.value)
    if value is None:
        return str(cell.value)
    return _ESCAPED.sub(_unescape, value) if "_x" in value else value


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _refuse_formulas(path: Path, data: bytes, at: _Columns, empty: set[int]) -> None:
    """Refuse formulas that have no stored value: no program has worked them out yet."""
    if not empty:
        return
    with workbooks.opened(path, data, values=False) as sheet:
        formulas = [
            line
            for line, cells in enumerate(sheet.cells.iter_rows(), start=1)
            if line in empty and any(_is_formula(cells, number) for number in (at.text, at.label))
        ]
    if formulas:
        raise refuse(
            f"{printable(path.name)} has formulas without stored values",
            f"{counted(len(formulas), 'row')}: {printable(str(path))}, {lines(formulas)}.",
            "Open it in Excel and save it; then the values are stored too.",
            "formula",
        )


def _is_formula(cells: tuple[Any, ...], number: int) -> bool:
    return number < len(cells) and cells[number].data_type == "f"
