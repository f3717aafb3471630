"""The loop is transformers' own mathematics, it repeats itself, and it says what goes wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from swereg.adapters import products
from swereg.adapters.bases import sources
from swereg.adapters.bases.sources import BaseSource
from swereg.adapters.training import fit as training
from swereg.adapters.training import loop, recipes
from swereg.errors import TrainingError
from swereg.plugins import entry_points, specs
from swereg.records.dataset import Dataset
from swereg.records.progress import EpochEnded, Notice, Progress
from swereg.records.training import Fitted

LABELS = ("negative", "positive")
RATES = {"lora": 2e-2, "full": 2e-3, "head": 5e-2}  # a tiny random base needs large steps


def fit(
    source: BaseSource, dataset: Dataset, method: str = "lora", **said: Any
) -> tuple[Fitted, list[Progress]]:
    spec = specs.parse_method(method)
    said = {"device": "cpu", "epochs": 3, "learning_rate": RATES[spec.name]} | said
    recipe = recipes.recipe(spec, {}, source.max_length, said)
    seen: list[Progress] = []
    _, fitted = training.fit(source, spec.method, dataset, recipe, on_progress=seen.append)
    return fitted, seen


@pytest.mark.parametrize("method", list(RATES))
def test_every_method_learns_and_keeps_its_best_epoch(
    method: str, source: BaseSource, dataset: Dataset
) -> None:
    fitted, seen = fit(source, dataset, method, epochs=6, patience=6, dropout=0.0)
    losses = [epoch.val_loss for epoch in fitted.epochs]
    assert losses[fitted.best_epoch - 1] == min(losses) == fitted.scores["val"]["loss"]
    assert min(losses) < losses[0] - 0.01
    assert sum(isinstance(event, EpochEnded) for event in seen) == len(losses)
    for outputs in fitted.outputs:
        logits = np.frombuffer(outputs.logits, "<f4").reshape(outputs.rows, outputs.columns)
        assert logits.shape == (len(dataset.split(outputs.split)), 2)


def test_early_stopping_waits_for_its_patience(source: BaseSource, dataset: Dataset) -> None:
    """With a learning rate of 0 only the first epoch can be the best."""
    fitted, _ = fit(source, dataset, "full", learning_rate=0.0, epochs=9, patience=2, dropout=0.0)
    assert [epoch.number for epoch in fitted.epochs] == [1, 2, 3]
    assert fitted.best_epoch == 1


def test_the_head_alone_leaves_the_encoder_out_of_the_loop(
    source: BaseSource, dataset: Dataset
) -> None:
    fitted, _ = fit(source, dataset, "head")
    assert fitted.trainable == 32 * 2 + 2


class _InOrder:
    """Stands in for a sampler: the same fixed batches in every epoch."""

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.drop_last = lengths, batch_size, False

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        rows = list(range(len(self.lengths)))
        for start in range(0, len(rows), self.batch_size):
            yield rows[start : start + self.batch_size]


@pytest.mark.parametrize("smallest", [1, products.SMALLEST])  # of oneDNN's products
@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT calls it
def test_epoch_losses_equal_those_of_the_trainer_with_peft(
    method: str,
    smallest: int,
    source: BaseSource,
    dataset: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Same start, same batches, no dropout: transformers' Trainer is the oracle."""
    monkeypatch.setattr(loop, "ShuffledByLength", _InOrder)
    monkeypatch.setattr(products, "SMALLEST", smallest)
    start: dict[str, Any] = {}
    learn = loop.learn

    def remember(accelerator: Any, how: Any, model: Any, *rest: Any, **more: Any) -> Any:
        start.update({k: v.detach().clone() for k, v in model.state_dict().items()})
        return learn(accelerator, how, model, *rest, **more)

    monkeypatch.setattr(training, "learn", remember)
    spec = f"{method}[dropout=0.0]" if method == "lora" else method
    ours, _ = fit(source, dataset, spec, dropout=0.0, epochs=8, patience=9)
    theirs = _trainer_losses(method, source, dataset, start, tmp_path)
    found = [(e.train_loss, e.val_loss) for e in ours.epochs]
    assert np.allclose(found, theirs, atol=1e-5, rtol=0), np.subtract(found, theirs)
    assert found[-1][1] < found[0][1] - 0.01  # something was learnt, so equality says something


def _trainer_losses(
    method: str, source: BaseSource, dataset: Dataset, start: Any, folder: Path
) -> list[tuple[float, float]]:
    """Train with transformers' Trainer (and PEFT); return train and validation loss per epoch."""
    from peft import LoraConfig, TaskType, get_peft_model
    from torch.utils.data import SequentialSampler
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    class Ordered(Trainer):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any) -> Any:
            return SequentialSampler(self.train_dataset)

    model = AutoModelForSequenceClassification.from_pretrained(
        source.folder, num_labels=2, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    if method == "lora":
        config = LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=4,
            lora_alpha=8,
            lora_dropout=0.0,
            target_modules=["query", "value"],
        )
        model = get_peft_model(model, config)
    state = {_peft_key(key, model.state_dict()): value for key, value in start.items()}
    assert not model.load_state_dict(state, strict=False).unexpected_keys
    tokenizer = AutoTokenizer.from_pretrained(source.folder)

    def rows(split: Any) -> list[dict[str, Any]]:
        return [
            {**tokenizer(e.text, truncation=True, max_length=64), "labels": LABELS.index(e.label)}
            for e in dataset.split(split)
        ]

    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=8,
        per_device_train_batch_size=8,
        per_device_eval_batch_size=8,
        learning_rate=RATES[method],
        weight_decay=0.0,
        max_grad_norm=1.0,
        lr_scheduler_type="linear",
        warmup_steps=0,
        eval_strategy="epoch",
        logging_strategy="epoch",
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Ordered(
        model=model,
        args=arguments,
        train_dataset=rows("train"),
        eval_dataset=rows("val"),
        data_collator=DataCollatorWithPadding(tokenizer),
    )
    trainer.train()
    log = trainer.state.log_history
    train = [entry["loss"] for entry in log if "loss" in entry]
    val = [entry["eval_loss"] for entry in log if "eval_loss" in entry]
    return list(zip(train, val, strict=True))


