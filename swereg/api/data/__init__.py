"""The use cases of data, under the verbs of ``swereg data``.

>>> import swereg
>>> swereg.data.check("complaints.csv").refusals
>>> swereg.data.list(task="complaints")
>>> swereg.data.diff("complaints/1", "complaints/2").kinds["relabelled"]
>>> swereg.data.export("complaints/2", "complaints.csv")

A dataset is named by the beginning of its digest (6 digits or more), or by a reference to an entry
that used it, such as ``complaints``, ``complaints/3`` or ``complaints@prod``.
"""

from swereg.api.data.checking import check
from swereg.api.data.exporting import export
from swereg.api.data.stored import diff, read, rm, sample, show
from swereg.api.data.stored import list_ as list  # noqa: A004 - the verb of the command line

__all__ = ["check", "diff", "export", "list", "read", "rm", "sample", "show"]
