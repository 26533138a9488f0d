"""Page or document: one address, two representations."""

import pytest
from starlette.datastructures import Headers

from fedcom.federation.negotiation import wants_activity
from tests.support.node import Node

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("application/activity+json", True),
        ("APPLICATION/Activity+JSON", True),
        (LD, True),
        # Mastodon 4.6, GoToSocial, Lemmy 0.19
        (f"application/activity+json, {LD}, text/html;q=0.1", True),
        ("application/activity+json,application/ld+json;q=0.9", True),
        ("application/json", True),
        (BROWSER, False),
        ("*/*", False),
        ("", False),
        ("text/html", False),
        ("application/activity+json;q=0.5, text/html", False),
        ("application/activity+json, text/html", True),
        ("application/activity+json;q=0", False),
        ("application/activity+json;q=lots", False),
        ("application/activity+json;charset=utf-8;q=0.9, text/html;q=0.8", True),
        ("image/png", False),
    ],
)
def test_the_document_is_served_to_clients_that_prefer_it(accept: str, wanted: bool) -> None:
    assert wants_activity(Headers({"accept": accept})) is wanted


def test_no_accept_header_means_a_page() -> None:
    assert not wants_activity(Headers({}))


def test_several_headers_read_as_one() -> None:
    raw = [(b"accept", b"text/html;q=0.5"), (b"accept", b"application/activity+json")]
    assert wants_activity(Headers(raw=raw))


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/u/bob", "/c/cats", "/post/1"])
async def test_one_address_serves_both(node: Node, path: str) -> None:
    node.home.post()

    document = await node.get(path)
    page = await node.get(path, accept=BROWSER)

    assert document.headers["content-type"].startswith("application/activity+json")
    assert page.headers["content-type"].startswith("text/html")
    assert "Accept" in document.headers["vary"]
