"""Adapters as anybody makes them, with PEFT alone."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from swereg.adapters.bases.checkpoints import Quiet
from swereg.testing import TEXTS

CONFIG, TENSORS = "adapter_config.json", "adapter_model.safetensors"
LABELS = ("sol", "regn", "snö")


def make(folder: Path, base: Path, config: Any, labels: int = len(LABELS)) -> np.ndarray:
    """Write an adapter with random weights; return its logits, [texts, labels]."""
    from peft import get_peft_model
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(1)
    with Quiet():
        model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=labels)
    config.task_type = "SEQ_CLS"
    with without_their_warnings():
        wrapped = get_peft_model(model, config)
    with torch.no_grad():
        for parameter in wrapped.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
    wrapped.save_pretrained(folder)
    return answers(wrapped, base)


def loaded(folder: Path, base: Path, labels: int = len(LABELS)) -> list[np.ndarray]:
    """The logits of a folder, loaded in both of PEFT's ways."""
    from peft import AutoPeftModelForSequenceClassification, PeftModel
    from transformers import AutoModelForSequenceClassification

    with Quiet(), without_their_warnings():
        plain = AutoModelForSequenceClassification.from_pretrained(base, num_labels=labels)
        models = [
            PeftModel.from_pretrained(plain, folder),
            AutoPeftModelForSequenceClassification.from_pretrained(folder, num_labels=labels),
        ]
    return [answers(model, base) for model in models]


@contextmanager
def without_their_warnings() -> Iterator[None]:
    """PEFT uses what transformers will drop one day."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def answers(model: Any, base: Path) -> np.ndarray:
    """A model's logits, [texts, labels]."""
    from transformers import AutoTokenizer

    batch = AutoTokenizer.from_pretrained(base)(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        logits: np.ndarray = model.eval()(**batch).logits.numpy()
    return logits


def change_config(folder: Path, **values: Any) -> None:
    """Overwrite keys of a folder's configuration."""
    path = folder / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def change_tensors(folder: Path, change: Any, metadata: Mapping[str, str] | None = None) -> None:
    """Replace a folder's tensors by what a function makes of them."""
    tensors = change(load_file(folder / TENSORS))
    save_file(tensors, folder / TENSORS, metadata={"format": "pt", **(metadata or {})})
