"""What was promised, written down outside the registry: the oracle of the torture.

Facts are pairs such as ``alias känslor@prod`` and ``känslor/3``; None means that it is not there.
A line says what a worker begins and which facts that will make, or that it is done, or refused.
Each line is one write, so a kill leaves whole lines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Facts = Mapping[str, str | None]
UNKNOWN = "?"  # a value that is only known once it is done, such as the number of a version

_open, _write, _close = os.open, os.write, os.close  # also where others are watched


@dataclass(frozen=True)
class Line:
    """What a worker said.

    Attributes:
        said: begin, done or refused.
        facts: what it will be, or is.
        code: of the error, if it was refused; its name, if it was none of swereg's.
    """

    worker: str
    said: str
    facts: Facts = field(default_factory=dict)
    code: str = ""


class Ledger:
    """A file that lines are added to. Its process may be killed at any moment."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, line: Line) -> None:
        """Write a line, whole or not at all."""
        text = json.dumps(line.__dict__, ensure_ascii=False) + "\n"
        handle = _open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
            _write(handle, text.encode())
        finally:
            _close(handle)

    def lines(self) -> list[Line]:
        """All lines, the first first."""
        if not self.path.exists():
            return []
        return [Line(**json.loads(text)) for text in self.path.read_text("utf-8").splitlines()]


@dataclass
class Expected:
    """What a registry must say now.

    Attributes:
        certain: the facts that were acknowledged, and not touched since.
        pending: what workers began and did not finish: per worker the facts before and after.
    """

    certain: dict[str, str | None] = field(default_factory=dict)
    pending: dict[str, tuple[Facts, Facts]] = field(default_factory=dict)

    def contradictions(self, found: Mapping[str, str]) -> list[str]:
        """Say what a registry's facts have against what was promised."""
        broken = []
        open_keys: set[str] = set()
        for worker, (before, after) in self.pending.items():
            open_keys |= set(after)
            broken += _neither(worker, before, after, found)
        for key, value in self.certain.items():
            if key not in open_keys and found.get(key) != value:
                broken.append(f"I1 acknowledged and lost: {key}: {value}, found {found.get(key)}")
        for key in found.keys() - self.certain.keys() - open_keys:
            broken.append(f"I2 nobody stored this: {key}: {found[key]}")
        return broken


def expected(lines: Iterable[Line]) -> Expected:
    """Follow the lines to what they promise."""
    now = Expected()
    for line in lines:
        if line.said == "begin":
            before = {key: now.certain.get(key) for key in line.facts}
            now.pending[line.worker] = (before, line.facts)
            continue
        before, after = now.pending.pop(line.worker, ({}, {}))
        if line.said == "done":
            now.certain |= line.facts
        elif line.code != "storage.full" and after:  # that one says: it is as it was
            now.pending[f"{line.worker} refused {len(now.pending)}"] = (before, after)
    return now


def _neither(worker: str, before: Facts, after: Facts, found: Mapping[str, str]) -> list[str]:
    """See that something that was not finished is there whole or not at all."""
    sides = set()
    for key, old in before.items():
        value, new = found.get(key), after[key]
        if value == old != new:
            sides.add("before")
        elif value == new != old or (new == UNKNOWN and value is not None):
            sides.add("after")
        elif value != old:
            return [f"I2 {worker} began {key}: {old} to {new}, found {value}"]
    return [f"I2 {worker} did it by half: {dict(after)}"] if len(sides) > 1 else []
