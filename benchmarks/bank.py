"""Time the bank: mixed batches, loading, switching, many answers per text; and its memory.

Entries have random weights on random weights of KB-BERT's shape (`--base kb`) or on the packaged
base (`--base mini`); the texts are the first 32 test sentences of the packaged task `sentiment`.
What is compared takes turns in one process, so that a machine whose speed drifts harms all alike;
the figures to quote are the ratios, taken round by round. PEFT runs the same entries beside it,
and before anything is timed the answers are held together.

    .venv/bin/python benchmarks/bank.py [--base mini|kb] [--device cpu|cuda] [--rounds 11]
        [--only PART ...] [--out FILE]
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, cycle
from multiprocessing import get_context
from pathlib import Path

import psutil
import torch
from inputs import MAX_LENGTH, Kind, Peft, answers, check_same, kb_shaped, sentences
from timing import Section, Side, circumstances, compare, publish

from swereg.adapters import products
from swereg.adapters.bases import sources
from swereg.adapters.bases.sources import BaseSource
from swereg.adapters.bert import checkpoint
from swereg.adapters.frozen.adapted import Adapted
from swereg.adapters.frozen.base import FrozenBase
from swereg.adapters.frozen.bert import PACK_AFTER, FrozenBert
from swereg.adapters.frozen.deltas import Route, segments
from swereg.adapters.frozen.encoder import Placed
from swereg.adapters.method import Lowered
from swereg.api.banks.bank import Bank
from swereg.records.entry import Entry
from swereg.records.training import Recipe
from swereg.registry import Registry

ROWS = 32  # texts in a batch, and entries in a mixture
LORA = "lora[r=4]"
MIXTURE = [
    ("lora[r=1]", 2),
    ("lora[r=2]", 3),
    ("lora[r=4]", 4),
    ("lora[r=8]", 5),
    ("lora[r=16]", 6),
    ("dora[r=4]", 7),
    ("ia3", 8),
    ("head", 9),
]
LOADINGS = 9  # rounds of loading, at most: each adds an entry on every side
SWITCHES = 1000  # in a round


@dataclass
class Bench:
    """What the measurements have in common.

    Attributes:
        many: entries that are resident on the base.
        peft_many: entries that are resident in the fuller one of two PEFT models.
    """

    source: BaseSource
    folder: Path
    device: str
    rounds: int
    many: int
    peft_many: int

    @property
    def named(self) -> str:
        """The base, for headings."""
        return "`mini`" if self.source.name == "mini" else "KB-BERT's shape"

    @cached_property
    def base(self) -> FrozenBase:
        """The base in memory, as it is after some use."""
        base = FrozenBase.open(self.source, self.device)
        plain = base.place(Lowered(torch.eye(2, base.info.hidden_size), torch.zeros(2)), 2, 8)
        for _ in range(PACK_AFTER):
            base.logits(["Hej"], [plain])
        return base

    @cached_property
    def low(self) -> FrozenBase | None:
        """The same in bf16, where that is not slow."""
        if self.device == "cpu" and products.bf16_is_slow():
            return None
        return FrozenBase.open(self.source, self.device, "bf16")

    @cached_property
    def texts(self) -> list[str]:
        """The sentences."""
        return sentences(ROWS)

    @cached_property
    def lora(self) -> Kind:
        """LoRA r=4 with two labels."""
        return Kind(self.source, LORA, 2)

    @cached_property
    def residents(self) -> list[Placed]:
        """Many LoRA entries on the base."""
        return [self.lora.placed(seed, self.base) for seed in range(self.many)]

    @cached_property
    def peft(self) -> Peft:
        """The first 32 of these entries with PEFT."""
        peft = Peft(self.source, self.lora, self.folder / "peft", self.device)
        peft.fill(ROWS)
        return peft

    @property
    def top(self) -> str:
        """The numbers of the two upper layers, such as ``10+11``."""
        layers = int(self.source.config["num_hidden_layers"])
        return f"{layers - 2}+{layers - 1}"


def main() -> None:
    """Measure, print, and write a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", choices=["mini", "kb"], default="mini")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--entries", type=int, default=1000, help="on the base")
    parser.add_argument("--peft-entries", type=int, default=100, help="in PEFT's model")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="default: all")
    parser.add_argument("--out", type=Path, help="append the tables to this file")
    said = parser.parse_args()

    torch.set_num_threads(said.threads)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SWEREG_HOME"] = folder
        made = str(kb_shaped(Path(folder) / "base")) if said.base == "kb" else said.base
        bench = Bench(
            source=sources.resolve(made),
            folder=Path(folder),
            device=said.device,
            rounds=said.rounds,
            many=said.entries,
            peft_many=said.peft_entries,
        )
        sections = (PARTS[name](bench) for name in said.only or PARTS)
        publish(_heading(bench, said.base), sections, said.out)


