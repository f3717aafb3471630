"""Time whole processes: a prediction and a small training, beside transformers and PEFT.

.venv/bin/python benchmarks/starting.py [--base kb|mini] [--rounds 7] [--out FILE]
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from inputs import kb_shaped, table
from timing import Section, Side, circumstances, compare, output, peak, publish

import swereg
from swereg.home import locations
from swereg.plugins import entry_points

TEXT = "Maten var underbar"
WITH_PEFT = """
import json, sys
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
base, adapter, text = sys.argv[1:]
model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=2)
model = PeftModel.from_pretrained(model, adapter).merge_and_unload().eval()
answer = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(base))
print(json.dumps(sorted(each["score"] for each in answer(text, top_k=None))))
"""

NOTEBOOK = """
import csv, sys
from peft import LoraConfig, get_peft_model
from transformers import (AutoModelForSequenceClassification, AutoTokenizer,
    DataCollatorWithPadding, PrinterCallback, Trainer, TrainingArguments)
base, data, folder = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(base)
rows = {"train": [], "val": []}
with open(data, encoding="utf-8", newline="") as file:
    for row in csv.DictReader(file, delimiter=";"):
        tokens = tokenizer(row["text"], truncation=True, max_length=256)
        rows[row["split"]].append({**tokens, "labels": int(row["label"] == "positive")})
model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=2)
model = get_peft_model(model, LoraConfig(task_type="SEQ_CLS", r=4, lora_alpha=8, lora_dropout=0.2,
                                         target_modules=["query", "value"]))
arguments = TrainingArguments(output_dir=folder, num_train_epochs=1, learning_rate=1e-4,
    per_device_train_batch_size=8, eval_strategy="epoch", save_strategy="no", report_to=[],
    use_cpu=True, disable_tqdm=True)
trainer = Trainer(model, arguments, train_dataset=rows["train"], eval_dataset=rows["val"],
                  data_collator=DataCollatorWithPadding(tokenizer))
trainer.remove_callback(PrinterCallback)
trainer.train()
model.save_pretrained(folder)
"""


def training(folder: Path, base: str, place: Path, rounds: int) -> Section:
    """Compare whole trainings of few sentences."""
    data, count = table(folder / "few.csv", 32, 8), itertools.count()
    command = [
        Path(sys.executable).with_name("swereg"),
        "--registry",
        folder / "trained.db",
        "train",
        "--data",
        data,
        "--base",
        "mini" if base == "mini" else place,
        "--method",
        "lora[r=4,dropout=0.2]",
        "--epochs",
        1,
        "--batch-size",
        8,
        "-q",
    ]
    notebook = [sys.executable, "-c", NOTEBOOK, place, data, folder / "notebook"]
    output(command)  # a base is hashed once, when it is first used

    def ours() -> str:
        return output([*command, "--seed", next(count)])

    name = "swereg train"
    sides = [
        Side(name, ours, peak=lambda: peak([*command, "--seed", next(count)])),
        Side("Trainer, PEFT", lambda: output(notebook), ((name, ""),), peak=lambda: peak(notebook)),
    ]
    note = (
        "One epoch of LoRA r=4 on 32 sentences, with validation on 8, stored. The script trains "
        "with transformers' Trainer and PEFT and saves the adapter. Files are in the system's "
        "cache."
    )
    return compare(f"One small training from a cold start, on {_named(base)}", sides, rounds, note)


def _named(base: str) -> str:
    return "`mini`" if base == "mini" else "KB-BERT's shape, random weights"


def starting(folder: Path, base: str, place: Path, rounds: int) -> Section:
    """Compare whole processes, with a registry of one entry."""
    registry, adapter = folder / "registry.db", folder / "adapter"
    task = entry_points.find_plugin("task", "sentiment")
    whole = task.read()
    few = replace(whole, train=whole.train[:16], val=whole.val[:8], test=whole.test[:8])
    swereg.train(
        replace(task, read=lambda: few),
        method="lora[r=4]",
        registry=registry,
        epochs=1,
        base=str(place) if base == "kb" else "mini",
        device="cpu",
    )
    swereg.export("sentiment", peft=adapter, registry=registry)
    command = Path(sys.executable).with_name("swereg")
    ask = [command, "--registry", registry, "predict", "sentiment", TEXT]
    with_peft = [sys.executable, "-c", WITH_PEFT, place, adapter, TEXT]
    _check_same(output([*ask, "--json"]), output(with_peft))

    def with_torch() -> str:
        os.environ["SWEREG_COMPUTE_WITH"] = "torch"
        try:
            return output(ask)
        finally:
            del os.environ["SWEREG_COMPUTE_WITH"]

    ours = "swereg predict"
    sides = [
        Side(ours, lambda: output(ask), peak=lambda: peak(ask)),
        Side("swereg predict, with torch", with_torch, ((ours, ""),)),
        Side(
            "python -c 'import torch'",
            lambda: output([sys.executable, "-c", "import torch"]),
            ((ours, ""),),
        ),
        Side(
            "transformers, PEFT, pipeline",
            lambda: output(with_peft),
            ((ours, "at least 7" if base == "kb" else ""),),
            peak=lambda: peak(with_peft),
        ),
    ]
    note = (
        f'`swereg predict sentiment "{TEXT}"` against a script that loads the same entry with '
        "PeftModel.from_pretrained, merges it and asks a pipeline once. Files are in the system's "
        "cache."
    )
    return compare(f"One prediction from a cold start, on {_named(base)}", sides, rounds, note)


def _check_same(ours: str, theirs: str) -> None:
    scores = sorted(json.loads(ours)["predictions"][0]["scores"].values())
    pairs = zip(scores, json.loads(theirs), strict=True)
    assert all(abs(one - other) < 1e-4 for one, other in pairs), (ours, theirs)


def main() -> None:
    """Measure, print, and write a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", choices=["kb", "mini"], nargs="+", default=["kb", "mini"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, help="append the tables to this file")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SWEREG_HOME"] = folder
        sections = []
        for base in said.base:
            room = Path(folder) / base
            room.mkdir()
            place = kb_shaped(room / "base") if base == "kb" else locations.PACKAGED_BASES / "mini"
            sections.append(starting(room, base, place, said.rounds))
            sections.append(training(room, base, place, said.rounds))
        heading = (
            f"## Starting\n\n`benchmarks/starting.py --rounds {said.rounds}`, "
            f"{circumstances('cpu')}. Whole processes."
        )
        publish(heading, sections, said.out)


if __name__ == "__main__":
    main()
