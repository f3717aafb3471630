"""One frozen Swedish BERT, every task an adapter, every version in one SQLite file.

>>> import swereg
>>> entry = swereg.train("sentiment")
>>> swereg.load(entry.ref).predict(["Maten var underbar"])

The names below are loaded when they are first used, so that importing swereg costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swereg.adapters.classifier import Classifier as Classifier
    from swereg.api import data as data
    from swereg.api.bank import Bank as Bank
    from swereg.api.doctor import doctor as doctor
    from swereg.api.entries import compare as compare
    from swereg.api.entries import count as count
    from swereg.api.entries import entries as entries
    from swereg.api.entries import examine as examine
    from swereg.api.entries import show as show
    from swereg.api.exchange import export as export
    from swereg.api.exchange import import_ as import_
    from swereg.api.exchange import import_entries as import_entries
    from swereg.api.report import plot as plot
    from swereg.api.report import report as report
    from swereg.api.reproduce import reproduce as reproduce
    from swereg.api.sweep import sweep as sweep
    from swereg.api.sweep_plan import SweepRun as SweepRun
    from swereg.api.sweep_plan import plot_sweep as plot_sweep
    from swereg.api.train import load as load
    from swereg.api.train import predict as predict
    from swereg.api.train import resume as resume
    from swereg.api.train import train as train
    from swereg.api.train import train_seeds as train_seeds
    from swereg.api.unfinished.runs import interrupted as interrupted
    from swereg.api.unfinished.staged import discard as discard
    from swereg.api.unfinished.staged import recover as recover
    from swereg.api.unfinished.staged import staged as staged
    from swereg.api.verify import verify as verify
    from swereg.errors import SweregError as SweregError
    from swereg.evaluation.comparison import Comparison as Comparison
    from swereg.evaluation.statistics import SeedRun as SeedRun
    from swereg.plugins.entry_points import installed as installed
    from swereg.records.dataset import Dataset as Dataset
    from swereg.records.dataset import Example as Example
    from swereg.records.dataset import ReadOptions as ReadOptions
    from swereg.records.dataset import Task as Task
    from swereg.records.entry import Entry as Entry
    from swereg.records.prediction import Prediction as Prediction
    from swereg.registry import Registry as Registry
else:
    _HOMES = {
        "swereg.api.train": ["load", "predict", "resume", "train", "train_seeds"],
        "swereg.api.entries": ["compare", "count", "entries", "examine", "show"],
        "swereg.api.bank": ["Bank"],
        "swereg.api.doctor": ["doctor"],
        "swereg.evaluation.comparison": ["Comparison"],
        "swereg.errors": ["SweregError"],
        "swereg.api.exchange": ["export", "import_", "import_entries"],
        "swereg.plugins.entry_points": ["installed"],
        "swereg.records.dataset": ["Dataset", "Example", "ReadOptions", "Task"],
        "swereg.records.entry": ["Entry"],
        "swereg.adapters.classifier": ["Classifier"],
        "swereg.records.prediction": ["Prediction"],
        "swereg.registry": ["Registry"],
        "swereg.api.report": ["plot", "report"],
        "swereg.api.reproduce": ["reproduce"],
        "swereg.api.unfinished.runs": ["interrupted"],
        "swereg.api.unfinished.staged": ["discard", "recover", "staged"],
        "swereg.evaluation.statistics": ["SeedRun"],
        "swereg.api.sweep": ["sweep"],
        "swereg.api.sweep_plan": ["SweepRun", "plot_sweep"],
        "swereg.api.verify": ["verify"],
    }
    _HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

    _MODULES = {"data"}

    def __getattr__(name):
        if name in _MODULES:
            return import_module(f"swereg.api.{name}")
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
