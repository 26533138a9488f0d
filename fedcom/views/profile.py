"""A person's page: facts next to the name, and posts and comments in one list."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    func,
    select,
)

from fedcom.db import BigId
from fedcom.models.actor import actor, author_counts, community as community_table
from fedcom.models.moderation import moderator
from fedcom.queries.visibility import is_admin, is_blocked, is_closed, is_found
from fedcom.views.comment import CommentView
from fedcom.views.comment_feed import comments_beside, list_comments
from fedcom.views.community import CommunityView, community_columns, to_community
from fedcom.views.feed import FeedQuery, Sort, list_posts
from fedcom.views.paging import Cursor
from fedcom.views.post import PostView
from fedcom.views.viewer import NOBODY, VIEWER


@dataclass(frozen=True, slots=True)
class ProfileStats:
    """The numbers of a person's posts and comments that are neither deleted nor removed, the
    communities they moderate, and whether the viewer blocks them and moderates any community.
    """

    posts: int
    comments: int
    is_admin: bool
    is_blocked: bool
    is_viewer_moderator: bool
    moderates: tuple[CommunityView, ...]


@dataclass(frozen=True, slots=True)
class Contributions:
    """Posts and comments in one order, and the cursor of each.

    At the end of the list `has_more` is False and the cursors have no meaning.
    """

    items: tuple[PostView | CommentView, ...]
    posts_after: Cursor | None
    comments_after: Cursor | None
    has_more: bool


_PERSON: ColumnElement[int] = bindparam("person", type_=BigId)


_group = actor.alias("moderated")
_FACTS = (
    select(
        *(
            func.coalesce(author_counts.c[name], 0).label(f"own_{name}")
            for name in ("posts", "comments")
        ),
        is_admin(_PERSON).label("is_admin"),
        is_blocked(VIEWER, ids=[_PERSON]).label("is_blocked"),
        is_found(moderator, moderator.c.person_id == VIEWER).label("is_viewer_moderator"),
        *community_columns(_group, "community_"),
    )
    .select_from(
        (_self := actor.alias("self"))
        .outerjoin(author_counts, author_counts.c.author_id == _self.c.id)
        .outerjoin(moderator, moderator.c.person_id == _self.c.id)
        # Joined one by one: SQLite would read all communities for two that are joined before.
        .outerjoin(
            _group,
            and_(_group.c.id == moderator.c.community_id, ~is_closed(moderator.c.community_id)),
        )
        .outerjoin(community_table, community_table.c.actor_id == _group.c.id)
    )
    .where(_self.c.id == _PERSON)
    .order_by(_group.c.name, _group.c.host)
)


def get_facts(conn: Connection, person_id: int, *, viewer_id: int = NOBODY) -> ProfileStats:
    """The stats of a known person, in one statement; open communities only, by name."""
    wanted = {"person": person_id, "viewer": viewer_id}
    rows = conn.execute(_FACTS, wanted).mappings().all()
    first, *_ = rows
    return ProfileStats(
        posts=first["own_posts"],
        comments=first["own_comments"],
        is_admin=first["is_admin"],
        is_blocked=first["is_blocked"],
        is_viewer_moderator=first["is_viewer_moderator"],
        moderates=tuple(
            to_community(row, "community_") for row in rows if row["community_id"] is not None
        ),
    )


def list_contributions(
    conn: Connection,
    wanted: FeedQuery,
    posts_after: Cursor | None,
    comments_after: Cursor | None,
    *,
    viewer_id: int = NOBODY,
    now: datetime | None = None,
) -> Contributions:
    """Posts and comments of `wanted.subject_id`, "new" or "top" first, at most `wanted.limit`
    together.

    Posts and comments are two lists read side by side, each with its own index and its own cursor
    from the previous page (`wanted.after` has no effect).
    """
    above, below = replace(wanted, after=posts_after), replace(wanted, after=comments_after)
    posts = list_posts(conn, above, viewer_id=viewer_id, now=now)
    comments = list_comments(conn, comments_beside(below), viewer_id=viewer_id, now=now)
    both: list[PostView | CommentView] = [*posts.items, *comments.items]
    both.sort(key=lambda item: _key_of(item, wanted.sort), reverse=True)
    items = tuple(both[: wanted.limit])
    for item in items:
        cursor = Cursor.after(_key_of(item, wanted.sort), item.id)
        if isinstance(item, PostView):
            posts_after = cursor
        else:
            comments_after = cursor
    has_more = len(both) > len(items) or posts.has_more or comments.has_more
    return Contributions(items, posts_after, comments_after, has_more)


def _key_of(item: PostView | CommentView, sort: Sort) -> Any:
    """The sort key of a post or comment, newest or best first."""
    return item.published_at if sort == "new" else item.score
