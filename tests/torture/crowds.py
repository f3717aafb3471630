"""Many at once: writers that compete for the same numbers, readers, and backups between them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from swereg.errors import NotFound
from tests.torture import invariants, weaknesses, work
from tests.torture.processes import Ended, Process, call
from tests.torture.scene import Scene, Setting, Trial

WRITERS, READERS = 8, 2


def crowd(setting: Setting) -> Iterator[Trial]:
    """Let eight write, two read and one copy; each writer's turns count as one trial together."""
    turns = 4 if setting.short else 20
    number = 0
    while True:
        number += 1
        scene = setting.scene()
        seed = f"{setting.seed}.{number}"
        writers = [
            Process(
                work.many,
                scene.path,
                scene.ledger,
                f"w{n}",
                turns,
                f"{seed}.{n}",
                setting.weakness,
                False,
            )
            for n in range(WRITERS)
        ]
        others = [Process(_read, scene.path, setting.weakness) for _ in range(READERS)]
        others.append(Process(_copy, scene.path, setting.weakness))
        began = time.perf_counter()
        ended = [process.end() for process in writers]
        seconds = time.perf_counter() - began
        (scene.folder / "enough").touch()
        ended += [process.end() for process in others]
        broken = _judged(ended) + scene.refusals() + _copies(scene)
        verdict = scene.check()
        what = f"{WRITERS} writers, {turns} turns each, {seconds:.1f} s"
        yield Trial(what, broken + verdict.broken, verdict.opening)
        scene.remove()


def _judged(ended: list[Ended]) -> tuple[str, ...]:
    return tuple(f"ended with {e.fault or e.signal}" for e in ended if e.fault or e.signal)


def _copies(scene: Scene) -> tuple[str, ...]:
    broken: tuple[str, ...] = ()
    for path in scene.folder.glob("copy-*.db"):
        ended = call(invariants.check_copy, path)
        broken += ended.value.broken if ended.value else (f"a copy: {ended.fault}",)
    return broken


def _read(path: Path, weakness: str) -> None:
    """Read everything again and again; nothing may be refused or half there."""
    weaknesses.apply(weakness)
    while not (path.parent.parent / "enough").exists():
        try:
            with work.open_registry(path) as registry:
                for entry in registry.entries(limit=5):
                    registry.outputs(entry)
        except NotFound:  # deleted and freed meanwhile
            continue


def _copy(path: Path, weakness: str) -> None:
    """Back the registry up again and again."""
    weaknesses.apply(weakness)
    number = 0
    while not (path.parent.parent / "enough").exists():
        with work.open_registry(path) as registry:
            registry.backup(path.parent.parent / f"copy-{number}.db")
        number += 1
        time.sleep(0.2)
