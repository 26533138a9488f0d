"""Comments: one view for threads, authors' lists, saved comments, feeds and search."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
)

from database.id_lists import one_of
from fedcom.db import BigId
from fedcom.errors import NotFound
from fedcom.models.actor import community as community_table
from fedcom.models.base import to_row, values_of
from fedcom.models.comment import comment
from fedcom.models.content import Contribution
from fedcom.models.personal import saved_comment
from fedcom.models.post import post
from fedcom.models.vote import comment_vote
from fedcom.queries.visibility import is_blocked, is_comment_shown, is_shown, reads_removed
from fedcom.views.community import CommunityView, community_columns, to_community
from fedcom.views.person import PersonView, actor_columns, to_person
from fedcom.views.post import IN_COMMUNITY, author, group
from fedcom.views.viewer import (
    NOBODY,
    VIEWER,
    AuthorStanding,
    own,
    standing_columns,
    to_standing,
    viewer_values,
)


@dataclass(frozen=True, slots=True)
class PostOfComment:
    """The part of a post that is shown with a comment on it; the title is "" if the viewer may not
    read it.
    """

    id: int
    iri: str
    title: str
    nsfw: bool
    locked_at: datetime | None


@dataclass(frozen=True, slots=True)
class CommentView(Contribution):
    """A comment with its author, community, position in the thread, and what the viewer did with
    it.

    `path` holds the ids from the root to the comment; `replies` counts all comments below it. The
    text of a deleted or removed comment is given only to viewers who may judge a removal. `vote` is
    -1, 0 or 1.
    """

    parent_id: int | None
    path: str
    depth: int
    distinguished: bool
    replies: int
    vote: int
    is_saved: bool
    author: PersonView
    standing: AuthorStanding
    # The viewer has blocked its author, or the author's server.
    is_author_blocked: bool
    post: PostOfComment
    community: CommunityView

    @property
    def is_deleted(self) -> bool:
        """Whether its author deleted it."""
        return self.deleted_at is not None

    @property
    def is_removed(self) -> bool:
        """Whether a moderator removed it."""
        return self.removed_at is not None

    @property
    def is_locked(self) -> bool:
        """Whether a moderator closed it and everything below it to replies."""
        return self.locked_at is not None


@dataclass(frozen=True, slots=True)
class CommentAuthor:
    """The author of comments in one community: the same for all that they wrote there."""

    person: PersonView
    standing: AuthorStanding
    is_blocked: bool


_STANDING = values_of(AuthorStanding, "author_")
_AROUND = ("author", "standing", "is_author_blocked", "post", "community")
_VALUES = values_of(CommentView, without=_AROUND)
_COMMENT_COLUMNS = (
    *("id", "iri", "local", "parent_id", "path", "depth", "language", "published_at"),
    *("updated_at", "deleted_at", "removed_at", "locked_at", "distinguished"),
    *("upvotes", "downvotes", "replies"),
)


def comment_columns(
    *,
    body_html: ColumnElement[str] | None = None,
    content_warning: ColumnElement[str] | None = None,
    guest: bool = False,
) -> list[ColumnElement[Any]]:
    """The columns that `to_comment` reads of the comment itself, for VIEWER or for guests only.

    The two texts may be shorter than what is stored.
    """
    voted = (
        select(comment_vote.c.score)
        .where(comment_vote.c.comment_id == comment.c.id, comment_vote.c.voter_id == VIEWER)
        .correlate(comment)
        .scalar_subquery()
    )
    saved = exists().where(
        saved_comment.c.comment_id == comment.c.id, saved_comment.c.person_id == VIEWER
    )
    html = comment.c.body_html if body_html is None else body_html
    warning = comment.c.content_warning if content_warning is None else content_warning
    return [
        *(comment.c[name] for name in _COMMENT_COLUMNS),
        html.label("body_html"),
        warning.label("content_warning"),
        own(func.coalesce(voted, 0), "vote", guest=guest, otherwise=literal_column("0")),
        own(saved.correlate(comment), "is_saved", guest=guest, otherwise=false()),
    ]


def author_columns(
    community_id: ColumnElement[Any], *, guest: bool = False
) -> list[ColumnElement[Any]]:
    """The columns that `to_author` reads of `author` in this community."""
    blocked = is_blocked(VIEWER, ids=[author.c.id], hosts=[author.c.host])
    return [
        *actor_columns(author, "author_"),
        *standing_columns(author.c.id, community_id),
        own(blocked, "author_is_blocked", guest=guest, otherwise=false()),
    ]


def to_author(row: RowMapping) -> CommentAuthor:
    """The author of a row of `author_columns`."""
    standing = to_standing(*_STANDING(row))
    return CommentAuthor(to_person(row, "author_"), standing, row["author_is_blocked"])


def _if_readable(column: ColumnElement[str]) -> ColumnElement[str]:
    readable = or_(is_shown(comment), reads_removed(comment, post.c.community_id, VIEWER))
    return case((readable, column), else_="")


def to_comment(
    row: RowMapping, by: CommentAuthor, post: PostOfComment, inside: CommunityView
) -> CommentView:
    """The view of a row of `comment_columns`, by this author on this post in this community."""
    # In the order of the last fields.
    around: tuple[Any, ...] = (by.person, by.standing, by.is_blocked, post, inside)
    return CommentView(*_VALUES(row) + around)


COMMENTS = (
    comment.join(author, author.c.id == comment.c.author_id)
    .join(post, post.c.id == comment.c.post_id)
    .join(group, group.c.id == post.c.community_id)
    .join(community_table, IN_COMMUNITY)
)
"""The tables joined for a comment in a list."""

COMMENT_SHOWN = is_comment_shown(group)
"""Neither the comment nor its post nor the community is deleted or removed."""


def _listed(*, guest: bool) -> tuple[ColumnElement[Any], ...]:
    of_post = ("id", "iri", "title", "nsfw", "locked_at")
    return (
        *comment_columns(guest=guest),
        *author_columns(post.c.community_id, guest=guest),
        *(post.c[name].label(f"post_{name}") for name in of_post),
        *community_columns(group, "community_", guest=guest),
    )


LISTED = _listed(guest=False)
"""The columns of a comment in a list, for `to_listed`."""

LISTED_FOR_GUESTS = _listed(guest=True)


def to_listed(row: RowMapping) -> CommentView:
    """The view of a row of `LISTED`."""
    post = to_row(PostOfComment, row, "post_")
    inside = to_community(row, "community_")
    return to_comment(row, to_author(row), post, inside)


_NEWEST = (
    select(*LISTED)
    .select_from(COMMENTS)
    .where(comment.c.post_id == bindparam("post", type_=BigId), COMMENT_SHOWN)
    .order_by(comment.c.published_at.desc(), comment.c.id.desc())
    .limit(bindparam("count"))
)


def list_newest_comments(
    conn: Connection, post_id: int, limit: int, *, now: datetime | None = None
) -> list[CommentView]:
    """The public comments on a post, flat and newest first, for feed readers."""
    wanted = {"post": post_id, "count": limit, **viewer_values(NOBODY, now)}
    return [to_listed(row) for row in conn.execute(_NEWEST, wanted).mappings()]


_ONE = (
    select(
        *comment_columns(
            body_html=_if_readable(comment.c.body_html),
            content_warning=_if_readable(comment.c.content_warning),
        ),
        *author_columns(post.c.community_id),
        *(
            post.c[name].label(f"post_{name}")
            for name in ("id", "iri", "title", "nsfw", "locked_at")
        ),
        *community_columns(group, "community_"),
    )
    .select_from(COMMENTS)
    .where(one_of(comment.c.id, "ids"))
)


def find_comment_views(
    conn: Connection,
    ids: Iterable[int],
    *,
    viewer_id: int = NOBODY,
    now: datetime | None = None,
) -> Mapping[int, CommentView]:
    """The comments with these row ids, by id, deleted and removed ones too: without their text,
    unless the viewer may judge a removal.
    """
    wanted = set(ids)
    if not wanted:
        return {}
    values = {"ids": wanted, **viewer_values(viewer_id, now)}
    return {row["id"]: to_listed(row) for row in conn.execute(_ONE, values).mappings()}


def get_comment_view(
    conn: Connection, comment_id: int, *, viewer_id: int = NOBODY, now: datetime | None = None
) -> CommentView:
    """The comment with this row id. Raises NotFound."""
    found = find_comment_views(conn, [comment_id], viewer_id=viewer_id, now=now)
    if comment_id not in found:
        raise NotFound("couldnt_find_comment", "Comment not found.")
    return found[comment_id]
