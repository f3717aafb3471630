"""The share of each label in training, whatever the text says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swereg.adapters.standalone.method import Answerer, Learnt, Tensors
from swereg.errors import CheckFailed
from swereg.records.dataset import Dataset
from swereg.records.progress import OnProgress, silent

if TYPE_CHECKING:
    from swereg.evaluation.scoring import Logits

SHARES = "shares"  # [labels]


@dataclass(frozen=True)
class MajoritySettings:
    """Counting labels has no settings."""


class Majority:
    """Answers every text alike: what anything else has to beat."""

    name = "majority"
    description = "The share of each label in training, for every text alike."
    settings = MajoritySettings
    seeded = False

    def fit(
        self,
        dataset: Dataset,
        settings: MajoritySettings,
        *,
        seed: int = 0,
        on_progress: OnProgress = silent,
    ) -> Learnt:
        """Count the labels of training."""
        import numpy as np

        counts = np.array(list(dataset.counts("train").values()), dtype=np.float32)
        return Learnt({SHARES: counts / counts.sum()}, len(counts), settings)

    def answerer(
        self, tensors: Tensors, labels: Sequence[str], settings: MajoritySettings
    ) -> Answerer:
        """Answer with the logarithms of the shares, whose softmax the shares are."""
        import numpy as np

        shares = tensors.get(SHARES)
        if set(tensors) != {SHARES} or shares is None or shares.shape != (len(labels),):
            raise CheckFailed(
                f"the stored weights are not the shares of {len(labels)} labels",
                code="weights.shape",
            )
        logits = np.log(shares)

        def answer(texts: Sequence[str]) -> Logits:
            return np.tile(logits, (len(texts), 1))

        return answer


METHOD = Majority()
