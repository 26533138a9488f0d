"""What a guest or a new member gets to know first: who is here, and communities with a voice from
each.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    bindparam,
    func,
    select,
)

from fedcom.models.account import account
from fedcom.models.actor import actor, community
from fedcom.models.post import post, post_rank
from fedcom.queries.visibility import is_not_hidden, is_open
from fedcom.text.html import excerpt_of
from fedcom.views.community import CommunityView, community_columns, to_community
from fedcom.views.person import PersonView, actor_columns, to_person
from fedcom.views.viewer import NOBODY, VIEWER

DESCRIPTION, WORDS = 160, 140
"""Characters of a community's description, and of a voice from it."""

_HTML = 2_000
"""Characters of HTML that are read for these."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A recent post that people like, as one line."""

    post_id: int
    title: str
    words: str
    author: PersonView


@dataclass(frozen=True, slots=True)
class IntroducedCommunity:
    """A community with the beginning of its description; `voice` is None if nobody has posted."""

    community: CommunityView
    description: str
    voice: Voice | None


@dataclass(frozen=True, slots=True)
class Population:
    """The numbers of members and of open communities of this server."""

    members: int
    communities: int


_LOCAL = (
    select(func.count())
    .select_from(actor.join(community, community.c.actor_id == actor.c.id))
    .where(actor.c.local, actor.c.kind == "Group", is_open(actor))
)
_MEMBERS = select(func.count()).select_from(account).where(account.c.state == "active")
_POPULATION = select(
    _MEMBERS.scalar_subquery().label("members"), _LOCAL.scalar_subquery().label("communities")
)


def count_population(conn: Connection) -> Population:
    """How many people and communities are here."""
    return Population(**conn.execute(_POPULATION).mappings().one())


_author = actor.alias("author")
_group = actor.alias("group_actor")


def _hottest(community_id: ColumnElement[int]) -> ColumnElement[int]:
    """The id of the post that is hot there: recent and liked. One look-up in an index."""
    found = (
        select(post_rank.c.post_id)
        .join(post, post.c.id == post_rank.c.post_id)
        .where(
            post_rank.c.community_id == community_id,
            post.c.nsfw.is_(False),
            post.c.content_warning == "",
        )
        .order_by(post_rank.c.hot.desc(), post_rank.c.post_id.desc())
        .limit(1)
    )
    return found.correlate_except(post_rank, post).scalar_subquery()


@cache
def _introduce(*, local: bool) -> Select[Any]:
    order = (
        _group.c.local.desc(),
        community.c.users_active_month.desc(),
        community.c.followers.desc(),
        community.c.actor_id,
    )
    chosen = (
        select(community.c.actor_id)
        .join(_group, _group.c.id == community.c.actor_id)
        .where(
            is_open(_group),
            is_not_hidden(community, VIEWER),
            community.c.nsfw.is_(False),
            community.c.posting_restricted.is_(False),
        )
        .order_by(*order)
        .limit(bindparam("count"))
    )
    if local:
        chosen = chosen.where(_group.c.local, _group.c.kind == "Group")
    page = chosen.cte("chosen")
    return (
        select(
            *community_columns(_group, ""),
            func.substr(_group.c.summary_html, 1, _HTML).label("summary_html"),
            post.c.id.label("voice_id"),
            post.c.title.label("voice_title"),
            func.substr(post.c.body_html, 1, _HTML).label("voice_html"),
            *actor_columns(_author, "author_"),
        )
        .select_from(page)
        .join(community, community.c.actor_id == page.c.actor_id)
        .join(_group, _group.c.id == page.c.actor_id)
        .outerjoin(post, post.c.id == _hottest(page.c.actor_id))
        .outerjoin(_author, _author.c.id == post.c.author_id)
        .order_by(*order)
    )


def introduce(
    conn: Connection, limit: int, *, viewer_id: int = NOBODY, local: bool = False
) -> tuple[IntroducedCommunity, ...]:
    """Communities that a newcomer could join, in one statement: those of this server first, then
    the most active ones; with `local`, only those of this server. Sensitive and hidden ones, and
    those in which only moderators post, are left out.
    """
    rows = conn.execute(_introduce(local=local), {"viewer": viewer_id, "count": limit}).mappings()
    return tuple(_to_introduced(row) for row in rows)


def _to_introduced(row: RowMapping) -> IntroducedCommunity:
    voice = None
    if row["voice_id"] is not None:
        words = excerpt_of(row["voice_html"], WORDS)
        voice = Voice(row["voice_id"], row["voice_title"], words, to_person(row, "author_"))
    description = excerpt_of(row["summary_html"], DESCRIPTION)
    return IntroducedCommunity(to_community(row), description, voice)
