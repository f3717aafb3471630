"""How far a check has come: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from swereg.cli import exit_codes, output

if TYPE_CHECKING:
    from rich.progress import Progress

PAUSE = 0.1  # seconds between two drawings


class Counting:
    """Shows how many of how many things are done. Use it as a context, and call it."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._drawn = 0.0

    def __enter__(self) -> Self:
        if output.is_lively():
            self._bar = _bar()
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

    def __call__(self, done: int, of: int, what: str) -> None:
        """Show that so many are done, and what is next."""
        exit_codes.check_signals()
        now = time.monotonic()
        if self._bar is None or (now - self._drawn < PAUSE and done < of):
            return
        self._drawn = now
        words = f"{done:,}/{of:,} {output.clean(what)}"
        self._bar.update(self._task, completed=done, total=max(of, 1), words=words)
        self._bar.refresh()


def _bar() -> Progress:
    from rich.progress import BarColumn, Progress, TextColumn

    console = output.console(stderr=True)
    return Progress(
        BarColumn(bar_width=max(4, min(40, console.width - 41))),
        TextColumn("{task.fields[words]}", markup=False),
        console=console,
        auto_refresh=False,
        transient=True,
    )
