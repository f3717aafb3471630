"""Runs: trainings that are under way or were interrupted, each in a folder under swereg's home.

``run.json`` says what is trained, ``data.jsonl`` on what, ``state.safetensors`` how far it came: it
is replaced after each epoch. The folder goes when the entry is stored.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from swereg.errors import Busy, NotFound, TrainingError
from swereg.home import files, locations
from swereg.records.dataset import Dataset, Task

_FACTS = ("name", "labels", "description", "source", "licence", "homepage", "citation", "metric")


@dataclass
class Run:
    """One training: what it is for, and where its state is kept.

    Attributes:
        name: of the model that gets the entry.
        registry: where it is to be stored.
        started: whether a folder is there; it is made after the first epoch.
    """

    name: str
    note: str
    task: Task
    dataset: Dataset
    registry: str
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    started: bool = False
    _lock: IO[bytes] | None = field(default=None, repr=False)

    @property
    def folder(self) -> Path:
        """Where its state is kept."""
        return folder() / self.run

    def keep(self, state: bytes) -> None:
        """Put a state on disk durably, in place of the one before.

        A disk that cannot take it stops no training.
        """
        with contextlib.suppress(OSError):
            if not self.started:
                self._start()
            files.write_whole(self.folder / "state.safetensors", state)

    def state(self) -> bytes:
        """Read the state after the last epoch."""
        return (self.folder / "state.safetensors").read_bytes()

    def hold(self) -> None:
        """Keep others from going on with it at the same time.

        Raises:
            Busy: another process does.
        """
        self._lock = _locked(self.folder)
        if self._lock is None:
            raise Busy(f"the run {self.run} is under way", code="resume.busy")

    def release(self) -> None:
        """Let others go on with it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def forget(self) -> None:
        """Remove the folder."""
        forget_run(self.run)
        self.started = False

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _locked(self.folder)
        facts = {key: getattr(self.task, key) for key in _FACTS}
        content = {
            "name": self.name,
            "note": self.note,
            "task": facts,
            "registry": self.registry,
            "source": self.dataset.source,
        }
        files.write_whole(self.folder / "data.jsonl", self.dataset.to_jsonl().encode())
        files.write_whole(
            self.folder / "run.json", json.dumps(content, ensure_ascii=False).encode()
        )
        self.started = True


@contextmanager
def keeping(run: Run | None) -> Iterator[None]:
    """Forget a run that came to its end, or would come to the same bad one again.

    What interrupts it is told how to go on.
    """
    if run is None:
        yield
        return
    try:
        yield
    except TrainingError:
        run.forget()
        raise
    except KeyboardInterrupt as fault:
        if run.started:
            fault.add_note(f"Its epochs are kept. To go on: swereg train --resume {run.run[:8]}")
        raise
    else:
        run.forget()
    finally:
        run.release()


def forget_run(run: str) -> None:
    """Remove the folder of a run that is stored, if there is one."""
    shutil.rmtree(folder() / run, ignore_errors=True)


def folder() -> Path:
    """Where the runs are."""
    return locations.data_folder() / "runs"


def interrupted() -> list[Run]:
    """List the runs that can go on: those that no process holds, the oldest first."""
    paths = sorted(folder().glob("*/state.safetensors"), key=lambda path: path.stat().st_mtime)
    return [run for run in map(_read, (path.parent for path in paths)) if run is not None]


def find_run(run: str) -> Run:
    """Return an interrupted run by the beginning of its name.

    Raises:
        NotFound: there is none, or more than one.
    """
    runs = interrupted()
    matching = [candidate for candidate in runs if run and candidate.run.startswith(run)]
    if len(matching) != 1:
        raise NotFound(
            f"no run {run!r} can go on" if not matching else f"{run!r} means {len(matching)} runs",
            why=f"Those that can: {', '.join(candidate.run for candidate in runs[:10]) or 'none'}.",
            hint="See them: swereg recover --list",
            code="resume.unknown",
        )
    return matching[0]


def _read(where: Path) -> Run | None:
    """Read a run; None where it is under way, or is none."""
    lock = _locked(where)
    if lock is None:
        return None
    lock.close()
    try:
        content: dict[str, Any] = json.loads((where / "run.json").read_text(encoding="utf-8"))
        dataset = Dataset.from_jsonl((where / "data.jsonl").read_text(encoding="utf-8"))
        facts = {**content["task"], "labels": tuple(content["task"]["labels"])}
        dataset = Dataset(
            dataset.labels, dataset.train, dataset.val, dataset.test, (), content["source"]
        )
        task = Task(read=lambda: dataset, **facts)
        return Run(
            content["name"], content["note"], task, dataset, content["registry"], where.name, True
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _locked(where: Path) -> IO[bytes] | None:
    """Hold a folder until the process ends; None where another one does."""
    lock = (where / "lock").open("wb")
    try:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        pass
    except OSError:
        lock.close()
        return None
    return lock
