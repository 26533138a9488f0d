import random

from sqlalchemy import func, select, update

from activitypub.iri import host_of
from outbox import claims, peers
from outbox.answers import AnswerKind, AttemptOutcome
from outbox.claims import Bounds
from outbox.deliveries import ECHOED, activities, deliveries
from outbox.maintenance import (
    DAY,
    FailedDelivery,
    PeerReport,
    count_states,
    count_waiting,
    find_failed,
    list_outdated,
    report_peers,
    retry_now,
)
from outbox.peers import PeerHealth
from outbox.publish import find_issued
from outbox.record import Result, record
from tests.outbox.world import World, inbox
from tests.support.pruning import prune_now


def _attempt(world: World, number: int, outcome: AttemptOutcome) -> None:
    now, host = world.now(), host_of(inbox(number))
    with world.db.begin() as conn:
        claim = claims.claim(conn, [host], bounds=Bounds(1, 1, 60), worker="w", now=now)
        results = [Result(row, outcome, now, now) for row in claim.rows]
        record(conn, results, worker="w", inboxes=world.inboxes, rng=random.Random(7))


def test_a_report_lists_waiting_deliveries_by_peer_with_the_reason(world: World) -> None:
    start = world.now()
    world.publish([inbox(1), inbox(2)])
    world.advance(seconds=10)
    world.publish([inbox(1), inbox(3)])
    _attempt(world, 1, AttemptOutcome(AnswerKind.BUSY, 503, "full", 60.0))
    _attempt(world, 2, AttemptOutcome(AnswerKind.DELIVERED, 202))
    now = world.now()
    with world.db.connect() as conn:
        one, three, two = report_peers(conn)
        assert count_states(conn) == {"waiting": 3, "delivered": 1}
    assert one == PeerReport(
        host=host_of(inbox(1)),
        waiting=2,
        claimed=0,
        failing=1,
        oldest=start,
        failures=1,
        resting_until=now + 60,
        last_success=None,
        last_failure=now,
        last_status=503,
        last_answer="full",
        gone=False,
    )
    assert (three.host, three.waiting, three.failures) == (host_of(inbox(3)), 1, 0)
    assert (two.waiting, two.oldest, two.last_success, two.last_status) == (0, None, now, 202)


def test_a_report_on_a_part_of_the_peers_has_the_first_of_all(world: World) -> None:
    world.publish([inbox(number) for number in (1, 2, 3, 4)])
    world.publish([inbox(4), inbox(3)])
    _attempt(world, 1, AttemptOutcome(AnswerKind.DELIVERED, 202))
    _attempt(world, 2, AttemptOutcome(AnswerKind.BUSY, 503, "full", 60.0))
    with world.db.connect() as conn:
        everybody = report_peers(conn)
        parts = [report_peers(conn, limit=number) for number in range(6)]
        alone = [report_peers(conn, host=one.host) for one in everybody]
        nobody = report_peers(conn, host="nobody.example")
    assert [one.host for one in everybody] == [host_of(inbox(number)) for number in (3, 4, 2, 1)]
    assert parts == [everybody[:number] for number in range(6)]
    assert alone == [[one] for one in everybody]
    assert nobody == []


def test_deliveries_that_wait_for_long_are_counted_for_each_host(world: World) -> None:
    start = world.now()
    world.publish([inbox(1), inbox(2), inbox(3)])
    world.advance(seconds=10)
    world.publish([inbox(1), inbox(4)])
    _attempt(world, 2, AttemptOutcome(AnswerKind.BUSY, 503, "full", 60.0))
    _attempt(world, 3, AttemptOutcome(AnswerKind.DELIVERED, 202))
    with world.db.connect() as conn:
        assert count_waiting(conn, start) == []
        assert count_waiting(conn, start + 1) == [
            (host_of(inbox(1)), 2, start),
            (host_of(inbox(2)), 1, start),
        ]


def test_the_latest_failures_of_both_kinds_are_listed_together(world: World) -> None:
    world.publish([inbox(number) for number in range(1, 5)])
    for number in range(1, 5):
        _attempt(world, number, AttemptOutcome(AnswerKind.REJECTED, 400, "no"))
        world.advance(seconds=5)
    is_from_even = deliveries.c.inbox.in_([inbox(2), inbox(4)])
    with world.db.begin() as conn:
        conn.execute(update(deliveries).where(is_from_even).values(state="given_up"))
        found = find_failed(conn, limit=3)
    assert [(one.inbox, one.state) for one in found] == [
        (inbox(4), "given_up"),
        (inbox(3), "failed"),
        (inbox(2), "given_up"),
    ]


def test_a_report_counts_what_is_being_sent(world: World) -> None:
    world.publish([inbox(1)])
    with world.db.begin() as conn:
        claims.claim(conn, [host_of(inbox(1))], bounds=Bounds(1, 1, 60), worker="w", now=1e12)
        assert [(row.waiting, row.claimed) for row in report_peers(conn)] == [(0, 1)]


