import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from sqlalchemy import Connection, select, update

from activitypub.errors import Unreachable
from activitypub.fetch import HttpResponse
from activitypub.iri import host_of
from fedcom.db import Database
from outbox import claims, peers
from outbox.claims import Bounds
from outbox.concurrency import Slots
from outbox.deliveries import deliveries
from outbox.dispatcher import PATIENCE, Dispatcher, DispatcherLimits
from outbox.maintenance import retry_now
from tests.outbox.world import ACCEPTED, ACTOR, Behaviour, Network, Signers, World, hang, inbox
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

T = TypeVar("T")

DOWN = Unreachable("connect_failed", "Nobody listens.")
FULL = HttpResponse(503, 120.0, "full")
QUIET = DispatcherLimits(sweep=3600.0, grace=0.1)
HOST = host_of(inbox(1))


@pytest.fixture
def live_world(db: Database, network: Network, signers: Signers) -> World:
    """An outbox with a running clock."""
    return World(db, network, signers, lambda: datetime.now(UTC))


@asynccontextmanager
async def running(dispatcher: Dispatcher) -> AsyncIterator[Dispatcher]:
    task = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_published_activity_is_delivered_once_to_each_inbox(world: World) -> None:
    body = world.publish([inbox(number) for number in range(40)])
    await world.dispatcher().drain()
    assert sorted(world.network.accepted) == sorted((inbox(n), body) for n in range(40))
    assert world.states() == {"delivered": 40}


async def test_a_woken_dispatcher_delivers_at_once(live_world: World) -> None:
    async with running(live_world.dispatcher(QUIET)) as dispatcher:
        await dispatcher.drain()
        live_world.publish([inbox(1)])
        with live_world.transactions() as needed:
            dispatcher.wake()
            await until(lambda: bool(live_world.network.accepted))
        assert needed.count("write") == 1


async def test_one_host_may_be_pointed_out(live_world: World) -> None:
    async with running(live_world.dispatcher(QUIET)) as dispatcher:
        await dispatcher.drain()
        live_world.publish([inbox(1), inbox(2)])
        dispatcher.schedule_host(HOST)
        await until(lambda: bool(live_world.network.accepted))
        await asyncio.sleep(0.05)
        assert [to for to, _ in live_world.network.accepted] == [inbox(1)]


async def test_polling_finds_deliveries_without_a_wake_up(live_world: World) -> None:
    async with running(live_world.dispatcher(DispatcherLimits(sweep=0.1))):
        await asyncio.sleep(0.05)
        live_world.publish([inbox(1)])
        await until(lambda: bool(live_world.network.accepted))


async def test_a_retry_comes_by_itself_when_its_time_has_come(live_world: World) -> None:
    live_world.network.set(HOST, DOWN)
    live_world.publish([inbox(1)])
    async with running(live_world.dispatcher(QUIET)) as dispatcher:
        await dispatcher.drain()
        assert len(live_world.network.posted) == 1
        live_world.network.set(HOST, None)
        await until(lambda: bool(live_world.network.accepted))
    assert live_world.states() == {"delivered": 1}


async def test_retry_after_of_a_peer_is_respected(world: World) -> None:
    dispatcher = world.dispatcher()
    world.network.set(HOST, FULL)
    world.publish([inbox(1)])
    world.publish([inbox(2)])
    await dispatcher.drain()
    world.network.set(HOST, None)
    world.publish([inbox(1)])
    world.advance(seconds=119)
    await dispatcher.drain()
    assert [to for to, _ in world.network.accepted] == [inbox(2)]
    world.advance(seconds=2)
    await dispatcher.drain()
    assert world.states() == {"delivered": 3}


async def test_a_dead_peer_rests_is_probed_with_one_and_released_at_once(world: World) -> None:
    dispatcher = world.dispatcher()
    world.network.set(HOST, DOWN)
    for _ in range(40):
        world.publish([inbox(1)])
    await dispatcher.drain()
    tried = len(world.network.posted)
    assert tried <= 12
    world.advance(seconds=15)
    await dispatcher.drain()
    assert len(world.network.posted) == tried  # it rests
    for pause in (300, 600, 1200):
        world.advance(seconds=pause)
        await dispatcher.drain()
        tried += 1
        assert len(world.network.posted) == tried  # one probe each
    world.network.set(HOST, None)
    world.advance(seconds=2400)
    await dispatcher.drain()
    assert world.states() == {"delivered": 40}


async def test_a_peer_that_sends_something_stops_resting(world: World) -> None:
    dispatcher = world.dispatcher()
    world.network.set(HOST, DOWN)
    for _ in range(10):
        world.publish([inbox(1)])
    await dispatcher.drain()
    world.network.set(HOST, None)
    with world.db.begin() as conn:
        assert peers.mark_reachable(conn, HOST, world.now())
    await dispatcher.drain()
    assert world.states() == {"delivered": 10}


