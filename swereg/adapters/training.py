"""Training: one loop for every method.

Seed, then load, then attach, then train; so the same recipe on the same data gives the same
losses, to the last bit on one thread.
"""

from __future__ import annotations

import inspect
import math
import time
import uuid
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DataLoaderConfiguration, broadcast_object_list, set_seed
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import LinearLR

from swereg.adapters import engine, products, resuming, tensors
from swereg.adapters.bases import Base, BaseSource
from swereg.adapters.batches import Batch, Rows, ShuffledByLength, loader, pad
from swereg.adapters.bert_layers import BertLayers
from swereg.adapters.devices import choose_device
from swereg.adapters.environment import environment
from swereg.adapters.frozen_base import FrozenBase
from swereg.adapters.method import Method
from swereg.adapters.resuming import Loop, OnEpoch, Past
from swereg.adapters.sequence_classifier import SequenceClassifier, count, pool
from swereg.adapters.tokens import by_length, tokenize
from swereg.adapters.turns import Turn
from swereg.errors import CheckFailed, TrainingError
from swereg.records import (
    BaseInfo,
    Dataset,
    Epoch,
    EpochEnded,
    Fitted,
    Notice,
    OnProgress,
    Recipe,
    Split,
    Started,
    Stepped,
    silent,
    texts,
)
from swereg.scoring import Logits, pack, score
from swereg.specs import settings_of

EVALUATION_BATCH = 32
SLOW_BF16 = (
    "This processor computes in bfloat16 more slowly than in float32, so --precision bf16 takes "
    "longer here; many times as long where it has no instructions for it."
)

Inputs = list[list[int]] | Tensor  # token ids per row; or pooled outputs, [rows, hidden]


@dataclass(frozen=True)
class Data:
    """Training and validation as numbers: inputs, and the column of each row's label."""

    train: Inputs
    train_labels: list[int]
    val: Inputs
    val_labels: list[int]
    pad_id: int


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
        past = resuming.read(loop, self.state)
        best = Best(past.curve[past.best - 1], past.state, past.val)
        return best, past.curve, time.monotonic() - past.seconds

    def epoch(self, loop: Loop, best: Best, curve: list[Epoch], start: float) -> None:
        """Give away the state after an epoch."""
        if self.on_epoch is not None:
            seconds = time.monotonic() - start
            past = Past(curve, best.epoch.number, best.state, best.val, seconds)
            self.on_epoch(resuming.write(loop, past, self.facts))


Learnt = tuple[Best, list[Epoch], float]  # the best epoch, the curve, and when it all began
Learning = Generator[Turn, float, Learnt]


def fit(
    source: BaseSource,
    method: Method,
    dataset: Dataset,
    recipe: Recipe,
    *,
    on_progress: OnProgress = silent,
    run: str = "",
    keep: Keep = Keep(),
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
        keep: Keep = Keep(),
    ) -> None:
        self.source, self.method, self.dataset = source, method, dataset
        self.on_progress, self._run = on_progress, run
        self.accelerator, self.recipe = prepare(recipe)
        on_cpu = self.accelerator.device.type == "cpu"
        if recipe.precision == "bf16" and on_cpu and products.bf16_is_slow():
            on_progress(Notice(SLOW_BF16))
        base, plain, self.model = begin(source, method, len(dataset.labels), self.recipe)
        self.info = base.info
        self.trainable, self.total = count(self.model)

        began = time.monotonic()
        self.data, self.cut = encode(base, dataset, self.recipe, on_progress)
        steps = math.ceil(len(self.data.train_labels) / recipe.batch_size)
        on_progress(Started(recipe.epochs, steps, self.trainable, self.total))
        if method.frozen_encoder:
            self.data = run_encoder_once(plain.encoder, self.data, self.accelerator, on_progress)
        if keep.on_epoch and (why := self._not_resumable()):
            keep = replace(keep, on_epoch=None)
            on_progress(Notice(f"{why}: no --resume."))
        facts = {"recipe": asdict(self.recipe), "base": asdict(self.info)}
        self._keep = replace(keep, facts=facts, began=began)

    def _not_resumable(self) -> str:
        """Say why it cannot be kept after each epoch, or nothing."""
        if self.accelerator.num_processes > 1:
            return "Several processes learn it"
        return "" if resuming.affordable(self.trainable) else "Too much learns to keep each epoch"

    def learn(self) -> Learning:
        """Learn, turn by turn."""
        return learn(
            self.accelerator, self.method, self.model, self.data, self.recipe,
            on_progress=self.on_progress, keep=self._keep,
        )  # fmt: skip

    def end(self, learnt: Learnt) -> tuple[BaseInfo, Fitted]:
        """Make of what was learnt what is stored, loaded as it will be loaded."""
        best, curve, began = learnt
        seconds = time.monotonic() - began
        self.accelerator.free_memory()
        del self.model  # in its place comes the base as it answers
        weights = tensors.write(best.state)
        frozen = FrozenBase.open(self.source, str(self.accelerator.device))
        settings = settings_of(self.method, self.recipe.settings)
        lowered = self.method.lower(tensors.read(weights), frozen, settings)
        placed = frozen.place(lowered, len(self.dataset.labels), self.recipe.max_length)

        def answer(those: Sequence[str]) -> Logits:
            return np.stack(frozen.logits(those, [placed] * len(those))[0])

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
                pack(split, logits, dataset.columns(split)) for split, logits in outputs.items()
            ),
            seconds=seconds,
            cut=self.cut,
            environment=environment(self.accelerator.device),
        )


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
        found = score(val, data.val_labels)
        epoch = Epoch(
            number=number,
            train_loss=_mean(accelerator, summed, len(data.train_labels)),
            val_loss=_finite(found["loss"], number, len(sampler), recipe),
            val_accuracy=found["accuracy"],
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


def begin(
    source: BaseSource, method: Method, labels: int, recipe: Recipe
) -> tuple[Base, SequenceClassifier, nn.Module]:
    """Load the base and attach the method, after the recipe's seed.

    A BERT learns on the engine; only if the method changes the way through its layers is it
    loaded once more, as transformers computes it.

    Returns:
        The base; its classifier; what the method made of that, ready to learn.
    """
    for whole in (False, True):
        set_seed(recipe.seed)
        base = source.load(whole=whole)
        plain = SequenceClassifier(base.encoder, labels, dropout=recipe.dropout)
        model = method.attach(plain, settings_of(method, recipe.settings))
        taken = engine.take_over(model, torch.device(recipe.device), recipe.precision)
        if taken or not isinstance(base.encoder, BertLayers):
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


def _check_stored(found: Logits, best: Best, recipe: Recipe) -> None:
    """Refuse weights that, loaded as they will be loaded, answer the first rows differently."""
    allowed = 1e-3 if recipe.precision == "fp32" else 0.1
    off = float(np.abs(found - best.val[: len(found)]).max())
    if off > allowed * max(1.0, float(np.abs(best.val).max())):
        raise CheckFailed(
            "the trained weights answer differently once they are stored",
            why=f"Logits differ by up to {off:.3g}. Nothing was stored.",
            hint=f"This is a fault of the method {recipe.method}; please report it.",
            code="training.round-trip",
        )
