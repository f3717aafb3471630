"""Pretrain a small BERT on prepared text; run the same command again to resume.

    python pretrain.py --data WORK --out RUN --steps 20000
    python pretrain.py --data WORK --out RUN --until 2026-01-31T18:00:00+00:00
    python pretrain.py --data WORK --out SECOND --after RUN --steps 20000

With `--steps` the schedule counts steps and the run is repeatable. With `--until` it follows the
clock: the learning rate reaches zero at that moment, however many steps the machine managed.
`--after` goes on from the weights, the optimizer and the place in the text of a finished run, with
a schedule of its own.
"""

import argparse
import datetime
import json
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import checkpoint
import numpy as np
import torch
from batches import Batch, Batches, Pieces, Text
from objectives import Pretrainer, Weights
from tokenizers import Tokenizer
from transformers import BertConfig

HELD_OUT_BATCHES = 24


@dataclass
class State:
    """Where a run is; saved in every checkpoint."""

    step: int = 0
    tokens: int = 0  # pieces read, padding not counted
    seconds: float = 0.0
    epoch: int = 0
    position: int = 0
    began: float = field(default_factory=time.time)  # Unix time of the first start
    first: int = 0  # the step this run began with: 0, or the last one of the run before


@dataclass(frozen=True)
class Schedule:
    """Linear warm-up, a constant rate, then linear decay to zero over the last share."""

    peak: float
    warmup: int  # steps
    decay: float  # share of the run
    steps: int | None
    until: float | None  # Unix time

    def left(self, state: State) -> float:
        """Return the share of the run that is left, from 1 to 0."""
        if self.until is not None:
            return max(0.0, (self.until - time.time()) / (self.until - state.began))
        return max(0.0, 1 - (state.step - state.first) / (self.steps or 1))

    def rate(self, state: State) -> float:
        """Return the learning rate of the next step."""
        warm = min(1.0, (state.step - state.first + 1) / self.warmup)
        return self.peak * warm * min(1.0, self.left(state) / self.decay)

    def seconds_left(self, state: State) -> float:
        """Estimate the seconds that are left."""
        if self.until is not None:
            return max(0.0, self.until - time.time())
        left = state.first + (self.steps or 0) - state.step
        return state.seconds / max(1, state.step) * left


def bf16_pays(device: str) -> bool:
    """Tell whether the hardware computes in bfloat16."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def build_model(args: argparse.Namespace, text: Text, vocab: int) -> Pretrainer:
    """Build the seeded model; its word embeddings start from the word vectors."""
    torch.manual_seed(args.seed)
    config = BertConfig(
        vocab_size=vocab,
        hidden_size=args.dim,
        num_hidden_layers=args.layers,
        num_attention_heads=args.heads or args.dim // 64,
        intermediate_size=4 * args.dim,
        max_position_embeddings=256,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager" if args.device == "cpu" else "sdpa",
    )
    unigram = np.bincount(text.tokens, minlength=vocab) + 1.0
    weights = Weights(**json.loads(args.weights))
    model = Pretrainer(config, unigram / unigram.sum(), weights)
    vectors = args.data / "vectors.npy"
    if vectors.is_file() and not args.random_embeddings:
        model.start_from(np.load(vectors))
    return model.to(args.device)


def build_optimizer(model: Pretrainer, decay: float) -> torch.optim.AdamW:
    """AdamW; biases and LayerNorms do not decay."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), eps=1e-6, fused=True)


