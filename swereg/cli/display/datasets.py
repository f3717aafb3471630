"""How datasets of the registry are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from swereg.cli import output
from swereg.cli.display import tables
from swereg.cli.display.tables import Column
from swereg.records import formatting
from swereg.records.formatting import SPLITS

if TYPE_CHECKING:
    from swereg.api.data.exporting import Exported
    from swereg.api.data.stored import Row
    from swereg.records.dataset import Forgotten, StoredDataset
    from swereg.records.difference import Change, Difference, Place

_MOST_LABELS = 6  # in one cell


def _size(split: str) -> Column[StoredDataset]:
    def count(dataset: StoredDataset) -> int:
        return dataset.sizes[split]  # type: ignore[index]

    return Column(split, split, lambda d: f"{count(d):,}", count, right=True, keep=6)


def _labels(dataset: StoredDataset) -> str:
    counts = dataset.counts["train"]
    if len(counts) > _MOST_LABELS:
        return f"{len(counts)} labels"
    return ", ".join(f"{label} {count:,}" for label, count in counts.items())


def _texts(dataset: StoredDataset) -> str:
    return "not kept" if dataset.size is None else formatting.size(dataset.size)


COLUMNS: tuple[Column[StoredDataset], ...] = (
    Column("digest", "dataset", lambda d: d.short, lambda d: d.digest, keep=10, style="bold"),
    Column("tasks", "task", lambda d: ", ".join(d.tasks), lambda d: ",".join(d.tasks), keep=9),
    Column(
        "first_used", "first used", lambda d: formatting.ago(d.created), lambda d: d.created, keep=4
    ),
    _size("train"),
    _size("val"),
    _size("test"),
    Column(
        "labels",
        "training labels",
        _labels,
        lambda d: ",".join(f"{k}={n}" for k, n in d.counts["train"].items()),
        keep=1,
        least=24,
    ),
    Column(
        "entries",
        "entries",
        lambda d: f"{len(d.entries):,}",
        lambda d: len(d.entries),
        right=True,
        keep=7,
    ),
    Column("text_bytes", "texts", _texts, lambda d: d.size, right=True, keep=8),
)


def draw_dataset(dataset: StoredDataset, rows: Sequence[Row]) -> None:
    """Show one dataset and some of its rows."""
    sections = [
        (
            f"dataset {dataset.short}",
            [
                ("digest", dataset.digest),
                ("tasks", ", ".join(dataset.tasks) or "none"),
                ("source", dataset.source or formatting.UNKNOWN),
                ("first used", f"{dataset.created[:10]} {dataset.created[11:19]} UTC"),
                ("entries", ", ".join(dataset.entries) or "none"),
                ("examples", _sizes(dataset.sizes)),
                ("texts", f"kept, {_texts(dataset)}" if dataset.kept else "not kept"),
            ],
        ),
        ("Labels", [(label, _sizes(_of(dataset, label))) for label in dataset.labels]),
    ]
    if rows:
        shown = [(f"{row.split}, {row.label}", row.text) for row in rows]
        sections.append((f"Some of the {sum(dataset.sizes.values()):,} rows", shown))
    tables.facts(sections)


def _of(dataset: StoredDataset, label: str) -> dict[str, int]:
    return {split: counts[label] for split, counts in dataset.counts.items()}


def _sizes(sizes: Any) -> str:
    return ", ".join(f"{sizes[split]:,} {name}" for split, name in SPLITS.items() if sizes[split])


def notes(exported: Exported) -> list[str]:
    """What has to be said about an export."""
    sentences = []
    if exported.formulas:
        sentences.append(
            f"{formatting.several(exported.formulas, 'cell')} would be taken for a formula by a "
            "spreadsheet; --spreadsheet protects them"
        )
    if exported.fault:
        sentences.append(f"read again, this is not the same dataset: {exported.fault}")
    return sentences


# --- what changed -----------------------------------------------------------------------------


def draw_difference(difference: Difference, limit: int) -> None:
    """Show a person the counts and some rows of each kind, a program all rows."""
    if not output.is_terminal():
        tables.show(_CHANGES, difference.changes)
        output.say(_summary(difference))
        return
    output.line(_summary(difference))
    for kind, changes in difference.kinds.items():
        if changes and limit:
            output.data("")
            output.line(kind)
            tables.show(_CHANGES, changes[:limit])
        if len(changes) > limit:
            output.say(f"{len(changes) - limit:,} more {kind}; see them with --limit N or --json")


def _summary(difference: Difference) -> str:
    parts = [f"{len(changes):,} {kind}" for kind, changes in difference.kinds.items()]
    parts.append(f"{difference.same:,} the same")
    for kind, labels in (("new", difference.labels_added), ("gone", difference.labels_removed)):
        if labels:
            parts.append(f"{kind} labels: {', '.join(labels)}")
    if difference.reordered:
        parts.append("only the order of rows or labels differs")
    return "; ".join(parts)


def _place(place: Place | None) -> str:
    return f"{place.split}: {place.label}" if place else ""


_CHANGES: tuple[Column[Change], ...] = (
    Column("change", "", str, lambda c: ",".join(c.kinds)),
    Column("before", "before", lambda c: _place(c.before), keep=2),
    Column("after", "after", lambda c: _place(c.after), keep=3),
    Column("text", "text", lambda c: c.text, keep=5, least=24),
)


# --- what is forgotten ------------------------------------------------------------------------


def texts_of(dataset: StoredDataset) -> str:
    """How many texts there are, in words."""
    return formatting.several(sum(dataset.sizes.values()), "text")


def forgotten(erased: Forgotten) -> dict[str, Any]:
    """What was done, for a program."""
    return {
        **erased.dataset.to_json(),
        "freed": erased.freed,
        "copies": [str(path) for path in erased.copies],
        "unread": [str(path) for path in erased.unread],
    }


def farewell(erased: Forgotten) -> str:
    """What was done, and where texts may still be."""
    dataset = erased.dataset
    stay = "the entry that used them stays, with its scores"
    if len(dataset.entries) != 1:
        stay = f"the {len(dataset.entries):,} entries that used them stay, with their scores"
    lines = [f"{texts_of(dataset)} erased; {stay}"]
    if not erased.freed:
        lines = ["the texts were not in the registry; its file was written anew all the same"]
    lines += [f"still has them: {path}" for path in erased.copies]
    lines += [f"may still have them (it cannot be read): {path}" for path in erased.unread]
    lines.append("Other backups, exported files and the files that they came from are not known.")
    return "\n".join(lines)
