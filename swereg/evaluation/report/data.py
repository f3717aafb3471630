"""The data's facts: how many examples of which label, where they come from, who may use them."""

from __future__ import annotations

from swereg.evaluation.report import typesetting
from swereg.evaluation.report.contents import Contents
from swereg.evaluation.report.entries import code, facts
from swereg.evaluation.report.html import Html, Part, el, foreign, joined
from swereg.records import formatting
from swereg.records.dataset import SPLITS
from swereg.records.entry import Entry


def data(contents: Contents) -> Html:
    """Build the table of sizes and the facts below it."""
    comparison = contents.comparison
    first = contents.entries[comparison.rows[0].refs[0]]
    digests = sorted({entry.dataset for entry in contents.entries.values() if entry.dataset})
    rows = [
        ("source", foreign(contents.task.source) if contents.task.source else typesetting.DASH),
        ("licence", contents.task.licence or "not said"),
        *_digests(contents, digests),
    ]
    return joined(_sizes(contents, first), _missing(contents), facts(rows))


def _sizes(contents: Contents, first: Entry) -> Html | None:
    """Count the examples of each label in each split; totals alone where no more is known."""
    splits = [split for split in SPLITS if first.sizes.get(split)]
    if not splits:
        return el("p", "It is not known on which examples these entries learnt.")
    rows = (
        []
        if contents.dataset is None
        else [
            el(
                "tr",
                el("th", foreign(label, "sv"), scope="row"),
                *(
                    el("td", formatting.count(contents.dataset.counts(split)[label]))
                    for split in splits
                ),
            )
            for label in contents.dataset.labels
        ]
    )
    total = el(
        "tr",
        el("th", "all", scope="row"),
        *(el("td", formatting.count(first.sizes[split])) for split in splits),
    )
    heads = ["Label", *(formatting.SPLITS[split].capitalize() for split in splits)]
    return el(
        "table",
        el("caption", "Examples"),
        el("thead", el("tr", *(el("th", head, scope="col") for head in heads))),
        el("tbody", *rows),
        el("tfoot", total),
        class_="sizes",
    )


def _missing(contents: Contents) -> Html | None:
    """Say it where there are no texts on the page."""
    if contents.dataset is None:
        text = "The texts of this data are not kept in the registry, so the page has none of them."
    elif not contents.texts:
        text = "This page was made without the texts."
    else:
        return None
    return el("p", text, class_="notice")


def _digests(contents: Contents, digests: list[str]) -> list[tuple[str, Part]]:
    if len(digests) == 1:
        return [("digest", code(digests[0]))]
    return [
        (
            f"digest {at} of {len(digests)}",
            joined(
                code(digest),
                " ",
                el(
                    "small",
                    ", ".join(
                        entry.ref for entry in contents.entries.values() if entry.dataset == digest
                    ),
                ),
            ),
        )
        for at, digest in enumerate(digests, 1)
    ]
