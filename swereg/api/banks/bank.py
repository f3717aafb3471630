"""The bank: one base in memory, many entries on it, mixed freely in one batch."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from swereg.adapters.classifier import Classifier, as_texts, predictions
from swereg.adapters.kinds import kind_of_entry
from swereg.api.arguments.opening import open_reader
from swereg.api.banks.residents import Residents
from swereg.api.load import check_precision
from swereg.errors import CheckFailed, UsageError
from swereg.records.entry import Entry
from swereg.records.prediction import Prediction
from swereg.records.training import BaseInfo

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place
    from swereg.registry import Registry
    from swereg.registry.reader import Reader


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
        registry: Place = None,
        device: str = "auto",
        precision: str = "fp32",
    ) -> None:
        check_precision(precision)
        self._residents: Residents[Classifier] = Residents(capacity, encoders)
        self._moved_to = base
        self._registry = registry
        self._device, self._precision = device, precision
        self._base: BaseInfo | None = None
        self._pool: object = None  # keeps the base in memory while no entry is on it
        self._loading = threading.Lock()  # one thread loads at a time; all others go on answering
        self.load(*refs)

    @property
    def entries(self) -> list[Entry]:
        """The entries in memory, the least recently used first."""
        return [resident.entry for resident in self._residents.all()]

    def __len__(self) -> int:
        return len(self._residents)

    def __contains__(self, ref: str) -> bool:
        return ref in self._residents

    def load(self, *refs: str, registry: Place = None) -> list[Entry]:
        """Put entries on the base; an alias is looked up anew. Returns them.

        When this raises, what was there goes on answering as before.

        Args:
            registry: where to read them; by default the bank's own.

        Raises:
            UsageError: they are more than the bank may hold.
            NotFound, CheckFailed: as for the constructor.
        """
        return [resident.entry for resident in self._load(refs, registry=registry).values()]

    def load_all(self) -> list[Entry]:
        """Put the default entry of every model of the registry on the base, as far as they fit.

        Left out are models on another base, and those for which there is no room; nothing leaves
        the bank for them. Returns the entries that were loaded.
        """
        loaded: list[Entry] = []
        with self._loading, open_reader(self._registry) as store:
            for entry in map(store.get, store.names()):
                base = self._base or store.default_base
                # From its facts alone, so that no whole encoder is read in vain.
                is_full = entry.brings_encoder
                if not entry.suits_base(base) or not self._residents.has_room_for(
                    entry.ref, own_encoder=is_full
                ):
                    continue
                resident = self._open(entry, store)
                own_encoder = resident.has_own_encoder
                if self._residents.has_room_for(entry.ref, own_encoder=own_encoder):
                    self._publish({entry.name: resident})
                    loaded.append(entry)
        return loaded

    def notices(self) -> list[str]:
        """Return what has to be said: that the precision makes answers slower here."""
        if self._precision != "bf16" or self._base is None:
            return []
        from swereg.adapters import products
        from swereg.adapters.devices import choose_device

        slow = choose_device(self._device).type == "cpu" and products.bf16_is_slow()
        return [products.SLOW_BF16] if slow else []

    def unload(self, *refs: str) -> None:
        """Take entries off the base; batches that have begun still finish with them.

        Raises:
            NotFound: one of them is not in the bank.
        """
        self._residents.remove(refs)

    def predict(self, texts: Iterable[str], refs: str | Sequence[str]) -> list[Prediction]:
        """Answer each text with the entry of the same position, or all with one.

        An entry that is not in the bank is loaded first. All rows go through the base together;
        those of a full fine-tune through its own encoder.

        Raises:
            UsageError: there are not as many references as texts.
            NotFound, CheckFailed: as for load.
        """
        texts = as_texts(texts)
        names = [refs] * len(texts) if isinstance(refs, str) else list(refs)
        if len(names) != len(texts):
            raise UsageError(
                f"{len(texts)} texts, but {len(names)} reference" + "s" * (len(names) != 1),
                hint="Give one reference for each text, or a single one.",
                code="bank.lengths",
            )
        residents = self._use(names)
        answers: dict[int, Prediction] = {}
        for rows in _passes(residents):
            group = [residents[row] for row in rows]
            logits, cut = group[0].logits_mixed(group, [texts[row] for row in rows])
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
        texts = as_texts(texts)
        names = [entry.ref for entry in self.entries] if refs is None else list(refs)
        residents = list(dict.fromkeys(self._use(names)))
        answers: dict[str, list[Prediction]] = {}
        for rows in _passes(residents):
            group = [residents[row] for row in rows]
            for resident, answer in zip(group, group[0].logits_all(group, texts), strict=True):
                answers[resident.ref] = predictions(resident.labels, *answer)
        return {resident.ref: answers[resident.ref] for resident in residents}

    def _use(self, refs: Sequence[str]) -> list[Classifier]:
        """Return the entries of these names; those that are missing are loaded."""
        used = self._residents.use(refs)
        present = {ref: resident for ref, resident in used.items() if resident is not None}
        missing = [ref for ref in used if ref not in present]
        if missing:
            present |= self._load(missing, beside=present.values())
        return [present[ref] for ref in refs]

    def _load(
        self, refs: Iterable[str], beside: Iterable[Classifier] = (), registry: Place = None
    ) -> dict[str, Classifier]:
        """Open entries, and publish all of them or, if one cannot be had, none."""
        with self._loading:
            with open_reader(registry or self._registry) as store:
                loaded = {ref: self._open(store.get(ref), store) for ref in refs}
            together = [*beside, *loaded.values()]
            self._check_base(together)
            self._residents.check_limits(together)
            self._publish(loaded)
        return loaded

    def _open(self, entry: Entry, store: Registry | Reader) -> Classifier:
        resident = self._residents.get(entry.ref)
        if resident is None or resident.entry.run != entry.run:
            resident = kind_of_entry(entry).open(
                entry,
                store.weights(entry),
                base=self._moved_to if entry.bases else None,
                device=self._device,
                precision=self._precision,
            )
        return resident

    def _publish(self, loaded: Mapping[str, Classifier]) -> None:
        for resident in loaded.values():
            for base in resident.entry.bases:
                self._base, self._pool = base, resident.pool
        self._residents.publish(loaded)

    def _check_base(self, residents: Iterable[Classifier]) -> None:
        """Refuse entries of several bases."""
        base = self._base
        for resident in residents:
            base = base or resident.entry.base
            if not resident.entry.suits_base(base):
                raise CheckFailed(
                    f"{resident.ref} is on another base",
                    why=f"The bank holds {base}, this one is on {resident.entry.base}.",
                    hint="Load it in a bank of its own; swereg.Banks makes one for each base.",
                    code="bank.base",
                )


def _passes(residents: Sequence[Classifier]) -> Iterable[list[int]]:
    """Put the rows of all entries on a base together, and of each other entry its own."""
    rows: dict[object, list[int]] = {}
    for row, resident in enumerate(residents):
        rows.setdefault(resident.pool, []).append(row)
    return rows.values()
