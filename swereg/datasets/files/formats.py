"""The formats that data can be in, and what the name of a file says of it.

To add a format, write a reader beside this file and give it a row in ``FORMATS``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

COMPRESSED = {".gz"}


@dataclass(frozen=True)
class Format:
    """A format of data files.

    Attributes:
        endings: of names, in lower case.
        reader: the file beside this one and its function, which gives a ``Table``. That of a text
            takes path, text and options; any other path and options.
        is_text: whether it is a text, which is decoded first and may be compressed.
    """

    endings: frozenset[str]
    reader: str
    is_text: bool = False


# In the order in which a dataset on the Hub that has several is read.
FORMATS = (
    Format(frozenset({".parquet"}), "parquet_rows:read_parquet"),
    Format(frozenset({".jsonl", ".ndjson", ".json"}), "json_rows:read_json", is_text=True),
    Format(frozenset({".csv", ".tsv", ".txt", ".tab"}), "csv_rows:read_table", is_text=True),
    Format(frozenset({".xlsx", ".xlsm"}), "excel_rows:read_excel"),
)
JSON_LINES, TABLE = FORMATS[1], FORMATS[2]
DATA = frozenset().union(*(fmt.endings for fmt in FORMATS))
_TEXTS = frozenset().union(*(fmt.endings for fmt in FORMATS if fmt.is_text))

_SHEET = re.compile(r"(?P<file>.+\.xls[xm])#(?P<sheet>.+)", re.IGNORECASE | re.DOTALL)


def format_of(path: Path) -> Format:
    """The format that a name says; a table where it says none."""
    ending = extension(path)
    return next((fmt for fmt in FORMATS if ending in fmt.endings), TABLE)


def extension(path: Path) -> str:
    """The extension that names the format, in lower case: ``.csv`` of ``data.CSV.gz``."""
    path = without_sheet(path)[0]
    suffix = path.suffix.lower()
    inner = Path(path.stem).suffix.lower()
    return inner if suffix in COMPRESSED and inner in _TEXTS else suffix


def stem(path: Path) -> str:
    """The name without its extensions, and with its sheet: ``data#train`` of a workbook."""
    file, sheet = without_sheet(path)
    name = file.name
    for suffix in (*COMPRESSED, extension(path)):
        if suffix and name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    return f"{name}#{sheet}" if sheet else name


def without_sheet(path: Path) -> tuple[Path, str]:
    """Divide ``data.xlsx#Blad2`` into file and sheet; without a sheet it is ``""``."""
    match = _SHEET.fullmatch(str(path))
    if not match or path.is_file():
        return path, ""
    return Path(match["file"]), match["sheet"]
