"""Run all benchmarks, one after the other, and write RESULTS.md; half an hour on two processors.

.venv/bin/python benchmarks/all.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from timing import Section

HERE = Path(__file__).parent
SCRIPTS = [
    ["training.py"],
    ["bank.py", "--base", "kb", "--rounds", "5"],
    ["bank.py", "--base", "mini"],
    ["sweeping.py", "--rounds", "3"],
    ["starting.py"],
    ["reading.py"],
    ["versions.py"],
]
QUICK = {
    "training.py": ["--rounds", "2", "--epoch-rounds", "1"],
    "bank.py": ["--rounds", "2", "--entries", "40", "--peft-entries", "34"],
    "sweeping.py": ["--rounds", "1"],
    "starting.py": ["--rounds", "2"],
    "reading.py": ["--rounds", "2", "--entries", "2000"],
    "versions.py": ["--rounds", "2"],
}
INTRODUCTION = """# Measured

Written by `make bench`. Ratios are what to read: what is compared takes turns in one run, on the
same machine and input. Random weights have the speed of real ones.
"""


def main() -> None:
    """Measure, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it runs")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.md"
        for script, *arguments in SCRIPTS:
            more = QUICK[script] if said.quick else []
            command = [sys.executable, HERE / script, *arguments, *more, "--out", out]
            subprocess.run(list(map(str, command)), check=True)
        lines = out.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
        text = f"{INTRODUCTION}\n{_aims(map(json.loads, lines))}{out.read_text(encoding='utf-8')}"
    if said.quick:
        print(text)
    else:
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")


def _aims(found: Iterable[tuple[str, str, str, str]]) -> str:
    rows = [(table, what, value, aim, _met(value, aim)) for table, what, value, aim in found]
    note = "Every figure that has a target, from the tables below."
    return Section(
        "What was aimed at", ("table", "what", "found", "aim", ""), rows, note
    ).markdown()


def _met(found: str, aim: str) -> str:
    """Tell whether a figure reaches its aim, by its median."""
    value, wanted = _number(found), _number(aim)
    return "yes" if (value >= wanted if "at least" in aim else value <= wanted) else "**no**"


def _number(text: str) -> float:
    """Read the first number, in seconds where it is a time."""
    match = re.search(r"([\d.,]+) ?(ms|µs)?", text)
    assert match is not None, text
    return float(match[1].replace(",", "")) * {"ms": 1e-3, "µs": 1e-6}.get(match[2], 1)


if __name__ == "__main__":
    main()