async def test_a_retry_requested_by_an_admin_is_made(world: World) -> None:
    dispatcher = world.dispatcher()
    world.network.set(HOST, FULL)
    world.publish([inbox(1)])
    await dispatcher.drain()
    world.network.set(HOST, None)
    with world.db.begin() as conn:
        retry_now(conn, HOST, world.now())
    await dispatcher.drain()
    assert world.states() == {"delivered": 1}


async def test_deliveries_about_one_thing_arrive_in_order_across_failures(world: World) -> None:
    dispatcher = world.dispatcher()
    post = "https://here.example/post/1"
    answers = iter([FULL, ACCEPTED, FULL, ACCEPTED, ACCEPTED])

    async def moody() -> HttpResponse:
        return next(answers)

    world.network.set(HOST, moody)
    bodies = [world.publish([inbox(1)], subject=post) for _ in range(3)]
    for _ in range(4):
        await dispatcher.drain()
        world.advance(hours=1)
    assert [body for _, body in world.network.accepted] == bodies


async def test_no_more_than_a_few_deliveries_are_in_flight_to_one_host(world: World) -> None:
    async def take_a_moment() -> HttpResponse:
        await asyncio.sleep(0.02)
        return ACCEPTED

    world.network.set(HOST, take_a_moment)
    for _ in range(30):
        world.publish([inbox(1), inbox(2)])
    await world.dispatcher().drain()
    assert world.network.most_under_way[HOST] == 4
    assert world.states() == {"delivered": 60}


async def test_one_hanging_peer_does_not_delay_the_others(live_world: World) -> None:
    live_world.network.set(HOST, hang)
    for _ in range(10):
        live_world.publish([inbox(number) for number in range(30)])
    async with running(live_world.dispatcher(QUIET)):
        await until(lambda: len(live_world.network.accepted) == 290)
        assert live_world.network.under_way[HOST] == 4
        to_host = [to for to, _ in live_world.network.posted if host_of(to) == HOST]
        assert len(to_host) == 4, "none of them had to end before the others went"
    assert live_world.states() == {"delivered": 290, "waiting": 10}


async def test_hundreds_of_peers_that_suddenly_hang_do_not_take_every_slot(
    live_world: World,
) -> None:
    hanging = [inbox(1000 + number) for number in range(200)]
    for to in hanging:
        live_world.network.set(host_of(to), hang)
    live_world.publish(hanging)
    live_world.publish([inbox(number) for number in range(50)])
    slots = Slots(healthy=40, suspect=5, total=300, slow_after=0.05)
    limits = DispatcherLimits(slots=slots, attempt=3600.0, sweep=0.5, grace=0.1)
    async with running(live_world.dispatcher(limits)):
        await until(lambda: len(live_world.network.accepted) == 50)


async def test_failing_peers_share_a_few_slots(live_world: World) -> None:
    failing = [inbox(1000 + number) for number in range(60)]
    with live_world.db.begin() as conn:
        hosts = [host_of(to) for to in failing]
        claims.claim(conn, hosts, bounds=Bounds(1, 0, 1), worker="w", now=0.0)
        peers.put(conn, [peers.PeerHealth(host, failures=1, last_failure=0.0) for host in hosts])
    for to in failing:
        live_world.network.set(host_of(to), hang)
    live_world.publish(failing)
    limits = DispatcherLimits(slots=Slots(healthy=20, suspect=5), sweep=0.3, grace=0.1)
    async with running(live_world.dispatcher(limits)) as dispatcher:
        await until(lambda: live_world.network.under_way.get("all") == 5)
        await asyncio.sleep(0.4)
        live_world.publish([inbox(number) for number in range(40)])
        dispatcher.wake()
        await until(lambda: len(live_world.network.accepted) == 40)
        assert live_world.network.under_way["all"] == 5


async def test_claims_of_a_dead_process_are_sent_when_its_lease_ends(world: World) -> None:
    world.publish([inbox(1)])
    with world.db.begin() as conn:
        bounds = Bounds(4, 10, 300)
        claims.claim(conn, [HOST], bounds=bounds, worker="dead", now=world.now())
    dispatcher = world.dispatcher()
    await dispatcher.drain()
    assert world.states() == {"claimed": 1}
    world.advance(seconds=301)
    await dispatcher.drain()
    assert world.states() == {"delivered": 1}


