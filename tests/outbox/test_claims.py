import random
import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select, text

from activitypub.iri import host_of
from outbox import claims, peers
from outbox.answers import AnswerKind, AttemptOutcome
from outbox.claims import Bounds, ClaimedDelivery, ClaimResult, WaitingHost
from outbox.deliveries import SQL_CLAIMED, deliveries
from outbox.peers import PeerHealth
from outbox.record import Result, record
from tests.outbox.world import ACTOR, Inboxes, World, inbox

only_sqlite = pytest.mark.parametrize("dialect", ["sqlite"])
only_postgresql = pytest.mark.parametrize("dialect", ["postgresql"])

HOST = host_of(inbox(1))
WIDE = Bounds(slots=4, rows=1000, lease=60)


def _claim(
    world: World, *numbers: int, bounds: Bounds = WIDE, worker: str = "w", later: float = 0.0
) -> ClaimResult:
    with world.db.begin() as conn:
        return claims.claim(
            conn,
            [host_of(inbox(number)) for number in numbers],
            bounds=bounds,
            worker=worker,
            now=world.now() + later,
        )


def _finish(
    world: World, rows: list[ClaimedDelivery], outcome: AttemptOutcome | None = None
) -> None:
    now = world.now()
    results = [
        Result(row, outcome or AttemptOutcome(AnswerKind.DELIVERED, 202), now, now) for row in rows
    ]
    with world.db.begin() as conn:
        record(conn, results, worker="w", inboxes=Inboxes(), rng=random.Random(7))


def _bodies(claim: ClaimResult) -> list[bytes]:
    return [row.body for row in claim.rows]


def test_a_claimed_delivery_has_all_that_is_needed_to_send_it(world: World) -> None:
    body = world.publish([inbox(1)], subject="https://here.example/post/1")
    (row,) = _claim(world, 1).rows
    assert row == ClaimedDelivery(
        id=row.id,
        inbox=inbox(1),
        host=HOST,
        subject="https://here.example/post/1",
        actor=ACTOR,
        body=body,
        tries=0,
        refusals=0,
        created_at=world.now(),
    )


def test_a_claimed_delivery_is_not_claimed_again(world: World) -> None:
    world.publish([inbox(1), inbox(2)])
    assert len(_claim(world, 1, 2).rows) == 2
    assert _claim(world, 1, 2, worker="other").rows == []


def test_a_delivery_that_is_not_due_waits_and_the_claim_has_its_time(world: World) -> None:
    world.publish([inbox(1)])
    claim = _claim(world, 1, later=-10.0)
    assert claim.rows == []
    assert claim.query_at == {HOST: world.now()}


def test_a_host_gets_no_more_than_its_seats_the_oldest_first(world: World) -> None:
    bodies = [world.publish([inbox(1)]) for _ in range(6)]
    first = _claim(world, 1)
    assert _bodies(first) == bodies[:4]
    assert first.crowded == {HOST}
    assert _claim(world, 1).rows == []
    _finish(world, first.rows[:1])
    assert _bodies(_claim(world, 1)) == bodies[4:5]


def test_hosts_beyond_the_bounds_are_queried_again_at_once(world: World) -> None:
    world.publish([inbox(number) for number in range(5)])
    claim = _claim(world, 0, 1, 2, 3, 4, bounds=Bounds(4, 3, 60))
    assert {row.host for row in claim.rows} == {host_of(inbox(number)) for number in range(3)}
    assert claim.query_at == {host_of(inbox(number)): world.now() for number in (3, 4)}
    assert claim.crowded == frozenset()


def test_deliveries_to_one_inbox_about_one_subject_go_one_after_the_other(world: World) -> None:
    post = "https://here.example/post/1"
    create = world.publish([inbox(1)], subject=post)
    delete = world.publish([inbox(1)], subject=post)
    other = world.publish([inbox(1)], subject="https://here.example/post/2")
    first = _claim(world, 1)
    assert _bodies(first) == [create, other]
    assert first.crowded == {HOST}
    _finish(world, first.rows)
    assert _bodies(_claim(world, 1)) == [delete]


def test_inboxes_on_one_host_wait_for_earlier_activities_about_the_subject_only(
    world: World,
) -> None:
    ann, bob = (f"https://gts.example/u/{name}/inbox" for name in ("ann", "bob"))
    post = "https://here.example/post/1"
    create = world.publish([ann, bob], subject=post)
    boost = world.publish([ann, bob], subject=post)

    def claim() -> ClaimResult:
        with world.db.begin() as conn:
            return claims.claim(conn, ["gts.example"], bounds=WIDE, worker="w", now=world.now())

    first = claim()
    assert _bodies(first) == [create, create]
    _finish(world, first.rows[:1])
    assert claim().rows == []
    _finish(world, first.rows[1:])
    assert _bodies(claim()) == [boost, boost]


