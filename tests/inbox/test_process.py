import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from activitypub.document import Document
from inbox import claims, journal
from inbox.engine import Inbox
from inbox.errors import Ignored, Later, Refused
from inbox.ports import ReceivedActivity
from inbox.process import pause_after
from tests.inbox.peers import (
    ANN,
    BOB,
    CONTEXT,
    OUR_HOST,
    WatchedDatabase,
    World,
    create,
    entry,
    like,
)
from tests.support.waiting import until
from tests.support.watched_server import measured_steps

pytestmark = pytest.mark.anyio


def name(number: int = 1) -> str:
    return str(like(number)["id"])


@asynccontextmanager
async def running(inbox: Inbox) -> AsyncIterator[None]:
    """The loop of a running server."""
    loop = asyncio.create_task(inbox.run())
    try:
        yield
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


async def test_an_entry_is_handled_and_closed_with_its_effect(
    world: World,
) -> None:
    await world.post(like())
    await world.inbox.drain()
    (received,) = world.handlers.received
    assert received.activity == Document(like())
    assert (received.actor, received.signer, received.spliceable) == (ANN, ANN, True)
    assert received.received_at == world.now
    assert world.effects() == [name()]
    (row,) = world.rows()
    assert (row["state"], row["closed_at"], row["request_id"]) == (
        "done",
        world.now,
        received.request_id,
    )


async def test_a_long_activity_is_not_read_in_the_event_loop(world: World) -> None:
    """A megabyte of brackets takes half a second."""
    await world.post(like() | {"x": [[]] * 200_000})

    with measured_steps(threading.current_thread()) as steps:
        await world.inbox.drain()

    assert world.effects() == [name()]
    assert max(steps) < 0.1


async def test_a_duplicate_has_no_second_effect(world: World) -> None:
    for _ in range(2):
        await world.post(like())
        await world.inbox.drain()
    assert world.effects() == [name()]


