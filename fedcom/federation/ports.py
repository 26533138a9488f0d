"""The rest of what inbox and outbox asked for: whom we hear, how to deliver, and dead inboxes."""

from collections.abc import Callable, Collection, Mapping

from sqlalchemy import Connection, exists, or_, select

from fedcom.models.actor import actor
from fedcom.models.peer import peer
from fedcom.remote.peers import find_block
from fedcom.rules.dialects import delivery_interval, id_memory
from outbox.ports import Pace


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
    """Knows the software behind inboxes, and listens for those that answer 404 or 410."""

    def __init__(self, suspect: Callable[[str], None]) -> None:
        """`suspect` is told the id of an actor who may be gone; it must be safe in any thread."""
        self._suspect = suspect

    def paces(self, conn: Connection, hosts: Collection[str]) -> Mapping[str, Pace]:
        """How to deliver to those of `hosts` whose software makes demands."""
        rows = conn.execute(select(peer.c.host, peer.c.software).where(peer.c.host.in_(hosts)))
        made = {
            row.host: Pace(memory=id_memory(row.software), interval=delivery_interval(row.software))
            for row in rows
        }
        return {host: pace for host, pace in made.items() if pace != Pace()}

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
