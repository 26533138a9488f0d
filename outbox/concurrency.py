"""In memory: how many attempts may be under way, so that a bad peer never delays a good one.

There are two lanes. Healthy peers have most of the seats. *Suspect* peers share a few: those that
are failing, and those that were slow to answer last time. An attempt that turns out to be slow
moves to the suspects' lane while it runs, so that hundreds of peers that suddenly hang hold the
healthy ones up for two seconds and not for a time-out.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slots:
    """Attempts under way at most: to healthy peers, to suspect ones, in all; slow ones may take
    more than the suspects' seats, but not more than `total`. `slow_after` is in seconds."""

    healthy: int = 256
    suspect: int = 64
    total: int = 512
    slow_after: float = 2.0


class ConcurrencyLimiter:
    """Who is under way, and which hosts are suspect."""

    def __init__(self, slots: Slots, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._seats = slots
        self._timer = timer
        self._under_way: dict[int, tuple[str, float]] = {}
        self._failing: set[str] = set()
        self._slow: set[str] = set()

    def __len__(self) -> int:
        return len(self._under_way)

    def is_suspect(self, host: str) -> bool:
        """Whether attempts at `host` go to the suspects' lane."""
        return host in self._failing or host in self._slow

    def note(self, host: str, *, is_failing: bool) -> None:
        """Remember how `host` was last found."""
        (self._failing.add if is_failing else self._failing.discard)(host)

    def enter(self, row_id: int, host: str) -> None:
        """An attempt at `host` begins."""
        self._under_way[row_id] = (host, self._timer())

    def leave(self, row_id: int) -> None:
        """That attempt has ended, one way or the other."""
        host, began = self._under_way.pop(row_id)
        is_slow = self._timer() - began > self._seats.slow_after
        (self._slow.add if is_slow else self._slow.discard)(host)

    def free(self) -> tuple[int, int]:
        """How many more attempts may begin: to healthy peers, to suspect ones."""
        long_ago = self._timer() - self._seats.slow_after
        suspect = sum(
            began < long_ago or self.is_suspect(host) for host, began in self._under_way.values()
        )
        healthy = len(self._under_way) - suspect
        left = max(self._seats.total - len(self._under_way), 0)
        return (
            min(max(self._seats.healthy - healthy, 0), left),
            min(max(self._seats.suspect - suspect, 0), left),
        )
