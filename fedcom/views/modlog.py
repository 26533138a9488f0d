"""The public modlog: of one community or of all, with filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    and_,
    case,
    or_,
    select,
    true,
)

from fedcom.errors import NotFound
from fedcom.models.actor import actor, community
from fedcom.models.base import values_of
from fedcom.models.comment import comment
from fedcom.models.moderation import ModlogKind, modlog
from fedcom.models.post import post
from fedcom.queries.visibility import is_admin, is_closed, may_read, sees_moderators
from fedcom.views.community import CommunityView, community_columns, find_community_in
from fedcom.views.paging import Cursor, Page, Start, one_page, page_values, to_page
from fedcom.views.person import ActorView, PersonView, actor_columns, find_person_in, to_actor
from fedcom.views.planning import checked
from fedcom.views.viewer import NOBODY, VIEWER

PAGE = 50
"""Entries per page."""


@dataclass(frozen=True, slots=True)
class LogGroup:
    """Entries of some kinds that concern a post, a comment, one community or the whole instance;
    "" is for kinds of which all entries concern the same.
    """

    kinds: tuple[ModlogKind, ...]
    about: Literal["", "post", "comment", "community", "instance"] = ""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """The filter of the log; None and "" do not restrict it.

    `person_id` is the person concerned, directly or as the author. `target_iri` is the id of what
    was moderated. Entries are in one of the `groups`, if any are given.
    """

    community_id: int | None = None
    moderator_id: int | None = None
    person_id: int | None = None
    target_iri: str = ""
    kind: str = ""
    groups: tuple[LogGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class ModlogView:
    """One moderation action.

    `post_id` or `comment_id` is its target if that is known here; `title` (a comment's is its
    post's) is set if the viewer may still read it; `subject` is the person or community concerned,
    or the author of the post or comment. `community` is None for actions that concern the whole
    instance. `moderator` is None also for viewers who are not told (`sees_moderators`).
    """

    subject: ActorView | None
    moderator: PersonView | None
    community: CommunityView | None
    id: int
    kind: str
    reason: str
    expires_at: datetime | None
    created_at: datetime
    target_iri: str
    post_id: int | None
    comment_id: int | None
    title: str | None

    @property
    def path(self) -> str | None:
        """The page of the target; None if there is none here."""
        if self.post_id is not None:
            return f"/post/{self.post_id}"
        if self.comment_id is not None:
            return f"/comment/{self.comment_id}"
        if self.subject is None:
            return None
        return f"/{'c' if self.subject.kind == 'Group' else 'u'}/{self.subject.slug}"


_moderator = actor.alias("moderator_actor")
_named = actor.alias("named_actor")
_group = actor.alias("community_actor")
_author = actor.alias("author_actor")
_above = post.alias("post_above")


def _title_of(group: FromClause) -> ColumnElement[str]:
    """The title of a closed community is for admins only."""
    hidden = and_(is_closed(group.c.id), ~is_admin(VIEWER))
    return case((hidden, ""), else_=group.c.title)


def _readable_title(content: FromClause) -> ColumnElement[str | None]:
    return case((may_read(content, content.c.community_id, VIEWER), content.c.title))


_VALUES = values_of(ModlogView, without=("subject", "moderator", "community"))
_LOG = one_page(
    select(
        *(modlog.c[name] for name in ("id", "kind", "reason", "expires_at", "created_at")),
        modlog.c.target_iri,
        post.c.id.label("post_id"),
        comment.c.id.label("comment_id"),
        case(
            (post.c.id.is_not(None), _readable_title(post)),
            else_=_readable_title(_above),
        ).label("title"),
        *actor_columns(_named, "named_", title=_title_of(_named)),
        *actor_columns(_author, "author_"),
        *actor_columns(_moderator, "moderator_"),
        *community_columns(_group, "community_", title=_title_of(_group)),
    )
    .select_from(modlog)
    .outerjoin(post, post.c.iri == modlog.c.target_iri)
    .outerjoin(comment, comment.c.iri == modlog.c.target_iri)
    .outerjoin(_above, _above.c.id == comment.c.post_id)
    .outerjoin(_named, _named.c.iri == modlog.c.target_iri)
    .outerjoin(_author, _author.c.id == modlog.c.person_id)
    .outerjoin(_moderator, and_(_moderator.c.id == modlog.c.moderator_id, sees_moderators(VIEWER)))
    .outerjoin(_group, _group.c.id == modlog.c.community_id)
    .outerjoin(community, community.c.actor_id == modlog.c.community_id)
    .order_by(modlog.c.id.desc())
)


def list_modlog(
    conn: Connection,
    wanted: LogFilter,
    *,
    viewer_id: int = NOBODY,
    after: Start = None,
    limit: int = PAGE,
) -> Page[ModlogView]:
    """Moderation actions, newest first, in one statement.

    The title of deleted or removed content is given only to viewers who may still read it.
    """
    conditions = _conditions(wanted)
    if isinstance(after, Cursor):
        conditions.append(modlog.c.id < after.row_id)
    parameters = {"viewer": viewer_id, **page_values(after, limit)}
    rows = conn.execute(_LOG.where(*conditions), parameters).mappings().all()
    return to_page(rows, limit, _to_entry, "id")


def get_entry(conn: Connection, entry_id: int, *, viewer_id: int) -> ModlogView:
    """The entry with this row id, as `list_modlog` shows it. Raises NotFound."""
    parameters = {"viewer": viewer_id, **page_values(None, 1)}
    row = conn.execute(_LOG.where(modlog.c.id == entry_id), parameters).mappings().first()
    if row is None:
        raise NotFound("couldnt_find_decision", "There is no such decision.")
    return _to_entry(row)


def _conditions(wanted: LogFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.community_id is not None:
        found.append(modlog.c.community_id == wanted.community_id)
    if wanted.person_id is not None:
        found.append(modlog.c.person_id == wanted.person_id)
    if wanted.moderator_id is not None:
        found += [modlog.c.moderator_id == wanted.moderator_id, sees_moderators(VIEWER)]
    if wanted.target_iri:
        found.append(modlog.c.target_iri == wanted.target_iri)
    if wanted.kind:
        found.append(modlog.c.kind == wanted.kind)
    if wanted.groups:
        found += [_is_one_of(wanted.groups), checked(or_(*map(_is_in, wanted.groups)))]
    return found


_IS_ABOUT: Mapping[str, ColumnElement[bool]] = {
    "": true(),
    "post": post.c.id.is_not(None),
    "comment": comment.c.id.is_not(None),
    "community": modlog.c.community_id.is_not(None),
    "instance": modlog.c.community_id.is_(None),
}


def _is_in(group: LogGroup) -> ColumnElement[bool]:
    return and_(modlog.c.kind.in_(group.kinds), _IS_ABOUT[group.about])


def _is_one_of(groups: tuple[LogGroup, ...]) -> ColumnElement[bool]:
    kinds = sorted({kind for group in groups for kind in group.kinds})
    # Both conditions are `checked` so that databases read the newest entries first, and not all of
    # these kinds to sort them.
    return checked(modlog.c.kind.in_(kinds))


def _to_entry(row: RowMapping) -> ModlogView:
    named = None if row["named_id"] is None else to_actor(row, "named_")
    # The target of a purged comment is the post that it was on.
    author = None if row["kind"] == "purge_comment" else find_person_in(row, "author_")
    return ModlogView(
        named or author,
        find_person_in(row, "moderator_"),
        find_community_in(row, "community_"),
        *_VALUES(row),
    )
