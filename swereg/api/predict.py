"""Predict: answer texts with one entry or with several, of one base or of many.

A few texts are answered on numpy: importing torch takes longer than all the rest.
``SWEREG_COMPUTE_WITH`` set to ``torch`` or ``numpy`` insists on one of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from swereg.adapters.classifier import as_texts, predictions
from swereg.adapters.kinds import kind_of_entry
from swereg.adapters.without_torch import NeedsTorch
from swereg.api.arguments.opening import open_reader
from swereg.api.banks.several_bases import Banks, by_base
from swereg.api.load import check_precision
from swereg.errors import UsageError
from swereg.evaluation import numpy_import
from swereg.records.entry import Entry
from swereg.records.prediction import Prediction
from swereg.records.progress import Answered, Notice, OnProgress, silent

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place
    from swereg.registry import Registry
    from swereg.registry.reader import Reader

MOST_TEXTS = 16  # answered on numpy; beyond, importing torch pays
PIECE = 256  # texts answered at once
INSIST = "SWEREG_COMPUTE_WITH"

Answers = dict[str, list[Prediction]]  # by name/version, in the order of the texts


@overload
def predict(  # type: ignore[overload-overlap] # a text is a sequence of texts, too
    ref: str | Entry,
    texts: Iterable[str],
    *,
    base: str | None = None,
    registry: Place = None,
    device: str = "auto",
    precision: str = "fp32",
    on_progress: OnProgress = silent,
) -> list[Prediction]: ...
@overload
def predict(
    ref: Sequence[str | Entry],
    texts: Iterable[str],
    *,
    base: str | None = None,
    registry: Place = None,
    device: str = "auto",
    precision: str = "fp32",
    on_progress: OnProgress = silent,
) -> Answers: ...
def predict(
    ref: str | Entry | Sequence[str | Entry],
    texts: Iterable[str],
    *,
    base: str | None = None,
    registry: Place = None,
    device: str = "auto",
    precision: str = "fp32",
    on_progress: OnProgress = silent,
) -> list[Prediction] | Answers:
    """Answer every text with an entry, or with each of several; they may be of several bases.

    The registry is opened once. Up to 16 texts are answered without torch where that can be.

    Args:
        ref: a reference such as ``sentiment@prod``, an entry, or a list of them.
        base: where the base is now, if it has moved; its content must be the same.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: of the base's matrix products, ``fp32`` or ``bf16``; see docs/speed.md.
        on_progress: called with how many texts were answered, and with notices.

    Returns:
        The answers, in the order of the texts; of a list of references by ``name/version``.

    Raises:
        NotFound: there is no such entry, or its base cannot be had.
        CheckFailed: the weights or the base are not those that were recorded.
        UsageError: a single text was given instead of a list; it was said where the base is, but
            no entry has one; there is no such device or precision.
    """
    ready = as_texts(texts)
    check_precision(precision)
    refs = [ref] if isinstance(ref, str | Entry) else list(ref)
    options: dict[str, Any] = {"base": base, "device": device, "precision": precision}
    with open_reader(registry) as store:
        entries = _distinct(store, refs)
        if base is not None and not any(kind_of_entry(entry).has_base for entry in entries):
            entries[0].require_base()  # refuses
        answers = _answer_on_numpy(store, entries, ready, **options)
        if answers is None:
            banks = Banks(entries, registry=store, **options)
            for notice in banks.notices():
                on_progress(Notice(notice))
            answers = _answer_in_pieces(banks, ready, on_progress)
    return answers[entries[0].ref] if isinstance(ref, str | Entry) else answers


def _distinct(store: Registry | Reader, refs: Iterable[str | Entry]) -> list[Entry]:
    entries = (ref if isinstance(ref, Entry) else store.get(ref) for ref in refs)
    return list({entry.ref: entry for entry in entries}.values())


def _answer_in_pieces(banks: Banks, texts: Sequence[str], on_progress: OnProgress) -> Answers:
    answers: Answers = {entry.ref: [] for entry in banks.entries}
    for start in range(0, len(texts), PIECE):
        for ref, predicted in banks.predict_all(texts[start : start + PIECE]).items():
            answers[ref] += predicted
        on_progress(Answered(min(start + PIECE, len(texts)), len(texts)))
    return answers


# --- without torch --------------------------------------------------------------------------


def _answer_on_numpy(
    store: Registry | Reader,
    entries: Sequence[Entry],
    texts: Sequence[str],
    *,
    base: str | None,
    device: str,
    precision: str,
) -> Answers | None:
    """Answer on numpy; None where torch has to do it.

    The answers are those of a bank to about 1e-6; torch is not imported.

    Raises:
        UsageError: numpy is insisted on, but cannot do it.
    """
    insisted = _insisted()
    if insisted == "torch":
        return None
    reasons: Mapping[str, bool] = {
        f"the device is {device}": device not in ("auto", "cpu"),
        f"the precision is {precision}": precision != "fp32"
        and any(kind_of_entry(entry).has_base for entry in entries),
        f"there are more than {MOST_TEXTS} texts": len(texts) > MOST_TEXTS,
    }
    try:
        for reason, holds in reasons.items():
            if holds:
                raise NeedsTorch(reason)
        if "torch" in sys.modules and insisted != "numpy":
            return None
        numpy_import.import_numpy()
        return _answer_by_base(store, entries, texts, base)
    except NeedsTorch as reason:
        if insisted == "numpy":
            raise UsageError(
                "this cannot be computed with numpy",
                why=f"{reason}.",
                hint=f"Leave {INSIST} out.",
                code="predict.needs-torch",
            ) from reason
        return None


def _insisted() -> str:
    library = os.environ.get(INSIST, "")
    if library not in ("", "numpy", "torch"):
        raise UsageError(
            f"{INSIST}={library} is not understood",
            hint="Set it to numpy or torch, or leave it out.",
            code="predict.compute-with",
        )
    return library


def _answer_by_base(
    store: Registry | Reader, entries: Sequence[Entry], texts: Sequence[str], base: str | None
) -> Answers:
    weights = {entry.ref: store.weights(entry) for entry in entries}
    answers: Answers = {}
    for group in by_base(entries).values():
        computed = kind_of_entry(group[0]).answer(group, weights, texts, base)
        for entry, (logits, cut) in zip(group, computed, strict=True):
            answers[entry.ref] = predictions(entry.labels, logits, cut)
    return {entry.ref: answers[entry.ref] for entry in entries}
