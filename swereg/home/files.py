"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Closing any handle of a file gives up this process's locks on it, those of another thread's
# SQLite too. So within a process one thread at a time makes files.
_making = threading.Lock()

UNFINISHED = ".part"  # how the name of a file ends that is being written
_PREFIX = 16  # characters of the final name in it


def make_private_file(path: Path) -> None:
    """Make an empty file for its owner alone, and its folder; leave it if it is there.

    Raises:
        OSError: it cannot be made.
    """
    with _making:
        if path.exists():
            return
        new_folders = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:  # another process was faster
            return
        for folder in (path, *new_folders):
            sync_folder(folder.parent)


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside a file; it takes the file's place once it is on disk.

    Raises:
        OSError: it cannot be written. Nothing is left over then.
    """
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name[:_PREFIX]}-", suffix=UNFINISHED
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # Content before name: a power cut may otherwise leave the new name with nothing in it.
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes | str, *, private: bool = False) -> None:
    """Write a file whole, in place of the one before; a text in UTF-8.

    Args:
        private: whether its owner alone may read it; else as files of this user are.

    Raises:
        OSError: it cannot be written. The one before is there as it was.
    """
    with replacing_file(path) as temporary:
        if not private:
            temporary.unlink()  # it was made for its owner alone
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def unfinished_files(path: Path) -> Iterator[Path]:
    """Give what replacing has left of a file, and of those named after it, when it was killed."""
    start = f".{path.name[:_PREFIX]}"
    for leftover in path.parent.glob(f".*{UNFINISHED}"):
        if leftover.name.startswith(start):
            yield leftover


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
