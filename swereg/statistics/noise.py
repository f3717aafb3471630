"""Which entries the examples cannot tell from the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from swereg.statistics.alignment import check_same
from swereg.statistics.bootstrap import Bootstrap
from swereg.statistics.pairs import Difference, decisive, differences
from swereg.statistics.scored import Scored


@dataclass(frozen=True)
class Standing:
    """One entry's place among several.

    Attributes:
        name: of the entry.
        value: of the metric.
        best: whether no other has a better value; the first of equals.
        within_noise: whether the examples cannot tell it from the best: the best itself, and
            those that the paired comparison with the best finds indistinguishable.
        difference: this entry minus the best; None for the best.
    """

    name: str
    value: float
    best: bool
    within_noise: bool
    difference: Difference | None = None


def standings(
    scored: Mapping[str, Scored], metric: str = "accuracy", bootstrap: Bootstrap | None = None
) -> tuple[Standing, ...]:
    """Hold several entries against the best of them, in the order given.

    The best was chosen on these very examples, so its lead is flattered; no correction is made
    for that or for the number of entries. Being outside the noise is a hint, not a proof.

    Raises:
        Conflict: they are not on the same examples, or the metric cannot tell them apart.
    """
    check_same(list(scored.values()))
    bootstrap = bootstrap or Bootstrap()
    kind = decisive(metric, next(iter(scored.values())))
    values = {name: kind.value(one) or 0.0 for name, one in scored.items()}
    top = (min if kind.small else max)(values, key=lambda name: values[name])
    found = {
        name: differences(scored[top], one, [metric], bootstrap)[metric]
        for name, one in scored.items()
        if name != top
    }
    return tuple(
        Standing(
            name=name,
            value=value,
            best=name == top,
            within_noise=name == top or found[name].verdict == "indistinguishable",
            difference=found.get(name),
        )
        for name, value in values.items()
    )
