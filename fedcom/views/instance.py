"""The servers known here, with their numbers and how deliveries to them are going."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from fedcom.errors import NotFound
from fedcom.models.base import values_of
from fedcom.models.instance import instance
from fedcom.models.peer import peer
from fedcom.remote.peers import list_hosts
from outbox.peers import PeerHealth, list_health


@dataclass(frozen=True, slots=True)
class InstanceView:
    """A server with its number, and the software that it says it runs.

    `delivery` is None if nothing was ever sent there.
    """

    id: int
    host: str
    first_seen_at: datetime
    software: str | None
    version: str | None
    checked_at: datetime | None
    delivery: "DeliveryState | None"


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """How deliveries to a server are going: `failures` counts those in a row."""

    failures: int
    last_success_at: datetime | None
    last_attempt_at: datetime | None
    # Nothing is sent before.
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class Instances:
    """The other servers by name: those that this one federates with, those on its allow list, and
    those that a block covers.
    """

    linked: tuple[InstanceView, ...]
    allowed: tuple[InstanceView, ...]
    blocked: tuple[InstanceView, ...]


_OWN = values_of(InstanceView, without=("delivery",))
_ALL = (
    select(
        instance.c.id,
        instance.c.host,
        instance.c.first_seen_at,
        *(peer.c[name] for name in ("software", "version", "checked_at")),
    )
    .outerjoin(peer, peer.c.host == instance.c.host)
    .order_by(instance.c.host)
)


def list_instances(conn: Connection, own_host: str) -> Instances | None:
    """All servers with a number, in three statements; None while this one does not federate."""
    listed = list_hosts(conn)
    if not listed.is_federated:
        return None
    rows = [row for row in conn.execute(_ALL).mappings().all() if row["host"] != own_host]
    health = list_health(conn)
    found = [_to_instance(row, health.get(row["host"])) for row in rows]
    return Instances(
        linked=tuple(one for one in found if not listed.refuses(one.host)),
        allowed=tuple(one for one in found if listed.allows(one.host)),
        blocked=tuple(one for one in found if listed.blocks(one.host)),
    )


def get_host(conn: Connection, number: int) -> str:
    """The host of the server with this number. Raises NotFound."""
    host = conn.execute(select(instance.c.host).where(instance.c.id == number)).scalar()
    if host is None:
        raise NotFound("couldnt_find_instance", "There is no server with this number.")
    return str(host)


def _to_instance(row: RowMapping, health: PeerHealth | None) -> InstanceView:
    # In the order of the last field.
    state: tuple[Any, ...] = (_to_state(health),)
    return InstanceView(*_OWN(row) + state)


def _to_state(of: PeerHealth | None) -> DeliveryState | None:
    if of is None:
        return None
    attempts = [moment for moment in (of.last_success, of.last_failure) if moment is not None]
    return DeliveryState(
        failures=of.failures,
        last_success_at=_moment(of.last_success),
        last_attempt_at=_moment(max(attempts, default=None)),
        next_attempt_at=_moment(of.resting_until) if of.failures else None,
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
