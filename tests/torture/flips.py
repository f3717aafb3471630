"""Flipped bits, zeroed sectors, truncated files: they are found, or change nothing."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

from swereg.errors import SweregError
from tests.torture import weaknesses, work
from tests.torture.ledger import Ledger, expected
from tests.torture.operations import said
from tests.torture.processes import call
from tests.torture.scene import Setting, Trial

_SECTOR = 512


def flipped(setting: Setting) -> Iterator[Trial]:
    """Damage the file of the database or of weights, and read every entry as users do."""
    rng = random.Random(setting.seed)
    ready = setting.prepared()
    while True:
        scene = ready.copy()
        folder = scene.path.parent
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        path = scene.path if rng.random() < 0.7 else rng.choice(files)
        how = _damage(path, rng)
        ended = call(_read, scene.path, scene.ledger, setting.weakness)
        fooled, found = ended.value or ((f"reading ended with {ended.fault or ended.signal}",), "")
        yield Trial(f"{path.name}: {how}", fooled, remark=found)
        scene.remove()


def _damage(path: Path, rng: random.Random) -> str:
    content = bytearray(path.read_bytes())
    at = rng.randrange(len(content))
    kind = rng.choice(["bit", "bit", "bits", "sector", "end"])
    if kind == "end":
        del content[at:]
    elif kind == "sector":
        start = at // _SECTOR * _SECTOR
        content[start : start + _SECTOR] = bytes(len(content[start : start + _SECTOR]))
    else:
        for _ in range(1 if kind == "bit" else rng.randrange(2, 50)):
            content[rng.randrange(at, min(at + 64, len(content)))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return f"{kind} at {at}"


def _read(path: Path, ledger: Path, weakness: str) -> tuple[tuple[str, ...], str]:
    """Read every entry; return what was read wrong and not noticed, and whether any was."""
    weaknesses.apply(weakness)
    promised = expected(Ledger(ledger).lines()).certain
    fooled, found = [], "harmless"
    for key, value in promised.items():
        if not key.startswith("entry ") or value is None or f"deleted {key[6:]}" in promised:
            continue
        try:
            with work.open_registry(path) as registry:
                entry = registry.get(value.split()[0])
                weights = registry.weights(entry)
                if (said(entry), entry.run) != (value, key[6:]):
                    fooled.append(f"I1 {key} is read as {said(entry)}")
                data = weights.data or (weights.path.read_bytes() if weights.path else b"")
                if hashlib.sha256(data).hexdigest() != value.split()[1]:
                    fooled.append(f"I3 {key} comes with other weights")
        except SweregError:
            found = "found"
    return tuple(fooled), found
