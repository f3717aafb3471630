"""The base that ships with swereg: whole, the same everywhere, and Swedish."""

from __future__ import annotations

import json

from swereg.adapters.bases import sources
from swereg.adapters.training import recipes
from swereg.home import locations
from swereg.plugins import specs

FOLDER = locations.PACKAGED_BASES / "mini"


def test_its_fingerprint_is_the_one_that_ships_with_it() -> None:
    side = json.loads((FOLDER / "swereg.json").read_text())
    assert sources.resolve("mini").load().info.fingerprint == side["fingerprint"]


def test_it_is_small_and_brings_its_papers() -> None:
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    assert size < 40e6
    assert {"README.md", "NOTICE.md"} <= {path.name for path in FOLDER.iterdir()}


def test_its_tokenizer_keeps_swedish_letters_in_either_form() -> None:
    tokenizer = sources.resolve("mini").load().tokenizer
    composed, decomposed = "F\u00e5r \u00e5ka h\u00f6st", "Fa\u030ar a\u030aka ho\u0308st"
    assert tokenizer.encode(composed).tokens == ["[CLS]", "Får", "åka", "höst", "[SEP]"]
    assert tokenizer.encode(composed).ids == tokenizer.encode(decomposed).ids


def test_transformers_reads_the_same_tokenizer() -> None:
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(FOLDER).backend_tokenizer.to_str()
    assert sources.resolve("mini").load().tokenizer.to_str() == theirs


def test_its_advice_is_used_where_nothing_is_said() -> None:
    source = sources.resolve("mini")
    for method in ("lora", "full", "head"):
        recipe = recipes.recipe(
            specs.parse_method(method), source.recommended, source.max_length, {}
        )
        assert recipe.learning_rate == source.recommended[method]["learning_rate"]
