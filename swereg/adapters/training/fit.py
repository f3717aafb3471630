"""Training: one loop for every method.

Seed, then load, then attach, then train; so the same recipe on the same data gives the same
losses, to the last bit on one thread.

What is stored is what was measured: after training, the weights are serialised, read back and put
on a fresh base; the validation answers must be those of the training, and the scores on the test
split are computed with the weights in that form. Frozen weights are packed twice for training, for
the way there and the way back; that memory (680 MB for KB-BERT) is given back before the entry is
tested.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DataLoaderConfiguration, broadcast_object_list, set_seed
from torch import nn

from swereg.adapters import products
from swereg.adapters.bases.sources import Base, BaseSource
from swereg.adapters.bert.layers import BertLayers
from swereg.adapters.devices import choose_device
from swereg.adapters.frozen.base import FrozenBase
from swereg.adapters.method import Method
from swereg.adapters.sequence_classifier import SequenceClassifier, count
from swereg.adapters.tensors import read_tensors, write_tensors
from swereg.adapters.training import engine, state
from swereg.adapters.training.encoding import encode, run_encoder_once
from swereg.adapters.training.environment import environment
from swereg.adapters.training.loop import Best, Keep, Learning, Learnt, learn
from swereg.errors import CheckFailed
from swereg.evaluation.scoring import Logits, pack_outputs, score
from swereg.plugins.specs import settings_of
from swereg.records.dataset import Dataset, Split, texts
from swereg.records.progress import Notice, OnProgress, Started, silent
from swereg.records.training import BaseInfo, Fitted, Recipe


def fit(
    source: BaseSource,
    method: Method,
    dataset: Dataset,
    recipe: Recipe,
    *,
    on_progress: OnProgress = silent,
    run: str = "",
    keep: Keep | None = None,
) -> tuple[BaseInfo, Fitted]:
    """Train one entry; the arguments and errors are those of ``Training``.

    Returns:
        The base as it was loaded, and what was learnt: the epoch with the lowest validation loss.
    """
    training = Training(
        source, method, dataset, recipe, on_progress=on_progress, run=run, keep=keep
    )
    return training.end(alone(training))


def alone(training: Training) -> Learnt:
    """Let one training learn until it ends."""
    return drive(training.learn(), training.accelerator)


def drive(learning: Learning, accelerator: Accelerator) -> Learnt:
    """Give a training its turns, one after the other."""
    backward = engine.backward_on(accelerator)
    try:
        turn = next(learning)
        while True:
            turn = learning.send(backward(turn).item())
    except StopIteration as end:
        learnt: Learnt = end.value
        return learnt


class Training:
    """One training: it begins, learns turn by turn, and ends.

    Args:
        run: an identifier of the training; by default a new one.
        keep: what is kept of it while it goes on; facts and beginning are filled in.

    Raises:
        Paused: so many epochs are done, and others are left.
        TrainingError: the loss became NaN or infinite.
        CheckFailed: the base is not as expected, or what was trained does not survive storing.
    """

    def __init__(
        self,
        source: BaseSource,
        method: Method,
        dataset: Dataset,
        recipe: Recipe,
        *,
        on_progress: OnProgress = silent,
        run: str = "",
        keep: Keep | None = None,
    ) -> None:
        self.source, self.method, self.dataset = source, method, dataset
        self.on_progress, self._run = on_progress, run
        self.accelerator, self.recipe = prepare(recipe)
        on_cpu = self.accelerator.device.type == "cpu"
        if recipe.precision == "bf16" and on_cpu and products.bf16_is_slow():
            on_progress(Notice(products.SLOW_BF16))
        base, plain, self.model = prepare_model(source, method, len(dataset.labels), self.recipe)
        self.info = base.info
        self.trainable, self.total = count(self.model)

        began = time.monotonic()
        self.data, self.cut = encode(base, dataset, self.recipe, on_progress)
        steps = math.ceil(len(self.data.train_labels) / recipe.batch_size)
        on_progress(Started(recipe.epochs, steps, self.trainable, self.total))
        if method.frozen_encoder:
            self.data = run_encoder_once(plain.encoder, self.data, self.accelerator, on_progress)
        elif not recipe.weight_decay:
            rows = [*self.data.train, [self.data.pad_id]]
            engine.learn_seen_words(self.model, rows, lambda: method.state(self.model))
        keep = keep or Keep()
        if keep.on_epoch and (why := self._not_resumable()):
            keep = replace(keep, on_epoch=None)
            on_progress(Notice(f"{why}: no --resume."))
        facts = {"recipe": asdict(self.recipe), "base": asdict(self.info)}
        self._keep = replace(keep, facts=facts, began=began)

    def _not_resumable(self) -> str:
        """Say why it cannot be kept after each epoch, or nothing."""
        if self.accelerator.num_processes > 1:
            return "Several processes learn it"
        return "" if state.affordable(self.trainable) else "Too much learns to keep each epoch"

    def learn(self) -> Learning:
        """Learn, turn by turn."""
        return learn(
            self.accelerator,
            self.method,
            self.model,
            self.data,
            self.recipe,
            on_progress=self.on_progress,
            keep=self._keep,
        )

    def end(self, learnt: Learnt) -> tuple[BaseInfo, Fitted]:
        """Make of what was learnt what is stored, loaded as it will be loaded."""
        best, curve, began = learnt
        seconds = time.monotonic() - began
        self.accelerator.free_memory()
        del self.model  # in its place comes the base as it answers
        weights = write_tensors(best.state)
        frozen = FrozenBase.open(self.source, str(self.accelerator.device))
        settings = settings_of(self.method, self.recipe.settings)
        lowered = self.method.lower(read_tensors(weights), frozen, settings)
        placed = frozen.place(lowered, len(self.dataset.labels), self.recipe.max_length)

        def answer(split_texts: Sequence[str]) -> Logits:
            return np.stack(frozen.logits(split_texts, [placed] * len(split_texts))[0])

        dataset = self.dataset
        _check_stored(answer(texts(dataset.val[:8])), best, self.recipe)
        outputs: dict[Split, Logits] = {"val": best.val}
        if dataset.test:
            outputs["test"] = answer(texts(dataset.test))
        return self.info, Fitted(
            run=str(broadcast_object_list([self._run or uuid.uuid4().hex])[0]),
            recipe=self.recipe,
            weights=weights,
            trainable=self.trainable,
            total=self.total,
            epochs=tuple(curve),
            best_epoch=best.epoch.number,
            scores={s: score(logits, dataset.columns(s)) for s, logits in outputs.items()},
            outputs=tuple(
                pack_outputs(split, logits, dataset.columns(split))
                for split, logits in outputs.items()
            ),
            seconds=seconds,
            cut=self.cut,
            environment=environment(self.accelerator.device),
        )


def prepare_model(
    source: BaseSource, method: Method, labels: int, recipe: Recipe
) -> tuple[Base, SequenceClassifier, nn.Module]:
    """Load the base and attach the method, after the recipe's seed.

    A BERT learns on the engine; only if the method changes the way through its layers is it
    loaded once more, as transformers computes it.

    Returns:
        The base; its classifier; what the method made of that, ready to learn.
    """
    for by_transformers in (False, True):
        set_seed(recipe.seed)
        base = source.load(by_transformers=by_transformers)
        plain = SequenceClassifier(base.encoder, labels, dropout=recipe.dropout)
        model = method.attach(plain, settings_of(method, recipe.settings))
        packed = engine.take_over(model, torch.device(recipe.device), recipe.precision)
        if packed or not isinstance(base.encoder, BertLayers):
            break
    return base, plain, model


def prepare(recipe: Recipe) -> tuple[Accelerator, Recipe]:
    """Set up the device and precision of a recipe; return it with the device that was chosen."""
    device = choose_device(recipe.device)
    if not torch.distributed.is_initialized():
        # accelerate keeps the first device and precision of a process; each training has its own
        AcceleratorState._reset_state(reset_partial_state=True)
    accelerator = Accelerator(
        cpu=device.type == "cpu",
        mixed_precision="bf16" if recipe.precision == "bf16" else "no",
        dataloader_config=DataLoaderConfiguration(split_batches=True),
    )
    return accelerator, replace(recipe, device=device.type)


def _check_stored(logits: Logits, best: Best, recipe: Recipe) -> None:
    """Refuse weights that, loaded as they will be loaded, answer the first rows differently."""
    allowed = 1e-3 if recipe.precision == "fp32" else 0.1
    off = float(np.abs(logits - best.val[: len(logits)]).max())
    if off > allowed * max(1.0, float(np.abs(best.val).max())):
        raise CheckFailed(
            "the trained weights answer differently once they are stored",
            why=f"Logits differ by up to {off:.3g}. Nothing was stored.",
            hint=f"This is a fault of the method {recipe.method}; please report it.",
            code="training.round-trip",
        )
