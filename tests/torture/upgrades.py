"""Upgrades that are killed half-way, raced, and met by programs that are older than the file."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import swereg
from swereg.errors import SchemaMismatch
from swereg.registry import Registry, opening
from tests.torture import calls, invariants, work
from tests.torture.calls import Counting, OnCall
from tests.torture.invariants import Verdict
from tests.torture.processes import Ended, Process, call
from tests.torture.scene import Scene, Setting, Trial

_SECOND = '''"""A revision of the future."""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "{new:04}", "{old:04}"
def upgrade():
    op.create_table("extra", sa.Column("x", sa.Integer))
    op.add_column("tasks", sa.Column("more", sa.Text))
    op.create_index("ix_extra_x", "extra", ["x"])
def downgrade():
    pass
'''
_RACERS = 4


def killed(setting: Setting) -> Iterator[Trial]:
    """Kill an upgrade at each of its calls, in random order; then let it be finished."""
    ready, future = setting.prepared(), _future(setting)
    whole = call(_upgrade_watched, ready.copy().path, future, None, calls.die)
    assert whole.value, whole
    points = list(enumerate(whole.value))
    random.Random(setting.seed).shuffle(points)
    for at, kind in points:
        scene = ready.copy()
        ended = call(_upgrade_watched, scene.path, future, at, calls.die)
        lived = () if ended.signal == signal.SIGKILL else (f"it was not killed: {ended}",)
        yield _judge(scene, future, f"killed at {kind} ({at})", lived)


def raced(setting: Setting) -> Iterator[Trial]:
    """Let several upgrade at once: all succeed, one of them did it."""
    ready, future = setting.prepared(), _future(setting)
    while True:
        scene = ready.copy()
        racers = [Process(_upgrade, scene.path, future) for _ in range(_RACERS)]
        ended = [process.end() for process in racers]
        broken = tuple(f"ended with {e.fault or e.signal}" for e in ended if e.fault or e.signal)
        backups = list(scene.path.parent.glob("*.bak"))
        if len(backups) != 1:
            broken += (f"{len(backups)} copies of the old file",)
        yield _judge(scene, future, f"{_RACERS} at once", broken)


def _judge(scene: Scene, future: Path, what: str, broken: tuple[str, ...]) -> Trial:
    """Check with the newer program; then the older one has to keep its hands off."""
    ended: Ended = call(_check_as_newer, scene.path, scene.ledger, future)
    verdict = ended.value or Verdict((f"the check failed: {ended.fault or ended.signal}",))
    before = scene.path.read_bytes()
    older = call(_open_as_older, scene.path)
    if older.value != "refused" or scene.path.read_bytes() != before:
        broken += (f"the older program: {older}",)
    scene.remove()
    return Trial(what, broken + verdict.broken, verdict.opening)


def _future(setting: Setting) -> Path:
    """The scripts of a program with one more revision."""
    folder = setting.folder / "migrations"
    if not folder.exists():
        shutil.copytree(Path(swereg.__file__).parent / "migrations", folder)
        second = _SECOND.format(old=opening.HEAD, new=opening.HEAD + 1)
        (folder / "versions" / "future.py").write_text(second)
    return folder


def _become_newer(future: Path) -> None:
    opening.SCRIPTS = str(future)
    opening.HEAD += 1


def _upgrade(path: Path, future: Path) -> None:
    _become_newer(future)
    with Registry.open(path) as registry:
        registry.entries()


def _upgrade_watched(path: Path, future: Path, at: int | None, then: OnCall) -> list[str]:
    counting = Counting(at, then)
    calls.watch(path.parent, counting)
    _upgrade(path, future)
    return counting.seen


def _check_as_newer(path: Path, ledger: Path, future: Path) -> Verdict:
    _become_newer(future)
    with work.open_registry(path):
        pass
    return invariants.check(path, ledger)


def _open_as_older(path: Path) -> str:
    try:
        with Registry.open(path):
            return "opened"
    except SchemaMismatch:
        return "refused"
