"""What a spreadsheet takes for a formula, and how it does not (CWE-1236)."""

from __future__ import annotations

import unicodedata

_SIGNS = frozenset("=+-@")
_UNSEEN = ("Zs", "Cf")  # spaces, and marks without width such as the byte order's


def is_formula(cell: str) -> bool:
    """Tell whether a program may compute a cell, or read it as more than one.

    Signs of full width count, as they do in East Asian editions; so do control characters, and
    signs behind what is not seen.
    """
    for letter in cell:
        kind = unicodedata.category(letter)
        if kind not in _UNSEEN:
            return kind == "Cc" or unicodedata.normalize("NFKC", letter) in _SIGNS
    return False


def harmless(cell: str) -> str:
    """Put an apostrophe before what would be a formula."""
    return f"'{cell}" if is_formula(cell) else cell