def test_deliveries_behind_an_abandoned_one_are_due_at_once(world: World) -> None:
    ann, bob = (f"https://gts.example/u/{name}/inbox" for name in ("ann", "bob"))
    post = "https://here.example/post/1"
    world.publish([ann], subject=post)
    boost = world.publish([bob], subject=post)

    def claim() -> ClaimResult:
        with world.db.begin() as conn:
            return claims.claim(conn, ["gts.example"], bounds=WIDE, worker="w", now=world.now())

    _finish(world, claim().rows, AttemptOutcome(AnswerKind.BUSY, 500))
    assert claim().rows == []
    world.advance(hours=1)
    _finish(world, claim().rows, AttemptOutcome(AnswerKind.REJECTED, 400))
    assert _bodies(claim()) == [boost]


def test_deliveries_waiting_for_a_retry_do_not_block_the_host(
    world: World,
) -> None:
    post = "https://here.example/post/1"
    stuck = world.publish([inbox(1)], subject=post)
    _finish(world, _claim(world, 1).rows, AttemptOutcome(AnswerKind.BUSY, 500))
    behind = [world.publish([inbox(1)], subject=post) for _ in range(claims.WINDOW + 10)]
    free = world.publish([inbox(1)])
    found: list[bytes] = []
    for _ in range(3):
        found += _bodies(_claim(world, 1))
    assert found == [free]
    world.advance(hours=1)
    again = _claim(world, 1)
    assert _bodies(again) == [stuck]
    _finish(world, again.rows)
    assert _bodies(_claim(world, 1)) == behind[:1]


def _set_peer(world: World, peer: PeerHealth) -> None:
    _claim(world, 1, bounds=Bounds(4, 0, 60))
    with world.db.begin() as conn:
        peers.put(conn, [peer])


def test_a_resting_peer_gets_nothing_and_the_claim_has_its_time(world: World) -> None:
    world.publish([inbox(1)])
    until = world.now() + 50
    _set_peer(world, PeerHealth(HOST, failures=5, resting_until=until))
    claim = _claim(world, 1)
    assert claim.rows == []
    assert claim.query_at == {HOST: until}


def test_after_its_rest_a_peer_gets_one_delivery_as_a_probe(world: World) -> None:
    for _ in range(5):
        world.publish([inbox(1)])
    _set_peer(world, PeerHealth(HOST, failures=5, resting_until=world.now() - 1))
    probe = _claim(world, 1)
    assert len(probe.rows) == 1
    assert _claim(world, 1).rows == []
    _finish(world, probe.rows)
    assert len(_claim(world, 1).rows) == 4


def test_a_lease_that_ends_gives_the_delivery_back(world: World) -> None:
    world.publish([inbox(1)])
    _claim(world, 1)
    with world.db.begin() as conn:
        assert not claims.has_expired(conn, world.now() + 60)
        assert claims.release_expired(conn, world.now() + 60) == 0
        assert claims.has_expired(conn, world.now() + 61)
        assert claims.release_expired(conn, world.now() + 61) == 1
    assert len(_claim(world, 1, worker="other").rows) == 1


def test_a_worker_releases_its_own_claims_and_the_only_one_all(world: World) -> None:
    world.publish([inbox(1), inbox(2)])
    _claim(world, 1, worker="one")
    _claim(world, 2, worker="two")
    with world.db.begin() as conn:
        assert claims.release(conn, "one") == 1
        assert claims.release(conn) == 1
    assert world.states() == {"waiting": 2}


def test_hosts_with_something_waiting_are_found_with_the_time_to_look(world: World) -> None:
    now = world.now()
    world.publish([inbox(1), inbox(2), inbox(3)])
    world.publish([inbox(1), inbox(2), inbox(4)])
    _finish(world, _claim(world, 4).rows)
    _set_peer(world, PeerHealth(HOST, failures=1, resting_until=now + 9))
    with world.db.connect() as conn:
        everywhere = {found.host: found for found in claims.find_hosts(conn)}
        lately = claims.find_hosts_due_since(conn, now - 1, now)
        assert claims.find_hosts_due_since(conn, now + 1, now + 2) == []
    assert everywhere == {found.host: found for found in lately}
    assert everywhere == {
        HOST: WaitingHost(HOST, now + 9, is_failing=True),
        host_of(inbox(2)): WaitingHost(host_of(inbox(2)), now, is_failing=False),
        host_of(inbox(3)): WaitingHost(host_of(inbox(3)), now, is_failing=False),
    }


def test_an_empty_outbox_has_no_hosts(world: World) -> None:
    with world.db.connect() as conn:
        assert claims.find_hosts(conn) == []


