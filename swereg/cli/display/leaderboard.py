"""The leaderboard of a task: a row per entry, or per recipe with all its seeds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from swereg.api.values import brief_settings, ordered_settings
from swereg.cli import output
from swereg.cli.display import tables
from swereg.cli.display.tables import Column
from swereg.records import formatting
from swereg.records.metrics import METRICS, columns

if TYPE_CHECKING:
    from swereg.api.values import Comparison, Interval, Row

UNSPREAD = ("trainable", "trainable_percent", "size", "seconds")  # seeds hardly change them


def draw_leaderboard(comparison: Comparison, form: str) -> None:
    """Print a row per entry or recipe; for a person with what the signs mean."""
    drawn = not form and output.is_terminal()
    if drawn:
        output.line(_heading(comparison))
        output.data("")
    tables.show(_columns(comparison), comparison.rows, form)
    if comparison.between and not form:
        output.say(comparison.between.sentence)
    if drawn:
        _legend(comparison)


def _heading(comparison: Comparison) -> str:
    bases = {row.base for row in comparison.rows if row.base}
    base = f" on {bases.pop()}" if len(bases) == 1 else ""
    split = formatting.SPLITS[comparison.split]
    if not comparison.examples:
        return f"{comparison.task}{base}, scores on {split}"
    examples = formatting.several(comparison.examples, f"{split} example")
    return f"{comparison.task}{base}, scores on {examples}"


def _legend(comparison: Comparison) -> None:
    if not any(row.within_noise for row in comparison.rows):
        return
    name = METRICS[comparison.metric].title
    words = f"* best {name}" if len(comparison.rows) > 1 else ""
    if sum(row.within_noise for row in comparison.rows) > 1:
        words += "; ~ these examples cannot tell it from the best"
    baseline = next((row.ref for row in comparison.rows if row.baseline), None)
    if baseline and len(comparison.rows) > 1:
        words += f"; differences are to {baseline}"
    words += "; in brackets: 95 % intervals"
    if any(row.deviations for row in comparison.rows):
        words += f"; {output.plus_minus()} standard deviation over seeds"
    output.say(words.removeprefix("; "), style="dim")


# --- the columns ------------------------------------------------------------------------------


def _columns(comparison: Comparison) -> tuple[Column[Row], ...]:
    """Arrange columns for a person, the judging metric's in the middle; a program gets them all."""
    metric = comparison.metric
    secondary = [name for name in columns() if name != metric]
    several = len({row.base for row in comparison.rows}) > 1
    return (
        Column("ref", "entry", lambda row: row.ref, keep=20, style="bold"),
        Column("refs", "", str, lambda row: ",".join(row.refs)),
        Column(
            "seeds",
            "seeds",
            lambda row: str(len(row.seeds)) if len(row.seeds) > 1 else "",
            lambda row: ",".join(map(str, row.seeds)),
            right=True,
            keep=6,
        ),
        Column("method", "method", _method, lambda row: row.method, keep=14),
        Column("settings", "", str, lambda row: ordered_settings(row.method, row.settings)),
        Column("recipe", "", str, _recipe),
        Column(
            "base",
            "base" if several else "",
            lambda row: row.base or formatting.NO_BASE,
            lambda row: row.base,
            keep=4,
        ),
        Column("best_epoch", "", str, lambda row: row.best_epoch),
        Column("epochs", "", str, lambda row: row.epochs),
        _plain("trainable", "", formatting.count, 0),
        _plain("trainable_percent", "trainable", formatting.percent, 10),
        _plain("val_loss", "val loss", formatting.loss, 13),
        *_metric(metric, comparison),
        *(
            _plain(name, METRICS[name].title, formatting.share, 7 - at)
            for at, name in enumerate(secondary)
        ),
        _plain("size", "size", formatting.size, 9),
        _plain("seconds", "time", formatting.duration, 8),
        Column("baseline", "", str, lambda row: row.baseline),
        Column("ranked", "", str, lambda row: row.ranked),
        Column("within_noise", "", str, lambda row: row.within_noise),
        Column("best", "", str, lambda row: ",".join(row.best)),
    )


def _method(row: Row) -> str:
    return f"{row.method} {brief_settings(row.method, row.settings, row.varied)}".rstrip()


def _recipe(row: Row) -> str:
    return ", ".join(f"{key}={formatting.plain(value)}" for key, value in row.recipe.items())


def _plain(key: str, title: str, write: formatting.Writer, keep: int) -> Column[Row]:
    def cell(row: Row) -> str:
        if key not in row.figures:
            return formatting.UNKNOWN
        return write(row.figures[key]) if key in UNSPREAD else _spread(key, row, write)

    return Column(key, title, cell, lambda row: row.figures.get(key), right=True, keep=keep)


def _metric(metric: str, comparison: Comparison) -> tuple[Column[Row], ...]:
    """The judging metric with all that is known of it."""
    compared = any(row.differences for row in comparison.rows)
    several = len(comparison.rows) > 1
    return (
        Column(
            metric,
            METRICS[metric].title,
            partial(_measured, metric, several),
            lambda row: row.figures.get(metric),
            keep=19,
        ),
        Column(f"{metric}_sd", "", str, lambda row: row.deviations.get(metric)),
        Column(f"{metric}_low", "", str, lambda row: _end(row.intervals.get(metric), "low")),
        Column(f"{metric}_high", "", str, lambda row: _end(row.intervals.get(metric), "high")),
        Column(
            "difference",
            "difference" if compared else "",
            partial(_to_baseline, metric),
            lambda row: row.differences.get(metric),
            keep=12,
        ),
        Column("difference_low", "", str, lambda row: _end(_moved(metric, row), "low")),
        Column("difference_high", "", str, lambda row: _end(_moved(metric, row), "high")),
        Column(
            "verdict",
            "",
            str,
            lambda row: row.verdicts[metric].verdict if metric in row.verdicts else None,
        ),
    )


def _measured(metric: str, several: bool, row: Row) -> str:
    """Write a score with its deviation over seeds, its limits, and its place."""
    if metric not in row.figures:
        return formatting.UNKNOWN
    parts = [_spread(metric, row, formatting.writer(metric))]
    parts += formatting.limits(row.intervals.get(metric))
    if row.within_noise and several:
        parts.append("*" if metric in row.best else "~")
    return " ".join(parts)


def _to_baseline(metric: str, row: Row) -> str:
    """Write the difference to the baseline with its limits."""
    if metric not in row.differences:
        return ""
    shown = formatting.signed(row.differences[metric], formatting.writer(metric))
    return " ".join([shown, *formatting.limits(_moved(metric, row), signed=True)])


def _moved(metric: str, row: Row) -> Interval | None:
    held = row.verdicts.get(metric)
    return held.interval if held else None


def _end(interval: Interval | None, side: str) -> float | None:
    return getattr(interval, side) if interval else None


def _spread(key: str, row: Row, write: formatting.Writer) -> str:
    shown = write(row.figures[key])
    if key in row.deviations:
        shown += f" {output.plus_minus()} {write(row.deviations[key])}"
    return shown
