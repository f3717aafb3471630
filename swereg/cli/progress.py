"""What is seen of a training: live bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from swereg.cli import output
from swereg.records import Epoch, EpochEnded, Notice, Progress, Started, Stepped

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_STAGES = {"train": "step", "encode": "encoding", "evaluate": "evaluating"}


class Display:
    """Shows the progress events of one training. Use it as a context.

    Args:
        quiet: show notices alone.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._epochs = 0
        self._bars: Bars | None = None
        self._epoch_bar: TaskID | None = None
        self._step_bar: TaskID | None = None
        if not quiet and output.is_terminal(sys.stderr):
            self._bars = _bars()

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, event: Progress) -> None:
        """Show one event."""
        if isinstance(event, Notice):
            self._line(f"note: {event.text}")
        elif isinstance(event, Started):
            self._started(event)
        elif isinstance(event, Stepped):
            self._stepped(event)
        else:
            self._ended(event)

    def _started(self, event: Started) -> None:
        self._epochs = event.epochs
        if self._quiet:
            return
        share = 100 * event.trainable / event.total
        self._line(f"training {event.trainable:,} of {event.total:,} parameters ({share:.4f} %)")
        if self._bars is not None:
            self._epoch_bar = self._bars.add_task("epoch", total=event.epochs)
            self._step_bar = self._bars.add_task("step", total=event.steps)

    def _stepped(self, event: Stepped) -> None:
        if self._bars is None or self._step_bar is None:
            return
        self._bars.update(
            self._step_bar, description=_STAGES[event.stage], completed=event.done, total=event.of
        )

    def _ended(self, event: EpochEnded) -> None:
        if self._quiet:
            return
        self._line(_epoch_line(event.epoch, self._epochs, best=event.best))
        if self._bars is not None and self._epoch_bar is not None:
            self._bars.update(self._epoch_bar, completed=event.epoch.number)

    def _line(self, text: str) -> None:
        if self._bars is None:
            output.say(text)
        else:
            self._bars.console.print(text, markup=False, highlight=False)


def _epoch_line(epoch: Epoch, of: int, *, best: bool) -> str:
    figures = (
        f"epoch {epoch.number:>{len(str(of))}}/{of}  train {epoch.train_loss:.4f}  "
        f"val {epoch.val_loss:.4f}  accuracy {epoch.val_accuracy:.3f}  "
        f"{output.duration(epoch.seconds)}"
    )
    return f"{figures}  * best" if best else figures


def _bars() -> Bars:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    return Bars(
        TextColumn("{task.description:>8}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("left at most"),
        console=output.console(stderr=True),
        refresh_per_second=5,
        transient=True,
    )
