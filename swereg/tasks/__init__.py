"""Data: files read with care, splits, checks, the built-in tasks. Knows no torch and no SQL."""

from swereg.tasks.checks import check
from swereg.tasks.evaluation import read_test
from swereg.tasks.hub_spec import spec_in
from swereg.tasks.reading import read_data
from swereg.tasks.task_files import read_task

__all__ = ["check", "read_data", "read_task", "read_test", "spec_in"]
