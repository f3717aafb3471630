"""What the name of a data file says: its format, its sheet, and whether it is compressed."""

from __future__ import annotations

import re
from pathlib import Path

JSON_LINES = {".jsonl", ".ndjson", ".json"}
TABLES = {".csv", ".tsv", ".txt", ".tab"}
EXCEL = {".xlsx", ".xlsm"}
PARQUET = {".parquet"}
COMPRESSED = {".gz"}
DATA = JSON_LINES | TABLES | EXCEL | PARQUET

_SHEET = re.compile(r"(?P<file>.+\.xls[xm])#(?P<sheet>.+)", re.IGNORECASE | re.DOTALL)


def extension(path: Path) -> str:
    """The extension that names the format, in lower case: ``.csv`` of ``data.CSV.gz``."""
    path = without_sheet(path)[0]
    suffix = path.suffix.lower()
    inner = Path(path.stem).suffix.lower()
    return inner if suffix in COMPRESSED and inner in JSON_LINES | TABLES else suffix


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
