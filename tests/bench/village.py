"""One node to be measured: a filled database, and a village in it that is the same in all sizes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Select, func, insert, literal, make_url, select, update

from database.inserts import insert_ignoring
from fedcom.accounts.register import NewAccount, create_account
from fedcom.accounts.sessions import create_session
from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.app import create_app
from fedcom.context import Context
from fedcom.models.account import account
from fedcom.models.actor import Community, actor, community
from fedcom.models.comment import Comment, comment
from fedcom.models.follow import follow
from fedcom.models.peer import peer
from fedcom.models.post import Post, post
from fedcom.settings import load_settings
from fedcom.site.settings import get_site
from fedcom.site.setup import finish_setup
from fedcom.wire.body import Body
from fedcom.wiring import OpenInstance, open_instance
from tests.bench.fill import fill

ORIGIN = "http://127.0.0.1:8000"
PEER = "http://127.0.0.2:8000"

BATCH = 15
"""The village's posts: activities of one kind are about each of them."""

FOLLOWERS, HOSTS = 60, 20
"""Its remote followers, and their servers."""


@dataclass(frozen=True, slots=True)
class Village:
    """What is visited in each database: a community with posts by its founder, an admin; the first
    post has a long thread. `names` has the parts of addresses: `cats`, `founder` and `first` for
    these; and for the busiest community, the most prolific person and the longest thread of all,
    `busy`, `writer` and `longest`. `tokens` and `cookies` are of the sessions of a member and the
    admin; `ids` has the row ids of the member, the founder, and the busiest community.
    """

    cats: Community
    posts: list[Post]
    names: Mapping[str, str]
    tokens: Mapping[str, str]
    ids: Mapping[str, int]

    @property
    def cookies(self) -> Mapping[str, str]:
        """The header of a browser for each session."""
        return {who: f"session={token}" for who, token in self.tokens.items()}


@dataclass(slots=True)
class Node:
    """One size: its instance, its village, and the backends of its database."""

    votes: int
    instance: OpenInstance
    app: Callable[..., Awaitable[None]]
    village: Village
    backends: "Backends"
    serial: int = 0

    def next(self) -> int:
        """A number that was not used before."""
        self.serial += 1
        return self.serial


