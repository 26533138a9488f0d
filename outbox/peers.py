"""A peer's health: when it rests, when it is probed, when it is gone.

After `REST_AFTER` failures in a row a peer *rests*. That is a date in the peer's own row, so a
backlog of fifty thousand deliveries can wait without being touched. When the pause is over, one
delivery is sent as a probe. If it fails, the next pause is longer; any result but "busy" ends the
rest and releases the whole backlog. A peer that has failed for a month is *gone*: nothing new is
published to it until something arrives from it.

An attempt that began before the last failure says nothing about the peer's state now: four requests
that are cut off by a restart are one failure, and a success among them does not cancel a
Retry-After.
"""

import random
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, exists, or_, select, update

from outbox.answers import AnswerKind, AttemptOutcome
from outbox.deliveries import SQL_WAITING, deliveries, peers

REST_AFTER = 3
"""Failures in a row after which a peer rests."""

FIRST_PAUSE = 10.0
LONGEST_PAUSE = 7_200.0
"""Seconds of rest. The first pause is about as long as a restart, each is twice the one before, and
none is longer than two hours: when our own connection fails, every peer rests."""

JITTER = 0.2

MONTH = 30 * 86_400.0
"""Seconds of nothing but failures after which a peer is gone."""


@dataclass(frozen=True, slots=True)
class PeerHealth:
    """A peer's health. Times in epoch seconds; `failures` counts those in a row."""

    host: str
    failures: int = 0
    failing_since: float | None = None
    resting_until: float | None = None
    last_success: float | None = None
    last_failure: float | None = None
    last_status: int | None = None
    last_answer: str | None = None
    gone: bool = False

    @property
    def is_probed(self) -> bool:
        """Whether it gets one delivery at a time, to find out whether it is back."""
        return self.failures >= REST_AFTER

    def is_resting(self, now: float) -> bool:
        """Whether nothing is sent to it yet."""
        return self.resting_until is not None and self.resting_until > now


_FIELDS = tuple(field.name for field in fields(PeerHealth))


def after(
    peer: PeerHealth, outcome: AttemptOutcome, *, started_at: float, now: float, rng: random.Random
) -> PeerHealth:
    """The peer's health after an attempt that began at `started_at` and ended at `now`."""
    if outcome.kind is AnswerKind.BUSY:
        return _failed(peer, outcome, started_at=started_at, now=now, rng=rng)
    if outcome.status is None:
        return peer  # the request never reached the peer
    return _answered(peer, outcome, started_at=started_at, now=now)


def _answered(
    peer: PeerHealth, outcome: AttemptOutcome, *, started_at: float, now: float
) -> PeerHealth:
    is_old_news = peer.last_failure is not None and started_at < peer.last_failure
    keeps_failing = is_old_news and peer.failures > 0
    return replace(
        peer,
        failures=peer.failures if keeps_failing else 0,
        failing_since=peer.failing_since if keeps_failing else None,
        resting_until=peer.resting_until if keeps_failing else None,
        last_success=now if outcome.kind is AnswerKind.DELIVERED else peer.last_success,
        last_status=outcome.status,
        last_answer=None if outcome.kind is AnswerKind.DELIVERED else outcome.text,
        gone=peer.gone and keeps_failing,
    )


def _failed(
    peer: PeerHealth, outcome: AttemptOutcome, *, started_at: float, now: float, rng: random.Random
) -> PeerHealth:
    known = peer.failures > 0 and peer.last_failure is not None and started_at < peer.last_failure
    failures = peer.failures if known else peer.failures + 1
    since = now if peer.failing_since is None else peer.failing_since
    pause = outcome.retry_after or 0.0
    if failures >= REST_AFTER and not known:
        doubled = FIRST_PAUSE * 2.0 ** min(failures - REST_AFTER, 20)
        pause = max(pause, min(doubled, LONGEST_PAUSE) * rng.uniform(1 - JITTER, 1 + JITTER))
    resting_until = peer.resting_until
    if pause:
        resting_until = max(now + pause, resting_until or 0.0)
    return replace(
        peer,
        failures=failures,
        failing_since=since,
        resting_until=resting_until,
        last_failure=peer.last_failure if known else now,
        last_status=outcome.status,
        last_answer=outcome.text or None,
        gone=peer.gone or now - since >= MONTH,
    )


def paced(peer: PeerHealth, interval: float, *, since: float) -> PeerHealth:
    """The peer after a delivery, if there have to be `interval` seconds between two.

    `since` is when the next delivery was planned before this one (epoch seconds): up to
    `DispatcherLimits.per_host` deliveries go out at once, and the pause after them is as many
    intervals long.
    """
    if not interval:
        return peer
    return replace(peer, resting_until=max(since + interval, peer.resting_until or 0.0))


