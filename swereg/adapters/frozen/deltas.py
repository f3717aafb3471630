"""Which rows of a batch get which entry's deltas, and how they are applied to a layer.

An entry's deltas lie in one flat tensor, so that putting an entry on the base is one allocation
and gathering the entries of a mixed batch is one copy. Entries whose tensors have the same shapes
share a layout; rows of one layout form a segment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate, groupby
from typing import Any
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from swereg.adapters.bert.hidden import Padded
from swereg.adapters.method import Delta

GATHER_AT_MOST = 2**26  # bytes of deltas copied together for one segment
FEW = 3  # so many entries in a segment are run one after the other instead of being gathered

_PARTS = tuple(field.name for field in fields(Delta) if field.name != "shared")
_MATRICES = ("down", "up")

Parts = dict[str, tuple[int, tuple[int, ...]]]  # part to its begin and shape


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the parts of each layer's delta lie in a flat tensor.

    Attributes:
        parts: layer, then part, to where it begins and its shape. ``up`` is stored
            transposed, [rank, out]: so both matrices have their long side in memory order.
        shared: by layer, the matrices that all entries of the layout have in common.
    """

    parts: Mapping[str, Parts]
    shared: Mapping[str, tuple[Tensor, Tensor]]
    size: int

    def delta(self, layer: str, flat: Tensor) -> Delta | None:
        """Return a layer's delta as views of ``flat``, [size] or [rows, size].

        Of [rows, size] every part gets the rows in front, vectors as [rows, 1, width].
        """
        if layer not in self.parts:
            return None
        parts: dict[str, Any] = {}
        for part, (begin, shape) in self.parts[layer].items():
            piece = flat[..., begin : begin + torch.Size(shape).numel()]
            inner = shape if flat.dim() == 1 or len(shape) == 2 else (1, *shape)
            parts[part] = piece.view(*flat.shape[:-1], *inner)
        if layer in self.shared:
            parts |= zip(_MATRICES, self.shared[layer], strict=True)
        return Delta(**parts)


@dataclass(frozen=True, eq=False)
class Adapter:
    """An entry's deltas: a flat tensor of numbers and their layout."""

    layout: Layout
    flat: Tensor  # [size]


class Layouts:
    """The layouts of the entries on one base, and the matrices that they have in common."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._known: WeakValueDictionary[object, Layout] = WeakValueDictionary()
        self._common: WeakValueDictionary[str, Tensor] = WeakValueDictionary()

    def flatten(self, deltas: Mapping[str, Delta]) -> Adapter:
        """Copy deltas into one flat tensor on the device."""
        parts: dict[str, Parts] = {}
        pieces: list[Tensor] = []
        size = 0
        for layer in sorted(deltas):
            parts[layer] = {}
            for part, tensor in _own_parts(deltas[layer]):
                parts[layer][part] = size, tuple(tensor.shape)
                pieces.append(tensor.detach().float().reshape(-1))
                size += tensor.numel()
        common = self._shared(deltas)
        key = (
            tuple((layer, *matrices.items()) for layer, matrices in parts.items()),
            tuple((layer, *map(id, pair)) for layer, pair in common.items()),
        )
        layout = self._known.setdefault(key, Layout(parts, common, size))
        return Adapter(layout, torch.cat(pieces or [torch.zeros(0)]).to(self._device))

    def _shared(self, deltas: Mapping[str, Delta]) -> dict[str, tuple[Tensor, Tensor]]:
        """The one copy of the matrices that other entries have too, by layer."""
        first_places: dict[object, Tensor] = {}  # most layers have the very same tensors

        def one_copy(matrix: Tensor) -> Tensor:
            place = matrix.data_ptr(), matrix.shape, matrix.stride()
            if place not in first_places:
                content = matrix.detach().float().cpu().contiguous()
                digest = hashlib.sha256(content.numpy().data).hexdigest()
                key = f"{digest} {tuple(matrix.shape)}"
                first_places[place] = self._common.setdefault(key, content.to(self._device))
            return first_places[place]

        return {
            layer: (one_copy(delta.down), one_copy(delta.up.T))
            for layer, delta in deltas.items()
            if delta.shared and delta.down is not None and delta.up is not None
        }


def _own_parts(delta: Delta) -> Iterator[tuple[str, Tensor]]:
    """The parts that are the entry's own, as they are stored."""
    for part in _PARTS:
        tensor: Tensor | None = getattr(delta, part)
        if tensor is not None and not (delta.shared and part in _MATRICES):
            yield part, tensor.T if part == "up" else tensor


@dataclass(frozen=True, eq=False)
class Segment:
    """Consecutive rows of a batch whose entries have one layout.

    Attributes:
        start, stop: the rows.
        layout: of the deltas.
        flat: one entry's for all rows, [size], or one per row, [rows, size].
    """

    start: int
    stop: int
    layout: Layout
    flat: Tensor


