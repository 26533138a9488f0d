import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, delete

from inbox import claims, journal
from inbox.claims import ClaimLost
from tests.inbox.peers import OUR_HOST, World, entry
from tests.support.plans import captured, steps

SUBJECT = f"https://{OUR_HOST}/post/1"


def activity_ids(world: World, rows: list[claims.ClaimedEntry]) -> list[int]:
    order = [row["id"] for row in world.rows()]
    return [order.index(row.id) + 1 for row in rows]


def test_rows_are_given_out_oldest_first_and_once(world: World) -> None:
    world.append(*(entry(number) for number in range(1, 6)))
    assert activity_ids(world, world.claim("a", most=3)) == [1, 2, 3]
    assert activity_ids(world, world.claim("b", most=3)) == [4, 5]
    assert world.claim("c") == []


def test_a_claimed_row_carries_what_its_worker_needs(world: World) -> None:
    world.append(entry(1))
    (row,) = world.claim("a")
    assert (row.worker, row.tries) == ("a", 1)
    assert (row.actor, row.signer, row.host) == (entry().actor, entry().signer, "peer.example")
    assert (row.body, row.spliceable, row.authenticated) == (entry().body, True, True)
    assert (row.request_id, row.received_at) == ("r1", entry().received_at)


def test_of_one_subject_only_the_earliest_is_given_out(world: World) -> None:
    world.append(entry(1, subject=SUBJECT), entry(2, subject=SUBJECT), entry(3), entry(4))
    first, *others = world.claim()
    assert activity_ids(world, [first, *others]) == [1, 3, 4]
    assert world.claim() == []
    with world.database.begin() as conn:
        claims.close(conn, first, now=world.now)
    assert activity_ids(world, world.claim()) == [2]


def test_rows_without_a_subject_do_not_wait_for_each_other(world: World) -> None:
    world.append(entry(1, subject=None), entry(2, subject=None))
    assert activity_ids(world, world.claim()) == [1, 2]


def test_a_parked_row_parks_only_itself(world: World) -> None:
    world.append(*(entry(number, subject=SUBJECT) for number in range(1, 4)))
    (first,) = world.claim()
    with world.database.begin() as conn:
        claims.park(conn, first, due_at=world.now + 60, reason="parent unreachable")
    (second,) = world.claim()
    assert activity_ids(world, [second]) == [2]
    with world.database.begin() as conn:
        claims.close(conn, second, now=world.now)
    world.clock.advance(seconds=60)
    (again,) = world.claim()
    assert activity_ids(world, [again]) == [1]
    assert again.tries == 2


def test_a_parked_row_whose_time_has_come_waits_while_a_later_one_is_in_hand(
    world: World,
) -> None:
    world.append(entry(1, subject=SUBJECT), entry(2, subject=SUBJECT))
    (first,) = world.claim()
    with world.database.begin() as conn:
        claims.park(conn, first, due_at=world.now + 60, reason="x")
    (second,) = world.claim()
    world.clock.advance(seconds=60)
    assert world.claim() == []
    with world.database.begin() as conn:
        claims.close(conn, second, now=world.now)
    assert activity_ids(world, world.claim()) == [1]


def test_skipped_hosts_keep_their_rows(world: World) -> None:
    world.append(entry(1), entry(2, host="other.example"))
    assert activity_ids(world, world.claim(skip_hosts={"peer.example"})) == [2]
    assert activity_ids(world, world.claim()) == [1]


def flood(world: World, count: int, *, host: str = "flood.example", age: float = 60.0) -> None:
    """A backlog of one host, whose rows came one after the other."""
    world.append(
        *(
            entry(
                number,
                activity_id=f"https://{host}/likes/{number}",
                actor=f"https://{host}/u/eve",
                host=host,
                received_at=world.now - age + number / 1000,
            )
            for number in range(count)
        )
    )