def lock(conn: Connection, hosts: Collection[str]) -> dict[str, PeerHealth]:
    """The peers with these hosts, locked until the end of the transaction; a new one for a host
    without a row."""
    rows = conn.execute(_LOCK, {"hosts": sorted(hosts)})
    found = {row[0]: PeerHealth(*row) for row in rows}
    return {host: found.get(host) or PeerHealth(host) for host in sorted(hosts)}


def put(conn: Connection, changed: Collection[PeerHealth]) -> None:
    """Store the health of peers that have a row."""
    delivered: dict[int | None, list[PeerHealth]] = defaultdict(list)
    others = []
    for peer in changed:
        # Nearly all are like this, and one statement stores all of them.
        is_well = peer.failures == 0 and peer.resting_until is None and peer.last_answer is None
        if is_well and peer.last_success is not None:
            delivered[peer.last_status].append(peer)
        else:
            others.append({f"new_{field}": getattr(peer, field) for field in _FIELDS})
    for status, alike in delivered.items():
        when = max(peer.last_success or 0.0 for peer in alike)
        hosts = [peer.host for peer in alike]
        conn.execute(_PUT_DELIVERED, {"hosts": hosts, "status": status, "when": when})
    if others:
        conn.execute(_PUT, others)


class Attempts(NamedTuple):
    """How deliveries to a peer are going: a part of its health, for lists of thousands."""

    failures: int
    resting_until: float | None
    last_success: float | None
    last_failure: float | None


def list_attempts(conn: Connection) -> dict[str, Attempts]:
    """How deliveries are going to every peer that something was sent to, by host."""
    return {host: Attempts(*rest) for host, *rest in conn.execute(_ATTEMPTS).all()}


def is_failing(host: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the last attempt at `host` failed, so that `mark_reachable` would change it."""
    return exists().where(peers.c.host == host, _FAILS)


def mark_reachable(conn: Connection, host: str, now: float, memory: float = 0.0) -> bool:
    """End the rest of `host`, because something valid was received or fetched from it.

    Returns whether that changed anything; if so, wake the dispatcher after the commit. For a
    healthy peer this is one query and locks nothing. `memory` as for `release_backlog`.
    """
    if conn.execute(_REVIVE, {"which": host}).rowcount == 0:
        return False
    release_backlog(conn, host, now, memory)
    return True


def release_backlog(conn: Connection, host: str, now: float, memory: float = 0.0) -> None:
    """Make all waiting deliveries to this host due at once.

    Those that were tried before become due after the peer's `memory` in seconds
    (`ports.DeliveryPace`).
    """
    if memory:
        conn.execute(_RELEASE_TRIED, {"which": host, "moment": now + memory * (1 + JITTER)})
        conn.execute(_RELEASE_NEW, {"which": host, "moment": now})
    else:
        conn.execute(_RELEASE_BACKLOG, {"which": host, "moment": now})


_LOCK = (
    select(*(peers.c[name] for name in _FIELDS))
    .where(peers.c.host.in_(bindparam("hosts", expanding=True)))
    .order_by(peers.c.host)  # all workers lock in the same order
    .with_for_update()
)
_ATTEMPTS = select(peers.c.host, *(peers.c[name] for name in Attempts._fields))
_PUT_DELIVERED = (
    update(peers)
    .where(peers.c.host.in_(bindparam("hosts", expanding=True)))
    .values(
        failures=0,
        failing_since=None,
        resting_until=None,
        gone=False,
        last_success=bindparam("when"),
        last_status=bindparam("status"),
        last_answer=None,
    )
)
_PUT = (
    update(peers)
    .where(peers.c.host == bindparam("new_host"))
    .values({c: bindparam(f"new_{c.name}") for c in peers.c if c is not peers.c.host})
)
GONE_HOSTS = select(peers.c.host).where(peers.c.gone)
"""The hosts that nothing new should be published to."""

_FAILS = or_(peers.c.failures > 0, peers.c.gone)
_REVIVE = (
    update(peers)
    .where(peers.c.host == bindparam("which"), _FAILS)
    .values(failures=0, failing_since=None, resting_until=None, gone=False)
)
_RELEASE_BACKLOG = (
    update(deliveries)
    .where(
        deliveries.c.host == bindparam("which"),
        deliveries.c.state == SQL_WAITING,
        deliveries.c.due_at > bindparam("moment"),
    )
    .values(due_at=bindparam("moment"))
)
_RELEASE_NEW = _RELEASE_BACKLOG.where(deliveries.c.tries == 0)
_RELEASE_TRIED = _RELEASE_BACKLOG.where(deliveries.c.tries > 0)
