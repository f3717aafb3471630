"""What a training must be to be stored: finite, whole, and in step with its data."""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections.abc import Sequence
from dataclasses import asdict, replace

from swereg.errors import CheckFailed, UsageError
from swereg.records import refs
from swereg.records.dataset import Dataset
from swereg.records.entry import NewEntry
from swereg.records.metrics import stored
from swereg.records.training import Outputs
from swereg.registry.entries import rows


def check_new_entry(new: NewEntry) -> NewEntry:
    """Return a training with its names in NFC, or refuse one that could not be trusted.

    Raises:
        UsageError: a name breaks the rule, or a text is not valid Unicode.
        CheckFailed: a figure is missing or not finite, or the outputs do not fit the data.
    """
    check_without_data(new)
    for part in new.fitted.outputs:
        _check_outputs(part, new.dataset or Dataset((), (), ()))
    task = replace(new.task, name=refs.check_name(new.task.name, noun="task name"))
    return replace(new, name=refs.check_name(new.name), task=task)


def check_without_data(new: NewEntry) -> None:
    """Refuse a training for what can be known without its examples."""
    _check_scores(new)
    _check_facts(new)
    splits = [part.split for part in new.fitted.outputs]
    if len(set(splits)) != len(splits):
        raise _wrong("the outputs have a split twice", f"They are of {', '.join(splits)}.")


def check_counted(part: Outputs, counts: Sequence[int]) -> None:
    """Refuse outputs that do not fit the number of examples of each label, in label order."""
    _check_shape(part, sum(counts), len(counts))
    truth = struct.unpack(f"<{part.rows}H", part.truth)
    if [truth.count(column) for column in range(len(counts))] != list(counts):
        raise _wrong(f"the outputs on {part.split} are of other examples", "Their labels differ.")


def _check_scores(new: NewEntry) -> None:
    scores = new.fitted.scores
    required = []
    if not new.origin or scores.get("val"):
        required += [("val", name) for name in ("loss", *stored())]
    if scores.get("test"):
        required += [("test", name) for name in stored()]
    for split, name in required:
        if name not in scores.get(split, {}):
            raise _wrong("a score is missing", f"There is no {name} of {split}.")


def _check_facts(new: NewEntry) -> None:
    """Write everything as it will be written: neither JSON nor UTF-8 takes what is not sound."""
    fitted, task = new.fitted, new.task
    facts = [
        asdict(fitted.recipe),
        [asdict(epoch) for epoch in fitted.epochs],
        fitted.scores,
        fitted.seconds,
        fitted.cut,
        fitted.environment,
        new.note,
        new.origin,
        new.base and new.base.recommended,
        task.labels,
        task.description,
        task.source,
        task.licence,
        task.homepage,
        task.citation,
        task.metric,
    ]
    try:
        rows.to_json(facts).encode()
        if new.dataset is not None:
            new.dataset.to_jsonl().encode()
    except UnicodeEncodeError as fault:
        before = fault.object[max(0, fault.start - 20) : fault.start]
        raise UsageError(
            "a text of this training is not valid Unicode",
            why=f"{fault.reason}; what is wrong follows {before!r}.",
            hint="Write it again, in a terminal or a file that is UTF-8.",
            code="entry.unicode",
        ) from fault
    except ValueError as fault:
        raise _wrong("a figure of this training is not finite", f"{fault}.") from fault


def _check_outputs(part: Outputs, dataset: Dataset) -> None:
    _check_shape(part, len(dataset.split(part.split)), len(dataset.labels))
    truth = dataset.columns(part.split)
    if part.truth != struct.pack(f"<{len(truth)}H", *truth):
        raise _wrong(f"the outputs on {part.split} are of other examples", "Their labels differ.")


def _check_shape(part: Outputs, examples: int, labels: int) -> None:
    expected = (examples, labels, 4 * examples * labels)
    if (part.rows, part.columns, len(part.logits)) != expected:
        raise _wrong(
            f"the outputs on {part.split} do not fit its examples",
            f"{part.rows} x {part.columns} in {len(part.logits)} bytes; "
            f"there are {examples} examples and {labels} labels.",
        )
    logits = array("f", part.logits)
    if sys.byteorder == "big":
        logits.byteswap()
    if not all(map(math.isfinite, logits)):
        raise _wrong(f"an output on {part.split} is not finite", "It is NaN or infinite.")


def _wrong(claim: str, why: str) -> CheckFailed:
    return CheckFailed(
        claim,
        why=why,
        hint="Train again, perhaps more slowly; nothing was stored.",
        code="entry.check",
    )
