"""What search engines are told of: the communities of this server, and what was written here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select

from fedcom.db import UtcDateTime
from fedcom.models.actor import actor, community
from fedcom.models.post import post, post_rank
from fedcom.queries.visibility import is_not_hidden, is_open
from fedcom.views.feed import RANKED
from fedcom.views.post import SHOWN, author, group
from fedcom.views.viewer import NOBODY

RECENT = timedelta(days=31)
"""How old a post may be, as in Lemmy 0.19: search engines remember the older ones."""

MAX_POSTS, MAX_COMMUNITIES = 10_000, 10_000
"""The protocol allows 50,000 addresses in one file (sitemaps.org)."""


@dataclass(frozen=True, slots=True)
class SitePage:
    """The address of a page and when it changed, None if that is unknown."""

    address: str
    changed_at: datetime | None


_LISTED = community.c.nsfw.is_(False), is_not_hidden(community, NOBODY, guest=True)
_COMMUNITIES = (
    select(actor.c.iri)
    .join(community, community.c.actor_id == actor.c.id)
    .where(actor.c.indexable, actor.c.local, actor.c.kind == "Group", is_open(actor), *_LISTED)
    .order_by(actor.c.name)
    .limit(MAX_COMMUNITIES)
)
_POSTS = (
    select(post.c.iri, func.coalesce(post.c.updated_at, post.c.published_at).label("changed_at"))
    .select_from(RANKED)
    .where(
        post.c.local,
        author.c.indexable,
        group.c.indexable,
        post.c.nsfw.is_(False),
        SHOWN,
        *_LISTED,
        post_rank.c.published_at > bindparam("since", type_=UtcDateTime),
    )
    .order_by(post_rank.c.published_at.desc(), post_rank.c.post_id.desc())
    .limit(MAX_POSTS)
)


def list_site_pages(conn: Connection, now: datetime) -> Iterator[SitePage]:
    """The communities by name, then the posts, newest first: of both those that guests see in the
    lists of everything, without sensitive ones.
    """
    for iri in conn.execute(_COMMUNITIES).scalars():
        yield SitePage(iri, None)
    for row in conn.execute(_POSTS, {"since": now - RECENT}):
        yield SitePage(row.iri, row.changed_at)
