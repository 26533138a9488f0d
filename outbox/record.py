"""Stores the results of a batch of attempts in one transaction.

Each result closes its delivery, or lets it wait for the next try, and changes the health of its
peer. Nothing is sent from here.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, null, update

from activitypub.document import Document
from activitypub.errors import Malformed
from activitypub.iri import host_of
from activitypub.parse import parse
from outbox import peers
from outbox.answers import AnswerKind, AttemptOutcome
from outbox.claims import ClaimedDelivery
from outbox.deliveries import (
    DELIVERED,
    ECHOED,
    FAILED,
    GIVEN_UP,
    SQL_CLAIMED,
    SQL_WAITING,
    WAITING,
    deliveries,
)
from outbox.peers import PeerHealth
from outbox.ports import DeliveryPace, Inboxes, RefusedDelivery
from outbox.retry import WEEK, next_try


@dataclass(frozen=True, slots=True)
class Result:
    """One attempt: its delivery, its outcome, and when it began and ended (epoch seconds)."""

    row: ClaimedDelivery
    outcome: AttemptOutcome
    started_at: float
    ended_at: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """When to query each host again, and which of the hosts are failing now."""

    query_at: dict[str, float]
    failing: frozenset[str]


def record(
    conn: Connection,
    results: Sequence[Result],
    *,
    worker: str,
    inboxes: Inboxes,
    rng: random.Random,
) -> Recorded:
    """Store the `results` of attempts that `worker` made.

    A delivery that another worker has claimed since, because the lease ran out, is left to that
    worker.
    """
    in_order = sorted(results, key=lambda result: result.ended_at)
    now = in_order[-1].ended_at
    # Peers are locked before any delivery, in the same order by all workers.
    before = peers.lock(conn, {result.row.host for result in results})
    paces = inboxes.paces(conn, before)
    after = _health_after(before, in_order, rng, paces)
    updates = [
        _to_values(result, worker=worker, rng=rng, pace=paces.get(result.row.host, DeliveryPace()))
        for result in in_order
    ]
    _put(conn, updates, worker=worker, now=now)
    peers.put(conn, [peer for host, peer in after.items() if peer is not before[host]])
    query_at = _next_due(in_order, updates)
    for host, peer in after.items():
        pace = paces.get(host, DeliveryPace())
        due = query_at.get(host, now)
        query_at |= _react(conn, before[host], peer, due=due, now=now, pace=pace)
    _notify(conn, inboxes, in_order, updates)
    return Recorded(query_at, frozenset(host for host, peer in after.items() if peer.failures))


def _notify(
    conn: Connection,
    inboxes: Inboxes,
    results: Iterable[Result],
    updates: Iterable[dict[str, Any]],
) -> None:
    """Tell the host about inboxes that are gone, and about activities that were refused for good.

    An inbox that is gone has refused the activity too.
    """
    for result, values in zip(results, updates, strict=True):
        row, outcome = result.row, result.outcome
        if outcome.kind is AnswerKind.GONE:
            inboxes.gone(conn, row.inbox)
        if values["new_state"] == FAILED and outcome.status is not None:
            refusal = RefusedDelivery(row.actor, row.body, row.host, outcome.status, outcome.text)
            inboxes.refused(conn, refusal)


def _health_after(
    before: dict[str, PeerHealth],
    results: Iterable[Result],
    rng: random.Random,
    paces: Mapping[str, DeliveryPace],
) -> dict[str, PeerHealth]:
    after = dict(before)
    for result in results:
        host = result.row.host
        resting_until = after[host].resting_until
        after[host] = peers.after(
            after[host],
            result.outcome,
            started_at=result.started_at,
            now=result.ended_at,
            rng=rng,
        )
        if host in paces:
            after[host] = peers.paced(
                after[host], paces[host].interval, since=max(result.ended_at, resting_until or 0.0)
            )
    return after


def _to_values(
    result: Result, *, worker: str, rng: random.Random, pace: DeliveryPace
) -> dict[str, Any]:
    row, outcome, now = result.row, result.outcome, result.ended_at
    refused = int(outcome.kind is AnswerKind.UNAUTHORIZED)
    delay = next_try(
        outcome,
        tries=row.tries + 1,
        refusals=row.refusals + refused,
        age=now - row.created_at,
        rng=rng,
        memory=pace.memory,
    )
    return {
        "which": row.id,
        "worker": worker,
        "new_state": _last_state(result) if delay is None else WAITING,
        "new_due_at": now + (delay or 0.0),
        "new_closed_at": now if delay is None else None,
        "new_last_status": outcome.status,
        "new_last_answer": None if outcome.kind is AnswerKind.DELIVERED else outcome.text,
        "refused": refused,
    }


def _put(conn: Connection, updates: Iterable[dict[str, Any]], *, worker: str, now: float) -> None:
    delivered: dict[int, list[int]] = defaultdict(list)
    others = []
    for values in updates:
        # Nearly all are like this, and one statement stores all of them.
        if values["new_state"] == DELIVERED:
            delivered[values["new_last_status"]].append(values["which"])
        else:
            others.append(values)
    for status, ids in delivered.items():
        conn.execute(_STORE_DELIVERED, {"ids": ids, "worker": worker, "status": status, "now": now})
    if others:
        conn.execute(_STORE_OTHER, others)


def _last_state(result: Result) -> str:
    """The state of a delivery that is not tried again after this result."""
    kind = result.outcome.kind
    if kind is AnswerKind.DELIVERED:
        return DELIVERED
    if kind in (AnswerKind.BUSY, AnswerKind.OURS):
        return GIVEN_UP
    return ECHOED if kind is AnswerKind.REJECTED and _is_echo(result.row) else FAILED


def _is_echo(row: ClaimedDelivery) -> bool:
    """Whether it is an Announce of an activity or object from the peer's own host."""
    try:
        announced = Document(parse(row.body))
        inner = announced.object
        owner = inner.owner if isinstance(inner, Document) else inner
        return announced.type == "Announce" and owner is not None and host_of(owner) == row.host
    except Malformed:
        return False