async def test_an_exception_between_effect_and_commit_leaves_nothing_half_written(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.post(like())
    world.handlers.after_effect[name()] = [KeyError("oops")]
    await world.inbox.drain()
    assert world.effects() == []
    (row,) = world.rows()
    assert (row["state"], row["reason"], row["due_at"]) == (
        "parked",
        "internal_error",
        world.now + 30,
    )
    assert "KeyError" in caplog.text
    world.clock.advance(seconds=30)
    await world.inbox.drain()
    assert world.effects() == [name()]
    assert world.states() == ["done"]


async def test_a_row_lost_to_another_worker_has_one_effect(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.post(like())

    async def stall(_received: ReceivedActivity) -> None:
        world.handlers.meanwhile = None
        world.clock.advance(seconds=90)
        await world.new_inbox().drain()

    world.handlers.meanwhile = stall
    await world.inbox.drain()
    assert world.handlers.attempts[name()] == 2
    assert world.effects() == [name()]
    assert world.states() == ["done"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "claim_lost" in caplog.text


async def test_a_process_that_dies_leaves_its_row_to_the_next(world: World) -> None:
    await world.post(like())
    world.claim("the dead process")
    world.clock.advance(seconds=0 if world.database.dialect == "sqlite" else 90)
    async with running(world.new_inbox()):
        await until(lambda: world.states() == ["done"])
    assert world.effects() == [name()]


async def test_a_refusal_closes_the_row_with_its_reason(world: World) -> None:
    await world.post(like())
    world.handlers.errors[name()] = [Refused(403, "banned", "Ann is\0 banned. " + "x" * 600)]
    await world.inbox.drain()
    with world.database.connect() as conn:
        (refusal,) = journal.refusals(conn)
    assert (refusal.code, refusal.activity_id) == ("banned", name())
    assert refusal.reason.startswith("Ann is banned. ")
    assert len(refusal.reason) == 500
    assert world.effects() == []


async def test_a_temporary_error_parks_the_row(world: World) -> None:
    await world.post(like())
    world.handlers.errors[name()] = [Later(60, "parent unreachable")]
    await world.inbox.drain()
    (row,) = world.rows()
    assert (row["state"], row["due_at"], row["reason"]) == (
        "parked",
        world.now + 60,
        "parent unreachable",
    )
    world.clock.advance(seconds=59)
    await world.inbox.drain()
    assert world.states() == ["parked"]
    world.clock.advance(seconds=1)
    await world.inbox.drain()
    assert world.states() == ["done"]


async def test_a_parked_row_does_not_park_what_follows(world: World) -> None:
    subject = f"https://{OUR_HOST}/post/1"
    await world.post(like(1))
    await world.post(like(2, object=subject))
    world.handlers.errors[name(1)] = [Later(60, "x")]
    await world.inbox.drain()
    assert world.effects() == [name(2)]
    world.clock.advance(seconds=60)
    await world.inbox.drain()
    assert world.effects() == [name(2), name(1)]


async def test_activities_about_one_object_are_worked_in_the_order_they_came(
    world: World,
) -> None:
    subject = f"https://{OUR_HOST}/post/1"
    for number in range(20):
        await world.post(like(number, object=subject))

    async def dawdle(received: ReceivedActivity) -> None:
        await asyncio.sleep(0.01 if received.activity.id == name(0) else 0)

    world.handlers.meanwhile = dawdle
    async with running(world.inbox):
        # A finished row wakes the loop for the next; polling would take twice as long.
        async with asyncio.timeout(5):
            await until(lambda: set(world.states()) == {"done"})
    assert world.effects() == [name(number) for number in range(20)]


@pytest.mark.parametrize(
    ("tries", "wish", "pause"),
    [
        (1, 5.0, 5.0),
        (2, 5.0, 15.0),
        (3, 5.0, 60.0),
        (3, 500.0, 500.0),
        (8, 0.0, 43_200.0),
        (9, 0.0, 43_200.0),
        (1, 1e12, 259_200.0),
    ],
)
def test_pauses_grow_with_the_attempts_and_respect_retry_after(
    tries: int, wish: float, pause: float
) -> None:
    assert pause_after(tries, wish) == pause


async def test_ten_temporary_errors_give_up_an_entry(
    small_world: World,
) -> None:
    await small_world.post(like())
    small_world.handlers.errors[name()] = [Later(60, "parent unreachable") for _ in range(20)]
    for _ in range(30):
        await small_world.inbox.drain()
        small_world.clock.advance(hours=2)
        small_world.clock.advance(hours=10 if small_world.rows()[0]["tries"] > 7 else 0)
    (row,) = small_world.rows()
    assert (row["state"], row["code"], row["reason"], row["tries"]) == (
        "refused",
        "gave_up",
        "parent unreachable",
        10,
    )
    assert small_world.handlers.attempts[name()] == 10


async def test_temporary_errors_after_three_days_give_up_an_entry(small_world: World) -> None:
    await small_world.post(like())
    small_world.handlers.errors[name()] = [Later(86_400, "x") for _ in range(9)]
    for _ in range(5):
        await small_world.inbox.drain()
        small_world.clock.advance(days=1)
    (row,) = small_world.rows()
    assert (row["state"], row["code"], row["tries"]) == ("refused", "gave_up", 4)


async def test_an_entry_that_always_fails_is_refused_after_8_tries(
    small_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await small_world.post(like())
    small_world.handlers.errors[name()] = [ValueError("oops") for _ in range(20)]
    for _ in range(20):
        await small_world.inbox.drain()
        small_world.clock.advance(hours=12)
    (row,) = small_world.rows()
    assert (row["state"], row["code"], row["tries"]) == ("refused", "internal_error", 8)
    assert "oops" not in row["reason"]
    assert caplog.text.count("ValueError: oops") == 8


async def test_a_row_that_crashes_the_process_every_time_is_given_up(small_world: World) -> None:
    small_world.append(entry())
    for _ in range(10):
        small_world.claim("dies", most=1)
        with small_world.database.begin() as conn:
            claims.recover(conn, now=small_world.now)
    await small_world.inbox.drain()
    (row,) = small_world.rows()
    assert (row["state"], row["code"]) == ("refused", "internal_error")
    assert small_world.handlers.received == []


async def test_a_handler_that_hangs_is_parked_in_the_end(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.process.HANDLER_SECONDS", 0.02)
    await small_world.post(like())

    async def hang(_received: ReceivedActivity) -> None:
        await asyncio.sleep(10)

    small_world.handlers.meanwhile = hang
    await small_world.inbox.drain()
    assert small_world.states() == ["parked"]


async def test_a_handler_with_nothing_to_write_may_leave_the_closing_to_us(
    small_world: World,
) -> None:
    await small_world.post(like())
    small_world.handlers.writes = False
    await small_world.inbox.drain()
    assert small_world.states() == ["done"]
    assert len(small_world.handlers.received) == 1


async def test_a_body_that_is_read_more_strictly_today_is_refused(small_world: World) -> None:
    small_world.append(entry(body=b'{"a": 1, "a": 2}'))
    await small_world.inbox.drain()
    (row,) = small_world.rows()
    assert (row["state"], row["code"]) == ("refused", "json_duplicate_key")


async def test_a_relayed_activity_is_handled_as_its_origin_serves_it(world: World) -> None:
    await world.post(create(), signer=BOB)
    document = Document({"@context": CONTEXT, "id": name(), "type": "Create", "actor": ANN})
    world.handlers.at_origin[name()] = ReceivedActivity(
        document, ANN, b"", spliceable=False, signer=BOB
    )
    await world.inbox.drain()
    (received,) = world.handlers.received
    assert (received.activity, received.spliceable) == (document, False)
    assert world.states() == ["done"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Refused(403, "not_there", "The origin has none."), "refused"),
        (Ignored(404, "unknown", "Nobody here knows it."), "ignored"),
        (Later(60, "x"), "parked"),
    ],
)
async def test_an_activity_not_confirmed_by_its_origin_is_not_handled(
    small_world: World, answer: Refused | Later, state: str
) -> None:
    await small_world.post(create(), signer=BOB)
    small_world.handlers.at_origin[name()] = answer
    await small_world.inbox.drain()
    assert small_world.states() == [state]
    assert small_world.handlers.received == []


async def test_a_new_row_wakes_the_loop_at_once(world: World) -> None:
    async with running(world.inbox):
        await asyncio.sleep(0.1)
        start = asyncio.get_running_loop().time()
        await world.post(like())
        await until(lambda: world.states() == ["done"])
        assert asyncio.get_running_loop().time() - start < 2


@pytest.mark.parametrize(("hosts", "taken"), [(1, 4), (2, 6), (3, 6)])
async def test_slow_hosts_do_not_stop_the_others(world: World, hosts: int, taken: int) -> None:
    release = asyncio.Event()

    async def fetch_slowly(received: ReceivedActivity) -> None:
        if received.actor == ANN:
            await release.wait()

    world.handlers.meanwhile = fetch_slowly
    world.append(*(entry(number, host=f"{number % hosts}.example") for number in range(20)))
    world.append(*(entry(number, actor=BOB, host="other.example") for number in range(20, 30)))
    async with running(world.inbox):
        await until(lambda: world.states().count("done") == 10)
        assert (
            len([received for received in world.handlers.received if received.actor == ANN])
            == taken
        )
        release.set()
        await until(lambda: set(world.states()) == {"done"})
    assert len(world.effects()) == 30
    assert max(world.handlers.attempts.values()) == 1


async def test_the_rows_of_a_busy_host_do_not_make_each_worker_query(small_world: World) -> None:
    """While one host floods, most claims would find nothing beside it."""
    count = 80
    database = WatchedDatabase(small_world.database)
    inbox = small_world.new_inbox(database=database)
    small_world.append(*(entry(number) for number in range(count)))

    async def be_quick(_received: ReceivedActivity) -> None:
        await asyncio.sleep(0.001)
        inbox._processor.wake("peer.example")

    small_world.handlers.meanwhile = be_quick
    async with running(inbox):
        await until(lambda: len(small_world.effects()) == count)
    assert database.writes < count / 2


async def test_a_graceful_stop_releases_claimed_rows(world: World) -> None:
    world.append(*(entry(number) for number in range(20)))

    async def hang(_received: ReceivedActivity) -> None:
        await asyncio.sleep(60)

    world.handlers.meanwhile = hang
    async with running(world.inbox):
        await until(lambda: len(world.handlers.received) == 4)
    assert set(world.states()) == {"open"}
    assert {row["tries"] for row in world.rows()} == {0}
    world.handlers.meanwhile = None
    await world.new_inbox().drain()
    assert set(world.states()) == {"done"}


async def test_leases_are_renewed_while_a_handler_works(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.process.LEASE", 0.06)
    release = asyncio.Event()

    async def work(_received: ReceivedActivity) -> None:
        await release.wait()

    world.handlers.meanwhile = work
    world.append(entry())
    async with running(world.inbox):
        await until(lambda: world.states() == ["claimed"])
        before = world.rows()[0]["due_at"]
        world.clock.advance(seconds=0.05)
        await until(lambda: world.rows()[0]["due_at"] > before + 0.04)
        release.set()
        await until(lambda: world.states() == ["done"])
        await asyncio.sleep(0.05)
    assert world.handlers.attempts[name()] == 1


async def test_a_worker_that_stalled_and_gets_its_own_row_again_has_one_effect(
    world: World,
) -> None:
    release = asyncio.Event()

    async def stall(_received: ReceivedActivity) -> None:
        await release.wait()

    world.handlers.meanwhile = stall
    world.append(entry())
    async with running(world.inbox):
        await until(lambda: len(world.handlers.received) == 1)
        world.clock.advance(seconds=90)
        world.inbox.wake()
        await until(lambda: len(world.handlers.received) == 2)
        release.set()
        await until(lambda: world.states() == ["done"])
    assert world.effects() == [name()]


async def test_draining_beside_the_loop_waits_for_it(small_world: World) -> None:
    async def work(_received: ReceivedActivity) -> None:
        await asyncio.sleep(0.05)

    small_world.handlers.meanwhile = work
    small_world.append(entry())
    async with running(small_world.inbox):
        await until(lambda: len(small_world.handlers.received) == 1)
        await small_world.inbox.drain()
        assert small_world.states() == ["done"]


class FailingWrites:
    """A database some of whose writes fail, by their position."""

    def __init__(self, world: World, *failing: int) -> None:
        self.database = world.database
        self.failing = set(failing)
        self.writes = 0

    async def read(self, work: Any) -> Any:
        return await self.database.read(work)

    async def write(self, work: Any) -> Any:
        self.writes += 1
        if self.writes in self.failing:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return await self.database.write(work)


async def test_the_loop_survives_a_temporary_database_outage(
    small_world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("inbox.process.IDLE_SECONDS", 0.02)
    small_world.append(entry())
    # to release claimed rows, to claim, to close the row after the handler refused it
    database = FailingWrites(small_world, 1, 3, 5)
    small_world.handlers.errors[name()] = [Refused(403, "banned", "No.")]
    async with running(small_world.new_inbox(database=database)):
        await until(lambda: database.writes > 5)
        small_world.clock.advance(seconds=90)
        await until(lambda: small_world.states() == ["done"])
    assert caplog.text.count("inbox_start_failed") == 1
    assert caplog.text.count("inbox_step_failed") == 2


async def test_rows_that_could_not_be_given_back_wait_for_the_end_of_their_lease(
    small_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    small_world.append(entry())
    database = FailingWrites(small_world)

    async def hang(_received: ReceivedActivity) -> None:
        database.failing = set(range(1000))
        await asyncio.sleep(60)

    small_world.handlers.meanwhile = hang
    async with running(small_world.new_inbox(database=database)):
        await until(lambda: bool(database.failing))
    assert "claims_not_released" in caplog.text
    assert small_world.states() == ["claimed"]


async def test_recovering_returns_the_number_of_released_rows(
    small_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    small_world.append(entry(1), replace(entry(2), subject=None))
    small_world.claim("dead")
    async with running(small_world.inbox):
        await until(lambda: small_world.states() == ["done", "done"])
    recovered = [one for one in caplog.records if one.getMessage() == "activities_recovered"]
    assert [vars(one)["count"] for one in recovered] == [2]


async def test_a_parked_row_is_taken_up_by_the_loop_when_it_is_due(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_world.append(entry())
    (row,) = small_world.claim()
    with small_world.database.begin() as conn:
        claims.park(conn, row, due_at=small_world.now + 1, reason="x")
    async with running(small_world.inbox):
        await asyncio.sleep(0.05)
        small_world.clock.advance(seconds=1)
        await until(lambda: small_world.states() == ["done"])
