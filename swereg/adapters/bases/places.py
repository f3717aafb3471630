"""Where bases lie on this machine, without fetching or reading them, and without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from swereg.adapters.bases.fingerprint import Remembered
from swereg.home import locations
from swereg.records.training import BaseInfo

PACKAGED = "mini"


@dataclass(frozen=True)
class Place:
    """Where a recorded base is.

    Attributes:
        folder: with all of its files, or None where it is not on this machine.
        fingerprint: as it was last worked out, or None where that has not been done, or the
            files have changed since.
    """

    folder: Path | None
    fingerprint: str | None


def find_base(info: BaseInfo) -> Place:
    """Look where a base was recorded: in the package, in the Hub's cache, or in its folder."""
    folder = _folder(info)
    if folder is None or not (folder / "config.json").is_file() or not _has_weights(folder):
        return Place(None, None)
    return Place(folder, Remembered(folder).get())


def _folder(info: BaseInfo) -> Path | None:
    if info.revision:
        return _in_cache(info)
    return locations.PACKAGED_BASES / PACKAGED if info.name == PACKAGED else Path(info.name)


def _in_cache(info: BaseInfo) -> Path | None:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(info.name, revision=info.revision, local_files_only=True))
    except (OSError, ValueError):  # not in the cache, or a name that no Hub has
        return None


def _has_weights(folder: Path) -> bool:
    return any(any(folder.glob(f"*{ending}")) for ending in (".safetensors", ".bin"))
