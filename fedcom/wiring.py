"""The composition: all parts of a running instance, opened and closed in one place.

The server, the worker, the command line and the tests open the same `OpenInstance`. There is no
container and there are no globals: each part is given its dependencies here. Nothing else belongs
here, least of all a rule of the domain.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeVar

import httpx
from sqlalchemy import Connection

from activitypub.fetch import Budget, Fetcher
from activitypub.iri import host_of
from fedcom import migrate
from fedcom.accounts.throttle import address_key
from fedcom.background.active_users import ActiveUserCounts
from fedcom.background.backfill import Backfill
from fedcom.background.block_lists import BlockLists
from fedcom.background.daily_counts import DailyCounts
from fedcom.background.follow_requests import ask_again
from fedcom.background.gone_actors import GoneActors
from fedcom.background.housekeeping import Housekeeping
from fedcom.background.imports import import_some
from fedcom.background.loops import repeat
from fedcom.background.mailer import Mailer
from fedcom.background.previews import Previews
from fedcom.background.purges import Purges
from fedcom.background.push import PushSender
from fedcom.background.search_words import SearchWords
from fedcom.clock import Clock, utc_now
from fedcom.context import Context, NewKey
from fedcom.db import Database, open_database
from fedcom.doctor.examination import Examination
from fedcom.doctor.outside import Outside
from fedcom.federation.listeners import Listeners
from fedcom.federation.ports import BlockGate, PeerInboxes
from fedcom.federation.problem_types import TYPES as DOMAIN_TYPES
from fedcom.http.email_links import unsubscribe_url
from fedcom.http.signer import HmacSigner
from fedcom.lookup import Found, LookUp
from fedcom.media.pictures import Pictures
from fedcom.media.remote import MediaUrlSigner, RemotePictures
from fedcom.media.s3 import S3Store, open_bucket
from fedcom.media.store import PictureStore, Store
from fedcom.metrics.instruments import Metrics
from fedcom.metrics.queues import QueueCollector
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.refresh import ActorRefresh
from fedcom.remote.handles import HandleReader
from fedcom.remote.keys import InstanceKey, KeyCipher, KeyRing, PublicKeys, make_key
from fedcom.remote.nodeinfo import NodeInfoReader
from fedcom.remote.origins import Origins
from fedcom.settings import Settings
from fedcom.site.health import Finding
from fedcom.site.setup import check_origin, first_start, make_setup_token
from fedcom.text.page_head import LinkMetadata
from fedcom.units import Units
from inbox.engine import Inbox
from outbox.dispatcher import Dispatcher, DispatcherLimits

if TYPE_CHECKING:
    from outbox.arq_worker import ArqWaker

T = TypeVar("T")

AGENT = f"Fedcom/{version('fedcom')}"
UNIT_DOCUMENTS = 30
PURGE_EVERY = 5.0
READ_WORDS_EVERY = 3.0
PUSH_EVERY = 3.0
CLEAN_UP_EVERY = 3600.0
IMPORT_EVERY = 5.0
"""Seconds between two steps of the imports of settings."""

ASK_AGAIN_EVERY = 60.0
# After `fedcom keys rotate`, a retired key may still be used for at most this long; peers answer
# 401 and the delivery is tried again.
WATCH_KEYS_EVERY = 15.0


@dataclass(frozen=True, slots=True)
class OpenInstance:
    """One opened instance; see `open_instance`."""

    settings: Settings
    clock: Clock
    database: Database
    fetcher: Fetcher
    units: Units
    look_up: LookUp
    refresh: ActorRefresh
    inbox: Inbox
    dispatcher: Dispatcher
    backfill: Backfill
    mailer: Mailer
    previews: Previews
    pictures: Pictures
    remote_pictures: RemotePictures
    media_signer: MediaUrlSigner
    signer: HmacSigner
    cipher: KeyCipher
    setup_token: str | None
    revision: str
    metrics: Metrics | None
    _ring: KeyRing
    _instance_key: InstanceKey
    _gone_actors: GoneActors
    _housekeeping: Housekeeping
    _active_users: ActiveUserCounts
    _block_lists: BlockLists
    _daily_counts: DailyCounts
    _push_sender: PushSender
    _purges: Purges
    _search_words: SearchWords

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a connection that only reads."""
        return await self.units.read(work)

    async def find_version(self) -> Hashable:
        """A value that changes with every commit to the database; None if it is unknown."""
        return await self.database.find_version()

    async def unit(self, work: Callable[[Context], T]) -> T:
        """Run `work` in one transaction, fetching the documents that it needs; then its deliveries
        are started.
        """
        paced = self.settings.member_limits
        return await self.units.unit(
            lambda ctx: work(replace(ctx, has_limits=paced)),
            budget=Budget(documents=UNIT_DOCUMENTS),
        )

    async def find_revision(self) -> str | None:
        """The database's current revision; `revision` is the one that this code needs."""
        return await self.read(migrate.find_revision)

    async def new_key(self) -> NewKey:
        """A key pair for a new local actor."""
        return await make_key(self.cipher)

    async def lookup(self, text: str) -> Found:
        """The object behind a handle or an address, fetched if unknown.

        The other comments of a remote thread are then fetched in the background.
        """
        found = await self.look_up.find(text)
        if isinstance(found, Post | Comment):
            self.backfill.want_thread(found)
        return found

    async def fetch_block_list(self, list_id: int) -> None:
        """Fetch a subscribed list of servers to block now; what went wrong is stored with it."""
        await self._block_lists.fetch(list_id)

    async def link_metadata(self, url: str) -> LinkMetadata:
        """What the page behind a link says of itself."""
        return await self.previews.metadata_of(url)

    async def examine(self) -> list[Finding]:
        """What is right and wrong with this server: see `fedcom.doctor`."""
        redis_url = self.settings.redis_url
        examination = Examination(
            outside=Outside(self.settings, self.fetcher, self.signer, self._ring.keys, self.clock),
            database=self.database,
            revision=self.revision,
            pictures=self.pictures.store,
            connect_mail=self.mailer.check if self.settings.sends_mail else None,
            has_worker=None if redis_url is None else partial(_has_worker, redis_url),
        )
        return await examination.run()

    async def serve(self) -> None:
        """Process the journal, deliver (unless workers do), and run all loops, until cancelled.

        Of several servers on one database, one at a time does what would otherwise be done twice.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.inbox.run())
            if self.settings.redis_url is None:
                tasks.create_task(self.dispatcher.run())
            tasks.create_task(
                repeat(
                    CLEAN_UP_EVERY,
                    self._wake_backfill,
                    self._housekeeping.clean_rows,
                    self._housekeeping.clean_files,
                    self._active_users.refresh,
                    self._block_lists.fetch_due,
                    self._daily_counts.refresh,
                    self._search_words.forget,
                    only_if=self.database.is_leader,
                )
            )
            tasks.create_task(
                repeat(ASK_AGAIN_EVERY, self._ask_again, only_if=self.database.is_leader)
            )
            tasks.create_task(
                repeat(IMPORT_EVERY, self._import_some, only_if=self.database.is_leader)
            )
            tasks.create_task(
                repeat(PURGE_EVERY, self.erase_purged, only_if=self.database.is_leader)
            )
            tasks.create_task(
                repeat(READ_WORDS_EVERY, self.read_words, only_if=self.database.is_leader)
            )
            tasks.create_task(repeat(PUSH_EVERY, self.push, only_if=self.database.is_leader))
            tasks.create_task(self.backfill.run())
            tasks.create_task(self.previews.run())
            tasks.create_task(self.mailer.run(only_if=self.database.is_leader))
            tasks.create_task(self.watch_keys())
            tasks.create_task(self.ask_gone_actors())

    async def watch_keys(self) -> None:
        """Notice keys that the command line has rotated, until cancelled."""
        await repeat(WATCH_KEYS_EVERY, self._instance_key.refresh)

    async def ask_gone_actors(self) -> None:
        """Ask for the actors whose inboxes answered this process that they are gone, until
        cancelled.
        """
        await repeat(CLEAN_UP_EVERY, self._gone_actors.ask)

    async def erase_purged(self) -> None:
        """Erase everything that admins have purged and that is due."""
        await self._purges.work()

    async def push(self) -> None:
        """Send all push messages that are due to members' browsers."""
        await self._push_sender.send_due()

    async def read_words(self) -> None:
        """Let the search know the words of all new texts."""
        await self._search_words.learn()

    async def _wake_backfill(self) -> None:
        self.backfill.wake()

    async def _import_some(self) -> None:
        await import_some(self.units, self.look_up.find)

    async def _ask_again(self) -> None:
        await ask_again(self.units, self.clock())


