"""Successive halving: so many rounds, each with half of those before."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from swereg.api.sweeping.halving import shares, split_by_loss


@given(st.integers(0, 200))
def test_the_last_round_is_all_of_the_epochs_for_one_or_two(count: int) -> None:
    rounds = shares(count)
    assert rounds[-1] == 1
    assert all(before == 2 * after for before, after in pairwise(rounds))
    left = count
    for _ in rounds[:-1]:
        left = math.ceil(left / 2)
    assert left <= 1


@given(st.lists(st.integers(0, 9) | st.just(math.inf), min_size=1))
def test_nothing_that_goes_is_better_than_what_stays(losses: list[float]) -> None:
    numbered = list(enumerate(losses))
    stay, go = split_by_loss(numbered, lambda item: item[1])
    assert sorted([*stay, *go]) == numbered
    assert len(stay) == math.ceil(len(losses) / 2)
    for number, loss in go:
        assert all(kept < loss or (kept == loss and first < number) for first, kept in stay)
