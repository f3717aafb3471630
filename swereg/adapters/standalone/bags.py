"""Bags of n-grams: what texts are for scikit-learn, and how a vocabulary is stored and rebuilt.

A vocabulary is stored as UTF-8 lines in a tensor of bytes, and scikit-learn's vectoriser is rebuilt
around it; the tests hold the answers of a fresh process to those of its own pipeline, to 1e-6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from swereg.adapters.standalone.method import Tensors
from swereg.errors import CheckFailed, TrainingError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

ANALYZERS = {"words": "word", "chars": "char_wb"}  # char_wb: within words, their edges included
Spans = Mapping[str, tuple[int, int]]  # kind: the shortest and the longest n-gram


class Bags:
    """The n-grams of words and of characters side by side, each a vector of length 1."""

    def __init__(self, vectorizers: Mapping[str, TfidfVectorizer]) -> None:
        self._vectorizers = vectorizers

    @classmethod
    def learn(cls, texts: Sequence[str], spans: Spans, min_texts: int) -> Self:
        """Collect the n-grams of texts, and how rare each one is.

        Args:
            min_texts: in how many texts an n-gram must be to count.

        Raises:
            TrainingError: there is none.
        """
        return cls({kind: _learn(kind, span, texts, min_texts) for kind, span in spans.items()})

    @classmethod
    def read(cls, tensors: Tensors, spans: Spans) -> Self:
        """Rebuild them from what ``tensors`` gave.

        Raises:
            CheckFailed: something is missing or does not fit.
        """
        return cls({kind: _read(kind, span, tensors) for kind, span in spans.items()})

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return per kind its n-grams, UTF-8 with a line for each, and their idf, [n-grams]."""
        arrays: dict[str, NDArray[Any]] = {}
        for kind, vectorizer in self._vectorizers.items():
            lines = "\n".join(vectorizer.get_feature_names_out()).encode()  # none has a newline
            arrays[f"{kind}.vocabulary"] = np.frombuffer(lines, dtype=np.uint8)
            arrays[f"{kind}.idf"] = vectorizer.idf_.astype(np.float32)
        return arrays

    def __len__(self) -> int:
        return sum(len(vectorizer.vocabulary_) for vectorizer in self._vectorizers.values())

    def features(self, texts: Sequence[str]) -> csr_matrix:
        """Weigh the n-grams of texts: [texts, n-grams]."""
        from scipy.sparse import hstack

        parts = [vectorizer.transform(texts) for vectorizer in self._vectorizers.values()]
        return hstack(parts, format="csr")


def _vectorizer(kind: str, span: tuple[int, int], **options: Any) -> TfidfVectorizer:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer=ANALYZERS[kind], ngram_range=span, sublinear_tf=True, **options)


def _learn(
    kind: str, span: tuple[int, int], texts: Sequence[str], min_texts: int
) -> TfidfVectorizer:
    try:
        return _vectorizer(kind, span, min_df=min_texts).fit(texts)
    except ValueError as fault:  # scikit-learn's: empty vocabulary, no terms remain
        raise TrainingError(
            f"no n-grams of {kind} are left to learn from",
            why=f"{fault}",
            hint=f"Do without them: -o {kind}=  Or lower -o min_texts={min_texts}.",
            code="training.no-ngrams",
        ) from fault


def _read(kind: str, span: tuple[int, int], tensors: Tensors) -> TfidfVectorizer:
    try:
        lines = tensors[f"{kind}.vocabulary"].tobytes().decode().split("\n")
        vectorizer = _vectorizer(kind, span, vocabulary=lines)
        vectorizer.idf_ = tensors[f"{kind}.idf"].astype(np.float64)
    except (KeyError, ValueError) as fault:
        raise CheckFailed(
            f"the stored n-grams of {kind} are not whole", why=f"{fault}", code="weights.missing"
        ) from fault
    return vectorizer
