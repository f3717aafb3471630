"""The training loop: epochs, validation, early stopping, and what is kept of them.

Batches hold texts of similar length; their order is random. The best epoch is kept in memory. On
the same batches, without dropout, epoch losses equal those of transformers' Trainer with PEFT to
1e-5. The loop runs on one device, on several (torchrun splits each batch, so the recipe stays what
it is; all processes store the same run, which is one entry), and in bf16.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import LinearLR

from swereg.adapters.batches import Batch, Rows, ShuffledByLength, loader
from swereg.adapters.method import Method
from swereg.adapters.training import engine
from swereg.adapters.training import state as resuming
from swereg.adapters.training.encoding import Data, logits_of
from swereg.adapters.training.engine.turns import Turn
from swereg.adapters.training.state import Loop, OnEpoch, Past
from swereg.errors import TrainingError
from swereg.evaluation.scoring import Logits, score
from swereg.records.progress import EpochEnded, OnProgress, Stepped, silent
from swereg.records.training import Epoch, Recipe


@dataclass(frozen=True)
class Best:
    """The best epoch so far, kept in memory."""

    epoch: Epoch
    state: dict[str, Tensor]
    val: Logits


class Paused(Exception):
    """A training has come as far as it was asked to, and not to its end."""


@dataclass(frozen=True)
class Keep:
    """How a training is kept after each epoch, how far it goes, and what it goes on from.

    Attributes:
        on_epoch: called with what it takes to go on from each epoch, unless that is very large.
        until: the number of an epoch after which to stop, for now.
        state: what ``on_epoch`` was called with last, to go on from there.
        facts: JSON values that come with the state.
        began: when it began, of the monotonic clock.
    """

    on_epoch: OnEpoch | None = None
    until: int | None = None
    state: bytes | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    began: float = 0.0

    def past(self, loop: Loop) -> tuple[Best | None, list[Epoch], float]:
        """Put the state in place; return the best epoch, the curve and when it all began."""
        if self.state is None:
            return None, [], self.began
        past = resuming.read_state(loop, self.state)
        best = Best(past.curve[past.best - 1], past.state, past.val)
        return best, past.curve, time.monotonic() - past.seconds

    def epoch(self, loop: Loop, best: Best, curve: list[Epoch], start: float) -> None:
        """Give away the state after an epoch."""
        if self.on_epoch is not None:
            seconds = time.monotonic() - start
            past = Past(curve, best.epoch.number, best.state, best.val, seconds)
            self.on_epoch(resuming.write_state(loop, past, self.facts))


Learnt = tuple[Best, list[Epoch], float]  # the best epoch, the curve, and when it all began
Learning = Generator[Turn, float, Learnt]


def learn(
    accelerator: Accelerator,
    method: Method,
    model: nn.Module,
    data: Data,
    recipe: Recipe,
    *,
    on_progress: OnProgress = silent,
    keep: Keep | None = None,
) -> Learning:
    """Run the loop: AdamW, linear decay, clipping, early stopping on validation loss.

    It yields each batch that it learns from, and is to be sent its loss, of which the gradients
    are then in place.

    Returns:
        The best epoch, the curve, and when it all began (of the monotonic clock).
    """
    keep = keep or Keep(began=time.monotonic())
    lengths = [len(row) for row in data.train]
    sampler = ShuffledByLength(lengths, recipe.batch_size, recipe.seed)
    rows = Rows(data.train, data.train_labels)
    batches = loader(rows, sampler, data.pad_id, engine.length_multiple(accelerator))
    learning = [p for p in model.to(accelerator.device).parameters() if p.requires_grad]
    optimizer = AdamW(
        learning, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    schedule = LinearLR(optimizer, 1, 0, recipe.epochs * len(sampler))
    bare = model
    model, optimizer, batches = accelerator.prepare(
        model, optimizer, batches, device_placement=[False, True, True]
    )

    loop = Loop(accelerator, model, optimizer, schedule, sampler)
    best, curve, start = keep.past(loop)
    for number in range(len(curve) + 1, recipe.epochs + 1):
        if best is not None and number - 1 - best.epoch.number >= recipe.patience:
            break
        began = time.monotonic()
        summed = yield from _one_pass(loop, batches, number, recipe, on_progress)
        val = logits_of(model, data.val, data.pad_id, accelerator.device)
        scores = score(val, data.val_labels)
        epoch = Epoch(
            number=number,
            train_loss=_mean(accelerator, summed, len(data.train_labels)),
            val_loss=_finite(scores["loss"], number, len(sampler), recipe),
            val_accuracy=scores["accuracy"],
            seconds=time.monotonic() - began,
        )
        curve.append(epoch)
        better = best is None or epoch.val_loss < best.epoch.val_loss
        if better:
            state = method.state(bare)
            best = Best(epoch, {k: v.detach().cpu().clone() for k, v in state.items()}, val)
        assert best is not None  # noqa: S101 - the first epoch is always the best so far
        keep.epoch(loop, best, curve, start)
        on_progress(EpochEnded(epoch, better))
        if number == keep.until and number < recipe.epochs:
            raise Paused
    assert best is not None  # noqa: S101 - there is at least one epoch
    return best, curve, start


def _one_pass(
    loop: Loop, batches: Iterable[Batch], epoch: int, recipe: Recipe, on_progress: OnProgress
) -> Generator[Turn, float, float]:
    """Learn from each batch once; return the sum of the losses of this process's rows."""
    learning = [p for group in loop.optimizer.param_groups for p in group["params"]]
    loop.model.train()
    engine.renew_masks(loop.model)
    summed = 0.0
    for step, batch in enumerate(batches, start=1):
        labels = batch.pop("labels")
        loss = _finite((yield Turn(loop.model, batch, labels)), epoch, step, recipe)
        clip_grad_norm_(learning, recipe.clip)
        loop.optimizer.step()
        loop.schedule.step()
        loop.optimizer.zero_grad()
        summed += loss * len(labels)
        on_progress(Stepped("train", step, len(loop.sampler), loss))
    return summed


class AdamW(torch.optim.AdamW):
    """torch's, without the wrappers that import torch's compiler, which takes half a second."""

    step = torch.no_grad()(inspect.unwrap(torch.optim.AdamW.step))
    zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)
    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)
    load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)


def _mean(accelerator: Accelerator, summed: float, rows: int) -> float:
    """The mean over all rows of a sum that each process has its part of."""
    total = torch.tensor(summed, dtype=torch.float32, device=accelerator.device)
    return float(accelerator.reduce(total, reduction="sum").item()) / rows


def _finite(loss: float, epoch: int, step: int, recipe: Recipe) -> float:
    if math.isfinite(loss):
        return loss
    raise TrainingError(
        f"the loss became {loss} in epoch {epoch}, step {step}",
        why=f"The learning rate is {recipe.learning_rate:g}. Nothing was stored.",
        hint=f"Train again with a lower one: --learning-rate {recipe.learning_rate / 10:g}",
        code="training.diverged",
    )
