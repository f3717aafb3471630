"""Words that do not occur keep their embeddings, whoever holds them; nothing else changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from swereg.adapters.bases.sources import BaseSource
from swereg.adapters.training import engine, fit, recipes
from swereg.adapters.training.engine import seen_words
from swereg.adapters.training.engine.seen_words import SeenWords
from swereg.plugins import entry_points, specs
from swereg.records.dataset import Dataset, Example
from swereg.records.training import Fitted

WORDS = "bert.embeddings.word_embeddings.weight"
DATASET = Dataset(
    ("nej", "ja"),
    tuple(
        Example(f"maten var {word}", label)
        for label, words in (("ja", ("god", "bra", "fin")), ("nej", ("usel", "kall", "seg")))
        for word in words
    ),
    tuple(Example(f"{word} skolan", "ja") for word in ("öppen", "bussen", "röd")),
    (),
)


def begun(source: BaseSource, method: Any = None, **said: Any) -> fit.Training:
    said = {"device": "cpu", "epochs": 3, "learning_rate": 1e-3, "batch_size": 4, **said}
    recipe = recipes.recipe(specs.parse_method("full"), {}, source.max_length, said)
    return fit.Training(
        source, method or entry_points.find_plugin("method", "full"), DATASET, recipe
    )


def fitted(source: BaseSource) -> tuple[Fitted, dict[str, Tensor]]:
    one = begun(source, dropout=0.1)
    _, found = one.end(fit.drive(one.learn(), one.accelerator))
    assert found.weights.data is not None
    return found, safetensors.torch.load(found.weights.data)


def test_what_learns_is_what_would_learn_among_all(
    source: BaseSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With validation texts of other words; and what does not occur stays as it was."""
    found, weights = fitted(source)
    monkeypatch.setattr(engine, "learn_seen_words", lambda *_: None)
    wanted, every = fitted(source)
    assert [(e.train_loss, e.val_loss) for e in found.epochs] == [
        pytest.approx((e.train_loss, e.val_loss), rel=1e-6) for e in wanted.epochs
    ]
    assert weights.keys() == every.keys()
    assert all(torch.allclose(weights[name], every[name], atol=1e-6) for name in every)
    assert (found.trainable, found.total) == (wanted.trainable, wanted.total)
    tokens = {token for row in begun(source).data.train for token in row}
    before = source.load().encoder.state_dict()[WORDS.removeprefix("bert.")]
    moved = (weights[WORDS] != before).any(dim=1).nonzero().flatten().tolist()
    assert set(moved) <= tokens
    assert len(moved) > len(tokens) / 2


def is_used(one: fit.Training) -> bool:
    return any(isinstance(module, SeenWords) for module in one.model.modules())


def test_where_every_row_changes_every_row_learns(source: BaseSource) -> None:
    assert is_used(begun(source))
    assert not is_used(begun(source, weight_decay=0.1))


def test_where_most_words_occur_all_learn(
    source: BaseSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen_words, "MOST", 0.01)
    assert not is_used(begun(source))


@pytest.mark.parametrize("where", ["model", "words", "weight"])
def test_where_a_method_listens_all_learn(where: str, source: BaseSource) -> None:
    """It may ask for other words, or change embeddings or their gradients."""

    class Listening(type(entry_points.find_plugin("method", "full"))):  # type: ignore[misc]
        name = "listening"

        def attach(self, model: Any, settings: Any) -> Any:
            words = model.encoder.embeddings.word_embeddings
            if where == "model":
                model.register_forward_pre_hook(lambda *_: None)
            elif where == "words":
                words.register_forward_hook(lambda *_: None)
            found = super().attach(model, settings)
            if where == "weight":
                words.weight.register_hook(lambda gradient: gradient)
            return found

    assert not is_used(begun(source, Listening()))


def test_a_method_that_stores_its_parameters_as_they_are_gets_all(source: BaseSource) -> None:
    class Plain(type(entry_points.find_plugin("method", "full"))):  # type: ignore[misc]
        name = "plain"

        def state(self, model: nn.Module) -> Mapping[str, Tensor]:
            return {name: parameter.data for name, parameter in model.named_parameters()}

    one = begun(source, Plain())
    assert not is_used(one)
    assert one.method.state(one.model)[WORDS].shape[0] == source.config["vocab_size"]


def test_while_it_learns_no_other_word_is_taken_for_one_that_does() -> None:
    words = SeenWords(nn.Embedding(9, 4), torch.tensor([2, 5]))
    assert words(torch.tensor([5, 2])).tolist() == words.weight[[1, 0]].tolist()
    with pytest.raises(IndexError):
        words(torch.tensor([3]))
    with torch.no_grad():
        words.weight += 1
        assert words(torch.tensor([3, 2]))[1].tolist() == words.weight[0].tolist()
