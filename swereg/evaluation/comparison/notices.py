"""What has to be said beside a comparison."""

from __future__ import annotations

from collections.abc import Sequence

from swereg.evaluation.comparison.evidence import Evidence
from swereg.evaluation.comparison.rows import Row
from swereg.evaluation.statistics import Aligned
from swereg.records.dataset import Split
from swereg.records.training import BASELINE


def notices(
    evidence: Sequence[Evidence],
    rows: Sequence[Row],
    aligned: Aligned | None,
    split: Split,
    *,
    pair: bool,
) -> list[str]:
    """Say what stands in the way of a fair reading; a pair needs no baseline."""
    entries = [item.entry for item in evidence]
    notices = []
    imported = [entry.ref for entry in entries if entry.imported]
    if imported:
        notices.append(f"Imported, so nobody here knows how it learnt: {', '.join(imported)}.")
    notices += _about_data(evidence, rows, aligned, split)
    bases = [base for entry in entries for base in entry.bases]
    if len({base.fingerprint for base in bases}) > 1:
        names = ", ".join(sorted(set(map(str, bases))))
        notices.append(f"These entries sit on different bases ({names}).")
    if not pair and not any(entry.method == BASELINE for entry in entries):
        notices.append(
            f"There is no baseline; train it with: swereg train --task {entries[0].task} "
            f"--method {BASELINE}"
        )
    return notices


def _about_data(
    evidence: Sequence[Evidence], rows: Sequence[Row], aligned: Aligned | None, split: Split
) -> list[str]:
    """Say on what the entries are compared, where it is not simply the data of all of them."""
    datasets = {item.entry.dataset for item in evidence if item.entry.dataset is not None}
    if len(datasets) < 2:
        return []
    noun = {"test": "test", "val": "validation"}[split]
    notices = ["These entries learnt from different data; differences are not only the method's."]
    if aligned is not None:
        largest = max(aligned.of.values())
        words = f"Scores are on the {aligned.rows:,} {noun} examples that all ranked entries share"
        words += f" (of up to {largest:,})"
        omitted = {
            "whose labels do not agree": aligned.relabelled,
            "that one learnt from": aligned.learnt,
        }
        parts = [f"{count:,} {reason}" for reason, count in omitted.items() if count]
        notices.append(words + (f"; left out: {', '.join(parts)}." if parts else "."))
    unranked = [row.ref for row in rows if not row.ranked]
    if unranked:
        notices.append(f"Not ranked, as they were tested on other examples: {', '.join(unranked)}.")
    return notices
