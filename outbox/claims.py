"""Which deliveries are next, and which worker is sending them.

Nothing here reads all waiting rows. `find_hosts` steps from one host with waiting rows to the next,
and `claim` takes from each host the few rows that it may have in flight; even the longest backlog
of a resting peer costs one step only.

On PostgreSQL several workers claim at the same time: each locks the rows of the *peers* that it
takes from and skips those locked by others, so the number in flight to one host is exact, and no
delivery is claimed twice. On SQLite there is one writer at a time.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    select,
    update,
)

from database.inserts import insert_new
from outbox.deliveries import (
    CLAIMED,
    SQL_CLAIMED,
    SQL_WAITING,
    WAITING,
    activities,
    deliveries,
    peers,
)
from outbox.peers import PeerHealth

WINDOW = 200
"""Due rows of a host that are searched for some that may be sent; see `_step_aside`."""

LOCKED_PAUSE = 0.2
"""Seconds until a host is queried again that another worker has locked."""


@dataclass(frozen=True, slots=True)
class WaitingHost:
    """A host with waiting deliveries, and when to query it (epoch seconds)."""

    host: str
    when: float
    is_failing: bool


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that this worker has until its lease ends. `tries` and `refusals` are earlier
    ones."""

    id: int
    inbox: str
    host: str
    subject: str
    actor: str
    body: bytes
    tries: int
    refusals: int
    created_at: float


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """What was claimed, and when to query the hosts again.

    `query_at` has the time for each host. A host in `crowded` has more due deliveries, but behind
    what is in flight: query it again when an attempt there has ended.
    """

    rows: list[ClaimedDelivery]
    query_at: dict[str, float]
    crowded: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The ids to claim; hosts that `Bounds.rows` left no room for; hosts that have fewer deliveries
    to send than slots."""

    ids: list[int]
    cut: set[str]
    short: set[str]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much to claim: `slots` in flight to one host, `rows` in all, `lease` seconds long."""

    slots: int
    rows: int
    lease: float


def find_hosts(conn: Connection) -> list[WaitingHost]:
    """All hosts with a waiting delivery, each with the time of the first or the end of its rest.

    Costs a few index look-ups for each such host, however many rows it has.
    """
    return [_found(row) for row in conn.execute(_EVERYWHERE)]


def find_hosts_due_since(conn: Connection, since: float, now: float) -> list[WaitingHost]:
    """The hosts of waiting deliveries that became due between `since` and `now`."""
    return [_found(row) for row in conn.execute(_RECENT, {"since": since, "now": now})]


def has_expired(conn: Connection, now: float) -> bool:
    """Whether some worker has let a lease run out."""
    return conn.execute(_HAS_EXPIRED, {"now": now}).scalar_one_or_none() is not None


def claim(
    conn: Connection, hosts: Sequence[str], *, bounds: Bounds, worker: str, now: float
) -> ClaimResult:
    """Claim due deliveries to `hosts`: hosts in the given order, oldest deliveries first."""
    found = _lock(conn, hosts)
    query_at = {host: now + LOCKED_PAUSE for host in hosts if host not in found}
    query_at |= {p.host: p.resting_until or now for p in found.values() if p.is_resting(now)}
    awake = [host for host in hosts if host not in query_at]
    if not awake:
        return ClaimResult([], query_at, frozenset())
    chosen = _choose(conn, [found[host] for host in awake], bounds=bounds, now=now)
    rows = _take(conn, chosen.ids, worker=worker, until=now + bounds.lease)
    crowded = set()
    for host, due in conn.execute(_NEXT_DUE, {"hosts": awake}):
        if due is not None and due > now:
            query_at[host] = due
        elif due is not None and host in chosen.cut:
            query_at[host] = now
        elif due is not None:
            crowded.add(host)
    moved = _step_aside(conn, crowded & chosen.short, now)
    query_at |= dict.fromkeys(moved, now)
    return ClaimResult(rows, query_at, frozenset(crowded - moved))


def renew(conn: Connection, worker: str, rows: Collection[int], until: float) -> int:
    """Renew the leases of `worker` on these rows; the number of rows.

    Rows that it has without knowing, because the database did not answer, are left to the others.
    """
    values = {"worker": worker, "ids": sorted(rows), "until": until}
    return conn.execute(_RENEW, values).rowcount


def release(conn: Connection, worker: str | None = None) -> int:
    """Release what `worker` has claimed; the number of rows.

    None means every claim: for a server that starts and is the only process.
    """
    if worker is None:
        return conn.execute(_RELEASE).rowcount
    return conn.execute(_RELEASE_OF_WORKER, {"worker": worker}).rowcount


def release_expired(conn: Connection, now: float) -> int:
    """Release the claims whose leases have run out; the number of rows."""
    return conn.execute(_RELEASE_EXPIRED, {"now": now}).rowcount


