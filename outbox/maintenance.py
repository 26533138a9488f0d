"""For admins: what is waiting and why, what failed, retry, prune."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    select,
    true,
    union,
    union_all,
    update,
)

from activitypub.iri import host_of
from database.counting import count_each
from database.pruning import Outdated, outdated_in
from outbox.deliveries import (
    CLAIMED,
    DELIVERED,
    ECHOED,
    FAILED,
    GIVEN_UP,
    SQL_WAITING,
    WAITING,
    activities,
    deliveries,
    peers,
)

DAY = 86_400.0

KEEP_DELIVERED = 7 * DAY
"""Seconds for which a finished delivery is kept for admins to look at."""

KEEP_FAILED = 30 * DAY
"""Seconds for which a failed delivery is kept."""

KEEP_ACTIVITIES = 30 * DAY
"""Seconds for which an activity is kept after its publication, for `publish.find_issued`."""

KEEP_TRANSIENT = 7 * DAY
"""The same of a transient activity. None is deleted before its deliveries."""

MAX_PEERS = 1_000_000
"""More than there are."""

_OPEN_STATES = (WAITING, CLAIMED)
_FAILURES = (FAILED, GIVEN_UP)


@dataclass(frozen=True, slots=True)
class PeerReport:
    """One peer, for an admin. Times in epoch seconds.

    `waiting` counts deliveries to be sent, `failing` those among them that have failed before,
    `claimed` those being sent; `oldest` is when the oldest of these was published.
    """

    host: str
    waiting: int
    claimed: int
    failing: int
    oldest: float | None
    failures: int
    resting_until: float | None
    last_success: float | None
    last_failure: float | None
    last_status: int | None
    last_answer: str | None
    gone: bool


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A delivery that was refused or given up: `closed_at` in epoch seconds."""

    activity_id: str
    inbox: str
    state: str
    tries: int
    last_status: int | None
    last_answer: str | None
    closed_at: float

    @property
    def is_echo(self) -> bool:
        """Whether it only repeated what the peer's own actors had sent, so that nothing is lost."""
        return self.state == ECHOED

    @property
    def host(self) -> str:
        """The host of the peer."""
        return host_of(self.inbox)


def report_peers(
    conn: Connection, *, host: str | None = None, limit: int = MAX_PEERS
) -> list[PeerReport]:
    """Every peer that has deliveries or a row, or only `host`: those with the longest backlog
    first.
    """
    statement = _REPORT if host is None else _REPORT_ON_ONE
    found = conn.execute(statement, {"host": host, "limit": limit}).mappings()
    return [PeerReport(**row) for row in found]


def count_waiting(conn: Connection, before: float) -> list[tuple[str, int, float]]:
    """For each host whose oldest open delivery was published `before` (epoch seconds): how many of
    its deliveries are open, and when that was.
    """
    found = conn.execute(_WAITING, {"before": before})
    return [(row.host, row.number, row.since) for row in found]


def count_states(conn: Connection) -> dict[str, int]:
    """How many deliveries there are in each state, up to `COUNTED`; states without any are left
    out.
    """
    return {row.state: row.number for row in conn.execute(_COUNT) if row.number}


def find_failed(
    conn: Connection, *, host: str | None = None, limit: int = 100
) -> list[FailedDelivery]:
    """The latest deliveries that were refused or given up, of one host or of all: at most `limit`
    failures, then at most `limit` echoes.
    """
    at_host = true() if host is None else deliveries.c.host == host
    return [
        FailedDelivery(**row)
        for states in (_FAILURES, (ECHOED,))
        for row in conn.execute(_latest(states, at_host, limit=limit)).mappings()
    ]


def find_failure(conn: Connection, activity_id: str) -> FailedDelivery | None:
    """The latest delivery of this activity that was refused or given up."""
    statement = _latest(_FAILURES, activities.c.activity_id == activity_id, limit=1)
    row = conn.execute(statement).mappings().first()
    return None if row is None else FailedDelivery(**row)


def retry_now(conn: Connection, host: str | None, now: float) -> int:
    """End the rest of `host` (None: of all) and make all waiting deliveries due; their number.

    Wake the dispatcher after the commit. What was refused or given up is not sent again.
    """
    # The peers first: the dispatcher locks in this order.
    revive = update(peers).values(failures=0, failing_since=None, resting_until=None, gone=False)
    later = (
        update(deliveries)
        .where(deliveries.c.state == SQL_WAITING, deliveries.c.due_at > now)
        .values(due_at=now)
    )
    waiting = select(func.count()).where(deliveries.c.state == SQL_WAITING)
    if host is not None:
        revive = revive.where(peers.c.host == host)
        later = later.where(deliveries.c.host == host)
        waiting = waiting.where(deliveries.c.host == host)
    conn.execute(revive)
    conn.execute(later)
    return int(conn.execute(waiting).scalar_one())


def call_off(conn: Connection, is_unwanted: Callable[[str], bool], now: float) -> int:
    """End all waiting deliveries to hosts for which `is_unwanted` is true; how many.

    An attempt that is already running is not stopped.
    """
    hosts = conn.execute(
        select(deliveries.c.host).where(deliveries.c.state == SQL_WAITING).distinct()
    ).scalars()
    unwanted = [host for host in hosts if is_unwanted(host)]
    ended = conn.execute(
        update(deliveries)
        .where(deliveries.c.state == SQL_WAITING, deliveries.c.host.in_(unwanted))
        .values(state=FAILED, closed_at=now, last_answer="cancelled: the host is blocked here")
    )
    return ended.rowcount


