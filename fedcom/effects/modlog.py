"""The modlog's one pen: what moderators do is written down, and told to the member concerned."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from activitypub.document import Document
from fedcom.context import Context
from fedcom.effects.notify import News, notify
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.follow import follow
from fedcom.models.moderation import ModerationAction, modlog
from fedcom.queries.content import Content, community_of
from fedcom.rules.limits import MAX_REASON


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is done, by whom and why; `community` is None for what concerns the whole instance.

    `expires_at` is when a ban ends by itself.
    """

    by: Person
    kind: ModerationAction
    community: Community | None
    reason: str = ""
    expires_at: datetime | None = None


def log_content(
    ctx: Context, by: Person, target: Content, kind: ModerationAction, reason: str
) -> None:
    """One line about a post or comment, in its community's log; its author is told."""
    line = Line(by=by, kind=kind, community=community_of(ctx.conn, target), reason=reason)
    _write(ctx, line, target.iri)
    if isinstance(target, Comment):
        _tell(ctx, line, target.author_id, post_id=target.post_id, comment_id=target.id)
    else:
        _tell(ctx, line, target.author_id, post_id=target.id)


def log_person(ctx: Context, line: Line, person: Person) -> None:
    """One line about somebody, who is told."""
    _write(ctx, line, person.iri)
    _tell(ctx, line, person.id)


def log_community(ctx: Context, line: Line, community: Community) -> None:
    """One line about a whole community; the members who follow it are told."""
    _write(ctx, line, community.iri)
    followers = select(follow.c.follower_id).where(follow.c.target_id == community.id)
    news = News(
        kind="moderation",
        by_id=line.by.id,
        community_id=community.id,
        detail=line.kind,
        reason=line.reason,
    )
    for member in ctx.conn.execute(followers.order_by(follow.c.id)).scalars().all():
        notify(ctx, member, news)


def reason_of(word: Document) -> str:
    """Why a moderator elsewhere does something, no longer than ours may say it."""
    return (word.summary or "")[:MAX_REASON]


def _write(ctx: Context, line: Line, target_iri: str) -> None:
    ctx.conn.execute(
        insert(modlog).values(
            community_id=line.community.id if line.community else None,
            moderator_id=line.by.id,
            kind=line.kind,
            target_iri=target_iri,
            reason=line.reason,
            expires_at=line.expires_at,
            created_at=ctx.now,
        )
    )


def _tell(
    ctx: Context,
    line: Line,
    person_id: int,
    *,
    post_id: int | None = None,
    comment_id: int | None = None,
) -> None:
    news = News(
        kind="moderation",
        by_id=line.by.id,
        community_id=line.community.id if line.community else None,
        post_id=post_id,
        comment_id=comment_id,
        detail=line.kind,
        reason=line.reason,
    )
    notify(ctx, person_id, news)
