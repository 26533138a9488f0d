"""`live`: a server process with people at its pages, for scenarios with real sockets; `others`: two
more of our kind; `play`: three on different databases; `mastodon` and `lemmy`: peers beside them.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.demo.scenario import Play
from tests.demo.stage import Stage
from tests.support import peers, server_processes, services
from tests.support.databases import PostgresqlDatabases
from tests.support.peers import Peer
from tests.support.visitor import Page, Visitor

_addresses = itertools.count(10)


@dataclass(frozen=True, slots=True)
class Live:
    """A running server with the community !garden; ann is the admin and moderates it, bob posts."""

    node: server_processes.Node
    ann: Visitor
    bob: Visitor

    @property
    def handle(self) -> str:
        """The community's handle, as Mastodon writes it."""
        return f"@garden@{self.node.host}"

    @property
    def garden(self) -> str:
        """The community's id."""
        return f"{self.node.origin}/c/garden"

    @property
    def inbox(self) -> str:
        """The shared inbox."""
        return f"{self.node.origin}/inbox"

    def post(self, title: str, body: str = "It rains.") -> str:
        """A post of bob's in !garden; its id."""
        return self.node.origin + self.bob.submit("/c/garden", title, body=body)

    def path(self, iri: str) -> str:
        """The page of a local object."""
        return iri.removeprefix(self.node.origin)

    def until(
        self, path: str, shows: Callable[[Page], object], *, to: Visitor | None = None
    ) -> Page:
        """The page at `path` once it contains the text, for bob unless another is named."""
        deadline = time.monotonic() + 30
        while True:
            page = (to or self.bob).see(path)
            if shows(page):
                return page
            if time.monotonic() > deadline:
                log = server_processes.tail(self.node.server.log)
                raise AssertionError(f"{path} shows {page.status} {page.text}\n{log}")
            time.sleep(0.02)


@contextmanager
def open_live(
    folder: Path, address: str, database_url: str = "", **settings: str
) -> Iterator[Live]:
    """Start it at this address, on SQLite by default; stop it afterwards."""
    started = server_processes.Node(
        "live", folder, address=address, database_url=database_url, **settings
    )
    with (
        server_processes.running(started),
        Visitor(started.origin, "ann") as ann,
        Visitor(started.origin, "bob") as bob,
    ):
        ann.set_up("Live", "garden", "The Garden")
        bob.register()
        yield Live(started, ann, bob)


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def live(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """One for all scenarios here, on each database: to start it takes longer than a scenario."""
    url = ""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_databases").create(migrated=True)
    with open_live(tmp_path_factory.mktemp("live"), "127.0.0.9", url) as opened:
        yield opened


@pytest.fixture(scope="package")
def others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Visitor]]:
    """Two more servers, each with its admin, who has the community !shed: ada and dan."""
    made = [
        server_processes.Node(name, tmp_path_factory.mktemp(name), address=f"127.0.0.{number}")
        for name, number in (("adas", 14), ("dans", 15))
    ]
    with server_processes.running(*made), ExitStack() as stack:
        people = [
            stack.enter_context(Visitor(node.origin, name))
            for node, name in zip(made, ("ada", "dan"), strict=True)
        ]
        for one in people:
            one.set_up("Away", "shed", "The Shed")
        yield people


@pytest.fixture(scope="package")
def play(
    postgresql_databases: PostgresqlDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Play]:
    """The demo, whose people have arrived at three servers: on PostgreSQL, on SQLite, and on
    PostgreSQL with a Redis.
    """
    nodes = [
        server_processes.Node(
            name,
            tmp_path_factory.mktemp(name),
            address=f"127.0.0.{number}",
            database_url=postgresql_databases.create(migrated=True) if name != "beta" else "",
            redis_url=services.empty_redis_url() if name == "gamma" else "",
        )
        for name, number in (("alpha", 4), ("beta", 5), ("gamma", 6))
    ]
    with server_processes.running(*nodes):
        opened = Play(Stage(lambda _line: None), nodes, more_posts=0)
        try:
            opened.people_arrive()
            yield opened
        finally:
            opened.close()


@pytest.fixture
def mastodon() -> Iterator[Peer]:
    """A microblog without previous contact, with the person kim."""
    with peers.mastodon(f"127.0.1.{next(_addresses)}") as peer:
        yield peer


@pytest.fixture
def lemmy() -> Iterator[Peer]:
    """A forum without previous contact: the community dogs, the person lea, the moderator max."""
    with peers.lemmy(f"127.0.1.{next(_addresses)}") as peer:
        yield peer
