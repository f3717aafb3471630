"""One frozen Swedish BERT, every task an adapter, every version in one SQLite file.

>>> import swereg
>>> entry = swereg.train("sentiment")
>>> swereg.load(entry.ref).predict(["Maten var underbar"])

The names below are loaded when they are first used, so that importing swereg costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swereg import data as data
    from swereg.api import load as load
    from swereg.api import predict as predict
    from swereg.api import resume as resume
    from swereg.api import train as train
    from swereg.api import train_seeds as train_seeds
    from swereg.bank import Bank as Bank
    from swereg.checkup import doctor as doctor
    from swereg.classifier import Classifier as Classifier
    from swereg.comparison import Comparison as Comparison
    from swereg.errors import SweregError as SweregError
    from swereg.exchange import export as export
    from swereg.exchange import import_ as import_
    from swereg.exchange import import_entries as import_entries
    from swereg.plugins import installed as installed
    from swereg.reading import compare as compare
    from swereg.reading import count as count
    from swereg.reading import entries as entries
    from swereg.reading import examine as examine
    from swereg.reading import show as show
    from swereg.records import Dataset as Dataset
    from swereg.records import Entry as Entry
    from swereg.records import Example as Example
    from swereg.records import Prediction as Prediction
    from swereg.records import ReadOptions as ReadOptions
    from swereg.records import Task as Task
    from swereg.registry import Registry as Registry
    from swereg.reporting import plot as plot
    from swereg.reporting import report as report
    from swereg.reproduction import reproduce as reproduce
    from swereg.runs import interrupted as interrupted
    from swereg.staging import discard as discard
    from swereg.staging import recover as recover
    from swereg.staging import staged as staged
    from swereg.statistics import SeedRun as SeedRun
    from swereg.sweeping import sweep as sweep
    from swereg.sweeps import SweepRun as SweepRun
    from swereg.sweeps import plot_sweep as plot_sweep
    from swereg.verification import verify as verify
else:
    _HOMES = {
        "swereg.api": ["load", "predict", "resume", "train", "train_seeds"],
        "swereg.reading": ["compare", "count", "entries", "examine", "show"],
        "swereg.bank": ["Bank"],
        "swereg.checkup": ["doctor"],
        "swereg.classifier": ["Classifier"],
        "swereg.comparison": ["Comparison"],
        "swereg.errors": ["SweregError"],
        "swereg.exchange": ["export", "import_", "import_entries"],
        "swereg.plugins": ["installed"],
        "swereg.records": ["Dataset", "Entry", "Example", "Prediction", "ReadOptions", "Task"],
        "swereg.registry": ["Registry"],
        "swereg.reporting": ["plot", "report"],
        "swereg.reproduction": ["reproduce"],
        "swereg.runs": ["interrupted"],
        "swereg.staging": ["discard", "recover", "staged"],
        "swereg.statistics": ["SeedRun"],
        "swereg.sweeping": ["sweep"],
        "swereg.sweeps": ["SweepRun", "plot_sweep"],
        "swereg.verification": ["verify"],
    }  # fmt: skip
    _HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

    _MODULES = {"data"}

    def __getattr__(name):
        if name in _MODULES:
            return import_module(f"swereg.{name}")
        if name not in _HOME_OF:
            raise AttributeError(f"module 'swereg' has no attribute {name!r}")
        return getattr(import_module(_HOME_OF[name]), name)

    def __dir__():
        return __all__


__all__ = [
    "Bank",
    "Classifier",
    "Comparison",
    "Dataset",
    "Entry",
    "Example",
    "Prediction",
    "ReadOptions",
    "Registry",
    "SeedRun",
    "SweepRun",
    "SweregError",
    "Task",
    "compare",
    "count",
    "data",
    "discard",
    "doctor",
    "entries",
    "examine",
    "export",
    "import_",
    "import_entries",
    "installed",
    "interrupted",
    "load",
    "plot",
    "plot_sweep",
    "predict",
    "recover",
    "report",
    "reproduce",
    "resume",
    "show",
    "staged",
    "sweep",
    "train",
    "train_seeds",
    "verify",
]

__version__ = "0.1.0"