async def test_a_new_delivery_to_a_resting_peer_does_not_hide_the_earlier_one(
    world: World,
) -> None:
    posts = [f"https://here.example/post/{number}" for number in range(2 * claims.WINDOW)]
    first = [world.publish([inbox(1)], subject=post) for post in posts]
    with world.db.begin() as conn:  # as if they had been tried, and had to wait
        conn.execute(update(deliveries).values(due_at=world.now() + 60))
    then = [world.publish([inbox(1)], subject=post) for post in posts]
    world.advance(seconds=120)
    await world.dispatcher(QUIET).drain()
    assert world.states() == {"delivered": len(first) + len(then)}
    order = [body for _, body in world.network.accepted]
    assert all(order.index(a) < order.index(b) for a, b in zip(first, then, strict=True))


async def test_a_lease_is_renewed_for_as_long_as_its_attempt_takes(live_world: World) -> None:
    live_world.network.set(HOST, hang)
    live_world.publish([inbox(1)])
    limits = DispatcherLimits(lease=3.0, sweep=0.05, grace=0.1)
    leases: set[tuple[str | None, float | None]] = set()

    def was_renewed_twice() -> bool:
        with live_world.db.connect() as conn:
            columns = select(deliveries.c.claimed_by, deliveries.c.claimed_until)
            leases.add(tuple(conn.execute(columns).one()))
        return len(leases) == 3

    async with running(live_world.dispatcher(limits)), running(live_world.dispatcher(limits)):
        await until(lambda: len(live_world.network.posted) == 1)
        await until(was_renewed_twice, seconds=60)
        assert len({worker for worker, _ in leases}) == 1
        assert len(live_world.network.posted) == 1
        assert live_world.states() == {"claimed": 1}


async def test_the_only_dispatcher_takes_back_what_was_claimed_at_its_start(world: World) -> None:
    world.publish([inbox(1)])
    with world.db.begin() as conn:
        bounds = Bounds(4, 10, 300)
        claims.claim(conn, [HOST], bounds=bounds, worker="dead", now=world.now())
    await world.dispatcher(DispatcherLimits(alone=True)).drain()
    assert world.states() == {"delivered": 1}


async def test_a_stopped_dispatcher_finishes_what_is_quick_and_gives_back_the_rest(
    live_world: World,
) -> None:
    async def slow() -> HttpResponse:
        await asyncio.sleep(0.1)
        return ACCEPTED

    live_world.network.set(host_of(inbox(1)), slow)
    live_world.network.set(host_of(inbox(2)), hang)
    live_world.publish([inbox(1), inbox(2)])
    async with running(live_world.dispatcher(DispatcherLimits(grace=0.5))):
        await until(lambda: live_world.network.under_way.get("all") == 2)
    assert live_world.states() == {"delivered": 1, "waiting": 1}


async def test_an_inbox_that_is_no_more_is_reported(world: World) -> None:
    world.network.set(HOST, HttpResponse(410, None, "gone"))
    world.publish([inbox(1)])
    await world.dispatcher().drain()
    assert world.inboxes.gone_inboxes == [inbox(1)]
    assert world.states() == {"failed": 1}


async def test_a_permanent_refusal_by_a_peer_is_reported(world: World) -> None:
    world.network.set(HOST, HttpResponse(403, None, "not a moderator"))
    world.publish([inbox(1)])
    await world.dispatcher().drain()
    (refusal,) = world.inboxes.refusals
    assert (refusal.actor, refusal.host) == (ACTOR, HOST)
    assert (refusal.status, refusal.text) == (403, "not a moderator")
    assert world.inboxes.gone_inboxes == []