@asynccontextmanager
async def open_instance(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    transport: httpx.AsyncBaseTransport | None = None,
    alone: bool = True,
) -> AsyncIterator[OpenInstance]:
    """Open the instance that `settings` describe; at the first start, create it.

    `transport` replaces the network in tests. `alone` means that no other process delivers for it,
    so that claims left by a crash are released at once. Raises SettingsError if the database
    belongs to another origin, and MigrationError if it is newer than this code.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    revision = await asyncio.to_thread(_bring_up_to_date, settings.database_url)
    database = open_database(settings.database_url)
    try:
        known = await database.read(lambda conn: check_origin(conn, settings.origin))
        # A new secret for an old database would only hide that the right one is missing.
        cipher = KeyCipher(settings.read_secret(make=not known))
        await first_start(database, settings, cipher, clock)
        ring = KeyRing(database, cipher)
        instance_key = InstanceKey(ring, f"{settings.origin}/actor")
        await instance_key.refresh()
        fetcher = _open_fetcher(settings, clock, instance_key, transport)
        try:
            parts = _InstanceParts(
                settings, clock, database, revision, fetcher, ring, cipher, instance_key, alone
            )
            async with _assemble(parts) as instance:
                yield instance
        finally:
            await fetcher.aclose()
    finally:
        await database.aclose()


def _bring_up_to_date(url: str) -> str:
    """Upgrade the database if necessary; returns the newest revision. An upgrade without changes
    would still block a running server.
    """
    current, head = migrate.current_and_head(url)
    if current != head:
        migrate.upgrade(url)
    return head or ""


@dataclass(frozen=True, slots=True)
class _InstanceParts:
    """The parts from which an instance is assembled."""

    settings: Settings
    clock: Clock
    database: Database
    revision: str
    fetcher: Fetcher
    ring: KeyRing
    cipher: KeyCipher
    instance_key: InstanceKey
    alone: bool


@asynccontextmanager
async def _assemble(parts: _InstanceParts) -> AsyncIterator[OpenInstance]:
    settings, clock, database = parts.settings, parts.clock, parts.database
    waker = _open_waker(settings.redis_url)

    async def committed() -> None:
        previews.wake()
        if waker is not None:
            await waker.wake()
        else:
            dispatcher.wake()

    nodeinfo = NodeInfoReader(database, parts.fetcher, clock)
    origins = Origins(database, parts.fetcher, settings.origin, nodeinfo)
    handles = HandleReader(database, parts.fetcher)
    units = Units(
        database=database,
        origins=origins,
        handles=handles,
        clock=clock,
        committed=committed,
        prover=parts.ring.prove,
    )
    gone_actors = GoneActors(units)
    metrics = _open_metrics(settings, database, clock)
    dispatcher = Dispatcher(
        database=database,
        poster=parts.fetcher if metrics is None else metrics.measured(parts.fetcher),
        signers=parts.ring,
        inboxes=PeerInboxes(gone_actors.suspect, settings.origin, clock),
        clock=clock,
        limits=DispatcherLimits(alone=parts.alone and settings.redis_url is None),
    )
    refresh = ActorRefresh(units, database, handles, clock)
    keys = PublicKeys(database, parts.fetcher, clock)
    keys.on_change = refresh.store_keys
    backfill = Backfill(units, settings.origin, clock)
    store, remote_store = open_stores(settings)
    pictures = Pictures(store, max_bytes=settings.picture_megabytes * 1_000_000)
    remote_pictures = RemotePictures(
        pictures,
        remote_store,
        parts.fetcher,
        clock,
        origins.is_blocked,
    )
    signer = HmacSigner(settings.read_secret(make=False))
    previews = Previews(units, pictures, parts.fetcher, settings.origin, clock)
    inbox = Inbox(
        database=database,
        keys=keys,
        gate=BlockGate(),
        handlers=Listeners(units, keys, origins, refresh, clock, accepted=backfill.wake),
        hosts=frozenset({host_of(settings.origin)}),
        clock=clock,
        development=settings.development,
        scheme=settings.origin.partition(":")[0],
        to_sender=address_key,
        problem_types=DOMAIN_TYPES,
    )
    try:
        yield OpenInstance(
            settings=settings,
            clock=clock,
            database=database,
            fetcher=parts.fetcher,
            units=units,
            look_up=LookUp(units, parts.fetcher, origins, refresh),
            refresh=refresh,
            inbox=inbox,
            dispatcher=dispatcher,
            backfill=backfill,
            mailer=Mailer(
                units, settings, clock, partial(unsubscribe_url, signer, settings.origin)
            ),
            previews=previews,
            pictures=pictures,
            remote_pictures=remote_pictures,
            media_signer=MediaUrlSigner(settings.read_secret(make=False), settings.origin),
            signer=signer,
            cipher=parts.cipher,
            setup_token=await make_setup_token(database, settings),
            revision=parts.revision,
            metrics=metrics,
            _ring=parts.ring,
            _instance_key=parts.instance_key,
            _gone_actors=gone_actors,
            _housekeeping=Housekeeping(database, pictures, remote_pictures, settings, clock),
            _active_users=ActiveUserCounts(database, clock),
            _block_lists=BlockLists(units, parts.fetcher, settings.origin, clock),
            _daily_counts=DailyCounts(database, clock),
            _purges=Purges(
                database, units, pictures.store, remote_pictures, settings.origin, clock
            ),
            _push_sender=PushSender(units, parts.fetcher, settings.origin, clock),
            _search_words=SearchWords(database),
        )
    finally:
        await remote_pictures.aclose()
        await pictures.aclose()
        await inbox.aclose()
        if waker is not None:
            await waker.aclose()


def _open_waker(redis_url: str | None) -> "ArqWaker | None":
    if redis_url is None:
        return None
    from outbox.arq_worker import ArqWaker  # noqa: PLC0415 - megabytes that few servers need

    return ArqWaker(redis_url)


async def _has_worker(redis_url: str) -> bool:
    from outbox.arq_worker import has_worker  # noqa: PLC0415 - as above

    return await has_worker(redis_url)


def _open_metrics(settings: Settings, database: Database, clock: Clock) -> Metrics | None:
    if settings.metrics_bind is None:
        return None
    metrics = Metrics()
    metrics.watch(database)
    QueueCollector(database, clock, metrics.registry)
    return metrics


def open_stores(settings: Settings) -> tuple[PictureStore, PictureStore]:
    """Where pictures are stored: our own, and the copies of remote ones."""
    if settings.s3_url is None:
        return Store(settings.media_dir), Store(settings.media_dir / "remote")
    bucket = open_bucket(settings.s3_url.get_secret_value())
    return S3Store(bucket), S3Store(bucket, "remote/")


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
