"""The seam between methods on a base and methods without one.

Each kind says how its methods are planned and trained, how an entry of it is opened, and how it
answers a few texts without torch. Nothing else asks whether there is a base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swereg.adapters.kinds.kind import Kind
from swereg.adapters.kinds.on_base import OnBase
from swereg.adapters.kinds.without_base import WithoutBase
from swereg.adapters.standalone.method import Standalone

if TYPE_CHECKING:
    from swereg.records.entry import Entry

ON_BASE: Kind = OnBase()
WITHOUT_BASE: Kind = WithoutBase()


def kind_of_method(method: Any) -> Kind:
    """Return the kind of a method."""
    return WITHOUT_BASE if isinstance(method, Standalone) else ON_BASE


def kind_of_entry(entry: Entry) -> Kind:
    """Return the kind of an entry."""
    return WITHOUT_BASE if entry.base is None else ON_BASE
