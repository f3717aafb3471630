"""Which entries the examples cannot tell from the best."""

from __future__ import annotations

from dataclasses import dataclass

from swereg.errors import Conflict
from swereg.evaluation.statistics.groups import Resampled
from swereg.evaluation.statistics.paired import Difference


@dataclass(frozen=True)
class Standing:
    """The place of an entry, or of a group of seeds, among several.

    Attributes:
        name: of the group.
        value: of the metric: the mean over the seeds.
        best: whether no other has a better value; the first of equals.
        within_noise: whether the examples cannot tell it from the best: the best itself, and
            those that the paired comparison with the best finds indistinguishable.
        difference: this group minus the best; None for the best.
    """

    name: str
    value: float
    best: bool
    within_noise: bool
    difference: Difference | None = None


def standings(resampled: Resampled) -> tuple[Standing, ...]:
    """Hold several groups against the best of them, in their order.

    The best was chosen on these very examples, so its lead is flattered; no correction is made
    for that or for the number of groups. Being outside the noise is a hint, not a proof.

    Raises:
        Conflict: the metric cannot tell entries apart on these examples.
    """
    reason = resampled.metric.undecided(next(iter(resampled.groups.values()))[0])
    if reason:
        raise Conflict(
            f"{resampled.metric.name} cannot tell entries apart on these examples",
            why=f"{reason[0].upper()}{reason[1:]}.",
            code="statistics.metric",
        )
    values = {name: resampled.mean(name) or 0.0 for name in resampled.groups}
    top = (min if resampled.metric.small else max)(values, key=lambda name: values[name])
    to_top = {name: resampled.difference(top, name) for name in values if name != top}
    return tuple(
        Standing(
            name=name,
            value=value,
            best=name == top,
            within_noise=name == top or to_top[name].verdict == "indistinguishable",
            difference=to_top.get(name),
        )
        for name, value in values.items()
    )
