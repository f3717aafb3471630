"""Data: files read with care, splits, checks, the built-in tasks. Knows no torch and no SQL."""

from swereg.tasks.checks import check
from swereg.tasks.evaluation import read_test
from swereg.tasks.reading import read_data

__all__ = ["check", "read_data", "read_test"]
