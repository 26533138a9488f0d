"""Whether the instance is well: what an admin should hear of before the members notice."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Select, and_, case, func, select, text

from fedcom.queries.follows import count_unanswered
from inbox.journal import LIVE, count_waiting, journal
from outbox.deliveries import SQL_CLAIMED, SQL_WAITING, deliveries, peers
from outbox.maintenance import report_peers
from outbox.peers import REST_AFTER

MANY_PEERS = 3
"""Peers that began to fail of late; fewer are their own trouble and not ours."""

OF_LATE = 3 * 86_400.0
"""Seconds. Servers die; one that fails for longer than this will not make admins look any more."""

STUCK = 300.0
"""Seconds that something may be due before nobody seems to do it."""

LONG = timedelta(hours=1)
"""What waits for longer is listed."""

SCARCE = 0.05
"""The part of the disk that should be free."""


@dataclass(frozen=True, slots=True)
class Health:
    """What was found. Times in epoch seconds, None when nothing waits for longer than it should."""

    failing_peers: int
    unsent_since: float | None
    unworked_since: float | None
    disk_free: int
    disk_total: int

    @property
    def troubles(self) -> tuple[str, ...]:
        """Words for what is wrong: `peers`, `sending`, `inbox`, `disk`; none is good."""
        found = {
            "peers": self.failing_peers >= MANY_PEERS,
            "sending": self.unsent_since is not None,
            "inbox": self.unworked_since is not None,
            "disk": self.disk_free < SCARCE * self.disk_total,
        }
        return tuple(word for word, is_wrong in found.items() if is_wrong)


def check_health(conn: Connection, data_dir: Path, now: datetime) -> Health:
    """Look at the queues and the disk that `data_dir` is on."""
    seconds = now.timestamp()
    row = conn.execute(_statement(seconds)).one()
    # A backlog may be long and on its way: it is stuck when nobody sends anything meanwhile.
    is_working = (row.busy_until or 0.0) > seconds or (row.heard or 0.0) > seconds - STUCK
    disk = shutil.disk_usage(data_dir)
    return Health(
        row.failing,
        row.due if row.due and row.due < seconds - STUCK and not is_working else None,
        row.unworked if row.unworked and row.unworked < seconds - STUCK else None,
        disk.free,
        disk.total,
    )


@dataclass(frozen=True, slots=True)
class Backlog:
    """What has waited for `LONG` for one host or of one: how much, since when."""

    host: str
    kind: Literal["follows", "deliveries", "activities"]
    number: int
    since: datetime


def list_backlogs(conn: Connection, now: datetime) -> list[Backlog]:
    """What waits too long: follows without an answer, deliveries, activities heard and not done."""
    before = now - LONG
    found = [
        Backlog(host, "follows", number, since)
        for host, number, since in count_unanswered(conn, before)
    ]
    for peer in report_peers(conn):
        if peer.oldest is not None and peer.oldest < before.timestamp():
            waiting = peer.waiting + peer.claimed
            found.append(Backlog(peer.host, "deliveries", waiting, _moment(peer.oldest)))
    for host, number, since in count_waiting(conn, before.timestamp()):
        found.append(Backlog(host, "activities", number, _moment(since)))
    return sorted(found, key=lambda one: (one.since, one.host, one.kind))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def measure_database(conn: Connection) -> int:
    """How large the database is, in bytes."""
    if conn.dialect.name == "sqlite":
        pages = conn.execute(text("PRAGMA page_count")).scalar_one()
        return int(pages) * int(conn.execute(text("PRAGMA page_size")).scalar_one())
    return int(conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def _statement(now: float) -> Select[Any]:
    resting = select(peers.c.host).where(peers.c.resting_until > now)
    failing = and_(
        peers.c.failures >= REST_AFTER, peers.c.failing_since > now - OF_LATE, ~peers.c.gone
    )
    latest = func.max(func.coalesce(peers.c.last_success, 0.0))
    latest_failure = func.max(func.coalesce(peers.c.last_failure, 0.0))
    return select(
        select(func.count()).select_from(peers).where(failing).scalar_subquery().label("failing"),
        select(func.min(deliveries.c.due_at))
        .where(deliveries.c.state == SQL_WAITING, deliveries.c.host.not_in(resting))
        .scalar_subquery()
        .label("due"),
        select(func.max(deliveries.c.claimed_until))
        .where(deliveries.c.state == SQL_CLAIMED)
        .scalar_subquery()
        .label("busy_until"),
        select(case((latest > latest_failure, latest), else_=latest_failure))
        .select_from(peers)
        .scalar_subquery()
        .label("heard"),
        select(func.min(journal.c.due_at)).where(LIVE).scalar_subquery().label("unworked"),
    )
