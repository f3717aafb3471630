"""The seam of methods without a base: what they learn, and how it answers.

Whether a BERT is worth it shows only beside what needs none, held to the same data, scores and
paired tests. A method on a base is asked how it changes an encoder, one without is asked for
answers, and nothing of either question is left in the other. What makes sense on a base alone is
refused, not ignored. All parameters count as trainable: everything was learnt, and nothing is
frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from swereg.evaluation.scoring import Logits
    from swereg.records.dataset import Dataset
    from swereg.records.progress import OnProgress

Tensors = Mapping[str, "NDArray[Any]"]
Answerer = Callable[[Sequence[str]], "Logits"]  # texts in NFC -> [texts, labels]


@dataclass(frozen=True)
class Learnt:
    """What a method has learnt.

    Attributes:
        tensors: all that is stored, by name.
        trainable: the number of learnt parameters.
        settings: as they were carried out, with what was chosen among several values.
    """

    tensors: Tensors
    trainable: int
    settings: Any


@runtime_checkable
class Standalone(Protocol):
    """A method without a base. An instance of such a class is what a plugin's entry point names.

    Attributes:
        name: as in ``--method``.
        description: one sentence.
        settings: a frozen dataclass; its fields are the keys of ``-o KEY=VALUE``. It refuses
            bad values with UsageError in ``__post_init__``.
        seeded: whether the seed changes what is learnt.
    """

    name: str
    description: str
    settings: type[Any]
    seeded: bool

    def fit(self, dataset: Dataset, settings: Any, *, seed: int, on_progress: OnProgress) -> Learnt:
        """Learn from the training examples; validation may choose, test is not looked at."""
        ...

    def answerer(self, tensors: Tensors, labels: Sequence[str], settings: Any) -> Answerer:
        """Make what answers from stored tensors alone.

        Raises:
            CheckFailed: a tensor is missing, or does not fit the others, the labels or the
                settings.
        """
        ...
