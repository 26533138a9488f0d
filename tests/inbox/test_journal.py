from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from activitypub.signatures.request import CLOCK_SKEW, MAX_LIFETIME
from fedcom.background.housekeeping import TOMBSTONES_KEPT
from fedcom.db import open_database
from fedcom.federation.replay import RELAYED_WITHIN
from inbox import claims, journal
from tests.inbox.peers import ANN, BOB, World, entry
from tests.support.databases import sqlite_database
from tests.support.pruning import prune_now

DAY = 86_400.0


def test_append_distinguishes_new_from_known_entries(world: World) -> None:
    assert world.append(entry(1), entry(2)) == [True, True]
    assert world.append(entry(2), entry(3), entry(3)) == [False, True, False]
    assert [row["id"] for row in world.rows()] == sorted(row["id"] for row in world.rows())
    assert len(world.rows()) == 3


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"request_id": "other", "received_at": 1.0, "signer": "x"}, True),
        ({"actor": BOB}, False),
        ({"activity_id": "https://peer.example/likes/2"}, False),
        ({"activity_id": None}, False),
        ({"body": b"{}"}, False),
        ({"subject": "https://here.example/post/2"}, False),
        ({"signed_at": 1.0}, False),
        ({"authenticated": False}, False),
    ],
)
def test_the_dedupe_key_has_actor_activity_body_and_signing_time(
    change: dict[str, Any], same: bool
) -> None:
    changed = entry(**change)
    assert (changed.dedupe_key == entry().dedupe_key) is same


def test_an_activity_was_received_if_its_actor_sent_it_or_a_relayed_copy_was_processed(
    world: World,
) -> None:
    def was_received(number: int, actor: str = ANN) -> bool:
        one = entry(number)
        assert one.activity_id is not None
        with world.database.connect() as conn:
            return journal.was_received(conn, actor, one.subject, one.activity_id)

    assert not was_received(1)
    world.append(entry(1), entry(2, authenticated=False, signer=BOB))
    assert was_received(1)
    assert not was_received(1, BOB)
    assert not was_received(2)
    assert not was_received(3)

    for row in world.claim():
        with world.database.begin() as conn:
            claims.close(conn, row, now=world.now)
    assert was_received(2)


def test_a_relayed_copy_that_was_refused_uses_up_no_id(world: World) -> None:
    one = entry(1, authenticated=False, signer=BOB)
    world.append(one)
    (row,) = world.claim()
    with world.database.begin() as conn:
        claims.refuse(conn, row, now=world.now, code="c", reason="No.")
        assert not journal.was_received(conn, ANN, one.subject, one.activity_id or "")


def test_later_signed_activities_about_a_subject_are_found(world: World) -> None:
    subject = "https://here.example/post/" + "9" * 600  # longer than an index entry may be
    world.append(entry(1, subject=subject, signed_at=100.0))
    world.append(entry(2, subject=subject, authenticated=False, signer=BOB, signed_at=200.0))
    with world.database.connect() as conn:
        assert journal.has_newer_activity(conn, ANN, subject, 100.0)
        assert not journal.has_newer_activity(conn, ANN, subject, 100.5)
        assert not journal.has_newer_activity(conn, BOB, subject, 0.0)
        assert not journal.has_newer_activity(conn, ANN, "https://here.example/post/1", 0.0)


def test_entries_are_kept_for_longer_than_anything_can_be_replayed() -> None:
    assert journal.KEY_KEPT > MAX_LIFETIME + 2 * CLOCK_SKEW
    assert journal.KEY_KEPT > RELAYED_WITHIN + 2 * CLOCK_SKEW
    assert TOMBSTONES_KEPT.total_seconds() > RELAYED_WITHIN + 2 * CLOCK_SKEW


def test_copies_of_two_relays_are_two_entries() -> None:
    first = entry(authenticated=False, signer=BOB)
    assert first.dedupe_key != replace(first, signer="https://third.example/u/c").dedupe_key


def test_a_subject_too_long_for_an_index_is_hashed_and_still_compared(world: World) -> None:
    subject = "x" * 5000 + "é"
    world.append(entry(1, subject=subject), entry(2, subject=subject))
    subjects = {row["subject"] for row in world.rows()}
    assert len(subjects) == 1
    assert len(subjects.pop()) < 100
    assert len(world.claim()) == 1


def test_a_host_is_open_until_its_rows_are_closed_or_parked(world: World) -> None:
    def is_open() -> bool:
        with world.database.connect() as conn:
            return journal.is_open_for_host(conn, "peer.example")

    assert not is_open()
    world.append(entry(1), entry(2), entry(3, host="other.example"))
    assert is_open()
    first, _, second = world.claim()
    assert is_open()
    with world.database.begin() as conn:
        claims.close(conn, first, now=world.now)
    assert is_open()
    with world.database.begin() as conn:
        claims.park(conn, second, due_at=world.now + 9, reason="x")
    assert not is_open()


def test_refusals_are_listed_latest_first_with_their_reason(world: World) -> None:
    world.append(*(entry(number) for number in range(4)))
    rows = world.claim()
    with world.database.begin() as conn:
        for moment, row in enumerate(rows[:3]):
            claims.refuse(conn, row, now=float(moment), code=f"c{moment}", reason="No.")
        claims.close(conn, rows[3], now=9.0)
        found = journal.refusals(conn, 2)
        assert journal.counts(conn) == {"refused": 3, "done": 1}
    assert [(row.closed_at, row.code, row.reason) for row in found] == [
        (2.0, "c2", "No."),
        (1.0, "c1", "No."),
    ]
    assert (found[0].actor, found[0].host, found[0].request_id) == (ANN, "peer.example", "r2")


