"""Access to the database without knowing which one it is, or how it is opened."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class Transactions(Protocol):
    """Runs plain functions of a connection in a thread, off the event loop.

    A function may be run again if the database requires it, so its only effects must be through its
    connection.
    """

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a connection that only reads, and return its result."""
        ...

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction: committed if it returns, rolled back if it raises."""
        ...
