"""The use case of doctor: what a person would look at first where something does not work."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from swereg.api.unfinished import runs, staged
from swereg.home import locations
from swereg.plugins import entry_points
from swereg.records.finding import Finding
from swereg.records.training import BaseInfo
from swereg.registry import Registry, inspection

_NEEDED = (
    "swereg",
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "huggingface_hub",
    "safetensors",
    "tokenizers",
    "numpy",
    "scikit-learn",
    "scipy",
    "SQLAlchemy",
    "alembic",
    "click",
    "rich",
    "platformdirs",
)
_EXTRAS = {"openpyxl": "excel", "pyarrow": "parquet"}
_VARIABLES = ("SWEREG_REGISTRY", "SWEREG_HOME", "HF_HOME", "HF_HUB_OFFLINE", "OMP_NUM_THREADS")


def doctor(registry: str | Path | None = None) -> list[Finding]:
    """Look at the registry, the bases, the plugins and the environment; change nothing.

    Torch is not imported, nothing is fetched, and no large file is read; ``verify`` does that.
    """
    place = registry or locations.registry_location()
    findings = list(inspection.inspect_registry(place))
    bases = _bases(place) if _sound(findings) else iter(())
    return [*findings, *_waiting(), *bases, *_plugins(), *_environment()]


def _waiting() -> Iterator[Finding]:
    """Trainings that are not in their registry yet, and those that were interrupted."""
    for training in staged.staged():
        text = f"cannot be read: {training.fault}"
        if training.entry is not None:
            name, place = training.entry.name, training.registry
            text = f"{name} was trained for {place}, but could not be stored"
        short = training.run[:8]
        hint = f"Store it: swereg recover {short}; or: swereg recover --discard {short}"
        yield Finding("registry", f"run {short}", "note", text, hint)
    for run in runs.interrupted():
        short = run.run[:8]
        hint = f"Go on: swereg train --resume {short}; or: swereg recover --discard {short}"
        yield Finding("registry", f"run {run.run[:8]}", "note", f"{run.name} was interrupted", hint)


def _sound(findings: list[Finding]) -> bool:
    """Whether the registry can be opened without upgrading it."""
    return any(finding.name == "schema" and finding.level == "ok" for finding in findings)


def _bases(place: str | Path) -> Iterator[Finding]:
    with Registry.open(place) as store:
        default, recorded = store.default_base, store.bases()
    if not recorded:
        yield Finding("base", "base", "ok", "none yet; the first training chooses one")
    for info in recorded:
        yield _base(info, default is not None and default.fingerprint == info.fingerprint)


def _base(info: BaseInfo, default: bool) -> Finding:
    from swereg.adapters.bases import places

    name = f"{info}{' (default)' if default else ''}"
    place = places.find_base(info)
    if place.folder is None and info.revision:
        hint = "Using an entry of it fetches it, with a connection to the Hugging Face Hub."
        return Finding("base", name, "note", "not in the local cache", hint)
    if place.folder is None:
        hint = "Say where it is now with --base, or put it back."
        return Finding("base", name, "wrong", "its folder is gone", hint)
    if place.fingerprint not in (None, info.fingerprint):
        hint = "Its entries are refused on it. Say where the recorded one is with --base."
        return Finding("base", name, "wrong", f"another base is in {place.folder}", hint)
    state = "its content was checked" if place.fingerprint else "is checked when it is next used"
    return Finding("base", name, "ok", f"in {place.folder}; {state}")


def _plugins() -> Iterator[Finding]:
    for kind in entry_points.GROUPS:
        plugins = entry_points.installed_plugins(kind)
        faults = {plugin: entry_points.fault_of(plugin) for plugin in plugins}
        for plugin, fault in faults.items():
            if fault:
                hint = "Update or uninstall that package."
                yield Finding("plugins", f"{kind} {plugin.name}", "wrong", fault, hint)
        sound = sum(not fault for fault in faults.values())
        yield Finding("plugins", f"{kind}s", "ok", f"{sound} of {len(plugins)} can be used")


def _environment() -> Iterator[Finding]:
    system = f"{platform.system()} {platform.machine()}"
    yield Finding("environment", "Python", "ok", f"{platform.python_version()} on {system}")
    for name in _NEEDED:
        try:
            yield Finding("environment", name, "ok", version(name))
        except PackageNotFoundError:
            hint = f"Install it: pip install {name}"
            yield Finding("environment", name, "wrong", "not installed", hint)
    for name, extra in _EXTRAS.items():
        try:
            text = version(name)
        except PackageNotFoundError:
            text = f"not installed; for such files: pip install swereg[{extra}]"
        yield Finding("environment", name, "ok", text)
    for name in _VARIABLES:
        if name in os.environ:
            value = os.environ[name]  # a URL may have a password in it
            yield Finding("environment", name, "ok", "a URL" if "://" in value else value)
