"""Time whole sweeps: several trainings in one pass over the base, beside one after the other.

.venv/bin/python benchmarks/sweeping.py [--base kb|mini] [--rounds 3] [--out FILE]
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

RANKS = "2,4,8,16"
EXAMPLES = {"mini": (400, 100), "kb": (64, 16)}  # for training, for validation


def sweeping(folder: Path, base: str, rounds: int) -> Section:
    """Compare whole processes, each with a registry of its own."""
    place: object = kb_shaped(folder / "base") if base == "kb" else "mini"
    train, val = EXAMPLES[base]
    data, count = table(folder / "some.csv", train, val), itertools.count()

    def sweep(together: int, batch: int) -> str:
        registry = folder / f"registry-{next(count)}.db"
        command = [Path(sys.executable).with_name("swereg"), "--registry", registry, "sweep",
                   "--data", data, "--base", place, "--rank", RANKS, "-o", "epochs=2", "-o",
                   f"batch_size={batch}", "--together", together, "-q"]  # fmt: skip
        return output(command)

    sides = []
    for batch in (8, 16):
        alone = f"one after the other, batches of {batch}"
        sides.append(Side(alone, partial(sweep, 1, batch)))
        sides.append(Side(f"four at once, batches of {batch}", partial(sweep, 4, batch),
                          ((alone, ""),)))  # fmt: skip
    name = "`mini`" if base == "mini" else "KB-BERT's shape, random weights"
    note = (
        f"`swereg sweep --rank {RANKS}`, two epochs on {train} sentences with validation on {val}, "
        "start and storing included. A ratio below 1 says that four at once are faster."
    )
    return compare(f"Four ranks, on {name}", sides, rounds, note)


def main() -> None:
    """Measure, print, and write a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", choices=["kb", "mini"], nargs="+", default=["kb", "mini"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="append the tables to this file")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SWEREG_HOME"] = folder
        sections = []
        for base in said.base:
            room = Path(folder) / base
            room.mkdir()
            sections.append(sweeping(room, base, said.rounds))
        heading = (
            f"## Sweeping\n\n`benchmarks/sweeping.py --rounds {said.rounds}`, "
            f"{circumstances('cpu')}. Whole processes."
        )
        publish(heading, sections, said.out)


if __name__ == "__main__":
    main()
