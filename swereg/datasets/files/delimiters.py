"""How a table is cut into cells: its delimiter, and whether quotes are only characters in it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice

from swereg.errors import UsageError

DELIMITERS = {";": "semicolon", ",": "comma", "\t": "tab"}
_LOOKED_AT = 200  # rows
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_EXCEL = re.compile(r'"?sep=([^\r\n])"?(?:\r\n|\r|\n)', re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def lines(text: str) -> Iterator[str]:
    """Give a text's lines, with their ends; only CR, LF and CRLF end a line."""
    return (match[0] for match in _LINE.finditer(text))


def excel_line(text: str) -> tuple[str, str]:
    """Take off the line ``sep=;`` that Excel writes and reads; ``("", "")`` without one."""
    match = _EXCEL.match(text)
    return (match[0], match[1]) if match else ("", "")


def named(delimiter: str) -> str:
    r"""Read a delimiter as a user writes it: one character, or ``\t``.

    Raises:
        UsageError: it cannot be one.
    """
    character = delimiter.replace("\\t", "\t")
    if len(character) != 1 or character in '"\r\n' or character.isalnum():
        raise UsageError(
            f"{delimiter[:60]!r} cannot be a delimiter",
            why="It is one character between the fields of a row.",
            hint=r"Say --delimiter ';', --delimiter ',' or --delimiter '\t'.",
            code="data.delimiter",
        )
    return character


def find_delimiter(text: str) -> str:
    """Find the delimiter that gives most rows as many fields as the header, two or more."""
    best, score = (0.0, 0), ","
    for delimiter in DELIMITERS:
        widths = _widths(text, delimiter)
        if not widths or widths[0] < 2:
            continue
        share = widths.count(widths[0]) / len(widths)
        if (share, widths[0]) > best:
            best, score = (share, widths[0]), delimiter
    return score


def _widths(text: str, delimiter: str) -> list[int]:
    """Count the fields of the first 200 rows that are not empty."""
    widths: list[int] = []
    try:
        rows = (cells for cells in csv.reader(lines(text), delimiter=delimiter) if cells)
        widths.extend(len(cells) for cells in islice(rows, _LOOKED_AT))
    except csv.Error:
        pass  # the reader of the whole file says what is wrong
    return widths


def quotes_are_text(text: str, delimiter: str) -> bool:
    """Say whether a tab-separated file uses quotes as plain characters.

    It does if every line is whole without them, and some field that begins with one is not
    quoted as CSV has it.
    """
    if delimiter != "\t" or '"' not in text:
        return False
    width, plain = 0, False
    for line in lines(text):
        cells = line.rstrip("\r\n").split("\t")
        if cells == [""]:
            continue
        width = width or len(cells)
        if len(cells) != width:
            return False
        plain = plain or any(c.startswith('"') and not _QUOTED.fullmatch(c) for c in cells)
    return plain
