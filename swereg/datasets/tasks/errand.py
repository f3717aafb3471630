"""Built-in task: which department of a Swedish municipality is a message for?"""

from swereg.datasets.tasks.packaged import read_packaged
from swereg.records.dataset import Task

LABELS = (
    "bygglov",
    "förskola och skola",
    "vatten och avfall",
    "gator och parkering",
    "äldreomsorg",
    "kultur och fritid",
)

TASK = Task(
    name="errand",
    read=lambda: read_packaged("errand", LABELS),
    labels=LABELS,
    description="Which department of a Swedish municipality is a resident's message for?",
    source="written for swereg; see swereg/tasks/data/errand/README.md",
    licence="Apache-2.0",
)
