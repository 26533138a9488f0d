from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy import insert, text, update

from fedcom.db import Database
from fedcom.metrics.queues import MOST_PEERS, QueueCollector
from inbox import journal
from outbox.deliveries import deliveries, peers
from outbox.publish import publish
from tests.inbox.peers import entry
from tests.support.clock import SettableClock


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def collected(database: Database, clock: SettableClock) -> CollectorRegistry:
    registry = CollectorRegistry()
    QueueCollector(database, clock, registry)
    return registry


def published(database: Database, clock: SettableClock, *hosts: str) -> None:
    with database.begin() as conn:
        publish(
            conn,
            activity_id="https://here.example/activities/1",
            actor="https://here.example/c/cats",
            body=b"{}",
            subject="https://here.example/post/1",
            inboxes=[f"https://{host}/inbox" for host in hosts],
            now=clock().timestamp(),
        )


def peer(host: str, **columns: Any) -> dict[str, Any]:
    return {"host": host, "failures": 0, "resting_until": None, "gone": False} | columns


def test_empty_queues_are_shown_as_zeros(database: Database, clock: SettableClock) -> None:
    registry = collected(database, clock)
    assert value(registry, "fedcom_database_up") == 1
    assert value(registry, "fedcom_inbox_overdue_seconds") == 0
    assert value(registry, "fedcom_deliveries_overdue_seconds") == 0
    for state in ("open", "claimed", "parked"):
        assert value(registry, "fedcom_inbox_journal_rows", state=state) == 0
    for state in ("waiting", "claimed"):
        assert value(registry, "fedcom_deliveries", state=state) == 0
    for state in ("well", "failing", "paused", "gone"):
        assert value(registry, "fedcom_peers", state=state) == 0


def test_received_activities_are_counted_until_they_are_processed(
    database: Database, clock: SettableClock
) -> None:
    registry = collected(database, clock)
    with database.begin() as conn:
        journal.append(conn, [entry(1), entry(2), entry(3)])
        conn.execute(
            update(journal.journal).values(state="parked").where(journal.journal.c.id == 3)
        )
        conn.execute(
            update(journal.journal)
            .values(state="done", closed_at=1.0)
            .where(journal.journal.c.id == 2)
        )
    clock.advance(seconds=40)
    assert value(registry, "fedcom_inbox_journal_rows", state="open") == 1
    assert value(registry, "fedcom_inbox_journal_rows", state="parked") == 1
    assert value(registry, "fedcom_inbox_overdue_seconds") == 40


def test_deliveries_are_counted_until_they_are_finished(
    database: Database, clock: SettableClock
) -> None:
    registry = collected(database, clock)
    published(database, clock, "a.example", "b.example", "c.example")
    with database.begin() as conn:
        claimed = {"state": "claimed", "claimed_until": 1.0}
        conn.execute(update(deliveries).values(claimed).where(deliveries.c.host == "b.example"))
        done = {"state": "delivered", "closed_at": 1.0}
        conn.execute(update(deliveries).values(done).where(deliveries.c.host == "c.example"))
    clock.advance(seconds=25)
    assert value(registry, "fedcom_deliveries", state="waiting") == 1
    assert value(registry, "fedcom_deliveries", state="claimed") == 1
    assert value(registry, "fedcom_deliveries_overdue_seconds") == 25


def test_peers_with_problems_are_shown_by_name(database: Database, clock: SettableClock) -> None:
    registry = collected(database, clock)
    published(database, clock, "paused.example", "well.example")
    later = clock().timestamp() + 60
    with database.begin() as conn:
        conn.execute(
            insert(peers),
            [
                peer("well.example", failures=2),
                peer("failing.example", failures=3),
                peer("paused.example", failures=9, resting_until=later),
                peer("gone.example", failures=90, gone=True),
            ],
        )
    for state in ("well", "failing", "paused", "gone"):
        assert value(registry, "fedcom_peers", state=state) == 1
    assert value(registry, "fedcom_peer_failures", host="paused.example") == 9
    assert value(registry, "fedcom_peer_failures", host="gone.example") == 90
    assert value(registry, "fedcom_peer_failures", host="well.example") is None
    assert value(registry, "fedcom_peer_waiting_deliveries", host="paused.example") == 1
    assert value(registry, "fedcom_deliveries_overdue_seconds") == 0
    clock.advance(seconds=61)
    assert value(registry, "fedcom_peers", state="failing") == 2


def test_only_so_many_peers_are_shown_by_name_those_with_long_backlogs_first(
    database: Database, clock: SettableClock
) -> None:
    registry = collected(database, clock)
    published(database, clock, "zzz.example")
    many = [peer(f"p{number}.example", failures=5) for number in range(MOST_PEERS)]
    with database.begin() as conn:
        conn.execute(insert(peers), [*many, peer("zzz.example", failures=5)])
    shown = [
        sample
        for family in registry.collect()
        if family.name == "fedcom_peer_failures"
        for sample in family.samples
    ]
    assert len(shown) == MOST_PEERS
    assert shown[0].labels == {"host": "zzz.example"}


def test_a_database_that_fails_is_a_figure_too(database: Database, clock: SettableClock) -> None:
    registry = collected(database, clock)
    with database.begin() as conn:
        conn.execute(text("ALTER TABLE outbox_peer RENAME TO elsewhere"))
    try:
        assert value(registry, "fedcom_database_up") == 0
        assert value(registry, "fedcom_deliveries", state="waiting") is None
    finally:
        with database.begin() as conn:
            conn.execute(text("ALTER TABLE elsewhere RENAME TO outbox_peer"))
    assert value(registry, "fedcom_database_up") == 1
