"""From bytes to text: which encoding a data file has, and what is no text at all."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from pathlib import Path

from swereg.datasets.files.formats import COMPRESSED
from swereg.datasets.files.not_text import line_of, refuse_signature, refuse_zeros
from swereg.datasets.files.refusals import place, printable, refuse
from swereg.errors import NotFound

LARGEST = 2**30  # bytes

_MARKS = (  # the mark of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# UTF-8 that was once read as Windows-1252: Ã¥, Ã¤, Ã¶, Ã©, â€œ and their kin
MOJIBAKE = re.compile("Ã[\u0080-\u00bf\u0152-\u017e\u2013-\u2122]|â€|Â[\u00a0-\u00bf]")
# å, ä and ö of DOS and of the old Mac read as Windows-1252, beside what they should be
_ODD = re.compile("(?<=[a-z])[†„”Š\u0152š](?=[a-z])")
_PLAIN = re.compile("(?<=[a-z])[åäöéü](?=[a-z])")


def decode(path: Path, encoding: str = "") -> tuple[str, list[str]]:
    """Read a file as text.

    A byte order mark decides; else it is UTF-8; else Windows-1252, which is said.

    Args:
        encoding: a Python codec name; it wins over all of that.

    Returns:
        The text without its mark, and what has to be said about it.

    Raises:
        NotFound: there is no such file.
        DataError: it is no text, or not in the encoding that was named.
    """
    data = read_bytes(path)
    name = printable(path.name)
    if path.suffix.lower() in COMPRESSED:
        data = _unpack(path, data)
    refuse_signature(name, data)
    if encoding:
        return _strictly(path, data, encoding).removeprefix("\ufeff"), []
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return _strictly(path, data, codec), []
    guess = _utf16_without_mark(data)
    if guess:
        return _strictly(path, data, guess), [f"{name} is read as UTF-16 (it has no mark)."]
    refuse_zeros(path, data)
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as fault:
        text = _windows(path, data, fault)
        return text, [f"{name} is read as Windows-1252 (not UTF-8)."]


def read_bytes(path: Path) -> bytes:
    """Read a file in one go, so that a pipe will do and nobody changes it meanwhile.

    Raises:
        NotFound: there is no such file.
        DataError: it may not be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(
            f"there is no file {printable(str(path))}",
            why="Data are read from the file or folder that is named.",
            hint="Check its name, and the folder you are in.",
            code="data.missing",
        ) from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise refuse(
            f"{printable(str(path))} cannot be read",
            f"{reason}.",
            "Check that it is a file that you may read.",
            "unreadable",
        ) from None
    if len(data) > LARGEST:
        raise too_large(path, f"At most {LARGEST:,} bytes are read.")
    return data


def too_large(path: Path, why: str) -> Exception:
    """Build the error of a file that is too large to be read."""
    return refuse(
        f"{printable(path.name)} is too large",
        why,
        "Take a part of it: a few thousand texts per label are plenty.",
        "too-large",
    )


def _unpack(path: Path, data: bytes) -> bytes:
    """Unpack a gzip archive, and no more of it than may be read."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as archive:
            unpacked = archive.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as fault:
        raise refuse(
            f"{printable(path.name)} is no whole gzip archive",
            f"{fault}.",
            "Pack it again, or give the file that was packed.",
            "unreadable",
        ) from None
    if len(unpacked) > LARGEST:
        raise too_large(path, f"Unpacked it has more than the {LARGEST:,} bytes that are read.")
    return unpacked


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


def _windows(path: Path, data: bytes, fault: UnicodeDecodeError) -> str:
    """Read as Windows-1252 what is not UTF-8, unless it is something else again."""
    text, start = "", fault.start
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as other:
        start = other.start
    where = f"{place(path, line_of(data, start))} has the bytes {_hex(data, start)}."
    if text and MOJIBAKE.search(text):
        raise refuse(
            f"{printable(path.name)} is UTF-8 in parts, and in parts it is not",
            where,
            "Correct that line, or name the encoding of it all, such as --encoding cp1252.",
            "encoding",
        )
    if not text or len(_ODD.findall(text)) > len(_PLAIN.findall(text)):
        raise refuse(
            f"{printable(path.name)} is neither UTF-8 nor Windows-1252",
            where,
            "Name its encoding, such as --encoding cp850 (DOS) or --encoding mac_roman (old Mac).",
            "encoding",
        )
    return text


def _strictly(path: Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as fault:
        line = line_of(data, fault.start)
        raise refuse(
            f"{printable(path.name)} is not {encoding}",
            f"{place(path, line)} has the bytes {_hex(data, fault.start)}.",
            "Name its encoding with --encoding, or save it as UTF-8.",
            "encoding",
        ) from None
    except (LookupError, ValueError):
        raise refuse(
            f"there is no encoding {encoding!r}",
            "Python knows names such as utf-8, cp1252, latin-1, utf-16.",
            "Correct --encoding, or leave it out.",
            "encoding",
        ) from None


def _hex(data: bytes, start: int) -> str:
    return data[start : start + 4].hex(" ")
