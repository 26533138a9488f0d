"""Every address from a peer, when it leads into our own network: nothing connects.

The network in memory responds for the peers, except for one URL of theirs: its name resolves to a
private address since it was checked (DNS rebinding), or it responds with a redirect to a name that
does. Both are checked by the transport of production, whose connections are counted.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from activitypub.errors import FetchFailed, PrivateAddress
from activitypub.netguard import Guard
from activitypub.transport import PeerTransport
from fedcom.actions.follow import Follow
from fedcom.background.backfill import LIMITS, Backfill
from fedcom.errors import FedcomError
from tests.support.documents import activity, document, group, note, page, person
from tests.support.network import Network
from tests.support.node import Node
from tests.support.people import ORIGIN

pytestmark = pytest.mark.anyio

PRIVATE = "169.254.169.254"
INSIDE = "https://inside.example/latest/meta-data"
KIM, EVE = "https://kim.example/u/kim", "https://evil.example/u/eve"
DOGS = "https://evil.example/c/dogs"
POST = "https://evil.example/post/1"


@pytest.fixture
def dialect() -> str:
    """The requested addresses do not depend on the database."""
    return "sqlite"


class Inward:
    """The network, in which `target` and `INSIDE` lead to a private address."""

    def __init__(self, node: Node) -> None:
        self.node, self.home, self.network = node, node.home, node.network
        self.target = ""
        self.resolved: list[str] = []
        self.dialled: list[str] = []
        self._real = PeerTransport(guard=Guard(), resolve=self._resolve, dial=self._dial)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) in (self.target, INSIDE):
            return await self._real.handle_async_request(request)
        return await Network.handle_async_request(self.network, request)

    async def _resolve(self, name: str, _port: int) -> list[str]:
        self.resolved.append(name)
        return [PRIVATE]

    async def _dial(self, address: str, *_: Any) -> Any:
        self.dialled.append(address)
        raise OSError


@pytest.fixture
def inward(node: Node, monkeypatch: pytest.MonkeyPatch) -> Inward:
    made = Inward(node)
    monkeypatch.setattr(node.network, "handle_async_request", made.handle)
    for host in ("evil.example", "kim.example"):
        node.network.run(host, "lemmy")
    node.network.put(person(EVE), person(KIM), group(DOGS), page(POST, EVE, DOGS))
    return made


async def follow_dogs(inward: Inward) -> None:
    """Bob follows !dogs, which has accepted."""
    dogs = inward.home.group(DOGS, featured=f"{DOGS}/featured")
    asked = inward.home.perform(Follow(by=inward.home.bob, target=dogs))
    assert await inward.node.receive(activity("Accept", DOGS, asked.iri)) == "202"


async def fill(inward: Inward, **collections: Any) -> None:
    """Backfill !dogs, with these collections of it."""
    await follow_dogs(inward)
    for name, obj in collections.items():
        inward.network.put(document(f"{DOGS}/{name}", "OrderedCollection", **obj))
    limits = replace(LIMITS, pause=0.0)
    await Backfill(
        inward.node.instance.units, ORIGIN, inward.home.clock, limits
    ).fetch_communities()


async def read_outbox(inward: Inward) -> None:
    await fill(inward)


async def read_first_page(inward: Inward) -> None:
    await fill(inward, outbox={"first": f"{DOGS}/outbox?page=1"})


async def read_next_page(inward: Inward) -> None:
    listed = [activity("Announce", DOGS, POST)]
    await fill(inward, outbox={"orderedItems": listed, "next": f"{DOGS}/outbox?page=2"})


async def read_pins(inward: Inward) -> None:
    await fill(inward, outbox={"orderedItems": []})


async def read_context(inward: Inward) -> None:
    inward.network.put(page(POST, EVE, DOGS, context=f"{POST}/context"))
    await fill(inward, outbox={"orderedItems": [POST]})


async def read_replies(inward: Inward) -> None:
    inward.network.put(page(POST, EVE, DOGS, replies=f"{POST}/replies"))
    await fill(inward, outbox={"orderedItems": [POST]})


async def read_moderators(inward: Inward) -> None:
    await inward.node.instance.lookup(DOGS)


async def read_actor(inward: Inward) -> None:
    await inward.node.instance.lookup(EVE)


async def find_handle(inward: Inward) -> None:
    await inward.node.instance.lookup("@eve@evil.example")


async def read_page(inward: Inward) -> None:
    await inward.node.instance.lookup("https://evil.example/@eve/1")


async def read_announced_object(inward: Inward) -> None:
    await follow_dogs(inward)
    await inward.node.receive(activity("Announce", DOGS, POST))


async def read_parent(inward: Inward) -> None:
    await follow_dogs(inward)
    below = note(f"{POST}/below", EVE, "https://evil.example/note/1", audience=DOGS)
    await inward.node.receive(activity("Announce", DOGS, activity("Create", EVE, below)))


async def read_key(inward: Inward) -> None:
    post = inward.home.post()
    await inward.node.receive(activity("Like", EVE, post.iri))


async def read_software(inward: Inward) -> None:
    inward.home.follow(inward.home.bob, inward.home.group(DOGS, software=None))
    await inward.node.receive(activity("Announce", DOGS, POST))


async def show_icon(inward: Inward) -> None:
    await inward.node.instance.remote_pictures.get("https://evil.example/eve.png", "face")


async def preview_link(inward: Inward) -> None:
    inward.home.post(url="https://evil.example/story")
    await inward.node.instance.previews.make_some()


async def preview_picture(inward: Inward) -> None:
    head = b'<head><meta property="og:image" content="https://evil.example/large.png"></head>'
    inward.network.answer("https://evil.example/story", head, kind="text/html")
    await preview_link(inward)


async def suggest_title(inward: Inward) -> None:
    await inward.node.instance.link_metadata("https://evil.example/story")


async def deliver_to_inbox(inward: Inward) -> None:
    inward.home.perform(Follow(by=inward.home.bob, target=inward.home.group(DOGS)))
    await inward.node.instance.dispatcher.drain()


async def deliver_to_shared_inbox(inward: Inward) -> None:
    inward.home.follow(inward.home.person(EVE, "lemmy"), inward.home.cats)
    inward.home.post()
    await inward.node.instance.dispatcher.drain()


Ask = Callable[[Inward], Awaitable[None]]
FETCHES: dict[str, tuple[Ask, str]] = {
    "actor": (read_actor, EVE),
    "publicKey": (read_key, EVE),
    "moderators": (read_moderators, f"{DOGS}/moderators"),
    "outbox": (read_outbox, f"{DOGS}/outbox"),
    "first": (read_first_page, f"{DOGS}/outbox?page=1"),
    "next": (read_next_page, f"{DOGS}/outbox?page=2"),
    "featured": (read_pins, f"{DOGS}/featured"),
    "context": (read_context, f"{POST}/context"),
    "replies": (read_replies, f"{POST}/replies"),
    "object": (read_announced_object, POST),
    "inReplyTo": (read_parent, "https://evil.example/note/1"),
    "url": (read_page, "https://evil.example/@eve/1"),
    "webfinger": (
        find_handle,
        "https://evil.example/.well-known/webfinger?resource=acct:eve@evil.example",
    ),
    "nodeinfo": (read_software, "https://evil.example/.well-known/nodeinfo"),
    "nodeinfo document": (read_software, "https://evil.example/nodeinfo/2.1"),
    "icon": (show_icon, "https://evil.example/eve.png"),
    "link": (preview_link, "https://evil.example/story"),
    "picture of a link": (preview_picture, "https://evil.example/large.png"),
    "title of a link": (suggest_title, "https://evil.example/story"),
}
DELIVERIES: dict[str, tuple[Ask, str]] = {
    "inbox": (deliver_to_inbox, f"{DOGS}/inbox"),
    "sharedInbox": (deliver_to_shared_inbox, "https://evil.example/inbox"),
}


async def ask(inward: Inward, work: Ask) -> None:
    with suppress(FedcomError, FetchFailed):
        await work(inward)


@pytest.mark.parametrize("name", [*FETCHES, *DELIVERIES])
async def test_a_name_that_now_resolves_to_a_private_address_is_not_connected_to(
    inward: Inward, name: str
) -> None:
    work, inward.target = (FETCHES | DELIVERIES)[name]

    await ask(inward, work)

    assert set(inward.resolved) == {"evil.example"}
    assert inward.dialled == []


@pytest.mark.parametrize("name", FETCHES)
async def test_a_redirect_to_a_private_address_is_not_followed(inward: Inward, name: str) -> None:
    work, url = FETCHES[name]
    inward.network.answer(url, status=302, Location=INSIDE)

    await ask(inward, work)

    assert set(inward.resolved) == {"inside.example"}
    assert url in inward.network.asked
    assert inward.dialled == []


@pytest.mark.parametrize("name", DELIVERIES)
async def test_a_delivery_follows_no_redirect(inward: Inward, name: str) -> None:
    work, url = DELIVERIES[name]
    inward.network.answer(url, status=307, Location=INSIDE)

    await ask(inward, work)

    assert url in inward.network.asked
    assert inward.resolved == []


async def test_the_test_network_would_connect(inward: Inward) -> None:
    inward._real._guard = Guard(exceptions=[PRIVATE])
    inward.target = EVE

    await ask(inward, read_actor)

    assert set(inward.dialled) == {PRIVATE}


async def test_refused_connections_are_reported_as_such(inward: Inward) -> None:
    inward.target = "https://evil.example/story"

    with pytest.raises(PrivateAddress):
        await suggest_title(inward)
