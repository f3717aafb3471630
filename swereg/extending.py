"""What authors of tasks and methods import; the rooms behind it may move.

>>> from swereg.extending import Learnt, Lora, Method

A task is a ``swereg.Task``. A method on a base is a ``Method``, or a ``PeftMethod`` or ``Lora``
with something changed; a method without a base is a ``Standalone``. See docs/plugins.md, and
``swereg.testing`` for the checks that a plugin must pass. Names are loaded when they are used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swereg.adapters.method import Delta as Delta
    from swereg.adapters.method import Lowered as Lowered
    from swereg.adapters.method import Method as Method
    from swereg.adapters.methods.lora import Lora as Lora
    from swereg.adapters.methods.peft_method import PeftMethod as PeftMethod
    from swereg.adapters.standalone.method import Learnt as Learnt
    from swereg.adapters.standalone.method import Standalone as Standalone
    from swereg.errors import CheckFailed as CheckFailed
    from swereg.errors import TrainingError as TrainingError
    from swereg.errors import UsageError as UsageError
    from swereg.records.dataset import Dataset as Dataset
    from swereg.records.dataset import Example as Example
    from swereg.records.dataset import Task as Task

_HOMES = {
    "swereg.adapters.method": ("Delta", "Lowered", "Method"),
    "swereg.adapters.methods.lora": ("Lora",),
    "swereg.adapters.methods.peft_method": ("PeftMethod",),
    "swereg.adapters.standalone.method": ("Learnt", "Standalone"),
    "swereg.errors": ("CheckFailed", "TrainingError", "UsageError"),
    "swereg.records.dataset": ("Dataset", "Example", "Task"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'swereg.extending' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
