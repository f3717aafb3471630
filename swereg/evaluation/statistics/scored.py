"""An entry's logits on labelled examples: what every figure here is worked out from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from swereg.errors import CheckFailed
from swereg.records.dataset import Example
from swereg.records.training import Outputs

Logits = NDArray[np.float32]  # [examples, labels]
Columns = NDArray[np.intp]  # [examples]
Numbers = NDArray[np.float64]
Formula = Callable[[Numbers], Numbers]  # of weights, [examples, resamples]: [resamples]


@dataclass(frozen=True, eq=False)
class Scored:
    """The logits that one entry gave on labelled examples.

    Attributes:
        labels: the head's, in the order of the columns.
        examples: in the order of the rows; at least one.
        logits: [examples, labels], all finite.

    Raises:
        CheckFailed: the parts do not fit one another, or a logit is not finite.
    """

    labels: tuple[str, ...]
    examples: tuple[Example, ...] = field(repr=False)
    logits: Logits = field(repr=False)

    def __post_init__(self) -> None:
        fault = _fault(self)
        if fault:
            raise CheckFailed("logits and examples do not fit", why=fault, code="statistics.shape")

    @classmethod
    def of(cls, labels: Sequence[str], examples: Sequence[Example], outputs: Outputs) -> Scored:
        """Join an entry's labels and stored outputs with the examples of the same split."""
        logits = np.frombuffer(outputs.logits, dtype="<f4")
        if logits.size != outputs.rows * outputs.columns:
            raise CheckFailed(
                "stored outputs are not whole",
                why=f"{logits.size} numbers for {outputs.rows} rows of {outputs.columns}.",
                code="statistics.shape",
            )
        return cls(tuple(labels), tuple(examples), logits.reshape(outputs.rows, outputs.columns))

    @property
    def rows(self) -> int:
        """The number of examples."""
        return len(self.examples)

    @cached_property
    def truth(self) -> Columns:
        """The right column of each example, [examples]."""
        column = {label: at for at, label in enumerate(self.labels)}
        return np.array([column[example.label] for example in self.examples], dtype=np.intp)

    @cached_property
    def best(self) -> Columns:
        """The column of the largest logit, the first of equals, [examples]."""
        return np.asarray(self.logits.argmax(axis=1))

    @cached_property
    def log_probabilities(self) -> Numbers:
        """The natural logarithms of the probabilities, [examples, labels]; finite."""
        shifted = self.logits - self.logits.max(axis=1, keepdims=True).astype(np.float64)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))

    @cached_property
    def probabilities(self) -> Numbers:
        """The softmax of the logits in float64, [examples, labels]."""
        return np.asarray(np.exp(self.log_probabilities))

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Whether the best label is the true one, [examples]."""
        return np.asarray(self.best == self.truth)

    def take(self, rows: Sequence[int], labels: Sequence[str]) -> Scored:
        """Return some of the examples, with the columns in the order of ``labels``."""
        columns = [self.labels.index(label) for label in labels]
        examples = tuple(self.examples[row] for row in rows)
        return Scored(tuple(labels), examples, self.logits[np.ix_(list(rows), columns)])


def _fault(scored: Scored) -> str:
    """Say what does not fit, or nothing."""
    expected = (len(scored.examples), len(scored.labels))
    if not scored.examples:
        return "There are no examples."
    if scored.logits.shape != expected:
        return f"The logits are {scored.logits.shape}; examples and labels are {expected}."
    if len(set(scored.labels)) != len(scored.labels):
        return "A label is there twice."
    if not np.isfinite(scored.logits).all():
        return "A logit is not a finite number."
    unknown = {example.label for example in scored.examples} - set(scored.labels)
    if unknown:
        return f"The head has no label {', '.join(sorted(unknown))}."
    return ""
