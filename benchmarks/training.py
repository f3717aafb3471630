"""Time training: swereg's loop against transformers and PEFT, as a notebook has it.

All learn from sentences of the packaged task `sentiment`, on random weights of KB-BERT's shape. The
notebook's way is transformers' Trainer (with PEFT for LoRA r=4 on query and value): every text is
padded to the longest one, and a checkpoint is written after each epoch. What is compared takes
turns, so that a machine whose speed drifts harms all alike; the figures to quote are the ratios,
taken round by round.

    .venv/bin/python benchmarks/training.py [--rounds 11] [--epoch-rounds 3] [--threads 2]
        [--layers 12] [--device cpu|cuda] [--only step lora full] [--out FILE]
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from floor import Floor
from inputs import kb_shaped
from timing import Section, Side, circumstances, compare, publish
from torch import nn
from torch.nn.functional import cross_entropy
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

from swereg.adapters import products
from swereg.adapters.bases import sources
from swereg.adapters.batches import pad
from swereg.adapters.sequence_classifier import SequenceClassifier
from swereg.adapters.training import encoding, engine, fit, loop, recipes
from swereg.adapters.training.engine.turns import Turn
from swereg.plugins import entry_points, specs
from swereg.records.dataset import Dataset
from swereg.records.training import Recipe

BATCH = 8  # rows
TARGETS = {"lora": "at least 3.3", "full": "at least 1.8"}  # of an epoch
AIMS = {"fp32": "at least 3.2", "bf16": "at least 4.8"}  # of a step
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass
class Bench:
    """What the measurements have in common.

    Attributes:
        folder: with the base in it, as `base`.
        dataset: 100 sentences to learn from, and 50 for validation.
    """

    folder: Path
    dataset: Dataset
    rounds: int
    epoch_rounds: int
    device: str = "cpu"

    @cached_property
    def source(self) -> sources.BaseSource:
        """Where the base lies."""
        return sources.resolve(str(self.folder / "base"))

    def recipe(self, method: str, precision: str = "fp32") -> Recipe:
        """The default recipe, for one epoch."""
        said = {"device": self.device, "epochs": 1, "precision": precision}
        return recipes.recipe(specs.parse_method(method), {}, self.source.max_length, said)

    @cached_property
    def tokens(self) -> encoding.Data:
        """The dataset as token ids."""
        return encoding.encode(
            self.source.load(), self.dataset, self.recipe("lora"), lambda _: None
        )[0]

    def ours(self, method: str, precision: str = "fp32") -> nn.Module:
        """A model that learns as swereg's do."""
        recipe, spec = self.recipe(method, precision), specs.parse_method(method)
        plain = SequenceClassifier(
            self.source.load().encoder, len(self.dataset.labels), dropout=recipe.dropout
        )
        model = spec.method.attach(plain, specs.settings_of(spec.method, recipe.settings))
        engine.take_over(model, torch.device(self.device), precision)
        return model.to(self.device)

    def theirs(self, method: str) -> Any:
        """A model as a notebook has it."""
        model = AutoModelForSequenceClassification.from_pretrained(
            self.folder / "base", num_labels=len(self.dataset.labels)
        )
        model.to(self.device)
        if method == "full":
            return model
        from peft import LoraConfig, TaskType, get_peft_model

        config = LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=4,
            lora_alpha=8,
            lora_dropout=0.2,
            target_modules=["query", "value"],
        )
        return get_peft_model(model, config)


