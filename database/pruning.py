"""Deleting outdated rows in short transactions, so that nobody waits long for the write lock.

They are found by a reader, which may take its time, and deleted by their keys, some in each
transaction. How long that takes depends on the machine, the table and its indexes, so the number
follows from the time that the transaction before took.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, select, true, tuple_

from database.transactions import Transactions

STEP_SECONDS = 0.01
"""How long a transaction should take, with its commit."""

FEWEST, FIRST, MOST = 20, 50, 1_000
"""How many rows a transaction may delete: it has a cost of its own, however few they are."""

FOUND = 10_000
"""How many keys are read at a time."""


@dataclass(frozen=True, slots=True)
class Outdated:
    """One kind of outdated rows.

    `find` only reads, and returns the keys of up to a number of them. `drop` deletes (or empties)
    the rows with some keys that are still outdated, and returns how many.
    """

    find: Callable[[Connection, int], Sequence[Any]]
    drop: Callable[[Connection, Sequence[Any]], int]


def outdated_in(
    table: Table, condition: ColumnElement[bool], *, rechecked: bool = True
) -> Outdated:
    """The rows of `table` that fulfil the condition; their keys are the primary ones.

    Without `rechecked`, those that were found are deleted even if they no longer do: for a
    condition that takes long.
    """
    key = tuple(table.primary_key)
    outdated = select(*key).where(condition)
    # As an operand, so that no index of the condition is preferred to that of the keys.
    still = condition.is_(true()) if rechecked else true()

    def find(conn: Connection, most: int) -> Sequence[Any]:
        rows = conn.execute(outdated.limit(most))
        return rows.scalars().all() if len(key) == 1 else [tuple(row) for row in rows]

    def drop(conn: Connection, keys: Sequence[Any]) -> int:
        return conn.execute(delete(table).where(_is_among(key, keys), still)).rowcount

    return Outdated(find, drop)


def _is_among(key: Sequence[Column[Any]], keys: Sequence[Any]) -> ColumnElement[bool]:
    if len(key) == 1:
        return key[0].in_(keys)
    # SQLite uses no index for rows of values.
    return and_(key[0].in_({first for first, *_ in keys}), tuple_(*key).in_(keys))


async def prune(database: Transactions, outdated: Outdated) -> int:
    """Delete all rows of one kind, in steps that each have a transaction of their own; how many."""
    total, size = 0, FIRST
    while keys := await database.read(partial(_find, outdated)):
        before = total
        while keys:
            some, keys = keys[:size], keys[size:]
            dropped, began = await database.write(partial(_drop, outdated, some))
            total += dropped
            if len(some) == size:
                size = next_size(size, time.perf_counter() - began)
        if total == before:  # another process was faster
            break
    return total


def next_size(size: int, seconds: float) -> int:
    """How many rows the next transaction may delete, after one for `size` rows that took `seconds`.

    At most twice as many: the first rows may have been in memory, and the next ones not.
    """
    fitting = size * STEP_SECONDS / max(seconds, STEP_SECONDS / 2)
    return max(FEWEST, min(MOST, int(fitting)))


def _find(outdated: Outdated, conn: Connection) -> Sequence[Any]:
    return outdated.find(conn, FOUND)


def _drop(outdated: Outdated, keys: Sequence[Any], conn: Connection) -> tuple[int, float]:
    """How many were dropped, and when the transaction began."""
    began = time.perf_counter()
    return outdated.drop(conn, keys), began
