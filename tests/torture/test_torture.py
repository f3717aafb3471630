"""A little of every fault; ``make torture`` runs them for minutes."""

from __future__ import annotations

import pytest

from tests.torture.faults import FAULTS, Fault, run

FEW = {"8 writers, 2 readers and backups at once": 1, "4 upgrades at once": 1}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_nothing_is_lost_and_nobody_fooled(fault: Fault) -> None:
    result = run(fault, most=FEW.get(fault.name, 4), short=True)
    assert result.trials
    assert [(trial.what, trial.broken) for trial in result.lost] == []


WEAKENED = [(fault, weakness) for fault in FAULTS for weakness in fault.weaknesses]


@pytest.mark.parametrize(
    ("fault", "weakness"), WEAKENED, ids=lambda part: getattr(part, "name", part)
)
def test_it_can_fail(fault: Fault, weakness: str) -> None:
    """Under settings that promise less, something is lost, and this sees it."""
    assert run(fault, weakness=weakness, most=400, until_lost=True, short=True).lost
