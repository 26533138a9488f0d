"""One post for its page: with the names around it and all that the viewer has to do with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, exists, select

from fedcom.db import BigId
from fedcom.errors import NotFound
from fedcom.models.actor import community as community_table
from fedcom.models.base import columns_of
from fedcom.models.media import link_preview, media
from fedcom.models.personal import Draft, draft, hidden_post, post_visit, saved_post
from fedcom.models.post import Post, post
from fedcom.models.revision import revision
from fedcom.models.vote import post_vote
from fedcom.queries.drafts import read_fields
from fedcom.queries.people import NAME_WIDTH, NOBODY, ActorRef, name_columns, to_name
from fedcom.queries.post_lines import SHOWN, author, place
from fedcom.queries.visibility import reads_removed

_FAR = 2**53

MAX_CROSS_POSTS = 20

PAUSE = timedelta(minutes=30)
"""Who comes back after a longer one begins another visit."""

NOTE_EVERY = timedelta(minutes=1)
"""Looking at a page again within this does not write, unless there was something new."""


@dataclass(frozen=True, slots=True)
class LastVisit:
    """What is known of a member's last look at a thread.

    A visit goes on while less than `PAUSE` passes between two looks: reloading a page, or coming
    back to it after voting, does not make its new comments old.
    """

    comments: int
    visited_at: datetime
    new_after: datetime | None

    def new_from(self, now: datetime) -> datetime | None:
        """Comments written after this are new to who looks now; None: they see all as old."""
        return self.visited_at if now - self.visited_at > PAUSE else self.new_after

    def is_to_be_noted(self, about: Post, now: datetime) -> bool:
        """Whether a look at `now` is worth writing down."""
        return about.comments != self.comments or now - self.visited_at > NOTE_EVERY


@dataclass(frozen=True, slots=True)
class LinkPreview:
    """What is shown of a post's link: words ("" when there are none), the name of a picture."""

    title: str
    description: str
    picture: str | None


@dataclass(frozen=True, slots=True)
class PostView:
    """One post with the names around it, and what the viewer did with it.

    What its author deleted or a moderator removed has no title, no link and no text any more, but
    for those who may judge a removal: `is_readable`.
    `last_visit` is the viewer's last look at the thread; None: there was none.
    """

    post: Post
    vote: int
    last_visit: LastVisit | None
    is_saved: bool
    is_hidden: bool
    # There are former versions of it to be read.
    was_edited: bool
    preview: LinkPreview | None
    is_readable: bool
    author: ActorRef
    community: ActorRef
    # What the viewer left in the form for an answer.
    draft: Draft | None = None


@dataclass(frozen=True, slots=True)
class CrossPost:
    """Another post with the same link."""

    id: int
    title: str
    comments: int
    community: ActorRef


def _has(table: Table) -> ColumnElement[bool]:
    return exists().where(table.c.post_id == post.c.id, table.c.person_id == bindparam("viewer"))


def _left(column: ColumnElement[Any]) -> ColumnElement[Any]:
    # Not a join: the others are as many as PostgreSQL plans quickly.
    mine = draft.c.person_id == bindparam("viewer"), draft.c.place == bindparam("draft_place")
    return select(column).where(*mine).scalar_subquery()


_POST = columns_of(Post, post)
_GET = (
    select(
        *_POST,
        post_vote.c.score,
        post_visit.c.comments,
        post_visit.c.visited_at,
        post_visit.c.new_after,
        _has(saved_post),
        _has(hidden_post),
        exists().where(revision.c.post_id == post.c.id),
        link_preview.c.title,
        link_preview.c.description,
        media.c.name,
        *name_columns(author),
        *name_columns(place),
        _left(draft.c.fields),
        _left(draft.c.updated_at),
        reads_removed(post, post.c.community_id, bindparam("viewer", type_=BigId)),
    )
    .select_from(post)
    .join(author, author.c.id == post.c.author_id)
    .join(place, place.c.id == post.c.community_id)
    .outerjoin(
        post_vote,
        and_(post_vote.c.post_id == post.c.id, post_vote.c.voter_id == bindparam("viewer")),
    )
    .outerjoin(
        post_visit,
        and_(post_visit.c.post_id == post.c.id, post_visit.c.person_id == bindparam("viewer")),
    )
    .outerjoin(
        link_preview, and_(link_preview.c.post_id == post.c.id, link_preview.c.state == "done")
    )
    .outerjoin(media, media.c.id == link_preview.c.media_id)
    .where(post.c.id == bindparam("post"))
)
_NAMES = len(_POST) + 10
_DRAFT = _NAMES + 2 * NAME_WIDTH


def get_post_view(
    conn: Connection, post_id: int, *, viewer_id: int = NOBODY, draft_place: str = ""
) -> PostView:
    """The post for its page; raises NotFound when there never was one with this id.

    With what the viewer left in the form with the place `draft_place`.
    """
    row = None
    if 0 < post_id < _FAR:
        asked = {"post": post_id, "viewer": viewer_id, "draft_place": draft_place}
        row = conn.execute(_GET, asked).one_or_none()
    if row is None:
        raise NotFound("couldnt_find_post", "Post not found.")
    width = len(_POST)
    found = Post(*row[:width])
    is_readable = found.is_shown or bool(row[-1])
    if not is_readable:
        found = replace(
            found,
            title="",
            url=None,
            image_url=None,
            image_alt="",
            content_warning="",
            body_source="",
            body_html="",
        )
    preview = _to_preview(*row[_NAMES - 3 : _NAMES]) if found.is_shown else None
    vote, *visit, is_saved, is_hidden, was_edited = row[width : _NAMES - 3]
    return PostView(
        post=found,
        vote=vote or 0,
        last_visit=None if visit[1] is None else LastVisit(*visit),
        is_saved=bool(is_saved),
        is_hidden=bool(is_hidden),
        was_edited=bool(was_edited),
        preview=preview,
        is_readable=is_readable,
        author=to_name(row[_NAMES : _NAMES + NAME_WIDTH]),
        community=to_name(row[_NAMES + NAME_WIDTH : _DRAFT]),
        draft=row[_DRAFT] and Draft(draft_place, read_fields(row[_DRAFT]), row[_DRAFT + 1]),
    )


def _to_preview(title: str | None, description: str, picture: str | None) -> LinkPreview | None:
    if not title and not picture:
        return None
    return LinkPreview(title or "", description, picture)


_CROSS_POSTS = (
    select(post.c.id, post.c.title, post.c.comments, *name_columns(place))
    .select_from(post)
    .join(place, place.c.id == post.c.community_id)
    .join(community_table, community_table.c.actor_id == post.c.community_id)
    .where(
        post.c.url == bindparam("url"),
        post.c.id != bindparam("post"),
        *SHOWN,
    )
    .order_by(post.c.comments.desc(), post.c.id.desc())
    .limit(bindparam("count"))
)


def list_cross_posts(
    conn: Connection, about: Post, *, limit: int = MAX_CROSS_POSTS
) -> tuple[CrossPost, ...]:
    """The other posts that are shown and have the same link, those most talked about first."""
    if about.url is None:
        return ()
    rows = conn.execute(_CROSS_POSTS, {"url": about.url, "post": about.id, "count": limit})
    return tuple(_to_cross_post(row) for row in rows)


def _to_cross_post(row: Sequence[Any]) -> CrossPost:
    return CrossPost(row[0], row[1], row[2], to_name(row[3:]))
