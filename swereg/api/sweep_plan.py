"""What a sweep goes over, what it gave, and its plot."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from swereg.errors import StorageError, UsageError
from swereg.records.dataset import Split
from swereg.records.entry import Entry
from swereg.records.formatting import plain
from swereg.records.training import Recipe


@dataclass(frozen=True)
class Combination:
    """One training of a sweep.

    Attributes:
        said: what varies, with its values here, in the order in which it was said.
        fixed: what has one value in all of them.
    """

    said: Mapping[str, Any]
    fixed: Mapping[str, Any]
    seed: int

    def __str__(self) -> str:
        said = ", ".join(f"{key}={plain(value)}" for key, value in self.said.items())
        return f"{said}, seed {self.seed}" if said else f"seed {self.seed}"


@dataclass(frozen=True)
class GivenUp:
    """A training that fell behind, or whose loss became infinite; nothing of it is stored.

    Attributes:
        epoch: the last one that it did.
        val_loss: the lowest until then; None where it did none.
    """

    combination: str
    epoch: int
    val_loss: float | None
    why: str


@dataclass(frozen=True)
class SweepRun:
    """What a sweep gave.

    Attributes:
        name: the value of the tag ``sweep`` of its entries; the same sweep has the same name.
        entries: those that are stored, in the order of the combinations.
        combinations: what each of them is in the sweep.
        before: the references of those that were there already.
        given_up: the others.
    """

    name: str
    task: str
    entries: tuple[Entry, ...]
    combinations: tuple[Combination, ...]
    before: tuple[str, ...]
    given_up: tuple[GivenUp, ...]

    @property
    def best(self) -> Entry | None:
        """The entry with the lowest validation loss; test data have no say."""
        known = [entry for entry in self.entries if entry.val_loss is not None]
        return min(known, key=lambda entry: entry.val_loss or 0.0, default=None)

    def to_json(self) -> dict[str, Any]:
        """All facts as plain JSON values."""
        return {
            "sweep": self.name,
            "task": self.task,
            "best": self.best and self.best.ref,
            "entries": [entry.to_json() for entry in self.entries],
            "combinations": [asdict(one) for one in self.combinations],
            "before": list(self.before),
            "given_up": [asdict(one) for one in self.given_up],
        }


def combinations(
    over: Mapping[str, Sequence[Any]], seeds: Sequence[int] = (Recipe.seed,)
) -> list[Combination]:
    """List all combinations of values, each with every seed.

    Raises:
        UsageError: a key has no values, or one of them twice.
    """
    for key, values in over.items():
        if not values or len(set(map(str, values))) < len(values):
            raise UsageError(
                f"the values of {key} make no sweep",
                why=f"They are {', '.join(map(str, values)) or 'none'}.",
                hint=f"Give one or more that differ: {key}=4,8,16",
                code="sweep.values",
            )
    varied = {key: values for key, values in over.items() if len(values) > 1}
    fixed = {key: values[0] for key, values in over.items() if len(values) == 1}
    return [
        Combination(dict(zip(varied, values, strict=True)), fixed, seed)
        for values in itertools.product(*varied.values())
        for seed in seeds
    ]


def plot_sweep(found: SweepRun, key: str, *, output: str | Path, metric: str = "accuracy") -> Path:
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
    plots.check(target)
    keys = list(found.combinations[0].said) if found.combinations else []
    if key not in keys:
        raise UsageError(
            f"{key} did not vary in the sweep",
            why=f"What was said to is {', '.join(keys) or 'nothing'}.",
            hint="Name one of these, or sweep over it.",
            code="sweep.key",
        )
    split: Split = "test" if all("test" in entry.scores for entry in found.entries) else "val"
    scores: dict[tuple[str, str], list[float]] = {}
    drawn = zip(found.combinations, found.entries, strict=True)
    for one, entry in sorted(drawn, key=lambda pair: _size(pair[0].said[key])):
        others = {name: value for name, value in one.said.items() if name != key}
        label = ", ".join(f"{name}={plain(value)}" for name, value in others.items())
        score = float(entry.scores[split][metric] or 0.0)
        scores.setdefault((label, plain(one.said[key])), []).append(score)
    lines: dict[str, list[plots.Point]] = {}
    for (label, value), known in scores.items():
        deviation = statistics.stdev(known) if len(known) > 1 else None
        lines.setdefault(label, []).append(plots.Point(value, statistics.mean(known), deviation))
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
