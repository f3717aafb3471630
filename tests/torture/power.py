"""Power cuts: what was not synced is lost, in part, and torn.

A process does some operations and every call that reaches the disk is recorded, with what it
promised in between. Then the disk is played back to some moment, as it may look once the power is
back: of the bytes that were written and not synced to a file a random part is there, of the names
that were made, changed or removed in a folder those up to a random one.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.torture import calls, work
from tests.torture.calls import STATEMENT, Call
from tests.torture.ledger import Ledger
from tests.torture.processes import call
from tests.torture.scene import Scene, Setting, Trial

_PROMISE = "promise"  # a line of the ledger
_SECTOR = 512  # bytes that a disk writes whole
_LOSSES = ("all", "some", "torn")  # of what was not synced
_OPERATIONS = (
    "add",
    "alias",
    "add_file",
    "add",
    "rm",
    "tag",
    "add_file",
    "note",
    "alias",
    "gc",
    "add",
    "forget",
    "restore",
    "default_base",
    "add",
    "add_file",
)


def cut(setting: Setting) -> Iterator[Trial]:
    """Cut the power at random moments of some operations, in each of three ways."""
    rng = random.Random(setting.seed)
    while True:
        operations = ["add", *rng.sample(_OPERATIONS, len(_OPERATIONS))]
        opened_anew = rng.random() < 0.5
        ended = call(_record, setting.scene(), operations, setting.weakness, opened_anew)
        assert ended.value, f"{operations}: {ended}"
        recorded: list[Call] = ended.value
        yield from _replay(recorded, setting, rng, 20 if setting.short else 200)


def _replay(
    recorded: list[Call], setting: Setting, rng: random.Random, moments: int
) -> Iterator[Trial]:
    chosen = set(rng.sample(range(1, len(recorded) + 1), min(moments, len(recorded))))
    root = Path(recorded[0].path)
    disk = Disk(root)
    for number, what in enumerate(recorded[1:], 1):
        disk.do(what)
        if number not in chosen:
            continue
        for loss in _LOSSES:
            scene = _scene(setting)
            disk.after_cut(rng, loss, scene.path.parent)
            scene.ledger.write_bytes(b"".join(disk.promises))
            verdict = scene.check()
            yield Trial(f"{loss} lost after {what.name}", verdict.broken, verdict.opening)
            scene.remove()


def _scene(setting: Setting) -> Scene:
    """A scene in memory where there is such a place: it is made and removed many times."""
    memory = Path("/dev/shm")
    return Scene(Path(tempfile.mkdtemp(dir=memory if memory.exists() else setting.folder)))


def _record(scene: Scene, operations: list[str], weakness: str, opened_anew: bool) -> list[Call]:
    """Do operations and return all calls and promises; the first names the folder."""
    root = scene.path.parent
    recorded = [Call("root", str(root))]
    plain = Ledger.add

    def add(self: Ledger, line: object) -> None:
        before = self.path.stat().st_size if self.path.exists() else 0
        plain(self, line)  # type: ignore[arg-type]
        recorded.append(Call(_PROMISE, "", 0, self.path.read_bytes()[before:]))

    def record(what: Call) -> None:
        if what.kind != STATEMENT:
            recorded.append(what)

    Ledger.add = add  # type: ignore[method-assign]
    calls.watch(root, record)
    work.several(scene.path, scene.ledger, operations, weakness, opened_anew=opened_anew)
    shutil.rmtree(scene.folder)
    return recorded


@dataclass
class Disk:
    """A disk that keeps what was synced, and waits with the rest.

    Attributes:
        root: the folder that was there, and durable, from the beginning.
        promises: what was acknowledged until now.
    """

    root: Path

    def __post_init__(self) -> None:
        self.promises: list[bytes] = []
        self._content: dict[int, bytearray] = {}  # by file, as synced
        self._writes: dict[int, list[Call]] = defaultdict(list)  # by file, since then
        self._names: dict[Path, dict[str, int]] = defaultdict(dict)  # by folder, as synced
        self._changes: dict[Path, list[dict[str, int | None]]] = defaultdict(list)  # since then
        self._now: dict[Path, int] = {}  # the file of each path; folders are files, too
        self._folders: set[int] = set()

    def do(self, what: Call) -> None:
        """Do one call, as far as it goes before a sync."""
        path = Path(what.path)
        if what.kind == _PROMISE:
            self.promises.append(what.data)
        elif what.kind in ("write", "truncate"):
            self._writes[self._now[path]].append(what)
        elif what.kind == "sync":
            self._sync(self._now[path])
        elif what.kind == "sync folder":
            for change in self._changes.pop(path, []):
                _apply(self._names[path], change)
        else:
            self._rename(what, path)

    def _rename(self, what: Call, path: Path) -> None:
        """Make, change or remove a name."""
        if what.kind == "unlink":
            self._change(path, None)
        elif what.kind == "rename":
            new = Path(what.data.decode())
            assert new.parent == path.parent
            number = self._now.pop(path)
            self._now[new] = number
            self._changes[path.parent].append({path.name: None, new.name: number})
        else:
            number = len(self._content)
            self._content[number] = bytearray()
            if what.kind == "mkdir":
                self._folders.add(number)
            self._change(path, number)

    def _change(self, path: Path, number: int | None) -> None:
        if number is None:
            self._now.pop(path)
        else:
            self._now[path] = number
        self._changes[path.parent].append({path.name: number})

    def _sync(self, number: int) -> None:
        for what in self._writes.pop(number, []):
            _write(self._content[number], what)

    def after_cut(self, rng: random.Random, loss: str, target: Path) -> None:
        """Write what is there when the power is back to another folder."""
        self._restore(self.root, target, rng, loss)

    def _restore(self, folder: Path, target: Path, rng: random.Random, loss: str) -> None:
        target.mkdir(exist_ok=True)
        names, changes = dict(self._names[folder]), self._changes[folder]
        kept = 0 if loss == "all" else rng.randrange(len(changes) + 1)
        for change in changes[:kept]:
            _apply(names, change)
        for name, number in names.items():
            if number in self._folders:
                self._restore(folder / name, target / name, rng, loss)
            else:
                (target / name).write_bytes(self._survivors(number, rng, loss))

    def _survivors(self, number: int, rng: random.Random, loss: str) -> bytes:
        content = bytearray(self._content[number])
        if loss == "all":
            return bytes(content)
        for what in self._writes.get(number, []):
            if rng.random() < 0.5:
                torn = loss == "torn" and rng.random() < 0.3
                size = rng.randrange(len(what.data) // _SECTOR + 1) * _SECTOR if torn else None
                _write(content, what, size)
        return bytes(content)


def _apply(names: dict[str, int], change: dict[str, int | None]) -> None:
    for name, number in change.items():
        if number is None:
            names.pop(name, None)
        else:
            names[name] = number


def _write(content: bytearray, what: Call, size: int | None = None) -> None:
    """Do a write or a truncation, or the first bytes of it."""
    data = what.data[:size]
    end = what.offset + (len(data) if what.kind == "write" else 0)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if what.kind == "truncate":
        del content[what.offset :]
    else:
        content[what.offset : end] = data
