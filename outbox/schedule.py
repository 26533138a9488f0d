"""Which hosts to query, and when; in memory. Only a hint: the rows are the truth."""

import heapq


class Schedule:
    """Hosts with the time at which to query each (epoch seconds)."""

    def __init__(self) -> None:
        self._when: dict[str, float] = {}
        # Entries whose time is no longer the host's are dropped when they come up.
        self._heap: list[tuple[float, str]] = []

    def put(self, host: str, when: float) -> None:
        """Query `host` at `when`, or earlier if that is planned already."""
        if when < self._when.get(host, float("inf")):
            self._when[host] = when
            heapq.heappush(self._heap, (when, host))

    def pop(self, now: float) -> str | None:
        """Take out the host whose time came first; None when no host is due."""
        when = self.next_time()
        if when is None or when > now:
            return None
        _, host = heapq.heappop(self._heap)
        del self._when[host]
        return host

    def next_time(self) -> float | None:
        """When the next host is due, or None."""
        while self._heap:
            when, host = self._heap[0]
            if self._when.get(host) == when:
                return when
            heapq.heappop(self._heap)
        return None
