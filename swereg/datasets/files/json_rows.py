"""From text to rows: JSON Lines, or one JSON array of objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from swereg.datasets.files.columns import choose_columns
from swereg.datasets.files.csv_rows import Row, Table, refuse_too_many
from swereg.datasets.files.refusals import place, printable, quote, refuse
from swereg.records.dataset import ReadOptions

_LOOKED_AT = 200  # objects whose keys are taken for the columns
_GAP = re.compile(r"[\s,]*")

PlacedExample = tuple[int, dict[str, object]]


def read_json(path: Path, text: str, options: ReadOptions) -> Table:
    """Cut a text into rows; what is not a text or a label is left.

    Raises:
        DataError: it is no JSON, its values are no plain values, or there is no column.
    """
    array = text.lstrip().startswith("[")
    parsed = _array(path, text) if array else _lines(path, text)
    first = list(islice(parsed, _LOOKED_AT))
    if not first:
        return Table(path, [], [])
    columns = list(dict.fromkeys(key for _, cells in first for key in cells))
    chosen = choose_columns(path, columns, options)
    rows = []
    for number, (line, cells) in enumerate(chain(first, parsed), start=1):
        refuse_too_many(path, number)
        chosen_columns = (name for name in (chosen.text, chosen.label, chosen.split) if name)
        rows.append(
            Row(line, *(_plain(path, line, name, cells.get(name)) for name in chosen_columns))
        )
    return Table(path, rows, chosen.notices)


def _lines(path: Path, text: str) -> Iterator[PlacedExample]:
    for line, source in enumerate(text.split("\n"), start=1):
        if source.strip():
            try:
                value = json.loads(source)
            except (ValueError, RecursionError) as fault:
                raise _no_json(path, line, str(fault), source) from None
            yield line, _object(path, line, value, source)


def _array(path: Path, text: str) -> Iterator[PlacedExample]:
    """Give the objects of an array, with the line on which each begins."""
    try:
        count = len(json.loads(text))
    except (ValueError, RecursionError) as fault:
        raise _no_json(path, getattr(fault, "lineno", 1), str(fault), text.lstrip()) from None
    decoder, at = json.JSONDecoder(), text.index("[") + 1
    line = 1 + text.count("\n", 0, at)
    for _ in range(count):
        begin = gap.end() if (gap := _GAP.match(text, at)) else at
        value, end = decoder.raw_decode(text, begin)
        line += text.count("\n", at, begin)
        yield line, _object(path, line, value, text[begin:end])
        line += text.count("\n", begin, end)
        at = end


def _object(path: Path, line: int, value: object, source: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _no_json(path, line, f"it is a {type(value).__name__}, not an object", source)
    return value


def _no_json(path: Path, line: int, reason: str, source: str) -> Exception:
    return refuse(
        f"{place(path, line)} is not a JSON object",
        f"{reason}; it begins {quote(source.strip())}.",
        'Write one object per line, such as {"text": "...", "label": "..."}.',
        "json",
    )


def _plain(path: Path, line: int, name: str, value: object) -> str:
    """A string as it is, a number or truth value as JSON writes it, nothing for null."""
    if isinstance(value, dict | list):
        raise refuse(
            f"{place(path, line)} has more than one value in {quote(name)}",
            f"It is {quote(json.dumps(value, ensure_ascii=False))}.",
            f"Give {printable(name)} one text or number in each object.",
            "json",
        )
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
