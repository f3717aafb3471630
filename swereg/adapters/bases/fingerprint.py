"""The identity of a base: what it is made of, never what it is called.

It is the sha256 over the encoder's tensors as they run (float32), its tokenizer and its
architecture. It is worked out once per folder and remembered by path, size and modification time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from swereg.home import files, locations

FORMAT = "1"  # of the hash below; a change makes every remembered fingerprint worthless


def fingerprint(tensors: Mapping[str, Any], tokenizer: str, architecture: str) -> str:
    """Hash an encoder's tensors, its tokenizer and its architecture.

    Args:
        tensors: the encoder's state, of torch on the CPU or of numpy; what is in float16 counts as
            it runs, in float32.
        tokenizer: the tokenizer in its JSON form.
        architecture: the class in transformers.

    Returns:
        sha256, 64 hex digits; equal for the same content from any folder and file format.
    """
    total = hashlib.sha256(f"{FORMAT}\n{architecture}\n{_canonical(tokenizer)}\n".encode())
    for name in sorted(tensors):
        array = np.asarray(tensors[name])
        array = array.astype(np.float32) if array.dtype == np.float16 else array
        total.update(f"{name} torch.{array.dtype} {array.shape}\n".encode())
        total.update(np.ascontiguousarray(array).data.cast("B"))
    return total.hexdigest()


def _canonical(tokenizer: str) -> str:
    """The tokenizer's JSON without what each call sets anew, with sorted keys."""
    parts = json.loads(tokenizer)
    parts.pop("truncation", None)
    parts.pop("padding", None)
    return json.dumps(parts, sort_keys=True, ensure_ascii=False)


class Remembered:
    """Fingerprints of folders, valid while no file of the folder changes.

    Kept in the cache folder; losing it costs a new hash (0.4 s for 499 MB).
    """

    def __init__(self, folder: Path) -> None:
        self._key = hashlib.sha256(f"{FORMAT} {_stamp(folder)}".encode()).hexdigest()
        self._file = locations.cache_folder() / "fingerprints" / self._key

    def get(self) -> str | None:
        """Return the fingerprint, or None where it is not known."""
        try:
            return self._file.read_text().strip() or None
        except OSError:
            return None

    def forget(self) -> None:
        """Have it worked out again the next time."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)

    def put(self, value: str) -> None:
        """Remember a fingerprint; a cache that cannot be written is no error."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            files.write_whole(self._file, value + "\n")
        except OSError:
            return


def _stamp(folder: Path) -> list[list[Any]]:
    """Real path, size and modification time of every file, to the nanosecond."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    states = [(path.resolve(), path.stat()) for path in files]
    return [[str(path), state.st_size, state.st_mtime_ns] for path, state in states]
