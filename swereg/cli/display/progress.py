"""What is seen of long work: moving bars on a terminal, plain lines or nothing elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from swereg.cli import exit_codes, output
from swereg.records import formatting
from swereg.records.progress import (
    EpochEnded,
    Notice,
    OnProgress,
    Progress,
    SeedBegan,
    Started,
    Stepped,
    Stored,
    Tried,
    Trying,
)
from swereg.records.training import Epoch

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from swereg.cli.options import Session

PAUSE = 0.2  # seconds between two drawings
COUNT_PAUSE = 0.1  # of a count
STAGES = {"train": "step", "encode": "encode", "evaluate": "score"}


class Quiet:
    """Shows notices alone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is left behind."""

    def __call__(self, event: Progress) -> None:
        """Show one event."""
        exit_codes.check_signals()
        if isinstance(event, Notice):
            self.line(f"note: {event.text}")

    def line(self, text: str, *, style: str = "") -> None:
        """Show a line that stays."""
        output.say(text, style=style)


class Lines(Quiet):
    """Shows a line for each event that stays interesting."""

    def __init__(self) -> None:
        self.epochs = 0

    def __call__(self, event: Progress) -> None:
        """Show one event."""
        super().__call__(event)
        if isinstance(event, Started):
            self.epochs = event.epochs
            self.line(_beginning(event))
        elif isinstance(event, EpochEnded):
            self.line(_epoch(event.epoch, self.epochs) + _mark(event.best))
        elif isinstance(event, Tried):
            self.line(_tried(event) + _mark(event.best))
        elif isinstance(event, SeedBegan):
            self.line(f"seed {event.seed}, {event.number} of {event.of}")
        elif isinstance(event, Stored):
            self.line(f"stored {event.ref}")


class Bars(Lines):
    """Shows a bar for the epochs and one for the steps, and a line for each epoch above them."""

    def __init__(self) -> None:
        super().__init__()
        self._bars: RichProgress | None = None
        self._began = self._drawn = 0.0
        self._steps = self._number = 0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bars away; the lines stay."""
        self._end()

    def line(self, text: str, *, style: str = "") -> None:
        """Show a line above the bars."""
        if self._bars is None:
            output.say(text, style=style)
        else:
            self._bars.console.print(output.clean(text), style=style or None)

    def __call__(self, event: Progress) -> None:
        """Show one event."""
        super().__call__(event)
        if isinstance(event, Started):
            self._begin(event)
        elif isinstance(event, Stepped):
            self._step(event)
        elif isinstance(event, Trying):
            self._try(event)
        elif isinstance(event, Tried | Stored):
            self._end()

    def _end(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _begin(self, event: Started) -> None:
        self._bars = _bars()
        self._began, self._steps, self._number = time.monotonic(), event.steps, 0
        total = event.epochs * event.steps
        self._epoch_bar = self._bars.add_task(
            "epoch", total=total, count=f"1/{event.epochs}", words=""
        )
        self._step_bar = self._bars.add_task(
            "step", total=event.steps, count=f"0/{event.steps}", words=""
        )
        self._bars.start()

    def _try(self, event: Trying) -> None:
        """Say what goes on; how far it is, no library tells."""
        self._bars = _bars()
        words = f"fitting {formatting.several(event.examples, 'example')}"
        self._bars.add_task(event.setting, total=None, count="", words=words)
        self._bars.start()

    def _step(self, event: Stepped) -> None:
        """Move the bars, a few times a second at most: a step may take less than a drawing."""
        if event.stage == "train":
            self._number += 1
        now = time.monotonic()
        if self._bars is None or (now - self._drawn < PAUSE and event.done < event.of):
            return
        self._drawn = now
        loss = "" if event.loss is None else f"loss {formatting.loss(event.loss)}"
        self._bars.update(
            self._step_bar,
            description=STAGES[event.stage],
            completed=event.done,
            total=event.of,
            count=f"{event.done}/{event.of}",
            words=loss,
        )
        if event.stage == "train":
            total = self.epochs * self._steps
            seconds_left = (now - self._began) / self._number * (total - self._number)
            epoch = min((self._number - 1) // self._steps + 1, self.epochs)
            self._bars.update(
                self._epoch_bar,
                completed=self._number,
                count=f"{epoch}/{self.epochs}",
                words=f"{formatting.duration(seconds_left)} left at most",
            )
        self._bars.refresh()


def display(*, quiet: bool) -> Quiet:
    """Choose how a training is shown. Use it as a context."""
    if quiet:
        return Quiet()
    return Bars() if output.is_lively() else Lines()


def _beginning(event: Started) -> str:
    return (
        f"training {formatting.trainable(event.trainable, event.total)}, "
        f"at most {formatting.several(event.epochs, 'epoch')} of "
        f"{formatting.several(event.steps, 'step')}"
    )


def _epoch(epoch: Epoch, of: int) -> str:
    return (
        f"epoch {epoch.number:>{len(str(of))}}/{of}: "
        f"train loss {formatting.loss(epoch.train_loss)}, "
        f"validation {formatting.loss(epoch.val_loss)}, "
        f"accuracy {formatting.share(epoch.val_accuracy)}, {formatting.duration(epoch.seconds)}"
    )


def _tried(event: Tried) -> str:
    return (
        f"{event.setting}: validation {formatting.loss(event.val_loss)}, "
        f"accuracy {formatting.share(event.val_accuracy)}, {formatting.duration(event.seconds)}"
    )


def _mark(best: bool) -> str:
    return "  * best" if best else ""


def _bars() -> RichProgress:
    """Build rich's bars. Nothing redraws by itself: that would be a second thread beside torch."""
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as RichProgress

    console = output.console(stderr=True)
    return RichProgress(
        TextColumn("{task.description:<6}", markup=False),
        TextColumn("{task.fields[count]:>7}", markup=False),
        BarColumn(bar_width=max(4, min(40, console.width - 41))),
        TextColumn("{task.fields[words]}", markup=False),
        console=console,
        auto_refresh=False,
        transient=True,
    )


def remembering(session: Session, display: Quiet) -> OnProgress:
    """Remember what has been stored, in case of an interrupt."""

    def report(event: Progress) -> None:
        if isinstance(event, Stored):
            session.stored += f"{', ' if session.stored else ''}{event.ref}"
        display(event)

    return report


class Counting:
    """Shows how many of how many things are done. Use it as a context, and call it."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._drawn = 0.0

    def __enter__(self) -> Self:
        if output.is_lively():
            self._bar = _counting_bar()
            self._task = self._bar.add_task("", total=None, words="")
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, count: int, of: int, subject: str) -> None:
        """Show that so many are done, and what is next."""
        exit_codes.check_signals()
        now = time.monotonic()
        if self._bar is None or (now - self._drawn < COUNT_PAUSE and count < of):
            return
        self._drawn = now
        words = f"{count:,}/{of:,} {output.clean(subject)}"
        self._bar.update(self._task, completed=count, total=max(of, 1), words=words)
        self._bar.refresh()


def _counting_bar() -> RichProgress:
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as RichProgress

    console = output.console(stderr=True)
    return RichProgress(
        BarColumn(bar_width=max(4, min(40, console.width - 41))),
        TextColumn("{task.fields[words]}", markup=False),
        console=console,
        auto_refresh=False,
        transient=True,
    )
