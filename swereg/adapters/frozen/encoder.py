"""What a frozen base asks of its encoder, and an entry that is placed on one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from swereg.adapters.bert.hidden import Hidden
from swereg.adapters.frozen.deltas import Adapter


class Encoder(Protocol):
    """Token ids to pooled outputs, in stages; each row may have an adapter."""

    prefix: str
    stages: int

    def tensors(self) -> Mapping[str, Tensor]:
        """The tensors by transformers' names."""
        ...

    def stage_of(self, layer: str) -> int:
        """Return the stage that a layer belongs to."""
        ...

    def start(self, ids: Sequence[Sequence[int]]) -> Hidden:
        """Make a batch of rows of token ids."""
        ...

    def run(
        self, hidden: Hidden, adapters: Sequence[Adapter | None], first: int, end: int
    ) -> Hidden:
        """Run the stages from ``first`` to before ``end``; the last leaves the pooled output.

        Args:
            adapters: of each row; rows whose adapters have one layout are neighbours.
        """
        ...

    def with_tensors(self, tensors: Mapping[str, Tensor], fresh: Callable[[], Any]) -> Encoder:
        """Make an encoder of the same shape with other tensors.

        Args:
            fresh: loads an encoder of transformers, for those that need one.
        """
        ...


@dataclass(frozen=True, eq=False)
class Placed:
    """An entry on its base. Nothing in it ever changes, so any thread may use it.

    Attributes:
        adapter: its deltas, or None where it has none.
        stage: the first stage that they change; the number of stages where there are none.
        head_weight: [labels, hidden].
        head_bias: [labels].
        max_length: tokens per text.
        encoder: its own, or None where it uses the base's.
    """

    adapter: Adapter | None
    stage: int
    head_weight: Tensor
    head_bias: Tensor
    max_length: int
    encoder: Encoder | None

    @property
    def layout(self) -> object:
        """What entries that can be gathered together have in common."""
        return None if self.adapter is None else self.adapter.layout
