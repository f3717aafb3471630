"""What the methods that PEFT trains have in common: wrapping, storing, and reading back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from swereg.adapters.method import HEAD_BIAS, HEAD_WEIGHT, Array, Frozen
from swereg.adapters.methods.layer_names import alike, is_target
from swereg.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from peft import PeftConfig
    from torch import Tensor, nn

    from swereg.adapters.sequence_classifier import SequenceClassifier

PEFT_PREFIX = "base_model.model."


class PeftMethod:
    """A method that PEFT configures, initialises and trains; the stored keys are PEFT's.

    A subclass adds name, description, settings, learning_rate, ``config`` and ``lower``.
    """

    frozen_encoder = False
    targets_hint = "Name linear layers that the base has: -o targets=NAME+NAME"

    def config(self, settings: Any) -> PeftConfig:
        """Build PEFT's configuration."""
        raise NotImplementedError

    def attach(self, model: SequenceClassifier, settings: Any) -> nn.Module:
        """Wrap the model with PEFT, under PEFT's own adapter name ``default``.

        Raises:
            UsageError: the settings name layers that cannot be adapted.
        """
        from peft import get_peft_model
        from torch import nn

        from swereg.adapters.sequence_classifier import freeze

        freeze(model)
        try:
            wrapped: nn.Module = get_peft_model(model, self.config(settings))
        except ValueError as fault:
            raise self.bad_targets(str(fault)) from fault
        if type(model.classifier) is not nn.Linear:
            raise self.bad_targets("The head learns as it is; adapters are for the encoder.")
        self.inspect(wrapped, settings)
        model.classifier.requires_grad_(True)
        return wrapped

    def inspect(self, wrapped: nn.Module, settings: Any) -> None:
        """Check that what PEFT adapted is what was asked for, and linear layers all.

        Raises:
            UsageError: another kind of layer is among them, or a target is none of them; PEFT
                lets that pass as long as one target is there.
        """
        from peft.tuners.tuners_utils import BaseTunerLayer
        from torch import nn

        names = []
        for name, layer in wrapped.named_modules():
            if isinstance(layer, BaseTunerLayer):
                names.append(name)
                if type(layer.get_base_layer()) is not nn.Linear:
                    raise self.bad_targets(f"{name.removeprefix(PEFT_PREFIX)} is no linear layer.")
        self.check_found(names, settings)

    def check_found(self, layers: list[str], settings: Any) -> None:
        """Check that each target was found.

        Args:
            layers: the names of those that are adapted.

        Raises:
            UsageError: one was not.
        """
        for target in filter(None, getattr(settings, "targets", "").split("+")):
            if not any(f".{name}".endswith(f".{target}") for name in layers):
                raise self.bad_targets(f"There is no {target} to adapt.")

    def bad_targets(self, why: str) -> UsageError:
        """Return the error for layers that cannot be adapted."""
        return UsageError(
            "PEFT cannot put this on the base",
            why=why,
            hint=self.targets_hint,
            code="method.targets",
        )

    def state(self, model: nn.Module) -> dict[str, Tensor]:
        """Return PEFT's tensors and the head, under the keys that PEFT's files have."""
        from peft import get_peft_model_state_dict

        tensors: dict[str, Tensor] = get_peft_model_state_dict(model)
        state = model.state_dict()
        for key in (HEAD_WEIGHT, HEAD_BIAS):
            tensors[PEFT_PREFIX + key] = state[PEFT_PREFIX + key]
        return tensors


class PeftTensors:
    """Stored tensors under PEFT's keys, taken out one by one so that none is forgotten."""

    def __init__(self, tensors: Mapping[str, Array], frozen: Frozen) -> None:
        self.frozen = frozen
        self._left = dict(tensors)
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._start = f"{PEFT_PREFIX}{frozen.prefix}."

    def head(self) -> tuple[Array, Array]:
        """Take the head: [labels, hidden] and [labels]."""
        return self.take(PEFT_PREFIX + HEAD_WEIGHT), self.take(PEFT_PREFIX + HEAD_BIAS)

    def layers(self, part: str, targets: str, numbers: list[int] | None = None) -> list[str]:
        """Name the encoder's layers that have a part, such as ``lora_A.weight``.

        Args:
            part: which each adapted layer has.
            targets: ends of the adapted layers' names, joined by ``+``.
            numbers: those of the adapted layers, or None for all.

        Raises:
            CheckFailed: a layer of the base that must have it has not.
        """
        ending = f".{part}"
        names = [
            key.removeprefix(self._start).removesuffix(ending)
            for key in self._left
            if key.startswith(self._start) and key.endswith(ending)
        ]
        lacking = [
            layer
            for layer in alike(names, self._has)
            if layer not in names and is_target(f"{self.frozen.prefix}.{layer}", targets, numbers)
        ]
        if lacking or not names:
            raise CheckFailed(
                f"the stored weights lack {', '.join(lacking) or 'every layer'}{ending}",
                code="weights.missing",
            )
        return names

    def shape(self, layer: str) -> tuple[int, int]:
        """Return out and in of a linear layer of the base.

        Raises:
            CheckFailed: the base has no such layer.
        """
        if layer not in self._shapes:
            self._shapes[layer] = tuple(self.frozen.tensor(f"{layer}.weight").shape)
        if len(self._shapes[layer]) != 2:
            raise CheckFailed(f"{layer} is no linear layer", code="weights.extra")
        wide, narrow = self._shapes[layer]
        return wide, narrow

    def _has(self, layer: str) -> bool:
        try:
            self.shape(layer)
        except CheckFailed:
            return False
        return True

    def of(self, layer: str, part: str, shape: tuple[int, ...]) -> Array:
        """Take a part of a layer, which must have that shape."""
        return self.take(f"{self._start}{layer}.{part}", shape)

    def take(self, key: str, shape: tuple[int, ...] | None = None) -> Array:
        """Take a tensor by its whole key.

        Raises:
            CheckFailed: it is not there, or has another shape.
        """
        try:
            tensor = self._left.pop(key)
        except KeyError:
            raise CheckFailed(f"the stored weights lack {key}", code="weights.missing") from None
        if shape is not None and tuple(tensor.shape) != shape:
            raise CheckFailed(
                f"the stored tensor {key} has the shape {list(tensor.shape)}",
                why=f"The base and the settings ask for {list(shape)}.",
                code="weights.shape",
            )
        return tensor

    def end(self, method: str) -> None:
        """Refuse what is left over.

        Raises:
            CheckFailed: with the keys that the method does not know.
        """
        if self._left:
            raise CheckFailed(
                f"the stored weights have tensors that {method} does not know: "
                f"{', '.join(sorted(self._left))}",
                code="weights.extra",
            )
