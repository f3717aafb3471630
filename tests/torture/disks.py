"""Disks that fail, that are full, and that may not be written."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from swereg.errors import SweregError
from tests.torture import calls, weaknesses, work
from tests.torture.kills import faults_at_calls
from tests.torture.operations import OPERATIONS, Turn
from tests.torture.processes import Ended, call
from tests.torture.scene import Scene, Setting, Trial

_NOBODY = 65534


def failing(setting: Setting) -> Iterator[Trial]:
    """Let each call of each operation fail once with an input/output error."""
    yield from faults_at_calls(setting, calls.fail, judge=in_words)


def failing_for_good(setting: Setting) -> Iterator[Trial]:
    """Let a call and all that follow it fail with an input/output error."""
    yield from faults_at_calls(setting, calls.fail, judge=in_words, lasting=True)


def full_at_calls(setting: Setting) -> Iterator[Trial]:
    """Let the disk be full from each call of each operation on."""
    yield from faults_at_calls(setting, calls.no_space, judge=in_words, lasting=True)


def in_words(ended: Ended) -> tuple[str, ...]:
    """See that an operation either succeeded or was refused in swereg's own words."""
    if ended.value is None:
        return (f"it ended with {ended.fault or ended.signal}",)
    code = ended.value[0] if isinstance(ended.value, tuple) else ended.value
    return (f"no words for {code}",) if ": " in code else ()


# --- really full ----------------------------------------------------------------------------


def full(setting: Setting) -> Iterator[Trial]:
    """Fill a small file system to the brim, or limit the size of files where none can be made."""
    rng = random.Random(setting.seed)
    ready = setting.prepared()
    names = [operation.__name__ for operation in OPERATIONS]
    mounted = can_mount(setting.folder)
    while True:
        for name in rng.sample(names, len(names)):
            room = int(rng.choice([0, 4096, 20_000, 60_000, 10**6]) * rng.uniform(0.5, 1.5))
            trial = _on_small_disk if mounted else _with_small_files
            yield trial(ready, name, room, setting.weakness)


def can_mount(folder: Path) -> bool:
    """Whether small file systems can be made here: by root, on Linux."""
    place = folder / "small"
    place.mkdir(exist_ok=True)
    try:
        with _small(place, 2**20):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def _small(place: Path, size: int) -> Iterator[None]:
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "swereg-torture", str(place)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True, capture_output=True)


def _on_small_disk(ready: Scene, name: str, room: int, weakness: str) -> Trial:
    place = ready.folder.parent / "small"
    with _small(place, 2**26):
        shutil.copytree(ready.folder, place / "scene")
        scene = Scene(place / "scene")
        ledger = ready.folder.parent / "ledger-outside.jsonl"
        shutil.copy(scene.ledger, ledger)
        object.__setattr__(scene, "ledger", ledger)
        filler = place / "filler"
        with filler.open("wb") as file:
            free = shutil.disk_usage(place).free
            file.write(bytes(max(0, free - room)))
        ended = call(_one, scene.path, scene.ledger, name, weakness)
        filler.unlink()
        verdict = scene.check()
    return Trial(f"{name} with {room} bytes", in_words(ended) + verdict.broken, verdict.opening)


def _with_small_files(ready: Scene, name: str, room: int, weakness: str) -> Trial:
    scene = ready.copy()
    most = scene.path.stat().st_size + room
    ended = call(_one_limited, scene.path, scene.ledger, name, weakness, most)
    verdict = scene.check()
    scene.remove()
    return Trial(f"{name} up to {most} bytes", in_words(ended) + verdict.broken, verdict.opening)


def _one(path: Path, ledger: Path, name: str, weakness: str) -> str:
    weaknesses.apply(weakness)
    return work.one(path, ledger, name, Turn("w", "w-full", "modell"))


def _one_limited(path: Path, ledger: Path, name: str, weakness: str, most: int) -> str:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    return _one(path, ledger, name, weakness)


# --- read-only ------------------------------------------------------------------------------


_REFUSED = ("storage.read-only", "storage.backup", "storage.weights")
_ALLOWED = ("backup",)  # the folder may be one that may be written


def read_only(setting: Setting) -> Iterator[Trial]:
    """Let somebody without rights do everything: nothing changes, and reading works."""
    ready = setting.prepared()
    for folder, file in ((0o555, 0o444), (0o555, 0o666), (0o777, 0o444)):
        for operation in OPERATIONS:
            scene = ready.copy()
            before = scene.path.read_bytes()
            for place in scene.path.parent.rglob("*"):
                place.chmod(0o755 if place.is_dir() else 0o444)
            scene.path.chmod(file)
            scene.path.parent.chmod(folder)
            name = operation.__name__
            ended = call(_as_nobody, scene.path, name)
            broken = in_words(ended)
            if scene.path.read_bytes() != before:
                broken += ("the registry was changed",)
            if not broken and ended.value not in _REFUSED and name not in _ALLOWED:
                broken += (f"it was not refused: {ended.value!r}",)
            scene.path.parent.chmod(0o700)
            scene.path.chmod(0o600)
            verdict = scene.check()
            yield Trial(f"{name} at {folder:o} {file:o}", broken + verdict.broken, verdict.opening)
            scene.remove()


def _as_nobody(path: Path, name: str) -> str:
    """Read everything and do one operation, without rights; the folders above must be open."""
    for folder in path.parents[1:]:
        if folder.stat().st_uid == os.getuid() and folder.stat().st_mode & 0o777 == 0o700:
            folder.chmod(0o755)
    if os.geteuid() == 0:
        os.seteuid(_NOBODY)
    try:
        with work.open_registry(path) as registry:
            for entry in registry.entries():
                registry.weights(entry)
    except SweregError as fault:
        return f"{fault.code}: it cannot be read"
    return work.one(path, Path(os.devnull), name, Turn("w", "w-nobody", "modell"))
