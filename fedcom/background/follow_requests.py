"""Sends Follows again that have not been answered.

Lemmy 0.19 loses the first Accept for a server that it did not know, and PieFed ignores a repeated
delivery of the same id. Both answer a new Follow with a new id.
"""

from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from fedcom.actions.follow import Follow
from fedcom.actions.perform import perform
from fedcom.context import Context
from fedcom.errors import FedcomError
from fedcom.models.follow import FollowRow
from fedcom.queries.actors import get_actor
from fedcom.queries.follows import find_follow, list_pending
from fedcom.units import Units
from outbox.maintenance import find_failure
from outbox.publish import find_issued

logger = structlog.get_logger(__name__)

FIRST_AFTER = timedelta(minutes=5)
"""How long to wait for the first answer; each time, the whole wait becomes three times as long."""

GIVE_UP_AFTER = timedelta(days=7)
"""Age of a follow that is not sent again by itself."""


async def ask_again(units: Units, now: datetime) -> None:
    """Send a new Follow for each that has waited too long."""
    due = await units.read(
        lambda conn: [row for row in list_pending(conn) if is_due(conn, row, now)]
    )
    for row in due:
        await units.unit(partial(_ask_again, row))


def is_due(conn: Connection, row: FollowRow, now: datetime) -> bool:
    """Whether it is time to send a pending follow again; not if the peer refused the delivery."""
    if now - row.created_at > GIVE_UP_AFTER or find_failure(conn, row.iri) is not None:
        return False
    issued = find_issued(conn, row.iri)
    asked_after = timedelta(0) if issued is None else _age(row, issued.at)
    return now - row.created_at >= max(FIRST_AFTER, 3 * asked_after)


def _age(row: FollowRow, at: float) -> timedelta:
    return timedelta(seconds=max(0.0, at - row.created_at.timestamp()))


def _ask_again(row: FollowRow, ctx: Context) -> None:
    if find_follow(ctx.conn, row.follower_id, row.target_id) != row:
        return  # answered or undone meanwhile
    by, target = get_actor(ctx.conn, row.follower_id), get_actor(ctx.conn, row.target_id)
    try:
        perform(ctx, Follow(by=by, target=target))
    except FedcomError as error:
        logger.info("follow_retry_failed", target=target.iri, error=str(error))
