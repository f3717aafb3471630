"""The bank: one base in memory, many entries on it, mixed freely in one batch."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from swereg.adapters.classifier import Classifier, listed, predictions
from swereg.api import train
from swereg.api.entries import opened
from swereg.errors import CheckFailed, NotFound, UsageError
from swereg.records.entry import Entry
from swereg.records.prediction import Prediction
from swereg.records.training import BaseInfo
from swereg.registry import Registry

if TYPE_CHECKING:
    from swereg.adapters.frozen.adapted import Adapted
    from swereg.adapters.frozen.base import FrozenBase


class Bank:
    """Entries of one base, ready to answer; every text of a batch may name another one.

    An entry costs its own weights: loading, switching and unloading cost the same whether one
    is there or a thousand. Any thread may load, unload and predict at any time: an entry is seen
    when it is whole, and a batch that has begun keeps the entries that it began with. An entry
    without a base fits in every bank, and answers its own texts.

    Args:
        refs: entries to load at once, such as ``sentiment``, ``topic/3`` or ``errand@prod``.
        capacity: the most entries in memory; beyond, the least recently used leave.
        encoders: the most full fine-tunes among them, each of which brings a whole encoder.
        base: where the base is now, if it has moved; its content must be the same.
        registry: a registry, or where it is.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: of the base's matrix products, ``fp32`` or ``bf16``; see docs/speed.md.

    Raises:
        NotFound: there is no such entry, or its base cannot be had.
        UsageError: there is no such device or precision.
        CheckFailed: an entry is not as it was recorded, or its base is not the others'.
    """

    def __init__(
        self,
        refs: Iterable[str] = (),
        *,
        capacity: int | None = None,
        encoders: int = 1,
        base: str | None = None,
        registry: Registry | str | Path | None = None,
        device: str = "auto",
        precision: str = "fp32",
    ) -> None:
        if (capacity is not None and capacity < 1) or encoders < 1:
            raise UsageError("capacity and encoders are 1 or more", code="bank.capacity")
        train.check_precision(precision)
        self._capacity = capacity
        self._encoders = encoders
        self._where = base
        self._registry = registry
        self._device, self._precision = device, precision
        self._base: FrozenBase | None = None
        self._residents: OrderedDict[str, Classifier] = OrderedDict()  # least recently used first
        self._names: dict[str, str] = {}  # as it was asked for -> name/version
        self._table = threading.Lock()
        self._loading = threading.Lock()
        self.load(*refs)

    @property
    def entries(self) -> list[Entry]:
        """The entries in memory, the least recently used first."""
        with self._table:
            return [resident.entry for resident in self._residents.values()]

    def __len__(self) -> int:
        return len(self._residents)

    def __contains__(self, ref: str) -> bool:
        return self._names.get(ref, ref) in self._residents

    def load(self, *refs: str) -> list[Entry]:
        """Put entries on the base; an alias is looked up anew. Returns them.

        When this raises, what was there goes on answering as before.

        Raises:
            UsageError: they are more than the bank may hold.
            NotFound, CheckFailed: as for the constructor.
        """
        return [resident.entry for resident in self._load(refs).values()]

    def load_all(self) -> list[Entry]:
        """Put the default entry of every model of the registry on the base, as far as they fit.

        Left out are models on another base, and those for which there is no room; nothing leaves
        the bank for them. Returns the entries that were loaded.
        """
        with self._loading, opened(self._registry) as registry:
            loaded: list[Entry] = []
            for entry in map(registry.get, registry.names()):
                base = self._base.info if self._base else registry.default_base
                if _elsewhere(entry, base) or not self._may_have_room_for(entry):
                    continue
                resident = self._open(entry, registry)
                if self._has_room_for(resident):
                    self._publish({entry.name: resident})
                    loaded.append(entry)
            return loaded

    def unload(self, *refs: str) -> None:
        """Take entries off the base; batches that have begun still finish with them.

        Raises:
            NotFound: one of them is not in the bank.
        """
        with self._table:
            gone = [self._names.get(ref, ref) for ref in refs]
            for ref in gone:
                if ref not in self._residents:
                    raise NotFound(f"{ref} is not in the bank", code="bank.absent")
            for ref in gone:
                del self._residents[ref]

    def predict(self, texts: Iterable[str], refs: str | Sequence[str]) -> list[Prediction]:
        """Answer each text with the entry of the same position, or all with one.

        An entry that is not in the bank is loaded first. All rows go through the base together;
        those of a full fine-tune through its own encoder.

        Raises:
            UsageError: there are not as many references as texts.
            NotFound, CheckFailed: as for load.
        """
        texts = listed(texts)
        asked = [refs] * len(texts) if isinstance(refs, str) else list(refs)
        if len(asked) != len(texts):
            raise UsageError(
                f"{len(texts)} texts, but {len(asked)} reference" + "s" * (len(asked) != 1),
                hint="Give one reference for each text, or a single one.",
                code="bank.lengths",
            )
        those = self._use(asked)
        answers: dict[int, Prediction] = {}
        for rows in _passes(those):
            group, some = [those[row] for row in rows], [texts[row] for row in rows]
            shared = _on_base(group)
            if shared:
                logits, cut = shared[0].base.logits(some, [entry.placed for entry in shared])
            else:
                logits, cut = group[0].logits(some)
            for row, resident, values, was_cut in zip(rows, group, logits, cut, strict=True):
                (answers[row],) = predictions(resident.labels, [values], [was_cut])
        return [answers[row] for row in range(len(texts))]

    def predict_all(
        self, texts: Iterable[str], refs: Iterable[str] | None = None
    ) -> dict[str, list[Prediction]]:
        """Answer every text with every entry of the bank, or with those that are named.

        What the entries have in common below their first adapted layer is computed once.

        Returns:
            By ``name/version`` the answers in the order of the texts.
        """
        texts = listed(texts)
        those = self._use([entry.ref for entry in self.entries] if refs is None else list(refs))
        shared = _on_base(dict.fromkeys(those))
        found: dict[str, list[Prediction]] = {}
        if shared:
            logits, cut = shared[0].base.logits_all(texts, [entry.placed for entry in shared])
            for entry, rows, were_cut in zip(shared, logits, cut, strict=True):
                found[entry.ref] = predictions(entry.labels, rows, were_cut)
        return {
            entry.ref: found[entry.ref] if entry.ref in found else entry.predict(texts)
            for entry in dict.fromkeys(those)
        }

    def _use(self, refs: Sequence[str]) -> list[Classifier]:
        """Return the entries of these names; those that are missing are loaded."""
        with self._table:
            known = {ref: self._residents.get(self._names.get(ref, ref)) for ref in refs}
            found = {ref: resident for ref, resident in known.items() if resident is not None}
            for resident in found.values():
                self._residents.move_to_end(resident.ref)
        missing = [ref for ref, resident in known.items() if resident is None]
        if missing:
            found |= self._load(missing, beside=found.values())
        return [found[ref] for ref in refs]

    def _load(
        self, refs: Iterable[str], beside: Iterable[Classifier] = ()
    ) -> dict[str, Classifier]:
        """Open entries, and publish all of them or, if one cannot be had, none."""
        with self._loading:
            with opened(self._registry) as registry:
                found = {ref: self._open(registry.get(ref), registry) for ref in refs}
            self._check([*beside, *found.values()])
            self._publish(found)
        return found

    def _open(self, entry: Entry, registry: Registry) -> Classifier:
        with self._table:
            resident = self._residents.get(entry.ref)
        if resident is None or resident.entry.run != entry.run:
            where = self._where if entry.base else None
            resident = train.load(
                entry, base=where, registry=registry, device=self._device, precision=self._precision
            )
        return resident

    def _publish(self, found: Mapping[str, Classifier]) -> None:
        """Let everyone see entries, by the names they were asked for; the oldest make room."""
        with self._table:
            for adapted in _on_base(found.values()):
                self._base = adapted.base
            for ref, resident in found.items():
                self._names |= {ref: resident.ref, resident.ref: resident.ref}
                self._residents[resident.ref] = resident
                self._residents.move_to_end(resident.ref)
            while self._capacity is not None and len(self._residents) > self._capacity:
                self._residents.popitem(last=False)
            own = _with_own_encoder(self._residents.values())
            for resident in own[: max(0, len(own) - self._encoders)]:
                del self._residents[resident.ref]

    def _may_have_room_for(self, entry: Entry) -> bool:
        """Tell from its facts alone, so that no whole encoder is read in vain."""
        with self._table:
            own = len(_with_own_encoder(self._residents.values()))
            full = self._capacity is not None and len(self._residents) >= self._capacity
            whole = entry.base is not None and entry.trainable == entry.total
            return entry.ref in self._residents or not (full or (whole and own >= self._encoders))

    def _has_room_for(self, resident: Classifier) -> bool:
        with self._table:
            those = {**self._residents, resident.ref: resident}.values()
        full = self._capacity is not None and len(those) > self._capacity
        return not full and len(_with_own_encoder(those)) <= self._encoders

    def _check(self, residents: Iterable[Classifier]) -> None:
        """Refuse entries of several bases, and more of them than the bank may hold at once."""
        those = list({resident.ref: resident for resident in residents}.values())
        on_base = _on_base(those)
        for adapted in on_base:
            base = self._base or on_base[0].base
            if adapted.base is not base:
                raise CheckFailed(
                    f"{adapted.ref} is on another base",
                    why=f"The bank holds {base.info}, this one is on {adapted.entry.base}.",
                    hint="Load it in a bank of its own.",
                    code="bank.base",
                )
        most = [
            (those, self._capacity, "capacity"),
            (_with_own_encoder(those), self._encoders, "encoders"),
        ]
        for asked, limit, option in most:
            if limit is not None and len(asked) > limit:
                raise UsageError(
                    f"{len(asked)} entries do not fit at once: {', '.join(r.ref for r in asked)}",
                    why=f"The bank was made with {option}={limit}.",
                    hint=f"Ask for fewer, or make it with {option}={len(asked)}.",
                    code="bank.capacity",
                )


def _on_base(residents: Iterable[Classifier]) -> list[Adapted]:
    """Leave out the entries without a base."""
    return [cast("Adapted", entry) for entry in residents if entry.entry.base is not None]


def _with_own_encoder(residents: Iterable[Classifier]) -> Sequence[Classifier]:
    return [entry for entry in _on_base(residents) if entry.placed.encoder is not None]


def _passes(residents: Sequence[Classifier]) -> Iterable[list[int]]:
    """Put the rows of all entries on a base together, and of each other entry its own."""
    rows: dict[Classifier | None, list[int]] = {}
    for row, resident in enumerate(residents):
        rows.setdefault(None if resident.entry.base else resident, []).append(row)
    return rows.values()


def _elsewhere(entry: Entry, base: BaseInfo | None) -> bool:
    """Tell whether an entry has a base, and another one."""
    if base is None or entry.base is None:
        return False
    return entry.base.fingerprint != base.fingerprint
