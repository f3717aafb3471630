"""What one more version costs: bytes beside MLflow's, and how soon either command line answers.

MLflow lives in an environment of its own, which `make bench` creates; it shares torch, transformers
and PEFT with swereg's.

    .venv/bin/python benchmarks/versions.py [--mlflow .venv-mlflow] [--rounds 5] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from inputs import kb_shaped
from timing import Section, Side, circumstances, compare, output, peak, publish

import swereg
from swereg.plugins import entry_points

VERSIONS = 3  # beside the first, which pays for what all share
WITH_MLFLOW = """
import json, sys
from pathlib import Path
import mlflow
from peft import AutoPeftModelForSequenceClassification
from transformers import AutoTokenizer, pipeline

folder, base, adapter, way, versions = Path(sys.argv[1]), *sys.argv[2:5], int(sys.argv[5])
folder.mkdir()
mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
mlflow.create_experiment("tasks", artifact_location=(folder / "artifacts").as_uri())
mlflow.set_experiment("tasks")
model = AutoPeftModelForSequenceClassification.from_pretrained(adapter)
if way == "merged":
    model = model.merge_and_unload()
tokenizer = AutoTokenizer.from_pretrained(base)
whole = pipeline("text-classification", model=model, tokenizer=tokenizer)

def size():
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

sizes = []
for number in range(versions):
    with mlflow.start_run():
        mlflow.transformers.log_model(
            whole, name="model", registered_model_name="sentiment", pip_requirements=[],
            **({"base_model_path": base} if way == "adapter" else {}),
        )
    sizes.append(size())
print(json.dumps(sizes))
"""
WAYS = {
    "adapter": ("MLflow, adapter alone (base_model_path)", "at least 3.3"),
    "merged": ("MLflow, merged pipeline", "at least 800"),
}


def size(folder: Path, mlflow: Path) -> Section:
    """Compare the bytes that one more version of the same entry takes on disk."""
    task = entry_points.find_plugin("task", "sentiment")
    data = task.read()
    few = replace(data, train=data.train[:100], val=data.val[:50], test=data.test[:50])
    base, registry, adapter = folder / "base", folder / "registry.db", folder / "adapter"
    kb_shaped(base)
    sizes = []
    for seed in range(1 + VERSIONS):
        swereg.train(
            replace(task, read=lambda: few),
            method="lora[r=4]",
            base=str(base),
            seed=seed,
            registry=registry,
            epochs=1,
            device="cpu",
        )
        sizes.append(registry.stat().st_size)
    entry = swereg.show("sentiment", registry=registry)
    swereg.export("sentiment", peft=adapter, registry=registry)
    ours = _growth(sizes)
    rows = [
        ("the entry's weights", _bytes(entry.weights_size), "", ""),
        ("swereg", _bytes(ours), "", ""),
    ]
    for way, (name, target) in WAYS.items():
        said = [folder / f"mlflow-{way}", base, adapter, way, 1 + VERSIONS]
        theirs = _growth(json.loads(output([mlflow / "bin" / "python", "-c", WITH_MLFLOW, *said])))
        rows += [
            (name, _bytes(theirs), "", ""),
            ("... / swereg", "", f"{theirs / ours:,.1f}", target),
        ]
    return Section(
        "Bytes of one more version",
        ("", "size", "ratio", "target"),
        rows,
        f"LoRA r=4 with two labels on KB-BERT's shape; the mean of versions 2 to {1 + VERSIONS}. "
        "swereg's hold weights, recipe, curve and every answer on 50 + 50 examples besides. The "
        "merged pipeline is what notebooks log.",
    )


def _growth(sizes: list[int]) -> float:
    return (sizes[-1] - sizes[0]) / (len(sizes) - 1)


def _bytes(count: float) -> str:
    return f"{count / 1e6:,.2f} MB"


def answering(folder: Path, mlflow: Path, rounds: int) -> Section:
    """Compare whole processes that read: `swereg list` and MLflow's help."""
    command = Path(sys.executable).with_name("swereg")
    listing = [command, "--registry", folder / "registry.db", "list"]
    asking = [mlflow / "bin" / "mlflow", "models", "--help"]
    sides = [
        Side(
            "swereg list",
            lambda: output(listing),
            target="below 300 ms",
            peak=lambda: peak(listing),
        ),
        Side(
            "mlflow models --help",
            lambda: output(asking),
            (("swereg list", "at least 10"),),
            peak=lambda: peak(asking),
        ),
        Side("swereg --help", lambda: output([command, "--help"]), target="below 150 ms"),
    ]
    note = f"Whole processes; the registry has {1 + VERSIONS} entries."
    return compare("A command line that answers", sides, rounds, note)


def main() -> None:
    """Measure, print, and write a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mlflow", type=Path, default=Path(".venv-mlflow"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="append the tables to this file")
    said = parser.parse_args()
    asked = "from importlib.metadata import version; print(version('mlflow'))"
    mlflow = output([said.mlflow / "bin" / "python", "-c", asked]).strip()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["SWEREG_HOME"] = name
        publish(
            f"## Versions, beside MLflow {mlflow}\n\n`benchmarks/versions.py --rounds "
            f"{said.rounds}`, {circumstances('cpu')}.",
            [size(folder, said.mlflow), answering(folder, said.mlflow, said.rounds)],
            said.out,
        )


if __name__ == "__main__":
    main()
