"""The pretraining model: a BertModel and the heads that only pretraining needs."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from batches import Batch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

BAGS_PER_BATCH = 96  # sequences per batch with a bag-of-words loss: each costs one full softmax
FREQUENT = 0.005  # pieces at least this frequent (function words, punctuation) are not in bags


@dataclass(frozen=True)
class Weights:
    """The share of each objective in the loss."""

    mlm: float = 1.0
    bag: float = 1.0  # from the pooler: the words of the span itself
    bag_next: float = 0.2  # from the pooler: the words of the span that follows
    polarity: float = 0.5  # from the pooler: the lexicon polarity of the span
    order: float = 0.5  # from the pooler: is the word order whole?
    moved: float = 1.0  # from each token: was it swapped, or a word before it deleted?


class Transform(nn.Module):
    """Dense, GELU, LayerNorm: from a hidden state to a query against the word embeddings."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, hidden: Tensor) -> Tensor:
        """(..., width) to (..., width)."""
        query: Tensor = self.norm(F.gelu(self.dense(hidden)))
        return query


class Pretrainer(nn.Module):
    """BertModel with pooler, a tied masked-language head and heads on the pooler."""

    salience: Tensor

    def __init__(self, config: BertConfig, unigram: np.ndarray, weights: Weights) -> None:
        super().__init__()
        self.bert = BertModel(config)
        width = config.hidden_size
        self.mlm, self.bag, self.bag_next = (Transform(width) for _ in range(3))
        self.polarity = nn.Linear(width, 3)
        self.order = nn.Linear(width, 2)
        self.moved = nn.Linear(width, 2)
        self.weights = weights
        frequency = torch.from_numpy(unigram).float()
        salience = (FREQUENT / frequency).log().div(3).clamp(0, 1)  # 0 frequent ... 1 rare
        salience[:5] = 0
        self.register_buffer("salience", salience, persistent=False)
        self.bias = nn.Parameter(frequency.log())
        self.bag_bias = nn.Parameter((frequency * salience).clamp(min=1e-7).log())

    def start_from(self, vectors: np.ndarray) -> None:
        """Start the (tied) word embeddings from word vectors; special tokens stay as they are."""
        with torch.no_grad():
            self.bert.embeddings.word_embeddings.weight[5:] = torch.from_numpy(vectors[5:])

    def logits(self, query: Tensor, bias: Tensor) -> Tensor:
        """Score every piece through the tied embeddings."""
        return F.linear(query, self.bert.embeddings.word_embeddings.weight, bias)

    def bag_loss(self, pooled: Tensor, transform: nn.Module, bag: Tensor) -> Tensor:
        """Cross-entropy of the salience-weighted bag of words given the pooler output."""
        share = self.salience[bag]  # (sequences, length)
        filled = share.sum(1) > 0
        if not filled.any():
            return pooled.sum() * 0
        pooled, bag, share = pooled[filled], bag[filled], share[filled]
        scores = F.log_softmax(self.logits(transform(pooled), self.bag_bias).float(), dim=-1)
        picked = scores.gather(1, bag) * share
        return -(picked.sum(1) / share.sum(1)).mean()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of each objective that the batch has."""
        device = self.bias.device
        inputs, targets, bag, bag_next, polarity = (
            torch.from_numpy(array).to(device)
            for array in (batch.inputs, batch.targets, batch.bag, batch.bag_next, batch.polarity)
        )
        attention = (inputs != 0).long()
        output = self.bert(input_ids=inputs, attention_mask=attention)
        hidden, pooled = output.last_hidden_state, output.pooler_output
        some = slice(0, BAGS_PER_BATCH)
        losses = {
            "bag": self.bag_loss(pooled[some], self.bag, bag[some]),
            "bag_next": self.bag_loss(pooled[some], self.bag_next, bag_next[some]),
            "polarity": F.cross_entropy(self.polarity(pooled).float(), polarity),
        }
        if batch.moved is None:
            masked = targets >= 0
            scores = self.logits(self.mlm(hidden[masked]), self.bias)
            losses["mlm"] = F.cross_entropy(scores.float(), targets[masked])
            return losses
        moved = torch.from_numpy(batch.moved).to(device)
        balance = torch.tensor([1.0, 4.0], device=device)
        losses["order"] = F.cross_entropy(self.order(pooled).float(), moved.amax(1))
        words = attention.bool()
        losses["moved"] = F.cross_entropy(self.moved(hidden[words]).float(), moved[words], balance)
        return losses

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        """Return the weighted sum of the losses."""
        return sum((getattr(self.weights, k) * v for k, v in losses.items()), torch.zeros(()))
