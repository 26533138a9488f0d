"""How many attempts may run at the same time, so that bad peers never delay good ones; in memory.

There are two groups. Healthy peers have most of the slots. *Suspect* peers share a few: those that
are failing, and those that responded slowly last time. An attempt that turns out to be slow moves
to the suspects' group while it runs, so that hundreds of peers that suddenly hang delay the healthy
ones for two seconds and not for a time-out.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slots:
    """The most attempts at the same time: to healthy peers, to suspect ones, and in total.

    Peers that never answered before count as healthy until `slow_after`: enough slots have to be
    left beside hundreds of them, though a few dozen keep a processor busy. Slow ones may exceed the
    suspects' slots, but not `total`. `slow_after` is in seconds.
    """

    healthy: int = 448
    suspect: int = 64
    total: int = 640
    slow_after: float = 2.0


class ConcurrencyLimiter:
    """Counts the attempts that are running, and knows which hosts are suspect."""

    def __init__(self, slots: Slots, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._slots = slots
        self._timer = timer
        self._under_way: dict[int, tuple[str, float]] = {}
        self._failing: set[str] = set()
        self._slow: set[str] = set()

    def __len__(self) -> int:
        return len(self._under_way)

    def rows(self) -> frozenset[int]:
        """The rows whose attempts are running."""
        return frozenset(self._under_way)

    def is_suspect(self, host: str) -> bool:
        """Whether attempts at `host` take the suspects' slots."""
        return host in self._failing or host in self._slow

    def note(self, host: str, *, is_failing: bool) -> None:
        """Remember whether `host` is failing."""
        (self._failing.add if is_failing else self._failing.discard)(host)

    def enter(self, row_id: int, host: str) -> None:
        """Count an attempt at `host` that begins."""
        self._under_way[row_id] = (host, self._timer())

    def leave(self, row_id: int) -> None:
        """Count out an attempt that has ended, however it did."""
        host, began = self._under_way.pop(row_id)
        is_slow = self._timer() - began > self._slots.slow_after
        (self._slow.add if is_slow else self._slow.discard)(host)

    def free(self) -> tuple[int, int]:
        """How many more attempts may begin: to healthy peers, to suspect ones."""
        long_ago = self._timer() - self._slots.slow_after
        suspect = sum(
            began < long_ago or self.is_suspect(host) for host, began in self._under_way.values()
        )
        healthy = len(self._under_way) - suspect
        left = max(self._slots.total - len(self._under_way), 0)
        return (
            min(max(self._slots.healthy - healthy, 0), left),
            min(max(self._slots.suspect - suspect, 0), left),
        )
