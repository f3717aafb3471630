"""One frozen Swedish BERT, every task an adapter, every version in one SQLite file.

>>> import swereg
>>> entry = swereg.train("sentiment")
>>> swereg.load(entry.ref).predict(["Maten var underbar"])

Every verb of the command line is a function here, under the same name and with the same words for
its options; ``import`` is a keyword of Python, so it is ``import_``. The names are loaded when they
are first used, so that importing swereg costs nothing.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {  # module: the names that it has; __init__.pyi says the same to type checkers
    # train
    "swereg.api.train": ("resume", "train"),
    "swereg.api.sweep": ("sweep",),
    "swereg.api.sweeping.plan": ("SweepRun",),
    "swereg.api.sweeping.plot": ("plot_sweep",),
    "swereg.api.unfinished.runs": ("interrupted",),
    "swereg.api.unfinished.staged": ("discard", "recover", "staged"),
    # see
    "swereg.api.entries": ("count", "show"),
    "swereg.api.compare": ("compare", "examine"),
    "swereg.api.report": ("plot", "report"),
    "swereg.api.log": ("log",),
    # use
    "swereg.api.load": ("load",),
    "swereg.api.predict": ("predict",),
    "swereg.api.banks.bank": ("Bank",),
    "swereg.api.banks.several_bases": ("Banks",),
    # keep
    "swereg.api.alias": ("rollback",),
    "swereg.api.note_and_tag": ("note", "tag"),
    "swereg.api.deletion": ("gc", "restore", "rm"),
    # look after
    "swereg.api.verify": ("verify",),
    "swereg.api.reproduce": ("reproduce",),
    "swereg.api.doctor": ("doctor",),
    "swereg.api.db": ("backup",),
    # exchange
    "swereg.api.export": ("export",),
    "swereg.api.import_": ("import_",),
    # plugins
    "swereg.api.tasks_and_methods": ("methods", "tasks"),
    # values
    "swereg.adapters.classifier": ("Classifier",),
    "swereg.errors": ("SweregError",),
    "swereg.evaluation.comparison": ("Comparison",),
    "swereg.evaluation.statistics": ("SeedRun",),
    "swereg.records.dataset": ("Dataset", "Example", "ReadOptions", "Task"),
    "swereg.records.entry": ("Entry",),
    "swereg.records.prediction": ("Prediction",),
    "swereg.registry": ("Registry",),
}
_RENAMED = {"list": ("swereg.api.entries", "list_entries")}  # Python has a list of its own
_GROUPS = ("alias", "data", "db")  # verbs of verbs: swereg.alias.set is swereg alias set
_HOME_OF = {name: (home, name) for home, names in _HOMES.items() for name in names} | _RENAMED

__all__ = sorted([*_HOME_OF, *_GROUPS])


def __getattr__(name):
    if name in _GROUPS:
        return import_module(f"swereg.api.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'swereg' has no attribute {name!r}")
    home, own_name = _HOME_OF[name]
    return getattr(import_module(home), own_name)


def __dir__():
    return __all__
