"""Functions in processes of their own: fresh ones, that can be killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
if os.name == "posix":  # they fork from a process that has imported this and opened nothing
    _CONTEXT.set_forkserver_preload(["tests.torture.preloaded"])
PATIENCE = 120.0  # seconds after which a process hangs


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        value: what the function returned.
        fault: what it raised instead, in one line; "" if it did not.
        signal: what killed it, or 0.
    """

    value: Any = None
    fault: str = ""
    signal: int = 0


class Process:
    """A function that runs in a process of its own."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._answer, theirs = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=_run, args=(theirs, function, arguments))
        self._process.start()
        theirs.close()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal, unless it has ended."""
        if self._process.is_alive() and self._process.pid:
            os.kill(self._process.pid, number)

    def end(self) -> Ended:
        """Wait for its end."""
        ended = Ended()
        try:
            if not self._answer.poll(PATIENCE):
                self.kill()
                ended = Ended(fault=f"hung for {PATIENCE:.0f} s")
            else:
                ended = self._answer.recv()
        except (EOFError, ConnectionResetError):
            pass
        self._process.join()
        self._answer.close()
        code = self._process.exitcode or 0
        if code > 0 and not ended.fault:
            return Ended(fault=f"ended with {code}")
        return ended if code >= 0 else Ended(signal=-code)


def call(function: Callable[..., Any], *arguments: Any) -> Ended:
    """Run a function in a fresh process and wait for its end."""
    return Process(function, *arguments).end()


def wait_until(true: Callable[[], bool], most: float = 30.0) -> None:
    """Look again and again until something is so."""
    end = time.monotonic() + most
    while not true() and time.monotonic() < end:
        time.sleep(0.001)


def _run(answer: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        ended = Ended(value=function(*arguments))
    except Exception as fault:
        first = (str(fault).splitlines() or [""])[0]
        ended = Ended(fault=f"{type(fault).__name__}: {first}")
    answer.send(ended)