class Backends:
    """The CPU time of the processes that serve a PostgreSQL database; none for SQLite."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self._name = parsed.database
        self._watch = None
        if parsed.get_backend_name() == "postgresql":
            self._watch = psycopg.connect(url, autocommit=True)

    def seconds(self) -> float:
        """In all, so far."""
        if self._watch is None:
            return 0.0
        found = self._watch.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [self._name],
        )
        total = 0.0
        for (pid,) in found.fetchall():
            total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
        return total

    def close(self) -> None:
        """Hang up."""
        if self._watch is not None:
            self._watch.close()


@asynccontextmanager
async def open_node(
    url: str, folder: Path, votes: int, public_pem: str, *, comments: int = 200
) -> AsyncIterator[Node]:
    """The node at `url`, filled now unless it has posts; `public_pem` is the key of its peer.

    `comments` are on the village's first post.
    """
    settings = load_settings(
        environ={
            "FEDCOM_DEVELOPMENT": "1",
            "FEDCOM_ORIGIN": ORIGIN,
            "FEDCOM_DATA_DIR": str(folder),
            "FEDCOM_DATABASE_URL": url,
            "FEDCOM_MEMBER_LIMITS": "0",
        }
    )
    async with open_instance(settings) as instance:
        if not await instance.read(lambda conn: conn.execute(select(post.c.id).limit(1)).first()):
            await asyncio.to_thread(fill, url, votes, origin=ORIGIN, now=datetime.now(UTC))
        village = await _settle(instance, public_pem, comments)
        app = create_app(settings)
        app.state.instance = instance
        backends = Backends(url)
        try:
            yield Node(votes, instance, app, village, backends)
        finally:
            backends.close()


async def _settle(instance: OpenInstance, public_pem: str, comments: int) -> Village:
    keys = [await instance.new_key() for _ in range(2)]
    tag = f"{time.time_ns() % 10**9}"  # another for each run on one database

    def work(ctx: Context) -> Village:
        newcomer = NewAccount(name=f"ann{tag}", password_hash="-")
        ann = create_account(ctx, newcomer, keys[0], role="admin").person
        cats = perform(ctx, CreateCommunity(by=ann, name=f"cats{tag}", key=keys[1]))
        _put_peers(ctx, public_pem, cats)
        body = Body.of_markdown("Some words about **cats** and [a link](https://a.example).\n" * 5)
        posts = [
            perform(ctx, CreatePost(by=ann, community=cats, title=f"Post {n}", body=body))
            for n in range(BATCH)
        ]
        above: Comment | None = None
        for number in range(comments):
            parent = above if number % 4 else None
            above = perform(ctx, CreateComment(by=ann, post=posts[0], parent=parent, body=body))
        if get_site(ctx.conn).set_up_at is None:
            finish_setup(ctx.conn, name="Bench", registration="closed", now=ctx.now)
        member = select(func.max(account.c.actor_id)).where(account.c.role == "member")
        people = {"member": ctx.conn.execute(member).scalar_one(), "admin": ann.id}
        tokens = {who: create_session(ctx.conn, people[who], "", ctx.now) for who in people}
        names = {
            "cats": cats.name,
            "founder": ann.name,
            "first": str(posts[0].id),
            "busy": _slug(ctx.conn, _BUSIEST),
            "writer": _slug(ctx.conn, _WRITERS),
            "longest": str(ctx.conn.execute(_LONGEST).scalar_one()),
        }
        ids = {
            "member": people["member"],
            "founder": ann.id,
            "busy": ctx.conn.execute(_BUSIEST.limit(1)).scalar_one(),
        }
        return Village(cats, posts, names, tokens, ids)

    return await instance.unit(work)


# None of a village, of which there is one for each run on this database.
_BUSIEST = (
    select(community.c.actor_id)
    .join(actor, actor.c.id == community.c.actor_id)
    .where(actor.c.name.startswith("group"))
    .order_by(community.c.posts.desc())
)
_WRITERS = (
    select(comment.c.author_id)
    .join(actor, actor.c.id == comment.c.author_id)
    .where(actor.c.name.not_like("ann%"))
    .group_by(comment.c.author_id)
    .order_by(func.count().desc())
)
_LONGEST = select(post.c.id).order_by(post.c.comments.desc()).limit(1)


def _slug(conn: Connection, ids: Select[Any]) -> str:
    """The name in addresses of the first of these actors."""
    which = ids.limit(1).scalar_subquery()
    found = conn.execute(
        select(actor.c.name, actor.c.host, actor.c.local).where(actor.c.id == which)
    )
    name, host, local = found.one()
    return name if local else f"{name}@{host}"


def _put_peers(ctx: Context, public_pem: str, cats: Community) -> None:
    """A peer who writes and votes, and followers."""
    key = {"public_key_pem": public_pem, "fetched_at": ctx.now}
    known = ctx.conn.execute(update(actor).where(actor.c.iri == f"{PEER}/u/peer").values(key))
    if not known.rowcount:
        host = PEER.removeprefix("http://")
        values = {"host": host, "software": "lemmy", "reached": True, "checked_at": ctx.now}
        insert_ignoring(ctx.conn, peer, values)
        for number in range(FOLLOWERS + 1):
            origin = f"http://127.9.0.{number % HOSTS + 1}:8009" if number else PEER
            iri = f"{origin}/u/f{number}" if number else f"{origin}/u/peer"
            values = {
                "iri": iri,
                "kind": "Person",
                "local": False,
                "name": iri.rpartition("/")[2],
                "host": origin.removeprefix("http://"),
                "inbox": f"{iri}/inbox",
                "shared_inbox": f"{origin}/inbox",
                "public_key_id": f"{iri}#main-key",
                "published_at": ctx.now,
            }
            ctx.conn.execute(insert(actor).values(values | key))
    names = ["follower_id", "target_id", "iri", "state", "created_at"]
    follows = select(
        actor.c.id,
        literal(cats.id),
        actor.c.iri + f"#{cats.name}",
        literal("accepted"),
        actor.c.published_at,
    ).where(actor.c.iri.like("http://127.9.0.%"))
    ctx.conn.execute(insert(follow).from_select(names, follows))
