"""The method seam: how a base is adapted, and the one form in which every adapter runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from swereg.adapters.sequence_classifier import SequenceClassifier

HEAD_WEIGHT = "classifier.weight"
HEAD_BIAS = "classifier.bias"


@dataclass(frozen=True)
class Delta:
    """What an adapter adds to one linear layer: ``y = x Wᵀ + b + (x Aᵀ) Bᵀ``.

    Attributes:
        down: A, [rank, in].
        up: B times the method's scale, [out, rank].
    """

    down: Tensor
    up: Tensor


@dataclass(frozen=True)
class Lowered:
    """An entry in the form that runs.

    Attributes:
        head_weight: [labels, hidden].
        head_bias: [labels].
        deltas: by the name of the linear layer inside the encoder.
        encoder: the whole encoder's tensors where the entry brings its own, else None.
    """

    head_weight: Tensor
    head_bias: Tensor
    deltas: Mapping[str, Delta] = field(default_factory=dict)
    encoder: Mapping[str, Tensor] | None = None


@runtime_checkable
class Method(Protocol):
    """How a base is adapted. An instance of such a class is what a plugin's entry point names.

    Attributes:
        name: as in ``--method``.
        description: one sentence.
        settings: a frozen dataclass; its fields are the keys of ``-o KEY=VALUE``. It refuses
            bad values with UsageError in ``__post_init__``.
        learning_rate: what suits KB-BERT.
        frozen_encoder: whether the encoder never learns, so that it runs only once per text.
    """

    name: str
    description: str
    settings: type[Any]
    learning_rate: float
    frozen_encoder: bool

    def attach(self, model: SequenceClassifier, settings: Any) -> nn.Module:
        """Prepare a model for training: add what is new, and mark what learns.

        What is returned takes the same arguments as the model and gives logits.
        """
        ...

    def state(self, model: nn.Module) -> dict[str, Tensor]:
        """Return what has to be stored, from what ``attach`` returned."""
        ...

    def lower(self, tensors: Mapping[str, Tensor], prefix: str, settings: Any) -> Lowered:
        """Bring stored tensors into the form that runs, using every one of them.

        Args:
            prefix: the encoder's name inside the stored keys, such as ``bert``.

        Raises:
            CheckFailed: a tensor is missing or left over.
        """
        ...
