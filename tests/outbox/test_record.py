import random

import orjson
import pytest
from sqlalchemy import select

from activitypub.iri import host_of
from outbox import claims, peers
from outbox.answers import AnswerKind, AttemptOutcome
from outbox.claims import Bounds, ClaimedDelivery
from outbox.deliveries import deliveries
from outbox.maintenance import find_failed
from outbox.peers import MONTH, REST_AFTER, PeerHealth
from outbox.ports import DeliveryPace
from outbox.record import Recorded, Result, record
from outbox.retry import WEEK
from tests.outbox.world import ACTOR, World, inbox

HOST = host_of(inbox(1))
BUSY = AttemptOutcome(AnswerKind.BUSY, 503, "overloaded")
TAKEN = AttemptOutcome(AnswerKind.DELIVERED, 202, "thanks")


def _claim(world: World, slots: int = 4, worker: str = "w") -> list[ClaimedDelivery]:
    with world.db.begin() as conn:
        bounds = Bounds(slots, 100, 60)
        return claims.claim(conn, [HOST], bounds=bounds, worker=worker, now=world.now()).rows


def _record(
    world: World, rows: list[ClaimedDelivery], *outcomes: AttemptOutcome, worker: str = "w"
) -> Recorded:
    now = world.now()
    results = [Result(row, outcome, now, now) for row, outcome in zip(rows, outcomes, strict=True)]
    with world.db.begin() as conn:
        return record(conn, results, worker=worker, inboxes=world.inboxes, rng=random.Random(7))


def _rows(world: World) -> list[tuple[object, ...]]:
    c = deliveries.c
    with world.db.connect() as conn:
        found = conn.execute(
            select(c.state, c.tries, c.last_status, c.last_answer, c.claimed_by).order_by(c.id)
        )
        return [tuple(row) for row in found]


@pytest.mark.parametrize(
    ("outcome", "row"),
    [
        (TAKEN, ("delivered", 1, 202, None, None)),
        (BUSY, ("waiting", 1, 503, "overloaded", None)),
        (AttemptOutcome(AnswerKind.OURS, None, "oops"), ("waiting", 1, None, "oops", None)),
        (AttemptOutcome(AnswerKind.UNAUTHORIZED, 401, "who?"), ("waiting", 1, 401, "who?", None)),
        (AttemptOutcome(AnswerKind.GONE, 410, "bye"), ("failed", 1, 410, "bye", None)),
        (AttemptOutcome(AnswerKind.REJECTED, 403, "no"), ("failed", 1, 403, "no", None)),
    ],
)
def test_each_outcome_is_stored(
    world: World, outcome: AttemptOutcome, row: tuple[object, ...]
) -> None:
    world.publish([inbox(1)])
    _record(world, _claim(world), outcome)
    assert _rows(world) == [row]


@pytest.mark.parametrize(
    ("announced", "state"),
    [
        ({"type": "Create", "actor": f"https://{HOST}/u/kim", "object": "x"}, "echoed"),
        ({"type": "Note", "attributedTo": f"https://{HOST}/u/kim"}, "echoed"),
        (f"https://{HOST}/note/1", "echoed"),
        ({"type": "Create", "actor": "https://other.example/u/kim", "object": "x"}, "failed"),
        ({"type": "Like", "actor": "https://h/", "object": f"https://{HOST}/note/1"}, "failed"),
        ("https://other.example/note/1", "failed"),
        (None, "failed"),
    ],
)
def test_an_echo_is_no_failure(world: World, announced: object, state: str) -> None:
    body = orjson.dumps({"type": "Announce", "actor": ACTOR, "object": announced})
    world.publish([inbox(1)], body=body)
    _record(world, _claim(world), AttemptOutcome(AnswerKind.REJECTED, 400, "it is mine"))
    assert _rows(world) == [(state, 1, 400, "it is mine", None)]
    assert len(world.inboxes.refusals) == (state == "failed")
    with world.db.connect() as conn:
        assert [one.is_echo for one in find_failed(conn)] == [state == "echoed"]


def test_a_week_without_success_is_given_up_and_a_lasting_401_fails(world: World) -> None:
    world.publish([inbox(1)])
    world.publish([inbox(1)])
    world.advance(seconds=WEEK)
    _record(world, _claim(world), BUSY, AttemptOutcome(AnswerKind.UNAUTHORIZED, 401))
    assert [row[0] for row in _rows(world)] == ["given_up", "failed"]


def test_a_delivery_that_another_worker_has_taken_over_is_left_to_it(world: World) -> None:
    world.publish([inbox(1)])
    late = _claim(world, worker="late")
    with world.db.begin() as conn:
        claims.release(conn)
    _claim(world, worker="other")
    _record(world, late, TAKEN, worker="late")
    _record(world, late, BUSY, worker="late")
    assert _rows(world) == [("claimed", 0, None, None, "other")]


def test_the_result_has_the_next_times_and_the_failing_hosts(world: World) -> None:
    world.publish([inbox(1)])
    world.publish([inbox(1)])
    recorded = _record(world, _claim(world), BUSY, AttemptOutcome(AnswerKind.UNAUTHORIZED, 401))
    assert recorded.query_at[HOST] == pytest.approx(world.now() + 1, abs=0.3)
    assert recorded.failing == frozenset()  # the 401 was a response, and the later one
    world.publish([inbox(1)])
    assert _record(world, _claim(world), BUSY).failing == {HOST}


