"""The open connections of a server: how many it accepts, and which one it closes to make room.

A connection either has work in progress or waits for its client: for a request, for the rest of
one, or for its response to be read. Waiting costs a client nothing, so anyone can keep many
connections waiting. When the server is full, the connection that has waited longest is closed, so
that fast clients are served no matter how many slow ones there are.
"""

import time
from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

import structlog

from fedcom.accounts.throttle import address_key
from fedcom.http.addresses import Network, is_within

REPORT_SECONDS = 60.0
"""Between two log events about connections that were closed or refused."""

log = structlog.get_logger("fedcom.http")


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections are accepted, and how many seconds each of them may wait.

    connections      open at once, in all
    per_client       open at once from one IPv4 address or IPv6 /64
    bodies           requests whose body is still arriving; each may hold some megabytes of memory
    trusted_proxies  whose connections come from many clients; exempt from `per_client`
    idle             until the next request on a connection that is kept open
    head             until a request line and headers are complete
    body             until a body is complete, plus a second for every `SLOWEST` bytes
    answer           until a response has been read, plus a second for every `SLOWEST` bytes
    discard          how long to read the rest of a request that was already answered
    """

    connections: int = 1000
    per_client: int = 100
    bodies: int = 250
    trusted_proxies: tuple[Network, ...] = ()
    idle: float = 5.0
    head: float = 10.0
    # Longer than the inbox's own deadline, which answers peers with more detail.
    body: float = 40.0
    answer: float = 30.0
    discard: float = 5.0

    @classmethod
    def for_connections(
        cls, connections: int, trusted_proxies: tuple[Network, ...]
    ) -> "ConnectionLimits":
        """The limits of a server that accepts this many connections."""
        return cls(
            connections=connections,
            per_client=max(connections // 10, 20),
            bodies=max(connections // 4, 20),
            trusted_proxies=trusted_proxies,
        )


class Wait(Enum):
    """What the server waits for, in the order in which connections are closed to make room."""

    NEXT_REQUEST = auto()
    HEAD = auto()
    END_OF_REQUEST = auto()
    """The rest of a request that was already answered."""
    BODY = auto()
    ANSWER_READ = auto()


class OpenConnection(Protocol):
    """A connection that can be closed to make room for others."""

    def drop(self) -> None:
        """Close the connection now, whatever is in progress."""
        ...


class Connections:
    """All open connections, by client and by what they wait for.

    `patience` maps each wait to its time-out in seconds.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.patience = {
            Wait.NEXT_REQUEST: limits.idle,
            Wait.HEAD: limits.head,
            Wait.END_OF_REQUEST: limits.discard,
            Wait.BODY: limits.body,
            Wait.ANSWER_READ: limits.answer,
        }
        self._clients: dict[OpenConnection, str] = {}
        self._per_client: Counter[str] = Counter()
        self._waiting: dict[Wait, dict[OpenConnection, None]] = {wait: {} for wait in Wait}
        self._turned_away: Counter[str] = Counter()
        self._reported = -REPORT_SECONDS

    def __len__(self) -> int:
        return len(self._clients)

    def admit(self, connection: OpenConnection, address: str) -> int | None:
        """Accept a new connection (None), or return the status to refuse it with: 429 or 503."""
        trusted = not address or is_within(address, self.limits.trusted_proxies)
        client = "" if trusted else address_key(address)
        if client and self._per_client[client] >= self.limits.per_client:
            self._report("refused_per_client")
            return 429
        if len(self) >= self.limits.connections and not self._make_room():
            self._report("refused")
            return 503
        self._clients[connection] = client
        self._per_client[client] += 1
        return None

    def set_wait(self, connection: OpenConnection, before: Wait | None, now: Wait | None) -> None:
        """Record what an accepted connection waits for; None while the server works for it."""
        if before is not None:
            self._waiting[before].pop(connection, None)
        if now is not None and connection in self._clients:
            self._waiting[now][connection] = None
        bodies = self._waiting[Wait.BODY]
        if len(bodies) > self.limits.bodies:
            self._drop(next(iter(bodies)))

    def discard(self, connection: OpenConnection) -> None:
        """Forget a closed connection, if it is known."""
        for group in self._waiting.values():
            group.pop(connection, None)
        client = self._clients.pop(connection, None)
        if client is not None:
            self._per_client[client] -= 1
            if not self._per_client[client]:
                del self._per_client[client]

    def _make_room(self) -> bool:
        """Close the longest waiting connection in the first group that has any."""
        for group in self._waiting.values():
            for connection in group:
                self._drop(connection)
                return True
        return False

    def _drop(self, connection: OpenConnection) -> None:
        self._report("closed")
        self.discard(connection)
        connection.drop()

    def _report(self, event: str) -> None:
        """Log at most one event a minute, with the number of connections since the last."""
        self._turned_away[event] += 1
        if time.monotonic() - self._reported >= REPORT_SECONDS:
            log.warning("too_many_connections", open=len(self), **self._turned_away)
            self._turned_away.clear()
            self._reported = time.monotonic()
