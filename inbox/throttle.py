"""A cache, a rate limit and turns, in memory and bounded, to keep bad requests cheap.

Strangers choose the names that are stored here, so the oldest entries are dropped once there are
too many: a million invented hosts cost no more memory than `REMEMBERED`. Times are epoch seconds
and are passed in.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

V = TypeVar("V")

REMEMBERED = 10_000
"""Entries that each cache keeps; a few megabytes in all."""


class BoundedCache(Generic[V]):
    """A mapping that drops its oldest entry when it is full."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._entries: OrderedDict[str, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, name: str) -> V | None:
        """What was last put under this name, or None."""
        return self._entries.get(name)

    def put(self, name: str, value: V) -> None:
        """Store `value`, and drop the oldest entry when there are too many."""
        self._entries[name] = value
        self._entries.move_to_end(name)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def drop(self, name: str) -> None:
        """Remove this name, if it is there."""
        self._entries.pop(name, None)


class RateLimit:
    """At most `most` events under one name in each window of `seconds`."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._windows: BoundedCache[tuple[float, int]] = BoundedCache()

    def take(self, name: str, now: float) -> bool:
        """Count one event; False, and nothing counted, when the limit is reached."""
        start, used = self._window(name, now)
        if used >= self._most:
            return False
        self._windows.put(name, (start, used + 1))
        return True

    def give_back(self, name: str, now: float) -> None:
        """Undo one `take`: the event should not have counted."""
        start, used = self._window(name, now)
        self._windows.put(name, (start, max(0, used - 1)))

    def wait(self, name: str, now: float) -> float:
        """Seconds until the window of this name ends."""
        return self._window(name, now)[0] + self._seconds - now

    def _window(self, name: str, now: float) -> tuple[float, int]:
        window = self._windows.find(name)
        if window is None or now >= window[0] + self._seconds:
            return now, 0
        return window


class Turns:
    """At most `most` holders at the same time under one name; the others wait in line.

    A name is known only while somebody holds or awaits a turn.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lines: dict[Hashable, asyncio.Semaphore] = {}
        self._visitors: Counter[Hashable] = Counter()

    def __len__(self) -> int:
        return len(self._lines)

    @asynccontextmanager
    async def of(self, name: Hashable, seconds: float) -> AsyncIterator[None]:
        """Hold one of the name's turns. Raises TimeoutError when none became free in `seconds`."""
        line = self._lines.setdefault(name, asyncio.Semaphore(self._most))
        self._visitors[name] += 1
        try:
            async with asyncio.timeout(seconds):
                await line.acquire()
            try:
                yield
            finally:
                line.release()
        finally:
            self._visitors[name] -= 1
            if not self._visitors[name]:
                del self._visitors[name], self._lines[name]
