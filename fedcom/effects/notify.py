"""Members' notifications, written in the transaction of the event they are about."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, exists, insert, select

from fedcom.context import Context
from fedcom.db import BigId, UtcDateTime
from fedcom.models.account import account
from fedcom.models.actor import actor
from fedcom.models.notification import Kind, notification
from fedcom.models.personal import muted_post
from fedcom.queries.visibility import is_blocked as has_blocked

MAX_AGE = timedelta(days=7)
"""Maximum age of content that notifies: old posts are fetched when a community is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationEvent:
    """A notification: its kind, who caused it and its subject; row ids, None where not applicable.

    `detail` is the modlog's kind and `reason` its reason, for moderators' decisions. `written_at`
    is when the subject was written or edited, None if that is now.
    """

    kind: Kind
    by_id: int | None = None
    community_id: int | None = None
    post_id: int | None = None
    comment_id: int | None = None
    message_id: int | None = None
    outside_mention_id: int | None = None
    detail: str = ""
    reason: str = ""
    written_at: datetime | None = None


def notify(ctx: Context, recipient_id: int, event: NotificationEvent) -> None:
    """Notify a member; remote actors are never notified: federation tells them.

    Members are not notified of their own actions, or of old content. Of people and servers that the
    member has blocked, only moderation and reports are notified: neither can be blocked away, nor
    muted with the thread that it is about.
    """
    if recipient_id == event.by_id:
        return
    if event.written_at is not None and ctx.now - event.written_at > MAX_AGE:
        return
    is_duty = event.kind in ("moderation", "report")
    ctx.conn.execute(
        _INSERT,
        {
            "to": recipient_id,
            "of": event.kind,
            "by": event.by_id,
            # No actor has this row id.
            "unblocked": 0 if is_duty or event.by_id is None else event.by_id,
            "unmuted": 0 if is_duty or event.post_id is None else event.post_id,
            "community": event.community_id,
            "post": event.post_id,
            "comment": event.comment_id,
            "message": event.message_id,
            "outside": event.outside_mention_id,
            "what": event.detail,
            "why": event.reason,
            "now": ctx.now,
        },
    )


def is_blocked(ctx: Context, person_id: int, other_id: int) -> bool:
    """Whether a member has blocked an actor, by name or with their whole server."""
    which = {"to": person_id, "unblocked": other_id}
    return ctx.conn.execute(_BLOCKED, which).first() is not None


# Built in advance, because building a statement costs more than running it.
_BLOCKED = select(actor.c.id).where(
    actor.c.id == bindparam("unblocked"),
    has_blocked(bindparam("to", type_=BigId), ids=[actor.c.id], hosts=[actor.c.host]),
)
_MUTED = select(muted_post.c.post_id).where(
    muted_post.c.person_id == bindparam("to", type_=BigId),
    muted_post.c.post_id == bindparam("unmuted", type_=BigId),
)
_ROW: dict[str, ColumnElement[Any]] = {
    "recipient_id": bindparam("to", type_=BigId),
    "kind": bindparam("of", type_=Text),
    "actor_id": bindparam("by", type_=BigId),
    "community_id": bindparam("community", type_=BigId),
    "post_id": bindparam("post", type_=BigId),
    "comment_id": bindparam("comment", type_=BigId),
    "message_id": bindparam("message", type_=BigId),
    "outside_mention_id": bindparam("outside", type_=BigId),
    "detail": bindparam("what", type_=Text),
    "reason": bindparam("why", type_=Text),
    "created_at": bindparam("now", type_=UtcDateTime),
}
_INSERT = insert(notification).from_select(
    list(_ROW),
    select(*_ROW.values()).where(
        exists().where(account.c.actor_id == bindparam("to"), account.c.state == "active"),
        ~exists(_BLOCKED.correlate(None)),
        ~exists(_MUTED),
    ),
)
