"""A dataset as a model takes it, tokens or what a frozen encoder makes of them; and the answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from swereg.adapters.bases.sources import Base
from swereg.adapters.batches import Batch, pad
from swereg.adapters.sequence_classifier import pool
from swereg.adapters.tokens import by_length, tokenize
from swereg.evaluation.scoring import Logits
from swereg.records.dataset import Dataset, Split, texts
from swereg.records.progress import Notice, OnProgress, Stepped
from swereg.records.training import Recipe

EVALUATION_BATCH = 32

Inputs = list[list[int]] | Tensor  # token ids per row; or pooled outputs, [rows, hidden]


@dataclass(frozen=True)
class Data:
    """Training and validation as numbers: inputs, and the column of each row's label."""

    train: Inputs
    train_labels: list[int]
    val: Inputs
    val_labels: list[int]
    pad_id: int


def encode(
    base: Base, dataset: Dataset, recipe: Recipe, on_progress: OnProgress
) -> tuple[Data, dict[str, int]]:
    """Tokenize a dataset, and count and report the texts that are cut, per split."""
    cut: dict[str, int] = {}
    ids: dict[Split, list[list[int]]] = {}
    splits: tuple[Split, ...] = ("train", "val", "test")
    for split in splits:
        tokens = tokenize(base.tokenizer, texts(dataset.split(split)), recipe.max_length)
        ids[split], cut[split] = tokens.ids, sum(tokens.cut)
    if any(cut.values()):
        parts = [f"{cut[split]} of {len(ids[split])} in {split}" for split in splits if ids[split]]
        on_progress(
            Notice(f"Texts longer than {recipe.max_length} tokens are cut: {', '.join(parts)}.")
        )
    pad_id = base.pad_id
    labels = {split: dataset.columns(split) for split in splits}
    return Data(ids["train"], labels["train"], ids["val"], labels["val"], pad_id), cut


def run_encoder_once(
    encoder: nn.Module, data: Data, accelerator: Accelerator, on_progress: OnProgress
) -> Data:
    """Replace token ids by the frozen encoder's pooled outputs, [rows, hidden]."""
    encoder.to(accelerator.device).eval()

    def pooled(ids: Inputs) -> Tensor:
        out: dict[int, Tensor] = {}
        with torch.inference_mode(), accelerator.autocast():
            for rows in by_length([len(row) for row in ids], EVALUATION_BATCH):
                batch = pad([ids[row] for row in rows], data.pad_id)  # type: ignore[misc]
                batch = {k: v.to(accelerator.device) for k, v in batch.items()}
                out |= zip(rows, pool(encoder, **batch).float().cpu(), strict=True)
                on_progress(Stepped("encode", len(out), len(ids)))
        return torch.stack([out[row] for row in range(len(ids))]).clone()

    return replace(data, train=pooled(data.train), val=pooled(data.val))


def logits_of(model: nn.Module, inputs: Inputs, pad_id: int, device: torch.device) -> Logits:
    """Run a model over rows, in their order, without dropout and gradients: [rows, labels]."""
    model.eval()
    out: dict[int, np.ndarray] = {}
    with torch.inference_mode():
        for rows in by_length([len(row) for row in inputs], EVALUATION_BATCH):
            batch: Batch
            if isinstance(inputs, Tensor):
                batch = {"pooled": inputs[rows]}
            else:
                batch = pad([inputs[row] for row in rows], pad_id)
            logits = model(**{k: v.to(device) for k, v in batch.items()})
            out |= zip(rows, logits.float().cpu().numpy(), strict=True)
    return np.stack([out[row] for row in range(len(inputs))])
