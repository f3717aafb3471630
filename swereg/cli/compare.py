"""swereg compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import commands, figures, output, tables
from swereg.cli.commands import Session, option
from swereg.cli.settings import brief, ordered
from swereg.cli.tables import GAP, Column, plain_grid

if TYPE_CHECKING:
    from rich.text import Text

    from swereg.comparison import Comparison, Row

BEST = " *"


@dataclass(frozen=True)
class Figure:
    """A line of the comparison: its title, how it is written, and whether with a difference."""

    title: str
    write: Callable[[float], str]
    difference: bool = True


FIGURES = {
    "trainable": Figure("trainable", figures.count, difference=False),
    "trainable_percent": Figure("of all", figures.percent, difference=False),
    "size": Figure("size", figures.size),
    "val_loss": Figure("val loss", figures.loss),
    "accuracy": Figure("accuracy", figures.share),
    "macro_f1": Figure("macro-F1", figures.share),
    "roc_auc": Figure("ROC-AUC", figures.share),
    "seconds": Figure("time", figures.duration),
}
KEYS = ("ref", "method", "base", "best_epoch", "epochs", *FIGURES, "baseline")


@click.command(cls=commands.Command)
@click.argument("refs", nargs=-1, metavar="[REF]...")
@option("--task", metavar="NAME", help="All entries of this task, the best one first.")
@commands.as_json("Print all figures and differences as JSON.")
@click.pass_obj
def compare(session: Session, refs: tuple[str, ...], task: str | None, as_json: bool) -> None:
    """Put entries of one task side by side.

    The newest full fine-tuning among them is the baseline: differences to it are in brackets.
    The best figure of each kind has a star.
    """
    found = swereg.compare(*refs, task=task, registry=session.registry)
    if as_json:
        output.as_json(found.to_json())
    elif output.is_terminal():
        _draw(found)
    else:
        tables.show(PLAIN, found.rows)
    for text in found.notices:
        output.note(text)


def _plain(key: str) -> Column[Row]:
    return Column(key, key, lambda row: "", lambda row: getattr(row, key))


PLAIN: tuple[Column[Row], ...] = (
    *map(_plain, KEYS),
    Column("settings", "", lambda row: "", lambda row: ordered(row.method, row.settings)),
    Column("best", "", lambda row: "", lambda row: ",".join(row.best)),
)


def _draw(found: Comparison) -> None:
    """Draw a column per entry, in blocks that fit; or a row per entry where that saves blocks."""
    from rich.text import Text

    titles = ["", "method", "base", "best epoch"]
    shown = [key for key in FIGURES if any(getattr(row, key) is not None for row in found.rows)]
    titles += [FIGURES[key].title for key in shown]
    lines = [[*_names(row), *(_figure(row, key) for key in shown)] for row in found.rows]
    if len({row.base for row in found.rows}) == 1:  # the same for all: said once, above
        titles.pop(2)
        for line in lines:
            line.pop(2)
    output.drawn(Text(output.clean(_heading(found))))
    output.data("")
    heads = [Text(title, style="dim") for title in titles]
    for number, block in enumerate(_blocks(heads, lines)):
        if number:
            output.data("")
        _grid(block)
    if any(row.best for row in found.rows):
        _legend(found)


def _heading(found: Comparison) -> str:
    bases = {row.base for row in found.rows if row.base}
    base = f" on {bases.pop()}" if len(bases) == 1 else ""
    return f"{found.task}{base}, scores on {figures.SPLITS[found.split]}"


def _legend(found: Comparison) -> None:
    baseline = next((row.ref for row in found.rows if row.baseline), None)
    words = "* best"
    if baseline and len(found.rows) > 1:
        words += f"; in brackets: difference to the baseline, {baseline}"
    output.say(words, style="dim")


def _names(row: Row) -> list[Text]:
    from rich.text import Text

    method = f"{row.method} {brief(row.method, row.settings)}".rstrip()
    role = " (baseline)" if row.baseline else ""
    return [
        Text(row.ref, style="bold"),
        Text(output.clean(method) + role),
        Text(output.clean(row.base or figures.NO_BASE)),
        Text(f"{row.best_epoch} of {row.epochs}" if row.epochs else figures.UNKNOWN),
    ]


def _figure(row: Row, key: str) -> Text:
    """A figure, its difference to the baseline's, and a star where it is the best."""
    from rich.text import Text

    from swereg.comparison import BETTER_SMALL

    value, figure = getattr(row, key), FIGURES[key]
    if value is None:
        return Text(figures.UNKNOWN, style="dim")
    best = key in row.best
    text = Text(figure.write(value), style="bold" if best else "")
    if figure.difference and key in row.difference:
        change = row.difference[key]
        better = change < 0 if BETTER_SMALL[key] else change > 0
        colour = "" if change == 0 else "green" if better else "red"
        sign = "+" if change >= 0 else ""
        text.append(f" ({sign}{figure.write(change)})", style=f"not bold {colour}")
    return text.append(BEST) if best else text


def _blocks(heads: Sequence[Text], lines: Sequence[list[Text]]) -> list[list[list[Text]]]:
    """Arrange cells into grids, each as wide as the terminal at most."""
    rows = [list(heads), *lines]
    fits = _width(rows) <= output.width()
    if fits and _width(_turned(heads, lines)) > output.width():
        return [rows]
    blocks: list[list[list[Text]]] = []
    start = 0
    while start < len(lines):
        end = start + 1
        while end < len(lines) and _width(_turned(heads, lines[start : end + 1])) <= output.width():
            end += 1
        blocks.append(_turned(heads, lines[start:end]))
        start = end
    return blocks


def _turned(heads: Sequence[Text], lines: Sequence[list[Text]]) -> list[list[Text]]:
    return [list(row) for row in zip(heads, *lines, strict=True)]


def _width(rows: Sequence[Sequence[Text]]) -> int:
    columns = zip(*rows, strict=True)
    widths: list[int] = [max(cell.cell_len for cell in column) for column in columns]
    return sum(widths) + GAP * (len(widths) - 1)


def _grid(rows: list[list[Text]]) -> None:
    grid = plain_grid(header=False)
    for number in range(len(rows[0])):
        grid.add_column(overflow="fold", no_wrap=number == 0)
    for row in rows:
        grid.add_row(*row)
    output.drawn(grid)
