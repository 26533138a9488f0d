"""The people whom a writer may mean by the beginning of a name, those of the thread first."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Text,
    bindparam,
    func,
    or_,
    select,
    union_all,
)

from database.patterns import beginning, containing, fits
from fedcom.db import BigId
from fedcom.models.account import account
from fedcom.models.actor import actor, community
from fedcom.models.comment import comment
from fedcom.models.post import post
from fedcom.queries.visibility import (
    is_found,
    is_post_shown,
    is_shown,
)
from fedcom.text.search_terms import parse_terms
from fedcom.views.person import PersonView, actor_columns, to_person
from fedcom.views.search import SearchQuery, Viewer, search_people
from fedcom.views.search_statement import people
from fedcom.views.viewer import NOBODY, VIEWER

SHORTEST = 2
"""Letters from which on everybody known is searched: one letter would match too many."""

RECENT = 500
"""The comments of a thread whose authors are offered, from the newest on."""

_POST: ColumnElement[int] = bindparam("post", type_=BigId)


def list_people_called(
    conn: Connection, text: str, viewer_id: int, *, post_id: int = NOBODY, limit: int
) -> tuple[PersonView, ...]:
    """The people whose handle begins with `text`, or whose display name contains it: first those
    who took part in the thread of this post, the latest first, then members, then others that are
    known here.

    Not the viewer; nobody who is deleted, waiting for approval, or blocked by the viewer; nobody of
    a thread that is not shown.
    """
    called = text.lower()
    values = {
        "viewer": viewer_id,
        "post": post_id,
        "begins": beginning(called),
        "contains": containing(called),
        "count": limit,
    }
    found: dict[int, PersonView] = {}
    for statement in (_OF_THREAD, _MEMBERS):
        for row in conn.execute(statement, values).mappings():
            _keep(found, row)
    if len(found) < limit and len(called) >= SHORTEST:
        wanted = SearchQuery(terms=parse_terms(text), limit=limit + 1)
        for hit in search_people(conn, wanted, Viewer(viewer_id)).items:
            if hit.view.id != viewer_id:
                found.setdefault(hit.view.id, hit.view)
    return tuple(found.values())[:limit]


def _keep(found: dict[int, PersonView], row: RowMapping) -> None:
    person = to_person(row, "")
    found.setdefault(person.id, person)


def _people(*where: ColumnElement[Any]) -> Select[Any]:
    begins, contains = bindparam("begins", type_=Text), bindparam("contains", type_=Text)
    handle, title = func.lower(actor.c.name) + "@" + actor.c.host, func.lower(actor.c.title)
    return (
        select(*actor_columns(actor, ""))
        .where(
            *people(is_guest=False),
            actor.c.id != VIEWER,
            or_(fits(handle, begins), fits(title, contains)),
            *where,
        )
        .limit(bindparam("count"))
    )


def _of_thread() -> Select[Any]:
    latest = (
        select(comment.c.author_id, comment.c.published_at)
        .where(comment.c.post_id == _POST, is_shown(comment))
        .order_by(comment.c.published_at.desc(), comment.c.id.desc())
        .limit(RECENT)
        .subquery()
    )
    wrote = union_all(
        select(latest.c.author_id, latest.c.published_at),
        select(post.c.author_id, post.c.published_at).where(post.c.id == _POST),
    ).subquery()
    took_part = (
        select(wrote.c.author_id, func.max(wrote.c.published_at).label("latest"))
        .group_by(wrote.c.author_id)
        .subquery()
    )
    group = actor.alias()
    place = post.join(group, group.c.id == post.c.community_id).join(
        community, community.c.actor_id == post.c.community_id
    )
    is_read = is_found(place, post.c.id == _POST, is_post_shown(group))
    return (
        _people(is_read)
        .join(took_part, took_part.c.author_id == actor.c.id)
        .order_by(took_part.c.latest.desc(), actor.c.id)
    )


def _members() -> Select[Any]:
    member = account.alias()
    return _people().join(member, member.c.actor_id == actor.c.id).order_by(actor.c.name)


_OF_THREAD = _of_thread()
_MEMBERS = _members()