@only_postgresql
def test_workers_that_claim_at_once_never_get_the_same_delivery(world: World) -> None:
    hosts, each = 30, 6
    for _ in range(each):
        world.publish([inbox(number) for number in range(hosts)])
    taken: Counter[int] = Counter()
    crowds: list[int] = []
    guard = threading.Lock()

    def work(seed: int) -> None:
        rng = random.Random(seed)
        worker = f"worker {seed}"
        while sum(taken.values()) < hosts * each:
            names = [host_of(inbox(number)) for number in range(hosts)]
            rng.shuffle(names)
            bounds = Bounds(2, 15, 60)
            with world.db.begin() as conn:
                claim = claims.claim(conn, names, bounds=bounds, worker=worker, now=world.now())
            with guard:
                taken.update(row.id for row in claim.rows)
            with world.db.connect() as conn:
                crowds.extend(conn.execute(_IN_FLIGHT).scalars())
            if claim.rows:
                now = world.now()
                results = [
                    Result(r, AttemptOutcome(AnswerKind.DELIVERED, 202), now, now)
                    for r in claim.rows
                ]
                with world.db.begin() as conn:
                    record(conn, results, worker=worker, inboxes=Inboxes(), rng=rng)

    with ThreadPoolExecutor(4) as threads:
        for future in [threads.submit(work, seed) for seed in range(4)]:
            future.result(timeout=60)
    assert set(taken.values()) == {1}
    assert len(taken) == hosts * each
    assert max(crowds) <= 2
    assert world.states() == {"delivered": hosts * each}


_IN_FLIGHT = (
    select(func.count()).where(deliveries.c.state == SQL_CLAIMED).group_by(deliveries.c.host)
)


@only_postgresql
def test_a_host_that_another_worker_is_taking_from_is_left_for_a_moment(world: World) -> None:
    world.publish([inbox(1), inbox(2)])
    _claim(world, 1, bounds=Bounds(4, 0, 60))
    with world.db.begin() as conn:
        peers.lock(conn, [HOST])
        claim = _claim(world, 1, 2, worker="other")
    assert [row.host for row in claim.rows] == [host_of(inbox(2))]
    assert claim.query_at == {HOST: world.now() + claims.LOCKED_PAUSE}


def _statements_of_a_turn(world: World, conn: Connection) -> list[tuple[str, Any]]:
    """The statements of a search for hosts, a claim and a record, with their parameters."""
    sent: list[tuple[str, Any]] = []

    def remember(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        sent.append((statement, values[0] if isinstance(values, list) else values))

    event.listen(conn, "before_cursor_execute", remember)
    claims.find_hosts(conn)
    claims.find_hosts_due_since(conn, world.now() - 1, world.now())
    claims.has_expired(conn, world.now())
    names = [host_of(inbox(number)) for number in range(100)]
    rows = claims.claim(conn, names, bounds=WIDE, worker="w", now=world.now()).rows
    results = [
        Result(row, AttemptOutcome(AnswerKind.BUSY, 503), world.now(), world.now()) for row in rows
    ]
    record(conn, results, worker="w", inboxes=Inboxes(), rng=random.Random(7))
    claims.release_expired(conn, world.now())
    assert len(rows) == 400
    return [item for item in sent if not item[0].startswith("INSERT")]


# Rows in flight are few, and all of them are read; json_each reads a list that was passed.
FEW = re.compile(
    r"SCAN (hosts|due|free|json_each)\b|.*INDEX ix_outbox_delivery_claimed|SCAN CONSTANT ROW"
)


@only_sqlite
def test_no_statement_reads_through_a_backlog_of_thousands(world: World) -> None:
    for _ in range(50):
        world.publish([inbox(number) for number in range(100)])
    world.advance(hours=1)
    with world.db.begin() as conn:
        statements = _statements_of_a_turn(world, conn)
        assert len(statements) >= 12
        for statement, values in statements:
            for step in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values):
                detail = step[3]
                assert FEW.match(detail) or not detail.startswith("SCAN"), f"{detail}: {statement}"
                assert "ORDER BY" not in detail, f"{detail}: {statement}"


@only_postgresql
def test_no_statement_reads_through_a_backlog_of_thousands_on_postgresql_either(
    world: World,
) -> None:
    for _ in range(50):
        world.publish([inbox(number) for number in range(100)])
    world.advance(hours=1)
    with world.db.begin() as conn:
        conn.execute(text("ANALYZE outbox_delivery"))
        for statement, values in _statements_of_a_turn(world, conn):
            plan = "\n".join(conn.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())
            assert "Seq Scan on outbox_delivery" not in plan, f"{plan}: {statement}"
