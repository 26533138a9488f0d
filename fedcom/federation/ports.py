"""The other ports of inbox and outbox: allowed senders, delivery rules, and deleted actors."""

from collections.abc import Callable, Collection, Mapping

from sqlalchemy import Connection, exists, or_, select

from fedcom.clock import Clock
from fedcom.context import Context
from fedcom.federation.refused import undo_refused
from fedcom.models.actor import actor
from fedcom.models.peer import peer
from fedcom.remote.peers import find_refusal
from fedcom.rules.dialects import delivery_interval, id_memory
from outbox.ports import DeliveryPace, RefusedDelivery


class BlockGate:
    """Which actors' activities the inbox accepts."""

    def refuses(self, conn: Connection, host: str) -> str | None:
        """The reason why nothing from `host` is accepted, or None."""
        refusal = find_refusal(conn, host)
        return None if refusal is None else refusal.detail

    def knows(self, conn: Connection, actor_iri: str) -> bool:
        """Whether there is a row for this actor."""
        return bool(conn.execute(select(exists().where(actor.c.iri == actor_iri))).scalar())


class PeerInboxes:
    """Knows the software behind inboxes, and handles their responses."""

    def __init__(self, suspect: Callable[[str], None], origin: str, clock: Clock) -> None:
        """`suspect` is called with the id of an actor who may be gone; it must be thread-safe."""
        self._suspect = suspect
        self._origin = origin
        self._clock = clock

    def paces(self, conn: Connection, hosts: Collection[str]) -> Mapping[str, DeliveryPace]:
        """How to deliver to those of `hosts` whose software has special requirements."""
        rows = conn.execute(select(peer.c.host, peer.c.software).where(peer.c.host.in_(hosts)))
        made = {
            row.host: DeliveryPace(
                memory=id_memory(row.software), interval=delivery_interval(row.software)
            )
            for row in rows
        }
        return {host: pace for host, pace in made.items() if pace != DeliveryPace()}

    def gone(self, conn: Connection, inbox: str) -> None:
        """A delivery ended because the actor is gone. A misconfigured server answers the same for a
        while, so the actor itself is fetched before it is marked as deleted.
        """
        rows = conn.execute(
            select(actor.c.iri)
            .where(
                or_(actor.c.inbox == inbox, actor.c.shared_inbox == inbox),
                actor.c.local.is_(False),
                actor.c.deleted_at.is_(None),
            )
            .limit(2)
        ).all()
        if len(rows) == 1:
            (row,) = rows
            self._suspect(row.iri)

    def refused(self, conn: Connection, refusal: RefusedDelivery) -> None:
        """Undo a local moderator's remote action when the community's server refuses it."""
        undo_refused(Context(conn, self._clock(), self._origin), refusal)
