"""Whether the instance is well: problems that an admin should see before the members do.

The engines measure their own tables (`inbox.health`, `outbox.health`); what the numbers mean for an
admin is decided here.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, text

from fedcom.queries.follows import count_unanswered
from inbox import journal
from inbox.health import measure_journal
from outbox import maintenance
from outbox.health import measure_deliveries

MANY_PEERS = 3
"""Peers that began to fail recently. With fewer, the fault is theirs and not ours."""

STUCK = 300.0
"""Seconds that something may be overdue before the work on it counts as stuck."""

LONG = timedelta(hours=1)
"""Seconds after which a waiting item is listed."""

SCARCE = 0.05
"""The part of the disk that should be free."""


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the instance. Times in epoch seconds; None when nothing is overdue."""

    failing_peers: int
    unsent_since: float | None
    unworked_since: float | None
    disk_free: int
    disk_total: int

    @property
    def alerts(self) -> tuple[str, ...]:
        """Codes of the problems: `peers`, `sending`, `inbox`, `disk`; empty if there are none."""
        found = {
            "peers": self.failing_peers >= MANY_PEERS,
            "sending": self.unsent_since is not None,
            "inbox": self.unworked_since is not None,
            "disk": self.disk_free < SCARCE * self.disk_total,
        }
        return tuple(code for code, is_wrong in found.items() if is_wrong)


def check_health(conn: Connection, data_dir: Path, now: datetime) -> Health:
    """Look at the queues and the disk that `data_dir` is on."""
    seconds = now.timestamp()
    outgoing, incoming = measure_deliveries(conn, seconds), measure_journal(conn)
    # A backlog may be long and still be worked off: it is stuck only when nothing is being sent.
    is_working = outgoing.busy_until > seconds or outgoing.last_result > seconds - STUCK
    disk = shutil.disk_usage(data_dir)
    return Health(
        outgoing.failing_peers,
        None if is_working else _overdue(outgoing.due_since, seconds),
        _overdue(incoming.due_since, seconds),
        disk.free,
        disk.total,
    )


def _overdue(since: float | None, now: float) -> float | None:
    return since if since and since < now - STUCK else None


@dataclass(frozen=True, slots=True)
class Backlog:
    """Items for or from one host that have waited for longer than `LONG`: how many, since when."""

    host: str
    kind: Literal["follows", "deliveries", "activities"]
    number: int
    since: datetime


def list_backlogs(conn: Connection, now: datetime) -> list[Backlog]:
    """Everything that has waited too long: unanswered follows, deliveries, received activities."""
    before = now - LONG
    found = [
        Backlog(host, "follows", number, since)
        for host, number, since in count_unanswered(conn, before)
    ]
    for host, number, since in maintenance.count_waiting(conn, before.timestamp()):
        found.append(Backlog(host, "deliveries", number, _moment(since)))
    for host, number, since in journal.count_waiting(conn, before.timestamp()):
        found.append(Backlog(host, "activities", number, _moment(since)))
    return sorted(found, key=lambda item: (item.since, item.host, item.kind))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


FindingState = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check of `fedcom.doctor` found, and what to do about it ("" if it is fine).

    Both are texts for `gettext`, into which the facts are put afterwards.
    """

    check: str
    state: FindingState
    found: str
    remedy: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


def measure_database(conn: Connection) -> int:
    """How large the database is, in bytes."""
    if conn.dialect.name == "sqlite":
        pages = conn.execute(text("PRAGMA page_count")).scalar_one()
        return int(pages) * int(conn.execute(text("PRAGMA page_size")).scalar_one())
    return int(conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
