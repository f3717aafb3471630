"""Tables: declared as columns, drawn for a person, or written as rows for a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from swereg.cli import output

if TYPE_CHECKING:
    from rich.table import Table

T = TypeVar("T")
Section = tuple[str, Sequence[tuple[str, str]]]
GAP = 2  # spaces between columns


@dataclass(frozen=True)
class Column(Generic[T]):
    """A column of a table of things.

    Attributes:
        key: its header for a program.
        title: its header for a person; ``""`` leaves the column to programs.
        cell: its text for a person.
        value: its value for a program; by default the same text.
        right: whether it holds figures, set to the right.
        keep: how important it is; where the terminal is narrow, the smallest go first.
        least: the width down to which its cells may be wrapped; 0 keeps them on one line.
        style: how rich is to set it, such as ``bold``.
    """

    key: str
    title: str
    cell: Callable[[T], str]
    value: Callable[[T], object] | None = None
    right: bool = False
    keep: int = 0
    least: int = 0
    style: str = ""


def show(columns: Sequence[Column[T]], things: Sequence[T], form: str = "") -> None:
    """Print things as a table that fits, or as tab-separated rows with a header.

    Args:
        form: ``csv`` or ``md`` for those, wherever it is printed.
    """
    if form == "csv":
        rows = [[(column.value or column.cell)(thing) for column in columns] for thing in things]
        output.as_csv([column.key for column in columns], rows)
        return
    if form == "md":
        titled = [column for column in columns if column.title]
        right = [column.right for column in titled]
        cells = [[column.cell(thing) for column in titled] for thing in things]
        output.as_markdown([column.title for column in titled], cells, right)
        return
    if not output.is_terminal():
        output.cells(column.key for column in columns)
        for thing in things:
            output.cells((column.value or column.cell)(thing) for column in columns)
        return
    from rich.cells import cell_len
    from rich.text import Text

    titled = [column for column in columns if column.title]
    filled = {column: [output.clean(column.cell(thing)) for thing in things] for column in titled}
    filled = {column: cells for column, cells in filled.items() if any(cells)}
    needs = {
        column: min(max(map(cell_len, [column.title, *cells])), column.least or 10**6)
        for column, cells in filled.items()
    }
    shown = fitting(needs, {column: column.keep for column in needs}, output.width())
    grid = plain_grid()
    for column in shown:
        grid.add_column(
            Text(column.title),
            justify="right" if column.right else "left",
            style=column.style,
            overflow="fold",
            no_wrap=not column.least and len(shown) > 1,
        )
    for row in zip(*(filled[column] for column in shown), strict=True):
        grid.add_row(*map(Text, row))
    output.drawn(grid)
    hidden = [column.title for column in filled if column not in shown]
    if hidden:
        output.say(f"not shown in this width: {', '.join(hidden)}", style="dim")


def fitting(needs: dict[T, int], keep: dict[T, int], width: int) -> list[T]:
    """Choose the columns that fit, the most important ones first; that one is always there."""
    first, *lesser = sorted(needs, key=lambda column: keep[column], reverse=True)
    shown, used = [first], needs[first]
    for column in lesser:
        if used + GAP + needs[column] <= width:
            shown.append(column)
            used += GAP + needs[column]
    return [column for column in needs if column in shown]


def plain_grid(*, header: bool = True) -> Table:
    """Build a table without lines, which looks the same in every encoding."""
    from rich.table import Table

    return Table(
        box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=header, header_style="dim"
    )


def facts(sections: Sequence[Section]) -> None:
    """Print names and values under headings; for a program a line each, with a tab between."""
    if not output.is_terminal():
        for _, pairs in sections:
            for pair in pairs:
                output.cells(pair)
        return
    from rich.text import Text

    longest = max(len(name) for _, pairs in sections for name, _ in pairs)
    for number, (heading, pairs) in enumerate(sections):
        if number:
            output.data("")
        output.drawn(Text(output.clean(heading), style="bold"))
        output.drawn(_pairs(pairs, longest if output.width() >= 3 * longest else 0))


def _pairs(pairs: Sequence[tuple[str, str]], longest: int) -> Table:
    """Arrange names and values in two columns; without a width, each value under its name."""
    from rich.padding import Padding
    from rich.text import Text

    grid = plain_grid(header=False)
    if longest:
        grid.add_column(width=longest, style="dim")
    grid.add_column(overflow="fold")
    for name, value in pairs:
        text = Text(output.clean(value))
        if longest:
            grid.add_row(Text(name), text)
        else:
            grid.add_row(Text(name, style="dim"))
            grid.add_row(Padding(text, (0, 0, 0, 2)))
    return grid
