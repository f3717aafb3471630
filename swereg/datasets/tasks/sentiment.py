"""Built-in task: is a Swedish sentence negative or positive?"""

from swereg.datasets.tasks.packaged import read_packaged
from swereg.records.dataset import Task

LABELS = ("negative", "positive")

TASK = Task(
    name="sentiment",
    read=lambda: read_packaged("sentiment", LABELS),
    labels=LABELS,
    description="Is a Swedish sentence negative or positive?",
    source="written for swereg; see swereg/tasks/data/sentiment/README.md",
    licence="Apache-2.0",
)
