"""Previews of links: the metadata of a page is kept, and no private address is fetched."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fedcom.actions.post import EditPost
from fedcom.background.housekeeping import clean_pictures
from fedcom.background.previews import AT_ONCE, HEAD_OF_PAGE, Previews
from fedcom.media.picture import POST
from fedcom.media.pictures import Pictures
from fedcom.media.queue import ATTEMPTS, LEASE, PAUSES, claim_previews
from fedcom.media.records import PREVIEWS_KEPT, put_media
from fedcom.media.store import Store
from fedcom.models.media import link_preview, media
from fedcom.models.post import Post
from fedcom.settings import Settings
from fedcom.site.instances import block_instance
from fedcom.text.page_head import LinkMetadata
from fedcom.wire.illustration import Illustration
from tests.support.people import ORIGIN, Home
from tests.support.pictures import draw, opened, picture
from tests.support.tls_peers import TlsPeers, small_web
from tests.support.units import open_units
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

PAGE = "https://peer.example/article"
CAT = "https://other.example/cat.png"
HTML = f"""<!doctype html><html><head><title>Not this</title>
<meta property="og:title" content="Cats &amp; dogs">
<meta name="description" content="Not this">
<meta property='og:description' content='What they
do all day'>
<meta property="og:image" content="{CAT}"></head><body>""".encode()


@pytest.fixture
async def web() -> AsyncIterator[TlsPeers]:
    async with small_web() as made:
        yield made


class World:
    """An instance whose links lead into the small web."""

    def __init__(self, home: Home, web: TlsPeers, folder: Path) -> None:
        self.home = home
        self.web = web
        self.store = Store(folder)
        self.settings = Settings(origin=ORIGIN, data_dir=folder)
        fetcher = web.fetcher()
        units = open_units(
            database=home.database,
            fetcher=fetcher,
            origin=ORIGIN,
            clock=home.clock,
            committed=self._committed,
        )
        self.pictures = Pictures(self.store, max_bytes=2_000_000)
        self.previews = Previews(units, self.pictures, fetcher, ORIGIN, home.clock)
        self.commits = 0

    async def _committed(self) -> None:
        """As in `fedcom.wiring`: what was written may be a link."""
        self.commits += 1
        self.previews.wake()

    def row(self, post: Post) -> dict[str, Any]:
        return next(row for row in self.home.rows(link_preview) if row["post_id"] == post.id)

    async def made(self, post: Post) -> tuple[str, str, str, bool]:
        """The state of its preview once all that is due was made, its text, and whether it has a
        picture.
        """
        while await self.previews.make_some():
            pass
        row = self.row(post)
        return row["state"], row["title"], row["description"], row["media_id"] is not None


@pytest.fixture
async def world(home: Home, web: TlsPeers, tmp_path: Path) -> AsyncIterator[World]:
    made = World(home, web, tmp_path)
    yield made
    await made.pictures.aclose()


async def test_a_preview_has_the_pages_own_metadata(world: World) -> None:
    world.web.put(PAGE, HTML, media_type="text/html; charset=utf-8")
    world.web.put(CAT, picture("PNG", draw(2000, 1000)), media_type="image/png")
    post = world.home.post(url=PAGE)

    assert await world.made(post) == ("done", "Cats & dogs", "What they do all day", True)
    [kept] = world.home.rows(media)
    assert (kept["purpose"], kept["owner_id"], kept["source_url"]) == ("preview", None, CAT)
    assert opened(world.store.read(kept["name"]) or b"").size == (640, 320)
    assert opened(world.store.read(kept["thumbnail"]) or b"").size == (144, 144)
    assert world.web.asked == [PAGE, CAT]
    assert "peer.example" not in world.web.listener.asked[0].headers.get("referer", "")


async def test_a_preview_is_made_soon_and_the_loop_is_idle_afterwards(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fedcom.background.previews.REST", 0.01)
    world.web.put(PAGE, HTML, media_type="text/html")
    working = asyncio.create_task(world.previews.run())
    post = world.home.post(url=PAGE)
    await world._committed()
    await until(lambda: world.row(post)["state"] == "done")
    await asyncio.sleep(0.1)
    commits = world.commits
    await asyncio.sleep(0.2)
    working.cancel()
    assert world.commits == commits


async def test_one_picture_of_two_posts_is_stored_once(world: World) -> None:
    world.web.put(CAT, picture("PNG", draw(200, 200)), media_type="image/png")
    first, second = (world.home.post(url=CAT) for _ in range(2))

    assert await world.made(first) == await world.made(second) == ("done", "", "", True)
    assert world.row(first)["media_id"] == world.row(second)["media_id"]


async def test_only_the_head_of_a_large_page_is_read(world: World) -> None:
    page = HTML + b"x" * 2 * HEAD_OF_PAGE
    world.web.put(PAGE, page, media_type="text/html")

    state, title, *_ = await world.made(world.home.post(url=PAGE))
    assert (state, title) == ("done", "Cats & dogs")


async def test_a_link_that_is_no_page_has_no_preview(world: World) -> None:
    world.web.put(PAGE, b"%PDF-1.7", media_type="application/pdf")

    assert await world.made(world.home.post(url=PAGE)) == ("done", "", "", False)


async def test_a_member_may_ask_what_a_link_leads_to(world: World) -> None:
    html = HTML.replace(b"</head>", b"<meta property='og:video' content='/player'></head>")
    world.web.put(PAGE, html, media_type="text/html; charset=utf-8")
    world.web.put(CAT, picture(), media_type="image/png")

    assert await world.previews.metadata_of(PAGE) == LinkMetadata(
        "text/html; charset=utf-8",
        "Cats & dogs",
        "What they do all day",
        CAT,
        "https://peer.example/player",
    )
    assert await world.previews.metadata_of(CAT) == LinkMetadata("image/png")


async def test_the_picture_that_came_with_a_post_goes_before_its_page(world: World) -> None:
    world.web.put(CAT, picture())
    kim = world.home.person("https://peer.example/u/kim")
    post = world.home.post(kim, url=PAGE, image=Illustration(CAT, "A cat"))

    assert await world.made(post) == ("done", "", "", True)
    assert world.web.asked == [CAT]


async def test_if_that_picture_is_gone_the_page_is_fetched(world: World) -> None:
    world.web.put(PAGE, b"<title>A page</title>", media_type="text/html")
    post = world.home.post(url=PAGE, image=Illustration(CAT))

    assert await world.made(post) == ("done", "A page", "", False)


async def test_an_upload_is_its_own_preview(world: World) -> None:
    kept = await world.pictures.keep(picture("PNG", draw(200, 200)), POST)
    made = world.home(lambda ctx: put_media(ctx, kept, "upload", owner_id=world.home.bob.id))
    url = f"{ORIGIN}/media/{made.name}"

    post = world.home.post(url=url, image=Illustration(url))

    row = world.row(post)
    assert (row["state"], row["media_id"]) == ("done", made.id)
    assert await world.previews.make_some() == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.2/x",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/x",
        "https://localhost/",
        "http://peer.example:8080/",
        f"{ORIGIN}/post/1",
        ORIGIN,
        ORIGIN.replace("https:", "http:") + "/post/1",
        "https://blocked.example/",
        "https://peer.example/not-there",
    ],
)
async def test_private_addresses_are_not_fetched(world: World, url: str) -> None:
    world.home(lambda ctx: block_instance(ctx, "blocked.example", "", world.home.ann))
    post = world.home.post(url=url)

    assert await world.made(post) == ("failed", "", "", False)
    assert [asked for asked in world.web.asked if "not-there" not in asked] == []


async def test_a_page_that_redirects_to_a_private_address_has_no_preview(world: World) -> None:
    world.web.redirect(PAGE, "https://10.0.0.1/admin")

    assert (await world.made(world.home.post(url=PAGE)))[0] == "failed"


async def test_a_server_that_is_down_is_retried_a_few_times(world: World) -> None:
    world.web.put(PAGE, b"", status=503)
    post = world.home.post(url=PAGE)

    for attempt, pause in enumerate(PAUSES, 1):
        assert (await world.made(post))[0] == "waiting"
        assert len(world.web.asked) == attempt
        world.home.clock.advance(seconds=pause.total_seconds() - 1)
        assert await world.previews.make_some() == 0
        world.home.clock.advance(seconds=1)
    assert (await world.made(post))[0] == "failed"
    world.home.clock.advance(seconds=10**7)
    assert await world.previews.make_some() == 0


async def test_a_preview_whose_picture_cannot_be_processed_now_is_retried(world: World) -> None:
    world.web.put(PAGE, HTML, media_type="text/html")
    world.web.put(CAT, picture())
    await world.pictures.aclose()
    posts = [world.home.post(url=PAGE), world.home.post(url=PAGE, image=Illustration(CAT))]

    assert [(await world.made(post))[0] for post in posts] == ["waiting", "waiting"]


async def test_work_interrupted_by_a_crash_is_resumed(world: World) -> None:
    world.web.put(PAGE, HTML, media_type="text/html")
    post = world.home.post(url=PAGE)
    assert len(world.home(lambda ctx: claim_previews(ctx, 9))) == 1

    assert (await world.made(post))[0] == "waiting"
    world.home.clock.advance(seconds=LEASE.total_seconds())
    assert (await world.made(post))[0] == "done"


async def test_a_link_that_crashes_the_process_each_time_is_given_up(world: World) -> None:
    post = world.home.post(url=PAGE)
    for _ in range(ATTEMPTS):
        assert len(world.home(lambda ctx: claim_previews(ctx, 9))) == 1
        world.home.clock.advance(seconds=LEASE.total_seconds())

    assert (await world.made(post))[0] == "failed"
    assert world.web.asked == []


async def test_an_edited_link_gets_a_new_preview_and_a_removed_one_none(world: World) -> None:
    world.web.put(PAGE, HTML, media_type="text/html")
    world.web.put(CAT, picture(), media_type="image/png")
    home, post = world.home, world.home.post(url=CAT)
    await world.made(post)

    post = home.perform(EditPost(by=home.bob, post=post, title="Cats", url=PAGE))
    assert world.row(post)["state"] == "waiting"
    assert await world.made(post) == ("done", "Cats & dogs", "What they do all day", True)
    home.perform(EditPost(by=home.bob, post=post, title="Cats only", url=PAGE))
    assert world.row(post)["state"] == "done"
    home.perform(EditPost(by=home.bob, post=post, title="Cats only"))
    assert home.rows(link_preview) == []


async def test_many_are_made_a_few_at_a_time(world: World) -> None:
    world.web.put(PAGE, HTML, media_type="text/html")
    for _ in range(AT_ONCE + 1):
        world.home.post(url=PAGE)

    assert await world.previews.make_some() == AT_ONCE
    assert await world.previews.make_some() == 1


async def test_unused_and_old_pictures_of_previews_are_deleted(
    world: World,
) -> None:
    world.web.put(CAT, picture("PNG", draw(200, 200)), media_type="image/png")
    world.web.put(PAGE, picture("PNG", draw(300, 300)), media_type="image/png")
    home = world.home
    shown, edited = home.post(url=CAT), home.post(url=PAGE)
    await world.made(shown)
    home.perform(EditPost(by=home.bob, post=edited, title="Cats"))

    async def after(pause: timedelta) -> list[str]:
        home.clock.advance(seconds=pause.total_seconds())
        await clean_pictures(home.database, world.store, world.settings, home.clock())
        return [row["source_url"] for row in home.rows(media)]

    assert sorted(await after(timedelta(hours=1))) == [CAT, PAGE]
    assert await after(timedelta(days=2)) == [CAT]
    assert await after(PREVIEWS_KEPT) == []
    assert world.row(shown)["media_id"] is None
