"""Which columns hold the texts and the labels."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence

from swereg.tasks.complaints import quote, refuse, some
from swereg.tasks.tables import DELIMITERS, Table

TEXT = ("text", "texts", "sentence", "mening", "meddelande", "message", "innehåll", "content",
        "kommentar", "comment", "omdöme", "review", "fritext", "yttrande")  # fmt: skip
LABEL = ("label", "labels", "etikett", "klass", "class", "kategori", "category", "target",
         "sentiment", "polarity", "ämne", "topic", "tagg", "tag")  # fmt: skip


def choose(table: Table, text: str = "", label: str = "") -> tuple[str, str]:
    """Find the columns of texts and labels, by what was said or by the usual names.

    Raises:
        DataError: there is no such column, or both are the same.
    """
    found = _find(table, text, TEXT, "text"), _find(table, label, LABEL, "label")
    if found[0] == found[1]:
        raise refuse(
            f"text and label of {table.path.name} are the same column",
            f"It is {quote(found[0])}.",
            "Name two with --text and --label.",
            "columns",
        )
    return found


def _find(table: Table, said: str, usual: Sequence[str], what: str) -> str:
    by_key = {_key(column): column for column in reversed(table.columns)}
    for name in [said] if said else usual:
        if _key(name) in by_key:
            return by_key[_key(name)]
    seen = some([quote(column) for column in table.columns])
    close = difflib.get_close_matches(_key(said or what), by_key, n=1)
    hint = f"Name the {what} column: --{what} NAME."
    if close:
        hint = f"Did you mean --{what} {quote(by_key[close[0]])}?"
    elif len(table.columns) == 1 and any(d in table.columns[0] for d in DELIMITERS):
        hint = "Is the delimiter another one? Say it with --delimiter."
    raise refuse(
        f"{table.path.name} has no column {quote(said) if said else f'for the {what}s'}",
        f"Its columns: {seen}."
        + ("" if said else f" Names that are found by themselves: {', '.join(usual)}."),
        hint,
        "columns",
    )


def _key(name: str) -> str:
    """Compare names in NFC, without case and outer spaces."""
    return unicodedata.normalize("NFC", name).strip().casefold()
