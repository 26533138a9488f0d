"""Push messages: read by the browser alone, told once, and no more once its service says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import update

from fedcom.accounts.sessions import create_session, end_all_sessions
from fedcom.actions.delete import Delete
from fedcom.actions.message import SendMessage
from fedcom.background.push import GIVE_UP, PushSender
from fedcom.errors import Invalid
from fedcom.models.account import session
from fedcom.models.actor import Person
from fedcom.models.notification import notification
from fedcom.models.push import push_delivery, push_subscription
from fedcom.personal.notification_settings import Ways, set_ways
from fedcom.personal.push import MAX_DEVICES, make_vapid_key, public_key_of, subscribe
from fedcom.wire.body import Body
from tests.support.listeners import Asked, http_answer
from tests.support.people import ORIGIN, Home
from tests.support.push_browser import PushBrowser, claims_of
from tests.support.tls_peers import TlsPeers, small_web
from tests.support.units import open_units

pytestmark = pytest.mark.anyio


@pytest.fixture
async def web() -> AsyncIterator[TlsPeers]:
    async with small_web() as made:
        yield made


class World:
    """bob and his browsers, whose push service is a part of the small web."""

    def __init__(self, home: Home, web: TlsPeers) -> None:
        self.home, self.web = home, web
        fetcher = web.fetcher()

        async def committed() -> None:
            pass

        units = open_units(
            database=home.database,
            fetcher=fetcher,
            origin=ORIGIN,
            clock=home.clock,
            committed=committed,
        )
        self.sender = PushSender(units, fetcher, ORIGIN, home.clock)
        self.key = home(make_vapid_key)
        self.status, self.headers, self.is_silent = 201, dict[str, str](), False
        self.was_asked = asyncio.Event()

    def browser(self, endpoint: str = "https://peer.example/push/1?token=x%2F") -> PushBrowser:
        """A new browser of bob's."""
        self.web.script(endpoint, self._answer)
        made = PushBrowser(endpoint)
        self.subscribe(self.home.bob, made)
        return made

    def subscribe(self, member: Person, browser: PushBrowser) -> None:
        self.home(lambda ctx: create_session(ctx.conn, member.id, "Firefox/1", ctx.now))
        number = self.home.rows(session)[-1]["id"]
        self.home(lambda ctx: subscribe(ctx, member, number, **browser.subscription))

    def reply(self, text: str = "Because they *can*.") -> int:
        """A comment that bob is notified of."""
        post = self.home.post(by=self.home.bob, title="Why?")
        return self.home.comment(post, by=self.home.ann, text=text).id

    async def sent(self) -> list[Asked]:
        """The messages that are sent now."""
        before = len(self.web.listener.asked)
        await self.sender.send_due()
        return self.web.listener.asked[before:]

    async def _answer(self, _asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.was_asked.set()
        if self.is_silent:
            await asyncio.Event().wait()
        writer.write(http_answer(status=self.status, headers=self.headers))


@pytest.fixture
def world(home: Home, web: TlsPeers) -> World:
    return World(home, web)


async def test_a_browser_reads_what_happened_once(home: Home, world: World) -> None:
    browser, other = world.browser(), world.browser("https://other.example/push/2")
    comment = world.reply()
    first, second = sorted(await world.sent(), key=lambda asked: asked.headers["host"])

    assert browser.read(second.body) == other.read(first.body)
    assert browser.read(second.body) == {
        "title": "ann replied to you in Why?",
        "body": "Because they can.",
        "url": f"/comment/{comment}",
        "tag": f"notification-{home.rows(notification)[-1]['id']}",
        "lang": "en",
    }
    claims, key = claims_of(second)
    assert key == public_key_of(world.key)
    assert (claims["aud"], claims["sub"]) == ("https://peer.example", ORIGIN)
    assert 0 < claims["exp"] - home.clock().timestamp() <= timedelta(days=1).total_seconds()
    assert (second.method, second.headers["content-encoding"]) == ("POST", "aes128gcm")
    assert (second.headers["ttl"], "signature" in second.headers) == ("86400", False)
    assert home(make_vapid_key) == world.key
    assert await world.sent() == []
    assert home.rows(push_delivery) == []


async def test_only_chosen_kinds_are_pushed_and_private_words_stay_private(
    home: Home, world: World
) -> None:
    browser = world.browser()
    home(lambda ctx: set_ways(ctx.conn, home.bob.id, {"reply": Ways(by_push=False)}))
    world.reply()
    assert await world.sent() == []

    home.perform(SendMessage(by=home.ann, to=home.bob, body=Body.of_markdown("Our secret")))
    [asked] = await world.sent()
    assert browser.read(asked.body)["title"] == "ann sent you a message"
    assert browser.read(asked.body)["body"] == ""


async def test_long_words_fit_into_a_message(world: World) -> None:
    browser = world.browser()
    world.reply("🐈" * 4000)
    [asked] = await world.sent()
    assert browser.read(asked.body)["body"].endswith("…")


async def test_what_was_read_or_is_gone_is_not_pushed(home: Home, world: World) -> None:
    world.browser()
    world.status = 503
    world.reply()
    assert len(await world.sent()) == 1
    home(lambda ctx: ctx.conn.execute(update(notification).values(read_at=ctx.now)))
    answer = home.comment(home.post(by=home.bob), by=home.ann)
    home.perform(Delete(by=home.ann, target=answer))
    home.clock.advance(hours=1)
    assert await world.sent() == []
    assert home.rows(push_delivery) == []


async def test_a_busy_push_service_is_asked_later_and_for_a_day(home: Home, world: World) -> None:
    world.browser()
    world.status, world.headers = 429, {"Retry-After": "600"}
    world.reply()
    assert len(await world.sent()) == 1
    home.clock.advance(minutes=9)
    assert await world.sent() == []
    home.clock.advance(minutes=1)
    world.headers = {}
    assert len(await world.sent()) == 1
    tries = 2
    while home.rows(push_delivery):
        home.clock.advance(minutes=20)
        tries += len(await world.sent())
        assert home.clock() <= home.rows(notification)[0]["created_at"] + GIVE_UP
    assert 6 <= tries <= 12
    assert len(home.rows(push_subscription)) == 1


async def test_a_push_service_that_takes_no_connection_is_tried_again(
    home: Home, world: World, web: TlsPeers
) -> None:
    world.browser()
    world.reply()
    web.listener.port, port = 1, web.listener.port
    assert await world.sent() == []
    [waiting] = home.rows(push_delivery)
    web.listener.port = port
    home.clock.advance(minutes=1)
    assert len(await world.sent()) == 1
    assert waiting["tries"] == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_ends_when_the_push_service_says_so(
    home: Home, world: World, status: int
) -> None:
    world.browser()
    world.reply()
    world.status = status
    await world.sent()
    assert (home.rows(push_subscription), home.rows(push_delivery)) == ([], [])
    world.reply()
    assert await world.sent() == []


@pytest.mark.parametrize(
    "endpoint", ["https://10.0.0.8/push", "https://victim.example/push", "http://peer.example/push"]
)
async def test_no_private_or_plain_address_is_connected_to(
    home: Home, world: World, web: TlsPeers, endpoint: str
) -> None:
    web.addresses["victim.example"] = ["10.0.0.9"]
    world.browser(endpoint)
    world.reply()
    assert await world.sent() == []
    assert web.attempts == []
    assert home.rows(push_subscription) == []


async def test_the_end_of_a_session_ends_its_messages(home: Home, world: World) -> None:
    world.browser()
    world.reply()
    home(lambda ctx: end_all_sessions(ctx.conn, home.bob.id))
    assert home.rows(push_subscription) == []
    assert await world.sent() == []

    world.browser()
    world.reply()
    home(lambda ctx: ctx.conn.execute(update(session).values(expires_at=ctx.now)))
    assert await world.sent() == []


async def test_after_a_crash_the_messages_that_wait_are_sent(home: Home, world: World) -> None:
    browser = world.browser()
    world.reply()
    world.is_silent = True
    sending = asyncio.create_task(world.sender.send_due())
    await world.was_asked.wait()
    sending.cancel()
    with suppress(asyncio.CancelledError):
        await sending

    world.is_silent = False
    [second] = await world.sent()
    first = world.web.listener.asked[0]
    assert browser.read(second.body)["tag"] == browser.read(first.body)["tag"]
    assert second.headers["topic"] == first.headers["topic"]
    assert await world.sent() == []


async def test_a_browser_is_subscribed_once_and_the_oldest_makes_room(
    home: Home, world: World
) -> None:
    browser = world.browser()
    world.subscribe(home.ann, browser)  # who logged in with the same browser
    [row] = home.rows(push_subscription)
    assert row["account_id"] == home.ann.id
    for number in range(MAX_DEVICES + 1):
        world.browser(f"https://peer.example/push/{number}")
    mine = [row for row in home.rows(push_subscription) if row["account_id"] == home.bob.id]
    assert mine[0]["endpoint"].endswith("/1")
    assert len(mine) == MAX_DEVICES


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "file:///etc/passwd"},
        {"endpoint": f"https://peer.example/{'x' * 1000}"},
        {"p256dh": "AAAA"},
        {"auth": "AAAA"},
        {"auth": "ä"},
    ],
)
def test_what_no_browser_sends_is_refused(home: Home, wrong: dict[str, str]) -> None:
    good = PushBrowser("https://peer.example/push").subscription
    home(lambda ctx: create_session(ctx.conn, home.bob.id, "", ctx.now))
    number = home.rows(session)[-1]["id"]
    with pytest.raises(Invalid):
        home(lambda ctx: subscribe(ctx, home.bob, number, **(good | wrong)))
