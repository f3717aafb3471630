"""From text to rows: CSV with any of the usual delimiters, and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from swereg.records import ReadOptions
from swereg.tasks.complaints import place, quote, refuse, some

DELIMITERS = {";": "semicolon", ",": "comma", "\t": "tab"}
JSON_LINES = {".jsonl", ".ndjson", ".json"}
TABLES = {".csv", ".tsv", ".txt", ".tab"}
LARGEST_FIELD = 10**6  # characters
MOST_ROWS = 10**7
_LOOKED_AT = 200  # rows


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by column, and the line on which it begins."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """The columns and rows of a file, and what has to be said about it."""

    path: Path
    columns: list[str]
    rows: list[Row]
    notices: list[str]


def read_table(path: Path, text: str, options: ReadOptions) -> Table:
    """Cut a text into rows.

    Raises:
        DataError: it has no rows, ragged rows, an open quote, or JSON that cannot be read.
    """
    if not text.strip():
        raise _no_rows(path)
    table = _json_lines(path, text) if path.suffix.lower() in JSON_LINES else _csv(
        path, text, options
    )  # fmt: skip
    if not table.rows:
        raise _no_rows(path)
    return table


def _csv(path: Path, text: str, options: ReadOptions) -> Table:
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise refuse(
            f"{path.name} has a zero character", f"It is on line {line}.", "Remove it.", "control"
        )
    delimiter = options.delimiter.replace("\\t", "\t") or _delimiter(text)
    records = _records(path, text, delimiter)
    _, columns = next(records)
    columns = [column.strip().lstrip("\ufeff") for column in columns]
    if len(set(columns)) < len(columns):
        twice = [name for name, count in Counter(columns).items() if count > 1]
        raise refuse(
            f"{path.name} has two columns of one name",
            f"Twice there: {some([quote(name) for name in twice])}.",
            "Rename one of them.",
            "columns",
        )
    rows: list[Row] = []
    bad: list[tuple[int, list[str]]] = []
    for line, cells in records:
        if len(cells) == len(columns):
            rows.append(Row(line, dict(zip(columns, cells, strict=True))))
        elif cells:  # an empty line is none
            bad.append((line, cells))
    notices = _ragged(path, bad, len(columns), delimiter, options)
    return Table(path, columns, rows, notices)


def _records(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give each record with the line on which it begins."""
    csv.field_size_limit(LARGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for number, cells in enumerate(reader):
            if number > MOST_ROWS:
                raise refuse(
                    f"{path.name} has too many rows",
                    f"At most {MOST_ROWS:,} are read.",
                    "Take a part of it.",
                    "too-large",
                )
            yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as fault:
        if "field larger" in str(fault):
            raise refuse(
                f"{path.name} has a field of more than {LARGEST_FIELD:,} characters",
                f"It begins on line {begins}.",
                "Is a quote left open there? Else cut that text.",
                "field",
            ) from None
        raise refuse(
            f'{path.name} has a quote (") that is opened and not closed as CSV has it',
            f"The row begins at {place(path, begins)} ({fault}).",
            'Close it, write a quote inside a text twice (""), or use JSON Lines.',
            "quote",
        ) from None


def _delimiter(text: str) -> str:
    """Find the delimiter that gives most rows the same number of columns, more than one."""
    best, found = (0.0, 0), ","
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        widths: list[int] = []
        try:
            for cells in reader:
                if cells:
                    widths.append(len(cells))
                if len(widths) == _LOOKED_AT:
                    break
        except csv.Error:
            pass
        if not widths or widths[0] < 2:
            continue
        share = widths.count(widths[0]) / len(widths)
        if (share, widths[0]) > best:
            best, found = (share, widths[0]), delimiter
    return found


def _ragged(
    path: Path, bad: list[tuple[int, list[str]]], width: int, delimiter: str, options: ReadOptions
) -> list[str]:
    if not bad:
        return []
    if len(bad) <= options.skip_bad_rows:
        return [f"{len(bad):,} rows of {path.name} have a wrong number of fields and are left out."]
    line, cells = bad[0]
    other = next((d for d in DELIMITERS if d != delimiter and d in "".join(cells)), "")
    hint = f"quote the texts, or allow it with --skip-bad-rows {len(bad)}"
    if len(cells) > width:
        hint = (
            f'put texts with a {DELIMITERS.get(delimiter, "delimiter")} in quotes ("), or ' + hint
        )
    if other:
        hint += f"; with --delimiter you can say that the file uses {DELIMITERS[other]}s"
    raise refuse(
        f"{place(path, line)} has {len(cells)} fields, the header has {width}",
        f"{len(bad):,} rows are so. The first begins {quote(cells[0])}.",
        hint[0].upper() + hint[1:] + ".",
        "ragged",
    )


def _json_lines(path: Path, text: str) -> Table:
    columns: dict[str, None] = {}
    rows = []
    for line, source in enumerate(text.split("\n"), start=1):
        if not source.strip():
            continue
        cells = _json_row(path, line, source)
        columns |= dict.fromkeys(cells)
        rows.append(Row(line, cells))
    return Table(path, list(columns), rows, [])


def _json_row(path: Path, line: int, source: str) -> dict[str, str]:
    try:
        found = json.loads(source)
    except ValueError as fault:
        raise refuse(
            f"{place(path, line)} is not JSON",
            f"{fault}; the line begins {quote(source.strip())}.",
            'Write one object per line, such as {"text": "...", "label": "..."}.',
            "json",
        ) from None
    if not isinstance(found, dict):
        raise refuse(
            f"{place(path, line)} is not a JSON object",
            f"The line begins {quote(source.strip())}.",
            'Write one object per line, such as {"text": "...", "label": "..."}.',
            "json",
        )
    return {key: _as_text(value) for key, value in found.items()}


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _no_rows(path: Path) -> Exception:
    return refuse(
        f"{path.name} has no rows",
        "It is empty, or has a header alone.",
        "Give a file with a text and a label per row.",
        "empty",
    )
