"""Compare a base with random weights of its shape, a bag of words and the majority class.

    python evaluate.py --base mini --tasks sentiment errand DATA/a DATA/b --out results.jsonl
    python evaluate.py --base mini --tasks sentiment --methods "lora[r=8]" --rates 1e-3 3e-3

Everything is trained as `swereg train` trains it. A task is a built-in one or whatever `--data`
takes. Appends one JSON line per task, method and seed to `--out`, and leaves out what is there
already; so an interrupted evaluation goes on with the same command. `table.py` prints the table.
"""

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from transformers import AutoConfig, AutoModel, AutoTokenizer

from swereg.adapters.bases import sources
from swereg.adapters.training import recipes
from swereg.adapters.training.fit import fit
from swereg.datasets.reading import read_data
from swereg.plugins import entry_points, specs
from swereg.records.dataset import Dataset, Example, ReadOptions

Scores = dict[str, float]


def read_task(name: str, cap: int) -> Dataset:
    """Read a task, with at most `cap` training and test examples, drawn with a fixed seed."""

    def some(examples: tuple[Example, ...], most: int) -> tuple[Example, ...]:
        return tuple(random.Random(0).sample(examples, min(most, len(examples))))

    if Path(name).exists():
        dataset = read_data(name, ReadOptions(), ())
    else:
        dataset = entry_points.find_plugin("task", name).read()
    return replace(
        dataset,
        train=some(dataset.train, cap),
        val=some(dataset.val, cap // 3),
        test=some(dataset.test, cap),
    )


def score(truth: list[str], guess: Any) -> Scores:
    """Return accuracy and macro-F1 in per cent."""
    return {
        "accuracy": 100 * float(accuracy_score(truth, guess)),
        "macro_f1": 100 * float(f1_score(truth, guess, average="macro", zero_division=0)),
    }


def majority(data: Dataset) -> tuple[Scores, Scores]:
    """Score the most frequent label of training on validation and test."""
    label, _ = Counter(example.label for example in data.train).most_common(1)[0]
    val, test = ([example.label for example in part] for part in (data.val, data.test))
    return score(val, [label] * len(val)), score(test, [label] * len(test))


def tfidf(data: Dataset) -> tuple[Scores, Scores]:
    """Score a logistic regression over TF-IDF of words and characters, C chosen on validation."""
    vectorizers = (
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    for vectorizer in vectorizers:
        vectorizer.fit([example.text for example in data.train])

    def features(examples: tuple[Example, ...]) -> Any:
        texts = [example.text for example in examples]
        return sp.hstack([vectorizer.transform(texts) for vectorizer in vectorizers]).tocsr()

    parts = {"train": data.train, "val": data.val, "test": data.test}
    x = {name: features(part) for name, part in parts.items()}
    y = {name: [example.label for example in part] for name, part in parts.items()}
    found = []
    for strength in (1, 10, 100):
        model = LogisticRegression(C=strength, max_iter=400).fit(x["train"], y["train"])
        found.append([score(y[part], model.predict(x[part])) for part in ("val", "test")])
    val, test = max(found, key=lambda scores: scores[0]["macro_f1"])
    return val, test


def trained(base: str, method: str, said: dict[str, Any], data: Dataset) -> tuple[Scores, Scores]:
    """Score what `swereg train` makes."""
    source = sources.resolve(base)
    spec = specs.parse_method(method)
    recipe = recipes.recipe(spec, source.recommended, source.max_length, said)
    _, fitted = fit(source, spec.method, data, recipe)
    scores = []
    for outputs in fitted.outputs:
        logits = np.frombuffer(outputs.logits, "<f4").reshape(outputs.rows, outputs.columns)
        truth = [example.label for example in data.split(outputs.split)]
        scores.append(score(truth, [data.labels[i] for i in logits.argmax(axis=1)]))
    best = fitted.epochs[fitted.best_epoch - 1]
    extra = {"loss": best.val_loss, "epoch": best.number, "epochs": len(fitted.epochs)}
    return scores[0] | extra, scores[1]


def randomised(base: str, seed: int, folder: Path) -> str:
    """Write a base of the same shape, tokenizer and settings, with random weights."""
    source = sources.resolve(base)
    made = folder / f"{seed}"
    if not made.exists():
        torch.manual_seed(seed)
        AutoModel.from_config(AutoConfig.from_pretrained(source.folder)).save_pretrained(made)
        AutoTokenizer.from_pretrained(source.folder).save_pretrained(made)
        settings = {"recommended": dict(source.recommended)}
        (made / sources.SIDE_FILE).write_text(json.dumps(settings), encoding="utf-8")
    return str(made)


class Results:
    """The file of results: one JSON line each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.done = {json.dumps(json.loads(line)["what"], sort_keys=True) for line in lines}

    def add(self, what: dict[str, Any], run: Callable[[], tuple[Scores, Scores]]) -> None:
        """Run and append, unless it is there."""
        if json.dumps(what, sort_keys=True) in self.done:
            return
        began = time.monotonic()
        val, test = run()
        seconds = round(time.monotonic() - began, 1)
        line = json.dumps({"what": what, "val": val, "test": test, "seconds": seconds})
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        print(line, flush=True)


def main() -> None:
    """Evaluate a base and what it is compared with."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", default="mini", help="mini or a transformers folder")
    parser.add_argument("--tasks", nargs="+", required=True)
    parser.add_argument("--methods", nargs="*", default=["head", "lora", "full"])
    parser.add_argument("--random", nargs="*", default=[], help="methods on random weights")
    parser.add_argument("--baselines", action="store_true", help="majority and TF-IDF")
    parser.add_argument("--rates", type=float, nargs="+", default=[None], help="learning rates")
    parser.add_argument("--said", default="{}", help='JSON: recipe options, {"epochs": 10}')
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cap", type=int, default=1500, help="training and test examples at most")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    results = Results(args.out)
    with tempfile.TemporaryDirectory() as made:
        for seed in range(args.seeds):
            for task in args.tasks:
                evaluate(args, task, seed, results, Path(made))


def evaluate(args: argparse.Namespace, task: str, seed: int, results: Results, made: Path) -> None:
    """Run one seed on one task."""
    data = read_task(task, args.cap)
    what = {"task": Path(task).name}
    if args.baselines and seed == 0:  # neither has anything random
        results.add(what | {"method": "majority"}, lambda: majority(data))
        results.add(what | {"method": "tfidf"}, lambda: tfidf(data))
    said = json.loads(args.said)
    for weights, methods in (("base", args.methods), ("random", args.random)):
        for method in methods:
            for rate in args.rates:
                options = said | {"seed": seed, "device": "cpu", "learning_rate": rate}
                base = args.base if weights == "base" else randomised(args.base, seed, made)
                results.add(
                    what
                    | {"weights": weights, "method": method, "rate": rate}
                    | said
                    | {"seed": seed},
                    lambda base=base, method=method, options=options: trained(  # type: ignore[misc]
                        base, method, options, data
                    ),
                )


if __name__ == "__main__":
    main()
