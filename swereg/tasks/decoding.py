"""From bytes to text: which encoding a data file has, and what is no text at all."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from swereg.errors import NotFound
from swereg.tasks.complaints import refuse

LARGEST = 2**30  # bytes
_LOOKED_AT = 2**16

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SIGNATURES = {
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"SQLite format 3": "a SQLite database",
    b"PAR1": "a Parquet file",
    b"\x89PNG": "a picture",
}
# UTF-8 that was once read as Windows-1252: Ã¥, Ã¤, Ã¶, Ã©, â€œ and their kin
MOJIBAKE = re.compile("Ã[\u0080-\u00bf\u0152-\u017e\u2013-\u2122]|â€|Â[\u00a0-\u00bf]")


def decode(path: Path, encoding: str = "") -> tuple[str, list[str]]:
    """Read a file as text.

    A byte order mark decides; else it is UTF-8; else Windows-1252, which is said.

    Returns:
        The text without its mark, and what has to be said about it.

    Raises:
        NotFound: there is no such file.
        DataError: it is no text, or not in the encoding that was named.
    """
    data = _bytes(path)
    _refuse_binary(path, data)
    if encoding:
        return _strictly(path, data, encoding), []
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _strictly(path, data, name), []
    guess = _utf16_without_mark(data)
    if guess:
        return _strictly(path, data, guess), [f"{path.name} is read as UTF-16 (it has no mark)."]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        text = _strictly(path, data, "cp1252")
        return text, [f"{path.name} is read as Windows-1252 (it is not UTF-8)."]


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise refuse(
                f"{path} is too large",
                f"It has {size:,} bytes; at most {LARGEST:,} are read.",
                "Take a part of it: a few thousand texts per label are plenty.",
                "too-large",
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(
            f"there is no file {path}", hint="Check its name.", code="data.missing"
        ) from None
    except OSError as fault:
        raise refuse(
            f"{path} cannot be read", str(fault.strerror), "Check its rights.", "unreadable"
        ) from fault


def _refuse_binary(path: Path, data: bytes) -> None:
    start = data[:_LOOKED_AT]
    kind = next((kind for sign, kind in _SIGNATURES.items() if start.startswith(sign)), "")
    marked = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not kind and b"\0" in start and not marked and not _utf16_without_mark(start):
        kind = "not text: it has zero bytes"
    if kind:
        raise refuse(
            f"{path.name} is no text file",
            f"It looks like {kind}." if not kind.startswith("not") else f"It is {kind}.",
            "Save it as CSV (in Excel: Save As, CSV UTF-8) and give that file.",
            "binary",
        )


def _utf16_without_mark(data: bytes) -> str:
    """Name the UTF-16 that Latin letters in every other byte give away, or ``""``."""
    start = data[:1024]
    if len(start) < 8:
        return ""
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = start[offset::2].count(0)
        if zeros > 0.8 * len(start[offset::2]) and not start[1 - offset :: 2].count(0):
            return name
    return ""


def _strictly(path: Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError:
        raise refuse(
            f"there is no encoding {encoding!r}",
            "Python knows names such as utf-8, cp1252, latin-1, utf-16.",
            "Correct --encoding, or leave it out.",
            "encoding",
        ) from None
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise refuse(
            f"{path.name} is not {encoding}",
            f"Line {line} has the bytes {data[fault.start : fault.start + 4].hex(' ')}.",
            "Name its encoding with --encoding, or save it as UTF-8.",
            "encoding",
        ) from None
