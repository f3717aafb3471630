"""The bag of words: scikit-learn's own pipeline is the oracle."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline

import swereg
from swereg.adapters.standalone import training
from swereg.adapters.standalone.bags import Bags
from swereg.adapters.standalone.classifier import answerer
from swereg.adapters.standalone.tfidf import METHOD, TfidfSettings
from swereg.adapters.tensors import read_arrays, write_arrays
from swereg.datasets.tasks.errand import TASK as ERRAND
from swereg.datasets.tasks.sentiment import TASK as SENTIMENT
from swereg.errors import CheckFailed, TrainingError, UsageError
from swereg.plugins.specs import parse_method, settings_of
from swereg.records.dataset import Dataset, Example
from swereg.records.progress import Progress, Tried
from swereg.records.training import Weights

LABELS = ("nej", "ja", "kanske")
ROWS = tuple(
    Example(f"{word} i {place}", label)
    for place in ("Åmål", "Öxnehaga", "Älvsbyn", "Växjö")
    for label, words in (
        ("nej", ("aldrig", "usch då")),
        ("ja", ("gärna", "härligt")),
        ("kanske", ("möjligen", "vi får se")),
    )
    for word in words
)
DATASET = Dataset(LABELS, ROWS[:18], ROWS[18:])


def oracle(c: float) -> Any:
    """What a user of scikit-learn would write."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    chars = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return make_pipeline(
        FeatureUnion([("words", words), ("chars", chars)]), LogisticRegression(C=c, max_iter=1000)
    )


def part(task: swereg.Task) -> swereg.Task:
    """A task with a third of its examples."""
    whole = task.read()
    third = replace(whole, train=whole.train[::3], val=whole.val[::3], test=whole.test[::3])
    return replace(task, read=lambda: third)


def fitted(dataset: Dataset, **said: str) -> training.Fitted:
    spec = parse_method("tfidf", said)
    return training.fit(METHOD, dataset, training.recipe(spec, {}))


@pytest.mark.parametrize("task", [part(SENTIMENT), part(ERRAND)], ids=["two labels", "six labels"])
def test_a_fresh_process_answers_as_scikit_learn_and_without_torch(task: swereg.Task) -> None:
    entry = swereg.train(task, method="tfidf")
    dataset = task.read()
    wanted = oracle(float(entry.recipe.settings["C"])).fit(
        [e.text for e in dataset.train], dataset.columns("train")
    )
    odd = ["", "🙂", "ÅÄÖ åäö", "x" * 3000, "i", "ord som ingen har skrivit"]
    texts = [*(example.text for example in dataset.test[:100]), *odd]
    code = (
        "import json, sys, swereg\n"
        f"found = swereg.predict({entry.ref!r}, json.load(sys.stdin))\n"
        "print(json.dumps([list(answer.scores.values()) for answer in found]))\n"
        "assert not {'torch', 'transformers', 'peft', 'pickle5'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = np.array(json.loads(done.stdout))
    np.testing.assert_allclose(found, wanted.predict_proba(texts), atol=1e-6, rtol=0)


def test_the_scores_are_those_of_what_is_stored() -> None:
    entry = swereg.train(part(SENTIMENT), method="tfidf")
    test = part(SENTIMENT).read().test
    answers = swereg.predict(entry.ref, [example.text for example in test])
    right = sum(a.label == e.label for a, e in zip(answers, test, strict=True))
    assert entry.scores["test"]["accuracy"] == pytest.approx(right / len(test))
    assert (entry.base, entry.epochs, entry.best_epoch) == (None, (), None)
    assert entry.trainable == entry.total > 10_000
    assert entry.trainable_percent == 100
    assert {"scikit-learn", "numpy", "swereg"} <= set(entry.environment)
    assert "torch" not in entry.environment


def test_the_c_with_the_lowest_validation_loss_is_kept_and_the_search_ends_there() -> None:
    seen: list[Progress] = []
    found = swereg.train(part(SENTIMENT), method="tfidf", on_progress=seen.append)
    tried = [event for event in seen if isinstance(event, Tried)]
    losses = [event.val_loss for event in tried]
    assert [event.best for event in tried] == [True] * (len(tried) - 1) + [False]
    assert losses == [*sorted(losses[:-1], reverse=True), losses[-1]]
    assert f"C={found.recipe.settings['C']}" == tried[-2].setting
    assert found.val_loss == pytest.approx(tried[-2].val_loss, abs=1e-6)


def test_the_stored_recipe_gives_the_same_bytes() -> None:
    first = fitted(DATASET)
    again = fitted(DATASET, **dict(first.recipe.settings))
    assert again.weights == first.weights
    assert again.recipe == first.recipe


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_unicode_form_of_a_text_changes_nothing(form: str) -> None:
    found = fitted(DATASET)
    chosen = settings_of(METHOD, found.recipe.settings)
    answer = answerer(METHOD, read_arrays(found.weights), LABELS, chosen)
    texts = [unicodedata.normalize(form, "Gärna i Öxnehaga"), "GÄRNA I ÖXNEHAGA"]
    one, two = answer(texts)
    assert one.argmax() == 1
    np.testing.assert_array_equal(one, two)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, max_size=8),
    st.lists(st.text(), max_size=4),
)
def test_a_vocabulary_survives_storing(texts: list[str], others: list[str]) -> None:
    spans = {"words": (1, 2), "chars": (2, 5)}
    try:
        bags = Bags.learn(texts, spans, 1)
    except TrainingError:
        return  # nothing but spaces and signs
    stored = read_arrays(write_arrays(bags.tensors()))
    again = Bags.read(stored, spans)
    assert len(again) == len(bags)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, two = (some.features([*texts, *others]).toarray() for some in (bags, again))
    np.testing.assert_allclose(one, two, atol=1e-6)


