"""A training and the same one once more: what of it came out equal, and why the rest may not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from swereg.evaluation.comparison.pair import Change
from swereg.records.entry import Entry
from swereg.records.training import Epoch, Fitted, Outputs

TOLERANCE = 1e-5  # of a number's size, or absolute for numbers below 1

Verdict = Literal["identical", "close", "different"]
_ORDER: tuple[Verdict, ...] = ("identical", "close", "different")
_IDLE = ("swereg",)  # facts of an environment that decide nothing where all else is the same


@dataclass(frozen=True)
class Part:
    """Something of a training, then and now.

    Attributes:
        name: such as ``validation outputs``, or the name of a group of tensors.
        verdict: ``identical`` to the last bit, ``close`` within the tolerance, or ``different``.
        off: the largest difference; None where the two cannot be subtracted.
        text: what they are, where a difference does not say it.
    """

    name: str
    verdict: Verdict
    off: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Reproduction:
    """What became of a training that was done again.

    Attributes:
        ref: the entry.
        verdict: the worst of its parts.
        tolerance: up to which numbers are close, see ``TOLERANCE``.
        parts: losses, best epoch, metrics, outputs, weights.
        tensors: the weights in groups over all layers, where not all bits are the same.
        environment: what was recorded of the machine then, and is another now.
        reasons: why something may differ, in sentences; empty where nothing does.
        stored: the reference of the new entry, where it was to be kept.
    """

    ref: str
    verdict: Verdict
    tolerance: float
    parts: tuple[Part, ...]
    tensors: tuple[Part, ...]
    environment: tuple[Change, ...]
    reasons: tuple[str, ...]
    stored: str | None = None

    @property
    def equal(self) -> bool:
        """Whether everything is the same within the tolerance."""
        return self.verdict != "different"

    def to_json(self) -> dict[str, Any]:
        """All facts as plain JSON values."""
        return {"equal": self.equal, **asdict(self)}


@dataclass(frozen=True)
class Trained:
    """One of the two trainings.

    Attributes:
        outputs: the logits on validation and test.
        tensors: the weights by name.
        digest: of the weights' bytes.
    """

    epochs: Sequence[Epoch]
    best_epoch: int | None
    scores: Mapping[str, Mapping[str, float]]
    outputs: Sequence[Outputs]
    tensors: Mapping[str, NDArray[Any]]
    digest: str
    environment: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        facts: Entry | Fitted,
        outputs: Sequence[Outputs],
        tensors: Mapping[str, NDArray[Any]],
        digest: str,
    ) -> Trained:
        """Gather what is compared."""
        return cls(
            facts.epochs,
            facts.best_epoch,
            facts.scores,
            outputs,
            tensors,
            digest,
            facts.environment,
        )


def compare(ref: str, then: Trained, now: Trained) -> Reproduction:
    """Hold a training against the one that was recorded."""
    weights, tensors = _weights(then, now)
    parts = (*_curve(then, now), *_scores(then, now), *_outputs(then, now), weights)
    verdict = _worst(part.verdict for part in parts)
    changes = _environment(then.environment, now.environment)
    reasons = () if verdict == "identical" else tuple(_reasons(changes, now.environment))
    return Reproduction(ref, verdict, TOLERANCE, parts, tensors, changes, reasons)


# --- the parts ------------------------------------------------------------------------------


def _curve(then: Trained, now: Trained) -> list[Part]:
    """Losses and accuracies per epoch, and which epoch was kept; nothing without epochs."""
    if not then.epochs and not now.epochs:
        return []
    best = (then.best_epoch, now.best_epoch)
    best_epoch = Part(
        "best epoch",
        "identical" if best[0] == best[1] else "different",
        text=" -> ".join(map(str, dict.fromkeys(best))),
    )
    keys = {
        "train_loss": "training losses",
        "val_loss": "validation losses",
        "val_accuracy": "validation accuracies",
    }
    columns = [
        _numbers(
            name,
            *(
                np.array([getattr(epoch, key) for epoch in training.epochs], np.float64)
                for training in (then, now)
            ),
        )
        for key, name in keys.items()
    ]
    return [*columns, best_epoch]


def _scores(then: Trained, now: Trained) -> list[Part]:
    parts = []
    for split in {**then.scores, **now.scores}:
        a, b = (dict(training.scores.get(split, {})) for training in (then, now))
        name = f"{_SPLITS.get(split, split)} metrics"
        if a.keys() != b.keys():
            text = f"{', '.join(sorted(a)) or 'none'} -> {', '.join(sorted(b)) or 'none'}"
            parts.append(Part(name, "different", text=text))
        else:
            parts.append(
                _numbers(name, *(np.array([training[key] for key in a]) for training in (a, b)))
            )
    return parts


def _outputs(then: Trained, now: Trained) -> list[Part]:
    a, b = ({output.split: output for output in training.outputs} for training in (then, now))
    return [
        _numbers(f"{_SPLITS[split]} outputs", *(_logits(output.get(split)) for output in (a, b)))
        for split in {**a, **b}
    ]


def _weights(then: Trained, now: Trained) -> tuple[Part, tuple[Part, ...]]:
    """The weights as a whole, and in groups where not every byte is the same."""
    if then.digest == now.digest:
        return Part("weights", "identical", 0.0, f"sha256 {then.digest[:12]}"), ()
    groups: dict[str, list[Part]] = {}
    nothing = np.zeros(0)
    for name in {**then.tensors, **now.tensors}:
        part = _numbers(name, *(training.tensors.get(name, nothing) for training in (then, now)))
        groups.setdefault(_group(name), []).append(part)
    by_group = tuple(_largest(name, parts) for name, parts in groups.items())
    overall = _largest("weights", by_group)
    return Part("weights", overall.verdict, overall.off, overall.text), by_group


def _numbers(name: str, then: NDArray[Any], now: NDArray[Any]) -> Part:
    """Compare two arrays."""
    if then.shape != now.shape:
        shapes = [" x ".join(map(str, tensor.shape)) for tensor in (then, now)]
        return Part(name, "different", text=f"{shapes[0]} -> {shapes[1]} numbers")
    if then.tobytes() == now.tobytes():
        return Part(name, "identical", 0.0)
    a, b = then.astype(np.float64), now.astype(np.float64)
    difference = np.abs(a - b)
    off = float(difference.max())
    if not np.isfinite(off):
        return Part(name, "different", text="numbers that are not finite")
    close = bool((difference <= TOLERANCE * np.maximum(1.0, np.abs(a))).all())
    return Part(name, "close" if close else "different", off)


def _logits(outputs: Outputs | None) -> NDArray[Any]:
    """The logits of a split, [rows, labels]."""
    if outputs is None:
        return np.zeros((0, 0), np.float32)
    return np.frombuffer(outputs.logits, "<f4").reshape(outputs.rows, outputs.columns)


def _group(name: str) -> str:
    """The name of a tensor, the same for all layers."""
    return re.sub(r"(?<=\.)\d+(?=\.)", "*", name)


def _largest(name: str, parts: Sequence[Part]) -> Part:
    """The worst of several parts, under a name for them all."""
    verdict = _worst(part.verdict for part in parts)
    numbers = [part.off for part in parts if part.off is not None]
    texts = [part.text for part in parts if part.text]
    off = max(numbers, default=0.0) if not texts else None
    return Part(name, verdict, off, texts[0] if texts else "")


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=_ORDER.index, default="identical")


# --- why ------------------------------------------------------------------------------------


def _environment(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Change, ...]:
    keys = [key for key in {**then, **now} if then.get(key) != now.get(key)]
    return tuple(Change("environment", key, then.get(key), now.get(key)) for key in keys)


def _reasons(changes: Sequence[Change], now: Mapping[str, Any]) -> Iterable[str]:
    """Say what a difference may come from."""
    changed = [change.name for change in changes if change.name not in _IDLE]
    if changed:
        yield f"It ran under other conditions: {', '.join(changed)}."
    if now.get("threads", 1) != 1:
        yield (
            "Several threads may add numbers in another order; one thread gives the same bits "
            "each time."
        )
    if now.get("device", "cpu") != "cpu":
        yield "This device does not promise the same bits twice."
    if any(change.name in _IDLE for change in changes):
        yield "Another version of swereg may train otherwise."
    if not changes:
        yield (
            "Nothing that was recorded differs; the model of the processor is not recorded, nor "
            "how many processes trained."
        )


_SPLITS = {"val": "validation", "test": "test"}