def test_ignored_activities_are_listed_after_refused_ones_per_host(world: World) -> None:
    world.append(entry(1), entry(2), entry(3, host="other.example"))
    ignored, refused, other = world.claim()
    with world.database.begin() as conn:
        claims.ignore(conn, ignored, now=9.0, code="not_followed", reason="No.")
        for row in (refused, other):
            claims.refuse(conn, row, now=1.0, code="locked", reason="No.")
        found = [(one.host, one.code) for one in journal.refusals(conn)]
        of_one = [one.code for one in journal.refusals(conn, host="peer.example")]
    assert {host for host, _ in found[:2]} == {"peer.example", "other.example"}
    assert found[2] == ("peer.example", "not_followed")
    assert of_one == ["locked", "not_followed"]


def test_waiting_rows_are_counted_for_each_host(world: World) -> None:
    world.append(entry(1), entry(2), entry(3, host="other.example"))
    first = world.claim()[0]
    with world.database.begin() as conn:
        claims.close(conn, first, now=world.now)
        assert journal.count_waiting(conn, 0.0) == []
        counted = {host: number for host, number, _ in journal.count_waiting(conn, 1e12)}
    assert counted == {"other.example": 1, "peer.example": 1}


def test_pruning_drops_bodies_after_a_week_and_rows_two_weeks_later(world: World) -> None:
    world.append(*(entry(number, received_at=0.0) for number in (1, 2, 3)))
    done, refused, _open = world.claim()
    with world.database.begin() as conn:
        claims.close(conn, done, now=0.0)
        claims.refuse(conn, refused, now=1 * DAY, code="c", reason="r")
        assert prune_now(conn, *journal.list_outdated(7 * DAY)) == 0
        assert prune_now(conn, *journal.list_outdated(7.5 * DAY)) == 1
    assert [row["body"] is None for row in world.rows()] == [True, False, False]
    assert world.append(entry(1)) == [False]
    with world.database.begin() as conn:
        assert prune_now(conn, *journal.list_outdated(21.5 * DAY)) == 1 + 1
        assert prune_now(conn, *journal.list_outdated(1000 * DAY)) == 1
    assert [row["state"] for row in world.rows()] == ["claimed"]
    assert world.append(entry(1)) == [True]


def test_a_row_that_is_done_keeps_what_tells_duplicates_and_no_more(world: World) -> None:
    """And a refused one all that admins read about it."""
    entries = [entry(number, received_at=0.0, signed_at=50.0) for number in (1, 2)]
    world.append(*entries)
    done, refused = world.claim()
    with world.database.begin() as conn:
        claims.close(conn, done, now=0.0)
        claims.refuse(conn, refused, now=0.0, code="c", reason="r")
    before = world.rows()
    with world.database.begin() as conn:
        prune_now(conn, *journal.list_outdated(8 * DAY))

    kept, other = world.rows()
    assert other == before[1] | {"body": None}
    same = {name for name in kept if kept[name] == before[0][name]}
    assert same >= {"id", "dedupe_key", "authenticated", "signed_at", "closed_at", "state"}
    emptied = ("activity_type", "actor", "signer", "host", "request_id")
    assert {kept[name] for name in emptied} == {""}
    assert kept["subject"] is kept["body"] is None
    with world.database.begin() as conn:
        for one in entries:
            assert journal.was_received(conn, one.actor, one.subject, one.activity_id or "")
        first = entries[0]
        assert not journal.was_received(conn, first.actor, first.subject, "https://x.example/1")
        assert journal.has_newer_activity(conn, first.actor, first.subject, 50.0)
    assert world.append(*entries) == [False, False]


def test_pruning_is_limited(world: World) -> None:
    world.append(*(entry(number, received_at=0.0) for number in range(3)))
    rows = world.claim()
    with world.database.begin() as conn:
        for row in rows:
            claims.close(conn, row, now=0.0)
        outdated = journal.list_outdated(8 * DAY)
        assert [prune_now(conn, *outdated, most=2) for _ in range(3)] == [2, 1, 0]


def test_ids_are_never_reused(world: World) -> None:
    world.append(entry(1))
    before = world.rows()[0]["id"]
    with world.database.begin() as conn:
        conn.execute(text("DELETE FROM inbox_journal"))
    world.append(entry(1))
    assert world.rows()[0]["id"] > before


def test_sqlite_finds_outdated_bodies_by_their_own_index(tmp_path: Path) -> None:
    """By the index of all closed rows, each step of pruning would read two weeks of them."""
    database = open_database(sqlite_database(tmp_path / "journal.sqlite3", migrated=True))
    plans: list[str] = []

    def note(conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "received_at <" in statement and not statement.startswith("EXPLAIN"):
            plans.append(
                str(conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
            )

    with closing(database), database.begin() as conn:
        event.listen(conn, "before_cursor_execute", note)
        prune_now(conn, *journal.list_outdated(8 * DAY))

    assert len(plans) == 1
    assert "USING INDEX ix_inbox_journal_bodies (received_at<?)" in plans[0]
