"""Actors by id, by IRI and by handle, and a person's standing in a community."""

from sqlalchemy import Connection, Select, and_, bindparam, exists, or_, select

from fedcom.errors import NotFound
from fedcom.models.account import IS_ADMIN, account
from fedcom.models.actor import Community, Person, actor, community
from fedcom.models.base import columns_of, first_row, to_row
from fedcom.models.moderation import CommunityBan, community_ban, moderator
from fedcom.queries.visibility import is_not_deleted
from fedcom.rules.permissions import Standing

# Until an admin approves an account, neither pages nor peers see it.
_IS_APPLICANT = exists().where(account.c.actor_id == actor.c.id, account.c.state == "pending")
# The columns from which a row of either kind is built; built in advance, because building a
# statement costs more than running it.
_ACTOR = (
    select(*columns_of(Community, actor, community))
    .outerjoin(community, community.c.actor_id == actor.c.id)
    .where(~_IS_APPLICANT)
)
_BY_ID = _ACTOR.where(actor.c.id == bindparam("id"))
_ICON = select(actor.c.icon_url).where(actor.c.id == bindparam("id"))
_BY_IRI = _ACTOR.where(actor.c.iri == bindparam("iri"))
_BY_NAME = _ACTOR.where(
    actor.c.name == bindparam("name"),
    or_(actor.c.host == bindparam("host"), actor.c.domain == bindparam("host")),
).order_by(actor.c.domain.is_(None))
_IS_GROUP = actor.c.kind == "Group"
_PERSON_BY_NAME = _BY_NAME.where(~_IS_GROUP)
_COMMUNITY_BY_NAME = _BY_NAME.where(_IS_GROUP)
_BY_KEY = _ACTOR.where(
    or_(
        actor.c.public_key_id == bindparam("key_id"),
        actor.c.proof_key_id == bindparam("key_id"),
        actor.c.iri == bindparam("key_id"),
    ),
    actor.c.local.is_(False),
    is_not_deleted(actor),
)


def find_person(conn: Connection, name: str, host: str) -> Person | None:
    """The person `name@host`; a deleted one too.

    `host` is the name of their server or the domain of their handle.
    """
    found = _find(conn, _PERSON_BY_NAME, name=name, host=host)
    return found if isinstance(found, Person) else None


def find_community(conn: Connection, name: str, host: str) -> Community | None:
    """The community `name@host`; a deleted or removed one too."""
    found = _find(conn, _COMMUNITY_BY_NAME, name=name, host=host)
    return found if isinstance(found, Community) else None


def find_icon(conn: Connection, actor_id: int) -> str | None:
    """The address of the avatar of the actor with this row id; None without one."""
    found: str | None = conn.execute(_ICON, {"id": actor_id}).scalar_one_or_none()
    return found


def find_actor(conn: Connection, iri: str) -> Person | Community | None:
    """The actor with this id."""
    return _find(conn, _BY_IRI, iri=iri)


def get_actor(conn: Connection, actor_id: int) -> Person | Community:
    """The actor with this row id. Raises NotFound."""
    found = _find(conn, _BY_ID, id=actor_id)
    if found is None:
        raise NotFound("couldnt_find_person", "User not found.")
    return found


def are_indexable(conn: Connection, *actor_ids: int) -> bool:
    """Whether search engines may list what all of these actors wrote or contain."""
    unlisted = actor.c.id.in_(actor_ids) & actor.c.indexable.is_(False)
    return not conn.execute(select(exists().where(unlisted))).scalar()


def get_person(conn: Connection, person_id: int) -> Person:
    """The participant with this row id: a person, or a Group that writes or votes itself.

    Raises NotFound.
    """
    found = first_row(Person, conn.execute(_BY_ID, {"id": person_id}))
    if found is None:
        raise NotFound("couldnt_find_person", "User not found.")
    return found


