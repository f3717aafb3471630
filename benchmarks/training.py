"""Time training: swereg's loop against transformers' Trainer with PEFT, as a notebook has it.

Both train LoRA (r=4, query and value) on the same 100 sentences of the built-in task
`sentiment`, with 50 for validation, on random weights of KB-BERT's shape. The notebook's way pads
every text to the longest one and writes a checkpoint after each epoch. The two take turns, so
that a machine whose speed drifts harms both alike; the figure to quote is the ratio.

    .venv/bin/python benchmarks/training.py [--rounds 3] [--epochs 1] [--layers 12]
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from inputs import kb_shaped
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    Trainer,
    TrainingArguments,
)

from swereg import plugins, specs
from swereg.adapters import bases, recipes, training
from swereg.records import Dataset

BATCH = 8


def main() -> None:
    """Run both in turn and print seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--layers", type=int, default=12)
    arguments = parser.parse_args()

    whole: Dataset = plugins.find("task", "sentiment").read()
    dataset = Dataset(whole.labels, whole.train[:100], whole.val[:50])
    with tempfile.TemporaryDirectory() as folder:
        base = kb_shaped(Path(folder) / "base", arguments.layers)
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            theirs.append(_notebook(base, dataset, arguments.epochs, Path(folder)))
            ours.append(_swereg(base, dataset, arguments.epochs))
            gc.collect()
            print(f"notebook {theirs[-1]:.1f} s, swereg {ours[-1]:.1f} s")
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    print(
        json.dumps(
            {
                "input": f"100 + 50 sentences, {arguments.epochs} epoch(s), KB-BERT's shape "
                f"with {arguments.layers} layers, random weights",
                "threads": torch.get_num_threads(),
                "torch": torch.__version__,
                "notebook_seconds": statistics.median(theirs),
                "swereg_seconds": statistics.median(ours),
                "ratio": statistics.median(ratios),
                "ratios": [round(ratio, 2) for ratio in ratios],
            },
            indent=2,
        )
    )


def _swereg(base: Path, dataset: Dataset, epochs: int) -> float:
    """Train with swereg; return the seconds of training and validation."""
    spec = specs.parse("lora")
    source = bases.resolve(str(base))
    recipe = recipes.recipe(spec, {}, source.max_length, {"device": "cpu", "epochs": epochs})
    return training.fit(source, spec.method, dataset, recipe)[1].seconds


def _notebook(base: Path, dataset: Dataset, epochs: int, folder: Path) -> float:
    """Train with Trainer and PEFT; return the seconds of training, validation, checkpoints."""
    from peft import LoraConfig, TaskType, get_peft_model

    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=2)
    config = LoraConfig(
        task_type=TaskType.SEQ_CLS,
        r=4,
        lora_alpha=8,
        lora_dropout=0.2,
        target_modules=["query", "value"],
    )
    model = get_peft_model(model, config)
    tokenizer = AutoTokenizer.from_pretrained(base)

    def rows(examples: Any) -> list[dict[str, Any]]:
        encoded = tokenizer([e.text for e in examples], padding="longest", truncation=True)
        labels = [dataset.labels.index(e.label) for e in examples]
        return [
            {"input_ids": ids, "attention_mask": mask, "labels": label}
            for ids, mask, label in zip(
                encoded["input_ids"], encoded["attention_mask"], labels, strict=True
            )
        ]

    arguments = TrainingArguments(
        output_dir=str(folder / "out"),
        num_train_epochs=epochs,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=BATCH,
        learning_rate=1e-4,
        eval_strategy="epoch",
        save_strategy="epoch",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=rows(dataset.train),
        eval_dataset=rows(dataset.val),
    )
    began = time.monotonic()
    trainer.train()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
