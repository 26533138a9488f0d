"""Kills a process in the middle of its work, and starts it again."""

import random
import time
from dataclasses import dataclass

from tests.crash.contents import Pending, ServerDatabase
from tests.support.server_processes import Node, Process

WAIT = 8.0
"""Seconds to wait until the victim is in the middle of its work."""


@dataclass(frozen=True, slots=True)
class Victim:
    """A process to kill, and the reader of its database."""

    name: str
    node: Node
    process: Process
    database: ServerDatabase

    def is_busy(self, pending: Pending) -> bool:
        """Whether it is working: a worker delivers, a server with a worker receives."""
        if self.process is self.node.worker:
            return pending.claimed > 0
        if self.node.worker is not None:
            return pending.journal > 0
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
            f"{self.number:3}  {self.victim:9} after {self.done:4} done;"
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
    victim.process.kill()
    died = time.monotonic()
    after = victim.database.pending()
    time.sleep(chance.uniform(0.1, 0.8))
    victim.process.start()
    if victim.process is victim.node.server:
        victim.node.wait_ready()
    return Kill(
        number,
        victim.name,
        done,
        before,
        after,
        victim.is_busy(after),
        time.monotonic() - died,
    )


def _describe(pending: Pending) -> str:
    return f"{pending.claimed} claimed, {pending.waiting} waiting, {pending.journal} in the journal"
