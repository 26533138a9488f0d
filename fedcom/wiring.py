"""The composition: everything a running instance consists of, opened and closed in one place.

The server, the worker, the command line and the tests open the same `Instance`. No container, no
globals: what a part needs is handed to it here.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from typing import TypeVar

import httpx
import structlog
from sqlalchemy import Connection

from activitypub.document import Document
from activitypub.errors import FetchFailed, Gone
from activitypub.fetch import Budget, Fetcher
from activitypub.iri import host_of
from activitypub.signatures.keys import PrivateKey
from fedcom import migrate
from fedcom.accounts.passwords import hash_password
from fedcom.accounts.register import Newcomer, create_account
from fedcom.accounts.throttle import address_key
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.perform import perform
from fedcom.background.backfill import Backfill
from fedcom.background.follow_requests import ask_again
from fedcom.background.housekeeping import clean_pictures, clean_up
from fedcom.background.mailer import Mailer
from fedcom.background.previews import Previews
from fedcom.clock import Clock, utc_now
from fedcom.context import Context, Fetched, NewKey
from fedcom.db import Database, open_database
from fedcom.errors import FedcomError
from fedcom.federation.listeners import Listeners
from fedcom.federation.ports import Gate, Inboxes
from fedcom.http.signer import HmacSigner
from fedcom.media.pictures import Pictures
from fedcom.media.remote import MediaUrlSigner, RemotePictures
from fedcom.media.store import Store
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.actors import find_actor
from fedcom.remote.actors import put_actor
from fedcom.remote.keys import KeyRing, PublicKeys, Seal, make_key
from fedcom.remote.peers import find_block
from fedcom.settings import Settings
from fedcom.site.setup import check_origin, finish_setup, is_set_up, start
from fedcom.units import Found, Units
from inbox.engine import Inbox
from inbox.ports import ReceivedActivity
from outbox.arq_worker import ArqWaker
from outbox.dispatcher import Dispatcher, Limits

T = TypeVar("T")

logger = structlog.get_logger(__name__)

AGENT = f"Fedcom/{version('fedcom')}"
UNIT_DOCUMENTS = 30
CLEAN_UP_EVERY = 3600.0
ASK_AGAIN_EVERY = 60.0
# After `fedcom keys rotate` this long at most something is signed with a key that is no longer
# shown; peers answer 401 and the delivery is tried again.
WATCH_KEYS_EVERY = 15.0


@dataclass(frozen=True, slots=True)
class Instance:
    """One opened instance; see `open_instance`."""

    settings: Settings
    clock: Clock
    database: Database
    fetcher: Fetcher
    units: Units
    inbox: Inbox
    dispatcher: Dispatcher
    backfill: Backfill
    mailer: Mailer
    previews: Previews
    pictures: Pictures
    remote_pictures: RemotePictures
    media_signer: MediaUrlSigner
    signer: HmacSigner
    setup_token: str | None
    revision: str
    _seal: Seal
    _instance_key: "InstanceKey"
    _suspects: set[str] = field(default_factory=set)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` beside the writers; it cannot write."""
        return await self.units.read(work)

    async def unit(self, work: Callable[[Context], T]) -> T:
        """Run `work` in one transaction, fetching what it misses; what it published is sent."""
        paced = self.settings.member_limits
        return await self.units.unit(
            lambda ctx: work(replace(ctx, has_limits=paced)),
            budget=Budget(documents=UNIT_DOCUMENTS),
        )

    async def find_revision(self) -> str | None:
        """The revision the database is at now; `revision` is the one that this code is for."""
        return await self.read(migrate.find_revision)

    async def new_key(self) -> NewKey:
        """A key pair for a new local actor."""
        return await make_key(self._seal)

    async def lookup(self, text: str) -> Found:
        """Who or what a handle or an address names, fetched when it is not here.

        The other comments of a thread elsewhere follow in the background.
        """
        found = await self.units.lookup(text)
        if isinstance(found, Post | Comment):
            self.backfill.want_thread(found)
        return found

    async def page_title(self, url: str) -> str:
        """What the page behind a link is called; "" when it does not say."""
        return await self.previews.title_of(url)

    async def serve(self) -> None:
        """Work the journal, deliver (unless workers do), and keep house, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.inbox.run())
            if self.settings.redis_url is None:
                tasks.create_task(self.dispatcher.run())
            tasks.create_task(self._keep_house())
            tasks.create_task(self._ask_again())
            tasks.create_task(self.backfill.run())
            tasks.create_task(self.previews.run())
            tasks.create_task(self.mailer.run())
            tasks.create_task(self.watch_keys())

    async def watch_keys(self) -> None:
        """Notice when the command line has given actors new keys."""
        while True:
            await _safely(self._instance_key.refresh())
            await asyncio.sleep(WATCH_KEYS_EVERY)

    async def _keep_house(self) -> None:
        while True:
            self.backfill.wake()
            for work in (self.ask_suspects, self._clean_rows, self._clean_files):
                await _safely(work())
            await asyncio.sleep(CLEAN_UP_EVERY)

    async def _ask_again(self) -> None:
        while True:
            await _safely(ask_again(self.units, self.clock()))
            await asyncio.sleep(ASK_AGAIN_EVERY)

    async def _clean_rows(self) -> None:
        await clean_up(self.database, self.clock())

    async def _clean_files(self) -> None:
        await clean_pictures(self.database, self.pictures.store, self.settings, self.clock())
        await asyncio.to_thread(
            self.remote_pictures.prune,
            self.clock(),
            self.settings.remote_pictures_megabytes * 1_000_000,
        )

    async def ask_suspects(self) -> None:
        """Ask actors whose inboxes are no more whether they themselves are; forget the deleted."""
        while self._suspects:
            iri = self._suspects.pop()
            try:
                await self.units.fetch(iri, Budget(documents=2))
            except Gone:
                await self.unit(partial(_forget, iri=iri))
            except (FetchFailed, FedcomError) as error:
                logger.info("actor_check_failed", actor=iri, error=str(error))


async def _safely(work: Awaitable[None]) -> None:
    try:
        await work
    except Exception:  # the outermost loop: the inbox and the deliveries would end with this one
        logger.exception("housekeeping_failed")


class InstanceKey:
    """The key of the instance actor, in whose name we fetch; at hand, for signing cannot wait."""

    def __init__(self, ring: KeyRing, actor_iri: str) -> None:
        self._ring = ring
        self._actor_iri = actor_iri
        self._key: PrivateKey | None = None

    async def refresh(self) -> None:
        """Read the key again if any key has changed."""
        await self._ring.refresh()
        self._key = await self._ring.key(self._actor_iri)

    def key(self) -> PrivateKey:
        """The key. Raises LookupError before the first `refresh`."""
        if self._key is None:
            raise LookupError(self._actor_iri)
        return self._key


@asynccontextmanager
async def open_instance(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    transport: httpx.AsyncBaseTransport | None = None,
    alone: bool = True,
) -> AsyncIterator[Instance]:
    """Open the instance that `settings` describe; at the first start, make it.

    `transport` replaces the network in tests. `alone`: no other process delivers for it, so what a
    crash left claimed is free at once. Raises SettingsError when the database belongs to another
    origin, MigrationError when it is newer than this code.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    revision = await asyncio.to_thread(_bring_up_to_date, settings.database_url)
    database = open_database(settings.database_url)
    try:
        known = await database.read(lambda conn: check_origin(conn, settings.origin))
        # A new secret for an old database would only hide that the right one is missing.
        seal = Seal(settings.read_secret(make=not known))
        await _first_start(database, settings, seal, clock)
        ring = KeyRing(database, seal)
        instance_key = InstanceKey(ring, f"{settings.origin}/actor")
        await instance_key.refresh()
        fetcher = _open_fetcher(settings, clock, instance_key, transport)
        try:
            parts = _Parts(
                settings, clock, database, revision, fetcher, ring, seal, instance_key, alone
            )
            async with _assemble(parts) as instance:
                yield instance
        finally:
            await fetcher.aclose()
    finally:
        await database.aclose()


