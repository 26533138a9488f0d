"""People, communities, posts and comments with all that apps show of them.

Pages show less, so their lists read less. An app's list is a page of views, and then one statement
here for each kind of thing that the views name, whatever their number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    func,
    or_,
    select,
)

from database.id_lists import one_of
from fedcom.errors import NotFound
from fedcom.models.actor import actor, author_counts, community
from fedcom.models.base import to_row
from fedcom.models.comment import comment
from fedcom.models.content import Contribution
from fedcom.models.instance import instance
from fedcom.models.media import link_preview, media
from fedcom.models.moderation import community_ban
from fedcom.models.post import post
from fedcom.queries.visibility import is_admin, is_found, is_shown, reads_removed
from fedcom.views.community import CommunityView, community_columns
from fedcom.views.person import PersonView, actor_columns
from fedcom.views.post import author, viewer_columns, visit_column
from fedcom.views.viewer import NOBODY, NOW, VIEWER, viewer_values

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FullPerson(PersonView):
    """A person with their profile and the number of their server."""

    summary_source: str
    summary_html: str
    image_url: str | None
    updated_at: datetime | None
    matrix_user_id: str | None
    instance_id: int
    is_admin: bool
    # Of theirs, neither deleted nor removed.
    posts: int
    comments: int


@dataclass(frozen=True, slots=True)
class FullCommunity(CommunityView):
    """A community with its description and the number of its server.

    `is_viewer_banned` says whether the viewer is banned from it at present.
    """

    summary_source: str
    summary_html: str
    image_url: str | None
    updated_at: datetime | None
    local_subscribers: int
    users_active_day: int
    users_active_week: int
    users_active_month: int
    users_active_half_year: int
    hidden_at: datetime | None
    instance_id: int
    is_viewer_banned: bool


@dataclass(frozen=True, slots=True)
class FullPost(Contribution):
    """A post with its text and the preview of its link.

    Title, link and texts are empty unless the viewer may read the post. `picture_name` and
    `thumbnail_name` are files of `media`.
    """

    author_id: int
    community_id: int
    title: str
    url: str | None
    image_url: str | None
    image_alt: str
    body_source: str
    nsfw: bool
    featured_at: datetime | None
    site_featured_at: datetime | None
    comments: int
    last_comment_at: datetime | None
    # Whether the viewer may read it.
    is_readable: bool
    preview_title: str | None
    preview_description: str | None
    picture_name: str | None
    thumbnail_name: str | None
    media_type: str | None
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class FullPostView(FullPost):
    """A post with what the viewer did with it, and its author's standing in the community.

    `vote` is -1, 0 or 1.
    """

    vote: int
    is_saved: bool
    is_hidden: bool
    # The viewer has blocked its author, or the author's server.
    is_author_blocked: bool
    author_is_moderator: bool
    author_is_admin: bool
    # From the community, at present.
    author_is_banned: bool
    # The comments at the viewer's last view of the thread; None if there was none.
    visit_comments: int | None


@dataclass(frozen=True, slots=True)
class CommentSource:
    """The Markdown of a comment, "" if a peer sent none or the viewer may not read it."""

    id: int
    body_source: str


def _number_of(host: ColumnElement[str]) -> ColumnElement[int]:
    found = select(instance.c.id).where(instance.c.host == host).scalar_subquery()
    return func.coalesce(found, 0)


_PROFILE = ("summary_source", "summary_html", "image_url", "updated_at")
_COUNTS = (
    *("local_subscribers", "users_active_day", "users_active_week", "users_active_month"),
    *("users_active_half_year", "hidden_at"),
)
_PEOPLE = (
    select(
        *actor_columns(actor, ""),
        *(actor.c[name] for name in (*_PROFILE, "matrix_user_id")),
        _number_of(actor.c.host).label("instance_id"),
        is_admin(actor.c.id).label("is_admin"),
        *(func.coalesce(author_counts.c[name], 0).label(name) for name in ("posts", "comments")),
    )
    .outerjoin(author_counts, author_counts.c.author_id == actor.c.id)
    .where(one_of(actor.c.id, "ids"))
)


@cache
def _communities(*, guest: bool) -> Select[Any]:
    banned = is_found(
        community_ban,
        community_ban.c.community_id == actor.c.id,
        community_ban.c.person_id == VIEWER,
        or_(community_ban.c.expires_at.is_(None), community_ban.c.expires_at > NOW),
    )
    return (
        select(
            *community_columns(actor, "", guest=guest),
            *(actor.c[name] for name in _PROFILE),
            *(community.c[name] for name in _COUNTS),
            _number_of(actor.c.host).label("instance_id"),
            banned.label("is_viewer_banned"),
        )
        .join(community, community.c.actor_id == actor.c.id)
        .where(one_of(actor.c.id, "ids"))
    )


def _readable(content: FromClause) -> ColumnElement[bool]:
    return or_(is_shown(content), reads_removed(content, post.c.community_id, VIEWER))


def _if_readable(name: str, otherwise: Any) -> ColumnElement[Any]:
    return case((_readable(post), post.c[name]), else_=otherwise).label(name)


_OPEN = (
    *("id", "iri", "local", "author_id", "community_id", "language", "nsfw"),
    *("published_at", "updated_at", "deleted_at", "removed_at", "locked_at", "featured_at"),
    "site_featured_at",
    *("upvotes", "downvotes", "comments", "last_comment_at"),
)
_POSTS = (
    select(
        *(post.c[name] for name in _OPEN),
        *(
            _if_readable(name, "")
            for name in ("title", "image_alt", "body_source", "body_html", "content_warning")
        ),
        *(_if_readable(name, None) for name in ("url", "image_url")),
        _readable(post).label("is_readable"),
        case((_readable(post), link_preview.c.title)).label("preview_title"),
        case((_readable(post), link_preview.c.description)).label("preview_description"),
        case((_readable(post), media.c.name)).label("picture_name"),
        case((_readable(post), func.coalesce(media.c.thumbnail, media.c.name))).label(
            "thumbnail_name"
        ),
        *(media.c[name] for name in ("media_type", "width", "height")),
    )
    .select_from(post)
    .outerjoin(
        link_preview, and_(link_preview.c.post_id == post.c.id, link_preview.c.state == "done")
    )
    .outerjoin(media, media.c.id == link_preview.c.media_id)
    .where(one_of(post.c.id, "ids"))
)


@cache
def _post_views(*, guest: bool) -> Select[Any]:
    own = *viewer_columns(guest=guest), visit_column("comments", guest=guest)
    return _POSTS.add_columns(*own).join(author, author.c.id == post.c.author_id)


_SOURCES = (
    select(
        comment.c.id,
        case((_readable(comment), comment.c.body_source), else_="").label("body_source"),
    )
    .select_from(comment.join(post, post.c.id == comment.c.post_id))
    .where(one_of(comment.c.id, "ids"))
)


def find_people(conn: Connection, ids: Iterable[int]) -> Mapping[int, FullPerson]:
    """The people (or communities, as authors) with these row ids, by id."""
    return _find(conn, _PEOPLE, ids, {}, FullPerson)


def get_full_person(conn: Connection, person_id: int) -> FullPerson:
    """The person with this row id. Raises NotFound."""
    return _only(find_people(conn, [person_id]), "couldnt_find_person", "Person not found.")


def find_communities(
    conn: Connection, ids: Iterable[int], *, viewer_id: int = NOBODY, now: datetime
) -> Mapping[int, FullCommunity]:
    """The communities with these row ids, by id."""
    statement = _communities(guest=viewer_id == NOBODY)
    return _find(conn, statement, ids, viewer_values(viewer_id, now), FullCommunity)


def get_full_community(
    conn: Connection, community_id: int, *, viewer_id: int = NOBODY, now: datetime
) -> FullCommunity:
    """The community with this row id. Raises NotFound."""
    found = find_communities(conn, [community_id], viewer_id=viewer_id, now=now)
    return _only(found, "couldnt_find_community", "Community not found.")


def find_posts(
    conn: Connection, ids: Iterable[int], *, viewer_id: int = NOBODY
) -> Mapping[int, FullPost]:
    """The posts with these row ids, by id."""
    return _find(conn, _POSTS, ids, {"viewer": viewer_id}, FullPost)


def find_post_views(
    conn: Connection, ids: Iterable[int], *, viewer_id: int = NOBODY, now: datetime
) -> Mapping[int, FullPostView]:
    """As `find_posts`, with the viewer's own."""
    statement = _post_views(guest=viewer_id == NOBODY)
    return _find(conn, statement, ids, viewer_values(viewer_id, now), FullPostView)


def get_full_post(
    conn: Connection, post_id: int, *, viewer_id: int = NOBODY, now: datetime
) -> FullPostView:
    """The post with this row id. Raises NotFound."""
    found = find_post_views(conn, [post_id], viewer_id=viewer_id, now=now)
    return _only(found, "couldnt_find_post", "Post not found.")


def find_sources(
    conn: Connection, ids: Iterable[int], *, viewer_id: int = NOBODY
) -> Mapping[int, CommentSource]:
    """The Markdown of the comments with these row ids, by id."""
    return _find(conn, _SOURCES, ids, {"viewer": viewer_id}, CommentSource)


def _find(
    conn: Connection,
    statement: Select[Any],
    ids: Iterable[int],
    values: Mapping[str, Any],
    row_type: type[T],
) -> dict[int, T]:
    wanted = set(ids)
    if not wanted:
        return {}
    rows = conn.execute(statement, {**values, "ids": wanted}).mappings()
    return {row["id"]: to_row(row_type, row) for row in rows}


def _only(found: Mapping[int, T], code: str, text: str) -> T:
    for one in found.values():
        return one
    raise NotFound(code, text)