def _next_due(results: Iterable[Result], updates: Iterable[dict[str, Any]]) -> dict[str, float]:
    """For each host with a delivery that is waiting again, the time of the first.

    Deliveries that were postponed (`claims._step_aside`) for one that is now closed are due too.
    """
    query_at: dict[str, float] = {}
    for result, values in zip(results, updates, strict=True):
        if values["new_state"] == WAITING or result.row.tries:
            host, due_at = result.row.host, values["new_due_at"]
            query_at[host] = min(due_at, query_at.get(host, due_at))
    return query_at


def _react(
    conn: Connection,
    before: PeerHealth,
    peer: PeerHealth,
    *,
    due: float,
    now: float,
    pace: DeliveryPace,
) -> dict[str, float]:
    """Apply a change of health to the backlog; when to query the host, if not at `due`."""
    if before.is_probed and not peer.is_probed:
        peers.release_backlog(conn, peer.host, now, pace.memory)
        return {peer.host: peer.resting_until or now}
    if peer.failures > max(before.failures, peers.REST_AFTER):
        # A probe failed: deliveries that have waited for a week are given up.
        values = {"which": peer.host, "too_old": now - WEEK, "now": now}
        conn.execute(_GIVE_UP, values)
    if peer.resting_until is not None:
        return {peer.host: max(peer.resting_until, due)}
    return {}


_STORE_DELIVERED = (
    update(deliveries)
    .where(
        deliveries.c.id.in_(bindparam("ids", expanding=True)),
        deliveries.c.state == SQL_CLAIMED,
        deliveries.c.claimed_by == bindparam("worker"),
    )
    .values(
        state=DELIVERED,
        tries=deliveries.c.tries + 1,
        closed_at=bindparam("now"),
        last_status=bindparam("status"),
        last_answer=null(),
        claimed_by=null(),
        claimed_until=null(),
    )
)
_STORE_OTHER = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("which"),
        deliveries.c.state == SQL_CLAIMED,
        deliveries.c.claimed_by == bindparam("worker"),
    )
    .values(
        state=bindparam("new_state"),
        tries=deliveries.c.tries + 1,
        refusals=deliveries.c.refusals + bindparam("refused"),
        due_at=bindparam("new_due_at"),
        closed_at=bindparam("new_closed_at"),
        last_status=bindparam("new_last_status"),
        last_answer=bindparam("new_last_answer"),
        claimed_by=null(),
        claimed_until=null(),
    )
)
_GIVE_UP = (
    update(deliveries)
    .where(
        deliveries.c.host == bindparam("which"),
        deliveries.c.state == SQL_WAITING,
        deliveries.c.created_at < bindparam("too_old"),
    )
    .values(
        state=GIVEN_UP,
        closed_at=bindparam("now"),
        last_answer=func.coalesce(deliveries.c.last_answer, "the peer was unreachable"),
    )
)
