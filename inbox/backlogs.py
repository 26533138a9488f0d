"""How many activities of one host may wait: a host that sends more than is worked comes back later.

Otherwise its flood would fill the disk, and it would be told that everything is accepted while its
last activity has hours to wait. What was accepted stays. The host is known by a verified signature,
so nobody can use up the share of another.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from inbox.errors import Later
from inbox.journal import is_open_for_host, look_at_backlog
from inbox.throttle import BoundedCache

MOST_WAITING = 5_000
"""Activities of one host that wait or are being worked on. A server works dozens in a second."""

COUNT_EVERY = 1.0
"""Seconds between two counts for a host."""

BACKLOG_FULL = "backlog_full"
"""The code of the refusal."""

RETRY_AFTER = 60.0
"""Seconds after which such a host should try again."""


@dataclass(frozen=True, slots=True)
class _Count:
    is_full: bool
    at: float


@dataclass(frozen=True, slots=True)
class Backlogs:
    """Remembers which hosts have too much waiting, for a second each."""

    _counts: BoundedCache[_Count] = field(default_factory=BoundedCache)

    def look(self, conn: Connection, host: str, now: float) -> tuple[bool, bool]:
        """Whether anything of the host is waiting (`journal.is_open_for_host`), and whether too
        much is, from memory if it was counted just now. It changes nothing here, because it runs
        in a thread; see `note`.
        """
        known = self._counts.find(host)
        if known is not None and abs(now - known.at) < COUNT_EVERY:
            return is_open_for_host(conn, host), known.is_full
        return look_at_backlog(conn, host, MOST_WAITING)

    def note(self, host: str, *, is_full: bool, now: float) -> None:
        """Remember the result of `look`. Raises `Later` if there is too much."""
        known = self._counts.find(host)
        if known is None or abs(now - known.at) >= COUNT_EVERY:
            self._counts.put(host, _Count(is_full, now))
        if is_full:
            raise Later(
                RETRY_AFTER,
                f"{MOST_WAITING} activities of {host} are still waiting here.",
                code=BACKLOG_FULL,
            )
