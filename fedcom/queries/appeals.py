"""Appeals: the decisions that people may appeal against, and who judges them."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, or_, select

from fedcom.errors import NotFound
from fedcom.models.actor import Person, actor
from fedcom.models.appeal import Appeal, ModerationDecision, appeal
from fedcom.models.base import columns_of, first_row
from fedcom.models.moderation import moderator, modlog
from fedcom.queries.actors import get_person, is_admin, list_admins
from fedcom.queries.bans import find_ban, is_banned_by_us
from fedcom.queries.comments import find_comment
from fedcom.queries.content import Content
from fedcom.queries.posts import find_post

KINDS = ("remove", "ban")
"""The kinds of entries of the modlog that may be appealed against."""

_later = modlog.alias("later")
_place = actor.alias("place")
_moderator = actor.alias("moderator_actor")


def is_appealable() -> ColumnElement[bool]:
    """A condition on rows of `modlog`: a removal or ban, the last one of its kind about its target,
    that somebody here can undo: made here, or in a community that is.
    """
    by_us = or_(
        modlog.c.moderator_id.is_(None),
        exists().where(_moderator.c.id == modlog.c.moderator_id, _moderator.c.local),
    )
    is_local = exists().where(_place.c.id == modlog.c.community_id, _place.c.local)
    replaced = exists().where(
        _later.c.target_iri == modlog.c.target_iri,
        _later.c.kind == modlog.c.kind,
        _later.c.community_id.is_not_distinct_from(modlog.c.community_id),
        _later.c.id > modlog.c.id,
    )
    return modlog.c.kind.in_(KINDS) & or_(by_us, is_local) & ~replaced


def get_decision(conn: Connection, decision_id: int) -> ModerationDecision:
    """The removal or ban with this row id in the modlog. Raises NotFound for anything else."""
    wanted = select(*columns_of(ModerationDecision, modlog)).where(
        modlog.c.id == decision_id, modlog.c.kind.in_(KINDS), modlog.c.person_id.is_not(None)
    )
    found = first_row(ModerationDecision, conn.execute(wanted))
    if found is None:
        raise NotFound("couldnt_find_decision", "There is no such decision.")
    return found


def find_appeal(conn: Connection, decision_id: int) -> Appeal | None:
    """The appeal against a decision."""
    wanted = select(*columns_of(Appeal, appeal)).where(appeal.c.decision_id == decision_id)
    return first_row(Appeal, conn.execute(wanted))


def find_content(conn: Connection, decision: ModerationDecision) -> Content | None:
    """The post or comment that was removed; None for a ban."""
    if decision.kind == "ban":
        return None
    return find_post(conn, decision.target_iri) or find_comment(conn, decision.target_iri)


def may_be_appealed(conn: Connection, decision: ModerationDecision, now: datetime) -> bool:
    """Whether the decision is in force, and somebody here can undo it."""
    mine = select(exists().where(modlog.c.id == decision.id, is_appealable()))
    return bool(conn.execute(mine).scalar()) and is_in_force(conn, decision, now)


def is_in_force(conn: Connection, decision: ModerationDecision, now: datetime) -> bool:
    """Whether the content is removed, or the person banned."""
    if decision.kind == "remove":
        content = find_content(conn, decision)
        return content is not None and content.removed_at is not None
    if decision.community_id is None:
        return is_banned_by_us(conn, get_person(conn, decision.person_id), now)
    ban = find_ban(conn, decision.community_id, decision.person_id)
    return ban is not None and ban.holds(now)


def may_judge(conn: Connection, person: Person, decision: ModerationDecision) -> bool:
    """Whether a person answers appeals against a decision: the moderators of its community, and
    admins.
    """
    return is_admin(conn, person.id) or person.id in _moderators(conn, decision)


def list_judges(conn: Connection, decision: ModerationDecision) -> list[int]:
    """The row ids of the members who are told of an appeal: the moderators of the community; the
    admins, if it has none here, and for the whole server.
    """
    return _moderators(conn, decision) or list_admins(conn)


def _moderators(conn: Connection, decision: ModerationDecision) -> list[int]:
    """Of the community, as far as they have an account here."""
    theirs = (
        select(moderator.c.person_id)
        .join(actor, actor.c.id == moderator.c.person_id)
        .where(moderator.c.community_id == decision.community_id, actor.c.local)
        .order_by(moderator.c.appointed_at, moderator.c.person_id)
    )
    return list(conn.execute(theirs).scalars())
