"""Counting up to a bound: exact if the rows are few, at the cost of a few if they are many.

For figures that people look at. What a rule depends on is counted exactly, or kept in a row.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    ScalarSelect,
    Select,
    String,
    func,
    literal_column,
    select,
    union_all,
)

COUNTED = 1_000
"""A number of rows shown to people is counted up to here; this much means "or more"."""


def count_up_to(rows: Select[Any], most: int = COUNTED) -> ScalarSelect[int]:
    """How many rows the statement finds, `most` at most. An index should find them in any order."""
    return select(func.count()).select_from(rows.limit(most).subquery()).scalar_subquery()


def count_each(kinds: Mapping[str, Select[Any]]) -> CompoundSelect[Any]:
    """For each of several kinds of rows its `state`, which is its key here and needs no quotes, and
    their `number` up to `COUNTED`.
    """
    return union_all(
        *(
            select(
                literal_column(f"'{state}'", String).label("state"),
                count_up_to(rows).label("number"),
            )
            for state, rows in kinds.items()
        )
    )
