"""The side of the torture that suffers: processes that work on a registry and keep the ledger."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from swereg.errors import Busy, SweregError
from swereg.registry import Registry
from tests.torture import calls, weaknesses
from tests.torture.calls import Counting, OnCall
from tests.torture.ledger import Ledger, Line
from tests.torture.operations import ALONE, BY_NAME, IN_DATABASE, OPERATIONS, Operation, Turn

PAUSE = 30.0  # seconds to wait for other writers, as users have it


def open_registry(path: Path, timeout: float = PAUSE) -> Registry:
    return Registry.open(path, create=True, timeout=timeout, largest_in_database=IN_DATABASE)


def perform(registry: Registry, operation: Operation, turn: Turn, ledger: Ledger) -> str:
    """Do one operation and write down what it promised; return an error's code, or ""."""
    steps = operation(registry, turn)
    begun = False
    try:
        for facts in steps:
            ledger.add(Line(turn.worker, "done" if begun else "begin", facts))
            begun = True
    except (Exception, KeyboardInterrupt) as fault:
        code = fault.code if isinstance(fault, SweregError) else f"{type(fault).__name__}: {fault}"
        ledger.add(Line(turn.worker, "refused", code=code))
        return code
    return ""


def one(path: Path, ledger: Path, name: str, turn: Turn) -> str:
    """Open a registry and do one operation; return the code of an error, or ""."""
    try:
        with open_registry(path) as registry:
            return perform(registry, BY_NAME[name], turn, Ledger(ledger))
    except SweregError as fault:
        return fault.code


def watched(
    path: Path,
    ledger: Path,
    name: str,
    turn: Turn,
    at: int | None,
    then: OnCall,
    lasting: bool,
    weakness: str,
) -> tuple[str, list[str]]:
    """Do one operation, and something at its n-th call; return its error and all calls."""
    weaknesses.apply(weakness)
    counting = Counting(at, then, lasting=lasting)
    calls.watch(path.parent, counting)
    return one(path, ledger, name, turn), counting.seen


def many(
    path: Path, ledger: Path, worker: str, number: int, seed: str, weakness: str, alone: bool
) -> None:
    """Do operations at random, each on a registry that is opened anew."""
    weaknesses.apply(weakness)
    rng = random.Random(seed)
    choice = {op: weight for op, weight in OPERATIONS.items() if alone or op not in ALONE}
    for done in range(number):
        (operation,) = rng.choices([*choice], [*choice.values()])
        turn = Turn(worker, f"{worker}-{seed}-{done}", "samma")
        try:
            with open_registry(path) as registry:
                if not turn.own(registry):
                    operation = BY_NAME["add"]
                perform(registry, operation, turn, Ledger(ledger))
        except SweregError as fault:
            Ledger(ledger).add(Line(worker, "refused", code=fault.code))


def several(
    path: Path, ledger: Path, names: Sequence[str], weakness: str = "", *, opened_anew: bool = True
) -> None:
    """Do these operations, one after the other; any refusal is an error.

    Args:
        opened_anew: whether each opens the registry, as commands do, or one stays open.
    """
    weaknesses.apply(weakness)
    kept = None if opened_anew else open_registry(path)
    for number, name in enumerate(names):
        turn = Turn("w", f"w-{number}", "modell")
        registry = kept or open_registry(path)
        code = perform(registry, BY_NAME[name], turn, Ledger(ledger))
        assert not code, f"{name}: {code}"
        if not kept:
            registry.close()


def afterwards(path: Path, ledger: Ledger) -> list[str]:
    """Store a training, load it, and let swereg check everything (I7)."""
    number = sum(line.worker == "next" for line in ledger.lines())
    turn = Turn("next", f"next-{number}", "nästa")
    try:
        with open_registry(path, timeout=5.0) as registry:
            code = perform(registry, BY_NAME["add"], turn, ledger)
            if code:
                return [f"I7 the next training is refused: {code}"]
            registry.weights(registry.entries(name="nästa")[0])
            return [f"I7 {problem.what}: {problem.why}" for problem in registry.check().problems]
    except Busy as fault:
        return [f"I7 {fault}"]
    except Exception as fault:
        return [f"I7 {type(fault).__name__}: {fault}"]