def _heading(bench: Bench, name: str) -> str:
    config = bench.source.config
    shape = (
        f"{config['num_hidden_layers']} layers, hidden {config['hidden_size']}, "
        f"vocabulary {config['vocab_size']:,}"
    )
    base = f"KB-BERT's shape ({shape}), random weights" if name == "kb" else f"`{name}` ({shape})"
    return (
        f"## The bank on {base}\n\n"
        f"`benchmarks/bank.py --base {name} --device {bench.device} --rounds {bench.rounds}`, "
        f"{circumstances(bench.device)}. Entries with random weights; the texts are the first "
        f"{ROWS} test sentences of `sentiment`. Median (quartiles) of {bench.rounds} rounds in "
        "which all take turns; a ratio is the median of the rounds' ratios."
    )


# --- the parts


def mixing(bench: Bench) -> Section:
    """Batches of one entry, of many, and of many that are not alike."""
    base, texts, peft = bench.base, bench.texts, bench.peft
    seeds = range(ROWS)
    alike = [bench.lora.placed(seed, base) for seed in seeds]
    kinds = [Kind(bench.source, spec, labels) for spec, labels in MIXTURE]
    mixture = [kinds[seed % len(kinds)].placed(seed, base) for seed in seeds]
    for placed in (alike, mixture):
        alone = [answers(base, [texts[row]], [placed[row]])[0] for row in seeds]
        check_same(answers(base, texts, placed), alone)
    check_same(list(peft.answers(texts, seeds)), answers(base, texts, alike))
    peft.use(0)
    check_same(list(peft.answers(texts)), answers(base, texts, alike[:1] * ROWS))
    sides = [
        Side("one entry", lambda: base.logits(texts, alike[:1] * ROWS)),
        Side(
            "32 entries, LoRA r=4",
            lambda: base.logits(texts, alike),
            against=(("one entry", "at most 1.10"),),
        ),
        Side(
            "32 entries, a mixture",
            lambda: base.logits(texts, mixture),
            against=(("one entry", "at most 1.10"),),
        ),
        Side("PEFT, one entry", lambda: peft.answers(texts), against=(("one entry", ""),)),
        Side(
            "PEFT, adapter_names with 32",
            lambda: peft.answers(texts, seeds),
            against=(("32 entries, LoRA r=4", "at least 3.5"), ("PEFT, one entry", "")),
        ),
    ]
    if bench.low:
        low, lowered = bench.low, [bench.lora.placed(seed, bench.low) for seed in seeds]
        name = "32 entries, LoRA r=4, bf16"
        sides.insert(2, Side(name, lambda: low.logits(texts, lowered)))
        sides[1] = replace(sides[1], against=(*sides[1].against, (name, "")))
    note = (
        f"{ROWS} texts in one batch, from texts to logits. The mixture is four entries each of "
        f"{', '.join(spec for spec, _ in MIXTURE)}, with 2 to 9 labels in this order. PEFT has "
        "the 32 LoRA entries resident; it cannot run the mixture."
    )
    return compare(f"A batch of 32 texts, on {bench.named}", sides, bench.rounds, note)


def single(bench: Bench) -> Section:
    """One text with one entry, in a process that has answered before."""
    text, bank, merged = bench.texts[:1], _bank(bench), bench.peft.pipeline(0)
    found = [torch.tensor(sorted(bank.predict(text, "e0/1")[0].scores.values()))]
    check_same(found, [torch.tensor(sorted(answer["score"] for answer in merged(text)[0]))])
    ours, low = "swereg, one text", "swereg, one text, bf16"
    aim = "at least 2.4" if bench.base.info.hidden_size == 768 else ""  # set for KB-BERT's shape
    sides = [
        Side(ours, lambda: bank.predict(text, "e0/1"), turns=8),
        Side("pipeline, merged", lambda: merged(text), ((ours, aim),), turns=8),
    ]
    if bench.low:
        other, lowered = bench.low, [bench.lora.placed(0, bench.low)]
        sides.insert(1, Side(low, lambda: other.logits(text, lowered), turns=8))
        sides[0] = replace(sides[0], against=((low, ""),))
    tokens = len(bench.base.tokenizer.encode(text[0]).ids)
    note = (
        "LoRA r=4; the entry merged into a model of its own and transformers' pipeline on it, "
        f"against Bank.predict. The text has {tokens} tokens."
    )
    return compare(f"One text, warm, on {bench.named}", sides, bench.rounds, note)


