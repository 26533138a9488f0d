"""Subscribed lists are fetched with all limits of the one fetcher, and only when they changed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fedcom.background.block_lists import BlockLists
from fedcom.models.block_list import BlockList
from fedcom.site.block_lists import find_draft, get_block_list, subscribe
from fedcom.site.instances import block_instance
from tests.support.listeners import Asked, http_answer
from tests.support.people import ORIGIN, Home
from tests.support.tls_peers import TlsPeers, small_web
from tests.support.units import open_units

pytestmark = pytest.mark.anyio

URL = "https://peer.example/block.csv"
LIST = b"#domain,#severity\nspam.example,suspend\n"


@pytest.fixture
async def web() -> AsyncIterator[TlsPeers]:
    async with small_web() as made:
        yield made


class World:
    """An instance with one subscription, to a list of the small web."""

    def __init__(self, home: Home, web: TlsPeers) -> None:
        self.home = home
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
        self.lists = BlockLists(units, fetcher, ORIGIN, home.clock)
        self.id = home(lambda ctx: subscribe(ctx, URL)).id

    @property
    def subscription(self) -> BlockList:
        return self.home(lambda ctx: get_block_list(ctx.conn, self.id))

    @property
    def proposed(self) -> list[str]:
        found = self.subscription
        draft = self.home(lambda ctx: find_draft(ctx.conn, found))
        return [one.host for one in draft.changes]

    async def problem_now(self) -> str:
        """Why the list cannot be fetched; "" if it can."""
        await self.lists.fetch(self.id)
        return self.subscription.problem


async def test_a_list_is_fetched_once_a_day_and_only_if_it_changed(
    home: Home, web: TlsPeers
) -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        is_known = asked.headers.get("if-none-match") == '"v1"'
        body, status = (b"", 304) if is_known else (LIST, 200)
        headers = {"Content-Type": "text/csv", "ETag": '"v1"'}
        writer.write(http_answer(body, status=status, headers=headers))

    web.redirect(URL, "https://other.example/block.csv")
    web.script("https://other.example/block.csv", answer)
    world = World(home, web)
    await world.lists.fetch_due()
    await world.lists.fetch_due()
    assert (world.proposed, world.subscription.etag, len(web.asked)) == (
        ["spam.example"],
        '"v1"',
        2,
    )
    first = world.subscription.fetched_at
    home.clock.advance(days=1)
    await world.lists.fetch_due()
    assert (world.proposed, len(web.asked)) == (["spam.example"], 4)
    assert "if-none-match" in web.listener.asked[-1].headers
    assert first is not None
    assert world.subscription.fetched_at is not None
    assert world.subscription.fetched_at > first


async def test_the_reason_of_a_failure_is_kept_and_so_is_the_list(
    home: Home, web: TlsPeers
) -> None:
    web.put(URL, LIST, media_type="text/plain")
    world = World(home, web)
    assert await world.problem_now() == ""
    web.routes.clear()
    assert "404" in await world.problem_now()
    web.put(URL, LIST, media_type="text/html; charset=utf-8")
    assert "web page" in await world.problem_now()
    web.put(URL, b"\n", media_type="text/plain")
    assert "no server to block" in await world.problem_now()
    web.put(URL, b"x" * 3_000_000, media_type="text/plain")
    assert "limit" in await world.problem_now()
    assert world.proposed == ["spam.example"]
    home(lambda ctx: block_instance(ctx, "peer.example", ""))
    assert "blocked" in await world.problem_now()


async def test_a_list_at_a_private_address_is_not_asked_for(home: Home, web: TlsPeers) -> None:
    web.addresses["peer.example"] = ["10.0.0.1"]
    world = World(home, web)
    assert "public internet" in await world.problem_now()
    assert (web.asked, world.proposed) == ([], [])
