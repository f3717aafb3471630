"""Banks: entries of several bases, a bank for each base."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swereg.api.arguments.opening import open_reader
from swereg.api.banks.bank import Bank
from swereg.records.entry import Entry
from swereg.records.prediction import Prediction

if TYPE_CHECKING:
    from swereg.registry import Registry
    from swereg.registry.reader import Reader


class Banks:
    """Entries of any bases, ready to answer. Those of one base share it in memory.

    Args:
        refs: references such as ``sentiment@prod``, or entries; each counts once.
        capacity, encoders: as for ``Bank``, for each base.
        base: where the base is now, if it has moved; its content must be the same.
        registry: a registry, or where it is.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: of the bases' matrix products, ``fp32`` or ``bf16``.
        on_loaded: called with each entry and the seconds that it took.

    Attributes:
        entries: in the order of the references.

    Raises:
        NotFound: there is no such entry, or its base cannot be had.
        CheckFailed: an entry or a base is not as it was recorded.
        UsageError: those of one base are more than its bank may hold; there is no such device or
            precision.
    """

    def __init__(
        self,
        refs: Iterable[str | Entry],
        *,
        capacity: int | None = None,
        encoders: int | None = None,
        base: str | None = None,
        registry: Registry | Reader | str | Path | None = None,
        device: str = "auto",
        precision: str = "fp32",
        on_loaded: Callable[[Entry, float], object] = lambda entry, seconds: None,
    ) -> None:
        self._banks: dict[str, Bank] = {}  # by the base's fingerprint
        with open_reader(registry) as store:
            entries = [ref if isinstance(ref, Entry) else store.get(ref) for ref in refs]
            self.entries: Sequence[Entry] = list({entry.ref: entry for entry in entries}.values())
            options: dict[str, Any] = {
                "capacity": capacity,
                "encoders": len(self.entries) or 1 if encoders is None else encoders,
                "device": device,
                "precision": precision,
            }
            for fingerprint, group in by_base(self.entries).items():
                # An entry without a base has none that may have moved.
                moved_to = base if fingerprint else None
                bank = Bank(base=moved_to, registry=registry, **options)
                for entry in group:
                    began = time.perf_counter()
                    bank.load(entry.ref, registry=store)
                    on_loaded(entry, time.perf_counter() - began)
                refs_of_base = [entry.ref for entry in group]
                bank.load(*refs_of_base, registry=store)  # refuses them if some had to leave
                self._banks[fingerprint] = bank

    def predict_all(self, texts: Iterable[str]) -> dict[str, list[Prediction]]:
        """Answer every text with every entry.

        Returns:
            By ``name/version``, in the order of the references, the answers in the order of the
            texts.
        """
        ready = list(texts)
        answers: dict[str, list[Prediction]] = {}
        for fingerprint, group in by_base(self.entries).items():
            refs = [entry.ref for entry in group]
            answers |= self._banks[fingerprint].predict_all(ready, refs)
        return {entry.ref: answers[entry.ref] for entry in self.entries}

    def notices(self) -> list[str]:
        """Return what has to be said: that the precision makes answers slower here."""
        notices = (notice for bank in self._banks.values() for notice in bank.notices())
        return list(dict.fromkeys(notices))


def by_base(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Group entries by the fingerprint of their base; those without one are under ``""``."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.base_fingerprint or "", []).append(entry)
    return groups
