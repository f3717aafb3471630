"""What is seen of a sweep: a table of its trainings on a terminal, a line for each elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from swereg.cli import output
from swereg.cli.display import progress
from swereg.records import formatting
from swereg.records.progress import CombinationBegan, EpochEnded, GaveUp, Progress, Started, Stored

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from swereg.api.sweeping.plan import GivenUp

SHOWN = 30  # rows of the live table: those around the one that learns


def describe_given_up(training: GivenUp | GaveUp) -> str:
    loss = (
        f", validation {formatting.loss(training.val_loss)}"
        if training.val_loss is not None
        else ""
    )
    return f"given up after epoch {training.epoch}: {training.combination} ({training.why}{loss})"


def display_sweep(*, quiet: bool) -> progress.Quiet:
    if quiet:
        return progress.Quiet()
    return LiveTable() if output.is_lively() else OneByOne()


class OneByOne(progress.Lines):
    """A line for each event."""

    def __init__(self) -> None:
        super().__init__()
        self._now, self._epochs = "", {"": 0}

    def __call__(self, event: Progress) -> None:
        """Show one event."""
        if isinstance(event, CombinationBegan):
            self._now, self.epochs = event.combination, self._epochs.get(event.combination, 0)
        elif isinstance(event, Started):
            self._epochs[self._now] = event.epochs
        super().__call__(event)
        if isinstance(event, CombinationBegan):
            self.line(f"{event.number} of {event.of}: {event.combination}")
        elif isinstance(event, GaveUp):
            self.line(describe_given_up(event))


class LiveTable(progress.Quiet):
    """A table of all trainings that have begun, drawn anew as they go on."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[str, str]] = {}  # state and validation loss
        self._now, self._of, self._epochs = "", 0, {"": 0}
        self._live: Live | None = None
        self._drawn = 0.0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the table away."""
        if self._live is not None:
            self._live.stop()

    def __enter__(self) -> Self:
        return self

    def line(self, text: str, *, style: str = "") -> None:
        """Show a line above the table."""
        if self._live is None:
            output.say(text, style=style)
        else:
            self._live.console.print(output.clean(text), style=style or None)

    def __call__(self, event: Progress) -> None:
        """Show one event."""
        super().__call__(event)
        before = self._rows.get(self._now, ("", ""))
        if isinstance(event, CombinationBegan):
            self._now, self._of = event.combination, event.of
            self._rows.setdefault(self._now, ("begins", ""))
        elif isinstance(event, Started):
            self._epochs[self._now] = event.epochs
        elif isinstance(event, EpochEnded):
            best = event.epoch.val_loss if event.best else None
            state = f"epoch {event.epoch.number}/{self._epochs[self._now]}"
            self._rows[self._now] = (state, before[1] if best is None else formatting.loss(best))
        elif isinstance(event, Stored):
            self._rows[self._now] = (event.ref, before[1])
        elif isinstance(event, GaveUp):
            loss = formatting.known(event.val_loss, formatting.loss)
            self._rows[event.combination] = (f"given up, epoch {event.epoch}", loss)
        else:
            return
        self._draw()

    def _draw(self) -> None:
        if self._live is None:
            from rich.live import Live

            self._live = Live(
                console=output.console(stderr=True), auto_refresh=False, transient=True
            )
            self._live.start()
        if time.monotonic() - self._drawn >= progress.PAUSE or len(self._rows) == self._of:
            self._drawn = time.monotonic()
            self._live.update(self._table(), refresh=True)

    def _table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False)
        for title in (f"training ({len(self._rows)} of {self._of})", "state", "val loss"):
            table.add_column(title)
        for text, row in [*self._rows.items()][-SHOWN:]:
            table.add_row(*(Text(output.clean(cell)) for cell in (text, *row)))
        return table
