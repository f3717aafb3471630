"""How a check of data is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swereg.cli import output
from swereg.cli.display import tables
from swereg.records import formatting
from swereg.records.formatting import SPLITS

if TYPE_CHECKING:
    from swereg.api.data.report import Report, Spread
    from swereg.api.values import Twin, Twins
    from swereg.records.dataset import Dataset

Facts = list[tuple[str, str]]

_MOST = 80  # characters of a text in an example


def draw_data_check(report: Report) -> None:
    """Show a report, and the verdict at its end."""
    sections: list[tuple[str, Facts]] = []
    if report.dataset is not None and report.lengths is not None and report.twins is not None:
        tokens = [(SPLITS[name], _tokens(s, report)) for name, s in report.lengths.splits.items()]
        sections += [
            ("Examples", _examples(report.dataset, report.majority)),
            ("Training labels", _labels(report.dataset)),
            (f"Tokens of {report.base}", tokens),
            ("Twins", _twins(report.twins)),
        ]
    if report.notices:
        sections.append(("Training would say", [("note", text) for text in report.notices]))
    if report.refusals:
        refused = [
            pair
            for fault in report.refusals
            for pair in (("refused", fault.what), ("why", fault.why), ("do", fault.hint))
        ]
        sections.append(("Training would refuse it", refused))
    if sections:
        tables.facts(sections)
    count = formatting.several(len(report.refusals), "reason")
    output.say(
        "Training would take it as it is."
        if report.accepted
        else f"Training would refuse it, for {count}.",
        style="green" if report.accepted else "red",
    )


def _examples(dataset: Dataset, majority: float) -> Facts:
    facts: Facts = []
    for name, shown in SPLITS.items():
        counts = dataset.counts(name)  # type: ignore[arg-type]
        without = [label for label, count in counts.items() if not count]
        text = f"{sum(counts.values()):,}"
        if sum(counts.values()) and without:
            text += f", none of {', '.join(without)}"
        facts.append((shown, text))
    guess = f"always the most frequent label: right in {100 * majority:.1f} % of train"
    facts.append(("guessing", guess))
    return facts


def _labels(dataset: Dataset) -> Facts:
    counts = dataset.counts("train")
    total = sum(counts.values()) or 1
    return [(label, f"{n:,} ({100 * n / total:.1f} %)") for label, n in counts.items()]


def _tokens(spread: Spread, report: Report) -> str:
    cut = f"{spread.cut:,} cut" if spread.cut else "none cut"
    return (
        f"median {spread.median}, 95 % up to {spread.longest_of_95_percent}, longest "
        f"{spread.longest}; {cut} at {report.max_length}"
    )


def _twins(twins: Twins) -> Facts:
    facts: Facts = []
    for (first, two), exact in twins.exact.items():
        near = twins.near[first, two]
        if exact or near:
            where = f"again in {first}" if first == two else f"{two} in {first}"
            facts.append((where, f"{exact:,} the same, {near:,} nearly"))
    if not facts:
        return [("there again", "none")]
    if twins.torn:
        facts.append(("nearly, other label", formatting.several(twins.torn, "pair")))
    return facts + [(f"such as ({100 * t.similarity:.0f} %)", _pair(t)) for t in twins.examples[:3]]


def _pair(twin: Twin) -> str:
    return " | ".join(f"{_brief(s.text)} ({s.split}, {s.label})" for s in (twin.first, twin.second))


def _brief(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[: _MOST - 3]}..."
