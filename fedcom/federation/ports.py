"""The rest of what inbox and outbox asked for: whom we hear, and inboxes that are no more."""

from collections.abc import Callable

from sqlalchemy import Connection, exists, or_, select

from fedcom.models.actor import actor
from fedcom.remote.peers import find_block


class Gate:
    """Whom the inbox hears."""

    def refuses(self, conn: Connection, host: str) -> str | None:
        """Why nothing from `host` is heard, or None."""
        block = find_block(conn, host)
        return None if block is None else f"The instance {block.host} is blocked here."

    def knows(self, conn: Connection, actor_iri: str) -> bool:
        """Whether there is a row for this actor."""
        return bool(conn.execute(select(exists().where(actor.c.iri == actor_iri))).scalar())


class Inboxes:
    """Listens for inboxes that answer 404 or 410."""

    def __init__(self, suspect: Callable[[str], None]) -> None:
        """`suspect` is told the id of an actor who may be gone; it must be safe in any thread."""
        self._suspect = suspect

    def gone(self, conn: Connection, inbox: str) -> None:
        """A delivery ended because of it. A misconfigured server answers the same for a while, so
        nobody is forgotten for that: the actor itself is asked."""
        row = conn.execute(
            select(actor.c.iri)
            .where(
                or_(actor.c.inbox == inbox, actor.c.shared_inbox == inbox),
                actor.c.local.is_(False),
                actor.c.deleted_at.is_(None),
            )
            .limit(2)
        ).all()
        if len(row) == 1:
            self._suspect(row[0].iri)