def _found(row: Any) -> WaitingHost:
    return WaitingHost(row.host, max(row.due_at, row.resting_until or 0.0), bool(row.failures))


def _lock(conn: Connection, hosts: Collection[str]) -> dict[str, PeerHealth]:
    """Lock the peers that no other worker has locked; new ones get a row."""
    found = {
        row.host: PeerHealth(row.host, failures=row.failures, resting_until=row.resting_until)
        for row in conn.execute(_LOCK_FREE, {"hosts": sorted(hosts)})
    }
    missing = [{"host": host} for host in sorted(hosts) if host not in found]
    if missing:
        # A peer that another worker has locked has a row, so it is not inserted and stays out.
        found |= {host: PeerHealth(host) for host in insert_new(conn, missing, peers.c.host)}
    return found


def _choose(conn: Connection, found: list[PeerHealth], *, bounds: Bounds, now: float) -> _Chosen:
    hosts = [peer.host for peer in found]
    values = {"hosts": hosts, "now": now, "slots": bounds.slots}
    rows = {host: (in_flight, found) for host, in_flight, found in conn.execute(_NEXT, values)}
    ids: list[int] = []
    cut: set[str] = set()
    short: set[str] = set()
    for peer in found:
        in_flight, listed = rows[peer.host]
        candidates = [int(row_id) for row_id in listed.split(",")] if listed else []
        if len(candidates) < bounds.slots:
            short.add(peer.host)
        free = (1 if peer.is_probed else bounds.slots) - in_flight
        wanted = candidates[: max(free, 0)]
        room = bounds.rows - len(ids)
        if len(wanted) > room:
            cut.add(peer.host)
        ids += wanted[:room]
    return _Chosen(ids, cut, short)


def _take(conn: Connection, ids: list[int], *, worker: str, until: float) -> list[ClaimedDelivery]:
    if not ids:
        return []
    values = {"ids": ids, "worker": worker, "until": until}
    rows = sorted(conn.execute(_TAKE, values), key=lambda row: int(row.id))
    wanted = {"ids": sorted({row.activity for row in rows})}
    issued = {row.id: row for row in conn.execute(_BODIES, wanted)}
    return [
        ClaimedDelivery(
            id=row.id,
            inbox=row.inbox,
            host=row.host,
            subject=row.subject,
            actor=issued[row.activity].actor,
            body=issued[row.activity].body,
            tries=row.tries,
            refusals=row.refusals,
            created_at=row.created_at,
        )
        for row in rows
    ]


def _step_aside(conn: Connection, hosts: Collection[str], now: float) -> set[str]:
    """Postpone due rows that have to wait for one with a later date until that date; the hosts with
    such rows, which are to be queried again at once.

    Otherwise these rows would stay at the head of their host's queue and fill the window: one
    object that a peer cannot process would block everything else for that peer, and after a long
    rest, newer rows would hide for ever the older ones that they have to wait for.
    """
    moved = set()
    for host in sorted(hosts):
        behind = conn.execute(_BEHIND_LATER, {"which": host, "now": now}).all()
        if behind:
            conn.execute(_DEFER, [{"which": row_id, "until": until} for row_id, until in behind])
            moved.add(host)
    return moved


def _next() -> Select[Any]:
    """For each peer: how many deliveries are in flight, and the ids of the next few to send."""
    flying, row, earlier = (deliveries.alias(name) for name in ("flying", "row", "earlier"))
    in_flight = (
        select(func.count())
        .select_from(flying)
        .where(flying.c.host == peers.c.host, flying.c.state == SQL_CLAIMED)
        .scalar_subquery()
    )
    due = (
        select(row.c.id, row.c.host, row.c.subject, row.c.activity)
        .where(
            row.c.host == peers.c.host,
            row.c.state == SQL_WAITING,
            row.c.due_at <= bindparam("now"),
        )
        .order_by(row.c.due_at, row.c.id)
        .limit(WINDOW)
        .correlate(peers)
        .subquery("due")
    )
    blocked = exists().where(
        earlier.c.host == due.c.host,
        earlier.c.subject == due.c.subject,
        earlier.c.activity < due.c.activity,
        earlier.c.closed_at.is_(None),
    )
    # No ORDER BY of its own: both databases keep the order of `due` and stop at the limit. If they
    # did not, the result would be less fair, but still correct.
    free = select(due.c.id).where(~blocked).limit(bindparam("slots")).subquery("free")
    ids = select(func.aggregate_strings(cast(free.c.id, Text), ",")).scalar_subquery()
    return select(peers.c.host, in_flight, ids).where(
        peers.c.host.in_(bindparam("hosts", expanding=True))
    )


