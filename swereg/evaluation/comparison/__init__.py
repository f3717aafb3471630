"""Put entries of one task side by side, from what was stored when they were trained."""

from swereg.evaluation.comparison.evidence import Evidence
from swereg.evaluation.comparison.examination import Examination, Mistake, examine
from swereg.evaluation.comparison.leaderboard import (
    Choice,
    Comparison,
    choose_rows,
    compare,
)
from swereg.evaluation.comparison.pair import Between, Change
from swereg.evaluation.comparison.rows import Row

__all__ = [
    "Between",
    "Change",
    "Choice",
    "Comparison",
    "Evidence",
    "Examination",
    "Mistake",
    "Row",
    "choose_rows",
    "compare",
    "examine",
]