def loading(bench: Bench) -> Section:
    """The first entries on an empty base against those beside many others."""
    rounds = min(bench.rounds, LOADINGS)
    many, lora, full = len(bench.residents), bench.lora, bench.base
    empty = _twin(bench)
    seeds = range(many, many + rounds + 1)
    stored = [lora.weights(seed) for seed in seeds]
    few = Peft(bench.source, lora, bench.folder / "peft", bench.device)
    few.fill(1)
    bench.peft.fill(bench.peft_many)
    for seed in seeds:
        few.write(seed)
    kept: list[Placed] = []

    def put(base: FrozenBase) -> Callable[[], object]:
        coming = iter(stored)
        return lambda: kept.append(lora.load(next(coming), base))

    def put_in(peft: Peft) -> Callable[[], object]:
        coming = iter(seeds)
        return lambda: peft.load(next(coming))

    first, last = f"entries 2 to {rounds + 1}", f"entries {many + 2:,} to {many + rounds + 1:,}"
    theirs, their_last = (
        f"PEFT, adapters {peft.resident + 2} to {peft.resident + rounds + 1}"
        for peft in (few, bench.peft)
    )
    sides = [  # either of swereg's comes after one of PEFT's, which leaves cold caches
        Side(first, put(empty)),
        Side(theirs, put_in(few), against=((first, ""),)),
        Side(last, put(full), against=((first, "at most 1.5"),)),
        Side(
            their_last,
            put_in(bench.peft),
            against=((theirs, ""), (last, "at least 100")),
        ),
    ]
    note = (
        "LoRA r=4. From an entry's bytes in memory to ready (reading, checking, lowering, "
        "placing), the registry left out. PEFT: load_adapter from a folder in the system's cache. "
        f"{rounds} rounds."
    )
    section = compare(f"Loading one more entry, on {bench.named}", sides, rounds, note)
    check_same(answers(empty, bench.texts[:1], kept[:1]), answers(full, bench.texts[:1], kept[1:2]))
    return section


def memory(bench: Bench) -> Section:
    """What entries take beside the base, in a process of its own."""
    job = (bench.source, bench.lora, bench.device, bench.many)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        grown, held = pool.submit(_growth, *job).result()
    rows = [
        ("numbers of the entries", f"{held / 2**20:.1f} MiB", "", ""),
        ("growth of the process", f"{grown / 2**20:.1f} MiB", "", ""),
        ("... / numbers of the entries", "", f"{grown / held:.2f}", "at most 1.15"),
    ]
    kind = "allocated on the GPU" if bench.device == "cuda" else "the resident set size"
    note = (
        f"{bench.many:,} LoRA r=4 entries loaded from bytes in a process of its own; growth of "
        f"{kind} from the 10th entry on. The numbers are the float32 of deltas and heads."
    )
    return Section(
        f"Memory beside the base, on {bench.named}", ("", "size", "ratio", "target"), rows, note
    )


def switching(bench: Bench) -> Section:
    """From another entry's name to a batch that is ready to run with it."""
    base, text = bench.base, bench.texts[:1]
    refs = [f"e{number}/1" for number in range(len(bench.residents))]
    bank = _bank(bench)
    turn, other, alternate = cycle(refs), cycle(refs), cycle(range(ROWS))
    bench.peft.fill(bench.peft_many)

    def route() -> Route:
        those = bank._use([next(other)])
        made = Route(segments([resident.placed.adapter for resident in those]), [8])
        made._places(rows=False)  # else the first layer would do it
        return made

    sides = [
        Side("name to entry", lambda: bank._use([next(turn)]), (), "below 10 µs", SWITCHES),
        Side("name to a batch's route", route, (), "below 10 µs", SWITCHES),
        Side(
            f"PEFT, set_adapter of {bench.peft.resident}",
            lambda: bench.peft.use(next(alternate)),
            against=(("name to a batch's route", ""),),
        ),
        Side("one text, always one entry", lambda: bank.predict(text, refs[0]), turns=ROWS),
        Side(
            "one text, each time another entry",
            lambda: bank.predict(text, next(turn)),
            against=(("one text, always one entry", ""),),
            turns=ROWS,
        ),
    ]
    wanted = answers(base, text, bench.residents[1:2])[0].softmax(0)
    found = torch.tensor(list(bank.predict(text, refs[1])[0].scores.values()))
    check_same([found], [wanted])
    note = (
        f"{len(refs):,} entries are resident and each turn takes the next one. The first line is "
        "Bank's look-up under its lock with the order of use brought up to date, which is all "
        "that changes between two entries; the second adds making the route of a batch of one, "
        "which every batch needs. The last two are whole predictions."
    )
    return compare(f"Switching to another entry, on {bench.named}", sides, bench.rounds, note)


