"""Fixtures for pages: an instance with an admin, a moderator, a member and a community."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection
from starlette.applications import Starlette

from activitypub.document import Document
from activitypub.errors import Unreachable
from fedcom.accounts.register import NewAccount, check_email, create_account
from fedcom.accounts.sessions import create_session
from fedcom.accounts.throttle import SIGN_IN_BY_NAME, count_attempt, name_key
from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity
from fedcom.actions.moderators import AddModerator
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.app import create_app
from fedcom.background.mailer import Mailer
from fedcom.context import Context, NewKey
from fedcom.db import Database
from fedcom.errors import NotFound
from fedcom.http.email_links import unsubscribe_url
from fedcom.http.identity import session_cookie_name
from fedcom.http.signer import HmacSigner
from fedcom.media.pictures import Pictures
from fedcom.media.remote import MediaUrlSigner
from fedcom.media.store import Store
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.remote.actors import put_actor
from fedcom.remote.keys import KeyCipher
from fedcom.settings import Settings
from fedcom.site.block_list_file import read_block_list
from fedcom.site.block_lists import get_block_list, note_problem, take_over
from fedcom.site.health import Finding
from fedcom.site.setup import finish_setup, start
from fedcom.text.page_head import LinkMetadata
from fedcom.wire.body import Body
from tests.fedcom.web.browser import Browser
from tests.support.clock import SettableClock
from tests.support.documents import Json
from tests.support.foundations import founded
from tests.support.people import give_email
from tests.support.smtp_server import SmtpServer, open_smtp_server
from tests.support.units import open_units

T = TypeVar("T")
ORIGIN = "https://forum.example"
KEY = NewKey(public_pem="not a key", encrypted_private=b"not a key")


class PlainInstance:
    """An instance without a network: everything the pages need, and nothing behind it."""

    def __init__(self, settings: Settings, database: Database, clock: SettableClock) -> None:
        self.settings = settings
        self.database = database
        self.clock = clock
        self.pictures = Pictures(Store(settings.media_dir), max_bytes=100_000)
        self.media_signer = MediaUrlSigner(b"secret", settings.origin)
        self.signer = HmacSigner(b"secret")
        self.cipher = KeyCipher(b"secret")
        self.setup_token: str | None = None
        self.known: dict[str, Community | Person | Post | Comment] = {}
        # Fetched and stored, by handle.
        self.arriving: dict[str, Json] = {}
        # Fetches that fail, because the server does not respond.
        self.away: set[str] = set()
        # Fetches that never end.
        self.silent: set[str] = set()
        self.links: dict[str, LinkMetadata] = {}
        # Lists of servers to block, by address.
        self.block_lists: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.keeps_pages = True
        self.metrics = None

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self.database.read(work)

    async def find_version(self) -> Hashable:
        return await self.database.find_version() if self.keeps_pages else None

    async def examine(self) -> list[Finding]:
        return self.findings

    async def unit(self, work: Callable[[Context], T]) -> T:
        return await self.database.write(
            lambda conn: work(Context(conn, self.clock(), self.settings.origin))
        )

    async def new_key(self) -> NewKey:
        return KEY

    async def lookup(self, text: str) -> Community | Person | Post | Comment:
        if text in self.away:
            raise Unreachable("unreachable", "It does not answer.", url=text)
        if text in self.silent:
            await asyncio.Event().wait()
        if text in self.arriving:
            document = Document(self.arriving[text])
            return await self.unit(lambda ctx: put_actor(ctx, document))
        if text not in self.known:
            raise NotFound("couldnt_find_object", "Nothing answers there.")
        return self.known[text]

    async def fetch_block_list(self, list_id: int) -> None:
        def fetch(ctx: Context) -> None:
            url = get_block_list(ctx.conn, list_id).url or ""
            if url in self.block_lists:
                take_over(ctx, list_id, read_block_list(self.block_lists[url], ctx.host), "")
            else:
                note_problem(ctx, list_id, "The origin does not have it (404).")

        await self.unit(fetch)

    async def link_metadata(self, url: str) -> LinkMetadata:
        if url not in self.links:
            raise Unreachable("unreachable", "It does not answer.", url=url)
        return self.links[url]


@dataclass(slots=True)
class World:
    """The instance with its people, and browsers for them."""

    instance: PlainInstance
    app: Starlette
    people: dict[str, Person]
    tokens: dict[str, str]
    community: Community

    def browser(self, name: str = "", address: str = "192.0.2.7") -> Browser:
        """A browser in which `name` is logged in; without a name, a guest's."""
        settings, token = self.instance.settings, self.tokens.get(name)
        return Browser(self.app, settings.origin, session_cookie_name(settings), token, address)

    async def perform(self, action: object) -> object:
        return await self.instance.unit(lambda ctx: perform(ctx, action))

    async def post(self, title: str = "Cats sleep", by: str = "bob", **fields: object) -> Post:
        """A post in the community."""
        fields.setdefault("body", Body.of_markdown("They *do*."))
        action = CreatePost(by=self.people[by], community=self.community, title=title, **fields)
        return await self.instance.unit(lambda ctx: perform(ctx, action))

    async def comment(
        self, post: Post, text: str = "Sure", parent: Comment | None = None, by: str = "bob"
    ) -> Comment:
        """A reply to a post or a comment."""
        body = Body.of_markdown(text)
        action = CreateComment(by=self.people[by], post=post, parent=parent, body=body)
        return await self.instance.unit(lambda ctx: perform(ctx, action))

    async def besiege(self, name: str) -> None:
        """Send wrong passwords for this name, from many addresses, until the limit is reached."""

        def guess(ctx: Context) -> None:
            for _ in range(SIGN_IN_BY_NAME.tries):
                count_attempt(ctx.conn, SIGN_IN_BY_NAME, name_key(name), ctx.now)

        await self.instance.unit(guess)


