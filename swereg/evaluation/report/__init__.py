"""The report as one HTML page, from figures worked out before. Knows no registry and no torch."""

from swereg.evaluation.report.contents import Contents, stands_for
from swereg.evaluation.report.page import GENERATOR, page

__all__ = ["GENERATOR", "Contents", "page", "stands_for"]
