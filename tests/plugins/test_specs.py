"""Method specs and recipes: what a person may write, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swereg.adapters.training import recipes
from swereg.errors import NotFound, UsageError
from swereg.plugins import specs
from swereg.records.training import Recipe


def settings_of(text: str, more: dict[str, Any] | None = None) -> Any:
    spec = specs.parse_method(text, more)
    return specs.settings_of(spec.method, spec.said)


def test_the_defaults_are_those_of_the_notebook() -> None:
    recipe = recipes.recipe(specs.parse_method("lora"), {}, 512, {})
    assert recipe == Recipe(
        method="lora",
        settings={
            "r": 4,
            "alpha": 8.0,
            "dropout": 0.2,
            "targets": "query+value",
            "layers": "",
            "rank_pattern": "",
            "alpha_pattern": "",
        },
        learning_rate=1e-4,
        batch_size=8,
        epochs=50,
        patience=2,
        dropout=0.1,
        weight_decay=0.0,
        clip=1.0,
        precision="fp32",
        max_length=256,
        seed=42,
        device="auto",
    )
    assert recipes.recipe(specs.parse_method("full"), {}, 512, {}).learning_rate == 1e-5


def test_alpha_follows_the_rank_unless_said() -> None:
    assert settings_of("lora[r=8]").alpha == 16
    assert settings_of("lora[r=8,alpha=8]").alpha == 8


def test_options_win_over_the_spec() -> None:
    assert settings_of("lora[r=8, dropout=0]", {"r": "16"}).r == 16


@given(r=st.integers(1, 1024), alpha=st.floats(0.01, 1e6), dropout=st.floats(0, 0.99))
@settings(derandomize=True, max_examples=50)
def test_a_spec_reads_back_as_written(r: int, alpha: float, dropout: float) -> None:
    found = settings_of(f"lora[r={r},alpha={alpha!r},dropout={dropout!r}]")
    assert (found.r, found.alpha, found.dropout) == (r, alpha, dropout)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lora[rank=8]", "no setting 'rank'"),
        ("lora[r=eight]", "r=eight"),
        ("lora[r=0]", "r=0"),
        ("lora[alpha=nan]", "alpha=nan"),
        ("lora[dropout=1]", "dropout=1.0"),
        ("lora[targets=query++value]", "targets"),
        ("lora[r]", "is not a method"),
        ("lora[", "is not a method"),
        ("", "is not a method"),
        ("full[r=4]", "no setting 'r'"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("[", r"\[")):
        settings_of(text)


def test_an_unknown_setting_lists_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        settings_of("lora[alfa=8]")
    assert "r, alpha, dropout, targets" in caught.value.why
    assert "Did you mean alpha?" in caught.value.hint


def test_an_unknown_method_lists_those_there_are() -> None:
    with pytest.raises(NotFound) as caught:
        specs.parse_method("lorra")
    assert "full, head, ia3, lora, majority, peft" in caught.value.why
    assert "Did you mean lora?" in caught.value.hint


def test_what_is_said_wins_over_the_base_and_the_base_over_the_method() -> None:
    advice = {"lora": {"learning_rate": 2e-3, "epochs": 20, "settings": {"r": 8}}}
    recipe = recipes.recipe(specs.parse_method("lora"), advice, 512, {"epochs": 5, "seed": None})
    assert (recipe.learning_rate, recipe.epochs, recipe.seed) == (2e-3, 5, 42)
    assert recipe.settings["r"] == 8
    said = recipes.recipe(specs.parse_method("lora[r=2]"), advice, 512, {})
    assert said.settings["r"] == 2
    assert recipes.recipe(specs.parse_method("full"), advice, 512, {}).learning_rate == 1e-5


def test_a_short_base_shortens_the_default_but_not_what_was_asked_for() -> None:
    assert recipes.recipe(specs.parse_method("lora"), {}, 128, {}).max_length == 128
    with pytest.raises(UsageError, match="--max-length cannot be 256"):
        recipes.recipe(specs.parse_method("lora"), {}, 128, {"max_length": 256})


@pytest.mark.parametrize(
    "said",
    [
        {"learning_rate": -1.0},
        {"learning_rate": float("nan")},
        {"batch_size": 0},
        {"epochs": 0},
        {"patience": 0},
        {"seed": -1},
        {"max_length": 2},
        {"dropout": 1.0},
        {"weight_decay": -0.1},
        {"clip": 0.0},
        {"precision": "fp8"},
    ],
)
def test_recipe_values_are_checked(said: dict[str, Any]) -> None:
    option = "--" + next(iter(said)).replace("_", "-")
    with pytest.raises(UsageError, match=option):
        recipes.recipe(specs.parse_method("lora"), {}, 512, said)


def test_a_base_that_recommends_the_unknown_is_refused() -> None:
    with pytest.raises(UsageError, match="recommends"):
        recipes.recipe(specs.parse_method("lora"), {"lora": {"speed": 11}}, 512, {})
