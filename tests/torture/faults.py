"""All kinds of faults, with the weakness that each has to find, and how they are counted."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.torture import crowds, disks, flips, kills, power, upgrades
from tests.torture.scene import Setting, Trial


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        name: as a reader understands it.
        trials: lets it happen, again and again.
        weaknesses: settings under which it has to do harm.
    """

    name: str
    trials: Callable[[Setting], Iterator[Trial]]
    weaknesses: tuple[str, ...] = ()


FAULTS = [
    Fault("processes killed at random moments", kills.at_random),
    Fault(
        "killed at each write, sync, rename and statement",
        kills.at_every_call,
        ("no_transactions",),
    ),
    Fault(
        "power cut, unsynced writes lost, partly lost or torn",
        power.cut,
        ("wal_normal", "delete_full", "no_syncs"),
    ),
    Fault("input/output error at each call", disks.failing, ("no_transactions",)),
    Fault("input/output errors from each call on", disks.failing_for_good),
    Fault("disk full from each call on", disks.full_at_calls),
    Fault("a file system that is really full", disks.full),
    Fault("read-only file and folder", disks.read_only),
    Fault("flipped bits, zeroed sectors, cut files", flips.flipped, ("no_digests",)),
    Fault("8 writers, 2 readers and backups at once", crowds.crowd, ("plain_begin",)),
    Fault("upgrade killed at each call", upgrades.killed),
    Fault("4 upgrades at once", upgrades.raced),
]


@dataclass(frozen=True)
class Result:
    """What became of a kind of fault.

    Attributes:
        trials: all of them.
        seconds: that they took.
    """

    trials: list[Trial]
    seconds: float

    @property
    def lost(self) -> list[Trial]:
        """Those after which something did not hold."""
        return [trial for trial in self.trials if trial.broken]

    @property
    def opening(self) -> float:
        """The longest time to the first answer, in seconds."""
        return max((trial.opening for trial in self.trials), default=0.0)


def run(
    fault: Fault,
    *,
    seed: str = "1",
    weakness: str = "",
    most: int | None = None,
    seconds: float | None = None,
    until_lost: bool = False,
    short: bool = False,
) -> Result:
    """Try a fault again and again.

    Args:
        most: trials.
        seconds: after which no other one is begun.
        until_lost: whether one that did harm is enough.
    """
    began, trials = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        setting = Setting(Path(folder), seed, weakness, short)
        for trial in itertools.islice(fault.trials(setting), most):
            trials.append(trial)
            if until_lost and trial.broken:
                break
            if seconds is not None and time.monotonic() - began > seconds:
                break
    return Result(trials, time.monotonic() - began)
