"""What has to be said beside a comparison."""

from __future__ import annotations

from collections.abc import Sequence

from swereg.evaluation.comparison.evidence import Evidence
from swereg.evaluation.comparison.rows import Row
from swereg.evaluation.statistics import Aligned
from swereg.records.dataset import Split
from swereg.records.training import BASELINE


def notices(
    those: Sequence[Evidence],
    rows: Sequence[Row],
    aligned: Aligned | None,
    split: Split,
    *,
    pair: bool,
) -> list[str]:
    """Say what stands in the way of a fair reading; a pair needs no baseline."""
    entries = [each.entry for each in those]
    notices = []
    imported = [entry.ref for entry in entries if entry.imported]
    if imported:
        notices.append(f"Imported, so nobody here knows how it learnt: {', '.join(imported)}.")
    notices += _about_data(those, rows, aligned, split)
    bases = [entry.base for entry in entries if entry.base is not None]
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
    those: Sequence[Evidence], rows: Sequence[Row], aligned: Aligned | None, split: Split
) -> list[str]:
    """Say on what the entries are compared, where it is not simply the data of all of them."""
    datasets = {each.entry.dataset for each in those if each.entry.dataset is not None}
    if len(datasets) < 2:
        return []
    noun = {"test": "test", "val": "validation"}[split]
    notices = ["These entries learnt from different data; differences are not only the method's."]
    if aligned is not None:
        most = max(aligned.of.values())
        words = f"Scores are on the {aligned.rows:,} {noun} examples that all ranked entries share"
        words += f" (of up to {most:,})"
        left = {
            "whose labels do not agree": aligned.relabelled,
            "that one learnt from": aligned.learnt,
        }
        more = [f"{count:,} {what}" for what, count in left.items() if count]
        notices.append(words + (f"; left out: {', '.join(more)}." if more else "."))
    unranked = [one.ref for one in rows if not one.ranked]
    if unranked:
        notices.append(f"Not ranked, as they were tested on other examples: {', '.join(unranked)}.")
    return notices
