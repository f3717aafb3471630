"""From the typed values of workbooks and Parquet files to the texts that a table would have."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal


def plain(value: object) -> str | None:
    """Write one value as a text, or None where it is no single value.

    Whole numbers have no fraction (1.0 is ``1``), dates are ISO 8601 and have a time only where
    it is not midnight, truth values are those of JSON, nothing is ``""``. Fractions have the 15
    digits that Excel shows.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, date | time):
        return _moment(value)
    return None


def _number(value: float | Decimal) -> str:
    if value != value:  # nan alone differs from itself
        return ""
    if abs(value) != float("inf") and not value % 1:
        return str(int(value))
    return format(value, ".15g") if isinstance(value, float) else str(value)


def _moment(value: date | time) -> str:
    if isinstance(value, datetime):
        return str(value.date() if value.time() == time() else value)
    return str(value)
