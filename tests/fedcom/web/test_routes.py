"""Addresses and their responses: no spelling of an address and no header may change them."""

import pytest

from fedcom.accounts.throttle import SEARCH_BY_ADDRESS
from tests.support.node import ACTIVITY, Node
from tests.support.people import ORIGIN
from tests.support.pictures import draw, opened, picture

pytestmark = pytest.mark.anyio

PAGE = "text/html"


@pytest.fixture
def dialect() -> str:
    """Addresses and headers are the same on every database."""
    return "sqlite"


async def test_no_response_repeats_the_requested_host(node: Node) -> None:
    """As it would behind Starlette before 1.3.0 (CVE-2026-48710, CVE-2026-54282)."""
    post = node.home.post()
    lies = dict.fromkeys(("Host", "X-Forwarded-Host", "X-Original-URL"), "evil.example")
    for path in (
        *("/", "/c/cats", "/u/bob", f"/post/{post.id}", "/c/cats/outbox", "/search", "/submit"),
        *("/login?next=/submit", "/feeds/all.xml", "/feeds/c/cats.atom", "/actor", "/nothing"),
        *("/.well-known/nodeinfo", "/.well-known/host-meta", "/c/cats@home.example"),
        f"/post/{post.id}/context",
    ):
        for accept in (PAGE, ACTIVITY):
            answer = await node.get(path, accept=accept, Forwarded="host=evil.example", **lies)
            assert answer.status_code < 500
            assert "evil.example" not in str(answer.headers) + answer.text, (path, accept)


async def test_no_path_becomes_a_host(node: Node) -> None:
    for path in (
        *("//evil.example/login", "/@evil.example/submit", "//evil.example/%2e%2e"),
        *(
            "/\\evil.example",
            "//evil.example:80@home.example/",
            "/http://evil.example/submit",
            "/;@evil.example",
        ),
    ):
        answer = await node.get(path, accept=PAGE)

        assert answer.status_code == 404
        assert "location" not in answer.headers
        for found in ('href="//', 'action="//', 'value="//', "https://evil.example"):
            assert found not in answer.text, path


async def test_a_form_has_one_address(node: Node) -> None:
    for path in ("/login/", "//login", "/LOGIN", "/login;x", "/login%00", "/login%2F", "/login."):
        assert (await node.get(path, accept=PAGE, method="POST")).status_code == 404, path


async def test_limits_apply_to_every_spelling_of_an_address(node: Node) -> None:
    spellings = ("/search?q=cats", "/%73earch?q=cats", "/search?q=c%61ts", "/search?x=1&q=cats")
    for number in range(SEARCH_BY_ADDRESS.tries):
        answer = await node.get(spellings[number % len(spellings)], accept=PAGE)
        assert answer.status_code == 200

    for path in spellings:
        assert (await node.get(path, accept=PAGE)).status_code == 429
        forwarded = await node.get(path, accept=PAGE, X_Forwarded_For="203.0.113.9")
        assert forwarded.status_code == 429


async def test_the_address_of_a_picture_is_read_once(node: Node) -> None:
    """Lemmy CVE-2026-29178: one part of a proxy checked another address than was fetched."""
    signed = node.instance.media_signer.address("https://peer.example/cat.png", "face")
    evil = "https%3A%2F%2Fevil.example%2Fcat.png"
    query = signed.partition("?")[2]
    for forged in (
        *(
            f"url={evil}&{query}",
            f"{query}&url={evil}",
            f"{query};url={evil}",
            f"{query}%26url={evil}",
        ),
        *(query.replace("peer", "evil"), query.replace("face", "full")),
        *(f"{query}&sig=x", query.replace("url=", "url[]=")),
    ):
        for path in ("/media/remote", "/api/v3/image_proxy"):
            assert (await node.get(f"{path}?{forged}", accept="image/*")).status_code == 404
        assert not [url for url in node.network.asked if "evil" in url]


async def test_apps_get_a_remote_picture_at_an_address_that_we_signed(node: Node) -> None:
    url = "https://peer.example/cat.png"
    node.network.answer(url, picture("PNG", draw(900, 400)), kind="image/png")
    path = node.instance.media_signer.address_for_apps(url).removeprefix(ORIGIN)

    for suffix, size in (("", (900, 400)), ("&format=webp&thumbnail=96", (256, 256))):
        shown = await node.get(f"{path}{suffix}", accept="image/*")
        assert (shown.headers["content-type"], opened(shown.content).size) == ("image/webp", size)
        assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    gone = node.instance.media_signer.address_for_apps("https://peer.example/gone.png")
    assert (await node.get(gone.removeprefix(ORIGIN), accept="image/*")).status_code == 404
