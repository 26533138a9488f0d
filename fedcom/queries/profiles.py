"""The page of a person: facts beside their name, and what they wrote of both kinds in one list."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, ScalarSelect, and_, bindparam, func, select

from fedcom.db import BigId
from fedcom.models.actor import actor, community as community_table
from fedcom.models.comment import comment
from fedcom.models.moderation import moderator
from fedcom.models.post import post
from fedcom.queries.cursors import Cursor
from fedcom.queries.feed import FeedQuery, list_posts
from fedcom.queries.people import NOBODY, ActorRef, name_columns, to_name
from fedcom.queries.post_lines import SHOWN, SOURCE, PostLine
from fedcom.queries.remarks import REMARK_SHOWN, REMARKS, Remark, key_of, list_comments_of
from fedcom.queries.visibility import is_blocked, is_kept, is_there


@dataclass(frozen=True, slots=True)
class ProfileStats:
    """How much a person wrote, where they moderate, and whether the viewer blocked them."""

    posts: int
    comments: int
    is_blocked: bool
    moderates: tuple[ActorRef, ...]


@dataclass(frozen=True, slots=True)
class Contributions:
    """Posts and comments in one order, and where each of them goes on.

    At the end of the list `has_more` is False and the cursors mean nothing.
    """

    lines: tuple[PostLine | Remark, ...]
    posts_after: Cursor | None
    comments_after: Cursor | None
    has_more: bool


_PERSON = bindparam("person", type_=BigId)
_VIEWER = bindparam("viewer", type_=BigId)


def _count(table: Any, *conditions: Any) -> ScalarSelect[int]:
    return select(func.count()).select_from(table).where(*conditions).scalar_subquery()


_FACTS = (
    select(
        _count(SOURCE, post.c.author_id == _PERSON, SHOWN),
        _count(REMARKS, comment.c.author_id == _PERSON, REMARK_SHOWN),
        is_blocked(_VIEWER, ids=[_PERSON]),
        *name_columns(_place := actor.alias("place")),
    )
    .select_from(
        (_self := actor.alias("self"))
        .outerjoin(moderator, moderator.c.person_id == _self.c.id)
        .outerjoin(
            community_table,
            and_(
                community_table.c.actor_id == moderator.c.community_id,
                is_kept(community_table),
            ),
        )
        .outerjoin(
            _place,
            and_(_place.c.id == community_table.c.actor_id, is_there(_place)),
        )
    )
    .where(_self.c.id == _PERSON)
    .order_by(_place.c.name, _place.c.host)
)


def get_facts(conn: Connection, person_id: int, *, viewer_id: int = NOBODY) -> ProfileStats:
    """Of a person who is kept here, in one statement; the communities by name, closed ones not."""
    rows = conn.execute(_FACTS, {"person": person_id, "viewer": viewer_id}).all()
    moderates = tuple(to_name(row[3:]) for row in rows if row[3] is not None)
    return ProfileStats(rows[0][0], rows[0][1], bool(rows[0][2]), moderates)


def list_works(
    conn: Connection, wanted: FeedQuery, comments_after: Cursor | None, *, viewer_id: int = NOBODY
) -> Contributions:
    """What `wanted.subject_id` wrote, "new" or "top" first, at most `wanted.limit` in all.

    `wanted.after` and `comments_after` are what the page before gave. Posts and comments are two
    lists that are read side by side, each with its own cursor: each from its own index.
    """
    posts = list_posts(conn, wanted, viewer_id=viewer_id)
    remarks = list_comments_of(conn, replace(wanted, after=comments_after), viewer_id=viewer_id)
    both: list[PostLine | Remark] = [*posts.lines, *remarks.lines]
    both.sort(key=lambda line: key_of(line, wanted.sort), reverse=True)
    lines = tuple(both[: wanted.limit])
    posts_after, answers_after = wanted.after, comments_after
    for line in lines:
        cursor = Cursor.after(key_of(line, wanted.sort), line.id)
        if isinstance(line, PostLine):
            posts_after = cursor
        else:
            answers_after = cursor
    has_more = len(both) > len(lines) or posts.next is not None or remarks.next is not None
    return Contributions(lines, posts_after, answers_after, has_more)
