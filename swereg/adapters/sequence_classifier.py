"""The model that learns: an encoder, dropout and a linear head over the pooled output.

It gives encoder and head the names that transformers gives them, so the tensors that PEFT stores
have PEFT's own keys. LoRA r=4 on query and value of KB-BERT, with a head for 2 labels, trains
148,994 of 124,839,938 parameters, 0.1193 %. PEFT's own print has 1,538 more in the total: it keeps
the head that was there before as well, although it is never used.
"""

from __future__ import annotations

from typing import Any, cast

from torch import Tensor, nn


class SequenceClassifier(nn.Module):
    """An encoder with a head, under the same names as transformers' sequence classifiers.

    Args:
        encoder: a transformers encoder; it becomes the attribute that its
            ``base_model_prefix`` names (``bert`` for BERT).
        labels: number of labels.
        dropout: inside the encoder (every ``nn.Dropout``) and before the head.
    """

    def __init__(self, encoder: Any, labels: int, *, dropout: float) -> None:
        super().__init__()
        self.prefix: str = encoder.base_model_prefix
        self.add_module(self.prefix, encoder)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(encoder.config.hidden_size, labels)
        for module in self.modules():
            if isinstance(module, nn.Dropout):
                module.p = dropout
        # The head starts as transformers starts it.
        nn.init.normal_(self.classifier.weight, std=encoder.config.initializer_range)
        nn.init.zeros_(self.classifier.bias)

    @property
    def encoder(self) -> nn.Module:
        """The encoder."""
        return cast(nn.Module, getattr(self, self.prefix))

    def forward(
        self,
        input_ids: Tensor | None = None,  # [batch, tokens]
        attention_mask: Tensor | None = None,  # [batch, tokens]
        pooled: Tensor | None = None,  # [batch, hidden], instead of the two above
    ) -> Tensor:
        """Return logits, [batch, labels]."""
        if pooled is None:
            pooled = pool(self.encoder, input_ids, attention_mask)
        return cast(Tensor, self.classifier(self.dropout(pooled)))


def pool(encoder: nn.Module, input_ids: Tensor | None, attention_mask: Tensor | None) -> Tensor:
    """Run the encoder; return its pooled output, or the first token's where it has no pooler."""
    output = encoder(input_ids=input_ids, attention_mask=attention_mask)
    pooled = getattr(output, "pooler_output", None)
    return cast(Tensor, output.last_hidden_state[:, 0] if pooled is None else pooled)


def freeze(model: nn.Module) -> None:
    """Stop every parameter from learning."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)


def count(model: nn.Module) -> tuple[int, int]:
    """Count the parameters: those that learn, and all."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, learns in sizes if learns), sum(n for n, _ in sizes)