def make_app(instance: PlainInstance) -> Starlette:
    """The whole server, with this instance in place of the one its lifespan would open."""
    app = create_app(instance.settings)
    app.state.instance = instance
    return app


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """Pages are tested on SQLite, unless a test asks for another database (`indirect`)."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
async def instance(
    database: Database, clock: SettableClock, tmp_path: Path
) -> AsyncIterator[PlainInstance]:
    """An instance that was never started."""
    settings = Settings(origin=ORIGIN, data_dir=tmp_path)
    instance = PlainInstance(settings, database, clock)
    yield instance
    await instance.pictures.aclose()


@pytest.fixture
async def fresh(instance: PlainInstance) -> PlainInstance:
    """An instance that was started and not set up."""
    await instance.unit(lambda ctx: start(ctx, KEY))
    return instance


@pytest.fixture
async def world(instance: PlainInstance) -> World:
    """ann is the admin and created !cats, mia moderates it, bob and eve are members."""
    now = instance.clock()

    def build() -> tuple[dict[str, Person], dict[str, str], Community]:
        with instance.database.begin() as conn:
            return _peopled(Context(conn, now, ORIGIN))

    people, tokens, community = founded(instance.database, ("World", now), build)
    return World(instance, make_app(instance), dict(people), dict(tokens), community)


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with open_smtp_server() as opened:
        yield opened


@pytest.fixture
async def mailer(world: World, smtp: SmtpServer) -> Mailer:
    """The instance sends mail to `smtp`; bob has an address."""
    settings = world.instance.settings.model_copy(update={"smtp_url": SecretStr(smtp.url)})
    world.instance.settings = settings

    async def nobody_waits() -> None:
        pass

    units = open_units(
        database=world.instance.database,
        fetcher=None,
        origin=settings.origin,
        clock=world.instance.clock,
        committed=nobody_waits,
    )
    bob, address = world.people["bob"].id, check_email("bob@mail.example")
    await world.instance.unit(lambda ctx: give_email(ctx, bob, address))
    return Mailer(
        units,
        settings,
        world.instance.clock,
        partial(unsubscribe_url, world.instance.signer, settings.origin),
    )


def _peopled(ctx: Context) -> tuple[dict[str, Person], dict[str, str], Community]:
    """The people, the tokens of their sessions, and the community."""
    people: dict[str, Person] = {}
    tokens: dict[str, str] = {}
    start(ctx, KEY)
    for name in ("ann", "mia", "bob", "eve"):
        role = "admin" if name == "ann" else "member"
        newcomer = NewAccount(name=name, password_hash="no password fits")
        people[name] = create_account(ctx, newcomer, KEY, role=role).person
        tokens[name] = create_session(ctx.conn, people[name].id, "test", ctx.now)
    community = perform(ctx, CreateCommunity(by=people["ann"], name="cats", key=KEY, title="Cats"))
    perform(ctx, AddModerator(by=people["ann"], community=community, person=people["mia"]))
    finish_setup(ctx.conn, name="Forum", registration="open", now=ctx.now)
    return people, tokens, community
