"""How delivery is going, in numbers; the host decides what they mean."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, select

from outbox.deliveries import SQL_CLAIMED, SQL_WAITING, deliveries, peers
from outbox.peers import REST_AFTER

RECENT = 3 * 86_400.0
"""Seconds. Servers die; one that has failed for longer than this is no longer counted."""


@dataclass(frozen=True, slots=True)
class DeliveryHealth:
    """The state of the deliveries; times in epoch seconds.

    `failing_peers` counts the hosts that began to fail recently. `due_since` is when the oldest
    delivery became due that is still waiting, hosts that are resting left out; None when there is
    none. `busy_until` is when the last lease of a dispatcher ends, `last_result` when the last
    attempt ended, successful or not; both are 0 when there is none.
    """

    failing_peers: int
    due_since: float | None
    busy_until: float
    last_result: float


def measure_deliveries(conn: Connection, now: float) -> DeliveryHealth:
    """Look at the tables once, with one statement."""
    row = conn.execute(_statement(now)).one()
    return DeliveryHealth(row.failing, row.due, row.busy_until or 0.0, row.last_result or 0.0)


def _statement(now: float) -> Select[Any]:
    resting = select(peers.c.host).where(peers.c.resting_until > now)
    failing = and_(
        peers.c.failures >= REST_AFTER, peers.c.failing_since > now - RECENT, ~peers.c.gone
    )
    latest = func.max(func.coalesce(peers.c.last_success, 0.0))
    latest_failure = func.max(func.coalesce(peers.c.last_failure, 0.0))
    return select(
        select(func.count()).select_from(peers).where(failing).scalar_subquery().label("failing"),
        select(func.min(deliveries.c.due_at))
        .where(deliveries.c.state == SQL_WAITING, deliveries.c.host.not_in(resting))
        .scalar_subquery()
        .label("due"),
        select(func.max(deliveries.c.claimed_until))
        .where(deliveries.c.state == SQL_CLAIMED)
        .scalar_subquery()
        .label("busy_until"),
        select(case((latest > latest_failure, latest), else_=latest_failure))
        .select_from(peers)
        .scalar_subquery()
        .label("last_result"),
    )