def get_community(conn: Connection, community_id: int) -> Community:
    """The community with this row id. Raises NotFound."""
    found = _find(conn, _BY_ID, id=community_id)
    if not isinstance(found, Community):
        raise NotFound("couldnt_find_community", "Community not found.")
    return found


def find_key_owner(conn: Connection, key_id: str) -> Person | Community | None:
    """The remote actor whose document listed this public key when it was last fetched.

    An actor's own id names its main key, as some signatures do. Not a deleted actor: its origin is
    asked whether it is back.
    """
    return _find(conn, _BY_KEY, key_id=key_id)


def _find(
    conn: Connection, query: Select[tuple[object, ...]], **wanted: str | int
) -> Person | Community | None:
    row = conn.execute(query, wanted).mappings().first()
    if row is None:
        return None
    return to_row(Community, row) if row["kind"] == "Group" else to_row(Person, row)


def find_moderators(conn: Connection, community: Community) -> list[Person]:
    """The moderators of a community, the longest-serving first."""
    rows = conn.execute(_MODERATORS, {"community": community.id}).mappings()
    return [to_row(Person, row) for row in rows]


def standing(conn: Connection, person: Person, community: Community) -> Standing:
    """The standing of `person` in the community: its moderator, an admin of the instance that hosts
    it, banned from it.

    The admins of other servers are not known here. FEP-1b12 lets a community speak for every actor
    on its own host, and only its announcements count there (`remote.vouching`).
    """
    row = conn.execute(_STANDING, {"community": community.id, "person": person.id}).mappings().one()
    is_admin = bool(row["is_admin"]) if community.local else person.host == community.host
    ban = None if row["community_id"] is None else to_row(CommunityBan, row)
    return Standing(is_moderator=bool(row["is_moderator"]), is_admin=is_admin, ban=ban)


def is_admin(conn: Connection, person_id: int) -> bool:
    """Whether this person is an admin of this instance."""
    mine = select(exists().where(account.c.actor_id == person_id, IS_ADMIN))
    return bool(conn.execute(mine).scalar())


def list_admins(conn: Connection) -> list[int]:
    """The row ids of the admins of this instance, the longest-serving first."""
    admins = select(account.c.actor_id).where(IS_ADMIN, account.c.state == "active")
    return list(conn.execute(admins.order_by(account.c.actor_id)).scalars())


def list_moderator_ids(conn: Connection, community_id: int) -> list[int]:
    """The row ids of a community's moderators, the first one first."""
    of = select(moderator.c.person_id).where(moderator.c.community_id == community_id)
    return list(
        conn.execute(of.order_by(moderator.c.appointed_at, moderator.c.person_id)).scalars()
    )


def find_first_admin(conn: Connection) -> Person | None:
    """The longest-serving admin of this instance, in whose name the command line acts."""
    admins = (
        select(*columns_of(Person, actor))
        .join(account, account.c.actor_id == actor.c.id)
        .where(IS_ADMIN, account.c.state == "active", is_not_deleted(actor))
        .order_by(actor.c.id)
    )
    return first_row(Person, conn.execute(admins))


_MODERATORS = (
    select(*columns_of(Person, actor))
    .join(moderator, moderator.c.person_id == actor.c.id)
    .where(moderator.c.community_id == bindparam("community"))
    .order_by(moderator.c.appointed_at, moderator.c.person_id)
)
_STANDING = (
    select(
        exists()
        .where(
            moderator.c.community_id == bindparam("community"),
            moderator.c.person_id == bindparam("person"),
        )
        .label("is_moderator"),
        exists().where(account.c.actor_id == bindparam("person"), IS_ADMIN).label("is_admin"),
        *columns_of(CommunityBan, community_ban),
    )
    .select_from(actor)
    .outerjoin(
        community_ban,
        and_(
            community_ban.c.community_id == bindparam("community"),
            community_ban.c.person_id == actor.c.id,
        ),
    )
    .where(actor.c.id == bindparam("person"))
)
