"""The plot of a sweep."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

from swereg.api.sweeping.plan import SweepRun
from swereg.errors import StorageError, UsageError
from swereg.records.dataset import Split
from swereg.records.formatting import plain


def plot_sweep(run: SweepRun, key: str, *, output: str | Path, metric: str = "accuracy") -> Path:
    """Draw the test score of a sweep's recipes over one of the keys that varied.

    Args:
        key: such as ``r`` or ``learning_rate``.
        output: the file, .png, .svg or .pdf; it is replaced if it is there.
        metric: ``accuracy``, ``macro_f1`` or ``loss``; on validation where there is no test.

    Raises:
        UsageError: no such key is in the recipes, or the file has another ending.
        SweregError: matplotlib is not installed, or the file cannot be written.
    """
    from swereg.evaluation.report import plots

    target = Path(output).expanduser()
    plots.check_target(target)
    keys = list(run.combinations[0].said) if run.combinations else []
    if key not in keys:
        raise UsageError(
            f"{key} did not vary in the sweep",
            why=f"What was said to is {', '.join(keys) or 'nothing'}.",
            hint="Name one of these, or sweep over it.",
            code="sweep.key",
        )
    split: Split = "test" if all("test" in entry.scores for entry in run.entries) else "val"
    scores: dict[tuple[str, str], list[float]] = {}
    drawn = zip(run.combinations, run.entries, strict=True)
    for combination, entry in sorted(drawn, key=lambda pair: _size(pair[0].said[key])):
        remaining = {name: value for name, value in combination.said.items() if name != key}
        label = ", ".join(f"{name}={plain(value)}" for name, value in remaining.items())
        score = float(entry.scores[split][metric] or 0.0)
        scores.setdefault((label, plain(combination.said[key])), []).append(score)
    lines: dict[str, list[plots.Point]] = {}
    for (label, value), values in scores.items():
        deviation = statistics.stdev(values) if len(values) > 1 else None
        lines.setdefault(label, []).append(plots.Point(value, statistics.mean(values), deviation))
    try:
        plots.draw_over(key, f"{metric} on {split}", lines, target)
    except OSError as fault:
        raise StorageError(
            f"the file {target} cannot be written",
            why=f"{fault.strerror or fault}.",
            hint="Name another file, or free some space.",
            code="plot.file",
        ) from fault
    return target


def _size(value: Any) -> tuple[float, str]:
    """Numbers by size, then words; from the command line both come as text."""
    try:
        return float(value), ""
    except ValueError:
        return math.inf, str(value)
