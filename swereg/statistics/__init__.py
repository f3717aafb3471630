"""The mathematics of comparison: pure functions over stored outputs. Knows no torch and no SQL."""

from swereg.statistics.alignment import Aligned, align
from swereg.statistics.bootstrap import Bootstrap, Interval
from swereg.statistics.groups import Resampled, paired, resample
from swereg.statistics.metrics import METRICS
from swereg.statistics.noise import Standing, standings
from swereg.statistics.pairs import Difference, McNemar, Pair
from swereg.statistics.reliability import Bin
from swereg.statistics.reports import Figure, LabelFigures, Report, report
from swereg.statistics.scored import Scored
from swereg.statistics.seeds import Fold, SeedRun, Spread, fold, seed_run
from swereg.statistics.sentences import sentence

__all__ = [
    "METRICS",
    "Aligned",
    "Bin",
    "Bootstrap",
    "Difference",
    "Figure",
    "Fold",
    "Interval",
    "LabelFigures",
    "McNemar",
    "Pair",
    "Report",
    "Resampled",
    "Scored",
    "SeedRun",
    "Spread",
    "Standing",
    "align",
    "fold",
    "paired",
    "report",
    "resample",
    "seed_run",
    "sentence",
    "standings",
]
