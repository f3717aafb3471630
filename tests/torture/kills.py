"""Processes that are killed: at random, and at every call that they make."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator

from tests.torture import calls, work
from tests.torture.calls import OnCall
from tests.torture.operations import OPERATIONS, Turn
from tests.torture.processes import Ended, Process, call, wait_until
from tests.torture.scene import Scene, Setting, Trial

_NEW = "create"  # an add where there is no registry yet
_KILLS = 20  # of the same registry, before there is a new one


def at_random(setting: Setting) -> Iterator[Trial]:
    """Kill one to three workers after some milliseconds, again and again."""
    rng = random.Random(setting.seed)
    while True:
        scene = setting.scene()
        for number in range(_KILLS):
            workers = rng.choice([1, 1, 2, 3])
            trial = _one_kill(scene, setting, rng, f"{number}", workers)
            yield trial
            if trial.broken:
                break
        scene.remove()


def _one_kill(
    scene: Scene, setting: Setting, rng: random.Random, number: str, workers: int
) -> Trial:
    how, delay = rng.choice([signal.SIGKILL, signal.SIGTERM]), rng.uniform(0, 0.12)
    size = scene.ledger.stat().st_size if scene.ledger.exists() else 0
    started = [
        Process(
            work.many,
            scene.path,
            scene.ledger,
            f"w{worker}",
            10**6,
            f"{setting.seed}.{number}",
            setting.weakness,
            workers == 1,
        )
        for worker in range(workers)
    ]
    wait_until(lambda: scene.ledger.exists() and scene.ledger.stat().st_size > size)
    time.sleep(delay)
    for process in started:
        process.kill(how)
    for process in started:
        process.end()
    refused = scene.refusals()
    verdict = scene.check()
    what = f"{how.name} of {workers} after {delay * 1000:.0f} ms"
    return Trial(what, refused + verdict.broken, verdict.opening)


def at_every_call(setting: Setting) -> Iterator[Trial]:
    """Kill each operation at each of its calls: once at each kind of call, then at the others."""
    yield from faults_at_calls(setting, calls.die, judge=lambda _: ())


def faults_at_calls(
    setting: Setting,
    then: OnCall,
    *,
    judge: Callable[[Ended], tuple[str, ...]],
    lasting: bool = False,
) -> Iterator[Trial]:
    """Do each operation again and again, with a fault at another of its calls each time.

    Args:
        then: what to do at the call, and at all that follow it if ``lasting``.
        judge: what is wrong with how the process ended.
    """
    ready, empty = setting.prepared(), setting.scene()
    for name, at, kind in _points(setting, ready, empty):
        scene = (empty if name == _NEW else ready).copy()
        ended = _do(scene, name, at, then, lasting, setting.weakness)
        verdict = scene.check()
        yield Trial(f"{name} at {kind} ({at})", judge(ended) + verdict.broken, verdict.opening)
        scene.remove()


def _do(
    scene: Scene, name: str, at: int | None, then: OnCall, lasting: bool, weakness: str
) -> Ended:
    turn = Turn("w", "w-fault", "modell")
    operation = "add" if name == _NEW else name
    return call(
        work.watched, scene.path, scene.ledger, operation, turn, at, then, lasting, weakness
    )


def _points(setting: Setting, ready: Scene, empty: Scene) -> Iterator[tuple[str, int, str]]:
    """The calls of all operations: first one of each kind, then the others, in random order.

    Where a weakness is to be found, any call is as good as another.
    """
    rng = random.Random(setting.seed)
    first: dict[tuple[str, str], tuple[str, int, str]] = {}
    others = []
    for name in [_NEW, *(operation.__name__ for operation in OPERATIONS)]:
        scene = (empty if name == _NEW else ready).copy()
        ended = _do(scene, name, None, calls.die, False, setting.weakness)
        assert ended.value, f"{name}: {ended}"
        for at, kind in enumerate(ended.value[1]):
            point = (name, at, kind)
            if setting.weakness or first.setdefault((name, kind), point) is not point:
                others.append(point)
        scene.remove()
    chosen = list(first.values())
    rng.shuffle(chosen)
    rng.shuffle(others)
    yield from chosen
    yield from others
