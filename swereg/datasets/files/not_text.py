"""What is no text at all, though its name may say so."""

from __future__ import annotations

import re
from pathlib import Path

from swereg.datasets.files.refusals import counted, place, printable, refuse

_LOOKED_AT = 2**16
_SIGNATURES = {
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"SQLite format 3": "a SQLite database",
    b"PAR1\x15": "a Parquet file",
    b"ARROW1\0\0": "an Arrow file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"{\\rtf": "a rich text document",
    b"<html": "a web page",
    b"<!doctype html": "a web page",
    b"version https://git-lfs": "a Git LFS pointer, whose data git lfs pull fetches",
}
_HINTS = {
    "an Excel workbook or another zip archive": (
        "If it is a workbook, let its name end in .xlsx, or save it as CSV UTF-8."
    ),
    "a Parquet file": "Let its name end in .parquet.",
    "a gzip archive": "Let its name end in .csv.gz or .jsonl.gz, as what is in it is.",
}
_CONTROLS = bytes({*range(9), *range(14, 32)} - {0x1B})
_HINT = "Save it as CSV (in Excel: Save As, CSV UTF-8) and give that file."
_END = re.compile(rb"\r\n|\r|\n")


def refuse_signature(name: str, data: bytes) -> None:
    """Refuse what begins as another kind of file does.

    Raises:
        DataError: it does; it says what the file looks like.
    """
    start = data[:64].lower().lstrip()
    kind = next((k for sign, k in _SIGNATURES.items() if start.startswith(sign.lower())), "")
    if kind:
        raise refuse(
            f"{name} is no text file",
            f"It looks like {kind}.",
            _HINTS.get(kind, _HINT),
            "binary",
        )


def refuse_zeros(path: Path, data: bytes) -> None:
    """Refuse what has zero bytes: a few are a fault in a text, many are no text.

    Raises:
        DataError: it has some; it says where.
    """
    if b"\0" not in data:
        return
    line = line_of(data, data.index(b"\0"))
    start = data[:_LOOKED_AT]
    controls = len(start) - len(start.translate(None, _CONTROLS))
    if controls > max(3.0, 0.01 * len(start)):
        raise refuse(
            f"{printable(path.name)} is no text file",
            f"It has bytes that no text has, the first at {place(path, line)}.",
            _HINT,
            "binary",
        )
    raise refuse(
        f"{place(path, line)} has a zero character",
        f"{counted(data.count(0), 'zero byte')} in {printable(path.name)}; no text has any.",
        "Remove them, or export the file again.",
        "control",
    )


def line_of(data: bytes, start: int) -> int:
    """The number of a byte's line, from 1; CR, LF and CRLF end one."""
    return 1 + len(_END.findall(data, 0, start))
