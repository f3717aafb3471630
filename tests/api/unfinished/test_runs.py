"""An interrupted training goes on as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import swereg
from swereg.errors import CheckFailed, NotFound
from swereg.records.dataset import Dataset, Example, Task
from swereg.records.entry import Entry
from swereg.records.progress import EpochEnded, Progress

LABELS = ("glad", "ledsen")
ROWS = tuple(Example(f"{label} å {n}", label) for n in range(14) for label in LABELS)
DATA = Dataset(LABELS, ROWS[:20], ROWS[20:24], ROWS[24:])
TASK = Task("ton", lambda: DATA, LABELS)

KILLED = """
import os, signal, swereg
from swereg.records.progress import EpochEnded
from tests.api.unfinished.test_runs import train

def kill(event):
    if isinstance(event, EpochEnded) and event.epoch.number == 2:
        os.kill(os.getpid(), signal.SIGKILL)

train({base!r}, on_progress=kill)
"""


def train(base: object, **said: object) -> Entry:
    usual = {"epochs": 4, "patience": 4, "device": "cpu", "batch_size": 4, "learning_rate": 1e-3}
    return swereg.train(TASK, base=str(base), **usual | said)  # type: ignore[arg-type]


def stop_after(number: int) -> object:
    def stop(event: Progress) -> None:
        if isinstance(event, EpochEnded) and event.epoch.number == number:
            raise KeyboardInterrupt

    return stop


def same(one: Entry, other: Entry) -> bool:
    def losses(entry: Entry) -> list[object]:
        return [replace(epoch, seconds=0.0) for epoch in entry.epochs]

    return (one.weights_digest, losses(one), one.scores, one.best_epoch) == (
        other.weights_digest,
        losses(other),
        other.scores,
        other.best_epoch,
    )


def test_killed_it_goes_on_to_the_same_bits(tiny_base: Path, home: Path) -> None:
    whole = train(tiny_base)
    assert not list((home / "runs").iterdir())
    died = subprocess.run([sys.executable, "-c", KILLED.format(base=str(tiny_base))], check=False)
    assert died.returncode == -signal.SIGKILL
    (run,) = swereg.interrupted()
    assert run.folder.stat().st_mode & 0o077 == 0 or os.name == "nt"
    done = subprocess.run(
        [sys.executable, "-m", "swereg", "train", "--resume", run.run[:8], "-q"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "ton/2\n"), done.stderr
    resumed = swereg.show("ton/2")
    assert same(whole, resumed)
    assert resumed.run == run.run
    assert not swereg.interrupted()
    assert not swereg.verify().problems


@pytest.mark.parametrize("method", ["full", "head", "vera"])
def test_every_kind_of_method_goes_on(tiny_base: Path, method: str) -> None:
    whole = train(tiny_base, method=method, name="hel")
    with pytest.raises(KeyboardInterrupt) as caught:
        train(tiny_base, method=method, on_progress=stop_after(3))
    assert "train --resume" in "".join(caught.value.__notes__)
    (run,) = swereg.interrupted()
    assert same(whole, swereg.resume(run.run))


def test_after_the_last_epoch_nothing_is_learnt_again(tiny_base: Path) -> None:
    whole = train(tiny_base, epochs=2)
    with pytest.raises(KeyboardInterrupt):
        train(tiny_base, epochs=2, note="anteckning", on_progress=stop_after(2))
    resumed = swereg.resume(swereg.interrupted()[0].run)
    assert same(whole, resumed)
    assert resumed.note == "anteckning"


def test_nothing_is_kept_where_nothing_is_to_be_kept(tiny_base: Path) -> None:
    for said in ({"checkpoints": False}, {"keep_data": False}):
        with pytest.raises(KeyboardInterrupt):
            train(tiny_base, on_progress=stop_after(1), **said)
    assert not swereg.interrupted()
    with pytest.raises(NotFound, match="can go on"):
        swereg.resume("abc")


def test_a_damaged_state_is_refused(tiny_base: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(tiny_base, on_progress=stop_after(1))
    (run,) = swereg.interrupted()
    state = run.folder / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(CheckFailed, match="state"):
        swereg.resume(run.run)
    swereg.discard(run.run[:10])
    assert not swereg.interrupted()
