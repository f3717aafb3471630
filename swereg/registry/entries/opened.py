"""What every part of a registry works on."""

from __future__ import annotations

from swereg.registry.database.connection import Database
from swereg.registry.entries.weights import WeightStore


class Opened:
    """An open registry: its database, and the place of its weights."""

    def __init__(self, database: Database, weights: WeightStore) -> None:
        self._database = database
        self._weights = weights
