"""Put entries of one task side by side, from what was stored when they were trained."""

from swereg.comparison.between import Between, Change
from swereg.comparison.evidence import Evidence
from swereg.comparison.examination import Examination, Mistake, examine
from swereg.comparison.leaderboard import DEFAULT_METRIC, Choice, Comparison, choose, compare
from swereg.comparison.rows import BETTER_SMALL, Row

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
