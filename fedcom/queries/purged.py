"""Whether an id of another server was purged here, so that nothing may be stored under it again."""

from sqlalchemy import Connection, bindparam, select

from fedcom.errors import Denied
from fedcom.models.digest import digest_of
from fedcom.models.purge import PurgeKind, purge, purged

_PURGED = select(purged.c.digest).where(purged.c.digest == bindparam("which"))


def is_purged(conn: Connection, iri: str) -> bool:
    """Whether an admin purged the actor, post or comment with this id."""
    return conn.execute(_PURGED, {"which": digest_of(iri)}).first() is not None


def is_being_purged(conn: Connection, kind: PurgeKind, target_id: int) -> bool:
    """Whether an admin has purged this, and it is not all erased yet."""
    same = purge.c.kind == kind, purge.c.target_id == target_id
    return conn.execute(select(purge.c.id).where(*same)).first() is not None


def refuse_purged(conn: Connection, iri: str) -> None:
    """Raises Denied if `is_purged`."""
    if is_purged(conn, iri):
        raise Denied("purged", "%(iri)s was purged by an admin of this server.", iri=iri)