def _peft_key(key: str, theirs: Any) -> str:
    """Their name of one of our tensors: PEFT wraps the model, the head and each adapter."""
    wrapped = "base_model.model." + key.replace(
        "classifier.", "classifier.modules_to_save.default."
    )
    named = re.sub(r"(lora_[AB])\.", r"\1.default.", wrapped)
    return named if named in theirs else key


def test_what_ran_is_recorded(source: BaseSource, dataset: Dataset) -> None:
    fitted, _ = fit(source, dataset, "head", epochs=1)
    assert fitted.environment["products"] == products.maker(torch.device("cpu"))


def test_another_seed_gives_other_losses(source: BaseSource, dataset: Dataset) -> None:
    first, _ = fit(source, dataset, epochs=1)
    second, _ = fit(source, dataset, epochs=1, seed=7)
    assert first.epochs[0].val_loss != second.epochs[0].val_loss


def test_a_loss_that_is_not_finite_stops_the_run(source: BaseSource, dataset: Dataset) -> None:
    with pytest.raises(TrainingError, match="the loss became") as caught:
        fit(source, dataset, "full", learning_rate=1e30)
    assert "--learning-rate 1e+29" in caught.value.hint


def test_texts_that_are_cut_are_counted(source: BaseSource, dataset: Dataset) -> None:
    long = replace(dataset.train[0], text="mat " * 500)
    fitted, seen = fit(source, replace(dataset, train=(*dataset.train, long)), epochs=1)
    assert fitted.cut == {"train": 1, "val": 0, "test": 0}
    notices = [event.text for event in seen if isinstance(event, Notice)]
    assert notices == [
        "Texts longer than 64 tokens are cut: 1 of 33 in train, 0 of 16 in val, 0 of 16 in test."
    ]


def test_bf16_and_fp32_can_follow_each_other(source: BaseSource, dataset: Dataset) -> None:
    low, seen = fit(source, dataset, precision="bf16", epochs=1)
    slow = [event for event in seen if isinstance(event, Notice) and "bfloat16" in event.text]
    assert len(slow) == products.bf16_is_slow()  # and it is said only where it is true
    full, _ = fit(source, dataset, precision="fp32", epochs=1)
    assert low.recipe.precision == "bf16"
    assert low.epochs[0].val_loss == pytest.approx(full.epochs[0].val_loss, rel=0.05)
    assert low.epochs[0].val_loss != full.epochs[0].val_loss


def test_the_numbers_of_the_notebook(tmp_path: Path) -> None:
    """KB-BERT's shape: LoRA r=4 on query and value with a head for 2 labels."""
    from transformers import BertConfig, BertModel

    from swereg.adapters.sequence_classifier import SequenceClassifier, count

    encoder = BertModel(BertConfig(vocab_size=50325))  # 12 layers, hidden 768
    spec = specs.parse_method("lora")
    model = SequenceClassifier(encoder, 2, dropout=0.1)
    trainable, total = count(spec.method.attach(model, specs.settings_of(spec.method, {})))
    assert trainable == 148_994
    assert total == 124_690_944 + 148_994
    assert f"{100 * trainable / total:.4f}" == "0.1193"


def test_training_imports_neither_transformers_nor_peft_nor_the_compiler(tiny_base: Path) -> None:
    """They take seconds, which is most of what a small training takes."""
    sources.resolve(str(tiny_base)).tokenizer()  # transformers reads it, once for a base
    code = (
        "import sys, swereg\n"
        "rows = [swereg.Example(f'{n} {w}', w) for n in range(20) for w in 'ab']\n"
        "data = swereg.Dataset(('a', 'b'), tuple(rows[:20]), tuple(rows[20:]), ())\n"
        "task = swereg.Task('t', lambda: data, ('a', 'b'))\n"
        f"swereg.train(task, base={str(tiny_base)!r}, epochs=1)\n"
        "print(*(m for m in ('transformers', 'peft', 'sklearn', 'torch._dynamo') "
        "if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_files_of_the_base_stay_as_they_are(tiny_base: Path, dataset: Dataset) -> None:
    """They are mapped into memory, and full fine-tuning changes that."""
    before = {path.name: path.read_bytes() for path in tiny_base.iterdir()}
    fit(sources.resolve(str(tiny_base)), dataset, "full", epochs=2)
    assert {path.name: path.read_bytes() for path in tiny_base.iterdir()} == before


def test_a_method_that_changes_the_way_through_the_layers_gets_transformers(
    source: BaseSource, dataset: Dataset
) -> None:
    class Skipping(type(entry_points.find_plugin("method", "full"))):  # type: ignore[misc]
        name = "skipping"
        seen: ClassVar[list[str]] = []

        def attach(self, model: Any, settings: Any) -> Any:
            self.seen.append(type(model.encoder).__name__)
            model.encoder.encoder.layer[1].register_forward_hook(lambda *_: None)
            return super().attach(model, settings)

    recipe = recipes.recipe(
        specs.parse_method("full"), {}, 64, {"epochs": 1, "learning_rate": 1e-3}
    )
    _, fitted = training.fit(source, Skipping(), dataset, recipe)
    assert Skipping.seen == ["BertLayers", "BertModel"]
    assert len(fitted.epochs) == 1
