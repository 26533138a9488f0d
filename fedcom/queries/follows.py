"""Follows between actors, and the inboxes that a community or a person reaches."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Text,
    bindparam,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    union,
    union_all,
)

from fedcom.db import BigId, UtcDateTime
from fedcom.errors import NotFound
from fedcom.models.account import account
from fedcom.models.actor import Actor, Community, actor, community
from fedcom.models.base import columns_of, first_row, to_row
from fedcom.models.comment import comment
from fedcom.models.follow import FollowRow, follow
from fedcom.models.moderation import community_ban
from fedcom.models.peer import peer
from fedcom.models.post import post
from fedcom.queries.actors import get_community
from fedcom.queries.visibility import is_not_deleted, is_open

FOLLOW = select(*columns_of(FollowRow, follow))
_group = actor.alias("group_actor")


@dataclass(frozen=True, slots=True)
class FollowerHost:
    """One inbox that followers share, and the stored data about its server."""

    inbox: str
    host: str
    software: str | None
    reached: bool


def find_follow(conn: Connection, follower_id: int, target_id: int) -> FollowRow | None:
    """The follow of one actor by another, pending or accepted."""
    which = {"follower": follower_id, "target": target_id}
    return first_row(FollowRow, conn.execute(_FOLLOW, which))


def get_follow(conn: Connection, follower_id: int, target_id: int) -> FollowRow:
    """As `find_follow`. Raises NotFound."""
    found = find_follow(conn, follower_id, target_id)
    if found is None:
        raise NotFound("couldnt_find_follow", "There is no follow to remove.")
    return found


def find_follow_by_iri(conn: Connection, iri: str) -> FollowRow | None:
    """The follow that this Follow activity asked for."""
    return first_row(FollowRow, conn.execute(FOLLOW.where(follow.c.iri == iri)))


def is_followed_here(conn: Connection, target_id: int) -> bool:
    """Whether at least one local member follows (or has asked to follow) the actor."""
    return bool(conn.execute(_FOLLOWED_HERE, {"target": target_id}).scalar())


def list_follows_of_members(conn: Connection, follower_id: int) -> list[FollowRow]:
    """The follows by which an actor follows local members, in the order of the requests."""
    rows = conn.execute(
        FOLLOW.join(actor, actor.c.id == follow.c.target_id)
        .where(
            follow.c.follower_id == follower_id,
            actor.c.local.is_(True),
            actor.c.kind != "Group",
        )
        .order_by(follow.c.id)
    )
    return [to_row(FollowRow, row) for row in rows.mappings()]


def list_pending(conn: Connection) -> list[FollowRow]:
    """Follows by members without a response, the oldest first."""
    target = actor.alias("target")
    rows = conn.execute(
        FOLLOW.join(actor, actor.c.id == follow.c.follower_id)
        .join(target, target.c.id == follow.c.target_id)
        .where(
            follow.c.state == "pending",
            actor.c.local.is_(True),
            is_not_deleted(actor),
            is_not_deleted(target),
        )
        .order_by(follow.c.id)
    )
    return [to_row(FollowRow, row) for row in rows.mappings()]


def count_by_host(conn: Connection) -> dict[str, tuple[int, int]]:
    """Of each other server, pending ones too: the follows by its people, and those of what is
    there.
    """
    found: dict[str, tuple[int, int]] = {}
    for host, followers, follows in conn.execute(_BY_HOST):
        before = found.get(host, (0, 0))
        found[host] = (before[0] + followers, before[1] + follows)
    return found


def count_unanswered(conn: Connection, before: datetime) -> list[tuple[str, int, datetime]]:
    """For each host: the number of members' follows without a response since `before`, and the time
    of the first of them.
    """
    target = actor.alias("target")
    rows = conn.execute(
        select(
            target.c.host,
            func.count().label("number"),
            func.min(follow.c.created_at).label("since"),
        )
        .join(target, target.c.id == follow.c.target_id)
        .join(actor, actor.c.id == follow.c.follower_id)
        .where(
            # A literal, for the partial index.
            follow.c.state == literal_column("'pending'", Text),
            follow.c.created_at < before,
            actor.c.local.is_(True),
            is_not_deleted(target),
        )
        .group_by(target.c.host)
        .order_by(target.c.host)
    )
    return [(row.host, row.number, row.since) for row in rows]


def find_unfilled(conn: Connection) -> list[Community]:
    """Remote communities that a member follows and whose old posts were not fetched yet."""
    rows = conn.execute(
        select(community.c.actor_id)
        .join(_group, _group.c.id == community.c.actor_id)
        .where(
            community.c.backfilled_at.is_(None),
            _group.c.local.is_(False),
            is_open(_group),
            exists().where(
                follow.c.target_id == _group.c.id,
                follow.c.state == "accepted",
                follow.c.follower_id == actor.c.id,
                actor.c.local.is_(True),
            ),
        )
        .order_by(community.c.actor_id)
    )
    return [get_community(conn, number) for number in rows.scalars()]


def follower_hosts(conn: Connection, target_id: int, now: datetime) -> Iterator[FollowerHost]:
    """The distinct remote inboxes of an actor's accepted followers, combined by shared inbox.

    Yields one FollowerHost for each; local members need no delivery and are left out, as are people
    who are banned `now`, from this instance or from the community.
    """
    for row in conn.execute(_FOLLOWER_HOSTS, {"target": target_id, "now": now}):
        yield FollowerHost(row.inbox, row.host, row.software, bool(row.reached))


def reader_hosts(conn: Connection, person_id: int, now: datetime) -> Iterator[FollowerHost]:
    """The servers that have a member's content: those of the remote communities they wrote in, and
    those of the followers of local ones. As `follower_hosts`.
    """
    posted = select(post.c.community_id).where(post.c.author_id == person_id)
    answered = (
        select(post.c.community_id)
        .join(comment, comment.c.post_id == post.c.id)
        .where(comment.c.author_id == person_id)
    )
    community_ids = union(posted, answered)
    followers = select(follow.c.follower_id).where(
        follow.c.target_id.in_(community_ids), follow.c.state == "accepted"
    )
    for row in conn.execute(
        _INBOXES.where(actor.c.id.in_(union(posted, answered, followers))), {"now": now}
    ):
        yield FollowerHost(row.inbox, row.host, row.software, bool(row.reached))


def _inboxes() -> Select[Any]:
    """The inboxes of remote people and communities, and the stored data about their servers."""
    inbox = func.coalesce(actor.c.shared_inbox, actor.c.inbox).label("inbox")
    return (
        select(
            inbox,
            actor.c.host,
            peer.c.software,
            func.coalesce(peer.c.reached, False).label("reached"),
        )
        .select_from(actor)
        .outerjoin(peer, peer.c.host == actor.c.host)
        .where(
            actor.c.local.is_(False),
            is_not_deleted(actor),
            or_(actor.c.banned_at.is_(None), actor.c.ban_expires_at <= _NOW),
        )
        .distinct()
    )


def known_hosts(conn: Connection) -> Iterator[FollowerHost]:
    """Every server with a known actor, by the inboxes that its actors share; if they share none
    (GoToSocial, snac), by each actor's own.
    """
    inbox = func.coalesce(actor.c.shared_inbox, actor.c.inbox).label("inbox")
    rows = conn.execute(
        select(
            inbox,
            actor.c.host,
            peer.c.software,
            func.coalesce(peer.c.reached, False).label("reached"),
        )
        .outerjoin(peer, peer.c.host == actor.c.host)
        .where(actor.c.local.is_(False))
        .distinct()
    )
    for row in rows:
        yield FollowerHost(row.inbox, row.host, row.software, bool(row.reached))


def server_of(conn: Connection, remote: Actor) -> FollowerHost:
    """The inbox of a remote actor, as if they followed."""
    row = conn.execute(_SERVER, {"which": remote.host}).first()
    software, reached = (None, False) if row is None else row
    return FollowerHost(
        remote.shared_inbox or remote.inbox, remote.host, software, reached=bool(reached)
    )


def count_followers(conn: Connection, target_id: int) -> int:
    """The number of followers, local and remote."""
    return conn.execute(
        select(func.count()).where(follow.c.target_id == target_id, follow.c.state == "accepted")
    ).scalar_one()


def count_local_followers(conn: Connection, target_id: int) -> int:
    """The number of followers that are members here."""
    return conn.execute(_LOCAL_FOLLOWERS, {"target": target_id}).scalar_one()


def larger_count(
    subscribers: ColumnElement[int] | int, claimed: ColumnElement[int | None] | int | None
) -> ColumnElement[int]:
    """The `followers` of a community: how many are known here, or how many its own server claims if
    these are more.
    """
    known, theirs = (
        literal(number, BigId) if isinstance(number, int | None) else number
        for number in (subscribers, claimed)
    )
    return case((known < theirs, theirs), else_=known)


# Built in advance, because building a statement costs more than running it.
_NOW = bindparam("now", type_=UtcDateTime())
_TARGET: BindParameter[int] = bindparam("target")
_INBOXES = _inboxes()
_FOLLOWER_HOSTS = (
    _INBOXES.join(follow, follow.c.follower_id == actor.c.id)
    .where(follow.c.target_id == _TARGET, follow.c.state == "accepted")
    .where(
        ~exists().where(
            community_ban.c.community_id == follow.c.target_id,
            community_ban.c.person_id == actor.c.id,
            or_(community_ban.c.expires_at.is_(None), community_ban.c.expires_at > _NOW),
        )
    )
)
_LOCAL_FOLLOWERS = (
    select(func.count())
    .select_from(follow.join(account, account.c.actor_id == follow.c.follower_id))
    .where(follow.c.target_id == _TARGET, follow.c.state == "accepted")
)
_SERVER = select(peer.c.software, peer.c.reached).where(peer.c.host == bindparam("which"))
_FOLLOW = FOLLOW.where(follow.c.follower_id == bindparam("follower"), follow.c.target_id == _TARGET)
_FOLLOWED_HERE = select(
    exists().where(
        follow.c.target_id == _TARGET,
        follow.c.follower_id == actor.c.id,
        actor.c.local.is_(True),
    )
)
_BY_HOST = union_all(
    select(actor.c.host, func.count(), literal(0))
    .join(follow, follow.c.follower_id == actor.c.id)
    .where(actor.c.local.is_(False))
    .group_by(actor.c.host),
    select(actor.c.host, literal(0), func.count())
    .join(follow, follow.c.target_id == actor.c.id)
    .where(actor.c.local.is_(False))
    .group_by(actor.c.host),
)