def segments(adapters: Sequence[Adapter | None]) -> list[Segment]:
    """Divide a batch into segments; rows of one layout, and in it of one entry, are neighbours.

    Where a layout has few entries in the batch, each gets a segment of its own and nothing is
    copied; where it has many, their deltas are gathered, as many at once as the limit allows.
    """
    result: list[Segment] = []
    start = 0
    for layout, rows in groupby(adapters, key=lambda a: None if a is None else a.layout):
        rows_adapters = list(rows)
        if layout is not None:
            result += _of_layout(layout, [a for a in rows_adapters if a is not None], start)
        start += len(rows_adapters)
    return result


def _of_layout(layout: Layout, adapters: Sequence[Adapter], start: int) -> Iterator[Segment]:
    runs = [(adapter, len(list(rows))) for adapter, rows in groupby(adapters)]
    size = max(1, layout.size * 4)  # bytes of float32
    # Few entries with many rows each multiply faster one by one than gathered with a copy.
    if len(runs) <= FEW or 2 * size > GATHER_AT_MOST:
        for adapter, count in runs:
            yield Segment(start, start + count, layout, adapter.flat)
            start += count
        return
    limit = GATHER_AT_MOST // size
    for piece in (adapters[i : i + limit] for i in range(0, len(adapters), limit)):
        flat = torch.stack([adapter.flat for adapter in piece])
        yield Segment(start, start + len(piece), layout, flat)
        start += len(piece)


class Route:
    """The segments of one batch, as the layers of an encoder ask for them."""

    def __init__(self, route: Sequence[Segment], lengths: Sequence[int]) -> None:
        self._found = route
        self._lengths = lengths
        self._bound: dict[bool, list[Bound]] = {}

    def apply(
        self, layer: str, run: Callable[[Tensor], Tensor], x: Tensor, *, rows: bool
    ) -> Tensor:
        """Run a frozen layer and add what each row's entry adds.

        Args:
            run: the frozen layer, [n, in] to [n, out].
            x: [n, in], where n is the number of tokens of the whole batch, or of its rows.
            rows: which of the two.
        """
        deltas = [
            (b, d)
            for b in self._places(rows)
            if (d := b.segment.layout.delta(layer, b.segment.flat))
        ]
        if any(delta.in_scale is not None for _, delta in deltas):
            x = x.clone()
            for bound, delta in deltas:
                if delta.in_scale is not None:
                    x[bound.span] *= bound.spread(delta.in_scale)
        y = run(x)
        for bound, delta in deltas:
            bound.change(y, x, delta)
        return y

    def _places(self, rows: bool) -> list[Bound]:
        if rows not in self._bound:
            lengths = [1] * len(self._lengths) if rows else self._lengths
            ends = [0, *accumulate(lengths)]
            self._bound[rows] = [
                Bound(s, lengths[s.start : s.stop], ends[s.start]) for s in self._found
            ]
        return self._bound[rows]


class Bound:
    """A segment in a batch whose rows have known lengths.

    Attributes:
        span: the segment's tokens among all of the batch.
    """

    def __init__(self, segment: Segment, lengths: Sequence[int], begin: int) -> None:
        self.segment = segment
        self.span = slice(begin, begin + sum(lengths))
        self._gathered = segment.flat.dim() == 2
        self._last: tuple[Tensor, Tensor] | None = None  # an input, and its padded form
        if self._gathered:
            self._padded = Padded(lengths, segment.flat.device)

    def change(self, y: Tensor, x: Tensor, delta: Delta) -> None:
        """Change the segment's part of ``y``, the frozen layer's output for ``x``, in place."""
        # y = g * f(u * x) + s * B (d * A (u * x)) + c, see method.Delta: f(u * x) is in y, x has u
        part = y[self.span]  # [tokens of the segment, out], a view
        if delta.out_scale is not None:
            part *= self.spread(delta.out_scale)
        if delta.down is not None and delta.up is not None:
            self._add_low_rank(part, x, delta, delta.down, delta.up)
        if delta.bias is not None:
            part += self.spread(delta.bias)

    def spread(self, vectors: Tensor) -> Tensor:
        """Bring vectors, [width] or [rows, 1, width], to the tokens they are for."""
        return self._padded.spread(vectors) if self._gathered else vectors

    def _rows_of(self, x: Tensor) -> Tensor:
        """The segment's part of ``x``, [tokens, in], or [rows, longest, in] where it is gathered.

        Layers side by side, such as query and value, have the same input; it is padded once.
        """
        if not self._gathered:
            return x[self.span]
        if self._last is None or self._last[0] is not x:
            self._last = x, self._padded.pad(x[self.span])
        return self._last[1]

    def _add_low_rank(
        self, part: Tensor, x: Tensor, delta: Delta, down: Tensor, up: Tensor
    ) -> None:
        # x [tokens, in] or [rows, longest, in]; A is [rank, in], B lies transposed, [rank, out]
        z = self._rows_of(x) @ down.mT
        if delta.mid_scale is not None:
            z = z * delta.mid_scale
        if not self._gathered and delta.up_scale is None:
            part.addmm_(z, up)  # product and sum in one, with no copy of part
            return
        z = z @ up
        if delta.up_scale is not None:
            z = z * delta.up_scale
        part += self._padded.unpad(z) if self._gathered else z
