"""Every call of a process that changes a folder's files, seen before it happens.

SQLite's calls come from vfs.py, those of Python are wrapped here, and the statements of SQLAlchemy
are listened to. Nothing in swereg knows of it. A process that is watched stays so; end it.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import re
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.torture import vfs

STATEMENT = "statement"


@dataclass(frozen=True)
class Call:
    """A call, as it is about to happen.

    Attributes:
        kind: create, write, truncate, sync, unlink, rename, mkdir, sync folder, or statement.
        path: the file or folder; of a statement its first words.
        offset: of a write; of a truncation the new size.
        data: of a write; of a renaming the new path.
    """

    kind: str
    path: str
    offset: int = 0
    data: bytes = b""

    @property
    def name(self) -> str:
        """A name that is the same whenever this is done: without digests and random parts."""
        if self.kind == STATEMENT:
            return self.path
        path = Path(self.path)
        name = path.name
        if path.suffix == ".safetensors":
            name = "weights"
        elif name.startswith("."):
            name = "unfinished file"
        elif re.fullmatch(r"[0-9a-f]{2}", name) or name.endswith("-weights"):
            name = "folder of weights"
        elif self.kind == "sync folder":
            name = ""
        elif ".schema" in name or name.startswith("copy"):
            name = "copy"
        return f"{self.kind} {name}".strip()


OnCall = Callable[[Call], None]  # may raise OSError, and the call fails with it


def watch(root: Path, on_call: OnCall) -> None:
    """Report every call of this process that changes something below a folder, from now on."""
    inside = str(root.resolve())

    def report(kind: str, path: str, offset: int = 0, data: bytes = b"") -> None:
        if path.startswith(inside) and not path.endswith("-shm"):
            on_call(Call(kind, path, offset, data))

    vfs.Files(report)
    _watch_python(report, inside)
    sa.event.listen(sa.Engine, "before_cursor_execute", _statement(on_call))
    sa.event.listen(sa.Engine, "commit", lambda _: on_call(Call(STATEMENT, "COMMIT")))


def _statement(on_call: OnCall) -> Callable[..., None]:
    def before(_c: object, _cursor: object, statement: str, *_: object) -> None:
        words = statement.replace("INTO ", "").replace("FROM ", "").split()
        if words[0] != "SELECT":
            on_call(Call(STATEMENT, " ".join(words[:2])))

    return before


def _watch_python(report: Callable[..., None], inside: str) -> None:
    """Wrap the functions of Python through which files are changed."""
    paths: dict[int, str] = {}
    plain_open, plain_os_open, plain_fsync = builtins.open, os.open, os.fsync

    class Watched(io.FileIO):
        def write(self, data: Any) -> int:
            report("write", str(self.name), self.tell(), bytes(data))
            return super().write(data)

    def open_file(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        path = "" if isinstance(file, int) else os.path.abspath(file)  # noqa: PTH100
        if not path.startswith(inside) or not set(mode) & set("wxa+"):
            return plain_open(file, mode, *rest, **options)
        if not os.path.exists(path):  # noqa: PTH110
            report("create", path)
        elif "w" in mode:
            report("truncate", path)
        raw = Watched(path, mode.replace("b", "").replace("t", ""))
        paths[raw.fileno()] = path
        return io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)

    def open_handle(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        name = os.path.abspath(path)  # noqa: PTH100
        if flags & os.O_CREAT and not os.path.exists(name):  # noqa: PTH110
            report("create", name)
        handle = plain_os_open(path, flags, *rest, **options)
        paths[handle] = name
        return handle

    def fsync(handle: int) -> None:
        path = paths.get(handle, "")
        report("sync folder" if os.path.isdir(path) else "sync", path)  # noqa: PTH112
        plain_fsync(handle)

    def renaming(plain: Callable[..., None]) -> Callable[..., None]:
        def rename(old: Any, new: Any, **options: Any) -> None:
            report("rename", os.path.abspath(old), 0, os.fsencode(os.path.abspath(new)))  # noqa: PTH100
            plain(old, new, **options)

        return rename

    def one(kind: str, plain: Callable[..., None]) -> Callable[..., None]:
        def call(path: Any, *rest: Any, **options: Any) -> None:
            full = os.path.abspath(path)  # noqa: PTH100
            if os.path.lexists(full) == (kind == "unlink"):
                report(kind, full)
            plain(path, *rest, **options)

        return call

    shutil._USE_CP_SENDFILE = False  # type: ignore[attr-defined] # which writes unseen
    wrapped: dict[str, Any] = {
        "open": open_handle,
        "fsync": fsync,
        "mkdir": one("mkdir", os.mkdir),
        "unlink": one("unlink", os.unlink),
        "remove": one("unlink", os.remove),
        "rename": renaming(os.rename),
        "replace": renaming(os.replace),
    }
    for name, function in wrapped.items():
        setattr(os, name, function)
    builtins.open = io.open = open_file  # type: ignore[assignment]


# --- what to do when a call comes -----------------------------------------------------------


class Counting:
    """Do something at the n-th call, or write down what comes.

    Args:
        at: the number of the call, from 0; None only writes down.
        then: what to do with it, and with all that follow if ``lasting``.
    """

    def __init__(
        self, at: int | None = None, then: OnCall | None = None, *, lasting: bool = False
    ) -> None:
        self.seen: list[str] = []
        self._at, self._then, self._lasting = at, then, lasting

    def __call__(self, call: Call) -> None:
        number = len(self.seen)
        self.seen.append(call.name)
        if self._at is None or self._then is None or number < self._at:
            return
        if number == self._at or self._lasting:
            self._then(call)


def die(_: Call) -> None:
    """End this process as a kill from outside does."""
    os.kill(os.getpid(), signal.SIGKILL)


def fail(call: Call) -> None:
    """Let a call fail as on a broken disk."""
    if call.kind != STATEMENT:
        raise OSError(errno.EIO, os.strerror(errno.EIO), call.path)


def no_space(call: Call) -> None:
    """Let a call fail that needs space, as on a full disk."""
    if call.kind in ("create", "write", "mkdir"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), call.path)
