"""Who is in a bank: entries by name, the least recently used first, within limits."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from swereg.errors import NotFound, UsageError
from swereg.records.entry import Entry


class Resident(Protocol):
    """A loaded entry, as far as the table cares."""

    entry: Entry

    @property
    def has_own_encoder(self) -> bool:
        """Whether it brings a whole encoder, as a full fine-tune does."""
        ...


R = TypeVar("R", bound=Resident)


class Residents(Generic[R]):
    """The table of a bank. Every method is one step for other threads.

    Args:
        capacity: the most residents; beyond, the least recently used leave. None for any number.
        encoders: the most residents that bring a whole encoder of their own.
    """

    def __init__(self, capacity: int | None = None, encoders: int = 1) -> None:
        if (capacity is not None and capacity < 1) or encoders < 1:
            raise UsageError("capacity and encoders are 1 or more", code="bank.capacity")
        self._capacity, self._encoders = capacity, encoders
        self._residents: OrderedDict[str, R] = OrderedDict()  # least recently used first
        self._names: dict[str, str] = {}  # as it was asked for -> name/version
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._residents)

    def __contains__(self, name: str) -> bool:
        return self._names.get(name, name) in self._residents

    def all(self) -> list[R]:
        """Return the residents, the least recently used first."""
        with self._lock:
            return list(self._residents.values())

    def get(self, name: str) -> R | None:
        """Return the resident of a name, which counts as no use of it."""
        with self._lock:
            return self._residents.get(self._names.get(name, name))

    def use(self, names: Iterable[str]) -> dict[str, R | None]:
        """Return the residents of some names, None for those that are not there, as used now."""
        with self._lock:
            used = {name: self._residents.get(self._names.get(name, name)) for name in names}
            for resident in used.values():
                if resident is not None:
                    self._residents.move_to_end(resident.entry.ref)
            return used

    def publish(self, newcomers: Mapping[str, R]) -> None:
        """Let everyone see residents, by the names that they were asked for; the oldest leave."""
        with self._lock:
            for name, resident in newcomers.items():
                ref = resident.entry.ref
                self._names |= {name: ref, ref: ref}
                self._residents[ref] = resident
                self._residents.move_to_end(ref)
            while self._capacity is not None and len(self._residents) > self._capacity:
                self._residents.popitem(last=False)
            heavy = _with_own_encoder(self._residents.values())
            for resident in heavy[: max(0, len(heavy) - self._encoders)]:
                del self._residents[resident.entry.ref]

    def remove(self, names: Iterable[str]) -> None:
        """Take residents out, all of them or none.

        Raises:
            NotFound: one of them is not there.
        """
        with self._lock:
            refs = [self._names.get(name, name) for name in names]
            for ref in refs:
                if ref not in self._residents:
                    raise NotFound(f"{ref} is not in the bank", code="bank.absent")
            for ref in refs:
                del self._residents[ref]

    def has_room_for(self, ref: str, *, own_encoder: bool) -> bool:
        """Tell whether an entry fits without another leaving.

        Args:
            own_encoder: whether it brings a whole encoder.
        """
        with self._lock:
            if ref in self._residents:
                return True
            if self._capacity is not None and len(self._residents) >= self._capacity:
                return False
            heavy = len(_with_own_encoder(self._residents.values()))
            return not own_encoder or heavy < self._encoders

    def check_limits(self, residents: Iterable[R]) -> None:
        """Refuse more residents than can be there at once.

        Raises:
            UsageError: they are more than the capacity, or too many have an encoder of their own.
        """
        distinct = list({resident.entry.ref: resident for resident in residents}.values())
        for group, limit, option in (
            (distinct, self._capacity, "capacity"),
            (_with_own_encoder(distinct), self._encoders, "encoders"),
        ):
            if limit is not None and len(group) > limit:
                refs = ", ".join(resident.entry.ref for resident in group)
                raise UsageError(
                    f"{len(group)} entries do not fit at once: {refs}",
                    why=f"The bank was made with {option}={limit}.",
                    hint=f"Ask for fewer, or make it with {option}={len(group)}.",
                    code="bank.capacity",
                )


def _with_own_encoder(residents: Iterable[R]) -> Sequence[R]:
    return [resident for resident in residents if resident.has_own_encoder]
