"""A member's notifications, as a list.

Notifications about content that was deleted or removed since, or whose community was closed, are
left out. Those about moderation actions are always shown.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, and_, bindparam, case, func, or_, select, union

from database.id_lists import one_of
from fedcom.models.actor import actor, community
from fedcom.models.appeal import appeal, appeal_message
from fedcom.models.base import values_of
from fedcom.models.comment import comment
from fedcom.models.follow import follow
from fedcom.models.message import message
from fedcom.models.moderation import modlog
from fedcom.models.notification import Filter, Kind, muted_community, notification
from fedcom.models.outside_mention import outside_mention
from fedcom.models.post import post
from fedcom.queries.appeals import is_appealable
from fedcom.queries.notifications import HAS_SUBJECT, IS_SHOWN, LISTS, WITH_SUBJECTS
from fedcom.queries.visibility import is_admin, is_closed, is_open, may_read, sees_moderators
from fedcom.text.html import excerpt_of
from fedcom.views.community import CommunityView, community_columns, find_community_in, to_community
from fedcom.views.paging import Page, Start, is_past, one_page, page_values, to_page
from fedcom.views.person import PersonView, actor_columns, find_person_in
from fedcom.views.planning import checked
from fedcom.views.viewer import VIEWER

PAGE = 20


@dataclass(frozen=True, slots=True)
class NotificationView:
    """One notification, with the beginning of the text or the content warning in front of it.

    `detail` and `reason` are the modlog's, for moderation actions.
    """

    by: PersonView | None
    community: CommunityView | None
    excerpt: str
    id: int
    kind: Kind
    detail: str
    reason: str
    created_at: datetime
    read_at: datetime | None
    post_id: int | None
    comment_id: int | None
    message_id: int | None
    # Where a remote post without a page here can be read.
    address: str | None
    post_title: str | None
    # Whether the post accepts comments, so that a reply can be written from here.
    is_open: bool
    # In the modlog: of the removal or ban that this tells of, or of what an appeal is about.
    decision_id: int | None


_by = actor.alias("by_actor")
_group = actor.alias("community_actor")
# Moderation actions are always shown, but without other people's texts.
_READS_POST = may_read(post, post.c.community_id, VIEWER)
_READS_COMMENT = may_read(comment, post.c.community_id, VIEWER)
_TITLE = case((and_(is_closed(_group.c.id), ~is_admin(VIEWER)), ""), else_=_group.c.title)
# A notification is written at the very time of what it tells of.
_DECIDED = (
    select(func.max(modlog.c.id))
    .where(
        modlog.c.person_id == notification.c.recipient_id,
        modlog.c.kind == notification.c.detail,
        modlog.c.created_at == notification.c.created_at,
        modlog.c.community_id.is_not_distinct_from(notification.c.community_id),
        is_appealable(),
    )
    .correlate(notification)
    .scalar_subquery()
)
_APPEALED = (
    select(func.max(appeal.c.decision_id))
    .select_from(appeal.join(appeal_message, appeal_message.c.appeal_id == appeal.c.id))
    .where(
        appeal_message.c.author_id == notification.c.actor_id,
        appeal_message.c.created_at == notification.c.created_at,
    )
    .correlate(notification)
    .scalar_subquery()
)
_DECISION = case(
    (notification.c.kind != "moderation", None),
    (notification.c.detail.in_(["remove", "ban"]), _DECIDED),
    (notification.c.detail.startswith("appeal"), _APPEALED),
)
_OWN = (
    *("id", "kind", "detail", "reason", "created_at", "read_at"),
    *("post_id", "comment_id", "message_id"),
)
_VALUES = values_of(NotificationView, without=("by", "community", "excerpt"))
_ALL = (
    select(
        *(notification.c[name] for name in _OWN),
        func.coalesce(outside_mention.c.url, outside_mention.c.iri).label("address"),
        case((_READS_POST, post.c.title)).label("post_title"),
        and_(
            post.c.id.is_not(None), post.c.locked_at.is_(None), comment.c.locked_at.is_(None)
        ).label("is_open"),
        case(
            (notification.c.comment_id.is_(None), case((_READS_POST, post.c.content_warning))),
            (_READS_COMMENT, comment.c.content_warning),
        ).label("content_warning"),
        outside_mention.c.excerpt.label("outside_excerpt"),
        case(
            (notification.c.message_id.is_not(None), message.c.body_html),
            (notification.c.comment_id.is_(None), case((_READS_POST, post.c.body_html))),
            (_READS_COMMENT, comment.c.body_html),
        ).label("body_html"),
        _DECISION.label("decision_id"),
        *actor_columns(_by, "by_"),
        *community_columns(_group, "community_", title=_TITLE),
    )
    .select_from(
        WITH_SUBJECTS.outerjoin(
            _by,
            and_(
                _by.c.id == notification.c.actor_id,
                or_(notification.c.kind != "moderation", sees_moderators(VIEWER)),
            ),
        )
        .outerjoin(_group, _group.c.id == notification.c.community_id)
        .outerjoin(outside_mention, outside_mention.c.id == notification.c.outside_mention_id)
    )
    .where(notification.c.recipient_id == VIEWER)
    .order_by(notification.c.id.desc())
)
_LIST = one_page(
    _ALL.where(
        notification.c.kind.in_(bindparam("kinds", expanding=True)),
        is_past(notification.c.id),
        IS_SHOWN,
    )
)
_UNREAD = _LIST.where(notification.c.read_at.is_(None))
_NEWS = _ALL.where(
    one_of(notification.c.id, "ids"), notification.c.read_at.is_(None), HAS_SUBJECT
).limit(bindparam("count"))


def list_notifications(
    conn: Connection,
    viewer_id: int,
    only: Filter = "",
    *,
    unread: bool = False,
    after: Start = None,
    limit: int = PAGE,
) -> Page[NotificationView]:
    """A member's notifications, newest first: all, some kinds, or the unread ones."""
    wanted = {"viewer": viewer_id, "kinds": LISTS[only], **page_values(after, limit)}
    rows = conn.execute(_UNREAD if unread else _LIST, wanted).mappings().all()
    return to_page(rows, limit, _to_notification, "id")


