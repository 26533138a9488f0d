"""Stored excerpts of remote public posts that mention members, and who was notified of them."""

from sqlalchemy import ColumnElement, delete, select, update

from fedcom.context import Context
from fedcom.effects.notify import NotificationEvent
from fedcom.models.base import columns_of, first_row
from fedcom.models.notification import notification
from fedcom.models.outside_mention import OutsideMention, outside_mention
from fedcom.queries.unused_ids import is_unused


def find_outside_mention(ctx: Context, iri: str) -> OutsideMention | None:
    """The stored excerpt of the post with this id."""
    if is_unused(ctx, iri):
        return None
    found = select(*columns_of(OutsideMention, outside_mention)).where(outside_mention.c.iri == iri)
    return first_row(OutsideMention, ctx.conn.execute(found))


def forget_mentions(ctx: Context, which: ColumnElement[bool]) -> None:
    """Delete some, with their notifications."""
    gone = select(outside_mention.c.id).where(which)
    ctx.conn.execute(delete(notification).where(notification.c.outside_mention_id.in_(gone)))
    ctx.conn.execute(delete(outside_mention).where(which))


def adopt_mention(ctx: Context, iri: str, event: NotificationEvent) -> frozenset[int]:
    """Replace the excerpt of `iri`, which is now stored as a post or comment (its community
    announced it after its author): its notifications are changed to link to that. Returns the row
    ids of the members who were notified.
    """
    known = find_outside_mention(ctx, iri)
    if known is None:
        return frozenset()
    notified = notified_of(ctx, known.id)
    ctx.conn.execute(
        update(notification)
        .where(notification.c.outside_mention_id == known.id)
        .values(
            outside_mention_id=None,
            community_id=event.community_id,
            post_id=event.post_id,
            comment_id=event.comment_id,
        )
    )
    ctx.conn.execute(delete(outside_mention).where(outside_mention.c.id == known.id))
    return notified


def notified_of(ctx: Context, mention_id: int) -> frozenset[int]:
    is_of_mention = notification.c.outside_mention_id == mention_id
    return frozenset(
        ctx.conn.execute(select(notification.c.recipient_id).where(is_of_mention)).scalars()
    )