def test_failed_deliveries_are_listed_latest_first(world: World) -> None:
    world.publish([inbox(1), inbox(2), inbox(3)])
    _attempt(world, 1, AttemptOutcome(AnswerKind.REJECTED, 403, "no"))
    world.advance(seconds=5)
    _attempt(world, 2, AttemptOutcome(AnswerKind.GONE, 410, "bye"))
    now = world.now()
    name = "https://here.example/activities/1"
    one = FailedDelivery(name, inbox(1), "failed", 1, 403, "no", now - 5)
    two = FailedDelivery(name, inbox(2), "failed", 1, 410, "bye", now)
    with world.db.connect() as conn:
        assert find_failed(conn) == [two, one]
        assert find_failed(conn, limit=1) == [two]
        assert find_failed(conn, host=host_of(inbox(1))) == [one]


def test_echoes_are_listed_behind_failures(world: World) -> None:
    world.publish([inbox(number) for number in range(1, 5)])
    for number in range(1, 5):
        _attempt(world, number, AttemptOutcome(AnswerKind.REJECTED, 400, "it is mine"))
        world.advance(seconds=5)
    is_from_even = deliveries.c.inbox.in_([inbox(2), inbox(4)])
    with world.db.begin() as conn:
        conn.execute(update(deliveries).where(is_from_even).values(state="echoed"))
        found = find_failed(conn)
        few = find_failed(conn, limit=1)

    assert [(one.inbox, one.is_echo) for one in found] == [
        (inbox(3), False),
        (inbox(1), False),
        (inbox(4), True),
        (inbox(2), True),
    ]
    assert [one.is_echo for one in few] == [False, True]


def _rest(world: World) -> None:
    world.publish([inbox(1), inbox(2)])
    for number in (1, 2):
        _attempt(world, number, AttemptOutcome(AnswerKind.BUSY, 503, "", 3600.0))


def _due(world: World) -> list[float]:
    with world.db.connect() as conn:
        return list(conn.execute(select(deliveries.c.due_at).order_by(deliveries.c.id)).scalars())


def test_an_admin_may_have_one_peer_tried_at_once(world: World) -> None:
    _rest(world)
    with world.db.begin() as conn:
        assert retry_now(conn, host_of(inbox(1)), world.now()) == 1
        found = peers.lock(conn, [host_of(inbox(1)), host_of(inbox(2))])
    assert [peer.resting_until for peer in found.values()] == [None, world.now() + 3600]
    assert _due(world) == [world.now(), world.now() + 3600]


def test_an_admin_may_have_all_peers_tried_at_once(world: World) -> None:
    _rest(world)
    with world.db.begin() as conn:
        assert retry_now(conn, None, world.now()) == 2
        assert not any(p.failures for p in peers.lock(conn, [host_of(inbox(1))]).values())
    assert _due(world) == [world.now()] * 2


def test_pruning_keeps_what_is_recent_or_open_and_issued_activities_for_a_month(
    world: World,
) -> None:
    world.publish([inbox(1), inbox(2), inbox(3)])
    _attempt(world, 1, AttemptOutcome(AnswerKind.DELIVERED, 202))
    _attempt(world, 2, AttemptOutcome(AnswerKind.REJECTED, 403))
    name = "https://here.example/activities/1"

    def left(days: float) -> tuple[int, bool]:
        with world.db.begin() as conn:
            prune_now(conn, *list_outdated(world.now() + days * DAY))
            number = conn.execute(select(func.count()).select_from(deliveries)).scalar_one()
            return number, find_issued(conn, name) is not None

    assert left(6) == (3, True)
    assert left(8) == (2, True)
    assert left(31) == (1, True)  # one is still waiting
    _attempt(world, 3, AttemptOutcome(AnswerKind.DELIVERED, 202))
    assert left(8) == (0, True)
    assert left(31) == (0, False)


def test_pruning_keeps_an_echo_no_longer_than_what_arrived(world: World) -> None:
    world.publish([inbox(1)])
    _attempt(world, 1, AttemptOutcome(AnswerKind.REJECTED, 400))
    with world.db.begin() as conn:
        conn.execute(deliveries.update().values(state=ECHOED))
        assert [prune_now(conn, *list_outdated(world.now() + days * DAY)) for days in (6, 8)] == [
            0,
            1,
        ]


def test_pruning_deletes_a_limited_number_at_a_time(world: World) -> None:
    world.publish([inbox(number) for number in range(15)])
    later = world.now() + 60 * DAY
    with world.db.begin() as conn:
        conn.execute(deliveries.update().values(state="delivered", closed_at=world.now()))
        assert prune_now(conn, *list_outdated(later), most=10) == 10
        assert prune_now(conn, *list_outdated(later), most=10) == 5 + 1
        assert prune_now(conn, *list_outdated(later), most=10) == 0
        assert conn.execute(select(activities)).all() == []


def test_a_peer_without_any_delivery_is_still_reported(world: World) -> None:
    with world.db.begin() as conn:
        claims.claim(conn, ["old.example"], bounds=Bounds(1, 1, 1), worker="w", now=0.0)
        peers.put(conn, [PeerHealth("old.example", failures=9, gone=True)])
        assert [(row.host, row.gone, row.waiting) for row in report_peers(conn)] == [
            ("old.example", True, 0)
        ]
