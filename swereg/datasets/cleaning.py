"""From rows to examples: NFC, control characters, empty cells, mojibake, labels in one form."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from swereg.datasets.files.csv_rows import LARGEST_FIELD, Row, Table
from swereg.datasets.files.decoding import MOJIBAKE
from swereg.datasets.files.refusals import counted, lines, place, printable, quote, refuse, some
from swereg.records.dataset import Example, ReadOptions

EMPTY_LABELS = {"", "nan", "none", "null", "#n/a", "n/a"}
MOJIBAKE_SHARE = 0.005
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATES = re.compile("[\ud800-\udfff]")


class PlacedExample(NamedTuple):
    """An example, where it stands, and to which split its file says that it belongs."""

    example: Example
    place: str
    split: str = ""


@dataclass
class _Seen:
    """What was mended or is wrong: the lines of it."""

    nfc: list[int] = field(default_factory=list)
    controls: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)
    mojibake: list[int] = field(default_factory=list)


def clean(
    table: Table, options: ReadOptions, labels: Sequence[str] = ()
) -> tuple[list[PlacedExample], list[str]]:
    """Turn rows into examples, and say what was mended; labels keep their outer spaces.

    Args:
        labels: labels that are labels even if they look like an empty cell, such as ``none``.

    Raises:
        DataError: texts or labels are empty, too long, no Unicode, or mojibake.
    """
    tally, examples = _Seen(), []
    for row in table.rows:
        text = _cell(table, row, row.text, tally, options).strip()
        label = _cell(table, row, row.label, tally, options)
        bare = label.strip()
        if not text or (bare.casefold() in EMPTY_LABELS and bare not in labels):
            tally.empty.append(row.line)
        else:
            where = place(table.path, row.line)
            examples.append(PlacedExample(Example(text, label), where, row.split))
    return examples, _refuse_or_say(table, tally, options)


def _cell(table: Table, row: Row, value: str, tally: _Seen, options: ReadOptions) -> str:
    """Bring one cell into its one form."""
    if value.isascii() and value.isprintable() and len(value) <= LARGEST_FIELD:
        return value
    _refuse_cell(table, row, value)
    repaired = repair(value) if options.repair_mojibake else value
    if repaired != value or MOJIBAKE.search(value):
        tally.mojibake.append(row.line)
        value = repaired
    if "\ufffd" in value:
        tally.lost.append(row.line)
    normal = unicodedata.normalize("NFC", value)
    if normal != value:
        tally.nfc.append(row.line)
    normal = normal.replace("\r\n", "\n")
    plain = _CONTROLS.sub(" ", normal)
    if plain != normal:
        tally.controls.append(row.line)
    return plain


def _refuse_cell(table: Table, row: Row, value: str) -> None:
    where = place(table.path, row.line)
    if "\0" in value:
        raise refuse(
            f"{where} has a zero character",
            f"The cell begins {quote(value)}; no text has any.",
            "Remove it, or export the file again.",
            "control",
        )
    if _SURROGATES.search(value):
        raise refuse(
            f"{where} has half a character (a lone surrogate)",
            f"The cell begins {quote(value)}.",
            "Export the file again as UTF-8.",
            "surrogate",
        )
    if len(value) > LARGEST_FIELD:
        raise refuse(
            f"{where} has a field of more than {LARGEST_FIELD:,} characters",
            f"It has {len(value):,} and begins {quote(value)}.",
            "Cut that text.",
            "field",
        )


def repair(value: str) -> str:
    """Undo UTF-8 that was read as Windows-1252; leave what cannot be undone."""
    try:
        return b"".join(map(_byte, value)).decode("utf-8")
    except UnicodeError:
        return value


def _byte(character: str) -> bytes:
    """The byte that Windows-1252 shows as a character; five of them have none, so Latin-1's."""
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def _refuse_or_say(table: Table, tally: _Seen, options: ReadOptions) -> list[str]:
    name = printable(table.path.name)
    file = printable(str(table.path))
    broken = sorted(set(tally.mojibake))
    if len(broken) > MOJIBAKE_SHARE * len(table.rows) and not options.repair_mojibake:
        raise refuse(
            f"{name} has texts whose å, ä and ö are broken",
            f"{counted(len(broken), 'row')} with what looks like UTF-8 read as Windows-1252 "
            f"(such as Ã¥ for å): {file}, {lines(broken)}.",
            "Mend them with --repair-mojibake, or export the file again.",
            "mojibake",
        )
    if tally.empty and not options.drop_empty:
        raise refuse(
            f"{name} has rows without a text or a label",
            f"{counted(len(tally.empty), 'row')}: {file}, {lines(tally.empty)}. "
            "Labels such as nan, None and #N/A count as none.",
            "Fill them in, or leave them out with --drop-empty.",
            "empty-cells",
        )
    mended = "repaired" if options.repair_mojibake else "left as they are (--repair-mojibake)"
    reasons = {
        f"with broken å, ä, ö (such as Ã¥) {mended}": broken,
        "without a text or a label left out": tally.empty,
        "brought into Unicode NFC": tally.nfc,
        "with control characters, now spaces": tally.controls,
        "with � where a character was lost": tally.lost,
    }
    return [
        f"{name}: {counted(len(set(rows)), 'row')} {reason}."
        for reason, rows in reasons.items()
        if rows
    ]


def one_form(
    examples: Iterable[PlacedExample], options: ReadOptions, labels: Sequence[str] = ()
) -> dict[str, str]:
    """Map each label to its form: without outer spaces, and one for those that look alike.

    Args:
        labels: the forms to prefer; else it is the most frequent one.

    Raises:
        DataError: labels differ only in case or spaces and are not to be joined.
    """
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for example, where, _ in examples:
        counts[example.label] += 1
        first.setdefault(example.label, where)
    alike: dict[str, list[str]] = defaultdict(list)
    for label in sorted({*counts, *labels}):
        alike[" ".join(label.casefold().split())].append(label)
    twins = [forms for forms in alike.values() if len(forms) > 1 and not {*forms} <= {*labels}]
    if twins and not options.normalise_labels:
        shown = [
            " and ".join(
                f"{quote(form)}{f' ({first[form]})' if form in first else ''}" for form in forms
            )
            for forms in twins
        ]
        raise refuse(
            "there are labels that differ only in case or spaces",
            f"{some(shown)}.",
            "Correct them, or join them with --normalise-labels.",
            "labels-alike",
        )
    form = {label: label.strip() for label in counts}
    for forms in twins:
        best = max(forms, key=lambda label: (label in labels, counts[label], label))
        form |= dict.fromkeys(forms, best.strip())
    return form