def test_a_new_row_is_in_the_next_claim_whatever_the_backlog_of_another_host(world: World) -> None:
    flood(world, 3000)
    world.append(entry(5000, host="late.example"))

    first = world.claim("a", most=8)
    world.append(entry(5001, host="later.example"))
    second = world.claim("b", most=8)

    assert [row.host for row in first] == ["flood.example", "late.example"] + ["flood.example"] * 6
    assert second[0].host == "later.example"
    assert [row.host for row in second[1:]] == ["flood.example"] * 7


def test_hosts_with_backlogs_share_a_claim(world: World) -> None:
    for at in range(4):
        flood(world, 50, host=f"{at}.example", age=100.0 - at)
    assert Counter(row.host for row in world.claim(most=8)) == {
        f"{at}.example": 2 for at in range(4)
    }
    world.append(entry(5000, host="new.example"), entry(5001, host="new.example"))
    # What a host has in hand counts against it.
    assert [row.host for row in world.claim(most=3)] == ["new.example", "new.example", "0.example"]


def test_a_backlog_about_one_object_does_not_delay_another_host(world: World) -> None:
    """A host could otherwise hold up all votes on a post for as long as its own take."""
    world.append(*(entry(number, subject=SUBJECT) for number in range(50)))
    world.append(entry(100, host="other.example", subject=SUBJECT))
    assert [row.host for row in world.claim()] == ["peer.example", "other.example"]


def test_a_claim_costs_the_same_whatever_the_backlog(world: World) -> None:
    costs = []
    for count in (1000, 10_000):
        with world.database.begin() as conn:
            conn.execute(delete(journal.journal))
        flood(world, count)
        world.append(*(entry(number, host=f"{number}.example") for number in range(20_000, 20_003)))
        costs.append(cost_of_a_claim(world))
    assert costs[1] < 1.3 * costs[0]


def cost_of_a_claim(world: World) -> int:
    """Instructions of SQLite's machine; or how many rows PostgreSQL's plan passes on or removes."""
    if world.database.dialect == "sqlite":
        with world.database.begin() as conn:
            with steps(conn) as found:
                assert len(claims.claim(conn, worker="w", now=world.now, lease=90, most=8)) == 8
            return len(found)
    with world.database.begin() as conn:
        conn.exec_driver_sql("ANALYZE inbox_journal")
        with captured() as sent:
            assert len(claims.claim(conn, worker="w", now=world.now, lease=90, most=8)) == 8
        query = next(one for one in sent.values() if one.statement.startswith("WITH"))
        explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query.statement}"
        (plan,) = conn.exec_driver_sql(explain, query.parameters).scalar_one()
        return sum(rows_of(plan["Plan"]))


def rows_of(node: dict[str, Any]) -> Iterator[int]:
    removed = ("Rows Removed by Filter", "Rows Removed by Join Filter")
    rows = node["Actual Rows"] + sum(node.get(name, 0) for name in removed)
    yield int(rows * node["Actual Loops"])
    for below in node.get("Plans", ()):
        yield from rows_of(below)


def test_a_lease_that_runs_out_gives_the_row_to_another_and_fences_the_first(
    world: World,
) -> None:
    world.append(entry(1))
    (slow,) = world.claim("slow")
    world.clock.advance(seconds=89)
    assert world.claim("other") == []
    world.clock.advance(seconds=1)
    (row,) = world.claim("other")
    assert (row.id, row.tries) == (slow.id, 2)
    changes: list[Callable[[Connection], None]] = [
        lambda conn: claims.close(conn, slow, now=world.now),
        lambda conn: claims.refuse(conn, slow, now=world.now, code="c", reason="r"),
        lambda conn: claims.park(conn, slow, due_at=world.now, reason="r"),
    ]
    for change in changes:
        with pytest.raises(ClaimLost), world.database.begin() as conn:
            change(conn)
    with world.database.begin() as conn:
        claims.close(conn, row, now=world.now)
    assert world.states() == ["done"]


