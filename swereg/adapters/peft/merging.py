"""An entry folded into a copy of its base: a plain model of transformers.

It knows no method: it folds the form that runs (method.Lowered), so a method of a plugin can be
merged too, and the result is compared with the entry before it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from swereg.adapters.bases.checkpoints import Quiet
from swereg.adapters.batches import pad
from swereg.adapters.frozen.base import FrozenBase
from swereg.adapters.method import Delta, Lowered, Method
from swereg.adapters.tensors import read_tensors
from swereg.adapters.tokens import tokenize
from swereg.errors import CheckFailed
from swereg.plugins.specs import settings_of
from swereg.records.entry import Entry
from swereg.records.training import Weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PROBES = ("Maten var underbar och personalen vänlig", "Tåget var försenat igen", "Hej!", "1 2 3")


def merge(entry: Entry, weights: Weights, base: FrozenBase, method: Method) -> PreTrainedModel:
    """Make a model of transformers that answers as the entry does; the base stays as it is.

    Raises:
        CheckFailed: the weights do not fit, or the base's classifier in transformers has another
            head than swereg's, or answers otherwise.
    """
    settings = settings_of(method, entry.recipe.settings)
    lowered = method.lower(read_tensors(weights), base, settings)
    placed = base.place(lowered, len(entry.labels), entry.recipe.max_length)
    encoder = base.fresh()
    model = empty_model(entry, encoder.config)
    state = {f"{base.prefix}.{key}": t for key, t in folded(encoder.state_dict(), lowered).items()}
    state |= {"classifier.weight": lowered.head_weight, "classifier.bias": lowered.head_bias}
    model.load_state_dict(state)
    expected = np.stack(base.logits(PROBES, [placed] * len(PROBES))[0])
    off = float(np.abs(_answers(model, base, entry.recipe.max_length) - expected).max())
    if off > 1e-4 * max(1.0, float(np.abs(expected).max())):
        raise _other_head(entry, f"Its logits differ by up to {off:.2g}.")
    return model


def empty_model(entry: Entry, config: Any) -> PreTrainedModel:
    """Make transformers' classifier for an entry, with random weights.

    Args:
        config: of the base.

    Raises:
        CheckFailed: it has another head than one linear layer on the encoder's pooled output.
    """
    from transformers import AutoModelForSequenceClassification

    config.num_labels = len(entry.labels)
    config.id2label = dict(enumerate(entry.labels))
    config.label2id = {label: number for number, label in enumerate(entry.labels)}
    config.problem_type = "single_label_classification"
    with Quiet():
        try:
            model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
        except ValueError as fault:  # an architecture without a classifier
            raise _other_head(entry, str(fault).splitlines()[0]) from fault
    start = f"{model.base_model_prefix}."
    head = sorted(key for key in model.state_dict() if not key.startswith(start))
    if head != ["classifier.bias", "classifier.weight"]:
        raise _other_head(entry, f"Its head has {', '.join(head)}.")
    loaded: PreTrainedModel = model.eval()
    return loaded


def folded(encoder: Mapping[str, Tensor], lowered: Lowered) -> dict[str, Tensor]:
    """Fold an entry's deltas into an encoder's tensors, computed in float64.

    Raises:
        CheckFailed: a layer without a bias would need one.
    """
    if lowered.encoder is not None:
        return dict(lowered.encoder)
    state = dict(encoder)
    for layer, delta in lowered.deltas.items():
        name, bias_name = f"{layer}.weight", f"{layer}.bias"
        weight, bias = _fold(delta, state[name].double(), state.get(bias_name))
        state[name] = weight.float()
        if bias is not None:
            if bias_name not in state:
                raise CheckFailed(f"{layer} has no bias to merge into", code="export.bias")
            state[bias_name] = bias.float()
    return state


def _fold(delta: Delta, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Fold a delta into W, [out, in] or a LayerNorm's [out], and b, [out]."""
    parts = {k: v.double() for k, v in vars(delta).items() if isinstance(v, Tensor)}
    column = (slice(None), None) if weight.dim() == 2 else (slice(None),)
    update = None
    if "up" in parts:
        up = parts["up"] * parts["up_scale"][:, None] if "up_scale" in parts else parts["up"]
        down = (
            parts["down"] * parts["mid_scale"][:, None] if "mid_scale" in parts else parts["down"]
        )
        update = up @ down
    if "out_scale" in parts:
        weight = parts["out_scale"][column] * weight
        bias = None if bias is None else parts["out_scale"] * bias
    if update is not None:
        weight = weight + update
    if "in_scale" in parts:
        weight = weight * parts["in_scale"]
    if "bias" in parts:
        bias = parts["bias"] if bias is None else bias + parts["bias"]
    return weight, bias


def save(model: PreTrainedModel, source_folder: Path, folder: Path, max_length: int) -> None:
    """Write a model and the tokenizer of its base, in the safetensors format.

    Args:
        source_folder: of the base.
        max_length: tokens per text.
    """
    from transformers import AutoTokenizer

    with Quiet():
        tokenizer = AutoTokenizer.from_pretrained(
            source_folder, local_files_only=True, trust_remote_code=False
        )
        tokenizer.model_max_length = max_length
        tokenizer.save_pretrained(folder)
        model.save_pretrained(folder)


def _answers(model: PreTrainedModel, base: FrozenBase, max_length: int) -> Any:
    """The model's logits on the probes, [probes, labels]."""
    ids = tokenize(base.tokenizer, PROBES, max_length).ids
    batch = pad(ids, model.config.pad_token_id or 0)
    with torch.inference_mode():
        return model(**batch).logits.numpy()


def _other_head(entry: Entry, why: str) -> CheckFailed:
    architecture = entry.require_base().architecture
    return CheckFailed(
        f"transformers' classifier on {architecture} is not the one of {entry.ref}",
        why=why,
        hint="swereg's head is one linear layer on the pooled output, as BERT's. Use the entry "
        "with swereg.",
        code="export.head",
    )


def check_head(entry: Entry, folder: Path) -> None:
    """Check that PEFT's model on a base has swereg's head.

    Args:
        folder: of the base.

    Raises:
        CheckFailed: it has another.
    """
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    with torch.device("meta"):
        empty_model(entry, config)
