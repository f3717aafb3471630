"""Learning curves, calibration and scores as a picture file, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swereg.errors import SweregError, UsageError
from swereg.evaluation.comparison import Comparison, Examination, Row
from swereg.records import formatting
from swereg.records.entry import Entry
from swereg.records.metrics import METRICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 8  # entries that can be told apart by colour and dashes
ENDINGS = (".png", ".svg", ".pdf")

# Okabe & Ito (2008), without yellow; dashes repeat what the colours say.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#777777")
_DASHES = ("-", "--", "-.", ":", "-", "--", "-.", ":")
_STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "swereg",
}


def check_target(path: Path) -> None:
    """Refuse early what cannot be drawn.

    Raises:
        UsageError: the file has another ending.
        SweregError: matplotlib is not installed.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(
            f"a plot cannot be written as {path.name}",
            why=f"The file ends in {', '.join(ENDINGS)}.",
            code="plot.ending",
        )
    try:
        import matplotlib as _  # noqa: F401
    except ImportError as fault:
        raise SweregError(
            "plots cannot be drawn here",
            why=f"They are drawn with matplotlib, which is not installed ({fault}).",
            hint="pip install 'swereg[plot]'",
            code="extra.missing",
        ) from fault


def draw_plot(
    comparison: Comparison,
    entries: Mapping[str, Entry],
    looks: Mapping[str, Examination],
    path: Path,
) -> None:
    """Draw one entry's curve and calibration; of several also their scores, into a file.

    Args:
        entries: by reference, at least those of ``looks``.
        looks: by reference, the entries to draw; the others have their score drawn.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    several = len(comparison.rows) > 1
    tall = max(3.6, 0.34 * len(comparison.rows) + 1.4) if several else 3.6
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(14.5 if several else 9.6, tall), layout="constrained")
        axes = list(figure.subplots(1, 3 if several else 2))
        if several:
            _scores(axes.pop(0), comparison)
        shown = [entries[ref] for ref in looks] or [entries[comparison.rows[0].refs[0]]]
        _curves(axes[0], shown)
        _calibration(axes[1], looks)
        figure.savefig(path, dpi=160, metadata={"Date": None} if _is_svg(path) else None)


@dataclass(frozen=True)
class Point:
    """A recipe's score at one value of what varies.

    Attributes:
        deviation: between the seeds, or None where there is one.
    """

    value: str
    mean: float
    deviation: float | None


def draw_over(key: str, score: str, lines: Mapping[str, Sequence[Point]], path: Path) -> None:
    """Draw scores over the values of one key, a line for each setting of the others.

    Args:
        score: what the score is, for the axis.
        lines: by what is the same along them; "" where nothing else varies.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    values = list(dict.fromkeys(point.value for line in lines.values() for point in line))
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.subplots()
        for at, (label, line) in enumerate(lines.items()):
            x = [values.index(point.value) for point in line]
            y = [point.mean for point in line]
            bars = [point.deviation or 0.0 for point in line]
            axes.errorbar(x, y, yerr=bars, label=_plain(label), marker="o", capsize=3, **_look(at))
        axes.set_xticks(range(len(values)), values)
        axes.set_xlabel(f"{key} (bars: standard deviation between seeds)")
        axes.set_ylabel(score)
        if any(lines):
            axes.legend()
        figure.savefig(path, dpi=160, metadata={"Date": None} if _is_svg(path) else None)


def _is_svg(path: Path) -> bool:
    return path.suffix.lower() == ".svg"


def _scores(axes: Axes, comparison: Comparison) -> None:
    """A row per entry or recipe: its score, with the limits of its interval."""
    rows = [row for row in comparison.rows if comparison.metric in row.figures]
    for at, row in enumerate(rows):
        value, limits = row.figures[comparison.metric], row.intervals.get(comparison.metric)
        if limits:
            axes.plot(
                [limits.low, limits.high], [at, at], color=_COLOURS[0], alpha=0.5, linewidth=3
            )
        inside = _COLOURS[0] if row.within_noise else "white"
        axes.plot([value], [at], "o", color=_COLOURS[0], markerfacecolor=inside, markersize=7)
    axes.set_yticks(range(len(rows)), [_name(row) for row in rows])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    noun = formatting.several(comparison.examples, f"{formatting.SPLITS[comparison.split]} example")
    axes.set_title(f"{METRICS[comparison.metric].title} on {noun}")
    axes.set_xlabel("95 % intervals; filled: not to be told from the best")


def _name(row: Row) -> str:
    return f"{_plain(row.ref)}{' (baseline)' if row.baseline else ''}"


def _curves(axes: Axes, entries: list[Entry]) -> None:
    """Validation losses; of a single entry the training loss as well."""
    for at, entry in enumerate(entries):
        numbers = [epoch.number for epoch in entry.epochs]
        if not numbers:
            continue
        look = _look(at) if len(entries) > 1 else {"color": _COLOURS[0]}
        label = _plain(entry.ref) if len(entries) > 1 else "validation"
        axes.plot(numbers, [epoch.val_loss for epoch in entry.epochs], label=label, **look)
        if len(entries) == 1:
            losses = [epoch.train_loss for epoch in entry.epochs]
            axes.plot(numbers, losses, "--", color=_COLOURS[1], label="training, with dropout")
        best_epoch = next(epoch for epoch in entry.epochs if epoch.number == entry.best_epoch)
        axes.plot(
            [best_epoch.number],
            [best_epoch.val_loss],
            "o",
            markersize=7,
            markerfacecolor="white",
            color=look["color"],
        )
    alone = len(entries) == 1
    axes.set_title(f"Learning curve of {_plain(entries[0].ref)}" if alone else "Validation loss")
    axes.set_xlabel("epoch (circle: the one that was kept)")
    axes.set_ylabel("loss, nats per example")
    axes.locator_params(axis="x", integer=True)
    if axes.lines:
        axes.legend()
    else:
        axes.text(0.5, 0.5, "not trained here in epochs", ha="center", transform=axes.transAxes)


def _calibration(axes: Axes, looks: Mapping[str, Examination]) -> None:
    """Reliability diagrams, one above the other; the area of a dot is the number of answers."""
    axes.plot([0, 1], [0, 1], color="#777777", linewidth=1, linestyle=":")
    for at, (ref, look) in enumerate(looks.items()):
        bins = [filled for filled in look.report.bins if filled.rows]
        style = _look(at)
        x = [filled.confidence or 0.0 for filled in bins]
        y = [filled.accuracy or 0.0 for filled in bins]
        error = look.report.figures["ece"].value
        label = _plain(ref) + (f" ({error:.3f})" if error is not None else "")
        axes.plot(x, y, label=label, linewidth=1, alpha=0.6, **style)
        sizes = [max(6, 260 * filled.rows / look.report.rows) for filled in bins]
        axes.scatter(x, y, s=sizes, color=style["color"], alpha=0.55, linewidths=0)
    axes.set(xlim=(0, 1), ylim=(-0.03, 1.03), aspect="equal")
    axes.set_title("Calibration")
    axes.set_xlabel("probability of the answer")
    axes.set_ylabel("share that is right")
    if looks:
        axes.legend(
            title="calibration error", alignment="left", loc="upper left", bbox_to_anchor=(1.0, 1.0)
        )


def _look(at: int) -> dict[str, Any]:
    return {"color": _COLOURS[at % MOST], "linestyle": _DASHES[at % MOST]}


def _plain(text: str) -> str:
    """Keep matplotlib from reading a dollar sign as mathematics."""
    return text.replace("$", r"\$")
