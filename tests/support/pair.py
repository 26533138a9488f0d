"""Two instances that know each other, connected only by the bytes that they send."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import func, select

from activitypub.document import Document
from activitypub.iri import host_of
from activitypub.nodeinfo import Software
from activitypub.parse import parse
from activitypub.vocab.base import dump
from fedcom.actions.base import Action
from fedcom.actions.comment import CreateComment
from fedcom.actions.follow import Follow
from fedcom.actions.moderators import AddModerator
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.context import Context, Fetched
from fedcom.db import open_database
from fedcom.errors import NeedsFetch
from fedcom.federation import documents
from fedcom.federation.envelope import authenticate, open_envelope
from fedcom.federation.listeners import activity_routes, reader_of
from fedcom.queries.actors import find_actor
from fedcom.queries.content import find_content
from fedcom.remote.actors import actor_at
from fedcom.remote.peers import put_peer
from fedcom.wire.body import Body
from inbox.ports import ReceivedActivity
from outbox.deliveries import activities, deliveries
from tests.support.clock import SettableClock
from tests.support.databases import sqlite_database
from tests.support.people import ORIGIN, Home

T = TypeVar("T")
R = TypeVar("R")

AWAY = "https://away.example"
ORIGINS = (ORIGIN, AWAY)
ROUTES = activity_routes()


@dataclass(frozen=True, slots=True)
class Pair:
    """`home.example` and `away.example`, with one open transaction each.

    Both have ann, bob and !cats. Each bob follows every actor of the other instance, home's ann
    moderates both communities, and both bobs have written a post in both, with comments of both
    bobs below.
    """

    home: Context
    away: Context
    # The ids of all posts and comments.
    written: tuple[str, ...]

    def find(self, iri: str) -> Any:
        """Home's row of this actor, post or comment."""
        found = _find(self.home, iri)
        assert found is not None, iri
        return found

    def again(self, iri: str) -> Any:
        """Away's row of it."""
        return _find(self.away, iri)

    def send(self, action: Action[R]) -> tuple[R, Action[Any] | None]:
        """A member of home does it: the result, and the action that away reads (and does)."""
        return send_action(self.home, self.away, action)


class Stage:
    """The two databases of a pair, made once; the changes of a `pair` are undone at the end."""

    def __init__(self, folder: Path) -> None:
        self._written: list[str] = []
        clock = SettableClock()
        self._now = clock()
        self._databases = [
            open_database(sqlite_database(folder / f"{host_of(origin)}.sqlite3", migrated=True))
            for origin in ORIGINS
        ]
        for database, origin in zip(self._databases, ORIGINS, strict=True):
            Home(database, clock, origin=origin)
        with self._open() as pair:
            self._play(pair)
        self._now += timedelta(hours=1)

    @contextmanager
    def pair(self) -> Iterator[Pair]:
        """An hour later; all changes are undone afterwards."""
        with suppress(_Undone), self._open() as pair:
            yield pair
            raise _Undone

    def close(self) -> None:
        """Close the databases."""
        for database in self._databases:
            database.close()

    @contextmanager
    def _open(self) -> Iterator[Pair]:
        first, second = self._databases
        with first.begin() as home, second.begin() as away:
            yield Pair(
                Context(home, self._now, ORIGIN),
                Context(away, self._now, AWAY),
                tuple(self._written),
            )

    def _play(self, pair: Pair) -> None:
        ways = ((pair.home, pair.away), (pair.away, pair.home))
        for here, there in ways:
            _introduce(here, there)
        for here, there in ways:
            for name in ("u/ann", "u/bob", "c/cats"):
                bob, target = _find(here, f"{here.origin}/u/bob"), f"{there.origin}/{name}"
                send_action(here, there, Follow(by=bob, target=_find(here, target)))
        ann, cats = _find(pair.away, f"{AWAY}/u/ann"), _find(pair.away, f"{AWAY}/c/cats")
        guest = _find(pair.away, f"{ORIGIN}/u/ann")
        send_action(pair.away, pair.home, AddModerator(by=ann, community=cats, person=guest))
        posts = [self._post(*way, f"{origin}/c/cats") for way in ways for origin in ORIGINS]
        comments = [self._comment(*way, iri) for way in ways for iri in posts]
        self._written += [*posts, *comments]

    def _post(self, here: Context, there: Context, community: str) -> str:
        bob, cats = _find(here, f"{here.origin}/u/bob"), _find(here, community)
        made, _ = send_action(here, there, CreatePost(by=bob, community=cats, title="Cats sleep"))
        return made.iri

    def _comment(self, here: Context, there: Context, post: str) -> str:
        bob, about = _find(here, f"{here.origin}/u/bob"), _find(here, post)
        body = Body.of_markdown("Sure")
        made, _ = send_action(
            here, there, CreateComment(by=bob, post=about, parent=None, body=body)
        )
        return made.iri


