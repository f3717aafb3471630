"""The method seam: how a base is adapted, and the one form in which every adapter runs.

A base is headless and the head is the entry's: PEFT cannot hold two classification heads with
different label counts on one base. To run, a method brings its tensors into one form per layer,
with the frozen layer f; a part that is missing does nothing:

    y = g * f(u * x) + s * B (d * A (u * x)) + c

LoRA and rsLoRA have A and B; DoRA g, A, B and c; (IA)3 g or u; VeRA d and s around matrices that
all entries share; BitFit c. A linear probe has none of it, only its head. A full fine-tune, or any
other method of PEFT, has no such form: it brings an encoder of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from swereg.adapters.sequence_classifier import SequenceClassifier

HEAD_WEIGHT = "classifier.weight"
HEAD_BIAS = "classifier.bias"

Array: TypeAlias = Any  # a tensor of torch, or an array of numpy: whatever entries run on


@dataclass(frozen=True)
class Delta:
    """What an adapter does to one layer of the frozen encoder. A part that is None does nothing.

    With the frozen layer ``f(x) = W x + b`` (or a LayerNorm, which takes ``out_scale`` and
    ``bias`` alone), the adapted one is

        y = out_scale * f(in_scale * x) + up_scale * up (mid_scale * down (in_scale * x)) + bias

    Attributes:
        down: [rank, in].
        up: [out, rank], with the method's scale in it.
        in_scale: [in].
        mid_scale: [rank].
        up_scale: [out].
        out_scale: [out].
        bias: [out].
        shared: whether other entries have the same ``down`` and ``up`` (VeRA), so that a bank
            keeps them once.
    """

    down: Array | None = None
    up: Array | None = None
    in_scale: Array | None = None
    mid_scale: Array | None = None
    up_scale: Array | None = None
    out_scale: Array | None = None
    bias: Array | None = None
    shared: bool = False


class Frozen(Protocol):
    """The base that an entry is put on, as far as lowering needs it."""

    @property
    def prefix(self) -> str:
        """The encoder's name inside stored keys, such as ``bert``."""
        ...

    def tensor(self, name: str) -> Array:
        """Return a tensor of the encoder by its name, such as ``pooler.dense.weight``.

        Raises:
            CheckFailed: the base has none of that name.
        """
        ...

    def fresh(self) -> nn.Module:
        """Load another encoder that may be changed."""
        ...


@dataclass(frozen=True)
class Lowered:
    """An entry in the form that runs.

    Attributes:
        head_weight: [labels, hidden].
        head_bias: [labels].
        deltas: by the name of the layer inside the encoder.
        encoder: the whole encoder's tensors where the entry brings its own, else None.
    """

    head_weight: Array
    head_bias: Array
    deltas: Mapping[str, Delta] = field(default_factory=dict)
    encoder: Mapping[str, Array] | None = None


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

        What is returned takes the same arguments as the model and gives logits. The encoder of
        a BERT has its layers under transformers' names, and no ``forward``. A layer put into it
        is called with the tokens of all rows one after the other, [tokens, in]. A method that
        changes how blocks follow each other is called again, with transformers' own encoder.
        """
        ...

    def state(self, model: nn.Module) -> dict[str, Tensor]:
        """Return what has to be stored, from what ``attach`` returned."""
        ...

    def lower(self, tensors: Mapping[str, Array], frozen: Frozen, settings: Any) -> Lowered:
        """Bring stored tensors into the form that runs, using every one of them.

        A class that says ``lowers_arrays = True`` in its own body takes arrays of numpy as well:
        it keeps to operators, ``shape``, ``T``, ``sum(axis)`` and indices, which both kinds have.
        Its entries then answer a few texts without torch; those of all others do with it.

        Args:
            frozen: the base that they are put on.

        Raises:
            CheckFailed: a tensor is missing or left over.
        """
        ...
