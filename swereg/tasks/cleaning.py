"""From rows to examples: NFC, control characters, empty cells, mojibake, labels in one form."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from swereg.records import Example, ReadOptions
from swereg.tasks.complaints import place, quote, refuse, some
from swereg.tasks.decoding import MOJIBAKE
from swereg.tasks.tables import Row, Table

EMPTY_LABELS = {"", "nan", "none", "null", "#n/a", "n/a", "na"}
MOJIBAKE_SHARE = 0.005
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
_SPACES = re.compile(r"\s+")


@dataclass
class Counts:
    """What was mended, in numbers."""

    nfc: int = 0
    controls: int = 0
    empty: list[str] = field(default_factory=list)  # places
    mojibake: list[str] = field(default_factory=list)  # places


def clean(
    table: Table, text: str, label: str, options: ReadOptions
) -> tuple[list[Example], list[str]]:
    """Turn rows into examples, and say what was mended.

    Raises:
        DataError: texts or labels are empty, surrogates, or mojibake.
    """
    counts = Counts()
    examples = []
    for row in table.rows:
        cells = [_cell(table, row, row.cells.get(name, ""), counts, options)
                 for name in (text, label)]  # fmt: skip
        if not cells[0] or cells[1].casefold() in EMPTY_LABELS:
            counts.empty.append(place(table.path, row.line))
        else:
            examples.append(Example(*cells))
    return examples, _notices(table, counts, options)


def _cell(table: Table, row: Row, value: str, counts: Counts, options: ReadOptions) -> str:
    """Bring one cell into its one form."""
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise refuse(
            f"{place(table.path, row.line)} has half a character (a lone surrogate)",
            f"The cell begins {quote(value)}.",
            "Save the file again as UTF-8.",
            "surrogate",
        )
    if MOJIBAKE.search(value):
        counts.mojibake.append(place(table.path, row.line))
        if options.repair_mojibake:
            value = repair(value)
    normal = unicodedata.normalize("NFC", value)
    counts.nfc += normal != value
    plain = _CONTROLS.sub(" ", normal.replace("\r\n", "\n"))
    counts.controls += plain != normal.replace("\r\n", "\n")
    return plain.strip()


def repair(value: str) -> str:
    """Undo UTF-8 that was read as Windows-1252; leave what cannot be undone."""
    try:
        return value.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return value


def _notices(table: Table, counts: Counts, options: ReadOptions) -> list[str]:
    name, notices = table.path.name, []
    if len(counts.mojibake) > MOJIBAKE_SHARE * len(table.rows) and not options.repair_mojibake:
        raise refuse(
            f"{name} has texts whose å, ä and ö are broken",
            f"{len(counts.mojibake):,} cells look like UTF-8 that was read as Windows-1252 "
            f"(such as Ã¥): {some(counts.mojibake)}.",
            "Mend them with --repair-mojibake, or export the file again.",
            "mojibake",
        )
    if counts.empty and not options.drop_empty:
        raise refuse(
            f"{name} has rows without a text or a label",
            f"{len(counts.empty):,} rows: {some(counts.empty)}.",
            "Fill them in, or leave them out with --drop-empty.",
            "empty-cells",
        )
    if counts.mojibake and options.repair_mojibake:
        notices.append(f"{len(counts.mojibake):,} cells of {name} had broken å, ä, ö; repaired.")
    if counts.empty:
        notices.append(f"{len(counts.empty):,} rows of {name} are empty and are left out.")
    if counts.nfc:
        notices.append(f"{counts.nfc:,} cells of {name} were not in Unicode NFC; they are now.")
    if counts.controls:
        notices.append(f"{counts.controls:,} cells of {name} had control characters; now spaces.")
    return notices


def one_form(examples: Iterable[Example], options: ReadOptions) -> dict[str, str]:
    """Map each label to its form: itself, or the most frequent of those that look alike.

    Raises:
        DataError: labels differ only in case or spaces and are not to be joined.
    """
    found = Counter(example.label for example in examples)
    alike: dict[str, list[str]] = defaultdict(list)
    for label in sorted(found):
        alike[_SPACES.sub(" ", label).casefold()].append(label)
    twins = [forms for forms in alike.values() if len(forms) > 1]
    if twins and not options.normalise_labels:
        shown = [" and ".join(quote(form) for form in forms) for forms in twins]
        raise refuse(
            "labels differ only in case or spaces",
            f"{some(shown)}.",
            "Correct them, or join them with --normalise-labels.",
            "labels-alike",
        )
    form = {label: label for label in found}
    for forms in twins:
        most = max(forms, key=lambda label: (found[label], label))
        form |= dict.fromkeys(forms, most)
    return form
