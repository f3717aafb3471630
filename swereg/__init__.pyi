"""The front door, for type checkers and editors; __init__.py has the same names."""

from swereg.adapters.classifier import Classifier as Classifier
from swereg.api import alias as alias
from swereg.api import data as data
from swereg.api import db as db
from swereg.api.alias import rollback as rollback
from swereg.api.banks.bank import Bank as Bank
from swereg.api.banks.several_bases import Banks as Banks
from swereg.api.compare import compare as compare
from swereg.api.compare import examine as examine
from swereg.api.db import backup as backup
from swereg.api.deletion import gc as gc
from swereg.api.deletion import restore as restore
from swereg.api.deletion import rm as rm
from swereg.api.doctor import doctor as doctor
from swereg.api.entries import count as count
from swereg.api.entries import list_entries as _list_entries
from swereg.api.entries import show as show
from swereg.api.export import export as export
from swereg.api.import_ import import_ as import_
from swereg.api.load import load as load
from swereg.api.log import log as log
from swereg.api.note_and_tag import note as note
from swereg.api.note_and_tag import tag as tag
from swereg.api.predict import predict as predict
from swereg.api.report import plot as plot
from swereg.api.report import report as report
from swereg.api.reproduce import reproduce as reproduce
from swereg.api.sweep import sweep as sweep
from swereg.api.sweeping.plan import SweepRun as SweepRun
from swereg.api.sweeping.plot import plot_sweep as plot_sweep
from swereg.api.tasks_and_methods import methods as methods
from swereg.api.tasks_and_methods import tasks as tasks
from swereg.api.train import resume as resume
from swereg.api.train import train as train
from swereg.api.unfinished.runs import interrupted as interrupted
from swereg.api.unfinished.staged import discard as discard
from swereg.api.unfinished.staged import recover as recover
from swereg.api.unfinished.staged import staged as staged
from swereg.api.verify import verify as verify
from swereg.errors import SweregError as SweregError
from swereg.evaluation.comparison import Comparison as Comparison
from swereg.evaluation.statistics import SeedRun as SeedRun
from swereg.records.dataset import Dataset as Dataset
from swereg.records.dataset import Example as Example
from swereg.records.dataset import ReadOptions as ReadOptions
from swereg.records.dataset import Task as Task
from swereg.records.entry import Entry as Entry
from swereg.records.prediction import Prediction as Prediction
from swereg.registry import Registry as Registry

__version__: str
list = _list_entries  # noqa: A001 - the verb of the command line
