"""Put entries of one task side by side, from what was stored when they were trained."""

from swereg.evaluation.comparison.evidence import Evidence
from swereg.evaluation.comparison.examination import Examination, Mistake, examine
from swereg.evaluation.comparison.leaderboard import (
    DEFAULT_METRIC,
    Choice,
    Comparison,
    choose,
    compare,
)
from swereg.evaluation.comparison.pair import Between, Change
from swereg.evaluation.comparison.rows import BETTER_SMALL, Row

__all__ = [
    "BETTER_SMALL",
    "DEFAULT_METRIC",
    "Between",
    "Change",
    "Choice",
    "Comparison",
    "Evidence",
    "Examination",
    "Mistake",
    "Row",
    "choose",
    "compare",
    "examine",
]
