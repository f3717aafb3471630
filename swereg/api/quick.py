"""Few texts, answered once: without torch where that can be, which is most of a short start.

``SWEREG_COMPUTE_WITH`` set to ``torch`` or ``numpy`` insists on one of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from swereg.errors import UsageError
from swereg.evaluation import numpy_import
from swereg.plugins import entry_points
from swereg.records.entry import Entry
from swereg.records.prediction import Prediction
from swereg.records.training import Weights
from swereg.registry import Registry

if TYPE_CHECKING:
    from swereg.adapters.without_torch.base import Answers

MOST_TEXTS = 16
INSIST = "SWEREG_COMPUTE_WITH"


def answer(
    entries: Sequence[Entry],
    texts: Sequence[str],
    *,
    base: str | None = None,
    registry: Registry,
    device: str = "auto",
    precision: str = "fp32",
) -> list[list[Prediction]] | None:
    """Answer every text with every entry on numpy; None where torch has to do it.

    The answers are those of a bank to about 1e-6; torch is not imported.

    Args:
        base: where their base is now, if it has moved.
        device: ``auto`` or ``cpu``; for any other it is torch.
        precision: ``fp32``; for any other it is torch.

    Returns:
        Per entry its answers, in the order of the texts.

    Raises:
        NotFound, CheckFailed: as a bank raises them.
        UsageError: numpy is insisted on, but cannot do it.
    """
    from swereg.adapters.without_torch.needs import NeedsTorch

    wish = os.environ.get(INSIST, "")
    if wish not in ("", "numpy", "torch"):
        raise UsageError(
            f"{INSIST}={wish} is not understood",
            hint="Set it to numpy or torch, or leave it out.",
            code="predict.compute-with",
        )
    if wish == "torch":
        return None
    try:
        for needed, why in (
            (device not in ("auto", "cpu"), f"the device is {device}"),
            (
                precision != "fp32" and any(entry.base for entry in entries),
                f"the precision is {precision}",
            ),
            (len(texts) > MOST_TEXTS, f"there are more than {MOST_TEXTS} texts"),
        ):
            if needed:
                raise NeedsTorch(why)
        if "torch" in sys.modules and wish != "numpy":
            return None
        numpy_import.import_numpy()
        return _answer(entries, texts, base, registry)
    except NeedsTorch as reason:
        if wish == "numpy":
            raise UsageError(
                "this cannot be computed with numpy",
                why=f"{reason}.",
                hint=f"Leave {INSIST} out.",
                code="predict.needs-torch",
            ) from reason
        return None


def _answer(
    entries: Sequence[Entry], texts: Sequence[str], base: str | None, registry: Registry
) -> list[list[Prediction]]:
    from swereg.adapters.classifier import predictions

    weights = {entry.ref: registry.weights(entry) for entry in entries}
    of_base: dict[str, list[Entry]] = {}
    for entry in entries:
        of_base.setdefault(entry.base.fingerprint if entry.base else "", []).append(entry)
    found: dict[str, list[Prediction]] = {}
    for fingerprint, some in of_base.items():
        if fingerprint:
            answers = _on_base(some, weights, texts, base)
        else:
            answers = _alone(some, weights, texts)
        for entry, (logits, cut) in zip(some, answers, strict=True):
            found[entry.ref] = predictions(entry.labels, logits, cut)
    return [found[entry.ref] for entry in entries]


def _on_base(
    entries: Sequence[Entry], weights: dict[str, Weights], texts: Sequence[str], base: str | None
) -> list[Answers]:
    """Answer with entries of one base."""
    from swereg.adapters.bases import sources
    from swereg.adapters.without_torch.base import LightBase

    light = LightBase.open(sources.recorded(entries[0].require_base(), base))
    placed = [
        light.place(entry, weights[entry.ref], entry_points.find("method", entry.method))
        for entry in entries
    ]
    return light.answer(texts, placed)


def _alone(
    entries: Sequence[Entry], weights: dict[str, Weights], texts: Sequence[str]
) -> list[Answers]:
    """Answer with entries that have no base."""
    from swereg.adapters.standalone.classifier import Alone

    return [
        Alone.open(entry, weights[entry.ref], entry_points.find("method", entry.method)).logits(
            texts
        )
        for entry in entries
    ]
