"""The use case of verifying: is everything as it was stored, and does it still answer so?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from swereg.api.arguments.opening import open_registry
from swereg.api.load import load
from swereg.errors import NotFound, SweregError
from swereg.records.dataset import texts
from swereg.records.entry import Entry
from swereg.records.training import Outputs
from swereg.registry import Registry
from swereg.registry.care.integrity import Checked, OnChecked, Problem, silent

GOLDEN = 8  # validation texts that are answered again
ALLOWED = {"fp32": 1e-3, "bf16": 0.05}  # difference of a probability


def verify(
    ref: str | None = None,
    *,
    deep: bool = False,
    base: str | None = None,
    registry: Registry | str | Path | None = None,
    on_checked: OnChecked = silent,
) -> Checked:
    """Check that everything, or one entry, is as it was stored.

    Without ``deep`` it reads: the file by SQLite's own checks, and the digest of every entry's
    facts, of all weights and of all texts.

    Args:
        deep: also hash every base again, and hold the answers to the first validation texts
            against the stored ones.
        base: where the base is now, if it has moved.
        on_checked: called with how many of how many things have been checked, and what is next.

    Raises:
        NotFound: there is no such entry, or no registry.
    """
    with open_registry(registry) as store:
        checked = store.check(ref, on_checked=on_checked)
        if not deep:
            return checked
        entries = [store.get(ref)] if ref is not None else store.entries(sort="ref")
        return _ask(store, entries, checked, base, on_checked)


def _ask(
    store: Registry,
    entries: Sequence[Entry],
    checked: Checked,
    base: str | None,
    on_checked: OnChecked,
) -> Checked:
    """Have entries answer again."""
    problems, skipped, answered = list(checked.problems), [], 0
    _hash_bases_again(entries)
    for number, entry in enumerate(entries):
        on_checked(number, len(entries), entry.ref)
        try:
            off = _difference(store, entry, base)
        except NotFound as fault:
            skipped.append(f"{entry.ref}: {fault.what}")
            continue
        except SweregError as fault:
            problem = Problem.of(entry.ref, fault)
            problem_keys = {(finding.what, finding.code) for finding in problems}
            problems += [] if (problem.what, problem.code) in problem_keys else [problem]
            continue
        answered += 1
        if not off <= ALLOWED[entry.recipe.precision]:
            problems.append(_differs(entry, off))
    on_checked(len(entries), len(entries), "")
    return replace(checked, problems=tuple(problems), answered=answered, skipped=tuple(skipped))


def _hash_bases_again(entries: Sequence[Entry]) -> None:
    """Forget what the bases' folders were known to hold, so that loading reads every byte."""
    from swereg.adapters.bases import places
    from swereg.adapters.bases.fingerprint import Remembered

    for info in {base.fingerprint: base for entry in entries for base in entry.bases}.values():
        folder = places.find_base(info).folder
        if folder is not None:
            Remembered(folder).forget()


def _difference(store: Registry, entry: Entry, base: str | None) -> float:
    """The largest difference between a probability now and then, over the first texts.

    Raises:
        NotFound: the texts are not kept, or the base cannot be had.
        CheckFailed: something that is needed is not what was recorded.
    """
    outputs = next((part for part in store.outputs(entry) if part.rows), None)
    if outputs is None or entry.dataset is None:
        raise NotFound("it has no stored answers to hold new ones against", code="verify.outputs")
    examples = store.dataset(entry.dataset).split(outputs.split)[:GOLDEN]
    predictions = load(entry, base=base, registry=store, device="cpu").predict(texts(examples))
    stored = _probabilities(outputs, len(examples))
    return max(
        abs(answer.scores[label] - row[column])
        for answer, row in zip(predictions, stored, strict=True)
        for column, label in enumerate(entry.labels)
    )


def _probabilities(outputs: Outputs, rows: int) -> list[list[float]]:
    """The softmax of the first stored logits, [rows, labels]."""
    import numpy as np

    logits = np.frombuffer(outputs.logits, "<f4").reshape(outputs.rows, outputs.columns)
    shifted = logits[:rows].astype(np.float64)
    powers = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    probabilities: list[list[float]] = (powers / powers.sum(axis=1, keepdims=True)).tolist()
    return probabilities


def _differs(entry: Entry, off: float) -> Problem:
    return Problem(
        entry.ref,
        f"{entry.ref} answers differently from when it was trained",
        f"A probability is off by {off:.3g}; {ALLOWED[entry.recipe.precision]:g} is allowed. "
        f"Weights and base are those that were recorded.",
        "Compare the versions with those of its training: swereg show "
        f"{entry.ref}, and swereg doctor.",
        "verify.answers",
    )