def test_an_older_attempt_of_the_same_worker_closes_nothing(world: World) -> None:
    world.append(entry(1))
    (older,) = world.claim("w")
    world.clock.advance(seconds=90)
    world.claim("w")
    with pytest.raises(ClaimLost), world.database.begin() as conn:
        claims.close(conn, older, now=world.now)


def test_a_row_is_closed_once(world: World) -> None:
    world.append(entry(1))
    (row,) = world.claim()
    with world.database.begin() as conn:
        claims.close(conn, row, now=world.now)
    with pytest.raises(ClaimLost), world.database.begin() as conn:
        claims.close(conn, row, now=world.now)


def test_renewing_prolongs_the_leases_of_one_worker_on_the_rows_it_knows(world: World) -> None:
    world.append(entry(1), entry(2), entry(3))
    (known,) = world.claim("a", most=1)
    world.claim("a", most=1)  # the answer is lost
    world.claim("b", most=1)
    with world.database.begin() as conn:
        claims.renew(conn, worker="a", rows=[known.id], until=world.now + 200)
    world.clock.advance(seconds=150)
    assert activity_ids(world, world.claim("c")) == [2, 3]


def test_a_graceful_stop_releases_rows_without_counting_the_attempt(world: World) -> None:
    world.append(entry(1), entry(2))
    world.claim("a", most=1)
    world.claim("b", most=1)
    with world.database.begin() as conn:
        claims.release(conn, worker="a", now=world.now)
    assert world.states() == ["open", "claimed"]
    (row,) = world.claim("c")
    assert row.tries == 1


def test_at_the_start_sqlite_frees_everything_and_postgresql_waits_for_the_lease(
    world: World,
) -> None:
    world.append(entry(1))
    world.claim("dead")
    with world.database.begin() as conn:
        freed = claims.recover(conn, now=world.now)
    if world.database.dialect == "sqlite":
        assert freed == 1
    else:
        assert freed == 0
        assert world.claim() == []
        world.clock.advance(seconds=90)
    (row,) = world.claim()
    assert row.tries == 2


def test_the_next_due_row_is_found(world: World) -> None:
    with world.database.begin() as conn:
        assert claims.find_next_due(conn) is None
    world.append(entry(1))
    (row,) = world.claim()
    with world.database.begin() as conn:
        assert claims.find_next_due(conn) == world.now + 90
        claims.park(conn, row, due_at=world.now + 7, reason="x")
        assert claims.find_next_due(conn) == world.now + 7


def test_no_row_is_claimed_twice_by_concurrent_workers(world: World) -> None:
    count, workers = 120, 4
    world.append(*(entry(number, subject=f"s{number % 40}") for number in range(count)))
    start = threading.Barrier(workers)

    def work(name: str) -> list[tuple[int, str]]:
        taken = []
        start.wait(10)
        for _ in range(200):
            rows = world.claim(name, most=7)
            for row in rows:
                with world.database.begin() as conn:
                    claims.close(conn, row, now=world.now)
                taken.append((row.id, row.body.decode()))
        return taken

    with ThreadPoolExecutor(workers) as threads:
        taken = [row for part in threads.map(work, "abcd") for row in part]
    assert len(taken) == len(set(taken)) == count
    assert set(world.states()) == {"done"}


# SQLite has one writer: two transactions never claim at once there.
@pytest.mark.parametrize("dialect", ["postgresql"])
def test_while_one_transaction_claims_another_gets_other_rows_or_none(world: World) -> None:
    world.append(entry(1, subject=SUBJECT), entry(2, subject=SUBJECT), entry(3), entry(4))
    with world.database.begin() as one, world.database.begin() as two:
        first = claims.claim(one, worker="one", now=world.now, lease=90, most=2)
        second = claims.claim(two, worker="two", now=world.now, lease=90, most=9)
    assert activity_ids(world, first) == [1, 3]
    assert activity_ids(world, second) == [4]
