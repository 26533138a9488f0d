import logging
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from fedcom.db import Database
from outbox.deliveries import activities, deliveries
from outbox.publish import Issued, Publication, find_issued, publish, publish_all

ACTIVITY = "https://here.example/activities/1"
INBOXES = ["https://one.example/inbox", "https://two.example/inbox"]


def _publish(db: Database, inboxes: list[str], *, body: bytes = b"{}", now: float = 5.0) -> int:
    with db.begin() as conn:
        return publish(
            conn,
            activity_id=ACTIVITY,
            actor="https://here.example/c/cats",
            body=body,
            subject="https://here.example/post/1",
            inboxes=inboxes,
            now=now,
        )


def test_each_inbox_gets_one_delivery_and_the_bytes_are_stored_once(db: Database) -> None:
    assert _publish(db, [*INBOXES, INBOXES[0]]) == 2
    with db.connect() as conn:
        rows = conn.execute(select(deliveries).order_by(deliveries.c.id)).all()
        assert [(row.inbox, row.host) for row in rows] == [
            ("https://one.example/inbox", "one.example"),
            ("https://two.example/inbox", "two.example"),
        ]
        assert {(row.state, row.due_at, row.tries, row.subject) for row in rows} == {
            ("waiting", 5.0, 0, "https://here.example/post/1")
        }
        assert len(conn.execute(select(activities)).all()) == 1


def test_publishing_again_adds_only_the_inboxes_that_are_new(db: Database) -> None:
    _publish(db, INBOXES)
    assert _publish(db, INBOXES, body=b"other") == 0
    assert _publish(db, [*INBOXES, "https://three.example/inbox"]) == 1
    with db.connect() as conn:
        assert find_issued(conn, ACTIVITY) == Issued("https://here.example/c/cats", b"{}", 5.0)
        assert len(conn.execute(select(activities)).all()) == 1
        assert len(conn.execute(select(deliveries)).all()) == 3


def test_several_at_once_keep_their_order_and_earlier_deliveries(db: Database) -> None:
    _publish(db, INBOXES[:1])
    published = [
        Publication(
            activity_id=f"https://here.example/activities/{number}",
            actor="https://here.example/c/cats",
            body=b"other",
            subject="https://here.example/post/1",
            inboxes=INBOXES,
        )
        for number in (3, 1, 2)
    ]
    with db.begin() as conn:
        assert publish_all(conn, published, now=6.0) == 5
        assert publish_all(conn, published, now=7.0) == 0
    with db.connect() as conn:
        stored = conn.execute(select(activities.c.activity_id, activities.c.body).order_by("id"))
        assert [(iri[-1], body) for iri, body in stored] == [
            ("1", b"{}"),
            ("3", b"other"),
            ("2", b"other"),
        ]
        rows = conn.execute(
            select(activities.c.activity_id, deliveries.c.host)
            .join(activities, activities.c.id == deliveries.c.activity)
            .order_by(deliveries.c.id)
        )
        assert [(iri[-1], host[:3]) for iri, host in rows] == [
            *(("1", "one"), ("3", "one"), ("3", "two"), ("1", "two"), ("2", "one"), ("2", "two")),
        ]


def test_an_activity_for_nobody_is_still_known_as_issued(db: Database) -> None:
    assert _publish(db, []) == 0
    with db.connect() as conn:
        assert find_issued(conn, ACTIVITY) is not None


def test_an_activity_that_was_never_published_is_not_known(db: Database) -> None:
    with db.connect() as conn:
        assert find_issued(conn, ACTIVITY) is None


def test_a_broken_inbox_is_skipped_and_logged(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert _publish(db, ["not an inbox", *INBOXES]) == 2
    (record,) = caplog.records
    assert (record.getMessage(), vars(record)["inbox"]) == ("inbox_invalid", "not an inbox")


def test_nothing_is_written_when_the_callers_transaction_is_rolled_back(db: Database) -> None:
    with db.begin() as conn:
        publish(
            conn,
            activity_id=ACTIVITY,
            actor="a",
            body=b"{}",
            subject="s",
            inboxes=INBOXES,
            now=0.0,
        )
        conn.rollback()
    with db.connect() as conn:
        assert conn.execute(select(deliveries)).all() == []
        assert find_issued(conn, ACTIVITY) is None


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_two_transactions_that_publish_one_activity_share_its_row(db: Database) -> None:
    with ThreadPoolExecutor(1) as threads:
        with db.begin() as conn:
            publish(
                conn,
                activity_id=ACTIVITY,
                actor="a",
                body=b"{}",
                subject="s",
                inboxes=INBOXES[:1],
                now=1.0,
            )
            second = threads.submit(_publish, db, INBOXES)
            time.sleep(0.2)
            assert not second.done()  # it waits for the first
        assert second.result(timeout=10) == 1
    with db.connect() as conn:
        assert len(conn.execute(select(activities)).all()) == 1
        assert len(conn.execute(select(deliveries)).all()) == 2
