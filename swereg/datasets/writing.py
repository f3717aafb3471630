"""A dataset as a file that is read again as it was: CSV, TSV or JSON Lines, with the splits."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from swereg.datasets.files.formats import extension
from swereg.errors import UsageError
from swereg.records.dataset import SPLITS, Dataset
from swereg.records.spreadsheet_formulas import harmless, is_formula

HEADER = ("split", "text", "label")
FORMATS = ("csv", "tsv", "jsonl")
BY_ENDING = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def format_of(path: Path) -> str:
    """Return the format that a file's ending says.

    Raises:
        UsageError: it says none that is written.
    """
    form = BY_ENDING.get(extension(path)) if path.suffix.lower() in BY_ENDING else None
    if form is None:
        raise UsageError(
            f"what {path.name} ends in does not say how it is to be written",
            why=f"It can be {', '.join(BY_ENDING)}.",
            hint=f"Name it otherwise, or say --format: {', '.join(FORMATS)}.",
            code="data.format",
        )
    return form


def write_dataset(dataset: Dataset, form: str, *, spreadsheet: bool = False) -> str:
    """Write a dataset as text: split, text and label of each row.

    Args:
        form: ``csv``, ``tsv`` or ``jsonl``.
        spreadsheet: write for Swedish Excel (a mark of UTF-8, semicolons), and put an
            apostrophe before what would be a formula. Then texts are not what they were.

    Raises:
        UsageError: there is no such format, or it is none of a spreadsheet.
    """
    if form not in FORMATS or (spreadsheet and form == "jsonl"):
        raise UsageError(
            f"{form} is not a format {'of spreadsheets' if form in FORMATS else 'that is written'}",
            why=f"It can be {', '.join(FORMATS)}; for a spreadsheet csv or tsv.",
            code="data.format",
        )
    if form == "jsonl":
        return "".join(
            json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) + "\n"
            for row in _rows(dataset)
        )
    out = io.StringIO()
    delimiter = "\t" if form == "tsv" else ";" if spreadsheet else ","
    ending = "\r\n" if spreadsheet else "\n"
    table = csv.writer(out, delimiter=delimiter, lineterminator=ending)
    table.writerow(HEADER)
    table.writerows([*map(harmless, row)] if spreadsheet else row for row in _rows(dataset))
    return ("\ufeff" if spreadsheet else "") + out.getvalue()


def formulas(dataset: Dataset) -> int:
    """Count the cells that a spreadsheet would take for formulas."""
    return sum(is_formula(cell) for row in _rows(dataset) for cell in row)


def _rows(dataset: Dataset) -> Iterator[tuple[str, str, str]]:
    return ((name, e.text, e.label) for name in SPLITS for e in dataset.split(name))
