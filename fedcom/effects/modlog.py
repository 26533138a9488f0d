"""The only writer of the modlog: moderators' decisions are stored, and members notified."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from activitypub.document import Document
from fedcom.context import Context
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.follow import follow
from fedcom.models.moderation import ModlogKind, ModlogScope, modlog
from fedcom.queries.content import Content, placed
from fedcom.queries.located import locate
from fedcom.rules.limits import MAX_REASON


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """The decision, who made it and why; `community` is None if it concerns the whole instance.

    `expires_at` is when a ban ends by itself.
    """

    by: Person
    kind: ModlogKind
    community: Community | None
    reason: str = ""
    expires_at: datetime | None = None


def log_content(ctx: Context, by: Person, target: Content, kind: ModlogKind, reason: str) -> None:
    """Write an entry about a post or comment to its community's log and notify its author."""
    entry = LogEntry(by=by, kind=kind, community=locate(ctx, target).community, reason=reason)
    about: ModlogScope = "comment" if isinstance(target, Comment) else "post"
    _write(ctx, entry, target.iri, target.author_id, about)
    _notify(ctx, entry, target.author_id, **placed(target))


def log_person(ctx: Context, entry: LogEntry, person: Person) -> None:
    """Write an entry about a person and notify them."""
    _write(ctx, entry, person.iri, person.id)
    _notify(ctx, entry, person.id)


def log_community(ctx: Context, entry: LogEntry, community: Community) -> None:
    """Write an entry about a whole community and notify the members who follow it."""
    _write(ctx, entry, community.iri)
    followers = select(follow.c.follower_id).where(follow.c.target_id == community.id)
    event = NotificationEvent(
        kind="moderation",
        by_id=entry.by.id,
        community_id=community.id,
        detail=entry.kind,
        reason=entry.reason,
    )
    for member in ctx.conn.execute(followers.order_by(follow.c.id)).scalars().all():
        notify(ctx, member, event)


def log_unnoticed(
    ctx: Context, entry: LogEntry, target_iri: str, about: ModlogScope | None = None
) -> None:
    """Write an entry that nobody is notified of. `target_iri` may be "", for what the log must not
    name; `about` says that it is of a post or comment.
    """
    _write(ctx, entry, target_iri, about=about)


def reason_of(activity: Document) -> str:
    """A remote moderator's reason, truncated to the limit for local ones."""
    return (activity.summary or "")[:MAX_REASON]


def _write(
    ctx: Context,
    entry: LogEntry,
    target_iri: str,
    person_id: int | None = None,
    about: ModlogScope | None = None,
) -> None:
    ctx.conn.execute(
        insert(modlog).values(
            community_id=entry.community.id if entry.community else None,
            moderator_id=entry.by.id,
            kind=entry.kind,
            about=about or ("community" if entry.community else "instance"),
            target_iri=target_iri,
            person_id=person_id,
            reason=entry.reason,
            expires_at=entry.expires_at,
            created_at=ctx.now,
        )
    )


def _notify(
    ctx: Context,
    entry: LogEntry,
    person_id: int,
    *,
    post_id: int | None = None,
    comment_id: int | None = None,
) -> None:
    event = NotificationEvent(
        kind="moderation",
        by_id=entry.by.id,
        community_id=entry.community.id if entry.community else None,
        post_id=post_id,
        comment_id=comment_id,
        detail=entry.kind,
        reason=entry.reason,
    )
    notify(ctx, person_id, event)
