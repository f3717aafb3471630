"""From text to rows: CSV with any of the usual delimiters."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from swereg.datasets.files import delimiters
from swereg.datasets.files.columns import choose_columns
from swereg.datasets.files.delimiters import DELIMITERS
from swereg.datasets.files.refusals import counted, lines, place, printable, quote, refuse
from swereg.records.dataset import ReadOptions

LARGEST_FIELD = 10**6  # characters
MOST_ROWS = 10**7

Record = tuple[int, list[str]]


class Row(NamedTuple):
    """A text, its label and split as the file has them, and the line on which the row begins."""

    line: int
    text: str
    label: str
    split: str = ""


class Table(NamedTuple):
    """The rows of a file, and what has to be said about it."""

    path: Path
    rows: list[Row]
    notices: list[str]


def read_table(path: Path, text: str, options: ReadOptions) -> Table:
    """Cut a text into rows; what is not a text or a label is left.

    Raises:
        DataError: ragged rows, an open quote, a field or file that is too large, or no column.
        UsageError: the delimiter that was named cannot be one.
    """
    preamble, delimiter = delimiters.excel_line(text)
    body = text[len(preamble) :]
    if options.delimiter:
        delimiter = delimiters.named(options.delimiter)
    delimiter = delimiter or delimiters.find_delimiter(body)
    raw = delimiters.quotes_are_text(body, delimiter)
    records = _records(path, body, delimiter, raw=raw, begins=2 if preamble else 1)
    _, header = next((record for record in records if record[1]), (1, []))
    columns = [column.strip().removeprefix("\ufeff") for column in header]
    chosen = choose_columns(path, columns, options)
    at = [columns.index(name) for name in (chosen.text, chosen.label, chosen.split) if name]
    rows: list[Row] = []
    bad: list[Record] = []
    blank = 0
    for line, cells in records:
        if not any(map(str.strip, cells)):
            blank += bool(cells)
        elif len(cells) != len(columns):
            bad.append((line, cells))
        else:
            rows.append(Row(line, *(cells[number] for number in at)))
    notices = chosen.notices + _ragged(path, bad, len(columns), delimiter, options)
    _refuse_swallowed(path, rows, delimiter, len(columns), at[1])
    name = printable(path.name)
    if raw:
        notices.append(f"{name}: quotes are read as characters, as they enclose no fields.")
    if blank:
        notices.append(f"{name}: {counted(blank, 'row')} with nothing in any column left out.")
    return Table(path, rows, notices)


def _records(path: Path, text: str, delimiter: str, *, raw: bool, begins: int) -> Iterator[Record]:
    """Give each record, from the header on, with the line on which it begins."""
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_FIELD))
    reader = csv.reader(
        delimiters.lines(text),
        delimiter=delimiter,
        strict=True,
        quoting=csv.QUOTE_NONE if raw else csv.QUOTE_MINIMAL,
    )
    line = begins
    try:
        for number, cells in enumerate(reader):
            refuse_too_many(path, number)
            yield line, cells
            line = begins + reader.line_num
    except csv.Error as fault:
        raise _fault(path, line, fault) from None


def refuse_too_many(path: Path, number: int) -> None:
    """Refuse the row that is one too many.

    Raises:
        DataError: it is.
    """
    if number > MOST_ROWS:
        raise refuse(
            f"{printable(path.name)} has too many rows",
            f"At most {MOST_ROWS:,} are read.",
            "Take a part of it: a few thousand texts per label are plenty.",
            "too-large",
        )


def _fault(path: Path, line: int, fault: csv.Error) -> Exception:
    if "field larger" in str(fault):
        return refuse(
            f"{place(path, line)} has a field of more than {LARGEST_FIELD:,} characters",
            "Its row begins there and does not end.",
            "Is a quote left open there? Else cut that text.",
            "field",
        )
    return refuse(
        f'{place(path, line)} opens a quote (") that is not closed as CSV has it',
        f"The row begins there ({fault}).",
        'Close it, write a quote inside a text twice (""), or use JSON Lines.',
        "quote",
    )


def _refuse_swallowed(
    path: Path, rows: Sequence[Row], delimiter: str, width: int, label_at: int
) -> None:
    """Refuse a text in which there are whole rows: its quote was closed by one further on."""
    labels = {row.label.strip() for row in rows} - {""}
    for row in rows:
        if "\n" not in row.text or delimiter not in row.text:
            continue
        inside = [
            cells
            for line in row.text.splitlines()
            if len(cells := line.split(delimiter)) == width and cells[label_at].strip() in labels
        ]
        if inside:
            raise refuse(
                f'{place(path, row.line)} opens a quote (") that swallows the rows after it',
                f"{len(inside):,} of the lines up to the next quote are rows of their own; "
                f"the text begins {quote(row.text)}.",
                'Close it, write a quote inside a text twice (""), or use JSON Lines.',
                "quote",
            )


def _ragged(
    path: Path, bad: Sequence[Record], width: int, delimiter: str, options: ReadOptions
) -> list[str]:
    """Refuse rows of a wrong width, or say how many are left out."""
    if not bad:
        return []
    name = printable(path.name)
    if len(bad) <= options.skip_bad_rows:
        return [f"{name}: {counted(len(bad), 'row')} with a wrong number of fields left out."]
    line, cells = bad[0]
    raise refuse(
        f"{place(path, line)} has {counted(len(cells), 'field')}, the header has {width}",
        f"{counted(len(bad), 'row')} of that kind, {lines(line for line, _ in bad)}. "
        f"The first begins {quote(cells[0])}.",
        _ragged_hint(bad, width, delimiter),
        "ragged",
    )


def _ragged_hint(bad: Sequence[Record], width: int, delimiter: str) -> str:
    cells = bad[0][1]
    hint = f"Leave them out with --skip-bad-rows {len(bad)}."
    likely = next((d for d in DELIMITERS if d != delimiter and d in "".join(cells)), "")
    if len(cells) > width:
        name = DELIMITERS.get(delimiter, "delimiter")
        hint = f'Put texts that have a {name} in quotes ("). {hint}'
    elif likely:
        hint = f"Is a {DELIMITERS[likely]} the delimiter? Say it with --delimiter. {hint}"
    return hint
