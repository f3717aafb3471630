"""``python -m tests.torture --minutes 10``: every kind of fault, and a table for the docs."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
from datetime import UTC, datetime

from tests.torture.faults import FAULTS, Fault, Result, run

_CONTROL = 400  # trials after which a weakness counts as not found
_COLUMNS = (
    "fault",
    "tried",
    "survived",
    "lost",
    "slowest to open",
    "weakened so that it must fail",
)


def main() -> int:
    """Torture, print, and end with 1 if anything was lost, or a weakness was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="of all faults together")
    parser.add_argument("--seed", default="1", help="gives the same faults again")
    parser.add_argument("--only", default="", metavar="TEXT", help="faults with this in their name")
    said = parser.parse_args()
    chosen = [fault for fault in FAULTS if said.only in fault.name]
    rows, bad = [], False
    for number, fault in enumerate(chosen, 1):
        print(f"{number} of {len(chosen)}: {fault.name}", file=sys.stderr, flush=True)
        result = run(fault, seed=said.seed, seconds=60 * said.minutes / len(chosen))
        for trial in result.lost[:10]:
            print(f"  {trial.what}: {'; '.join(trial.broken)}", file=sys.stderr, flush=True)
        control, missed = _control(fault, said.seed)
        bad = bad or missed or bool(result.lost)
        rows.append(_row(fault, result, control))
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, seed {said.seed}, {said.minutes:g} minutes, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}.\n"
    )
    for row in [_COLUMNS, tuple("---" for _ in _COLUMNS), *rows]:
        print(f"| {' | '.join(row)} |")
    return int(bad)


def _control(fault: Fault, seed: str) -> tuple[str, bool]:
    """Try a fault on weakened registries; say after how many harm was done."""
    said, missed = [], False
    for weakness in fault.weaknesses:
        result = run(fault, seed=seed, weakness=weakness, most=_CONTROL, until_lost=True)
        found = f"lost at number {len(result.trials)}" if result.lost else "**survived**"
        missed = missed or not result.lost
        said.append(f"{weakness}: {found}")
    return "; ".join(said), missed


def _row(fault: Fault, result: Result, control: str) -> tuple[str, ...]:
    tried, lost = len(result.trials), len(result.lost)
    remarks = [trial.remark for trial in result.trials if trial.remark]
    counts = [f"{remarks.count(one):,} {one}" for one in sorted(set(remarks))]
    survived = f"{tried - lost:,}" + (f" ({', '.join(counts)})" if counts else "")
    opening = f"{result.opening * 1000:.0f} ms" if result.opening else ""
    return (fault.name, f"{tried:,}", survived, f"{lost:,}", opening, control)


if __name__ == "__main__":
    sys.exit(main())
