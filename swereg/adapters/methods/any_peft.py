"""Any other method of PEFT that can be merged into the base: LoHa, LoKr, OFT, BOFT, HRA and more.

PEFT is asked for the computation, and has to be imported to run such an entry.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from swereg.adapters.method import HEAD_BIAS, HEAD_WEIGHT, Frozen, Lowered
from swereg.adapters.methods.peft_method import PEFT_PREFIX, PeftMethod, PeftTensors
from swereg.adapters.methods.settings import NAME, json_object
from swereg.errors import CheckFailed, UsageError
from swereg.plugins.specs import check_settings

if TYPE_CHECKING:
    from peft import PeftConfig
    from torch import Tensor, nn

    from swereg.adapters.sequence_classifier import SequenceClassifier

OWN = frozenset({"lora", "ia3", "vera"})  # methods of swereg, which share the base
OTHER_MODELS = frozenset({"shadow", "xlora"})  # they read more models, which nobody would check
# Keys that swereg answers for, or that make PEFT read files, import modules or keep more layers.
TAKEN = re.compile(
    "auto_mapping|base_model_name_or_path|inference_mode|layer_replication|megatron_core|"
    "modules_to_save|peft_type|peft_version|revision|task_type|trainable_token_indices|.*_config"
)
NAMING = ("target_modules", "exclude_modules", "layers_pattern", "rank_pattern", "alpha_pattern")


@dataclass(frozen=True)
class AnyPeftSettings:
    """Settings of the methods that have no plugin of their own.

    Attributes:
        type: PEFT's name of it, such as ``loha``, ``lokr``, ``oft`` or ``hra``.
        config: PEFT's configuration, a JSON object such as ``{"target_modules": ["query"]}``; what
            is left out is PEFT's default, with its usual layers for the base.
    """

    type: str = "loha"
    config: str = ""

    def __post_init__(self) -> None:
        options = self.options()
        refused = ", ".join(filter(TAKEN.fullmatch, options))
        rules = {
            "type": (
                bool(re.fullmatch(r"[a-z][a-z0-9_]*", self.type)) and self.type not in OWN,
                f"a type of PEFT in small letters; {', '.join(sorted(OWN))} are methods themselves",
            ),
            "config": (
                not refused and all(_are_plain(options[key]) for key in NAMING if key in options),
                f"PEFT's, without {refused or 'regular expressions: layers are lists of names'}",
            ),
        }
        check_settings("peft", self, rules)

    def options(self) -> dict[str, Any]:
        """Return ``config`` as a mapping."""
        return json_object("peft", "config", self.config)


class AnyPeft(PeftMethod):
    """Trained by PEFT, and run as a copy of the encoder with the result merged into it."""

    name = "peft"
    description = "Any mergeable method of PEFT, -o type=NAME; runs on its own copy of the base."
    settings = AnyPeftSettings
    targets_hint = """Name layers of the base: -o 'config={"target_modules": ["query", "value"]}'"""
    learning_rate = 1e-3  # between LoRA and the methods that learn scales: the types differ much

    def config(self, settings: AnyPeftSettings) -> PeftConfig:
        """Build PEFT's configuration.

        Raises:
            UsageError: PEFT has no such type, it cannot be merged, or PEFT refuses the values.
        """
        from peft import PEFT_TYPE_TO_CONFIG_MAPPING

        kinds = {
            kind.value.lower(): config_class
            for kind, config_class in PEFT_TYPE_TO_CONFIG_MAPPING.items()
        }
        if settings.type not in kinds:
            raise UsageError(
                f"PEFT has no type {settings.type!r}",
                why=f"It has: {', '.join(sorted(kinds.keys() - OWN))}.",
                code="method.setting",
            )
        if settings.type in OTHER_MODELS:
            raise _unmergeable(settings.type)
        try:
            config = kinds[settings.type](**settings.options())
        except (TypeError, ValueError, ImportError) as fault:
            raise UsageError(
                f"PEFT refuses the config of {settings.type}",
                why=str(fault),
                hint="PEFT's documentation lists the keys of each type.",
                code="method.setting",
            ) from fault
        if config.is_prompt_learning or config.is_adaption_prompt:
            raise _unmergeable(settings.type)
        return config

    def attach(self, model: SequenceClassifier, settings: AnyPeftSettings) -> nn.Module:
        """Wrap the model with PEFT, which finds a base's usual layers in its config."""
        model.config = model.encoder.config
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about kernels and layers; all is checked
            try:
                return super().attach(model, settings)
            except (AttributeError, ImportError, RuntimeError, TypeError) as fault:
                raise self.bad_targets(f"{type(fault).__name__}: {fault}") from fault

    def state(self, model: nn.Module) -> dict[str, Tensor]:
        """Return PEFT's tensors and the head; what layers share is stored with each of them."""
        return {key: tensor.clone() for key, tensor in super().state(model).items()}

    def inspect(self, wrapped: nn.Module, settings: AnyPeftSettings) -> None:
        """Check that every layer that PEFT adapted can be merged.

        Raises:
            UsageError: one cannot.
        """
        from peft.tuners.tuners_utils import BaseTunerLayer

        layers = [module for module in wrapped.modules() if isinstance(module, BaseTunerLayer)]
        try:
            for layer in layers:
                layer.merge(adapter_names=[])  # nothing; where there is no merging, it says so
        except NotImplementedError:
            layers = []
        if not layers:
            raise _unmergeable(settings.type)

    def lower(
        self, tensors: Mapping[str, Tensor], frozen: Frozen, settings: AnyPeftSettings
    ) -> Lowered:
        """Put the tensors on a fresh encoder with PEFT, and merge them."""
        import torch
        from peft import set_peft_model_state_dict

        from swereg.adapters.sequence_classifier import SequenceClassifier

        stored = PeftTensors(tensors, frozen)
        weight, bias = stored.head()
        with torch.random.fork_rng(devices=[]):  # what PEFT draws is replaced by what is stored
            model = SequenceClassifier(frozen.fresh(), len(bias), dropout=0.0)
            wrapped: Any = self.attach(model, settings)
        own_tensors = {
            key: stored.take(key, tuple(tensor.shape))
            for key, tensor in self.state(wrapped).items()
            if key not in (PEFT_PREFIX + HEAD_WEIGHT, PEFT_PREFIX + HEAD_BIAS)
        }
        stored.end(f"peft[type={settings.type}]")
        set_peft_model_state_dict(wrapped, own_tensors)
        state = self.state(wrapped)
        for key, tensor in own_tensors.items():
            if not torch.equal(state[key].cpu(), tensor):
                raise CheckFailed(f"PEFT did not take {key}", code="weights.peft")
        merged = wrapped.merge_and_unload()
        encoder = {name: tensor.detach() for name, tensor in merged.encoder.state_dict().items()}
        return Lowered(weight, bias, encoder=encoder)


def _are_plain(names: object) -> bool:
    """Tell whether these are plain names of layers, in a list or as the keys of a pattern."""
    if not isinstance(names, list | dict):
        return False
    return all(isinstance(name, str) and NAME.fullmatch(name) for name in names)


def _unmergeable(kind: str) -> UsageError:
    return UsageError(
        f"peft[type={kind}] cannot be merged into the base",
        why="Such a method adds to the text or to the computation, not to the weights.",
        hint="Take one that changes the weights, such as loha, lokr, oft or hra.",
        code="method.unmergeable",
    )


METHOD = AnyPeft()