def everyone(bench: Bench) -> Section:
    """All entries on one text, and what they share."""
    base, text = bench.base, bench.texts[:1]
    upper = Kind(bench.source, f"lora[r=4,layers={bench.top}]", 2)
    lower = [bench.lora.placed(seed, base) for seed in range(ROWS)]
    high = [upper.placed(seed, base) for seed in range(ROWS)]

    def singly(placed: Sequence[Placed]) -> list[torch.Tensor]:
        return [answers(base, text, [entry])[0] for entry in placed]

    for placed in (lower, high):
        found = base.logits_all(text, placed)[0]
        check_same([torch.from_numpy(rows[0]) for rows in found], singly(placed))
    singles, alone = "32 entries, one prediction each", "one prediction"
    sides = [
        Side(alone, lambda: base.logits(text, lower[:1]), turns=4),
        Side(singles, lambda: singly(lower)),
        Side(
            "32 entries at once",
            lambda: base.logits_all(text, lower),
            against=((singles, ""), (alone, "")),
        ),
        Side(
            f"32 entries of layers {bench.top} at once",
            lambda: base.logits_all(text, high),
            against=((singles, ""), (alone, "")),
        ),
    ]
    note = (
        "LoRA r=4 on one text. What lies below the first layer that an entry adapts is computed "
        f"once: nothing but the embeddings for entries of all layers, {bench.top.split('+')[0]} "
        "layers for those of the upper two."
    )
    return compare(f"Many entries on one text, on {bench.named}", sides, bench.rounds, note)


PARTS: dict[str, Callable[[Bench], Section]] = {
    "mixing": mixing,
    "single": single,
    "everyone": everyone,
    "switching": switching,
    "loading": loading,
    "memory": memory,
}


# --- what they need


def _twin(bench: Bench) -> FrozenBase:
    """Make the same base again, with no entries on it."""
    config = bench.source.config
    tensors = {name: bench.base.tensor(name) for name in checkpoint.shapes(config)}
    encoder = FrozenBert(tensors, config, bench.base.device)
    return FrozenBase(
        bench.source, bench.base.info, encoder, bench.base.tokenizer, bench.base.device
    )


def _bank(bench: Bench) -> Bank:
    """A bank that holds the residents as ``e0/1``, ``e1/1``, ...; its registry is empty."""
    with Registry.open(bench.folder / "empty.db", create=True) as registry:
        bank = Bank(registry=registry, device=bench.device)
    recipe = Recipe(method="lora", max_length=MAX_LENGTH)
    found = (
        Adapted(_entry(f"e{number}", recipe, bench.base), bench.base, placed)
        for number, placed in enumerate(bench.residents)
    )
    bank._publish({resident.ref: resident for resident in found})
    return bank


def _entry(name: str, recipe: Recipe, base: FrozenBase) -> Entry:
    """What a registry would say of an entry; only name, labels and base matter here."""
    return Entry(
        name=name,
        version=1,
        task="sentiment",
        labels=("positive", "negative"),
        base=base.info,
        dataset=None,
        sizes={},
        recipe=recipe,
        weights_digest="",
        weights_size=0,
        trainable=1,
        total=1,
        epochs=(),
        best_epoch=None,
        scores={},
        seconds=None,
        cut={},
        environment={},
        note="",
        run=name,
        created="",
    )


def _growth(source: BaseSource, kind: Kind, device: str, many: int) -> tuple[int, int]:
    """Load entries; return the bytes by which the process grew and those of their numbers."""
    base = FrozenBase.open(source, device)
    seeds = count()
    kept = [kind.placed(next(seeds), base) for _ in range(10)]
    before = _size(device)
    kept += [kind.placed(next(seeds), base) for _ in range(many)]
    grown = _size(device) - before
    return grown, sum(tensor.nbytes for entry in kept[10:] for tensor in _tensors(entry))


def _size(device: str) -> int:
    gc.collect()
    if device == "cuda":
        return torch.cuda.memory_allocated()
    return int(psutil.Process().memory_info().rss)


def _tensors(placed: Placed) -> Iterator[torch.Tensor]:
    yield placed.head_weight
    yield placed.head_bias
    if placed.adapter is not None:
        yield placed.adapter.flat


if __name__ == "__main__":
    main()
