"""Claims on journal rows: claim, renew, release; close, refuse or park.

Every change of a claimed row is fenced: it names the worker and the attempt, and matches no row
when the lease has run out and another worker has claimed it. Then `ClaimLost` is raised in the
transaction of the effect, which rolls the effect back. So each effect happens exactly once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    CursorResult,
    FromClause,
    ScalarSelect,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    update,
)

from inbox.journal import LIVE, journal

_c = journal.c


@dataclass(frozen=True, slots=True)
class ClaimedEntry:
    """One row, claimed by one worker. `tries` includes this claim."""

    id: int
    worker: str
    tries: int
    actor: str
    signer: str
    host: str
    body: bytes
    spliceable: bool
    authenticated: bool
    signed_at: float | None
    request_id: str
    received_at: float


class ClaimLost(Exception):
    """The row is no longer claimed by this worker: its lease ran out, or it was released.

    Raised in the handler's transaction, it rolls the effect back; the worker that claims the row
    next will repeat it.
    """


WINDOW = 100
"""Due rows of a host that are searched for some that may be worked on: the others wait for one with
the same subject."""


def _queues() -> Select[Any]:
    """For each host with live rows: how many workers have, and the ids of the next few.

    One step of the recursion is one index look-up, and `WINDOW` bounds what is read of a host: a
    backlog costs no more than a hundred rows.
    """
    first, later, held, row = (journal.alias(name) for name in ("first", "later", "held", "row"))
    hosts = (
        select(func.min(first.c.host).label("host"))
        .where(first.c.closed_at.is_(None))
        .cte("hosts", recursive=True)
    )
    following = (
        select(func.min(later.c.host))
        .where(later.c.closed_at.is_(None), later.c.host > hosts.c.host)
        .correlate(hosts)
        .scalar_subquery()
    )
    hosts = hosts.union_all(select(following).where(hosts.c.host.is_not(None)))
    in_hand = (
        select(func.count())
        .select_from(held)
        .where(
            held.c.claimed_by.is_not(None),
            held.c.host == hosts.c.host,
            held.c.due_at > bindparam("now"),
        )
        .correlate(hosts)
        .scalar_subquery()
    )
    due = (
        select(row.c.id, row.c.host, row.c.subject)
        .where(
            row.c.closed_at.is_(None),
            row.c.host == hosts.c.host,
            row.c.due_at <= bindparam("now"),
        )
        .order_by(row.c.due_at, row.c.id)
        .limit(WINDOW)
        .correlate(hosts)
        .subquery("due")
    )
    # No ORDER BY of its own: both databases keep the order of `due` and stop at the limit. If they
    # did not, the result would be less fair, but still correct.
    free = (
        select(due.c.id)
        .where(_find_earlier(due).is_(None), _find_held(due).is_(None))
        .limit(bindparam("most"))
        .subquery("free")
    )
    ids = select(func.aggregate_strings(cast(free.c.id, Text), ",")).scalar_subquery()
    return select(hosts.c.host, in_hand, ids).where(
        hosts.c.host.is_not(None),
        hosts.c.host.not_in(bindparam("skipped", expanding=True)),
    )


# Values, and not EXISTS: PostgreSQL would read the whole backlog for a join instead of looking into
# the index for each row.


def _find_earlier(due: FromClause) -> ScalarSelect[int]:
    """1 if an earlier row of the host with the same subject comes first, else null."""
    earlier = journal.alias("earlier")
    return (
        select(literal(1))
        .where(
            earlier.c.host == due.c.host,
            earlier.c.subject == due.c.subject,
            earlier.c.id < due.c.id,
            earlier.c.closed_at.is_(None),
            # A parked row does not hold up later ones, but once it is due it comes before them.
            or_(earlier.c.state != "parked", earlier.c.due_at <= bindparam("now")),
        )
        .limit(1)
        .correlate(due)
        .scalar_subquery()
    )


def _find_held(due: FromClause) -> ScalarSelect[int]:
    """1 if a worker has a row of the host with the same subject, else null."""
    held = journal.alias("in_hand")
    return (
        select(literal(1))
        .where(
            held.c.host == due.c.host,
            held.c.subject == due.c.subject,
            held.c.claimed_by.is_not(None),
            held.c.due_at > bindparam("now"),
        )
        .limit(1)
        .correlate(due)
        .scalar_subquery()
    )


_QUEUES = _queues()
_free = (
    select(_c.id)
    # Due and live again, because another process may have been faster.
    .where(_c.id.in_(bindparam("ids", expanding=True)), LIVE, _c.due_at <= bindparam("now"))
    .with_for_update(skip_locked=True)
)
_TAKE = (
    update(journal)
    .where(_c.id.in_(_free))
    .values(
        state="claimed",
        claimed_by=bindparam("worker"),
        due_at=bindparam("until"),
        tries=_c.tries + 1,
    )
    .returning(
        _c.id,
        _c.tries,
        _c.actor,
        _c.signer,
        _c.host,
        _c.body,
        _c.spliceable,
        _c.authenticated,
        _c.signed_at,
        _c.request_id,
        _c.received_at,
    )
)


def claim(
    conn: Connection,
    *,
    worker: str,
    now: float,
    lease: float,
    most: int,
    skip_hosts: Collection[str] = (),
) -> list[ClaimedEntry]:
    """Take up to `most` due rows for `worker` until `now + lease` seconds: a fair share of each
    host, oldest first.

    Of one host's rows with one subject only the earliest due row is claimed, and none while another
    of them is claimed. Those of different hosts do not wait for each other: nobody has promised an
    order, and one host must not hold up the others. Rows of `skip_hosts` are left for later.
    Several processes may claim at the same time: PostgreSQL skips the rows that another is
    claiming, and SQLite has one writer.
    """
    values = {"now": now, "skipped": list(skip_hosts), "most": most}
    queues = [
        (in_hand, [int(row_id) for row_id in ids.split(",")])
        for _, in_hand, ids in conn.execute(_QUEUES, values)
        if ids
    ]
    ids, lease_of = _in_turns(queues), {"worker": worker, "now": now, "until": now + lease}
    found: list[ClaimedEntry] = []
    # More than once only if other processes were faster with some of the first.
    while ids and len(found) < most:
        some, ids = ids[: most - len(found)], ids[most - len(found) :]
        rows = {row["id"]: row for row in conn.execute(_TAKE, {"ids": some} | lease_of).mappings()}
        found += [ClaimedEntry(worker=worker, **rows[row_id]) for row_id in some if row_id in rows]
    return found


def _in_turns(queues: Iterable[tuple[int, Sequence[int]]]) -> list[int]:
    """The ids of all queues: the first of each, then the second of each, and so on. What a queue
    has in hand has had its turn already, in whichever process.
    """
    places = [(in_hand + at, row_id) for in_hand, ids in queues for at, row_id in enumerate(ids)]
    return [row_id for _, row_id in sorted(places)]


_ours = update(journal).where(
    _c.id == bindparam("row"),
    _c.claimed_by == bindparam("worker"),
    # An older attempt must not close a row that the same worker has lost and claimed again.
    _c.tries == bindparam("attempt"),
)
_close = _ours.values(
    state=bindparam("new_state"),
    claimed_by=None,
    closed_at=bindparam("at"),
    code=bindparam("new_code"),
    reason=bindparam("new_reason"),
)
_park = _ours.values(
    state="parked", claimed_by=None, due_at=bindparam("at"), reason=bindparam("new_reason")
)


def close(conn: Connection, row: ClaimedEntry, *, now: float) -> None:
    """Mark the row as done, in the transaction of its effect. Raises `ClaimLost`."""
    _change(
        conn,
        _close,
        row,
        {"new_state": "done", "at": now, "new_code": None, "new_reason": None},
    )


def refuse(conn: Connection, row: ClaimedEntry, *, now: float, code: str, reason: str) -> None:
    """Mark the row as refused for good. Raises `ClaimLost`."""
    _change(
        conn,
        _close,
        row,
        {"new_state": "refused", "at": now, "new_code": code, "new_reason": reason},
    )


def ignore(conn: Connection, row: ClaimedEntry, *, now: float, code: str, reason: str) -> None:
    """Mark the row as ignored. Raises `ClaimLost`."""
    _change(
        conn,
        _close,
        row,
        {"new_state": "ignored", "at": now, "new_code": code, "new_reason": reason},
    )


def park(conn: Connection, row: ClaimedEntry, *, due_at: float, reason: str) -> None:
    """Leave the row alone until `due_at`. Raises `ClaimLost`."""
    _change(conn, _park, row, {"at": due_at, "new_reason": reason})


def _change(conn: Connection, statement: Any, row: ClaimedEntry, values: dict[str, object]) -> None:
    fence = {"row": row.id, "worker": row.worker, "attempt": row.tries}
    result: CursorResult[Any] = conn.execute(statement, fence | values)
    if result.rowcount != 1:
        raise ClaimLost(f"inbox row {row.id}, attempt {row.tries}")


# The second condition follows from the first, but the partial index needs it spelled out.
_held = and_(_c.claimed_by == bindparam("worker"), _c.claimed_by.is_not(None))
_renew = (
    update(journal)
    .where(_held, _c.id.in_(bindparam("ids", expanding=True)))
    .values(due_at=bindparam("until"))
)
_release = update(journal).values(
    state="open", claimed_by=None, due_at=bindparam("now"), tries=_c.tries - bindparam("uncounted")
)
_release_held = _release.where(_held)
_release_all = _release.where(_c.claimed_by.is_not(None))


def renew(conn: Connection, *, worker: str, rows: Collection[int], until: float) -> None:
    """Prolong the leases of `worker` on these rows.

    Rows that it has without knowing, because the database did not answer, are left to the others.
    """
    conn.execute(_renew, {"worker": worker, "ids": sorted(rows), "until": until})


def release(conn: Connection, *, worker: str, now: float) -> None:
    """Release the rows of a worker that shuts down; these tries do not count."""
    conn.execute(_release_held, {"worker": worker, "now": now, "uncounted": 1})


def recover(conn: Connection, *, now: float) -> int:
    """Release the rows that a crash left claimed, when a process starts; how many.

    A SQLite database belongs to one process, so every claim found in it is left over. On PostgreSQL
    another process may be working; there the leases simply run out. The tries stay counted, so that
    a row that kills the process is given up in the end.
    """
    if conn.dialect.name != "sqlite":
        return 0
    return conn.execute(_release_all, {"now": now, "uncounted": 0}).rowcount


_next_due = select(func.min(_c.due_at)).where(LIVE)


def find_next_due(conn: Connection) -> float | None:
    """When the next row may be worked on (in the past if it waits for another), or None."""
    return conn.execute(_next_due).scalar()
