"""Which kind of disk a file is on: some lose what SQLite relies on."""

from __future__ import annotations

import re
from pathlib import Path

_NETWORK = {
    "9p",
    "afs",
    "afpfs",
    "beegfs",
    "ceph",
    "cifs",
    "davfs",
    "fuse.davfs2",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
    "vboxsf",
    "vmhgfs",
}
_SYNCED = re.compile(
    r"onedrive|dropbox|google ?drive|icloud|mobile documents|nextcloud|owncloud", re.IGNORECASE
)
_MOUNTS = Path("/proc/self/mounts")


def filesystem_of(path: Path, mounts: Path = _MOUNTS) -> str:
    """Return the kind of filesystem, such as ``ext4``; ``""`` where the system does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    place, best, filesystem = path.resolve(), -1, ""
    for line in lines:
        _, point, name, *_ = line.split(" ")
        folder = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point))
        if place.is_relative_to(folder) and len(folder.parts) >= best:
            best, filesystem = len(folder.parts), name
    return filesystem


def is_network(name: str) -> bool:
    """Tell whether a kind of filesystem is another computer's."""
    return name in _NETWORK


def synced_by(path: Path) -> str:
    """Return the part of a path that looks like a folder that is synchronised, or ``""``."""
    return next((part for part in path.parts if _SYNCED.search(part)), "")
