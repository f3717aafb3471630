"""What is known of every metric and cost: its title, its direction, how it is written, where.

To add a metric, add its row here and its formula to ``METRICS`` in
``evaluation/statistics/metrics.py``; ``compare``, ``show``, ``report``, conditions, help and Tab
follow. A test does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MetricFacts:
    """A metric, as far as it is shown.

    Attributes:
        title: as a person reads it.
        smaller_is_better: its direction.
        is_share: whether it is written as a share, 0.880; else as a loss, 0.2831.
        is_stored: whether every training stores it, and the registry can sort by it.
        is_column: whether each leaderboard has a column of it, even if another one judges.
        judges_tasks: whether a task may say that its entries are judged by it.
    """

    title: str
    smaller_is_better: bool = False
    is_share: bool = True
    is_stored: bool = False
    is_column: bool = False
    judges_tasks: bool = False


METRICS: dict[str, MetricFacts] = {
    "accuracy": MetricFacts("accuracy", is_stored=True, is_column=True, judges_tasks=True),
    "macro_f1": MetricFacts("macro-F1", is_stored=True, is_column=True, judges_tasks=True),
    "mcc": MetricFacts("MCC"),
    # An area takes ten times as long under resampling, so it has no interval unless it judges.
    "roc_auc": MetricFacts("ROC-AUC", is_column=True, judges_tasks=True),
    "loss": MetricFacts("loss", smaller_is_better=True, is_share=False, judges_tasks=True),
    "ece": MetricFacts("calibration error", smaller_is_better=True),
    "brier": MetricFacts("Brier score", smaller_is_better=True),
}
COSTS = ("trainable", "trainable_percent", "size", "val_loss", "seconds")  # the smaller the better
DEFAULT_METRIC = "accuracy"


def titles() -> Mapping[str, str]:
    """Return the titles of all metrics; the loss first, as scores are listed."""
    return {name: METRICS[name].title for name in dict.fromkeys(["loss", *METRICS])}


def stored() -> list[str]:
    """Return the metrics that every training stores."""
    return [name for name, facts in METRICS.items() if facts.is_stored]


def columns() -> list[str]:
    """Return the metrics that each leaderboard has a column of."""
    return [name for name, facts in METRICS.items() if facts.is_column]


def directions() -> dict[str, bool]:
    """Return, for every column that rows can be sorted by, whether a smaller value is better."""
    *first, last = (cost for cost in COSTS)
    return {
        **dict.fromkeys(first, True),
        **{name: facts.smaller_is_better for name, facts in METRICS.items()},
        last: True,
    }


def comparison_sorts() -> tuple[str, ...]:
    """Return what ``compare`` sorts by."""
    return ("val_loss", *METRICS, "trainable", "size", "seconds")


def entry_sorts() -> dict[str, bool]:
    """Return what ``list`` sorts by, and whether the largest comes first where nobody says."""
    return {
        "created": True,
        "ref": False,
        "task": False,
        "method": False,
        "val_loss": False,
        **{name: not METRICS[name].smaller_is_better for name in stored()},
        "trainable": False,
        "size": False,
        "seconds": False,
    }


def task_metrics() -> tuple[str, ...]:
    """Return the metrics that a task may be judged by."""
    return tuple(name for name, facts in METRICS.items() if facts.judges_tasks)