def step(bench: Bench) -> Section:
    """One step of LoRA: forward, backward, clipping, AdamW."""
    rows = sorted(bench.tokens.train, key=len)[6::12][:BATCH]  # of all lengths
    longest = max(map(len, bench.tokens.train))
    accelerator, _ = fit.prepare(bench.recipe("lora"))
    multiple = engine.length_multiple(accelerator)
    batch = pad(rows, 0, -(-max(map(len, rows)) // multiple) * multiple)
    padded = pad(rows, 0, longest)
    floor = Floor(bench.source.config, rows)
    precisions = ["fp32"] if bench.device == "cpu" and products.bf16_is_slow() else ["fp32", "bf16"]
    notebook = bench.theirs("lora")
    sides = []
    for precision in precisions:
        against = tuple((f"swereg, {one}", AIMS[one]) for one in precisions)
        if precision == "bf16":  # both aims are held against the notebook as it is
            against = (("swereg, bf16", ""),)
        sides.append(
            Side(f"notebook, {precision}", _theirs(bench, notebook, padded, precision), against)
        )
    for precision in precisions:
        ours, least = f"swereg, {precision}", f"as many operations in large products, {precision}"
        if bench.device == "cpu":
            aim = "at most 1.3" if precision == "fp32" else ""
            sides.append(Side(least, floor.products(DTYPES[precision])))
            sides.append(Side(ours, _ours(bench, batch, precision), ((least, aim),)))
        else:
            sides.append(Side(ours, _ours(bench, batch, precision)))
    note = (
        f"{BATCH} sentences, {sum(map(len, rows))} tokens; the notebook pads them to {longest} "
        f"each. The matrix products of a step are {floor.operations / 1e9:.1f} GFLOP; beside it "
        "stand as many operations in products of some 512 rows, which take turns with it."
    )
    return compare("One step of LoRA", sides, bench.rounds, note)


def _theirs(
    bench: Bench, model: Any, batch: dict[str, torch.Tensor], precision: str
) -> Callable[[], None]:
    """As a notebook has it: logits, loss and gradients, operation by operation."""
    here = {name: value.to(bench.device) for name, value in batch.items()}

    def backward(turn: Turn) -> None:
        with torch.autocast(bench.device, torch.bfloat16, enabled=precision == "bf16"):
            found = turn.model(**turn.batch).logits
        cross_entropy(found.float(), turn.labels).backward()

    return _step(bench, model, here, backward)


def _ours(bench: Bench, batch: dict[str, torch.Tensor], precision: str) -> Callable[[], None]:
    """As swereg's training has it."""
    accelerator, _ = fit.prepare(bench.recipe("lora", precision))
    model = accelerator.prepare_model(bench.ours("lora", precision), device_placement=False)
    here = {name: value.to(bench.device) for name, value in batch.items()}
    return _step(bench, model, here, engine.backward_on(accelerator))


def _step(
    bench: Bench, model: Any, batch: dict[str, torch.Tensor], backward: Callable[[Turn], object]
) -> Callable[[], None]:
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=1e-4, weight_decay=0.0, fused=True)
    model.train()
    turn = Turn(model, batch, (torch.arange(BATCH) % 2).to(bench.device))

    def run() -> None:
        backward(turn)
        nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if bench.device == "cuda":
            torch.cuda.synchronize()

    if bench.device == "cuda":
        for _ in range(6):  # until it is recorded
            run()
    return run


def epoch(bench: Bench, method: str) -> Section:
    """One epoch with validation and what each does at its end; loading is not counted."""
    recipe, spec = bench.recipe(method), specs.parse_method(method)
    model = bench.ours(method)
    rows = [*bench.tokens.train, [bench.tokens.pad_id]]
    engine.learn_seen_words(model, rows, lambda: spec.method.state(model))
    accelerator, recipe = fit.prepare(recipe)
    trainer = _trainer(bench, method, recipe.learning_rate)

    def swereg() -> None:
        learning = loop.learn(accelerator, spec.method, model, bench.tokens, recipe)
        fit.drive(learning, accelerator)

    counts = len(bench.dataset.train), len(bench.dataset.val)
    job = bench.folder, bench.dataset, method, bench.device
    return compare(
        f"One epoch, {method}",
        [
            Side(
                "notebook",
                trainer.train,
                (("swereg", TARGETS[method]),),
                peak=lambda: _peak("notebook", *job),
            ),
            Side("swereg", swereg, peak=lambda: _peak("swereg", *job)),
        ],
        bench.epoch_rounds,
        f"{counts[0]} sentences, then {counts[1]} for validation; swereg keeps the best weights in "
        "memory, the notebook writes a checkpoint. Memory is that of a process which imports both "
        "and does one of them (on a GPU, what it allocates there).",
    )


def _peak(way: str, folder: Path, dataset: Dataset, method: str, device: str) -> int:
    """The most memory of a process that learns for an epoch, in bytes; on a GPU, of that."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_learn, way, folder, dataset, method, device).result()


def _learn(way: str, folder: Path, dataset: Dataset, method: str, device: str) -> int:
    bench = Bench(folder, dataset, 1, 1, device)
    recipe = bench.recipe(method)
    if way == "swereg":
        fit.fit(bench.source, specs.parse_method(method).method, dataset, recipe)
    else:
        _trainer(bench, method, recipe.learning_rate).train()
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def _trainer(bench: Bench, method: str, learning_rate: float) -> Trainer:
    tokenizer = AutoTokenizer.from_pretrained(bench.folder / "base")

    def rows(examples: Any) -> list[dict[str, Any]]:
        encoded = tokenizer([e.text for e in examples], padding="longest", truncation=True)
        labels = [bench.dataset.labels.index(e.label) for e in examples]
        return [
            {"input_ids": ids, "attention_mask": mask, "labels": label}
            for ids, mask, label in zip(
                encoded["input_ids"], encoded["attention_mask"], labels, strict=True
            )
        ]

    arguments = TrainingArguments(
        output_dir=str(bench.folder / f"out-{method}"),
        num_train_epochs=1,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=BATCH,
        learning_rate=learning_rate,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        report_to=[],
        use_cpu=bench.device == "cpu",
        disable_tqdm=True,
    )
    trainer = Trainer(
        model=bench.theirs(method),
        args=arguments,
        train_dataset=rows(bench.dataset.train),
        eval_dataset=rows(bench.dataset.val),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


PARTS: dict[str, Callable[[Bench], Section]] = {
    "step": step,
    "lora": lambda bench: epoch(bench, "lora"),
    "full": lambda bench: epoch(bench, "full"),
}


def main() -> None:
    """Measure, print, and write a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11, help="of the step")
    parser.add_argument("--epoch-rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, help="append the tables to this file")
    said = parser.parse_args()

    torch.set_num_threads(said.threads)
    whole: Dataset = entry_points.find_plugin("task", "sentiment").read()
    dataset = Dataset(whole.labels, whole.train[:100], whole.val[:50])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SWEREG_HOME"] = folder
        kb_shaped(Path(folder) / "base", said.layers)
        bench = Bench(Path(folder), dataset, said.rounds, said.epoch_rounds, said.device)
        heading = (
            f"## Training on KB-BERT's shape ({said.layers} layers, hidden 768, vocabulary 50,325),"
            f" random weights\n\n`benchmarks/training.py --rounds {said.rounds} --epoch-rounds "
            f"{said.epoch_rounds} --device {said.device}`, {circumstances(said.device)}. Median "
            "(quartiles) of the rounds in which all take turns; a ratio is a time divided by the "
            "one it stands under, the median of the rounds' ratios."
        )
        publish(heading, (PARTS[name](bench) for name in said.only), said.out)


if __name__ == "__main__":
    main()
