"""Where things live: the registry, the caches and the bases that ship with swereg."""

from __future__ import annotations

import os
import re
from pathlib import Path

import platformdirs

PACKAGED_BASES = Path(__file__).parents[1] / "adapters" / "bases"


def registry_location() -> str:
    """The registry to use when none is named: ``SWEREG_REGISTRY``, else the user's data folder."""
    return os.environ.get("SWEREG_REGISTRY") or str(data_folder() / "registry.db")


def data_folder() -> Path:
    """The folder of what must not be lost: ``SWEREG_HOME``, else the user's data folder."""
    home = os.environ.get("SWEREG_HOME")
    return Path(home) if home else Path(platformdirs.user_data_dir("swereg", appauthor=False))


def cache_folder() -> Path:
    """The folder of what can be made again, such as remembered fingerprints."""
    home = os.environ.get("SWEREG_HOME")
    if home:
        return Path(home) / "cache"
    return Path(platformdirs.user_cache_dir("swereg", appauthor=False))


def hub_cache() -> Path:
    """Where the Hugging Face Hub's library keeps models; its own rules, without its import."""
    folder = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if folder:
        return Path(os.path.expandvars(folder)).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    hub_home = os.environ.get("HF_HOME") or f"{cache}/huggingface"
    return Path(os.path.expandvars(hub_home)).expanduser() / "hub"


def without_password(location: str) -> str:
    """Hide the password of a database URL."""
    return re.sub(r"(://[^/:@]*):[^/@]*@", r"\1:***@", location)
