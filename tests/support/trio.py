"""Three whole instances on one network in memory that federate one community.

`alpha` hosts !cats; the bobs of `beta` and `gamma` follow it. Nothing runs by itself: after each
`do` every activity that it caused has arrived everywhere, and none of them was refused.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, func, select

from activitypub.signatures import multikey
from activitypub.signatures.keys import generate_ed25519_pem, load_public
from fedcom.actions.base import Action
from fedcom.actions.comment import CreateComment
from fedcom.actions.follow import Follow
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.app import create_app
from fedcom.context import Context, NewKey
from fedcom.db import open_database
from fedcom.models.actor import Community, actor, community
from fedcom.models.base import columns_of
from fedcom.models.comment import Comment, comment
from fedcom.models.follow import follow
from fedcom.models.moderation import modlog
from fedcom.models.post import Post, post, post_rank
from fedcom.queries.actors import find_actor, find_moderators
from fedcom.queries.content import find_content
from fedcom.remote.actors import actor_at
from fedcom.remote.keys import KeyCipher
from fedcom.settings import Settings
from fedcom.views.ban import list_bans
from fedcom.wire.body import Body
from fedcom.wiring import OpenInstance, open_instance
from inbox.journal import journal
from outbox.deliveries import DELIVERED, deliveries
from tests.support.clock import SettableClock
from tests.support.databases import sqlite_database
from tests.support.documents import pems
from tests.support.network import Network
from tests.support.node import SECRET
from tests.support.people import Home
from tests.support.recount import miscounted_authors

R = TypeVar("R")

CATS = "https://alpha.example/c/cats"
WAITS = "waits_for_announce"


@dataclass(frozen=True, slots=True)
class CommunityState:
    """One instance's view of !cats, by ids: every field must be the same everywhere.

    `posts` and `comments` as text ("shown, locked"), `bans` with their reason, `log` as action,
    actor, subject and reason; `counters` of the community, its posts and its comments.
    """

    posts: Mapping[str, str]
    comments: Mapping[str, str]
    moderators: tuple[str, ...]
    bans: Mapping[str, str]
    log: tuple[str, ...]
    counters: Mapping[str, int]


class TrioServer:
    """One of the three: its people are ann, the admin, and bob."""

    def __init__(self, home: Home, instance: OpenInstance, drain: Callable[[], Any]) -> None:
        self.home = home
        self.instance = instance
        self._drain = drain
        self.ann, self.bob = (f"{home.origin}/u/{name}" for name in ("ann", "bob"))

    async def do(self, build: Callable[[Callable[[str], Any]], Action[R]]) -> R:
        """A member here does the action built from the rows here; everybody receives it."""
        self.home.clock.advance(minutes=1)
        done = await self.instance.unit(lambda ctx: perform(ctx, build(partial(_at, ctx))))
        await self._drain()
        return done

    async def post(self, title: str) -> str:
        """A post of bob's in !cats; its id."""
        made = await self.do(
            lambda at: CreatePost(by=at(self.bob), community=at(CATS), title=title)
        )
        return made.iri

    async def answer(self, above: str, text: str = "Sure") -> str:
        """A comment of bob's below a post; its id."""
        body = Body.of_markdown(text)
        made = await self.do(
            lambda at: CreateComment(by=at(self.bob), post=at(above), parent=None, body=body)
        )
        return made.iri

    async def follow(self, by: str = "") -> None:
        """Bob, or another local person, follows !cats."""
        await self.do(lambda at: Follow(by=at(by or self.bob), target=at(CATS)))

    def read(self, work: Callable[[Connection], R]) -> R:
        """The state of the database here."""
        with self.home.database.connect() as conn:
            return work(conn)

    def followers(self) -> set[str]:
        """The followers of !cats that are known here."""
        rows = {row["id"]: row["iri"] for row in self.home.rows(actor)}
        number = self.read(lambda conn: row_of(conn, CATS)).id
        return {
            rows[row["follower_id"]]
            for row in self.home.rows(follow)
            if row["target_id"] == number and row["state"] == "accepted"
        }

    def state(self) -> CommunityState:
        """See `CommunityState`."""
        return self.read(lambda conn: _community_state(conn, self.home.clock))


class Trio:
    """The three of them."""

    def __init__(self) -> None:
        self.servers: list[TrioServer] = []

    @property
    def alpha(self) -> TrioServer:
        """The community's server."""
        return self.servers[0]

    @property
    def beta(self) -> TrioServer:
        """The moderator's."""
        return self.servers[1]

    @property
    def gamma(self) -> TrioServer:
        """A member's."""
        return self.servers[2]

    async def drain(self) -> None:
        """Wait until nothing is pending anywhere; returns the refusals."""
        while self._has_pending():
            for server in self.servers:
                await server.instance.dispatcher.drain()
                for other in self.servers:
                    await other.instance.inbox.drain()
        for server in self.servers:
            sent, received = server.home.rows(deliveries), server.home.rows(journal)
            failed = [row["last_answer"] for row in sent if row["state"] != DELIVERED]
            # An activity sent directly to the person it concerns counts once it is announced.
            refused = [row["code"] for row in received if row["code"] not in ("", None, WAITS)]
            troubles = failed + refused
            assert not troubles, (server.home.origin, troubles)

    def _has_pending(self) -> bool:
        """Whether an activity is still pending."""
        is_open = select(func.count()).where(deliveries.c.closed_at.is_(None))
        return any(server.read(lambda conn: conn.scalar(is_open)) for server in self.servers)

    def agree(self) -> CommunityState:
        """The view of !cats of all three, which must be the same."""
        first, *others = (asdict(server.state()) for server in self.servers)
        for seen in others:
            differences = {
                name: (first[name], seen[name]) for name in first if first[name] != seen[name]
            }
            assert not differences, differences
        return CommunityState(**first)


