"""The public modlog: of one community or of all, with filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    Select,
    Subquery,
    Table,
    and_,
    bindparam,
    case,
    or_,
    select,
    union_all,
)

from fedcom.errors import NotFound
from fedcom.models.actor import actor, community
from fedcom.models.base import values_of
from fedcom.models.comment import comment
from fedcom.models.moderation import ModlogKind, ModlogScope, modlog
from fedcom.models.post import post
from fedcom.queries.visibility import is_admin, is_closed, may_read, sees_moderators
from fedcom.views.community import CommunityView, community_columns, find_community_in
from fedcom.views.paging import Cursor, Page, Start, first_rows, one_page, page_values, to_page
from fedcom.views.person import ActorView, PersonView, actor_columns, find_person_in, to_actor
from fedcom.views.planning import checked, constant
from fedcom.views.viewer import NOBODY, VIEWER

PAGE = 50
"""Entries per page."""


@dataclass(frozen=True, slots=True)
class LogGroup:
    """Entries of some kinds that are about a post or comment that is still known here, one
    community or the whole instance; None is for kinds of which all entries are about the same.
    """

    kinds: tuple[ModlogKind, ...]
    about: ModlogScope | None = None


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
_COLUMNS = (
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


def _log(entries: FromClause) -> Select[Any]:
    """A page of these entries of the log with what they name, newest first."""
    known = (
        entries.outerjoin(post, post.c.iri == modlog.c.target_iri)
        .outerjoin(comment, comment.c.iri == modlog.c.target_iri)
        .outerjoin(_above, _above.c.id == comment.c.post_id)
        .outerjoin(_named, _named.c.iri == modlog.c.target_iri)
        .outerjoin(_author, _author.c.id == modlog.c.person_id)
        .outerjoin(
            _moderator, and_(_moderator.c.id == modlog.c.moderator_id, sees_moderators(VIEWER))
        )
        .outerjoin(_group, _group.c.id == modlog.c.community_id)
        .outerjoin(community, community.c.actor_id == modlog.c.community_id)
    )
    return one_page(select(*_COLUMNS).select_from(known).order_by(modlog.c.id.desc()))


_LOG = _log(modlog)


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
    past = [modlog.c.id < after.row_id] if isinstance(after, Cursor) else []
    statement = _LOG
    if len(wanted.groups) == 1 and not conditions:
        first = first_rows(after, limit)
        most = constant(first) if first else bindparam("count") + bindparam("skip")
        newest = _newest(wanted.groups[0], past, most)
        statement = _log(newest.join(modlog, modlog.c.id == newest.c.id))
    elif wanted.groups:
        # The newest entries are read first, and not all of these kinds to sort them.
        conditions.append(checked(or_(*map(_is_in, wanted.groups))))
    conditions += past
    parameters = {"viewer": viewer_id, **page_values(after, limit)}
    rows = conn.execute(statement.where(*conditions), parameters).mappings().all()
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
    return found


_CONTENT: Mapping[ModlogScope | None, Table] = {"post": post, "comment": comment}


def _is_in(group: LogGroup) -> ColumnElement[bool]:
    return and_(modlog.c.kind.in_(group.kinds), *_is_about(group.about))


def _is_about(about: ModlogScope | None) -> list[ColumnElement[bool]]:
    found = [] if about is None else [modlog.c.about == about]
    if about in _CONTENT:
        found.append(checked(_CONTENT[about].c.id.is_not(None)))
    return found


def _newest(group: LogGroup, past: list[ColumnElement[bool]], most: ColumnElement[int]) -> Subquery:
    """The ids of the newest `most` entries of each kind, which an index has in their order."""
    content = _CONTENT.get(group.about)
    found = []
    for kind in group.kinds:
        entries = select(modlog.c.id).where(modlog.c.kind == kind, *_is_about(group.about), *past)
        if content is not None:
            known = content.c.iri == modlog.c.target_iri
            entries = entries.select_from(modlog.outerjoin(content, known))
        newest = entries.order_by(modlog.c.id.desc()).limit(most).subquery()
        found.append(select(newest.c.id))
    return union_all(*found).subquery("newest")


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
