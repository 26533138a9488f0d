"""Actors by id, by IRI and by handle, and what a person is to a community."""

from sqlalchemy import Connection, Select, exists, literal, select

from fedcom.errors import NotFound
from fedcom.models.account import account
from fedcom.models.actor import Actor, Community, Person, actor, community
from fedcom.models.base import columns_of, to_row
from fedcom.models.moderation import moderator
from fedcom.rules.permissions import Standing

PERSON = select(*columns_of(Person, actor)).where(actor.c.kind != "Group")
COMMUNITY = select(*columns_of(Community, actor, community)).join(
    community, community.c.actor_id == actor.c.id
)


def _person(conn: Connection, query: Select[tuple[object, ...]]) -> Person | None:
    row = conn.execute(query).mappings().first()
    return None if row is None else to_row(Person, row)


def _community(conn: Connection, query: Select[tuple[object, ...]]) -> Community | None:
    row = conn.execute(query).mappings().first()
    return None if row is None else to_row(Community, row)


def find_person(conn: Connection, name: str, host: str) -> Person | None:
    """The person `name@host`; a deleted one too."""
    return _person(conn, PERSON.where(actor.c.name == name, actor.c.host == host))


def find_community(conn: Connection, name: str, host: str) -> Community | None:
    """The community `name@host`; a deleted or removed one too."""
    return _community(conn, COMMUNITY.where(actor.c.name == name, actor.c.host == host))


def find_actor(conn: Connection, iri: str) -> Person | Community | None:
    """Whoever has this id."""
    kind = conn.execute(select(actor.c.kind).where(actor.c.iri == iri)).scalar()
    if kind is None:
        return None
    if kind == "Group":
        return _community(conn, COMMUNITY.where(actor.c.iri == iri))
    return _person(conn, PERSON.where(actor.c.iri == iri))


def get_person(conn: Connection, number: int) -> Person:
    """The person with this row id. Raises NotFound."""
    found = _person(conn, PERSON.where(actor.c.id == number))
    if found is None:
        raise NotFound("couldnt_find_person", "There is no such person here.")
    return found


def get_community(conn: Connection, number: int) -> Community:
    """The community with this row id. Raises NotFound."""
    found = _community(conn, COMMUNITY.where(actor.c.id == number))
    if found is None:
        raise NotFound("couldnt_find_community", "There is no such community here.")
    return found


def find_key_owner(conn: Connection, key_id: str) -> Actor | None:
    """The remote actor whose document listed this public key when we last saw it.

    Not a deleted one: its origin is asked whether it is back.
    """
    row = conn.execute(
        select(*columns_of(Actor, actor)).where(
            actor.c.public_key_id == key_id,
            actor.c.local.is_(False),
            actor.c.deleted_at.is_(None),
        )
    ).mappings()
    first = row.first()
    return None if first is None else to_row(Actor, first)


def find_moderators(conn: Connection, place: Community) -> list[Person]:
    """The moderators of a community, the longest-serving first."""
    rows = conn.execute(
        PERSON.join(moderator, moderator.c.person_id == actor.c.id)
        .where(moderator.c.community_id == place.id)
        .order_by(moderator.c.appointed_at, moderator.c.person_id)
    ).mappings()
    return [to_row(Person, row) for row in rows]


def standing(conn: Connection, person: Person, place: Community) -> Standing:
    """What `person` is to the community: its moderator, an admin of the instance that hosts it."""
    is_moderator, is_admin = conn.execute(
        select(
            exists().where(
                moderator.c.community_id == place.id, moderator.c.person_id == person.id
            ),
            exists().where(
                account.c.actor_id == person.id, account.c.role == "admin", literal(place.local)
            ),
        )
    ).one()
    return Standing(is_moderator=bool(is_moderator), is_admin=bool(is_admin))
