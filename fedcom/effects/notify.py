"""What members are told of, written in the transaction of what it is about."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select

from fedcom.context import Context
from fedcom.models.account import account
from fedcom.models.actor import actor
from fedcom.models.notification import Kind, notification
from fedcom.queries.visibility import is_blocked as has_blocked

NEWS_FOR = timedelta(days=7)
"""How old what somebody wrote may be: old posts are fetched when a community is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is told: of which kind, whose doing, about what; row ids, None for what it is not about.

    `detail` is the modlog's kind and `reason` its reason, for what moderators did. `written_at` is
    when what it is about was written or edited, None if that is now.
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


def notify(ctx: Context, recipient_id: int, news: News) -> None:
    """Tell a member; nobody else is told anything: people elsewhere hear of it by federation.

    Nobody is told of what they did themselves, or of what was written long ago. Of people and
    servers that the member has blocked only moderation and reports are told: neither can be
    blocked away.
    """
    by_id = news.by_id
    if recipient_id == by_id or not _has_account(ctx, recipient_id):
        return
    if news.written_at is not None and ctx.now - news.written_at > NEWS_FOR:
        return
    is_duty = news.kind in ("moderation", "report")
    if not is_duty and by_id is not None and is_blocked(ctx, recipient_id, by_id):
        return
    ctx.conn.execute(
        insert(notification).values(
            recipient_id=recipient_id,
            kind=news.kind,
            actor_id=by_id,
            community_id=news.community_id,
            post_id=news.post_id,
            comment_id=news.comment_id,
            message_id=news.message_id,
            outside_mention_id=news.outside_mention_id,
            detail=news.detail,
            reason=news.reason,
            created_at=ctx.now,
        )
    )


def _has_account(ctx: Context, person_id: int) -> bool:
    mine = select(account.c.actor_id).where(
        account.c.actor_id == person_id, account.c.state == "active"
    )
    return ctx.conn.execute(mine).first() is not None


def is_blocked(ctx: Context, person_id: int, other_id: int) -> bool:
    """Whether a member has blocked somebody, by name or with their whole server."""
    blocked = has_blocked(person_id, ids=[actor.c.id], hosts=[actor.c.host])
    found = select(actor.c.id).where(actor.c.id == other_id, blocked)
    return ctx.conn.execute(found).first() is not None