@asynccontextmanager
async def open_trio(
    clock: SettableClock, folder: Path, alphas_url: str = "", *, proofs: bool = True
) -> AsyncIterator[Trio]:
    """With !cats followed by the bobs of beta and gamma.

    SQLite for all unless alpha is given another database; with or without integrity proofs.
    """
    network, trio = Network(), Trio()
    open_server = partial(_server, network, trio, clock, folder, proofs=proofs)
    async with (
        open_server("alpha", alphas_url) as alpha,
        open_server("beta") as beta,
        open_server("gamma") as gamma,
    ):
        trio.servers += [alpha, beta, gamma]
        for server in (beta, gamma):
            await server.instance.lookup("!cats@alpha.example")
            await server.follow()
        yield trio


@asynccontextmanager
async def _server(
    network: Network,
    trio: Trio,
    clock: SettableClock,
    folder: Path,
    name: str,
    url: str = "",
    *,
    proofs: bool,
) -> AsyncIterator[TrioServer]:
    origin = f"https://{name}.example"
    url = url or sqlite_database(folder / f"{name}.sqlite3", migrated=True)
    settings = Settings(origin=origin, data_dir=folder / name, database_url=url, secret_key=SECRET)
    database = open_database(url)
    home = Home(database, clock, _key(settings.read_secret(), name, proofs), origin=origin)
    try:
        async with open_instance(settings, clock=clock, transport=network) as instance:
            app = create_app(settings)
            app.state.instance = instance
            network.applications[f"{name}.example"] = app
            yield TrioServer(home, instance, trio.drain)
    finally:
        database.close()


@cache
def _key(secret: bytes, _of: str, proofs: bool) -> NewKey:
    """The same whenever the server of this name is opened."""
    cipher = KeyCipher(secret)
    private_pem, public_pem = pems()
    sealed = cipher.encrypt(private_pem)
    if not proofs:
        return NewKey(public_pem=public_pem, encrypted_private=sealed)
    private, public = generate_ed25519_pem()
    return NewKey(
        public_pem=public_pem,
        encrypted_private=sealed,
        proof_multibase=multikey.encode(load_public(public)),
        encrypted_proof=cipher.encrypt(private),
    )


def row_of(conn: Connection, iri: str) -> Any:
    """The actor, post or comment with this id."""
    found = find_actor(conn, iri) or find_content(conn, iri)
    assert found is not None, iri
    return found


def _at(ctx: Context, iri: str) -> Any:
    """As `row_of`; remote actors are fetched by a look-up."""
    return find_content(ctx.conn, iri) or actor_at(ctx, iri)


def _community_state(conn: Connection, clock: SettableClock) -> CommunityState:
    cats = row_of(conn, CATS)
    assert isinstance(cats, Community)
    posts = [Post(*row) for row in conn.execute(select(*columns_of(Post, post)))]
    posts = [about for about in posts if about.community_id == cats.id]
    comments = [Comment(*row) for row in conn.execute(select(*columns_of(Comment, comment)))]
    bans = list_bans(conn, cats.id, clock()).items
    shown = {about.id for about in posts if about.is_shown}
    listed = conn.execute(select(post_rank.c.post_id).where(post_rank.c.community_id == cats.id))
    assert set(listed.scalars()) == shown
    return CommunityState(
        posts={about.iri: _state(about) for about in posts},
        comments={remark.iri: _state(remark) for remark in comments},
        moderators=tuple(person.iri for person in find_moderators(conn, cats)),
        bans={_iri(conn, line.ban.person_id): _ban(line.ban) for line in bans},
        log=_log(conn, cats),
        counters=_counters(conn, cats, posts, comments),
    )


def _state(about: Post | Comment) -> str:
    gone = [state for state in ("deleted", "removed") if getattr(about, f"{state}_at") is not None]
    marks = [
        mark for mark in ("locked", "featured") if getattr(about, f"{mark}_at", None) is not None
    ]
    return ", ".join([*(gone or ["shown"]), *marks])


def _iri(conn: Connection, number: int) -> str:
    return str(conn.execute(select(actor.c.iri).where(actor.c.id == number)).scalar_one())


def _ban(ban: Any) -> str:
    return f"{ban.reason} until {ban.expires_at or 'ever'}"


def _log(conn: Connection, cats: Community) -> tuple[str, ...]:
    rows = conn.execute(
        select(modlog).where(modlog.c.community_id == cats.id).order_by(modlog.c.id)
    )
    return tuple(
        f"{_iri(conn, row.moderator_id)} {row.kind} {row.target_iri}: {row.reason}"
        f" until {row.expires_at or 'ever'}"
        for row in rows
    )


def _counters(
    conn: Connection, cats: Community, posts: list[Post], comments: list[Comment]
) -> Mapping[str, int]:
    """The counters, after a comparison with the rows that they count."""
    counted = conn.execute(select(community).where(community.c.actor_id == cats.id)).one()
    below = [remark for remark in comments if remark.is_shown]
    assert counted.posts == sum(about.is_shown for about in posts)
    assert counted.comments == len(below)
    assert miscounted_authors(conn) == {}
    for about in posts:
        assert about.comments == sum(remark.post_id == about.id for remark in below), about.iri
    for remark in comments:
        answers = [one for one in below if one.path.startswith(f"{remark.path}.")]
        assert remark.replies == len(answers), remark.iri
    return {
        "posts": counted.posts,
        "comments": counted.comments,
        **{about.iri: about.comments for about in posts},
        **{remark.iri: remark.replies for remark in comments},
    }
