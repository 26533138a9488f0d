"""Members' notifications, written in the transaction of the event they are about."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Insert,
    Text,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    true,
)

from fedcom.context import Context
from fedcom.db import BigId, UtcDateTime
from fedcom.models.account import account
from fedcom.models.actor import actor
from fedcom.models.follow import follow
from fedcom.models.notification import (
    KINDS,
    Kind,
    muted_community,
    notification,
    notification_choice,
)
from fedcom.models.personal import followed_post, muted_post
from fedcom.models.push import push_subscription
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
    """Notify a member in the ways they chose; remote actors are never notified: federation tells
    them.

    Members are not notified of their own actions, or of old content. What a member has blocked or
    muted notifies them only of moderation and reports.
    """
    if recipient_id != event.by_id and not _is_old(ctx, event):
        ctx.conn.execute(_TO_ONE, {"to": recipient_id, **_values(ctx, event)})


def notify_watchers(ctx: Context, event: NotificationEvent) -> None:
    """Notify all members who want to know of each new post in the community of a new post, in one
    statement, except those whom it mentions.
    """
    if not _is_old(ctx, event):
        written = {"written": event.written_at or ctx.now}
        ctx.conn.execute(_TO_WATCHERS, _values(ctx, event) | written)


def notify_followers(ctx: Context, event: NotificationEvent) -> None:
    """Notify all members who follow the thread of the new comment `event.comment_id`, in one
    statement, except those whom the comment has notified already, as a reply or a mention.
    """
    if not _is_old(ctx, event):
        ctx.conn.execute(_TO_FOLLOWERS, _values(ctx, replace(event, kind="thread")))


def is_blocked(ctx: Context, person_id: int, other_id: int) -> bool:
    """Whether a member has blocked an actor, by name or with their whole server."""
    which = {"to": person_id, "unblocked": other_id}
    return ctx.conn.execute(_BLOCKED, which).first() is not None


def _is_old(ctx: Context, event: NotificationEvent) -> bool:
    return event.written_at is not None and ctx.now - event.written_at > MAX_AGE


def _values(ctx: Context, event: NotificationEvent) -> dict[str, Any]:
    is_duty = KINDS[event.kind].is_duty
    return {
        "of": event.kind,
        "by": event.by_id,
        # No actor has this row id.
        "unblocked": 0 if is_duty or event.by_id is None else event.by_id,
        "unmuted_community": 0 if is_duty or event.community_id is None else event.community_id,
        "unmuted_post": 0 if is_duty or event.post_id is None else event.post_id,
        "community": event.community_id,
        "post": event.post_id,
        "comment": event.comment_id,
        "message": event.message_id,
        "outside": event.outside_mention_id,
        "what": event.detail,
        "why": event.reason,
        "now": ctx.now,
    }


# Built in advance, because building a statement costs more than running it.
_TO = bindparam("to", type_=BigId)
_KIND = bindparam("of", type_=Text)
_BY = bindparam("unblocked", type_=BigId)
_PLACE = bindparam("unmuted_community", type_=BigId)


def _blocked(viewer: ColumnElement[int], *others: ColumnElement[int]) -> ColumnElement[bool]:
    blocks = has_blocked(viewer, ids=[actor.c.id], hosts=[actor.c.host])
    return exists().select_from(actor).where(actor.c.id.in_(others), blocks)


_BLOCKED = select(_BY).where(_blocked(_TO, _BY))
_ROW: dict[str, ColumnElement[Any]] = {
    "kind": _KIND,
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


def _insertion(members: FromClause, *where: ColumnElement[bool]) -> Insert:
    """For each of `members`, rows of `account` with others, in the ways that they chose."""
    chosen = notification_choice
    its_choice = and_(chosen.c.person_id == account.c.actor_id, chosen.c.kind == _KIND)
    is_place_muted = exists().where(
        muted_community.c.person_id == account.c.actor_id,
        muted_community.c.community_id == _PLACE,
    )
    is_thread_muted = exists().where(
        muted_post.c.person_id == account.c.actor_id,
        muted_post.c.post_id == bindparam("unmuted_post", type_=BigId),
    )
    ways = {
        "is_listed": func.coalesce(chosen.c.on_site, true()),
        "awaits_mail": and_(
            func.coalesce(chosen.c.by_mail, true()),
            account.c.mail_notifications,
            account.c.email.is_not(None),
        ),
        "awaits_push": and_(
            func.coalesce(chosen.c.by_push, true()),
            exists().where(push_subscription.c.account_id == account.c.actor_id),
        ),
    }
    row = {"recipient_id": account.c.actor_id, **_ROW, **ways}
    return insert(notification).from_select(
        list(row),
        select(*row.values())
        .select_from(members.outerjoin(chosen, its_choice))
        .where(
            account.c.state == "active",
            ~is_place_muted,
            ~is_thread_muted,
            or_(*ways.values()),
            *where,
        ),
    )


_known = notification.alias("known")
_TO_ONE = _insertion(account, account.c.actor_id == _TO, ~_blocked(account.c.actor_id, _BY))
_TO_WATCHERS = _insertion(
    account.join(follow, follow.c.follower_id == account.c.actor_id),
    follow.c.target_id == _PLACE,
    follow.c.watched_since <= bindparam("written", type_=UtcDateTime),
    account.c.actor_id != _BY,
    ~_blocked(account.c.actor_id, _BY, _PLACE),
    ~exists().where(
        _known.c.recipient_id == account.c.actor_id,
        _known.c.post_id == bindparam("post"),
        _known.c.comment_id.is_(None),
        _known.c.kind == "mention",
    ),
)
_TO_FOLLOWERS = _insertion(
    account.join(followed_post, followed_post.c.person_id == account.c.actor_id),
    followed_post.c.post_id == bindparam("post"),
    account.c.actor_id != _BY,
    ~_blocked(account.c.actor_id, _BY),
    ~exists().where(
        _known.c.recipient_id == account.c.actor_id,
        _known.c.comment_id == bindparam("comment"),
    ),
)
