"""Which columns hold the texts and the labels."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from swereg.datasets.files.delimiters import DELIMITERS
from swereg.datasets.files.refusals import printable, quote, refuse, some
from swereg.records.dataset import ReadOptions

TEXT = (
    "text",
    "texts",
    "sentence",
    "mening",
    "meddelande",
    "message",
    "innehåll",
    "content",
    "kommentar",
    "comment",
    "omdöme",
    "recension",
    "review",
    "fritext",
    "yttrande",
    "inlägg",
)
LABEL = (
    "label",
    "labels",
    "etikett",
    "klass",
    "class",
    "kategori",
    "category",
    "target",
    "sentiment",
    "polarity",
    "intent",
    "ämne",
    "topic",
    "tagg",
    "tag",
)


SPLIT = "split"


class Chosen(NamedTuple):
    """The names of the columns, as the file writes them, and what is to be said of them.

    ``split`` is ``""`` where there is no column that says to which split a row belongs.
    """

    text: str
    label: str
    notices: list[str]
    split: str


def choose_columns(path: Path, columns: Sequence[str], options: ReadOptions) -> Chosen:
    """Find the columns of texts and labels, by what was said or by the usual names.

    Raises:
        DataError: there is no such column, there are two, or both are the same.
    """
    text = _find(path, columns, options.text, TEXT, "text")
    label = _find(path, columns, options.label, LABEL, "label")
    if text == label:
        raise refuse(
            f"text and label of {printable(path.name)} are the same column",
            f"It is {quote(text)}.",
            "Name two with --text and --label.",
            "columns",
        )
    notices = [] if options.text else _others(path, columns, text, TEXT, "text")
    notices += [] if options.label else _others(path, columns, label, LABEL, "label")
    split = next((c for c in columns if _key(c) == SPLIT and c not in (text, label)), "")
    return Chosen(text, label, notices, split)


def _find(
    path: Path, columns: Sequence[str], column_name: str, usual: Sequence[str], role: str
) -> str:
    for name in [column_name] if column_name else usual:
        matching = [c for c in columns if _nfc(c) == _nfc(name)]
        matching = matching or [c for c in columns if _key(c) == _key(name)]
        if len(matching) > 1:
            raise refuse(
                f"{printable(path.name)} has {len(matching)} columns that can be meant by {name!r}",
                f"They are {some([quote(column) for column in matching])}.",
                "Rename all but one of them.",
                "columns",
            )
        if matching:
            return matching[0]
    raise _no_column(path, columns, column_name, usual, role)


def _no_column(
    path: Path, columns: Sequence[str], name: str, usual: Sequence[str], role: str
) -> Exception:
    listed = some([quote(column) for column in columns])
    usual_names = "" if name else f" These are found by themselves: {', '.join(usual)}."
    return refuse(
        f"{printable(path.name)} has no column {quote(name) if name else f'for the {role}s'}",
        f"Its columns are {listed}.{usual_names}",
        _hint(columns, name, usual, role),
        "columns",
    )


def _hint(columns: Sequence[str], name: str, usual: Sequence[str], role: str) -> str:
    keys = [_key(name)] if name else usual
    close = [c for c in columns if difflib.get_close_matches(_key(c), keys, n=1, cutoff=0.7)]
    if close:
        return f"Did you mean --{role} {quote(close[0])}?"
    if len(columns) == 1 and any(d in columns[0] for d in (*DELIMITERS, "|")):
        return "Is the delimiter another one? Say it with --delimiter."
    if columns and columns[0].startswith(("{", "[")):
        return "Is it JSON Lines? Then let its name end in .jsonl."
    return f"Name it with --{role} NAME. The first line of a table has to name its columns."


def _others(
    path: Path, columns: Sequence[str], chosen: str, usual: Sequence[str], role: str
) -> list[str]:
    """Say which column was taken, where another could have been."""
    further = [quote(c) for c in columns if _key(c) in usual and c != chosen]
    if not further:
        return []
    return [
        f"{printable(path.name)}: the {role}s are those of column {quote(chosen)}, "
        f"not {some(further)} (--{role} takes another)."
    ]


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _key(name: str) -> str:
    """Compare names in NFC, without case and outer spaces."""
    return _nfc(name).strip().casefold()
