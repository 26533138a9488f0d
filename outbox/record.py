"""What came of a batch of attempts, written down in one transaction.

Each result settles its delivery (closed, or waiting for the next try) and says something about its
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
from outbox.answers import Kind, Outcome
from outbox.claims import Claimed
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
from outbox.peers import Peer
from outbox.ports import Inboxes, Pace, Refusal
from outbox.retry import WEEK, next_try


@dataclass(frozen=True, slots=True)
class Result:
    """One attempt: of which delivery, what came of it, when it began and ended (epoch seconds)."""

    row: Claimed
    outcome: Outcome
    started_at: float
    ended_at: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """When to look at which host again, and which of the hosts are failing now."""

    look_at: dict[str, float]
    failing: frozenset[str]


def record(
    conn: Connection,
    results: Sequence[Result],
    *,
    worker: str,
    inboxes: Inboxes,
    rng: random.Random,
) -> Recorded:
    """Write down `results` of attempts that `worker` made.

    A delivery whose lease ran out and that another worker has since claimed is left to that worker.
    """
    in_order = sorted(results, key=lambda result: result.ended_at)
    now = in_order[-1].ended_at
    # Locked before any delivery, in the order all workers lock in.
    before = peers.lock(conn, {result.row.host for result in results})
    paces = inboxes.paces(conn, before)
    after = _health_after(before, in_order, rng, paces)
    settled = [
        _settle(result, worker=worker, rng=rng, pace=paces.get(result.row.host, Pace()))
        for result in in_order
    ]
    _put(conn, settled, worker=worker, now=now)
    peers.put(conn, [peer for host, peer in after.items() if peer is not before[host]])
    look_at = _next_looks(in_order, settled)
    for host, peer in after.items():
        pace = paces.get(host, Pace())
        due = look_at.get(host, now)
        look_at |= _react(conn, before[host], peer, due=due, now=now, pace=pace)
    _tell(conn, inboxes, in_order, settled)
    return Recorded(look_at, frozenset(host for host, peer in after.items() if peer.failures))


def _tell(
    conn: Connection,
    inboxes: Inboxes,
    results: Iterable[Result],
    settled: Iterable[dict[str, Any]],
) -> None:
    """Tell the owner of what was sent that an inbox is no more, or refuses something for good.

    Where there is no inbox, nothing was taken either.
    """
    for result, values in zip(results, settled, strict=True):
        row, outcome = result.row, result.outcome
        if outcome.kind is Kind.GONE:
            inboxes.gone(conn, row.inbox)
        if values["new_state"] == FAILED and outcome.status is not None:
            refusal = Refusal(row.actor, row.body, row.host, outcome.status, outcome.text)
            inboxes.refused(conn, refusal)


def _health_after(
    before: dict[str, Peer],
    results: Iterable[Result],
    rng: random.Random,
    paces: Mapping[str, Pace],
) -> dict[str, Peer]:
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


def _settle(result: Result, *, worker: str, rng: random.Random, pace: Pace) -> dict[str, Any]:
    row, outcome, now = result.row, result.outcome, result.ended_at
    refused = int(outcome.kind is Kind.UNAUTHORIZED)
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
        "new_last_answer": None if outcome.kind is Kind.DELIVERED else outcome.text,
        "refused": refused,
    }


def _put(conn: Connection, settled: Iterable[dict[str, Any]], *, worker: str, now: float) -> None:
    delivered: dict[int, list[int]] = defaultdict(list)
    others = []
    for values in settled:
        # Nearly all are of this kind, and they need one statement in all.
        if values["new_state"] == DELIVERED:
            delivered[values["new_last_status"]].append(values["which"])
        else:
            others.append(values)
    for status, ids in delivered.items():
        conn.execute(
            _SETTLE_DELIVERED, {"ids": ids, "worker": worker, "status": status, "now": now}
        )
    if others:
        conn.execute(_SETTLE, others)


def _last_state(result: Result) -> str:
    """The state of a delivery that is not tried again after this answer."""
    kind = result.outcome.kind
    if kind is Kind.DELIVERED:
        return DELIVERED
    if kind in (Kind.BUSY, Kind.OURS):
        return GIVEN_UP
    return ECHOED if kind is Kind.REJECTED and _is_echo(result.row) else FAILED


def _is_echo(row: Claimed) -> bool:
    """Whether it is an Announce of what somebody on the peer's own host has said or written."""
    try:
        announced = Document(parse(row.body))
        inner = announced.object
        owner = inner.owner if isinstance(inner, Document) else inner
        return announced.type == "Announce" and owner is not None and host_of(owner) == row.host
    except Malformed:
        return False


def _next_looks(results: Iterable[Result], settled: Iterable[dict[str, Any]]) -> dict[str, float]:
    """For each host with a delivery that waits again, the time of the first.

    What had stepped aside (see `claims`) for one that is closed now is due as well.
    """
    look_at: dict[str, float] = {}
    for result, values in zip(results, settled, strict=True):
        if values["new_state"] == WAITING or result.row.tries:
            host, due_at = result.row.host, values["new_due_at"]
            look_at[host] = min(due_at, look_at.get(host, due_at))
    return look_at


def _react(
    conn: Connection, before: Peer, peer: Peer, *, due: float, now: float, pace: Pace
) -> dict[str, float]:
    """What a change of health means for the backlog; when to look at the host, if not at `due`."""
    if before.is_probed and not peer.is_probed:
        peers.release_backlog(conn, peer.host, now, pace.memory)
        return {peer.host: peer.resting_until or now}
    if peer.failures > max(before.failures, peers.REST_AFTER):
        # A probe failed: what has waited for a week by now is not going to be sent.
        values = {"which": peer.host, "too_old": now - WEEK, "now": now}
        conn.execute(_GIVE_UP, values)
    if peer.resting_until is not None:
        return {peer.host: max(peer.resting_until, due)}
    return {}


_SETTLE_DELIVERED = (
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
_SETTLE = (
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
