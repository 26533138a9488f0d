"""What is kept of responses, by what, for how long, and how much of it; with an application of a
few lines in place of the real one (`web/test_guest_pages.py` has that).
"""

from collections.abc import Hashable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from fedcom.http import page_cache
from fedcom.http.page_cache import SECONDS, PageCache, allow_sharing, is_shareable
from tests.support.clock import SettableClock

pytestmark = pytest.mark.anyio

PUBLIC = {"Cache-Control": "public, no-cache"}


class Small:
    """An application that counts what it was asked, and its database's version."""

    def __init__(self, clock: SettableClock) -> None:
        self.clock = clock
        self.version: Hashable = 1
        self.asked: list[str] = []
        self.headers: dict[str, str] = dict(PUBLIC)
        self.status = 200
        self.text = "a page, " * 100
        routes = [
            Route("/private", self.answer),
            Route("/streamed", self.stream),
            Route("/{rest:path}", self.share),
        ]
        stack = [
            Middleware(PageCache, variant=lambda headers: headers.get("accept-language")),
            Middleware(GZipMiddleware, minimum_size=500),
        ]
        self.app = Starlette(routes=routes, middleware=stack)
        self.app.state.instance = self
        transport = httpx.ASGITransport(app=self.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://a.example")  # noqa: TID251 - talks to the application in memory

    @property
    def entries(self) -> Any:
        """What the middleware keeps; there is one once it was asked."""
        layer: Any = self.app.middleware_stack
        while not isinstance(layer, PageCache):
            layer = layer.app
        return layer.entries

    async def find_version(self) -> Hashable:
        return self.version

    async def share(self, request: Request) -> Response:
        allow_sharing(request.scope)
        return await self.answer(request)

    async def answer(self, request: Request) -> Response:
        path = f"{request.scope['path']}?{request.scope['query_string'].decode()}"
        self.asked.append(path)
        return Response(f"{path} {self.text}", self.status, self.headers, media_type="text/html")

    async def stream(self, request: Request) -> Response:
        allow_sharing(request.scope)
        self.asked.append("streamed")
        return StreamingResponse(iter(["one", "two"]), headers=PUBLIC)

    async def get(self, path: str = "/page", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(path, headers=named)


@pytest.fixture
def small(clock: SettableClock) -> Small:
    return Small(clock)


async def test_the_same_request_is_answered_once_while_nothing_is_committed(small: Small) -> None:
    first, second = await small.get(), await small.get()

    assert len(small.asked) == 1
    assert (second.content, second.headers) == (first.content, first.headers)

    small.version = 2
    small.text = "changed"
    assert "changed" in (await small.get()).text
    assert len(small.asked) == 2


async def test_a_version_that_comes_back_brings_nothing_back(small: Small) -> None:
    await small.get()
    small.version = 2
    await small.get()
    small.version = 1
    await small.get()
    assert len(small.asked) == 3


async def test_what_was_made_before_a_commit_and_finished_after_it_is_not_used(
    small: Small,
) -> None:
    """A request that came before the commit ends after another that came after it."""
    await small.get()
    entries = small.entries
    small.version = 2
    await small.get("/other")
    (entry,) = entries._entries.values()
    entries.put("late", 1, entry)
    assert len(entries) == 1


async def test_without_a_known_version_nothing_is_kept_or_used(small: Small) -> None:
    small.version = None
    answers = [await small.get(), await small.get()]
    assert len(small.asked) == 2
    assert all(answer.status_code == 200 for answer in answers)
    small.version = 1
    await small.get()
    small.version = None
    await small.get()
    assert len(small.asked) == 4


async def test_pages_are_kept_for_a_few_seconds_since_they_show_ages(small: Small) -> None:
    await small.get()
    small.clock.advance(seconds=SECONDS)
    await small.get()
    assert len(small.asked) == 1
    small.clock.advance(seconds=1)
    await small.get()
    assert len(small.asked) == 2
    small.clock.advance(seconds=-SECONDS - 1)  # the clock was corrected
    await small.get()
    assert len(small.asked) == 3


@pytest.mark.parametrize(
    "other",
    [
        {"path": "/other"},
        {"path": "/page?sort=new"},
        {"accept_language": "de"},
        {"accept_encoding": "identity"},
        {"host": "b.example"},
    ],
    ids=str,
)
async def test_whatever_shapes_a_response_has_its_own(small: Small, other: dict[str, str]) -> None:
    await small.get()
    await small.get(**other)
    assert len(small.asked) == 2
    await small.get(**other)
    await small.get()
    assert len(small.asked) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": "session=x"},
        {"cookie": "anything=x"},
        {"authorization": "Bearer x"},
        {"signature": 'keyId="https://b.example/#key"'},
        {"signature_input": "sig=()"},
        {"if_modified_since": "Mon, 01 Jan 2024 00:00:00 GMT"},
    ],
    ids=str,
)
async def test_whoever_may_get_something_else_gets_it_made(
    small: Small, headers: dict[str, str]
) -> None:
    await small.get()
    await small.get(**headers)
    await small.get(**headers)
    assert len(small.asked) == 3
    await small.get()
    assert len(small.asked) == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS"])