def list_outdated(now: float) -> tuple[Outdated, ...]:
    """What `database.pruning` deletes: old deliveries by their states, then old activities."""
    kept = (
        (DELIVERED, KEEP_DELIVERED),
        (ECHOED, KEEP_DELIVERED),
        (FAILED, KEEP_FAILED),
        (GIVEN_UP, KEEP_FAILED),
    )
    made = activities.c.created_at
    is_free = ~exists().where(deliveries.c.activity == activities.c.id)
    return (
        *(outdated_in(deliveries, _closed_before(state, now - keep)) for state, keep in kept),
        outdated_in(activities, and_(activities.c.transient, made < now - KEEP_TRANSIENT, is_free)),
        outdated_in(activities, and_(made < now - KEEP_ACTIVITIES, is_free)),
    )


def _closed_before(state: str, moment: float) -> ColumnElement[bool]:
    at = deliveries.c.closed_at
    return and_(deliveries.c.state == state, at.is_not(None), at < moment)


_IS_WAITING = deliveries.c.state == WAITING
_BACKLOG = (
    select(
        deliveries.c.host,
        func.count(case((_IS_WAITING, 1))).label("waiting"),
        func.count(case((deliveries.c.state == CLAIMED, 1))).label("claimed"),
        func.count(case((and_(_IS_WAITING, deliveries.c.tries > 0), 1))).label("failing"),
        func.min(deliveries.c.created_at).label("oldest"),
    )
    .where(deliveries.c.closed_at.is_(None))
    .group_by(deliveries.c.host)
    .subquery("backlog")
)


def _first(hosts: Select[Any], column: ColumnElement[str], *, is_one: bool) -> Select[Any]:
    """Those of the first peers of the report that are among these hosts."""
    chosen = hosts.where(column == bindparam("host")) if is_one else hosts
    return select(chosen.limit(bindparam("limit")).subquery())


def _report(*, is_one: bool) -> Select[Any]:
    """The report on all hosts, or on one."""
    waiting = func.coalesce(_BACKLOG.c.waiting, 0)
    longest = select(_BACKLOG.c.host).order_by(waiting.desc(), _BACKLOG.c.host)
    # A host that was published to and never queried has no row among the peers yet; and most peers
    # have no backlog, so that the first ones by name are enough of them.
    hosts = union(
        _first(longest, _BACKLOG.c.host, is_one=is_one),
        _first(select(peers.c.host).order_by(peers.c.host), peers.c.host, is_one=is_one),
    ).subquery("hosts")
    health_columns = [
        column
        for column in peers.c
        if column.name not in ("host", "failures", "failing_since", "gone")
    ]
    return (
        select(
            hosts.c.host,
            waiting.label("waiting"),
            func.coalesce(_BACKLOG.c.claimed, 0).label("claimed"),
            func.coalesce(_BACKLOG.c.failing, 0).label("failing"),
            _BACKLOG.c.oldest,
            func.coalesce(peers.c.failures, 0).label("failures"),
            *health_columns,
            func.coalesce(peers.c.gone, False).label("gone"),
        )
        .select_from(
            hosts.outerjoin(_BACKLOG, _BACKLOG.c.host == hosts.c.host).outerjoin(
                peers, peers.c.host == hosts.c.host
            )
        )
        .order_by(waiting.desc(), hosts.c.host)
        .limit(bindparam("limit"))
    )


_REPORT, _REPORT_ON_ONE = _report(is_one=False), _report(is_one=True)
_WAITING = (
    select(
        deliveries.c.host,
        func.count().label("number"),
        func.min(deliveries.c.created_at).label("since"),
    )
    .where(deliveries.c.closed_at.is_(None))
    .group_by(deliveries.c.host)
    .having(func.min(deliveries.c.created_at) < bindparam("before"))
    .order_by(deliveries.c.host)
)


def _is_in(state: str) -> ColumnElement[bool]:
    """Written so that both databases see that the partial indexes apply."""
    ended = deliveries.c.closed_at
    is_ended = ended.is_(None) if state in _OPEN_STATES else ended.is_not(None)
    return and_(deliveries.c.state == literal_column(f"'{state}'", String), is_ended)


_COUNT = count_each(
    {
        state: select(deliveries.c.closed_at).where(_is_in(state))
        for state in (WAITING, CLAIMED, DELIVERED, FAILED, GIVEN_UP, ECHOED)
    }
)
_CLOSED = select(
    deliveries.c.id,
    activities.c.activity_id,
    deliveries.c.inbox,
    deliveries.c.state,
    deliveries.c.tries,
    deliveries.c.last_status,
    deliveries.c.last_answer,
    deliveries.c.closed_at,
).join(activities, activities.c.id == deliveries.c.activity)


def _latest(states: Sequence[str], *conditions: ColumnElement[bool], limit: int) -> Select[Any]:
    """The latest deliveries in these states: of each state by itself, because an index has those in
    order, and then of all.
    """
    newest_first = deliveries.c.closed_at.desc(), deliveries.c.id.desc()
    parts = [
        _CLOSED.where(_is_in(state), *conditions).order_by(*newest_first).limit(limit).subquery()
        for state in states
    ]
    found = union_all(*(select(part) for part in parts)).subquery()
    columns = [column for column in found.c if column is not found.c.id]
    newest_first = found.c.closed_at.desc(), found.c.id.desc()
    return select(*columns).order_by(*newest_first).limit(limit)


def forget_subjects(conn: Connection, subjects: Collection[str], before: float) -> None:
    """Delete the activities about these subjects that were published before then (epoch seconds),
    and their deliveries, sent or not.
    """
    about = activities.c.subject.in_(subjects), activities.c.created_at < before
    ids = conn.execute(select(activities.c.id).where(*about)).scalars().all()
    if ids:
        conn.execute(delete(deliveries).where(deliveries.c.activity.in_(ids)))
        conn.execute(delete(activities).where(activities.c.id.in_(ids)))
