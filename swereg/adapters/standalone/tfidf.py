"""A bag of words and of pieces of words: TF-IDF and a logistic regression, scikit-learn's."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from swereg.adapters.standalone.method import Answerer, Learnt, Tensors
from swereg.plugins.specs import check_settings
from swereg.records.dataset import Dataset, texts

if TYPE_CHECKING:
    from swereg.records.progress import OnProgress


@dataclass(frozen=True)
class TfidfSettings:
    """Settings of the bag of words. Upper and lower case are the same to it.

    Attributes:
        words: how many words in a row, such as ``1-2``; empty does without them.
        chars: how many characters in a row, within words; empty does without them.
        min_texts: in how many training texts an n-gram must be to count; 2 halves an entry.
        C: how freely it fits training, the inverse of the penalty. Of several, joined by ``+``,
            they are tried from the smallest on, for as long as the validation loss falls.
    """

    words: str = "1-2"
    chars: str = "2-5"
    min_texts: int = 1
    C: str = "1+3+10+30+100+300"

    def __post_init__(self) -> None:
        rules = {
            "words": (_is_span(self.words), "such as 1-2, 1 to 9 words"),
            "chars": (_is_span(self.chars), "such as 2-5, 1 to 9 characters"),
            "min_texts": (self.min_texts >= 1, "1 or more"),
            "C": (_are_positive(self.C), "a number above 0, or several joined by +"),
        }
        check_settings("tfidf", self, rules)
        check_settings(
            "tfidf", self, {"chars": (bool(self.spans), "needed where there are no words")}
        )

    @property
    def spans(self) -> dict[str, tuple[int, int]]:
        """The shortest and the longest n-gram, for words and chars as far as they count."""
        ranges = {"words": self.words, "chars": self.chars}
        return {kind: (int(span[0]), int(span[-1])) for kind, span in ranges.items() if span}

    @property
    def candidates(self) -> list[float]:
        """The values of C, the smallest first."""
        return sorted({float(value) for value in self.C.split("+")})


class Tfidf:
    """TF-IDF of words and of characters, and a logistic regression on them."""

    name = "tfidf"
    description = "A bag of words: TF-IDF of words and characters, and a logistic regression."
    settings = TfidfSettings
    seeded = False  # the solver starts at zero and draws nothing

    def fit(
        self,
        dataset: Dataset,
        settings: TfidfSettings,
        *,
        seed: int,
        on_progress: OnProgress,
    ) -> Learnt:
        """Learn, with the C that has the lowest validation loss.

        Raises:
            TrainingError: the texts have no n-grams.
        """
        from swereg.adapters.standalone.bags import Bags
        from swereg.adapters.standalone.regression import Regression
        from swereg.evaluation.scoring import score
        from swereg.records.progress import Tried, Trying  # a list needs none of this

        bags = Bags.learn(texts(dataset.train), settings.spans, settings.min_texts)
        train, val = (bags.features(texts(dataset.split(name))) for name in ("train", "val"))
        lowest = math.inf
        for strength in settings.candidates:
            plain, began = repr(strength).removesuffix(".0"), time.monotonic()
            on_progress(Trying(f"C={plain}", len(dataset.train)))
            model = Regression.fit(train, dataset.columns("train"), strength, on_progress)
            scores = score(model.logits(val), dataset.columns("val"))
            better, seconds = scores["loss"] < lowest, time.monotonic() - began
            on_progress(Tried(f"C={plain}", scores["loss"], scores["accuracy"], seconds, better))
            if not better:
                break
            lowest, best, chosen = scores["loss"], model, replace(settings, C=plain)
        return Learnt(bags.tensors() | best.tensors, best.parameters, chosen)

    def answerer(
        self, tensors: Tensors, labels: Sequence[str], settings: TfidfSettings
    ) -> Answerer:
        """Rebuild the vectorisers from their vocabularies; the regression is but a matrix."""
        from swereg.adapters.standalone.bags import Bags
        from swereg.adapters.standalone.regression import Regression

        bags = Bags.read(tensors, settings.spans)
        model = Regression.read(tensors, len(labels), len(bags))
        return lambda texts: model.logits(bags.features(texts))


def _is_span(text: str) -> bool:
    return not text or bool(re.fullmatch("[1-9](-[1-9])?", text) and text[0] <= text[-1])


def _are_positive(text: str) -> bool:
    try:
        values = [float(value) for value in text.split("+")]
    except ValueError:
        return False
    return all(math.isfinite(value) and value > 0 for value in values)


METHOD = Tfidf()
