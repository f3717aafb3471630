"""Say a comparison in one plain English sentence."""

from __future__ import annotations

from swereg.evaluation.statistics.paired import Difference, Pair


def sentence(pair: Pair, metric: str = "accuracy", kind: str = "test") -> str:
    """Say whether B is better than A, by how much, on how many examples of which kind."""
    difference = pair.differences[metric]
    noun = "example" if pair.rows == 1 else "examples"
    examples = f"n = {pair.rows} {kind} {noun}".replace("  ", " ")
    if difference.verdict == "indistinguishable":
        demonstrative = "this" if pair.rows == 1 else "these"
        head = f"{pair.a} and {pair.b} are not distinguishable on {demonstrative} {examples}"
    else:
        head = f"{pair.b} is {difference.verdict} than {pair.a} on {examples}"
    return f"{head}: {_evidence(difference, pair.bootstrap.fewest)}."


def _evidence(difference: Difference, fewest: int) -> str:
    if difference.reason:
        return f"{difference.metric.replace('_', ' ')} cannot tell, as {difference.reason}"
    parts = [f"{difference.metric.replace('_', ' ')} {difference.value:+.3f}{_limits(difference)}"]
    if difference.p is not None:
        test = "McNemar p" if difference.metric == "accuracy" else "p"
        parts.append(f"{test} < 0.001" if difference.p < 0.001 else f"{test} = {difference.p:.3f}")
    if difference.differing < fewest:
        parts.append(f"only {difference.differing} answered differently")
    return ", ".join(parts)


def _limits(difference: Difference) -> str:
    if difference.interval is None:
        return ""
    low, high = f"{difference.interval.low:+.3f}", f"{difference.interval.high:+.3f}"
    return f" ({difference.interval.level * 100:g} % interval {low} to {high})"