def list_news(
    conn: Connection, viewer_id: int, ids: Collection[int], limit: int
) -> tuple[NotificationView, ...]:
    """Of a member's notifications with these row ids the newest that are still to be told: neither
    read meanwhile nor about something that is gone. They need not be in the member's list.
    """
    wanted = {"viewer": viewer_id, "ids": ids, "count": limit}
    return tuple(_to_notification(row) for row in conn.execute(_NEWS, wanted).mappings())


_MUTED = select(muted_community.c.community_id).where(muted_community.c.person_id == VIEWER)
_WATCHED = select(follow.c.target_id).where(
    follow.c.follower_id == VIEWER, checked(follow.c.watched_since.is_not(None))
)
_CHOSEN = (
    select(*community_columns(_group, ""), _group.c.id.in_(_MUTED).label("muted"))
    .select_from(_group.join(community, community.c.actor_id == _group.c.id))
    .where(_group.c.id.in_(union(_MUTED, _WATCHED)), is_open(_group))
    .order_by(_group.c.name, _group.c.host)
)


@dataclass(frozen=True, slots=True)
class ChosenCommunity:
    """A community of which a member wants to know more or less than usual: all or nothing."""

    community: CommunityView
    is_muted: bool


def list_chosen_communities(conn: Connection, viewer_id: int) -> tuple[ChosenCommunity, ...]:
    """The open communities that a member watches or has muted, by name."""
    rows = conn.execute(_CHOSEN, {"viewer": viewer_id}).mappings()
    return tuple(ChosenCommunity(to_community(row), row["muted"]) for row in rows)


def _to_notification(row: RowMapping) -> NotificationView:
    excerpt = row["content_warning"] or row["outside_excerpt"] or excerpt_of(row["body_html"] or "")
    return NotificationView(
        find_person_in(row, "by_"), find_community_in(row, "community_"), excerpt, *_VALUES(row)
    )
