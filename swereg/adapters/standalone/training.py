"""Training without a base: the recipe, and what is measured of what was learnt."""

from __future__ import annotations

import platform
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from swereg.adapters.standalone.classifier import answerer
from swereg.adapters.standalone.method import Standalone
from swereg.adapters.tensors import read_arrays, write_arrays
from swereg.errors import UsageError
from swereg.evaluation.scoring import pack_outputs, score
from swereg.plugins.specs import Spec, settings_of
from swereg.records.dataset import SPLITS, Dataset, Split, texts
from swereg.records.progress import OnProgress, silent
from swereg.records.training import Fitted, Recipe

_PACKAGES = ("swereg", "scikit-learn", "scipy", "numpy")


def recipe(spec: Spec, options: Mapping[str, Any]) -> Recipe:
    """Fill a recipe: the settings and the seed are all of it.

    Args:
        options: values of recipe fields, and ``base``; None counts as not said.

    Raises:
        UsageError: something was said that makes sense on a base alone, or a bad value.
    """
    settings = settings_of(spec.method, spec.said)
    idle = [key for key, value in options.items() if value is not None and key != "seed"]
    if idle:
        raise UsageError(
            f"{spec.name} has no base, so it cannot use "
            + ", ".join("--" + key.replace("_", "-") for key in sorted(idle)),
            why="It learns from the texts alone, all at once.",
            hint="Leave that out; 'swereg methods' lists its own settings, for -o KEY=VALUE.",
            code="method.no-base",
        )
    return Recipe(spec.name, asdict(settings), seed=checked_seed(options.get("seed")), device="cpu")


def checked_seed(seed: int | None) -> int:
    """Return a seed, or the default.

    Raises:
        UsageError: it is out of range.
    """
    if seed is None:
        return Recipe.seed
    if not 0 <= seed < 2**32:
        raise UsageError(
            f"--seed cannot be {seed}", why="It is from 0 to 4294967295.", code="recipe.value"
        )
    return seed


def fit(
    method: Standalone, dataset: Dataset, recipe: Recipe, *, on_progress: OnProgress = silent
) -> Fitted:
    """Train one entry; it is measured as it will be stored.

    Raises:
        TrainingError: there is nothing to learn from.
    """
    began = time.monotonic()
    settings = settings_of(method, recipe.settings)
    learnt = method.fit(dataset, settings, seed=recipe.seed, on_progress=on_progress)
    seconds = time.monotonic() - began

    weights = write_arrays(learnt.tensors)
    answer = answerer(method, read_arrays(weights), dataset.labels, learnt.settings)
    splits: list[Split] = ["val", "test"] if dataset.test else ["val"]
    logits = {split: answer(texts(dataset.split(split))) for split in splits}
    return Fitted(
        run=uuid.uuid4().hex,
        recipe=Recipe(method.name, asdict(learnt.settings), seed=recipe.seed, device="cpu"),
        weights=weights,
        trainable=learnt.trainable,
        total=learnt.trainable,
        epochs=(),
        best_epoch=None,
        scores={split: score(answers, dataset.columns(split)) for split, answers in logits.items()},
        outputs=tuple(
            pack_outputs(split, answers, dataset.columns(split))
            for split, answers in logits.items()
        ),
        seconds=seconds,
        cut=dict.fromkeys(SPLITS, 0),
        environment=_environment(),
    )


def _environment() -> dict[str, Any]:
    """Describe versions and processor."""
    return {name: version(name) for name in _PACKAGES} | {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "device": "cpu",
    }
