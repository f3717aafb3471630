"""The split that is made where the files bring none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from swereg.datasets.splitting import split_examples
from swereg.records.dataset import Example
from tests.datasets.conftest import CSV, Write

SHARES = (0.8, 0.1, 0.1)
FEW = settings(derandomize=True, max_examples=40, deadline=None, database=None)


@FEW
@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(0, 5))
def test_parts_are_disjoint_whole_and_stratified(counts: list[int], seed: int) -> None:
    examples = [
        Example(f"{label} {n}", str(label)) for label, c in enumerate(counts) for n in range(c)
    ]
    parts = split_examples(examples, SHARES, seed)
    assert sorted(n for part in parts for n in part) == list(range(len(examples)))
    assert all(part == sorted(part) for part in parts)
    assert parts == split_examples(examples, SHARES, seed)
    for label, count in enumerate(counts):
        sizes = [Counter(examples[n].label for n in part)[str(label)] for part in parts]
        if count < 3:
            assert sizes == [count, 0, 0]
        else:
            assert min(sizes) >= 1
            assert all(
                abs(s - count * share) <= 1.5 for s, share in zip(sizes, SHARES, strict=True)
            )


def test_equal_texts_stay_on_one_side() -> None:
    examples = [Example(f"{'HEJ' if n % 2 else 'hej '} {n // 4}", "a") for n in range(200)]
    part_of = {n: i for i, part in enumerate(split_examples(examples, SHARES, 1)) for n in part}
    assert all(part_of[n] == part_of[n - n % 4] for n in range(200))
    assert set(part_of.values()) == {0, 1, 2}


def test_another_seed_is_another_split() -> None:
    examples = [Example(f"t{n}", "ab"[n % 2]) for n in range(100)]
    assert split_examples(examples, SHARES, 1) != split_examples(examples, SHARES, 2)
    assert [len(part) for part in split_examples(examples, SHARES, 1)] == [80, 10, 10]


def test_the_split_is_the_same_whatever_the_hash_seed(write: Write) -> None:
    more = "".join(f"Ämne {n},{'abcdef'[n % 6]}\n" for n in range(60))
    path = write(CSV + more + "Hm,neutral\n" * 3 + "Nja,oklar\n")
    code = (
        "import sys; from swereg.datasets.reading import read_data; d = read_data(sys.argv[1]);"
        "print(d.digest, d.labels, d.notices, 'torch' in sys.modules, 'sklearn' in sys.modules)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code, str(path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(said) == 1
    assert said.pop().endswith("False False\n")
