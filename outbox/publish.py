"""The entry point of the outbox: rows for one activity, in the caller's transaction."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from activitypub.errors import Malformed
from activitypub.iri import host_of
from database.inserts import insert_new, insert_new_rows
from outbox.deliveries import DELIVERED, activities, deliveries

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Issued:
    """An activity that was published: in whose name, its bytes, and when (epoch seconds)."""

    actor: str
    body: bytes
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One activity to be sent; `inboxes` are used as they are (see `address.fold`).

    A `transient` one is kept for a shorter time (`maintenance.KEEP_TRANSIENT`).
    """

    activity_id: str
    actor: str
    body: bytes
    subject: str
    inboxes: Iterable[str]
    transient: bool = False


def publish(  # noqa: PLR0913 - each is one column of what is written
    conn: Connection,
    *,
    activity_id: str,
    actor: str,
    body: bytes,
    subject: str,
    inboxes: Iterable[str],
    now: float,
) -> int:
    """Store `body` and a delivery of it to each of `inboxes`; the number of new deliveries.

    `subject` is the IRI of the object that the activity is about: activities about one subject
    arrive at one host in the order in which they are published, in whichever of its inboxes.
    GoToSocial, which has no shared inbox, drops a boost of a post that it is still processing.
    `inboxes` are used as they are (see `address.fold`). An activity that was published before keeps
    its first bytes, and an inbox that has a delivery of it gets no second one. Wake the dispatcher
    after the commit.
    """
    publications = Publication(
        activity_id=activity_id, actor=actor, body=body, subject=subject, inboxes=inboxes
    )
    return publish_all(conn, [publications], now=now)


def publish_all(conn: Connection, publications: Sequence[Publication], *, now: float) -> int:
    """As `publish`, several activities at once, in this order."""
    row_ids = _put_activities(conn, publications, now)
    rows = [
        {
            "activity": row_ids[one.activity_id],
            "inbox": inbox,
            "host": host,
            "subject": one.subject,
            "due_at": now,
            "created_at": now,
        }
        for one in publications
        for inbox, host in _hosts(one.inboxes).items()
    ]
    return len(insert_new(conn, rows, deliveries.c.id)) if rows else 0


def find_issued(conn: Connection, activity_id: str) -> Issued | None:
    """The activity that was published under this id, or None: it never was, or has been pruned."""
    row = conn.execute(_FIND_ISSUED, {"activity_id": activity_id}).one_or_none()
    return None if row is None else Issued(row.actor, row.body, row.created_at)


def recipient_hosts(conn: Connection, subject: str) -> frozenset[str]:
    """The hosts to which anything about `subject` was delivered, as far as deliveries are kept."""
    rows = conn.execute(
        select(deliveries.c.host)
        .join(activities, activities.c.id == deliveries.c.activity)
        .where(activities.c.subject == subject, deliveries.c.state == DELIVERED)
        .distinct()
    )
    return frozenset(rows.scalars())


def list_issued(
    conn: Connection, actor: str, subject: str, prefix: str, *, limit: int
) -> list[Issued]:
    """What `actor` published about `subject` under ids that begin with `prefix`, latest first."""
    rows = conn.execute(
        select(activities.c.actor, activities.c.body, activities.c.created_at)
        .where(
            activities.c.subject == subject,
            activities.c.actor == actor,
            activities.c.activity_id.startswith(prefix, autoescape=True),
        )
        .order_by(activities.c.id.desc())
        .limit(limit)
    )
    return [Issued(*row) for row in rows]


def _put_activities(
    conn: Connection, publications: Sequence[Publication], now: float
) -> dict[str, int]:
    """The rows of these activities by their ids, also of those that were published before."""
    values = [
        {
            "activity_id": one.activity_id,
            "actor": one.actor,
            "subject": one.subject,
            "body": one.body,
            "created_at": now,
            "transient": one.transient,
        }
        for one in publications
    ]
    inserted = insert_new_rows(conn, values, activities.c.activity_id, activities.c.id)
    found = {row.activity_id: row.id for row in inserted}
    for one in publications:
        if one.activity_id not in found:
            which = {"activity_id": one.activity_id}
            found[one.activity_id] = conn.execute(_FIND_ROW, which).scalar_one()
    return found


def _hosts(inboxes: Iterable[str]) -> dict[str, str]:
    hosts = {}
    for inbox in inboxes:
        try:
            hosts[inbox] = host_of(inbox)
        except Malformed as error:
            # One malformed inbox must not undo the whole transaction.
            logger.warning("inbox_invalid", extra={"inbox": inbox, "error": str(error)})
    return hosts


_FIND_ROW = select(activities.c.id).where(activities.c.activity_id == bindparam("activity_id"))
_FIND_ISSUED = select(activities.c.actor, activities.c.body, activities.c.created_at).where(
    activities.c.activity_id == bindparam("activity_id")
)
