"""The servers known here, with their numbers and how deliveries to them are going."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from fedcom.errors import NotFound
from fedcom.models.instance import instance
from fedcom.models.peer import peer
from fedcom.remote.peers import list_hosts
from outbox.peers import Attempts, list_attempts


class DeliveryState(NamedTuple):
    """How deliveries to a server are going: `failures` counts those in a row."""

    failures: int
    last_success_at: datetime | None
    last_attempt_at: datetime | None
    # Nothing is sent before.
    next_attempt_at: datetime | None


class InstanceView(NamedTuple):
    """A server with its number, and the software that it says it runs.

    `delivery` is None if nothing was ever sent there. A tuple, because one answer has thousands.
    """

    id: int
    host: str
    first_seen_at: datetime
    software: str | None
    version: str | None
    checked_at: datetime | None
    delivery: DeliveryState | None


@dataclass(frozen=True, slots=True)
class Instances:
    """The other servers by name: those that this one federates with, those on its allow list, and
    those that a block covers.
    """

    linked: list[InstanceView]
    allowed: list[InstanceView]
    blocked: list[InstanceView]


_ALL = (
    select(
        instance.c.id,
        instance.c.host,
        instance.c.first_seen_at,
        *(peer.c[name] for name in ("software", "version", "checked_at")),
    )
    .outerjoin(peer, peer.c.host == instance.c.host)
    .where(instance.c.host != bindparam("own_host"))
    .order_by(instance.c.host)
)


_NEWEST = select(func.max(instance.c.id))


def list_instances(conn: Connection, own_host: str) -> Instances | None:
    """All servers with a number, in three statements; None while this one does not federate."""
    listed = list_hosts(conn)
    if not listed.is_federated:
        return None
    attempts = list_attempts(conn)
    found = Instances([], [], [])
    for row in conn.execute(_ALL, {"own_host": own_host}).all():
        one = InstanceView._make((*row, _to_state(attempts.get(row.host))))
        is_blocked, is_allowed = listed.blocks(one.host), listed.allows(one.host)
        if is_blocked:
            found.blocked.append(one)
        if is_allowed:
            found.allowed.append(one)
        if not is_blocked and (is_allowed or not listed.allowed):
            found.linked.append(one)
    return found


def read_version(conn: Connection) -> Hashable:
    """What changes with the servers in these lists; not with their software and deliveries."""
    return list_hosts(conn), conn.execute(_NEWEST).scalar()


def get_host(conn: Connection, number: int) -> str:
    """The host of the server with this number. Raises NotFound."""
    host = conn.execute(select(instance.c.host).where(instance.c.id == number)).scalar()
    if host is None:
        raise NotFound("couldnt_find_instance", "There is no server with this number.")
    return str(host)


def _to_state(of: Attempts | None) -> DeliveryState | None:
    if of is None:
        return None
    last = max(of.last_success or 0.0, of.last_failure or 0.0)
    return DeliveryState(
        of.failures,
        _moment(of.last_success),
        _moment(last or None),
        _moment(of.resting_until) if of.failures else None,
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