def _everywhere() -> Select[Any]:
    # One step of the recursion is one index look-up: the next host in alphabetical order.
    first, later, earliest = (deliveries.alias(name) for name in ("first", "later", "earliest"))
    hosts = (
        select(func.min(first.c.host).label("host"))
        .where(first.c.state == SQL_WAITING)
        .cte("hosts", recursive=True)
    )
    following = (
        select(func.min(later.c.host))
        .where(later.c.state == SQL_WAITING, later.c.host > hosts.c.host)
        .correlate(hosts)
        .scalar_subquery()
    )
    hosts = hosts.union_all(select(following).where(hosts.c.host.is_not(None)))
    due_at = (
        select(func.min(earliest.c.due_at))
        .where(earliest.c.host == hosts.c.host, earliest.c.state == SQL_WAITING)
        .correlate(hosts)
        .scalar_subquery()
    )
    return (
        select(hosts.c.host, due_at.label("due_at"), peers.c.resting_until, peers.c.failures)
        .select_from(hosts.outerjoin(peers, peers.c.host == hosts.c.host))
        .where(hosts.c.host.is_not(None))
    )


def _behind_later() -> Select[Any]:
    """The due rows of a host that have to wait for one with a later date, with that date."""
    row, ahead = deliveries.alias("row"), deliveries.alias("ahead")
    due = (
        select(row.c.id, row.c.host, row.c.subject, row.c.activity, row.c.due_at)
        .where(
            row.c.host == bindparam("which"),
            row.c.state == SQL_WAITING,
            row.c.due_at <= bindparam("now"),
        )
        .order_by(row.c.due_at, row.c.id)
        .limit(WINDOW)
        .subquery("due")
    )
    is_ahead = and_(
        ahead.c.host == due.c.host,
        ahead.c.subject == due.c.subject,
        ahead.c.activity < due.c.activity,
        ahead.c.closed_at.is_(None),
        ahead.c.state == SQL_WAITING,
        ahead.c.due_at > due.c.due_at,
    )
    return (
        select(due.c.id, func.max(ahead.c.due_at))
        .select_from(due.join(ahead, is_ahead))
        .group_by(due.c.id)
    )


_NEXT = _next()
_EVERYWHERE = _everywhere()
_RECENT = (
    select(
        deliveries.c.host,
        func.min(deliveries.c.due_at).label("due_at"),
        peers.c.resting_until,
        peers.c.failures,
    )
    .select_from(deliveries.outerjoin(peers, peers.c.host == deliveries.c.host))
    .where(
        deliveries.c.state == SQL_WAITING,
        deliveries.c.due_at >= bindparam("since"),
        deliveries.c.due_at <= bindparam("now"),
    )
    .group_by(deliveries.c.host, peers.c.resting_until, peers.c.failures)
)
_LOCK_FREE = (
    select(peers.c.host, peers.c.failures, peers.c.resting_until)
    .where(peers.c.host.in_(bindparam("hosts", expanding=True)))
    .order_by(peers.c.host)
    .with_for_update(skip_locked=True)
)
_NEXT_DUE = select(
    peers.c.host,
    select(func.min(deliveries.c.due_at))
    .where(deliveries.c.host == peers.c.host, deliveries.c.state == SQL_WAITING)
    .correlate(peers)
    .scalar_subquery(),
).where(peers.c.host.in_(bindparam("hosts", expanding=True)))
_TAKE = (
    update(deliveries)
    .where(
        deliveries.c.id.in_(bindparam("ids", expanding=True)),
        deliveries.c.state == SQL_WAITING,
    )
    .values(state=CLAIMED, claimed_by=bindparam("worker"), claimed_until=bindparam("until"))
    .returning(
        deliveries.c.id,
        deliveries.c.activity,
        deliveries.c.inbox,
        deliveries.c.host,
        deliveries.c.subject,
        deliveries.c.tries,
        deliveries.c.refusals,
        deliveries.c.created_at,
    )
)
_BEHIND_LATER = _behind_later()
_DEFER = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("which"))
    .values(due_at=bindparam("until"))
)
_BODIES = select(activities.c.id, activities.c.actor, activities.c.body).where(
    activities.c.id.in_(bindparam("ids", expanding=True))
)
_RENEW = (
    update(deliveries)
    .where(
        deliveries.c.state == SQL_CLAIMED,
        deliveries.c.claimed_by == bindparam("worker"),
        deliveries.c.id.in_(bindparam("ids", expanding=True)),
    )
    .values(claimed_until=bindparam("until"))
)
_RELEASE = (
    update(deliveries)
    .where(deliveries.c.state == SQL_CLAIMED)
    .values(state=WAITING, claimed_by=None, claimed_until=None)
)
_RELEASE_OF_WORKER = _RELEASE.where(deliveries.c.claimed_by == bindparam("worker"))
_RELEASE_EXPIRED = _RELEASE.where(deliveries.c.claimed_until < bindparam("now"))
_HAS_EXPIRED = (
    select(deliveries.c.id)
    .where(deliveries.c.state == SQL_CLAIMED, deliveries.c.claimed_until < bindparam("now"))
    .limit(1)
)
