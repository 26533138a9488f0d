"""Kills a process in the middle of its work, and starts it again."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.crash.contents import Pending, ServerDatabase

WAIT = 8.0
"""Seconds to wait until the victim is in the middle of its work."""


@dataclass(frozen=True, slots=True)
class Victim:
    """A process to kill, and how to start it again; `is_busy` says by the state of the database
    whether it is working. What a dead database has in it is read after its start only.
    """

    name: str
    end: Callable[[], None]
    start: Callable[[], None]
    database: ServerDatabase
    is_busy: Callable[[Pending], bool]
    is_database: bool = False


def is_receiving(pending: Pending) -> bool:
    """Whether a server receives that has workers to deliver."""
    return pending.journal > 0


def is_delivering(pending: Pending) -> bool:
    """Whether a worker delivers."""
    return pending.claimed > 0


def is_working(pending: Pending) -> bool:
    """Whether anything is being done."""
    return pending.claimed > 0 or pending.journal > 0


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: the state of the database right before, and with the process dead."""

    number: int
    victim: str
    done: int
    before: Pending
    after: Pending
    was_busy: bool
    down_seconds: float

    def __str__(self) -> str:
        return (
            f"{self.number:3}  {self.victim:10} after {self.done:4} done;"
            f" before: {_describe(self.before)}; dead: {_describe(self.after)};"
            f" back after {self.down_seconds:.1f} s{'' if self.was_busy else '   (idle)'}"
        )


def kill(number: int, victim: Victim, done: int, chance: random.Random) -> Kill:
    """Wait for a bad moment, SIGKILL, read the state left behind, wait a little, start again."""
    deadline = time.monotonic() + WAIT
    before = victim.database.pending()
    while not victim.is_busy(before) and time.monotonic() < deadline:
        time.sleep(0.002)
        before = victim.database.pending()
    victim.end()
    died = time.monotonic()
    after = before if victim.is_database else victim.database.pending()
    time.sleep(chance.uniform(0.1, 0.8))
    victim.start()
    down = time.monotonic() - died
    return Kill(number, victim.name, done, before, after, victim.is_busy(after), down)


def _describe(pending: Pending) -> str:
    return f"{pending.claimed} claimed, {pending.waiting} waiting, {pending.journal} in the journal"
