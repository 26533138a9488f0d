"""Moderators, bans, reports, the modlog, and tombstones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Table,
    Text,
    false,
)

from database.partial_indexes import partial_index
from fedcom.catalogues import mark
from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata

ModlogKind = Literal[
    "remove",
    "restore",
    "lock",
    "unlock",
    "pin",
    "unpin",
    "pin_on_site",
    "unpin_on_site",
    "move",
    "ban",
    "unban",
    "warn",
    "add_moderator",
    "remove_moderator",
    "transfer_community",
    "add_admin",
    "remove_admin",
    "block_instance",
    "unblock_instance",
    "remove_community",
    "restore_community",
    "hide_community",
    "unhide_community",
    "purge_person",
    "purge_community",
    "purge_post",
    "purge_comment",
]
"""The kinds of modlog entries."""

ModlogScope = Literal["post", "comment", "community", "instance"]
"""What a modlog entry is about: a post, a comment, anything else in one community, or anything else
on the whole instance.
"""


@dataclass(frozen=True, slots=True)
class ModerationLabels:
    """The labels of a moderation action, translated where they are shown.

    `log` appears in the modlog between the moderator and the target, and names the action in its
    filter. `notice` is for the members concerned, if there are any; `comment_notice` replaces it
    for a comment, where the texts differ.
    """

    log: str
    notice: str = ""
    comment_notice: str = ""


MODERATION_LABELS: Mapping[str, ModerationLabels] = {
    "remove": ModerationLabels(mark("removed"), mark("A moderator removed your post or comment")),
    "restore": ModerationLabels(
        mark("restored"), mark("A moderator restored your post or comment")
    ),
    "lock": ModerationLabels(
        mark("locked"),
        mark("A moderator locked your post"),
        mark("A moderator locked your comment"),
    ),
    "unlock": ModerationLabels(
        mark("unlocked"),
        mark("A moderator unlocked your post"),
        mark("A moderator unlocked your comment"),
    ),
    "pin": ModerationLabels(mark("pinned"), mark("A moderator pinned your post")),
    "unpin": ModerationLabels(mark("unpinned"), mark("A moderator unpinned your post")),
    "pin_on_site": ModerationLabels(
        mark("pinned on the front page"), mark("An admin pinned your post on the front page")
    ),
    "unpin_on_site": ModerationLabels(
        mark("unpinned from the front page"),
        mark("An admin unpinned your post from the front page"),
    ),
    "move": ModerationLabels(mark("moved")),
    "ban": ModerationLabels(mark("banned"), mark("A moderator banned you")),
    "unban": ModerationLabels(mark("unbanned"), mark("A moderator lifted your ban")),
    "warn": ModerationLabels(
        mark("warned"),
        mark("A moderator warned you"),
        mark("A moderator warned you because of your comment"),
    ),
    "add_moderator": ModerationLabels(mark("added moderator"), mark("You are now a moderator")),
    "remove_moderator": ModerationLabels(
        mark("removed moderator"), mark("You are no longer a moderator")
    ),
    "transfer_community": ModerationLabels(
        mark("transferred community to"), mark("You are now the first moderator of a community")
    ),
    "add_admin": ModerationLabels(mark("added admin"), mark("You are now an admin")),
    "remove_admin": ModerationLabels(mark("removed admin"), mark("You are no longer an admin")),
    "block_instance": ModerationLabels(mark("blocked server")),
    "unblock_instance": ModerationLabels(mark("unblocked server")),
    "remove_community": ModerationLabels(
        mark("closed community"), mark("A community you follow was closed")
    ),
    "restore_community": ModerationLabels(
        mark("reopened community"), mark("A community you follow was reopened")
    ),
    "hide_community": ModerationLabels(mark("hid community")),
    "unhide_community": ModerationLabels(mark("unhid community")),
    "purge_person": ModerationLabels(mark("purged a person")),
    "purge_community": ModerationLabels(mark("purged a community")),
    "purge_post": ModerationLabels(mark("purged a post")),
    "purge_comment": ModerationLabels(mark("purged a comment")),
}
"""A new moderation action needs a value in `ModlogKind` and an entry here."""

OTHER_NOTICES: Mapping[str, str] = {
    "appeal": mark("Someone appealed against a decision"),
    "appeal_answered": mark("A moderator answered your appeal"),
    "appeal_upheld": mark("Your appeal was decided: the decision stays"),
    "appeal_undone": mark("Your appeal was accepted, and the decision undone"),
    "ban_elsewhere": mark("Another server banned you from its communities"),
    "unban_elsewhere": mark("Another server lifted your ban from its communities"),
    "follow_rejected": mark("Your request to follow a community was declined"),
    "refused": mark(
        "The community's server rejected your moderation action, so it was undone here"
    ),
}
"""Moderation notices without an entry in our modlog."""

moderator = Table(
    "moderator",
    metadata,
    Column("community_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("appointed_at", UtcDateTime, nullable=False),
    Index("ix_moderator_person_id", "person_id"),
)

modlog = Table(
    "modlog",
    metadata,
    Column("id", BigId, primary_key=True),
    # Null for what concerns the whole instance.
    Column("community_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("moderator_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("kind", Text, nullable=False),
    Column("about", Text, nullable=False, server_default="instance"),  # a ModlogScope
    Column("target_iri", Text, nullable=False),
    # The person concerned, directly or as the author; null: a community or a server.
    Column("person_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("reason", Text, nullable=False, default=""),
    # The end of a ban; null: permanent, or no ban.
    Column("expires_at", UtcDateTime, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_modlog_community_id", "community_id", "id"),
    # The filters of the log.
    Index("ix_modlog_moderator_id", "moderator_id", "id"),
    Index("ix_modlog_person_id", "person_id", "id"),
    Index("ix_modlog_kind", "kind", "id"),
    Index("ix_modlog_kind_about", "kind", "about", "id"),
    # Every thread looks up the reasons of removals.
    Index("ix_modlog_target_iri", "target_iri"),
    sqlite_autoincrement=True,
)

# Bans from one community; a ban from the whole instance is in `actor`.
community_ban = Table(
    "community_ban",
    metadata,
    Column("community_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("person_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Null: permanent.
    Column("expires_at", UtcDateTime, nullable=True),
    Index("ix_community_ban_person_id", "person_id"),
)

# Reports to the moderators, about one post, comment or private message.
_OF_ACCOUNT = "post_id IS NULL AND comment_id IS NULL AND message_id IS NULL"

report = Table(
    "report",
    metadata,
    Column("id", BigId, primary_key=True),
    # The id of the Flag.
    Column("iri", Text, nullable=False, unique=True),
    Column("reporter_id", BigId, ForeignKey("actor.id"), nullable=False),
    # Null for reports that only admins resolve: private messages.
    Column("community_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("post_id", BigId, ForeignKey("post.id"), nullable=True),
    Column("comment_id", BigId, ForeignKey("comment.id"), nullable=True),
    Column("message_id", BigId, ForeignKey("message.id"), nullable=True),
    # The account that is reported, or the author of what is; null only for accounts unknown here.
    Column("person_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("reason", Text, nullable=False),
    # The text at the time of the report, which the author may edit afterwards; for an account, its
    # id.
    Column("reported_text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("resolved_at", UtcDateTime, nullable=True),
    Column("resolver_id", BigId, ForeignKey("actor.id"), nullable=True),
    # Who has taken it or was given it: a moderator, or the admins. At most one of both.
    Column("assignee_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("for_admins", Boolean, nullable=False, server_default=false()),
    # Those of the last hour are counted, by person and by server, before each new one.
    Index("ix_report_created_at", "created_at"),
    # Every page shows admins the number of open ones.
    Index("ix_report_resolved_at", "resolved_at"),
    Index("ix_report_community_id", "community_id", "resolved_at"),
    Index("ix_report_post_id", "post_id"),
    Index("ix_report_comment_id", "comment_id"),
    Index("ix_report_message_id", "message_id"),
    # How often a person was reported.
    Index("ix_report_person_id", "person_id"),
    # A purge searches them for the person that it erases; moderators, for their own.
    *(
        partial_index(f"ix_report_{name}", name, where=f"{name} IS NOT NULL")
        for name in ("reporter_id", "resolver_id", "assignee_id")
    ),
    partial_index("ix_report_account", "reported_text", where=_OF_ACCOUNT),
    sqlite_autoincrement=True,
)

# What moderators tell each other about a person, or about a report. Never shown to that person.
moderator_note = Table(
    "moderator_note",
    metadata,
    Column("id", BigId, primary_key=True),
    # Whom it is about, as far as known: the author of what was reported.
    Column("person_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("report_id", BigId, ForeignKey("report.id", ondelete="CASCADE"), nullable=True),
    # Whose moderators read it, beside the admins; null: only the admins.
    Column("community_id", BigId, ForeignKey("actor.id"), nullable=True),
    # Null for a moderator who was purged.
    Column("author_id", BigId, ForeignKey("actor.id"), nullable=True),
    # Plain text.
    Column("text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_moderator_note_person_id", "person_id", "id"),
    Index("ix_moderator_note_report_id", "report_id"),
    Index("ix_moderator_note_community_id", "community_id"),
    Index("ix_moderator_note_author_id", "author_id"),
    CheckConstraint("person_id IS NOT NULL OR report_id IS NOT NULL", name="subject"),
    sqlite_autoincrement=True,
)

# Content deleted before it arrived, and activities that were undone: neither may come back when it
# is delivered again (fedcom.effects.tombstones).
tombstone = Table(
    "tombstone",
    metadata,
    # Of an undone activity, the digest of its id.
    Column("iri", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    # The actor who set it: it applies only to content on this actor's host, or content that this
    # community announces.
    Column("actor_iri", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Of undone activities: whether the activity had not arrived, and when its actor signed the
    # request that undid it (epoch seconds by the actor's clock).
    Column("awaited", Boolean, nullable=False, server_default=false()),
    Column("signed_at", Double, nullable=True),
    CheckConstraint("kind IN ('deleted', 'undone')", name="kind"),
)


@dataclass(frozen=True, slots=True)
class CommunityBan:
    """A ban from one community, permanent or until `expires_at`."""

    community_id: int
    person_id: int
    reason: str
    created_at: datetime
    expires_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report to the moderators."""

    id: int
    iri: str
    reporter_id: int
    community_id: int | None
    post_id: int | None
    comment_id: int | None
    message_id: int | None
    person_id: int | None
    reason: str
    reported_text: str
    created_at: datetime
    resolved_at: datetime | None
    resolver_id: int | None
    assignee_id: int | None
    for_admins: bool


@dataclass(frozen=True, slots=True)
class ModeratorNote:
    """A note among moderators."""

    id: int
    person_id: int | None
    report_id: int | None
    community_id: int | None
    author_id: int | None
    text: str
    created_at: datetime
