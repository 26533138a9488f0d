"""The export of a member's data, in parts that are read page by page.

New tables about a member get a part in `PARTS`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    case,
    func,
    or_,
    select,
)

from fedcom.accounts.members import Member
from fedcom.db import BigId
from fedcom.models.account import Account, application_decision, passkey, session
from fedcom.models.actor import actor
from fedcom.models.appeal import appeal, appeal_message
from fedcom.models.comment import comment
from fedcom.models.follow import follow
from fedcom.models.media import media
from fedcom.models.message import message
from fedcom.models.moderation import moderator, moderator_note, modlog, report
from fedcom.models.notification import muted_community, notification, notification_choice
from fedcom.models.personal import (
    actor_block,
    draft,
    followed_post,
    hidden_post,
    host_block,
    muted_post,
    post_visit,
    saved_comment,
    saved_post,
)
from fedcom.models.post import post
from fedcom.models.push import push_subscription
from fedcom.models.revision import revision
from fedcom.models.vote import comment_vote, post_vote
from fedcom.queries.visibility import is_not_deleted

PAGE = 500
"""Rows that are read at a time."""

Row = dict[str, Any]

_PROFILE = (
    *("iri", "name", "host", "title", "summary_source", "icon_url", "image_url"),
    *("matrix_user_id", "kind", "indexable"),
)
_ACCOUNT = (
    *(
        "email",
        "unconfirmed_email",
        "role",
        "application",
        "created_at",
        "last_seen_at",
        "interface_language",
        "theme",
        "time_zone",
    ),
    *("front_scope", "front_sort", "compact_lists", "show_nsfw"),
    *("mail_notifications", "mail_pace", "mail_hour", "quotes_messages"),
    *("show_read_posts", "show_bot_accounts", "languages", "app_preferences"),
    *("keyboard_shortcuts", "flat_threads"),
)


@dataclass(frozen=True, slots=True)
class ExportPart:
    """One list of the export: the rows of `owner`, in the order of `key`, by which pages begin."""

    name: str
    statement: Select[Any]
    owner: Any
    key: Column[Any]


def _part(name: str, table: Table, *columns: Any, owner: str, key: str = "id") -> ExportPart:
    return ExportPart(name, select(*columns).select_from(table), table.c[owner], table.c[key])


def _about(
    name: str, table: Table, other: Table, on: str, *columns: Any, owner: str = "person_id"
) -> ExportPart:
    """A list of the ids of posts, comments or actors that rows of `table` point to."""
    joined = table.join(other, other.c.id == table.c[on])
    return ExportPart(
        name, select(other.c.iri, *columns).select_from(joined), table.c[owner], table.c[on]
    )


_PERSON = bindparam("person", type_=BigId)
_group = actor.alias("community_actor")
_author = actor.alias("author")
_recipient = actor.alias("recipient")


def _text_for_both(column: Column[str]) -> ColumnElement[str]:
    """A text of a message, empty if the other person wrote and deleted it."""
    taken_back = ~is_not_deleted(message) & (message.c.author_id != _PERSON)
    return case((taken_back, ""), else_=column)


# `reported_text` is the id of a reported account, or the text of anything else that was reported.
_REPORTED = func.coalesce(post.c.iri, comment.c.iri, message.c.iri, report.c.reported_text)

_WRITTEN = ("language", "content_warning", "published_at", "updated_at", "deleted_at", "removed_at")

_APPEALS = appeal.join(modlog, modlog.c.id == appeal.c.decision_id)

PARTS = (
    ExportPart(
        "appeals",
        select(
            modlog.c.target_iri.label("about"),
            modlog.c.kind.label("decision"),
            *(appeal.c[name] for name in ("created_at", "outcome", "resolved_at")),
        ).select_from(_APPEALS),
        appeal.c.person_id,
        appeal.c.id,
    ),
    ExportPart(
        "appeal_messages",
        select(
            modlog.c.target_iri.label("about"),
            *(appeal_message.c[name] for name in ("kind", "text", "created_at")),
            (appeal_message.c.author_id == appeal.c.person_id).label("is_own"),
        ).select_from(_APPEALS.join(appeal_message, appeal_message.c.appeal_id == appeal.c.id)),
        appeal.c.person_id,
        appeal_message.c.id,
    ),
    ExportPart(
        "posts",
        select(
            *(post.c[name] for name in ("iri", "title", "url", "image_url", "image_alt", "nsfw")),
            post.c.body_source.label("body"),
            *(post.c[name] for name in _WRITTEN),
            post.c.upvotes,
            post.c.downvotes,
            _group.c.iri.label("community"),
        ).select_from(post.join(_group, _group.c.id == post.c.community_id)),
        post.c.author_id,
        post.c.id,
    ),
    ExportPart(
        "comments",
        select(
            comment.c.iri,
            comment.c.body_source.label("body"),
            *(comment.c[name] for name in _WRITTEN),
            comment.c.upvotes,
            comment.c.downvotes,
            post.c.iri.label("post"),
        ).select_from(comment.join(post, post.c.id == comment.c.post_id)),
        comment.c.author_id,
        comment.c.id,
    ),
    ExportPart(
        "former_versions",
        select(
            func.coalesce(post.c.iri, comment.c.iri).label("iri"),
            *(revision.c[name] for name in ("title", "url", "body_html")),
            revision.c.written_at,
            revision.c.replaced_at,
        ).select_from(
            revision.outerjoin(post, post.c.id == revision.c.post_id).outerjoin(
                comment, comment.c.id == revision.c.comment_id
            )
        ),
        (post.c.author_id, comment.c.author_id),
        revision.c.id,
    ),
    _about(
        *("post_votes", post_vote, post, "post_id", post_vote.c.score, post_vote.c.voted_at),
        owner="voter_id",
    ),
    _about(
        *("comment_votes", comment_vote, comment, "comment_id"),
        *(comment_vote.c.score, comment_vote.c.voted_at),
        owner="voter_id",
    ),
    _about(
        "follows",
        follow,
        actor,
        "target_id",
        follow.c.state,
        follow.c.watched_since,
        owner="follower_id",
    ),
    _about("followers", follow, actor, "follower_id", follow.c.state, owner="target_id"),
    _about("moderates", moderator, actor, "community_id", moderator.c.appointed_at),
    _about("saved_posts", saved_post, post, "post_id", saved_post.c.saved_at),
    _about("saved_comments", saved_comment, comment, "comment_id", saved_comment.c.saved_at),
    _about("hidden_posts", hidden_post, post, "post_id", hidden_post.c.hidden_at),
    _about("followed_posts", followed_post, post, "post_id", followed_post.c.followed_at),
    _about("muted_posts", muted_post, post, "post_id", muted_post.c.muted_at),
    _about("read_posts", post_visit, post, "post_id", post_visit.c.visited_at),
    _about("blocked", actor_block, actor, "blocked_id", actor.c.kind, actor_block.c.blocked_at),
    _part(
        *("blocked_hosts", host_block, host_block.c.host, host_block.c.blocked_at),
        owner="person_id",
        key="host",
    ),
    ExportPart(
        "messages",
        select(
            message.c.iri,
            _text_for_both(message.c.body_source).label("body"),
            # Messages from other servers often have no source.
            _text_for_both(message.c.body_html).label("body_html"),
            message.c.published_at,
            message.c.updated_at,
            message.c.deleted_at,
            _author.c.iri.label("from"),
            _recipient.c.iri.label("to"),
        ).select_from(
            message.join(_author, _author.c.id == message.c.author_id).join(
                _recipient, _recipient.c.id == message.c.recipient_id
            )
        ),
        (message.c.author_id, message.c.recipient_id),
        message.c.id,
    ),
    _part(
        "uploads",
        media,
        *(media.c[name] for name in ("name", "purpose", "width", "height", "bytes", "created_at")),
        owner="owner_id",
    ),
    _part(
        "notifications",
        notification,
        *(notification.c[name] for name in ("kind", "detail", "reason", "created_at", "read_at")),
        owner="recipient_id",
    ),
    _part(
        "notification_choices",
        notification_choice,
        *(notification_choice.c[name] for name in ("kind", "on_site", "by_mail", "by_push")),
        owner="person_id",
        key="kind",
    ),
    _about("muted_communities", muted_community, actor, "community_id", muted_community.c.muted_at),
    # Reported content is named by its id only: others wrote it, and it may have been removed.
    ExportPart(
        "reports",
        select(
            *(report.c[name] for name in ("iri", "reason", "created_at", "resolved_at")),
            _REPORTED.label("about"),
        ).select_from(
            report.outerjoin(post, post.c.id == report.c.post_id)
            .outerjoin(comment, comment.c.id == report.c.comment_id)
            .outerjoin(message, message.c.id == report.c.message_id)
        ),
        report.c.reporter_id,
        report.c.id,
    ),
    # Those that the member wrote. Those about the member are for the other moderators alone
    # (docs/decisions/0059).
    ExportPart(
        "moderator_notes",
        select(
            _author.c.iri.label("about"),
            _group.c.iri.label("community"),
            *(moderator_note.c[name] for name in ("text", "created_at")),
        ).select_from(
            moderator_note.outerjoin(_author, _author.c.id == moderator_note.c.person_id).outerjoin(
                _group, _group.c.id == moderator_note.c.community_id
            )
        ),
        moderator_note.c.author_id,
        moderator_note.c.id,
    ),
    _part(
        *("drafts", draft, draft.c.form, draft.c.fields, draft.c.updated_at),
        owner="person_id",
        key="form",
    ),
    _part(
        "application_decisions",
        application_decision,
        *(application_decision.c[name] for name in ("approved", "deny_reason", "decided_at")),
        owner="account_id",
        key="account_id",
    ),
    ExportPart(
        "push_devices",
        select(session.c.user_agent, push_subscription.c.created_at).select_from(
            push_subscription.join(session, session.c.id == push_subscription.c.session_id)
        ),
        push_subscription.c.account_id,
        push_subscription.c.id,
    ),
    _part(
        "passkeys",
        passkey,
        *(passkey.c[name] for name in ("name", "created_at", "used_at")),
        owner="account_id",
    ),
    _part(
        "sessions",
        session,
        *(session.c[name] for name in ("user_agent", "created_at", "used_at", "expires_at")),
        owner="account_id",
    ),
)


def export_head(member: Member) -> Row:
    """Profile and account, without the hash of the password."""
    person, login = asdict(member.person), asdict(member.account)
    return {
        "profile": {name: person[name] for name in _PROFILE},
        "account": {name: login[name] for name in _ACCOUNT},
    }


def read_part(
    conn: Connection, part: ExportPart, person_id: int, after: Any = None
) -> tuple[list[Row], Any]:
    """One page of a part, and the key after which the next page begins; None at the end."""
    owners = part.owner if isinstance(part.owner, tuple) else (part.owner,)
    statement = part.statement.add_columns(part.key.label("_key")).where(
        or_(*(owner == _PERSON for owner in owners))
    )
    if after is not None:
        statement = statement.where(part.key > after)
    page = statement.order_by(part.key).limit(PAGE)
    found = conn.execute(page, {"person": person_id}).mappings()
    # Plain strings: labels are a type of SQLAlchemy's, which orjson does not accept as keys.
    rows = [{str(name): value for name, value in row.items()} for row in found]
    keys = [row.pop("_key") for row in rows]
    return rows, keys[-1] if len(rows) == PAGE else None


def lemmy_settings(conn: Connection, member: Member) -> Row:
    """What Lemmy 0.19 and its clients import as settings: profile, follows, saved, blocks."""
    mine = {part.name: part for part in PARTS}
    ids: Mapping[str, list[Row]] = {
        name: _read_all(conn, mine[name], member.person.id)
        for name in ("follows", "saved_posts", "saved_comments", "blocked", "blocked_hosts")
    }
    blocked = ids["blocked"]
    return {
        "display_name": member.person.title or None,
        "bio": member.person.summary_source or None,
        "avatar": member.person.icon_url,
        "banner": member.person.image_url,
        "matrix_id": member.person.matrix_user_id,
        "bot_account": member.person.is_bot,
        "settings": _settings(member.account),
        "followed_communities": [row["iri"] for row in ids["follows"]],
        "saved_posts": [row["iri"] for row in ids["saved_posts"]],
        "saved_comments": [row["iri"] for row in ids["saved_comments"]],
        "blocked_communities": [row["iri"] for row in blocked if row["kind"] == "Group"],
        "blocked_users": [row["iri"] for row in blocked if row["kind"] != "Group"],
        "blocked_instances": [row["host"] for row in ids["blocked_hosts"]],
    }


def _settings(mine: Account) -> Row:
    """The settings that Lemmy's export has as well, by its names."""
    return {
        **json.loads(mine.app_preferences),
        "show_nsfw": mine.show_nsfw,
        "show_read_posts": mine.show_read_posts,
        "show_bot_accounts": mine.show_bot_accounts,
        "send_notifications_to_email": mine.mail_notifications,
        "interface_language": mine.interface_language or "browser",
    }


def _read_all(conn: Connection, part: ExportPart, person_id: int) -> list[Row]:
    rows, after = read_part(conn, part, person_id)
    while after is not None:
        more, after = read_part(conn, part, person_id, after)
        rows += more
    return rows
