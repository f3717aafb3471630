"""Time whole processes: one prediction on the command line, beside `import torch` and PEFT."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from timing import Section, Side, compare

import swereg
from swereg import home, plugins

TEXT = "Maten var underbar"
WITH_PEFT = """
import json, sys
import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer
base, adapter, text = sys.argv[1:]
model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=2)
model = PeftModel.from_pretrained(model, adapter).eval()
with torch.inference_mode():
    batch = AutoTokenizer.from_pretrained(base)(text, return_tensors="pt")
    print(json.dumps(model(**batch).logits.softmax(1)[0].tolist()))
"""


def starting(folder: Path, rounds: int) -> Section:
    """Compare whole processes on `mini`, with a registry of one entry."""
    registry, adapter = folder / "registry.db", folder / "adapter"
    task = plugins.find("task", "sentiment")
    whole = task.read()
    few = replace(whole, train=whole.train[:32], val=whole.val[:16], test=whole.test[:16])
    swereg.train(
        replace(task, read=lambda: few), base="mini", registry=registry, epochs=1, device="cpu"
    )
    swereg.export("sentiment", peft=adapter, registry=registry)
    base = home.PACKAGED_BASES / "mini"
    command = str(Path(sys.executable).with_name("swereg"))
    ask = [command, "--registry", str(registry), "predict", "sentiment", TEXT, "--device", "cpu"]
    with_peft = [sys.executable, "-c", WITH_PEFT, str(base), str(adapter), TEXT]
    _check_same(_output([*ask, "--json"]), _output(with_peft))
    sides = [
        Side("swereg predict", lambda: _output(ask)),
        Side(
            "python -c 'import torch'",
            lambda: _output([sys.executable, "-c", "import torch"]),
            against=(("swereg predict", ""),),
        ),
        Side(
            "transformers and PEFT",
            lambda: _output(with_peft),
            against=(("swereg predict", ""),),
        ),
    ]
    note = (
        f'Whole processes, `swereg predict sentiment "{TEXT}"` on `mini`, against a script that '
        "loads the same entry with PeftModel.from_pretrained and predicts once. Files are in the "
        "system's cache."
    )
    return compare("One prediction from a cold start", sides, rounds, note)


def _check_same(ours: str, theirs: str) -> None:
    scores = json.loads(ours)["predictions"][0]["scores"].values()
    pairs = zip(scores, json.loads(theirs), strict=True)
    assert all(abs(one - other) < 1e-4 for one, other in pairs), (ours, theirs)


def _output(command: Sequence[str]) -> str:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment, timeout=600
    )
    return done.stdout
