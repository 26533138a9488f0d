"""A member's notifications: their kinds, which of them each member wants, and the rows themselves.

A new kind is a line of `Kind` and one of `KINDS`, and a revision for the constraint.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    false,
    true,
)

from database.partial_indexes import flagged, partial_index
from fedcom.catalogues import mark
from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import EMPTY, metadata

Kind = Literal[
    "reply", "mention", "thread", "post", "message", "moderation", "report", "application"
]

Filter = Literal["", "replies", "mentions", "threads", "posts", "messages", "moderation"]
"""The lists of notifications; "" has all kinds."""


@dataclass(frozen=True, slots=True)
class KindRules:
    """What holds for all notifications of one kind. The texts are translated where they are shown.

    `sentence` has `%(who)s` and `%(what)s`, for feeds, e-mail and push messages; `help` may be "".
    """

    listed_in: Filter
    label: str
    help: str
    sentence: str
    # About a post or a comment: hidden, read and silenced along with it.
    is_about_content: bool = False
    # Neither a block nor a muted community stops it.
    is_duty: bool = False
    # Members cannot leave it out of the list.
    is_always_listed: bool = False
    is_for_admins: bool = False


KINDS: Mapping[Kind, KindRules] = {
    "reply": KindRules(
        "replies",
        mark("Replies"),
        mark("To your posts and comments."),
        mark("%(who)s replied to you in %(what)s"),
        is_about_content=True,
    ),
    "mention": KindRules(
        "mentions",
        mark("Mentions"),
        mark("Someone writes your name with an @."),
        mark("%(who)s mentioned you in %(what)s"),
        is_about_content=True,
    ),
    "thread": KindRules(
        "threads",
        mark("Followed threads"),
        mark("New comments in threads you follow."),
        mark("%(who)s commented on %(what)s"),
        is_about_content=True,
    ),
    "post": KindRules(
        "posts",
        mark("New posts"),
        mark("In the communities you choose below."),
        mark("%(who)s posted %(what)s"),
        is_about_content=True,
    ),
    "message": KindRules(
        "messages",
        mark("Private messages"),
        "",
        mark("%(who)s sent you a message"),
        is_always_listed=True,
    ),
    "moderation": KindRules(
        "moderation",
        mark("Moderation"),
        mark("Decisions about you or something you wrote, and appeals."),
        mark("A moderator took an action that concerns you"),
        is_duty=True,
        is_always_listed=True,
    ),
    "report": KindRules(
        "moderation",
        mark("Reports"),
        mark("Decisions on reports you sent and, if you moderate, new reports."),
        mark("New report"),
        is_duty=True,
    ),
    "application": KindRules(
        "moderation",
        mark("Applications"),
        mark("Someone applies for an account."),
        mark("%(who)s applied for an account"),
        is_for_admins=True,
    ),
}

notification = Table(
    "notification",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("recipient_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("kind", Text, nullable=False),
    # The actor who caused it; null for the instance itself.
    Column("actor_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("community_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("post_id", BigId, ForeignKey("post.id"), nullable=True),
    Column("comment_id", BigId, ForeignKey("comment.id"), nullable=True),
    Column("message_id", BigId, ForeignKey("message.id"), nullable=True),
    Column("outside_mention_id", BigId, ForeignKey("outside_mention.id"), nullable=True),
    # For moderation the modlog's kind ("remove", "lock", "ban"…), with the reason.
    Column("detail", Text, nullable=False, server_default=EMPTY),
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("created_at", UtcDateTime, nullable=False),
    Column("read_at", UtcDateTime, nullable=True),
    # False: the member wants it in another way only.
    Column("is_listed", Boolean, nullable=False, server_default=true()),
    # Until a mail has it, or never will.
    Column("awaits_mail", Boolean, nullable=False, server_default=false()),
    # Until it is a row of `push_delivery` for each of the member's browsers.
    Column("awaits_push", Boolean, nullable=False, server_default=false()),
    Index("ix_notification_recipient_id", "recipient_id", "id"),
    Index("ix_notification_unread", "recipient_id", "read_at"),
    Index("ix_notification_comment_id", "comment_id"),
    Index("ix_notification_post_id", "post_id"),
    Index("ix_notification_outside_mention_id", "outside_mention_id"),
    partial_index("ix_notification_awaits_mail", "recipient_id", where=flagged("awaits_mail")),
    partial_index("ix_notification_awaits_push", "id", where=flagged("awaits_push")),
    # A purge searches them for what it erases.
    *(
        partial_index(f"ix_notification_{name}", name, where=f"{name} IS NOT NULL")
        for name in ("actor_id", "community_id", "message_id")
    ),
    CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="kind"),
    sqlite_autoincrement=True,
)

# The kinds for which a member changed something. Without a row, a kind comes in every way that the
# member uses.
notification_choice = Table(
    "notification_choice",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("on_site", Boolean, nullable=False),
    Column("by_mail", Boolean, nullable=False),
    Column("by_push", Boolean, nullable=False),
)

# Communities from which a member is not notified of replies, mentions and the like.
muted_community = Table(
    "muted_community",
    metadata,
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("community_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("muted_at", UtcDateTime, nullable=False),
    Index("ix_muted_community_community_id", "community_id"),
)
