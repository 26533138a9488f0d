"""Who voted on a post or a comment: for admins, and for moderators in their communities."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, bindparam, or_, select

from fedcom.db import BigId
from fedcom.models.actor import Person, actor
from fedcom.models.moderation import community_ban
from fedcom.models.vote import comment_vote, post_vote
from fedcom.queries.actors import is_admin, standing
from fedcom.queries.content import Content, community_of, is_about, table_of
from fedcom.queries.visibility import is_found
from fedcom.rules.permissions import may_see_voters
from fedcom.views.paging import Cursor, Page, Start, one_page, page_values, to_page
from fedcom.views.person import PersonView, actor_columns, to_person
from fedcom.views.viewer import NOBODY, NOW, viewer_values

PAGE = 50
"""Voters per page."""


@dataclass(frozen=True, slots=True)
class VoterView:
    """A vote of 1 or -1, its voter, and whether they are banned from the community."""

    person: PersonView
    is_banned: bool
    score: int


_VOTES: Mapping[str, Any] = {"post": post_vote, "comment": comment_vote}


def list_voters(
    conn: Connection,
    target: Content,
    viewer: Person,
    now: datetime,
    *,
    after: Start = None,
    limit: int = PAGE,
) -> Page[VoterView]:
    """The votes on `target`, by the row ids of the voters. Raises Denied for viewers who may not
    know.
    """
    community = community_of(conn, target)
    mine = standing(conn, viewer, community)
    may_see_voters(viewer, mine, is_admin(conn, viewer.id), now)
    wanted = {
        **viewer_values(NOBODY, now),
        **page_values(after, limit),
        "community": community.id,
    }
    rows = conn.execute(_statement(target, after), wanted).mappings().all()
    return to_page(rows, limit, _to_voter, "voter_id", "voter_id")


def _statement(target: Content, after: Start) -> Select[Any]:
    votes = _VOTES[table_of(target).name]
    statement = one_page(
        select(*actor_columns(actor, "voter_"), votes.c.score, _is_banned(votes).label("is_banned"))
        .select_from(votes.join(actor, actor.c.id == votes.c.voter_id))
        .where(is_about(votes, target))
        .order_by(votes.c.voter_id)
    )
    if isinstance(after, Cursor):
        statement = statement.where(votes.c.voter_id > bindparam("after_id", type_=BigId))
    return statement


def _is_banned(votes: Any) -> ColumnElement[bool]:
    return is_found(
        community_ban,
        community_ban.c.community_id == bindparam("community", type_=BigId),
        community_ban.c.person_id == votes.c.voter_id,
        or_(community_ban.c.expires_at.is_(None), community_ban.c.expires_at > NOW),
    )


def _to_voter(row: RowMapping) -> VoterView:
    return VoterView(to_person(row, "voter_"), bool(row["is_banned"]), row["score"])
