"""Remote pictures: only those we show are fetched, once, and nothing private."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from fedcom.errors import Busy, NotFound
from fedcom.media.picture import AVATAR
from fedcom.media.pictures import Pictures
from fedcom.media.remote import (
    FAILED_FOR,
    KEPT,
    SMALL,
    MediaUrlSigner,
    RemotePictures,
    to_original_addresses,
)
from fedcom.media.store import Store
from tests.support.clock import SettableClock
from tests.support.listeners import Asked
from tests.support.pictures import draw, opened, picture
from tests.support.tls_peers import TlsPeers, small_web
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

CAT = "https://peer.example/cat.png"
ORIGIN = "https://home.example"


@pytest.fixture
async def web() -> AsyncIterator[TlsPeers]:
    async with small_web() as made:
        yield made


class World:
    """The resources of the small web that were fetched."""

    def __init__(self, web: TlsPeers, clock: SettableClock, folder: Path) -> None:
        self.web = web
        self.clock = clock
        self.blocked: set[str] = set()
        self.pictures = Pictures(Store(folder), max_bytes=100_000)
        self.remote = RemotePictures(
            self.pictures, Store(folder / "remote"), web.fetcher(), clock, self._is_blocked
        )

    async def _is_blocked(self, host: str) -> bool:
        return host in self.blocked

    async def is_there(self, url: str, size: str = "full") -> bool:
        try:
            return bool(await self.remote.get(url, size))
        except NotFound:
            return False


@pytest.fixture
async def world(web: TlsPeers, clock: SettableClock, tmp_path: Path) -> AsyncIterator[World]:
    made = World(web, clock, tmp_path)
    yield made
    await made.remote.aclose()
    await made.pictures.aclose()


async def test_an_avatar_of_ours_has_a_small_copy_too(world: World) -> None:
    kept = await world.pictures.keep(picture("PNG", draw(300, 200)), AVATAR)
    url = f"{ORIGIN}/media/{kept.name}"

    small = await world.remote.get(url, SMALL, own=kept.name)
    assert opened(small).size == (64, 64)
    world.pictures.store.remove(kept.name)
    assert await world.remote.get(url, SMALL, own=kept.name) == small
    assert world.remote.forget(url) == 1
    with pytest.raises(NotFound):
        await world.remote.get(url, SMALL, own=kept.name)
    assert world.web.asked == []


def test_the_address_of_a_face_is_good_for_this_actor_and_picture_only() -> None:
    signer = MediaUrlSigner(b"secret", ORIGIN)
    address = signer.face(7, CAT)
    signature = address.removeprefix("/media/face/7/")
    assert signer.is_face(7, CAT, signature)
    for other in ((8, CAT, signature), (7, f"{CAT}?", signature), (7, CAT, signature[:-1])):
        assert not signer.is_face(*other), other
    assert not MediaUrlSigner(b"other", ORIGIN).is_face(7, CAT, signature)
    assert signer.face(7, None) == ""
    # It opens nothing else: the other addresses have longer signatures, of other texts.
    assert not signer.is_ours(CAT, SMALL, signature)


async def test_a_picture_is_fetched_once_and_comes_out_clean(world: World) -> None:
    world.web.put(CAT, picture("PNG", draw(3000, 300)), media_type="text/plain")

    first, *rest = await asyncio.gather(*[world.remote.get(CAT, "full") for _ in range(5)])

    assert rest == [first] * 4
    assert opened(first).size == (2048, 205)
    assert await world.remote.get(CAT, "full") == first
    assert world.web.asked == [CAT]
    assert opened(await world.remote.get(CAT, "face")).size == (256, 256)
    assert len(world.web.asked) == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://peer.example/nothing.png",
        "https://peer.example/page.html",
        "https://peer.example/large.png",
        "https://127.0.0.2/cat.png",
        "https://10.0.0.1/cat.png",
        "https://localhost/cat.png",
        "http://peer.example/cat.png",
        "https://peer.example:8443/cat.png",
        "file:///etc/passwd",
        "https://blocked.example/cat.png",
    ],
)
async def test_a_failed_fetch_is_not_repeated_for_a_while(world: World, url: str) -> None:
    world.web.put("https://peer.example/page.html", b"<html>", media_type="text/html")
    world.web.put("https://peer.example/large.png", picture() + b"x" * 100_000)
    world.blocked.add("blocked.example")

    assert not await world.is_there(url)
    asked = len(world.web.asked)
    assert not await world.is_there(url)
    assert len(world.web.asked) == asked
    world.clock.advance(seconds=FAILED_FOR.total_seconds())
    world.blocked.clear()
    world.web.put(url.replace("http:", "https:"), picture())
    assert await world.is_there(url) == url.startswith(("https://peer.example/",))


async def test_a_server_that_never_answers_holds_up_no_pictures_of_others(world: World) -> None:
    never = asyncio.Event()

    async def hang(_asked: Asked, _writer: asyncio.StreamWriter) -> None:
        await never.wait()

    slow = [f"https://evil.example/{number}.png" for number in range(20)]
    for url in slow:
        world.web.script(url, hang)
    world.web.put(CAT, picture())
    waiting = [asyncio.create_task(world.is_there(url)) for url in slow]
    await asyncio.sleep(0.05)

    async with asyncio.timeout(5):
        assert await world.is_there(CAT)
    await world.remote.aclose()
    await asyncio.gather(*waiting, return_exceptions=True)
    never.set()


async def test_no_more_pictures_are_fetched_than_can_be_processed(world: World) -> None:
    await world.pictures._process._turn.acquire()  # another server's large picture
    hosts = ("peer.example", "other.example", "evil.example", "victim.example")
    urls = [f"https://{host}/{number}.png" for host in hosts for number in range(5)]
    for url in urls:
        world.web.put(url, picture())
    waiting = [asyncio.create_task(world.is_there(url)) for url in urls]
    await until(lambda: len(world.web.asked) >= 4)
    await asyncio.sleep(0.3)

    asked = len(world.web.asked)
    world.pictures._process._turn.release()
    assert await asyncio.gather(*waiting) == [True] * len(urls)
    assert asked == 4


async def test_a_temporary_failure_to_process_is_not_stored_as_the_pictures(world: World) -> None:
    world.web.put(CAT, picture())
    await world.pictures.aclose()

    for _ in range(2):
        with pytest.raises(Busy):
            await world.remote.get(CAT, "full")
    assert world.web.asked == [CAT, CAT]


async def test_a_redirect_to_a_private_address_is_not_followed(world: World) -> None:
    world.web.redirect(CAT, "https://10.0.0.1/cat.png")

    assert not await world.is_there(CAT)


async def test_old_and_excess_copies_are_deleted(world: World) -> None:
    for number in range(3):
        world.web.put(f"{CAT}?{number}", picture("PNG", draw(50 + number)))
        await world.remote.get(f"{CAT}?{number}", "full")
    files = sorted(world.remote.store.files(), key=lambda file: file[1])
    total = sum(size for _, _, size in files)
    now = files[0][1]

    assert world.remote.prune(now + KEPT - timedelta(seconds=9), total) == 0
    assert world.remote.prune(now, total - 1) == 1
    assert {name for name, *_ in world.remote.store.files()} == {name for name, *_ in files[1:]}
    assert world.remote.prune(now + KEPT + timedelta(seconds=9), total) == 2


def test_an_address_holds_for_what_we_signed_and_nothing_else() -> None:
    signer = MediaUrlSigner(b"secret", ORIGIN)
    address = signer.address("https://peer.example/a?b=c&d=\u00fc#e", "face")
    parameters = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}

    assert address.startswith("/media/remote?")
    assert parameters["url"] == "https://peer.example/a?b=c&d=\u00fc#e"
    assert signer.is_ours(parameters["url"], "face", parameters["sig"])
    assert not signer.is_ours(parameters["url"], "full", parameters["sig"])
    assert not signer.is_ours(parameters["url"] + "x", "face", parameters["sig"])
    assert not signer.is_ours(parameters["url"], "face", "\u00fc")
    assert not MediaUrlSigner(b"another", ORIGIN).is_ours(
        parameters["url"], "face", parameters["sig"]
    )
    assert MediaUrlSigner(b"another", ORIGIN).address(CAT) != signer.address(CAT)


def test_an_address_for_apps_is_ours_and_leads_back_to_the_original() -> None:
    signer = MediaUrlSigner(b"secret", ORIGIN)
    url = "https://peer.example/a_(1)?b=c&d=\u00fc e~*"
    address = signer.address_for_apps(url)
    parameters = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}

    assert address.startswith(f"{ORIGIN}/api/v3/image_proxy?")
    assert signer.is_ours(parameters["url"], "full", parameters["sig"])
    text = f"![]({address}) and {address}."
    assert to_original_addresses(text, ORIGIN) == f"![]({url}) and {url}."
    assert to_original_addresses(text, "https://peer.example") == text
    for kept in (address, f"{ORIGIN}/media/x.webp", "mailto:x@peer.example"):
        assert signer.address_for_apps(kept) == kept


def test_a_local_picture_keeps_its_address() -> None:
    signer = MediaUrlSigner(b"secret", ORIGIN)

    assert signer.address(f"{ORIGIN}/media/x.webp") == "/media/x.webp"
    assert signer.address(f"{ORIGIN}.evil.example/media/x.webp").startswith("/media/remote?")
