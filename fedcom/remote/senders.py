"""What is to be done about the sender of an activity once it is performed, in one statement."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from activitypub.iri import host_of
from fedcom.remote.actors import FETCHED_AT, is_long_ago
from outbox.peers import is_failing


class Sender(NamedTuple):
    """`is_failing`: deliveries to its server failed, although the server works, as it sent this.
    `is_stale`: its row is so old that it should be read again.
    """

    is_failing: bool
    is_stale: bool


def look_at_sender(conn: Connection, iri: str, now: datetime) -> Sender:
    """The sender with this ActivityPub id, whether or not it is known."""
    row = conn.execute(_SENDER, {"host": host_of(iri), "which": iri}).one()
    return Sender(row.is_failing, is_long_ago(row.fetched_at, now))


# Built in advance, because building a statement costs more than running it.
_SENDER = select(
    is_failing(bindparam("host")).label("is_failing"),
    FETCHED_AT.scalar_subquery().label("fetched_at"),
)
