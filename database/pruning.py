"""Deleting outdated rows in short transactions, so that nobody waits long for the write lock.

A step deletes at most as many rows as it is told. How long that takes depends on the machine, the
table and its indexes, so the number depends on how long the previous step took.
"""

import time
from collections.abc import Callable

from sqlalchemy import ColumnElement, Connection, Table, delete, select, tuple_

from database.transactions import Transactions

STEP_SECONDS = 0.02
"""How long the statements of a step should take; the commit comes on top."""

FEWEST = 200
"""A step has a cost of its own, however few rows it deletes."""

FIRST = 200
MOST = 5_000

Step = Callable[[Connection, int], int]
"""Deletes (or empties) up to a number of rows in the transaction, and returns how many."""


async def prune(database: Transactions, step: Step) -> int:
    """Repeat the step, each time in a transaction of its own, until it finds nothing. Returns
    how many rows it deleted.
    """
    total, most = 0, FIRST
    while True:
        done, seconds = await database.write(_timed(step, most))
        if done == 0:
            return total
        total += done
        most = next_size(most, seconds)


def next_size(size: int, seconds: float) -> int:
    """How many rows the next step may delete, after one for `size` rows that took `seconds`.

    At most twice as many: the first rows may have been in memory, and the next ones not.
    """
    fitting = size * STEP_SECONDS / max(seconds, STEP_SECONDS / 2)
    return max(FEWEST, min(MOST, int(fitting)))


def _timed(step: Step, most: int) -> Callable[[Connection], tuple[int, float]]:
    def work(conn: Connection) -> tuple[int, float]:
        started = time.perf_counter()
        return step(conn, most), time.perf_counter() - started

    return work


def delete_some(conn: Connection, table: Table, outdated: ColumnElement[bool], most: int) -> int:
    """Delete up to `most` rows that meet the condition; returns how many."""
    key = tuple(table.primary_key)
    chosen = select(*key).where(outdated).limit(most)
    which = tuple_(*key).in_(chosen) if len(key) > 1 else key[0].in_(chosen)
    return conn.execute(delete(table).where(which)).rowcount
