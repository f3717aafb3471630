"""--fail-if: end with exit code 4 where a condition holds, for scripts that must notice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from swereg.errors import CheckFailed, UsageError
from swereg.records import conditions

if TYPE_CHECKING:
    from swereg.api.values import Comparison, Row
    from swereg.records.entry import Entry

WORSE = "worse"


def check_comparison(comparison: Comparison, texts: Sequence[str]) -> None:
    """Check a comparison's rows; ``worse`` is about the second of two entries.

    Raises:
        CheckFailed: a condition holds, or cannot be known.
    """
    between = comparison.between
    if WORSE in texts:
        if between is None:
            raise UsageError(
                "worse is about two entries",
                hint="Name both: swereg compare sentiment@prod sentiment@latest --fail-if worse",
                code="fail-if.worse",
            )
        if between.verdict not in ("better", "indistinguishable"):
            raise _failed([between.sentence])
    plain = [text for text in texts if text != WORSE]
    check_facts(((row.ref, _facts(row)) for row in comparison.rows), plain)


def check_entries(entries: Iterable[Entry], texts: Sequence[str]) -> None:
    """Check entries.

    Raises:
        CheckFailed: a condition holds, or cannot be known.
    """
    check_facts(((entry.ref, conditions.facts_of_entry(entry)) for entry in entries), texts)


def check_facts(facts_of: Iterable[tuple[str, Mapping[str, Any]]], texts: Sequence[str]) -> None:
    """Check facts by reference."""
    parsed = [conditions.parse_condition(text) for text in texts]
    everything = list(facts_of) if parsed else []
    conditions.check_keys(parsed, [facts for _, facts in everything])
    reasons = []
    for ref, facts in everything:
        for condition in parsed:
            holds = condition.holds(facts)
            if holds is None:
                reasons.append(f"{ref}: {condition.key} is not known")
            elif holds:
                reasons.append(f"{ref}: {condition.key} is {_written(facts[condition.key])}")
    if reasons:
        raise _failed(reasons)


def _facts(row: Row) -> dict[str, Any]:
    facts = asdict(row)
    return {**row.recipe, **row.settings, **facts, "ref": row.ref, **row.figures}


def _written(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _failed(reasons: Sequence[str]) -> CheckFailed:
    return CheckFailed(
        "a condition of --fail-if holds", why="\n".join(reasons), code="fail-if.holds"
    )
