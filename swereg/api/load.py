"""Load an entry: put it on its base, ready to answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from swereg.adapters.kinds import kind_of_entry
from swereg.api.arguments.opening import open_reader
from swereg.errors import UsageError
from swereg.records.entry import Entry

if TYPE_CHECKING:
    from swereg.adapters.classifier import Classifier
    from swereg.registry import Registry
    from swereg.registry.reader import Reader

PRECISIONS = ("fp32", "bf16")


def load(
    ref: str | Entry,
    *,
    base: str | None = None,
    registry: Registry | Reader | str | Path | None = None,
    device: str = "auto",
    precision: str = "fp32",
) -> Classifier:
    """Put an entry on its base, ready to predict. Entries of one base share it in memory.

    Args:
        ref: such as ``sentiment``, ``sentiment/3`` or ``sentiment@prod``.
        base: where the base is now, if it has moved; its content must be the same.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: of the base's matrix products, ``fp32`` or ``bf16``; see docs/speed.md.

    Raises:
        NotFound: there is no such entry, or its base cannot be had.
        CheckFailed: the weights or the base are not those that were recorded.
        UsageError: it was said where the base is, but the entry has none; there is no such device
            or precision.
    """
    check_precision(precision)
    with open_reader(registry) as store:
        entry = ref if isinstance(ref, Entry) else store.get(ref)
        if base is not None:
            entry.require_base()
        weights = store.weights(entry)
    return kind_of_entry(entry).open(entry, weights, base=base, device=device, precision=precision)


def check_precision(precision: str) -> None:
    """Refuse what is no precision to answer in.

    Raises:
        UsageError: so it is.
    """
    if precision not in PRECISIONS:
        raise UsageError(
            f"there is no precision {precision!r}",
            hint=f"Take {' or '.join(PRECISIONS)}.",
            code="precision.unknown",
        )
