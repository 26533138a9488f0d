"""A post as one line of a list: its columns, the names around it, and what the viewer did with it.

The joins here are the same for every list; which posts, and in which order, is `feed`'s matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, func, or_, select

from fedcom.db import BigId
from fedcom.models.actor import actor, community as community_table
from fedcom.models.media import link_preview, media
from fedcom.models.personal import hidden_post, post_visit, saved_post
from fedcom.models.post import post, post_rank
from fedcom.models.vote import post_vote
from fedcom.queries.people import NAME_WIDTH, ActorRef, name_columns, to_name
from fedcom.queries.visibility import is_post_shown

author = actor.alias("author")
place = actor.alias("community_actor")

VIEWER: ColumnElement[int] = bindparam("viewer", type_=BigId)


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post as lists show it, with the names around it.

    `body_html` is as much of the text as was asked for and may end in the middle of a tag. `vote`
    (-1, 0, 1), `saved`, `hidden` and `seen` (the comments there were when the thread was last read,
    None: never) are the viewer's.
    """

    id: int
    iri: str
    title: str
    url: str | None
    nsfw: bool
    content_warning: str
    body_html: str
    language: str | None
    published_at: datetime
    updated_at: datetime | None
    locked_at: datetime | None
    featured_at: datetime | None
    upvotes: int
    downvotes: int
    comments: int
    vote: int
    saved: bool
    hidden: bool
    seen: int | None
    # The name of a small picture of what it links to.
    thumbnail: str | None
    author: ActorRef
    community: ActorRef

    @property
    def score(self) -> int:
        """Votes up less votes down."""
        return self.upvotes - self.downvotes

    @property
    def new_comments(self) -> int:
        """Comments that came since the viewer last read the thread; 0 when that never was."""
        return 0 if self.seen is None else max(self.comments - self.seen, 0)


def _of_viewer(
    table: Table, column: ColumnElement[Any], person: str = "person_id"
) -> ColumnElement[Any]:
    # Not outer joins: beyond eight tables PostgreSQL takes longer to plan a join than to run it.
    mine = select(column).where(table.c.post_id == post.c.id, table.c[person] == VIEWER)
    return mine.correlate(post).scalar_subquery()


COLUMNS: tuple[ColumnElement[Any], ...] = (
    post.c.id,
    post.c.iri,
    post.c.title,
    post.c.url,
    or_(post.c.nsfw, community_table.c.nsfw),
    post.c.content_warning,
    func.substr(post.c.body_html, 1, bindparam("text")),
    post.c.language,
    post.c.published_at,
    post.c.updated_at,
    post.c.locked_at,
    post.c.featured_at,
    post.c.upvotes,
    post.c.downvotes,
    post.c.comments,
    func.coalesce(_of_viewer(post_vote, post_vote.c.score, "voter_id"), 0),
    _of_viewer(saved_post, saved_post.c.post_id).is_not(None),
    _of_viewer(hidden_post, hidden_post.c.post_id).is_not(None),
    _of_viewer(post_visit, post_visit.c.comments),
    select(func.coalesce(media.c.thumbnail, media.c.name))
    .join(link_preview, link_preview.c.media_id == media.c.id)
    .where(link_preview.c.post_id == post.c.id)
    .correlate(post)
    .scalar_subquery(),
    *name_columns(author),
    *name_columns(place),
)
"""What `to_line` reads, in its order."""

WIDTH = len(COLUMNS)


SOURCE = (
    post_rank.join(post, post.c.id == post_rank.c.post_id)
    .join(author, author.c.id == post.c.author_id)
    .join(place, place.c.id == post.c.community_id)
    .join(community_table, community_table.c.actor_id == post.c.community_id)
)
"""The tables behind `COLUMNS`."""

SHOWN = is_post_shown(place)
"""Neither taken away nor in a community that was."""


def to_line(row: Sequence[Any]) -> PostLine:
    """The values of `COLUMNS` → the line."""
    names = WIDTH - 2 * NAME_WIDTH
    behind = names + NAME_WIDTH
    values = [*row[:names], to_name(row[names:behind]), to_name(row[behind:WIDTH])]
    return PostLine(*values)