@pytest.mark.parametrize(
    "said",
    [
        {"words": "2-1"},
        {"words": "0"},
        {"chars": "2-50"},
        {"words": "", "chars": ""},
        {"min_texts": 0},
        {"C": "0"},
        {"C": "1+x"},
        {"C": ""},
        {"C": "nan"},
        {"r": 4},
    ],
)
def test_settings_that_make_no_sense_are_refused(said: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        settings_of(METHOD, said)
    assert caught.value.code == "method.setting"


@pytest.mark.parametrize("said", [{"words": ""}, {"chars": ""}, {"min_texts": 2, "C": "2.5"}])
def test_words_and_characters_can_be_left_out(said: dict[str, Any]) -> None:
    found = fitted(DATASET, **said)
    names = set(read_arrays(found.weights))
    assert ("words.idf" in names) == (said.get("words") != "")
    assert ("chars.idf" in names) == (said.get("chars") != "")
    assert found.recipe.settings.items() >= said.items()


def test_texts_without_words_are_told_what_to_do() -> None:
    rows = tuple(Example(sign * 3, label) for sign, label in zip("!?.", LABELS, strict=True))
    with pytest.raises(TrainingError, match="words") as caught:
        fitted(Dataset(LABELS, rows, rows))
    assert "-o words=" in caught.value.hint
    assert fitted(Dataset(LABELS, rows, rows), words="").scores["val"]["accuracy"] == 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("words.vocabulary", lambda a: a[: a.tolist().index(10)]),
        ("words.vocabulary", lambda a: np.full_like(a, 0xFF)),
        ("chars.idf", lambda a: a[1:]),
        ("coefficients", lambda a: a[:, 1:]),
        ("intercept", lambda a: a[:1]),
        ("intercept", lambda a: a[None]),
    ],
)
def test_weights_that_are_not_whole_are_refused(name: str, change: Any) -> None:
    found = fitted(DATASET)
    tensors = read_arrays(found.weights)
    chosen = settings_of(METHOD, found.recipe.settings)
    with pytest.raises(CheckFailed):
        METHOD.answerer({**tensors, name: change(tensors[name])}, LABELS, chosen)
    del tensors[name]
    with pytest.raises(CheckFailed):
        METHOD.answerer(tensors, LABELS, chosen)


def test_weights_that_are_no_safetensors_or_not_finite_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed):
        read_arrays(Weights.of(b"\x80\x04N."))  # a pickle
    with pytest.raises(TrainingError):
        write_arrays({"a": np.array([np.inf])})
    path = tmp_path / "weights"
    path.write_bytes(write_arrays({"a": np.arange(3)}).data or b"")
    in_file = replace(Weights.of(path.read_bytes()), data=None, path=path)
    np.testing.assert_array_equal(read_arrays(in_file)["a"], [0, 1, 2])


def test_two_labels_are_the_binary_regression() -> None:
    rows = tuple(replace(row, label="ja" if row.label == "ja" else "nej") for row in ROWS)
    found = fitted(Dataset(LABELS[:2], rows[:18], rows[18:]))
    tensors = read_arrays(found.weights)
    size = sum(tensors[name].size for name in ("words.idf", "chars.idf"))
    assert tensors["coefficients"].shape == (1, size)
    assert found.trainable == size + 1


def test_the_default_settings_are_as_documented() -> None:
    assert TfidfSettings().spans == {"words": (1, 2), "chars": (2, 5)}
    assert TfidfSettings().candidates == [1, 3, 10, 30, 100, 300]
