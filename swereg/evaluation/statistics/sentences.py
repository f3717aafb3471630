"""Say a comparison in one plain English sentence."""

from __future__ import annotations

from swereg.evaluation.statistics.paired import Difference, Pair


def sentence(pair: Pair, metric: str = "accuracy", kind: str = "test") -> str:
    """Say whether B is better than A, by how much, on how many examples of which kind."""
    found = pair.differences[metric]
    noun = "example" if pair.rows == 1 else "examples"
    examples = f"n = {pair.rows} {kind} {noun}".replace("  ", " ")
    if found.verdict == "indistinguishable":
        these = "this" if pair.rows == 1 else "these"
        head = f"{pair.a} and {pair.b} are not distinguishable on {these} {examples}"
    else:
        head = f"{pair.b} is {found.verdict} than {pair.a} on {examples}"
    return f"{head}: {_evidence(found, pair.bootstrap.fewest)}."


def _evidence(found: Difference, fewest: int) -> str:
    if found.reason:
        return f"{found.metric.replace('_', ' ')} cannot tell, as {found.reason}"
    parts = [f"{found.metric.replace('_', ' ')} {found.value:+.3f}{_limits(found)}"]
    if found.p is not None:
        test = "McNemar p" if found.metric == "accuracy" else "p"
        parts.append(f"{test} < 0.001" if found.p < 0.001 else f"{test} = {found.p:.3f}")
    if found.differing < fewest:
        parts.append(f"only {found.differing} answered differently")
    return ", ".join(parts)


def _limits(found: Difference) -> str:
    if found.interval is None:
        return ""
    low, high = f"{found.interval.low:+.3f}", f"{found.interval.high:+.3f}"
    return f" ({found.interval.level * 100:g} % interval {low} to {high})"
