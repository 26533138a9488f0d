"""The numbers that show whether deliveries are being made."""

import random

from activitypub.iri import host_of
from outbox import claims
from outbox.answers import AnswerKind, AttemptOutcome
from outbox.claims import Bounds
from outbox.health import RECENT, DeliveryHealth, measure_deliveries
from outbox.peers import REST_AFTER
from outbox.record import Result, record
from tests.outbox.world import World, inbox


def measured(world: World) -> DeliveryHealth:
    with world.db.connect() as conn:
        return measure_deliveries(conn, world.now())


def test_without_deliveries_nothing_is_due_and_nobody_fails(world: World) -> None:
    assert measured(world) == DeliveryHealth(0, None, 0.0, 0.0)


def test_health_counts_waiting_and_claimed_and_the_last_result(world: World) -> None:
    start = world.now()
    world.publish([inbox(1), inbox(2)])
    world.advance(seconds=10)
    now, host = world.now(), host_of(inbox(1))
    with world.db.begin() as conn:
        claim = claims.claim(conn, [host], bounds=Bounds(1, 1, 60), worker="w", now=now)

    assert measured(world) == DeliveryHealth(0, start, now + 60, 0.0)

    done = AttemptOutcome(AnswerKind.DELIVERED, 202)
    with world.db.begin() as conn:
        results = [Result(row, done, now, now) for row in claim.rows]
        record(conn, results, worker="w", inboxes=world.inboxes, rng=random.Random(7))

    assert measured(world) == DeliveryHealth(0, start, 0.0, now)


def test_a_peer_counts_as_failing_only_recently_and_its_deliveries_are_not_due(
    world: World,
) -> None:
    world.publish([inbox(1)])
    host = host_of(inbox(1))
    for _ in range(REST_AFTER):
        world.advance(seconds=86_400 // 4)
        now = world.now()
        with world.db.begin() as conn:
            claim = claims.claim(conn, [host], bounds=Bounds(1, 1, 60), worker="w", now=now)
            results = [
                Result(row, AttemptOutcome(AnswerKind.BUSY, 503), now, now) for row in claim.rows
            ]
            record(conn, results, worker="w", inboxes=world.inboxes, rng=random.Random(7))

    assert measured(world) == DeliveryHealth(1, None, 0.0, now)
    world.advance(seconds=RECENT)
    assert measured(world).failing_peers == 0