def send_action(here: Context, there: Context, action: Action[R]) -> tuple[R, Action[Any] | None]:
    """Do it here, in one delivery: the result, and the action read (and done) there."""
    result, bodies = send(here, action, there.host)
    (body,) = bodies

    def do(ctx: Context) -> Action[Any] | None:
        received, seen = _read(ctx, body)
        if seen is not None:
            perform(ctx, seen, received)
        return seen

    return result, fetching(there, here, do)


def send(here: Context, action: Action[R], host: str) -> tuple[R, list[bytes]]:
    """Do it: the result, and the bodies that `host` is sent because of it."""
    before = here.conn.execute(select(func.max(deliveries.c.id))).scalar() or 0
    result = perform(here, action)
    rows = here.conn.execute(
        select(deliveries.c.inbox, activities.c.body)
        .join(activities, activities.c.id == deliveries.c.activity)
        .where(deliveries.c.id > before)
    )
    return result, [row.body for row in rows if host_of(row.inbox) == host]


def receive(there: Context, origin: Context, body: bytes) -> Action[Any] | None:
    """The action that is read there; missing documents are fetched from `origin`."""
    return fetching(there, origin, lambda ctx: _read(ctx, body)[1])


def _read(ctx: Context, body: bytes) -> tuple[ReceivedActivity, Action[Any] | None]:
    """Through every check that a peer's activity has to pass."""
    activity = Document(parse(body))
    envelope = open_envelope(
        ctx, ReceivedActivity(activity, activity.owner or "", body, evidence="signature")
    )
    (content,) = envelope.contents
    received = authenticate(ctx, envelope, content)
    assert received is not None
    return received, reader_of(ROUTES, received.activity)(ctx, received)


def fetching(there: Context, origin: Context, work: Callable[[Context], T]) -> T:
    """As `fedcom.units` does it: missing documents are fetched, and the work is run again."""
    ctx = replace(there, fetched=Fetched())
    while True:
        try:
            with ctx.conn.begin_nested():
                return work(ctx)
        except NeedsFetch as missing:
            ctx.fetched.documents[missing.iri] = served(origin, missing.iri)


def served(origin: Context, iri: str) -> Document:
    """The document that its origin serves, from the transaction that is still open there."""
    found = _find(origin, iri)
    if found is None:
        community = _find(origin, iri.removesuffix("/moderators"))
        document = documents._moderators(origin, community, iri)
    elif hasattr(found, "inbox"):
        document = documents._actor(origin, found)
    else:
        document = documents._object(origin, found)
    return Document(parse(dump(document)))


class _Undone(Exception):
    """Roll all of it back."""


def _introduce(here: Context, there: Context) -> None:
    put_peer(there.conn, here.host, Software("fedcom", "1"), there.now)
    for name in ("u/ann", "u/bob", "c/cats"):
        iri = f"{here.origin}/{name}"
        fetching(there, here, lambda ctx, iri=iri: actor_at(ctx, iri))


def _find(ctx: Context, iri: str) -> Any:
    return find_actor(ctx.conn, iri) or find_content(ctx.conn, iri)
