"""Opening an Excel workbook: what is refused before its sheets are read, and which sheet it is."""

from __future__ import annotations

import unicodedata
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from swereg.datasets.files.decoding import read_bytes, too_large
from swereg.datasets.files.formats import without_sheet
from swereg.datasets.files.refusals import import_extra, printable, quote, refuse, some
from swereg.errors import SweregError, first_line

LARGEST_UNPACKED = 2**29  # bytes of XML
_OLD = b"\xd0\xcf\x11\xe0"  # the container of .xls, and of workbooks with a password
_LOOKED_AT = 2**12


class Sheet(NamedTuple):
    """An open sheet, and what has to be said about it."""

    cells: Any
    notices: list[str]


def content(path: Path) -> bytes:
    """Read a workbook's bytes, and refuse what openpyxl should not be given.

    Raises:
        NotFound: there is no such file.
        DataError: it is no workbook, or one that is not sound.
    """
    file = without_sheet(path)[0]
    data = read_bytes(file)
    if data.startswith(_OLD):
        raise refuse(
            f"{printable(file.name)} is an old workbook, or one with a password",
            "Neither can be read.",
            "In Excel: Save As, Excel Workbook (.xlsx), without a password.",
            "binary",
        )
    try:
        _look_inside(file, data)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as fault:
        raise broken(path, first_line(fault)) from None
    return data


def broken(path: Path, why: str) -> Exception:
    """Build the error of a workbook that cannot be read."""
    return refuse(
        f"{printable(path.name)} cannot be read as an Excel workbook",
        f"{why}.",
        "Open it in Excel and save it as .xlsx or as CSV UTF-8.",
        "workbook",
    )


@contextmanager
def opened(path: Path, data: bytes, *, values: bool = True) -> Iterator[Sheet]:
    """Open the sheet that is meant: the one that was named, else the first that is not hidden.

    Args:
        values: give formulas' stored values, not the formulas.

    Raises:
        DataError: it cannot be read, or has no such sheet.
        SweregError: openpyxl is not installed.
    """
    openpyxl = import_extra("openpyxl", "excel", "Excel workbooks")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions, which are not read
        try:
            book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=values)
            try:
                sheet = _sheet(path, book)
                sheet.cells.reset_dimensions()  # many programs write wrong ones
                yield sheet
            finally:
                book.close()
        except (SweregError, MemoryError):
            raise
        except Exception as fault:  # openpyxl raises many kinds on what is not sound
            raise broken(path, first_line(fault)) from fault


def _look_inside(file: Path, data: bytes) -> None:
    """Refuse a workbook that is too large unpacked, or whose XML defines entities."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        size = sum(part.file_size for part in archive.infolist())
        if size > LARGEST_UNPACKED:
            raise too_large(
                file, f"Unpacked it has {size:,} bytes; at most {LARGEST_UNPACKED:,} are read."
            )
        for part in archive.infolist():
            with archive.open(part) as stream:
                if b"<!DOCTYPE" in stream.read(_LOOKED_AT):
                    raise broken(file, f"{quote(part.filename)} has a document type definition")


def _sheet(path: Path, book: Any) -> Sheet:
    file, named = without_sheet(path)
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    shown = [quote(title) for title in sheets]
    if named:
        matching = [sheet for title, sheet in sheets.items() if _key(title) == _key(named)]
        if not matching:
            raise refuse(
                f"{printable(file.name)} has no sheet {quote(named)}",
                f"Its sheets are {some(shown)}.",
                f"Name one of them, such as {printable(file.name)}#{next(iter(sheets), 'Blad1')}.",
                "sheet",
            )
        return Sheet(matching[0], [])
    visible = [sheet for sheet in sheets.values() if sheet.sheet_state == "visible"]
    if not visible:
        raise broken(path, "It has no sheet that is shown")
    further = [quote(sheet.title) for sheet in visible[1:]]
    if not further:
        return Sheet(visible[0], [])
    return Sheet(
        visible[0],
        [
            f"{printable(file.name)}: the sheet {quote(visible[0].title)} is read, "
            f"not {some(further)} "
            f"({printable(file.name)}#SHEET reads another)."
        ],
    )


def _key(title: str) -> str:
    return unicodedata.normalize("NFC", title).strip().casefold()
