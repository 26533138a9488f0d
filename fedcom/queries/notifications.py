"""Members' notifications: their kinds, and whether their subject still exists.

A subject that was deleted or removed since, or is in a closed community, hides its notification,
which is neither counted nor listed. Moderators' decisions are always shown.
"""

from collections.abc import Mapping
from typing import get_args

from sqlalchemy import and_, or_

from fedcom.models.actor import community
from fedcom.models.comment import comment
from fedcom.models.message import message
from fedcom.models.notification import KINDS, Filter, Kind, notification
from fedcom.models.post import post
from fedcom.queries.visibility import is_not_deleted, is_not_removed, is_shown

ABOUT_CONTENT: tuple[Kind, ...] = tuple(kind for kind in KINDS if KINDS[kind].is_about_content)
"""The kinds that are about a post or a comment, and end with it."""

LISTS: Mapping[Filter, tuple[Kind, ...]] = {
    one: tuple(kind for kind, rules in KINDS.items() if one in ("", rules.listed_in))
    for one in get_args(Filter)
}
"""The kinds of each list."""

WITH_SUBJECTS = (
    notification.outerjoin(comment, comment.c.id == notification.c.comment_id)
    .outerjoin(post, post.c.id == notification.c.post_id)
    .outerjoin(message, message.c.id == notification.c.message_id)
    .outerjoin(community, community.c.actor_id == notification.c.community_id)
)
HAS_SUBJECT = or_(
    notification.c.kind.not_in([*ABOUT_CONTENT, "message"]),
    # Columns that do not apply are null, and a null was never deleted.
    and_(is_shown(comment), is_shown(post), is_not_deleted(message), is_not_removed(community)),
)
"""A condition on rows of `WITH_SUBJECTS`: whether the subject still exists."""

IS_SHOWN = and_(notification.c.is_listed, HAS_SUBJECT)
"""A condition on rows of `WITH_SUBJECTS`: whether the member's list has it."""
