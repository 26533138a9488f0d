"""Community bans: the people banned from a community, and a person's own bans."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, bindparam, or_, select

from fedcom.db import BigId
from fedcom.models.actor import actor, community
from fedcom.models.base import columns_of, to_row
from fedcom.models.moderation import CommunityBan, community_ban
from fedcom.views.community import CommunityView, community_columns, to_community
from fedcom.views.paging import Page, Start, one_page, page_values, to_page
from fedcom.views.person import PersonView, actor_columns, to_person
from fedcom.views.viewer import NOBODY, NOW, viewer_values

PAGE = 50


@dataclass(frozen=True, slots=True)
class BanView:
    """A ban with the banned person and the community."""

    ban: CommunityBan
    person: PersonView
    community: CommunityView


_person = actor.alias("person_actor")
_group = actor.alias("community_actor")
_HOLDS = or_(community_ban.c.expires_at.is_(None), community_ban.c.expires_at > NOW)
_BANS = (
    select(
        *columns_of(CommunityBan, community_ban, prefix="ban_of_"),
        *actor_columns(_person, "person_"),
        *community_columns(_group, "community_"),
    )
    .select_from(
        community_ban.join(_person, _person.c.id == community_ban.c.person_id)
        .join(_group, _group.c.id == community_ban.c.community_id)
        .join(community, community.c.actor_id == community_ban.c.community_id)
    )
    .where(_HOLDS)
)
_SUBJECT: ColumnElement[int] = bindparam("subject", type_=BigId)
_OF_COMMUNITY = one_page(
    _BANS.where(
        and_(
            community_ban.c.community_id == _SUBJECT,
            _person.c.id > bindparam("after_id", type_=BigId),
        )
    ).order_by(_person.c.id)
)
_OF_PERSON = _BANS.where(community_ban.c.person_id == _SUBJECT).order_by(_group.c.name, _group.c.id)


def _to_ban(row: RowMapping) -> BanView:
    return BanView(
        to_row(CommunityBan, row, "ban_of_"),
        to_person(row, "person_"),
        to_community(row, "community_"),
    )


def list_bans(
    conn: Connection,
    community_id: int,
    now: datetime,
    *,
    after: Start = None,
    limit: int = PAGE,
) -> Page[BanView]:
    """The people banned from the community at `now`, in the order of their row ids."""
    wanted = {
        "subject": community_id,
        **page_values(after, limit),
        **viewer_values(NOBODY, now),
    }
    rows = conn.execute(_OF_COMMUNITY, wanted).mappings().all()
    return to_page(rows, limit, _to_ban, "person_id", "person_id")


def list_bans_of(conn: Connection, person_id: int, now: datetime) -> list[BanView]:
    """The communities this person is banned from at `now`, each with its ban."""
    wanted = {"subject": person_id, **viewer_values(person_id, now)}
    return [_to_ban(row) for row in conn.execute(_OF_PERSON, wanted).mappings()]
