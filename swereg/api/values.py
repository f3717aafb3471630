"""What the verbs give back, for whoever prints it: the command line knows no inner room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swereg.evaluation.numpy_import import import_numpy
from swereg.plugins.settings import brief_settings as brief_settings
from swereg.plugins.settings import ordered_settings as ordered_settings
from swereg.plugins.settings import recommended_settings as recommended_settings

if TYPE_CHECKING:
    from swereg.datasets.twins import Twin as Twin
    from swereg.datasets.twins import Twins as Twins
    from swereg.evaluation.comparison import Between as Between
    from swereg.evaluation.comparison import Change as Change
    from swereg.evaluation.comparison import Comparison as Comparison
    from swereg.evaluation.comparison import Examination as Examination
    from swereg.evaluation.comparison import Mistake as Mistake
    from swereg.evaluation.comparison import Row as Row
    from swereg.evaluation.comparison.reproduction import Part as Part
    from swereg.evaluation.comparison.reproduction import Reproduction as Reproduction
    from swereg.evaluation.statistics import Bin as Bin
    from swereg.evaluation.statistics import Difference as Difference
    from swereg.evaluation.statistics import Figure as Figure
    from swereg.evaluation.statistics import Interval as Interval
    from swereg.evaluation.statistics import LabelFigures as LabelFigures
    from swereg.evaluation.statistics import SeedRun as SeedRun
    from swereg.registry.care.integrity import Checked as Checked
    from swereg.registry.care.integrity import Problem as Problem
    from swereg.registry.care.status import Status as Status
    from swereg.registry.changes.garbage import Freed as Freed
    from swereg.registry.reader import Reader as Reader

__all__ = ["brief_settings", "import_numpy", "ordered_settings", "recommended_settings"]
