"""Time whole sweeps: several trainings in one pass over the base, beside one after the other.

.venv/bin/python benchmarks/sweeping.py [--base kb|mini] [--device cpu|cuda] [--rounds 3]
    [--out FILE]
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from inputs import kb_shaped, table
from timing import Section, Side, circumstances, compare, output, publish

RANKS = {"cpu": "2,4,8,16", "cuda": "1,2,3,4,6,8,12,16"}
EXAMPLES = {("mini", "cpu"): (400, 100), ("kb", "cpu"): (64, 16)}  # for training, for validation


def sweeping(folder: Path, base: str, device: str, rounds: int) -> Section:
    """Compare whole processes, each with a registry of its own."""
    place: object = kb_shaped(folder / "base") if base == "kb" else "mini"
    train, val = EXAMPLES.get((base, device), (800, 200))
    ranks = RANKS[device]
    many = len(ranks.split(","))
    data, count = table(folder / "some.csv", train, val), itertools.count()

    def sweep(together: int, batch: int) -> str:
        registry = folder / f"registry-{next(count)}.db"
        command = [
            sys.executable,
            "-m",
            "swereg",
            "--registry",
            registry,
            "sweep",
            "--data",
            data,
            "--base",
            place,
            "--rank",
            ranks,
            "-o",
            "epochs=2",
            "-o",
            f"batch_size={batch}",
            "--together",
            together,
            "--device",
            device,
            "-q",
        ]
        return output(command)

    sides = []
    for batch in (8, 16):
        alone = f"one after the other, batches of {batch}"
        sides.append(Side(alone, partial(sweep, 1, batch)))
        sides.append(
            Side(f"{many} at once, batches of {batch}", partial(sweep, many, batch), ((alone, ""),))
        )
    name = "`mini`" if base == "mini" else "KB-BERT's shape, random weights"
    note = (
        f"`swereg sweep --rank {ranks}`, two epochs on {train} sentences with validation on {val}, "
        f"start and storing included. A ratio below 1 says that {many} at once are faster."
    )
    return compare(f"{many} ranks, on {name}", sides, rounds, note)


def main() -> None:
    """Measure, print, and write a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", choices=["kb", "mini"], nargs="+", default=["kb", "mini"])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="append the tables to this file")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SWEREG_HOME"] = folder
        sections = []
        for base in said.base:
            room = Path(folder) / base
            room.mkdir()
            sections.append(sweeping(room, base, said.device, said.rounds))
        heading = (
            f"## Sweeping\n\n`benchmarks/sweeping.py --device {said.device} --rounds {said.rounds}`"
            f", {circumstances(said.device)}. Whole processes."
        )
        publish(heading, sections, said.out)


if __name__ == "__main__":
    main()