async def test_only_reading_is_answered_from_memory(small: Small, method: str) -> None:
    await small.get()
    answer = await small.client.request(method, "/page")
    assert answer.status_code == 405


@pytest.mark.parametrize(
    ("path", "status", "headers"),
    [
        ("/private", 200, PUBLIC),
        ("/streamed", 200, PUBLIC),
        ("/page", 404, PUBLIC),
        ("/page", 410, PUBLIC),
        ("/page", 200, {}),
        ("/page", 200, {"Cache-Control": "private, no-cache"}),
        ("/page", 200, {"Cache-Control": "no-store"}),
        ("/page", 200, {**PUBLIC, "Set-Cookie": "notice=x"}),
        ("/media/page", 200, PUBLIC),
    ],
    ids=str,
)
async def test_only_what_both_route_and_response_allow_is_kept(
    small: Small, path: str, status: int, headers: dict[str, str]
) -> None:
    small.status, small.headers = status, headers
    for _ in range(2):
        answer = await small.get(path)
        assert answer.status_code == status
        small.client.cookies.clear()  # another guest has none
    assert len(small.asked) == 2


async def test_a_route_has_to_allow_it_and_the_request_to_be_a_guests() -> None:
    def request(*names: str) -> Request:
        headers = [(name.encode(), b"x") for name in names]
        return Request({"type": "http", "headers": headers, "state": {}})

    guest, member = request("accept", "host"), request("accept", "cookie")
    assert not is_shareable(guest)
    for one in (guest, member):
        allow_sharing(one.scope)
    assert is_shareable(guest)
    assert not is_shareable(member)


async def test_head_is_answered_from_what_get_left_and_the_other_way_round(small: Small) -> None:
    got = await small.get()
    head = await small.client.head("/page")
    assert (head.status_code, head.headers) == (200, got.headers)
    await small.client.head("/other")
    await small.get("/other")
    assert small.asked == ["/page?", "/other?"]


async def test_a_client_that_has_the_page_gets_304(small: Small) -> None:
    first = await small.get()
    tag = first.headers["etag"]
    for known in (tag, f'"x", {tag}', tag.removeprefix("W/"), "*"):
        answer = await small.get(if_none_match=known)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"] == "public, no-cache"
        assert answer.headers["vary"] == first.headers["vary"]
        assert not {"content-type", "content-length", "content-encoding"} & set(answer.headers)
    assert (await small.get(if_none_match='"x"')).status_code == 200
    assert len(small.asked) == 1

    small.version = 2
    assert (await small.get(if_none_match=tag)).status_code == 304  # made anew, and the same
    small.version, small.text = 3, "changed"
    changed = await small.get(if_none_match=tag)
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)


async def test_an_etag_of_the_response_stays(small: Small) -> None:
    small.headers["ETag"] = '"own"'
    assert (await small.get()).headers["etag"] == '"own"'
    assert (await small.get(if_none_match='W/"own"')).status_code == 304


async def test_the_compressed_body_is_kept(small: Small) -> None:
    packed = [await small.get(accept_encoding="gzip") for _ in range(2)]
    plain = [await small.get(accept_encoding="identity") for _ in range(2)]
    assert len(small.asked) == 2
    assert {answer.headers.get("content-encoding") for answer in packed} == {"gzip"}
    assert {answer.headers.get("content-encoding") for answer in plain} == {None}
    assert len({answer.text for answer in packed + plain}) == 1
    assert int(packed[1].headers["content-length"]) < int(plain[1].headers["content-length"])
    assert packed[0].headers["etag"] != plain[0].headers["etag"]


async def test_only_so_many_are_kept(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "MAX_ENTRIES", 3)
    for number in (1, 2, 3, 1, 4):
        await small.get(f"/{number}")
    assert small.asked == ["/1?", "/2?", "/3?", "/4?"]
    await small.get("/1")  # used since 2 was
    assert len(small.asked) == 4
    await small.get("/2")
    assert len(small.asked) == 5


async def test_only_so_much_is_kept(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    await small.get("/0")
    entries = small.entries
    monkeypatch.setattr(page_cache, "MAX_BYTES", 5 * entries.size)
    for number in range(50):
        await small.get(f"/{number}?long={'x' * 100}")
        assert entries.size <= page_cache.MAX_BYTES
    assert 3 <= len(entries) <= 5
    assert entries.size == sum(entry.size for entry in entries._entries.values())

    small.version = 2
    await small.get("/0")
    assert len(entries) == 1


async def test_one_long_page_takes_not_the_place_of_all(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_cache, "MAX_BODY", 100)
    small.text = "".join(map(str, range(1000)))
    await small.get()
    await small.get()
    assert len(small.asked) == 2
