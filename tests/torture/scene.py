"""A registry that is going to suffer, in a folder of its own, with its ledger outside of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture import invariants, work
from tests.torture.invariants import Verdict
from tests.torture.ledger import Ledger
from tests.torture.processes import call

PREPARED = (
    "add_file",
    "rm",
    "add",
    "add",
    "add",
    "add_file",
    "add_file",
    "alias",
    "tag",
    "note",
    "rm",
)


@dataclass(frozen=True)
class Trial:
    """One fault, and what became of it.

    Attributes:
        what: the fault, so that it can be found again.
        broken: the invariants that did not hold.
        opening: seconds until the registry answered again.
        remark: something that is counted beside, such as how damage was found.
    """

    what: str
    broken: tuple[str, ...] = ()
    opening: float = 0.0
    remark: str = ""


@dataclass(frozen=True)
class Setting:
    """Where and how one kind of fault is tried.

    Attributes:
        folder: empty; everything happens in it.
        seed: the same one gives the same faults, except where several processes race.
        weakness: see weaknesses.py.
        short: whether a representative few are wanted first.
    """

    folder: Path
    seed: str = "1"
    weakness: str = ""
    short: bool = False

    def scene(self) -> Scene:
        """A new, empty scene."""
        return Scene(Path(tempfile.mkdtemp(dir=self.folder)))

    def prepared(self, operations: Sequence[str] = PREPARED) -> Scene:
        """A scene with a registry in which something was done already."""
        scene = self.scene()
        ended = call(work.several, scene.path, scene.ledger, operations, self.weakness)
        assert not ended.fault, ended.fault
        return scene


@dataclass(frozen=True)
class Scene:
    """A folder with a registry in it, perhaps, and a ledger."""

    folder: Path
    path: Path = field(init=False)
    ledger: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", self.folder / "registry" / "registry.db")
        object.__setattr__(self, "ledger", self.folder / "ledger.jsonl")
        self.path.parent.mkdir(exist_ok=True)

    def copy(self) -> Scene:
        """The same once more, to be destroyed."""
        folder = Path(tempfile.mkdtemp(dir=self.folder.parent))
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Scene(folder)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def refusals(self) -> tuple[str, ...]:
        """What was refused, though nothing should have been."""
        lines = Ledger(self.ledger).lines()
        return tuple(f"refused: {line.code}" for line in lines if line.said == "refused")

    def check(self) -> Verdict:
        """Ask a fresh process whether everything holds."""
        ended = call(invariants.check, self.path, self.ledger)
        if ended.value is None:
            return Verdict((f"the check failed: {ended.fault or ended.signal}",))
        verdict: Verdict = ended.value
        return verdict
