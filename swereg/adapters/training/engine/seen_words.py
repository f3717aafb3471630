"""Word embeddings of which only those that occur in the training data learn.

AdamW leaves a row alone whose gradient is zero in every step, if weights do not decay. So most of
the largest matrix of a BERT needs no gradient and no moments: of the 50,325 rows of the benchmarks'
base, of KB-BERT's shape, 933 occur in 100 sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from swereg.adapters.sequence_classifier import SequenceClassifier
from swereg.adapters.training.engine.packed_bert import PackedBert

WORDS = "embeddings.word_embeddings"
MOST = 0.5  # of the rows; where more occur, keeping the others apart costs what it saves


class SeenWords(nn.Module):
    """An embedding with the parameters of another, of which only some rows learn.

    Its state is that of the other, whole.

    Args:
        embedding: whose rows they are; those that learn are written into it when they are needed.
        seen: their numbers, rising, [seen]; where gradients are wanted, no others may be asked for.
    """

    def __init__(self, embedding: nn.Embedding, rows: Tensor) -> None:
        super().__init__()
        # no buffers: those are sent around where several processes learn
        self._whole = embedding.weight.detach()
        self._seen = rows.to(self._whole.device)
        self._place = torch.full_like(self._whole[:, 0], len(rows), dtype=torch.long)
        self._place[self._seen] = torch.arange(len(rows), device=self._whole.device)
        self.weight = nn.Parameter(self._whole[self._seen])

    def forward(self, numbers: Tensor) -> Tensor:
        """[n] to [n, hidden]."""
        if torch.is_grad_enabled():
            return F.embedding(self._place[numbers], self.weight)
        return F.embedding(numbers, self._up_to_date())

    def _up_to_date(self) -> Tensor:
        """All rows as they are now, [vocabulary, hidden]."""
        return self._whole.index_copy_(0, self._seen, self.weight.detach())

    def _apply(self, change: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move to a device, say."""
        self._whole, self._seen, self._place = map(change, (self._whole, self._seen, self._place))
        super()._apply(change, recurse)  # type: ignore[no-untyped-call]
        return self

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        destination[f"{prefix}weight"] = self._up_to_date()


def learn_seen_words(
    model: nn.Module, rows: Iterable[Iterable[int]], state: Callable[[], Mapping[str, Tensor]]
) -> None:
    """Let of a model's word embeddings only the rows of some tokens learn, if all of them would.

    Args:
        model: a classifier on the engine in which nobody listens, or it is left alone; it is
            changed in place.
        rows: all tokens that it will be asked for while it trains.
        state: gives what will be stored of it; where that would change, the model is left alone.
    """
    encoder = getattr(model, "encoder", None)
    if type(model) is not SequenceClassifier or not isinstance(encoder, PackedBert):
        return
    words = encoder.layers.modules[WORDS]
    if type(words) is not nn.Embedding or not words.weight.requires_grad:
        return
    word_rows = torch.tensor(sorted(set(chain.from_iterable(rows))))
    if _is_heard(model, words) or len(word_rows) > MOST * len(words.weight):
        return
    shapes = _shapes(state())
    encoder.exchange(WORDS, SeenWords(words, word_rows))
    if _shapes(state()) != shapes:
        encoder.exchange(WORDS, words)


def _is_heard(*modules: nn.Module) -> bool:
    """Tell whether there are hooks, which may ask for other words, or change what is learnt."""
    hooks = [
        kind_hooks
        for module in modules
        for kind_hooks in (
            module._forward_pre_hooks,
            module._forward_hooks,
            module._backward_pre_hooks,
            module._backward_hooks,
        )
    ]
    hooks += [parameter._backward_hooks or {} for parameter in modules[-1].parameters()]
    return any(hooks)


def _shapes(state: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in state.items()}
