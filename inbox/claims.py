"""Claims on journal rows: claim, renew, release; close, refuse or park.

Every change of a claimed row is fenced: it names the worker and the attempt, and matches no row
when the lease has run out and another worker has claimed it. Then `ClaimLost` is raised in the
transaction of the effect, which rolls the effect back. So each effect happens exactly once.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, CursorResult, and_, bindparam, func, or_, select, update

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


_other = journal.alias("other")
_earlier_is_workable = (
    select(1)
    .where(
        _other.c.subject == _c.subject,
        _other.c.id < _c.id,
        _other.c.closed_at.is_(None),
        # A parked row does not hold up later ones, but once it is due it comes before them.
        or_(_other.c.state != "parked", _other.c.due_at <= bindparam("now")),
    )
    .exists()
)
_subject_is_in_hand = (
    select(1)
    .where(
        _other.c.subject == _c.subject,
        _other.c.claimed_by.is_not(None),
        _other.c.due_at > bindparam("now"),
    )
    .exists()
)
_claimable = (
    select(
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
    .where(
        LIVE,
        _c.due_at <= bindparam("now"),
        _c.host.not_in(bindparam("skipped", expanding=True)),
        ~_earlier_is_workable,
        ~_subject_is_in_hand,
    )
    .order_by(_c.due_at, _c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=journal)
)
_take = (
    update(journal)
    .where(_c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state="claimed",
        claimed_by=bindparam("worker"),
        due_at=bindparam("until"),
        tries=_c.tries + 1,
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
    """Take up to `most` due rows for `worker` until `now + lease` seconds, oldest first.

    Of one subject only the earliest due row is claimed, and none while another row of that subject
    is claimed. Rows of `skip_hosts` are left for later. Several processes may claim at the same
    time: PostgreSQL skips the rows that another is claiming, and SQLite has one writer.
    """
    rows = conn.execute(_claimable, {"now": now, "skipped": list(skip_hosts), "most": most}).all()
    if not rows:
        return []
    conn.execute(_take, {"ids": [row.id for row in rows], "worker": worker, "until": now + lease})
    return [
        ClaimedEntry(
            id=row.id,
            worker=worker,
            tries=row.tries + 1,
            actor=row.actor,
            signer=row.signer,
            host=row.host,
            body=row.body,
            spliceable=row.spliceable,
            authenticated=row.authenticated,
            signed_at=row.signed_at,
            request_id=row.request_id,
            received_at=row.received_at,
        )
        for row in rows
    ]


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
_renew = update(journal).where(_held).values(due_at=bindparam("until"))
_release = update(journal).values(
    state="open", claimed_by=None, due_at=bindparam("now"), tries=_c.tries - bindparam("uncounted")
)
_release_held = _release.where(_held)
_release_all = _release.where(_c.claimed_by.is_not(None))


def renew(conn: Connection, *, worker: str, until: float) -> None:
    """Prolong every lease of `worker`."""
    conn.execute(_renew, {"worker": worker, "until": until})


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
