"""The table of a bank: who is there, who leaves, and what does not fit. No torch is needed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swereg.api.banks.residents import Residents
from swereg.errors import NotFound, UsageError
from swereg.records.entry import Entry
from tests.cli.conftest import entry


@dataclass(eq=False)
class Loaded:
    entry: Entry
    has_own_encoder: bool = False


def loaded(version: int, *, own: bool = False) -> Loaded:
    return Loaded(entry(version=version), own)


def refs(residents: Residents[Loaded]) -> list[int]:
    return [resident.entry.version for resident in residents.all()]


def test_the_least_recently_used_leaves() -> None:
    residents: Residents[Loaded] = Residents(capacity=2)
    one, two, three = map(loaded, (1, 2, 3))
    residents.publish({"a@prod": one})
    residents.publish({two.entry.ref: two})
    assert residents.use(["a@prod", "nobody"]) == {"a@prod": one, "nobody": None}
    residents.publish({three.entry.ref: three})
    assert refs(residents) == [1, 3]
    assert "a@prod" in residents
    assert two.entry.ref not in residents


def test_looking_is_no_use() -> None:
    residents: Residents[Loaded] = Residents(capacity=2)
    one, two, three = map(loaded, (1, 2, 3))
    residents.publish({one.entry.ref: one, two.entry.ref: two})
    assert residents.get(one.entry.ref) is one
    residents.publish({three.entry.ref: three})
    assert refs(residents) == [2, 3]


def test_encoders_of_their_own_have_a_limit_of_their_own() -> None:
    residents: Residents[Loaded] = Residents(encoders=1)
    small, full, newer = loaded(1), loaded(2, own=True), loaded(3, own=True)
    residents.publish({r.entry.ref: r for r in (small, full)})
    assert residents.has_room_for("x/9", own_encoder=False)
    assert not residents.has_room_for("x/9", own_encoder=True)
    assert residents.has_room_for(full.entry.ref, own_encoder=True)  # it is there
    residents.publish({newer.entry.ref: newer})
    assert refs(residents) == [1, 3]
    with pytest.raises(UsageError, match="2 entries do not fit at once"):
        residents.check_limits([full, newer])


def test_all_are_taken_out_or_none() -> None:
    residents: Residents[Loaded] = Residents()
    one = loaded(1)
    residents.publish({"a": one})
    with pytest.raises(NotFound):
        residents.remove(["a", "b"])
    assert len(residents) == 1
    residents.remove(["a"])
    assert len(residents) == 0


@pytest.mark.parametrize(("capacity", "encoders"), [(0, 1), (None, 0), (-1, 1)])
def test_limits_are_one_or_more(capacity: int | None, encoders: int) -> None:
    with pytest.raises(UsageError):
        Residents(capacity, encoders)


@given(
    st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=30),
    st.integers(1, 4),
    st.integers(1, 2),
)
def test_limits_hold_whatever_comes(
    arrivals: list[tuple[int, bool]], capacity: int, encoders: int
) -> None:
    residents: Residents[Loaded] = Residents(capacity, encoders)
    for version, own in arrivals:
        newcomer = loaded(version, own=own)
        residents.publish({newcomer.entry.ref: newcomer})
        assert residents.get(newcomer.entry.ref) is newcomer  # who comes last is always there
        assert len(residents) <= capacity
        assert sum(resident.has_own_encoder for resident in residents.all()) <= encoders
