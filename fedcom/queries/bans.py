"""Bans: who is banned, from where and until when."""

from datetime import datetime

from sqlalchemy import Connection, exists, or_, select

from activitypub.errors import Malformed
from activitypub.iri import origin_of
from fedcom.models.actor import Community, Person, actor, community
from fedcom.models.base import columns_of, first_row, to_row
from fedcom.models.comment import comment
from fedcom.models.follow import follow
from fedcom.models.moderation import CommunityBan, community_ban, modlog
from fedcom.models.post import post
from fedcom.queries.actors import find_actor, get_person
from fedcom.queries.visibility import is_not_deleted

_BAN = columns_of(CommunityBan, community_ban)
_COMMUNITY = select(*columns_of(Community, actor, community)).join(
    community, community.c.actor_id == actor.c.id
)


def find_ban(conn: Connection, community_id: int, person_id: int) -> CommunityBan | None:
    """The ban of a person from a community, whether or not it has run out."""
    found = select(*_BAN).where(
        community_ban.c.community_id == community_id, community_ban.c.person_id == person_id
    )
    return first_row(CommunityBan, conn.execute(found))


def is_banned_by_us(conn: Connection, person: Person, now: datetime) -> bool:
    """Whether a local admin bans them, whatever other servers say."""
    return person.is_banned(now) and is_our_ban(conn, person)


def is_our_ban(conn: Connection, person: Person) -> bool:
    """Whether the ban of a person from this server is a local admin's, and not only their server's.

    The modlog has its author; entries without one are the command line's.
    """
    by_local = conn.execute(
        select(actor.c.local)
        .select_from(modlog.outerjoin(actor, actor.c.id == modlog.c.moderator_id))
        .where(
            modlog.c.community_id.is_(None),
            modlog.c.kind == "ban",
            modlog.c.target_iri == person.iri,
            modlog.c.created_at >= person.banned_at,
        )
    ).scalars()
    return set(by_local) != {False}


def list_site_bans(
    conn: Connection, host: str, now: datetime, *, person_id: int | None = None
) -> list[CommunityBan]:
    """The bans in force at `now` that exclude our members (or one of them) from another server's
    communities because the whole server banned them, the newest last.

    Bans by a community's own moderators are in its modlog; those by its server are not.
    """
    member = actor.alias("member")
    own = exists().where(
        modlog.c.community_id == community_ban.c.community_id,
        modlog.c.kind == "ban",
        modlog.c.target_iri == member.c.iri,
        modlog.c.created_at >= community_ban.c.created_at,
    )
    whose = member.c.local.is_(True) if person_id is None else member.c.id == person_id
    rows = conn.execute(
        select(*_BAN)
        .join(actor, actor.c.id == community_ban.c.community_id)
        .join(member, member.c.id == community_ban.c.person_id)
        .where(
            actor.c.host == host,
            actor.c.local.is_(False),
            or_(community_ban.c.expires_at.is_(None), community_ban.c.expires_at > now),
            whose,
            ~own,
        )
        .order_by(community_ban.c.created_at, community_ban.c.community_id)
    )
    return [to_row(CommunityBan, row) for row in rows.mappings()]


def has_banned_member(conn: Connection, community_id: int) -> bool:
    """Whether the community has banned a local member, who waits for the end of the ban."""
    ours = exists().where(
        community_ban.c.community_id == community_id,
        community_ban.c.person_id == actor.c.id,
        actor.c.local.is_(True),
    )
    return bool(conn.execute(select(ours)).scalar())


def list_banned_people(conn: Connection, now: datetime) -> list[int]:
    """The row ids of the people who are banned from this whole server, latest first."""
    found = select(actor.c.id).where(
        actor.c.banned_at.is_not(None),
        or_(actor.c.ban_expires_at.is_(None), actor.c.ban_expires_at > now),
        actor.c.kind != "Group",
        is_not_deleted(actor),
    )
    return list(conn.execute(found.order_by(actor.c.banned_at.desc(), actor.c.id)).scalars())


def list_communities_of(conn: Connection, person_id: int) -> list[Community]:
    """The local communities in which a person wrote something, or which they follow."""
    wrote = exists().where(post.c.community_id == actor.c.id, post.c.author_id == person_id)
    answered = (
        exists()
        .where(comment.c.author_id == person_id, comment.c.post_id == post.c.id)
        .where(post.c.community_id == actor.c.id)
    )
    follows = exists().where(follow.c.target_id == actor.c.id, follow.c.follower_id == person_id)
    rows = conn.execute(
        _COMMUNITY.where(actor.c.local.is_(True), or_(wrote, answered, follows)).order_by(
            actor.c.id
        )
    ).mappings()
    return [to_row(Community, row) for row in rows]


def list_communities_on(conn: Connection, host: str) -> list[Community]:
    """The communities of another server that are known here."""
    rows = conn.execute(
        _COMMUNITY.where(actor.c.host == host, actor.c.local.is_(False)).order_by(actor.c.id)
    ).mappings()
    return [to_row(Community, row) for row in rows]


def list_banned_from(conn: Connection, person_id: int, at: datetime) -> list[Community]:
    """The local communities from which a person was banned at exactly this moment."""
    rows = conn.execute(
        _COMMUNITY.join(community_ban, community_ban.c.community_id == actor.c.id)
        .where(
            actor.c.local.is_(True),
            community_ban.c.person_id == person_id,
            community_ban.c.created_at == at,
        )
        .order_by(actor.c.id)
    ).mappings()
    return [to_row(Community, row) for row in rows]


def banned_since(
    conn: Connection, person: Person, community: Community | None, now: datetime
) -> datetime | None:
    """None for a person who is not banned (any more)."""
    if community is None:
        person = get_person(conn, person.id)  # the caller's row may be older than the ban
        return person.banned_at if person.is_banned(now) else None
    ban = find_ban(conn, community.id, person.id)
    return ban.created_at if ban is not None and ban.holds(now) else None


def is_site(conn: Connection, iri: str) -> bool:
    """Whether the id stands for a whole server: its bare origin, or its own actor."""
    found = find_actor(conn, iri)
    if found is not None:
        return found.kind == "Application"
    try:
        return iri.removesuffix("/") == origin_of(iri)
    except Malformed:
        return False
