"""The mathematics of comparison: pure functions over stored outputs. Knows no torch and no SQL."""

from swereg.evaluation.statistics.alignment import Aligned, align_answers
from swereg.evaluation.statistics.bootstrap import Bootstrap, Interval
from swereg.evaluation.statistics.calibration import Bin
from swereg.evaluation.statistics.groups import Resampled, paired, resample
from swereg.evaluation.statistics.label_report import Figure, LabelFigures, Report, report
from swereg.evaluation.statistics.metrics import METRICS
from swereg.evaluation.statistics.paired import Difference, McNemar, Pair
from swereg.evaluation.statistics.scored import Scored
from swereg.evaluation.statistics.seeds import Fold, SeedRun, Spread, fold, seed_run
from swereg.evaluation.statistics.sentences import sentence
from swereg.evaluation.statistics.standings import Standing, standings

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
    "align_answers",
    "fold",
    "paired",
    "report",
    "resample",
    "seed_run",
    "sentence",
    "standings",
]