async def test_an_internal_error_is_retried_and_does_not_count_against_the_peer(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    dispatcher = world.dispatcher()
    world.network.set(HOST, KeyError("a bug"))
    world.publish([inbox(1)])
    await dispatcher.drain()
    assert "delivery_failed" in caplog.text
    with world.db.begin() as conn:
        assert peers.lock(conn, [HOST])[HOST].failures == 0
        assert conn.execute(select(deliveries.c.last_answer)).scalar_one() == (
            "internal error: KeyError"
        )
    world.network.set(HOST, None)
    world.advance(seconds=2)
    await dispatcher.drain()
    assert world.states() == {"delivered": 1}


class Flaky:
    """A database that can be unavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.fails: set[str] = set()
        self.writes = 0

    async def read(self, work: Callable[[Connection], T]) -> T:
        if "read" in self.fails:
            raise OSError("the database is away")
        return await self._db.read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        self.writes += 1
        if "write" in self.fails:
            raise OSError("the database is away")
        return await self._db.write(work)


def _with_database(world: World, flaky: Flaky, limits: DispatcherLimits) -> Dispatcher:
    return Dispatcher(
        database=flaky,
        poster=world.network,
        signers=world.signers,
        inboxes=world.inboxes,
        clock=world.clock,
        limits=limits,
    )


@pytest.mark.parametrize("what", ["read", "write"])
async def test_the_dispatcher_survives_a_database_outage(
    what: str,
    live_world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("outbox.dispatcher.ERROR_PAUSE", 0.05)
    flaky = Flaky(live_world.db)
    flaky.fails.add(what)
    live_world.publish([inbox(1)])
    async with running(_with_database(live_world, flaky, QUIET)):
        await until(lambda: "dispatcher_turn_failed" in caplog.text)
        flaky.fails.clear()
        await until(lambda: bool(live_world.network.accepted))


async def test_results_wait_while_the_database_is_away(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbox.dispatcher.ERROR_PAUSE", 0.05)
    flaky = Flaky(live_world.db)

    async def cut_off() -> HttpResponse:
        flaky.fails.add("write")
        return ACCEPTED

    live_world.network.set(HOST, cut_off)
    live_world.publish([inbox(1)])
    async with running(_with_database(live_world, flaky, QUIET)):
        await until(lambda: flaky.writes > 2)
        flaky.fails.clear()
        await until(lambda: live_world.states() == {"delivered": 1})
    assert len(live_world.network.posted) == 1


async def test_a_dispatcher_that_cannot_release_its_claims_leaves_them_to_their_leases(
    live_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    flaky = Flaky(live_world.db)
    live_world.network.set(HOST, hang)
    live_world.publish([inbox(1)])
    async with running(_with_database(live_world, flaky, QUIET)):
        await until(lambda: live_world.network.under_way.get("all") == 1)
        flaky.fails.add("write")
    assert "delivery_results_not_saved" in caplog.text
    assert live_world.states() == {"claimed": 1}


async def test_two_hundred_deliveries_are_a_few_transactions(live_world: World) -> None:
    flaky = Flaky(live_world.db)
    live_world.publish([inbox(number) for number in range(200)])
    limits = DispatcherLimits(sweep=3600.0, gather=0.1)
    async with running(_with_database(live_world, flaky, limits)):
        await until(lambda: live_world.states() == {"delivered": 200})
    assert flaky.writes < 20


async def test_results_that_come_in_one_by_one_are_stored_together(live_world: World) -> None:
    count, apart = 100, 0.004

    def after(seconds: float) -> Behaviour:
        async def answer() -> HttpResponse:
            await asyncio.sleep(seconds)
            return ACCEPTED

        return answer

    for number in range(count):
        live_world.network.set(host_of(inbox(number)), after(number * apart))
    async with running(live_world.dispatcher(QUIET)) as dispatcher:
        await dispatcher.drain()
        live_world.publish([inbox(number) for number in range(count)])
        began = time.monotonic()
        with live_world.transactions() as transactions:
            dispatcher.wake()
            await until(lambda: live_world.states() == {"delivered": count})
        took = time.monotonic() - began
    claiming, last = 1, 1
    assert transactions.count("write") <= claiming + took / PATIENCE + last


async def test_an_idle_dispatcher_leaves_the_database_alone(live_world: World) -> None:
    flaky = Flaky(live_world.db)
    async with running(_with_database(live_world, flaky, QUIET)) as dispatcher:
        await dispatcher.drain()
        flaky.fails |= {"read", "write"}
        await asyncio.sleep(0.2)
        assert flaky.writes == 0


async def test_draining_ends_with_an_error_when_a_peer_hangs(live_world: World) -> None:
    live_world.network.set(HOST, hang)
    live_world.publish([inbox(1)])
    with pytest.raises(TimeoutError):
        await live_world.dispatcher(QUIET).drain(0.3)


async def test_two_dispatchers_share_the_work_without_duplicates(
    live_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        live_world.publish([inbox(number) for number in range(40)])
    limits = DispatcherLimits(sweep=0.2)
    with caplog.at_level(logging.WARNING):
        async with running(live_world.dispatcher(limits)), running(live_world.dispatcher(limits)):
            await until(lambda: live_world.states() == {"delivered": 200}, seconds=20)
    assert len(live_world.network.posted) == 200
    assert caplog.text == ""


async def test_a_lease_that_cannot_be_renewed_is_logged_and_tried_again(
    live_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    flaky = Flaky(live_world.db)
    live_world.network.set(HOST, hang)
    live_world.publish([inbox(1)])
    limits = DispatcherLimits(lease=0.15, sweep=3600.0, grace=0.1)
    async with running(_with_database(live_world, flaky, limits)):
        await until(lambda: live_world.network.under_way.get("all") == 1)
        flaky.fails.add("write")
        await until(lambda: caplog.text.count("lease_renewal_failed") == 2)
        flaky.fails.clear()
    assert live_world.states() == {"waiting": 1}
