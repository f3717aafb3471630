"""A logistic regression: scikit-learn fits it, and what it learnt is a matrix."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from swereg.adapters.standalone.method import Tensors
from swereg.errors import CheckFailed
from swereg.evaluation.scoring import Logits
from swereg.records.progress import Notice, OnProgress

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_STEPS = 1000  # of the solver


@dataclass(frozen=True, eq=False)
class Regression:
    """What was learnt; with two labels it is about the second one alone.

    Attributes:
        coefficients: [1 or labels, features].
        intercept: [1 or labels].
    """

    coefficients: NDArray[np.float32]
    intercept: NDArray[np.float32]

    @classmethod
    def fit(
        cls, features: csr_matrix, truth: Sequence[int], strength: float, on_progress: OnProgress
    ) -> Self:
        """Fit it.

        Args:
            features: [examples, features].
            truth: the column of each example's label; every label occurs.
            strength: scikit-learn's C, the inverse of the penalty on the coefficients.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=strength, max_iter=MOST_STEPS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # said in our own words
            model.fit(features, truth)
        if model.n_iter_.max() >= MOST_STEPS:
            on_progress(Notice(f"With C={strength:g} it did not settle in {MOST_STEPS:,} steps."))
        return cls(model.coef_.astype(np.float32), model.intercept_.astype(np.float32))

    @classmethod
    def read(cls, tensors: Tensors, labels: int, features: int) -> Self:
        """Read what ``tensors`` gave.

        Raises:
            CheckFailed: it does not fit the labels or the features.
        """
        rows = 1 if labels == 2 else labels
        names = ("coefficients", "intercept")
        arrays = [tensors.get(name, np.zeros(0, np.float32)) for name in names]
        shapes = [array.shape for array in arrays]
        if shapes != [(rows, features), (rows,)]:
            raise CheckFailed(
                f"the stored regression does not fit {labels} labels and {features:,} features",
                why=f"Its shapes are {', '.join(map(str, shapes))}.",
                code="weights.shape",
            )
        return cls(*arrays)

    @property
    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """What is stored, by name."""
        return {"coefficients": self.coefficients, "intercept": self.intercept}

    @property
    def parameters(self) -> int:
        """The number of learnt parameters."""
        return self.coefficients.size + self.intercept.size

    def logits(self, features: csr_matrix) -> Logits:
        """Work out the logits, [texts, labels]; of two labels those of the first are 0."""
        scores = features @ self.coefficients.T + self.intercept
        if len(self.intercept) == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        return np.asarray(scores, dtype=np.float32)
