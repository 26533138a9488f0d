"""Two servers sign what they send each other with Ed25519, as long as both of them take it.

Each stands behind a proxy that notes how the requests to its inbox are signed, and may play other
software: one that refuses Ed25519, or one that answers 202 to everything and reads it later.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import pytest

from tests.support.databases import PostgresqlDatabases
from tests.support.server_processes import Node, Proxy, running, tail
from tests.support.visitor import Visitor

SECONDS = 30
PASS_ON, REFUSE, SWALLOW = "pass on", "401", "202"
ANSWERS = {
    REFUSE: b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    SWALLOW: b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
}


class Watcher(Proxy):
    """A proxy that takes one request per connection. `signed` has the kind of each signature that
    came to an inbox: "cavage", "rsa-v1_5-sha256" or "ed25519"; `ed25519` is what is done with the
    last kind.
    """

    def __init__(self, address: str, port: int) -> None:
        super().__init__(address, port)
        self.signed: list[str] = []
        self.ed25519 = PASS_ON

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")[:-2]
            headers = {name.lower(): value for name, _, value in (o.partition(": ") for o in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            scripted = ANSWERS.get(self._verdict(lines[0], headers))
            writer.write(scripted or await self._ask(lines, body))
            await writer.drain()
        writer.close()

    def _verdict(self, first: str, headers: dict[str, str]) -> str:
        if not (first.startswith("POST ") and first.split()[1].endswith("/inbox")):
            return PASS_ON
        described = headers.get("signature-input", "")
        kind = described.partition('alg="')[2].partition('"')[0] or "cavage"
        self.signed.append(kind)
        return self.ed25519 if kind == "ed25519" else PASS_ON

    async def _ask(self, lines: list[str], body: bytes) -> bytes:
        address, _, port = self.backends[0].partition(":")
        from_server, to_server = await asyncio.open_connection(address, int(port))
        lines = [line for line in lines if not line.lower().startswith("connection:")]
        head = "\r\n".join([*lines, "Connection: close", "", ""])
        to_server.write(head.encode("latin-1") + body)
        answer = await from_server.read()
        to_server.close()
        return answer


@dataclass(frozen=True, slots=True)
class Neighbours:
    """ann's server has !garden, and bob, who lives on the other, follows it at `garden`."""

    anns: Node
    bobs: Node
    ann: Visitor
    bob: Visitor
    garden: str

    def signed(self, node: Node) -> list[str]:
        """How what has arrived at a server since the last call was signed."""
        assert isinstance(node.proxy, Watcher)
        found, node.proxy.signed = node.proxy.signed, []
        return found

    def treat(self, node: Node, ed25519: str) -> None:
        """What the proxy of a server does with Ed25519."""
        assert isinstance(node.proxy, Watcher)
        node.proxy.ed25519 = ed25519

    def post(self, title: str) -> None:
        """Bob posts; wait until ann sees it, and his server the Announce of it."""
        before = len(self._signed_by_ann)
        self.bob.submit(self.garden, title, body="It rains.")
        until(self.anns, lambda: title in self.ann.see("/c/garden").text)
        until(self.bobs, lambda: len(self._signed_by_ann) > before)

    def start_bobs_again(self) -> None:
        """His server then has to learn what ann's takes."""
        self.bobs.server.stop()
        self.bobs.server.start()
        self.bobs.wait_ready()

    @property
    def _signed_by_ann(self) -> list[str]:
        assert isinstance(self.bobs.proxy, Watcher)
        return self.bobs.proxy.signed

    def times(self, title: str) -> int:
        """How many posts with this title !garden has."""
        return sum(title in text for _, text in self.ann.see("/c/garden").entries("post"))


def until(node: Node, is_done: Callable[[], object]) -> None:
    """Wait until it is."""
    deadline = time.monotonic() + SECONDS
    while not is_done():
        if time.monotonic() > deadline:
            raise AssertionError(tail(node.server.log))
        time.sleep(0.02)


@pytest.fixture(scope="module")
def running_neighbours(
    postgresql_databases: PostgresqlDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Neighbours]:
    folder = tmp_path_factory.mktemp("neighbours")
    url = postgresql_databases.create(migrated=True)
    anns = Node("anns", folder / "anns", address="127.0.0.31", proxy=Watcher, database_url=url)
    bobs = Node("bobs", folder / "bobs", address="127.0.0.32", proxy=Watcher)
    with ExitStack() as stack:
        stack.enter_context(running(anns, bobs))
        ann = stack.enter_context(Visitor(anns.origin, "ann"))
        bob = stack.enter_context(Visitor(bobs.origin, "bob"))
        ann.set_up("Ann's", "garden", "The Garden")
        bob.set_up("Bob's", "kitchen", "The Kitchen")
        garden = bob.look_up(f"!garden@{anns.host}")
        bob.follow(garden)
        until(bobs, lambda: "Unfollow" in bob.see(garden).text)
        yield Neighbours(anns, bobs, ann, bob, garden)


@pytest.fixture
def neighbours(running_neighbours: Neighbours) -> Neighbours:
    """Bob's server was just started."""
    running_neighbours.start_bobs_again()
    for node in (running_neighbours.anns, running_neighbours.bobs):
        running_neighbours.treat(node, PASS_ON)
        running_neighbours.signed(node)
    return running_neighbours


def test_after_the_first_exchange_every_delivery_is_signed_with_ed25519(
    neighbours: Neighbours,
) -> None:
    for title in ("Peas", "Beans", "Leeks"):
        neighbours.post(title)

    # Each post is a Create there and an Announce back. Ann's server has sent an Accept before.
    assert neighbours.signed(neighbours.anns) == ["cavage", "ed25519", "ed25519"]
    assert neighbours.signed(neighbours.bobs) == ["ed25519"] * 3


@pytest.mark.parametrize("answer", [REFUSE, SWALLOW])
def test_a_server_that_no_longer_takes_ed25519_gets_everything_with_rsa(
    neighbours: Neighbours, answer: str
) -> None:
    titles = [f"{name} after {answer}" for name in ("Oats", "Rye", "Hops")]
    neighbours.post(titles[0])
    neighbours.treat(neighbours.anns, answer)

    for title in titles[1:]:
        neighbours.post(title)

    assert neighbours.signed(neighbours.anns) == ["cavage", "ed25519", "cavage", "cavage"]
    assert [neighbours.times(title) for title in titles] == [1, 1, 1]


def test_requests_signed_with_new_keys_are_accepted(neighbours: Neighbours) -> None:
    neighbours.post("Figs")
    neighbours.bobs.command("keys", "rotate", "--all")
    neighbours.start_bobs_again()  # it would notice by itself in 15 seconds
    neighbours.signed(neighbours.anns)

    for title in ("Plums", "Sloes"):
        neighbours.post(title)

    # The first ones may be the Updates with the new keys.
    assert neighbours.signed(neighbours.anns)[-1] == "ed25519"
    assert [neighbours.times(title) for title in ("Figs", "Plums", "Sloes")] == [1, 1, 1]