def test_a_host_with_retry_after_is_tried_at_that_time(world: World) -> None:
    world.publish([inbox(1)])
    recorded = _record(world, _claim(world), AttemptOutcome(AnswerKind.BUSY, 429, "", 3600.0))
    assert recorded.query_at[HOST] == world.now() + 3600


def test_an_inbox_that_is_no_more_is_reported_once_for_each_delivery(world: World) -> None:
    world.publish([inbox(1)])
    world.publish([inbox(1)])
    _record(
        world,
        _claim(world),
        AttemptOutcome(AnswerKind.GONE, 404),
        AttemptOutcome(AnswerKind.REJECTED, 400),
    )
    assert world.inboxes.gone_inboxes == [inbox(1)]
    assert [refusal.status for refusal in world.inboxes.refusals] == [404, 400]


def _fail_until_resting(world: World) -> None:
    for _ in range(REST_AFTER):
        _record(world, _claim(world, 1), BUSY)
        world.advance(seconds=1)


def test_a_resting_peer_keeps_its_backlog_untouched_until_one_success_frees_all(
    world: World,
) -> None:
    for _ in range(20):
        world.publish([inbox(1)])
    _fail_until_resting(world)
    assert _claim(world) == []
    with world.db.begin() as conn:
        tried = deliveries.update().where(deliveries.c.tries > 0)
        conn.execute(tried.values(due_at=world.now() + 20_000))
    world.advance(seconds=45)
    probe = _claim(world)
    assert len(probe) == 1
    recorded = _record(world, probe, TAKEN)
    assert recorded.query_at == {HOST: world.now()}
    with world.db.connect() as conn:
        due = conn.execute(select(deliveries.c.due_at).where(deliveries.c.state == "waiting"))
        assert max(due.scalars()) <= world.now()


def _due_in(world: World) -> list[float]:
    with world.db.connect() as conn:
        waiting = deliveries.c.state == "waiting"
        due = conn.execute(select(deliveries.c.due_at).where(waiting).order_by(deliveries.c.id))
        return [when - world.now() for when in due.scalars()]


def test_a_peer_that_remembers_what_it_failed_to_process_is_tried_again_after_that(
    world: World,
) -> None:
    world.inboxes.made[HOST] = DeliveryPace(memory=90.0)
    world.publish([inbox(1)])
    _record(world, _claim(world), BUSY)
    [seconds] = _due_in(world)
    assert seconds > 90.0


@pytest.mark.parametrize("sign_of_life", ["a success", "an activity of theirs"])
def test_a_peer_that_is_back_gets_only_what_it_has_not_seen_at_once(
    world: World, sign_of_life: str
) -> None:
    world.inboxes.made[HOST] = DeliveryPace(memory=90.0)
    for _ in range(9):
        world.publish([inbox(1)])
    _fail_until_resting(world)
    world.advance(seconds=45)
    if sign_of_life == "a success":
        _record(world, _claim(world), TAKEN)
    else:
        with world.db.begin() as conn:
            assert peers.mark_reachable(conn, HOST, world.now(), 90.0)
    due = _due_in(world)
    with world.db.connect() as conn:
        waiting = deliveries.c.state == "waiting"
        tries = conn.execute(select(deliveries.c.tries).where(waiting).order_by(deliveries.c.id))
        tried = [number > 0 for number in tries.scalars()]
    assert tried.count(True) == 3
    # They failed 45 seconds ago, or a second or two more.
    assert all(
        seconds > 43 if again else seconds <= 0 for seconds, again in zip(due, tried, strict=True)
    )


def test_a_peer_that_takes_ten_deliveries_a_minute_gets_no_more(world: World) -> None:
    world.inboxes.made[HOST] = DeliveryPace(interval=7.6)
    for _ in range(40):
        world.publish([inbox(1)])
    sent: list[float] = []
    for _ in range(180):
        rows = _claim(world)
        sent += [world.now()] * len(rows)
        for row in rows:  # each is recorded by itself, as responses arrive
            _record(world, [row], TAKEN)
        world.advance(seconds=1)
    assert max(sum(at <= other < at + 60 for other in sent) for at in sent) <= 10
    assert len(sent) >= 20


def test_deliveries_behind_a_retried_one_are_due_when_it_ends(world: World) -> None:
    world.publish([inbox(1)], subject="https://here.example/post/1")
    world.publish([inbox(1)], subject="https://here.example/post/1")
    _record(world, _claim(world), BUSY)
    _claim(world)  # the second steps aside
    world.advance(seconds=2)
    recorded = _record(world, _claim(world), TAKEN)
    assert recorded.query_at == {HOST: world.now()}
    assert len(_claim(world)) == 1


def test_the_backlog_of_a_week_is_given_up_when_a_probe_fails(world: World) -> None:
    for _ in range(10):
        world.publish([inbox(1)])
    _fail_until_resting(world)
    world.advance(seconds=WEEK)
    world.publish([inbox(1)])
    _record(world, _claim(world), BUSY)
    assert world.states() == {"given_up": 10, "waiting": 1}


def test_a_month_of_failed_probes_makes_the_peer_gone(world: World) -> None:
    for _ in range(REST_AFTER + 1):
        world.publish([inbox(1)])
        _record(world, _claim(world, 1), BUSY)
        world.advance(seconds=MONTH / 3)
    with world.db.begin() as conn:
        assert set(conn.scalars(peers.GONE_HOSTS)) == {HOST}
        found = peers.lock(conn, [HOST])[HOST]
    assert found.failing_since == world.now() - 4 * MONTH / 3
    assert isinstance(found, PeerHealth)