def _bring_up_to_date(url: str) -> str:
    """Upgrade only when there is something to do: an upgrade locks out a server that runs. Gives
    the newest revision."""
    current, head = migrate.current_and_head(url)
    if current != head:
        migrate.upgrade(url)
    return head or ""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What an instance is assembled from."""

    settings: Settings
    clock: Clock
    database: Database
    revision: str
    fetcher: Fetcher
    ring: KeyRing
    seal: Seal
    instance_key: InstanceKey
    alone: bool


@asynccontextmanager
async def _assemble(parts: _Parts) -> AsyncIterator[Instance]:
    settings, clock, database = parts.settings, parts.clock, parts.database
    suspects: set[str] = set()
    dispatcher = Dispatcher(
        database=database,
        poster=parts.fetcher,
        signers=parts.ring,
        inboxes=Inboxes(suspects.add, settings.origin, clock),
        clock=clock,
        limits=Limits(alone=parts.alone and settings.redis_url is None),
    )
    waker = ArqWaker(settings.redis_url) if settings.redis_url else None

    async def committed() -> None:
        previews.wake()
        if waker is not None:
            await waker.wake()
        else:
            dispatcher.wake()

    units = Units(
        database=database,
        fetcher=parts.fetcher,
        origin=settings.origin,
        clock=clock,
        committed=committed,
        prover=parts.ring.prove,
    )
    keys = PublicKeys(database, parts.fetcher, clock)
    keys.on_change = _refresher(units)
    backfill = Backfill(units, settings.origin, clock)
    pictures = Pictures(Store(settings.media_dir), max_bytes=settings.picture_megabytes * 1_000_000)
    remote_pictures = RemotePictures(
        pictures,
        Store(settings.media_dir / "remote"),
        parts.fetcher,
        clock,
        partial(_is_blocked, database),
    )
    previews = Previews(units, pictures, parts.fetcher, settings.origin, clock)
    inbox = Inbox(
        database=database,
        keys=keys,
        gate=Gate(),
        handlers=Listeners(units, keys, settings.origin, clock, accepted=backfill.wake),
        hosts=frozenset({host_of(settings.origin)}),
        clock=clock,
        development=settings.development,
        scheme=settings.origin.partition(":")[0],
        to_sender=address_key,
    )
    try:
        yield Instance(
            settings=settings,
            clock=clock,
            database=database,
            fetcher=parts.fetcher,
            units=units,
            inbox=inbox,
            dispatcher=dispatcher,
            backfill=backfill,
            mailer=Mailer(units, settings, clock),
            previews=previews,
            pictures=pictures,
            remote_pictures=remote_pictures,
            media_signer=MediaUrlSigner(settings.read_secret(make=False), settings.origin),
            signer=HmacSigner(settings.read_secret(make=False)),
            setup_token=await _setup_token(database, settings),
            revision=parts.revision,
            _seal=parts.seal,
            _instance_key=parts.instance_key,
            _suspects=suspects,
        )
    finally:
        await remote_pictures.aclose()
        await pictures.aclose()
        await inbox.aclose()
        if waker is not None:
            await waker.aclose()


async def _is_blocked(database: Database, host: str) -> bool:
    return await database.read(lambda conn: find_block(conn, host)) is not None


def _open_fetcher(
    settings: Settings,
    clock: Clock,
    instance_key: InstanceKey,
    transport: httpx.AsyncBaseTransport | None,
) -> Fetcher:
    return Fetcher(
        user_agent=f"{AGENT} (+{settings.origin})",
        development=settings.development,
        clock=clock,
        key=instance_key.key,
        transport=transport,
    )


async def _first_start(database: Database, settings: Settings, seal: Seal, clock: Clock) -> None:
    """Fix the origin, make the instance actor, and the first admin if the settings name one."""
    if not await database.read(lambda conn: check_origin(conn, settings.origin)):
        key = await make_key(seal)
        await database.write(lambda conn: start(Context(conn, clock(), settings.origin), key))
    if settings.admin_name is None or settings.admin_password is None:
        return
    if await database.read(is_set_up):
        return
    password = settings.admin_password.get_secret_value()
    newcomer = Newcomer(
        name=settings.admin_name,
        password_hash=await asyncio.to_thread(hash_password, password),
    )
    key = await make_key(seal)
    await database.write(
        lambda conn: _set_up(Context(conn, clock(), settings.origin), newcomer, key)
    )
    logger.info("first_admin_created", name=settings.admin_name)


def _set_up(ctx: Context, newcomer: Newcomer, key: NewKey) -> None:
    if is_set_up(ctx.conn):
        return
    create_account(ctx, newcomer, key, role="admin")
    finish_setup(ctx.conn, name=ctx.host, registration="closed", now=ctx.now)


async def _setup_token(database: Database, settings: Settings) -> str | None:
    """What the set-up page asks for on a public name, where anybody could come first."""
    if settings.development or await database.read(is_set_up):
        return None
    return secrets.token_urlsafe(12)


def _refresher(units: Units) -> Callable[[Document], Awaitable[None]]:
    async def refresh(document: Document) -> None:
        """An actor we know showed a key that we did not have: write the new one down."""

        def work(ctx: Context) -> None:
            if find_actor(ctx.conn, document.id or "") is not None:
                put_actor(ctx, document)

        with suppress(FedcomError, FetchFailed):
            await units.unit(work, budget=Budget(documents=5), fetched=Fetched())

    return refresh


def _forget(ctx: Context, iri: str) -> None:
    someone = find_actor(ctx.conn, iri)
    if someone is not None and someone.deleted_at is None:
        received = ReceivedActivity(Document({"type": "Delete", "actor": iri, "object": iri}), iri)
        perform(ctx, DeleteActor(by=someone), received)
