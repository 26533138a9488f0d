"""Notifications of new comments to the members who follow their thread."""

from dataclasses import replace

from sqlalchemy import bindparam, select

from fedcom.context import Context
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.models.notification import notification
from fedcom.models.personal import followed_post

_FOLLOWERS = (
    select(followed_post.c.person_id)
    .where(
        followed_post.c.post_id == bindparam("post"),
        followed_post.c.person_id.not_in(
            select(notification.c.recipient_id).where(
                notification.c.comment_id == bindparam("comment")
            )
        ),
    )
    .order_by(followed_post.c.person_id)
)


def notify_followers(ctx: Context, event: NotificationEvent) -> None:
    """Notify those who follow the thread of the new comment `event.comment_id`, except members whom
    the comment has notified already, as a reply or a mention.
    """
    wanted = {"post": event.post_id, "comment": event.comment_id}
    for person_id in ctx.conn.execute(_FOLLOWERS, wanted).scalars().all():
        notify(ctx, person_id, replace(event, kind="thread"))
