"""Compare bases on labelled data: a probe on the frozen pooler, LoRA and full fine-tuning.

    python evaluate.py --base FOLDER --tasks DATA/a DATA/b [--methods head lora full] [--random]
    python evaluate.py --baselines --tasks DATA/a DATA/b

A task is a folder with `train.jsonl`, `val.jsonl`, `test.jsonl`, each line {"text", "label"}.
Prints one JSON line per task, method and seed: test accuracy and macro-F1 of the epoch (or the
regularisation) with the best validation macro-F1.
"""

import argparse
import copy
import json
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer

RATES = {"lora": 2e-3, "full": 5e-4}


@dataclass
class Task:
    """A task's texts and label numbers, by split."""

    name: str
    labels: list[str]
    texts: dict[str, list[str]]
    targets: dict[str, np.ndarray]


def read_task(folder: Path, cap: int) -> Task:
    """Read a task; keep at most `cap` training rows and `cap` test rows, drawn with a seed."""
    texts: dict[str, list[str]] = {}
    raw: dict[str, list[str]] = {}
    for split in ("train", "val", "test"):
        lines = (folder / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        random.Random(0).shuffle(rows)
        rows = rows[: cap if split != "val" else cap // 3]
        texts[split], raw[split] = [r["text"] for r in rows], [r["label"] for r in rows]
    labels = sorted(set(raw["train"]) | set(raw["val"]) | set(raw["test"]))
    number = {label: i for i, label in enumerate(labels)}
    targets = {split: np.array([number[y] for y in ys]) for split, ys in raw.items()}
    return Task(folder.name, labels, texts, targets)


def score(truth: np.ndarray, guess: np.ndarray) -> tuple[float, float]:
    """Return accuracy and macro-F1 in per cent."""
    return 100 * float((truth == guess).mean()), 100 * float(
        f1_score(truth, guess, average="macro")
    )


def best_linear(features: dict[str, object], task: Task, grid: tuple[float, ...]) -> np.ndarray:
    """Fit a logistic regression, choose C on the validation part, return the test guesses."""
    best, guess = -1.0, np.zeros(0)
    for strength in grid:
        model = LogisticRegression(C=strength, max_iter=400)
        model.fit(features["train"], task.targets["train"])
        f1 = score(task.targets["val"], model.predict(features["val"]))[1]
        if f1 > best:
            best, guess = f1, model.predict(features["test"])
    return guess


def tfidf(task: Task) -> np.ndarray:
    """Guess with TF-IDF over words and characters."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    for vectorizer in (words, characters):
        vectorizer.fit(task.texts["train"])
    features: dict[str, object] = {
        split: sp.hstack([words.transform(texts), characters.transform(texts)]).tocsr()
        for split, texts in task.texts.items()
    }
    return best_linear(features, task, (1, 10, 100))


class Base:
    """An encoder and its tokenizer, freshly loaded or with random weights of the same shape."""

    def __init__(self, folder: Path, *, random_weights: bool, length: int) -> None:
        self.folder, self.random_weights, self.length = folder, random_weights, length
        self.tokenizer = AutoTokenizer.from_pretrained(folder)

    def load(self, seed: int) -> nn.Module:
        """Return the encoder in float32."""
        torch.manual_seed(seed)
        model: nn.Module
        if self.random_weights:
            model = AutoModel.from_config(AutoConfig.from_pretrained(self.folder)).float()
        else:
            model = AutoModel.from_pretrained(self.folder, dtype=torch.float32)
        return model

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Return the token ids of each text."""
        rows: list[list[int]]
        rows = self.tokenizer(texts, truncation=True, max_length=self.length)["input_ids"]
        return rows


def pooled(model: nn.Module, rows: list[list[int]]) -> Tensor:
    """Run a batch; (rows, width)."""
    width = max(len(row) for row in rows)
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    with torch.autocast("cpu", torch.bfloat16):
        output: Tensor = model(input_ids=ids, attention_mask=(ids != 0).long()).pooler_output
    return output.float()


def by_length(rows: list[list[int]], size: int) -> list[np.ndarray]:
    """Return index batches of about equal length."""
    order = np.argsort([len(row) for row in rows], kind="stable")
    return [order[i : i + size] for i in range(0, len(order), size)]


@torch.no_grad()
def features_of(model: nn.Module, rows: list[list[int]]) -> np.ndarray:
    """Return the pooler output of every row."""
    model.eval()
    out: list[np.ndarray] = [np.zeros(0)] * len(rows)
    for chosen in by_length(rows, 64):
        for i, vector in zip(chosen, pooled(model, [rows[i] for i in chosen]), strict=True):
            out[i] = vector.numpy()
    return np.stack(out)


def probe(base: Base, task: Task, seed: int) -> np.ndarray:
    """Guess with a logistic regression on the frozen pooler output."""
    model = base.load(seed)
    raw = {split: features_of(model, base.encode(t)) for split, t in task.texts.items()}
    scaler = StandardScaler().fit(raw["train"])
    scaled: dict[str, object] = {split: scaler.transform(x) for split, x in raw.items()}
    return best_linear(scaled, task, (0.003, 0.03, 0.3))


def adapt(model: nn.Module, method: str, rank: int) -> nn.Module:
    """Add LoRA to query and value, or leave everything trainable."""
    if method == "full":
        return model
    targets = ["query", "value"]
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets)
    adapted: nn.Module = get_peft_model(model, config)
    return adapted


def tune(base: Base, task: Task, method: str, seed: int, args: argparse.Namespace) -> np.ndarray:
    """Fine-tune with a head on the pooler; return the test guesses of the best epoch."""
    encoder = base.load(seed)
    width = encoder.get_submodule("pooler").get_parameter("dense.weight").shape[0]
    head = nn.Linear(width, len(task.labels))
    model = adapt(encoder, method, args.rank)
    dropout = nn.Dropout(0.1)
    rate = args.rate or RATES[method]
    weights = [p for p in model.parameters() if p.requires_grad]
    groups = [{"params": weights, "lr": rate}, {"params": head.parameters(), "lr": args.head_rate}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0, fused=True)
    rows = {split: base.encode(texts) for split, texts in task.texts.items()}
    truth = torch.from_numpy(task.targets["train"])
    rng = np.random.default_rng(seed)
    batches = -(-len(truth) // args.batch)
    steps = max(args.epochs * batches, args.least_steps)
    decay = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min(1, (s + 1) / (0.06 * steps)) * (1 - s / steps)
    )
    best, guess = -1.0, np.zeros(0)
    for _ in range(-(-steps // batches)):
        model.train()
        order = rng.permutation(len(truth))
        for chosen in np.array_split(order, batches):
            if decay.last_epoch >= steps:
                break
            scores = head(dropout(pooled(model, [rows["train"][i] for i in chosen])))
            F.cross_entropy(scores, truth[chosen]).backward()
            optimizer.step()
            decay.step()
            optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            linear = copy.deepcopy(head)
            val = linear(torch.from_numpy(features_of(model, rows["val"]))).argmax(1).numpy()
            f1 = score(task.targets["val"], val)[1]
            if f1 > best:
                test = linear(torch.from_numpy(features_of(model, rows["test"])))
                best, guess = f1, test.argmax(1).numpy()
    return guess


def report(task: Task, method: str, seed: int, guess: np.ndarray, seconds: float) -> None:
    """Print one result."""
    accuracy, f1 = score(task.targets["test"], guess)
    line = {"task": task.name, "method": method, "seed": seed, "accuracy": round(accuracy, 1)}
    print(json.dumps({**line, "macro_f1": round(f1, 1), "seconds": round(seconds)}), flush=True)


def run_baselines(task: Task) -> None:
    """Report the majority class and TF-IDF."""
    majority = Counter(task.targets["train"].tolist()).most_common(1)[0][0]
    report(task, "majority", 0, np.full(len(task.targets["test"]), majority), 0)
    start = time.time()
    guess = tfidf(task)
    report(task, "tfidf", 0, guess, time.time() - start)


def main() -> None:
    """Evaluate a base or the baselines."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", type=Path, help="a transformers folder")
    parser.add_argument("--random", action="store_true", help="random weights of the base's shape")
    parser.add_argument("--baselines", action="store_true", help="majority and TF-IDF")
    parser.add_argument("--tasks", type=Path, nargs="+", required=True)
    parser.add_argument("--methods", nargs="+", default=["head", "lora", "full"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cap", type=int, default=1500, help="training and test rows at most")
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--rank", type=int, default=4)
    parser.add_argument("--rate", type=float, help="learning rate of the encoder")
    parser.add_argument("--head-rate", type=float, default=2e-3)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--least-steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for folder in args.tasks:
        task = read_task(folder, args.cap)
        if args.baselines:
            run_baselines(task)
        if args.base is None:
            continue
        base = Base(args.base, random_weights=args.random, length=args.length)
        for seed in range(args.seeds):
            for method in args.methods:
                start = time.time()
                probing = method == "head"
                guess = probe(base, task, seed) if probing else tune(base, task, method, seed, args)
                name = f"random-{method}" if args.random else method
                report(task, name, seed, guess, time.time() - start)


if __name__ == "__main__":
    main()