class Run:
    """A training run: one folder with a checkpoint, a log and the settings."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        tokenizer = Tokenizer.from_file(str(args.data / "tokenizer.json"))
        pieces = Pieces.of(tokenizer)
        text = Text.load(args.data, "train")
        self.batches = Batches(
            text, pieces, seed=args.seed, tokens_per_batch=args.batch, mask_rate=args.mask
        )
        held_out = Batches(Text.load(args.data, "heldout"), pieces, seed=1)
        self.held_out = [b for _, _, b in islice(held_out.stream(), HELD_OUT_BATCHES)]
        self.model = build_model(args, text, tokenizer.get_vocab_size())
        self.optimizer = build_optimizer(self.model, args.weight_decay)
        self.schedule = Schedule(args.lr, args.warmup, args.decay, args.steps, args.until)
        self.state = State()
        self.stopped = False  # asked to stop; the loop saves and ends
        self.checkpoint: Path = args.out / "checkpoint.safetensors"
        if self.checkpoint.is_file():
            self.resume(self.checkpoint)
        elif args.after:
            self.resume(args.after / self.checkpoint.name)
            self.state = replace(self.state, began=time.time(), first=self.state.step)

    def resume(self, file: Path) -> None:
        """Go on from a checkpoint."""
        self.state = State(**checkpoint.read_state(file))
        checkpoint.resume(file, self.model, self.optimizer, self.state.step)

    def forward(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Compute the losses, in bfloat16 where it pays."""
        with torch.autocast(self.args.device, torch.bfloat16, enabled=self.args.bf16):
            losses: dict[str, torch.Tensor] = self.model(batch)
            return losses

    def step(self, batch: Batch, rate: float) -> dict[str, float]:
        """Take one step; return the losses."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        losses = self.forward(batch)
        self.model.total(losses).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return {name: loss.item() for name, loss in losses.items()}

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return the mean losses on held-out text (the same masks every time)."""
        found: dict[str, list[float]] = {}
        for batch in self.held_out:
            for name, loss in self.forward(batch).items():
                found.setdefault(name, []).append(loss.item())
        return {name: round(float(np.mean(values)), 4) for name, values in found.items()}

    def save(self) -> None:
        """Write the checkpoint."""
        checkpoint.save(self.checkpoint, self.model, self.optimizer, asdict(self.state))

    def log(self, mean: dict[str, float], rate: float) -> None:
        """Append a line to the loss curve and print the progress."""
        state = self.state
        line: dict[str, Any] = {
            "step": state.step,
            "tokens": state.tokens,
            "seconds": round(state.seconds),
            "lr": rate,
            "train": {name: round(value, 4) for name, value in mean.items()},
            "held_out": self.evaluate(),
        }
        with (self.args.out / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        left = datetime.timedelta(seconds=round(self.schedule.seconds_left(state)))
        held = " ".join(f"{name} {value:.3f}" for name, value in line["held_out"].items())
        print(
            f"step {state.step:,}  {state.tokens / 1e6:.1f} M tokens  "
            f"{state.tokens / max(state.seconds, 1):,.0f}/s  lr {rate:.2e}  {held}  {left} left",
            flush=True,
        )

    def stop(self, *_: object) -> None:
        """Ask the loop to save and end after the current step (a signal handler)."""
        self.stopped = True

    def train(self) -> None:
        """Train until the schedule ends, or save and return when stopped."""
        state, args = self.state, self.args
        mean: dict[str, float] = {}
        saved = last = time.time()
        supply: Iterator[tuple[int, int, Batch]] = self.batches.stream(state.epoch, state.position)
        while (rate := self.schedule.rate(state)) > 0 and not self.stopped:
            state.epoch, state.position, batch = next(supply)
            for name, loss in self.step(batch, rate).items():
                mean[name] = 0.98 * mean.get(name, loss) + 0.02 * loss
            now = time.time()
            state.step += 1
            state.tokens += int((batch.inputs != 0).sum())
            state.seconds, last = state.seconds + now - last, now
            if state.step % args.log_every == 0:
                self.log(mean, rate)
            if now - saved > 60 * args.save_minutes:
                self.save()
                saved = now
        self.save()
        if not self.stopped:
            self.log(mean, 0.0)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder written by prepare.py")
    parser.add_argument("--out", type=Path, required=True, help="folder of this run")
    parser.add_argument("--after", type=Path, help="folder of a finished run to go on from")
    end = parser.add_mutually_exclusive_group(required=True)
    end.add_argument("--steps", type=int, help="length of the run in steps")
    end.add_argument("--until", help="end of the run, ISO 8601 with a time zone")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--heads", type=int, help="default: one per 64 of width")
    parser.add_argument("--lr", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--warmup", type=int, default=300, help="steps")
    parser.add_argument("--decay", type=float, default=0.6, help="share of the run that decays")
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--batch", type=int, default=4096, help="tokens per step")
    parser.add_argument("--mask", type=float, default=0.2, help="share of the words masked")
    parser.add_argument("--weights", default="{}", help="JSON: weights of the objectives")
    parser.add_argument("--random-embeddings", action="store_true", help="ignore the word vectors")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--bf16", action=argparse.BooleanOptionalAction, help="default: if it pays")
    parser.add_argument("--log-every", type=int, default=100, help="steps")
    parser.add_argument("--save-minutes", type=float, default=4.0)
    args = parser.parse_args()
    if args.until:
        args.until = datetime.datetime.fromisoformat(args.until).timestamp()
    if args.bf16 is None:
        args.bf16 = bf16_pays(args.device)
    return args


def main() -> None:
    """Start or resume a run."""
    args = parse()
    if args.threads:
        torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    settings = json.dumps(vars(args), indent=2, default=str, ensure_ascii=False)
    (args.out / "settings.json").write_text(settings + "\n", encoding="utf-8")
    run = Run(args)
    count = sum(p.numel() for p in run.model.bert.parameters())
    print(f"{count:,} parameters in the encoder, from step {run.state.step:,}", flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, run.stop)
    run.train()


if __name__ == "__main__":
    main()
