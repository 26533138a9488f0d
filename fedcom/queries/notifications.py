"""Members' notifications: their kinds, and whether their subject still exists.

A subject that was deleted or removed since, or is in a closed community, hides its notification,
which is neither counted nor listed. Moderators' decisions are always shown.
"""

from typing import Literal

from sqlalchemy import and_, or_

from fedcom.models.actor import community
from fedcom.models.comment import comment
from fedcom.models.message import message
from fedcom.models.notification import Kind, notification
from fedcom.models.post import post
from fedcom.queries.visibility import is_not_deleted, is_not_removed, is_shown

Filter = Literal["", "replies", "mentions", "threads", "messages", "moderation"]

KINDS: dict[Filter, tuple[Kind, ...]] = {
    "": ("reply", "mention", "thread", "message", "moderation", "report", "application"),
    "replies": ("reply",),
    "mentions": ("mention",),
    "threads": ("thread",),
    "messages": ("message",),
    "moderation": ("moderation", "report", "application"),
}
"""The kinds of each list."""

WITH_SUBJECTS = (
    notification.outerjoin(comment, comment.c.id == notification.c.comment_id)
    .outerjoin(post, post.c.id == notification.c.post_id)
    .outerjoin(message, message.c.id == notification.c.message_id)
    .outerjoin(community, community.c.actor_id == notification.c.community_id)
)
IS_SHOWN = or_(
    notification.c.kind.not_in(["reply", "mention", "thread", "message"]),
    # Columns that do not apply are null, and a null was never deleted.
    and_(is_shown(comment), is_shown(post), is_not_deleted(message), is_not_removed(community)),
)
"""A condition on rows of `WITH_SUBJECTS`: whether the subject still exists."""
