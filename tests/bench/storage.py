"""How many bytes an activity of another server takes: `python -m tests.bench storage`.

Each kind of activity is received through the inbox into a local community, which announces it to a
few other servers (`sink.py`). Every table and its indexes are measured right after that, and after
the housekeeping of a week and of two months: in a copy without free space on SQLite (`dbstat`), and
after VACUUM FULL on PostgreSQL. A database in use is larger by the free space in its pages, which
it uses again.

The people who act, their servers and what they act on are there before, and are not counted.
"""

import argparse
import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from psycopg import sql
from sqlalchemy import insert, make_url

from activitypub.iri import PUBLIC
from activitypub.signatures.keys import PrivateKey, generate_rsa_pem, load_private
from activitypub.signatures.request import sign
from activitypub.vocab.activities import create, like
from activitypub.vocab.base import dump
from database.inserts import insert_ignoring
from fedcom.accounts.register import NewAccount, create_account
from fedcom.actions.community import CreateCommunity
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.app import create_app
from fedcom.background.housekeeping import clean_up
from fedcom.context import Context
from fedcom.models.actor import Community, actor
from fedcom.models.follow import follow
from fedcom.models.peer import peer
from fedcom.models.post import Post
from fedcom.settings import load_settings
from fedcom.site.setup import finish_setup
from fedcom.wire.body import Body
from fedcom.wiring import OpenInstance, open_instance
from tests.bench.outgoing import database_at, open_peers

ORIGIN = "http://127.0.0.1:8000"
PEER = "http://127.0.0.2:8000"
ACTIVITIES = 3000
HOSTS = 5
POSTS = 50
"""Each person acts once on each of them."""

TOGETHER = 50
"""Requests at a time."""

OTHERS_SECONDS = 120
"""How long the transactions of others in the same PostgreSQL are waited for."""

WORDS = "<p>Some words about <strong>cats</strong>, and more of them.</p>" * 5
WEEK = timedelta(days=7, hours=2)
MONTHS = timedelta(days=62)

Json = dict[str, Any]
Sizes = Mapping[str, tuple[int, int]]
"""By the names of tables: the bytes of their rows, and of their indexes."""


def measure(url: str) -> Sizes:
    """The tables of the database at `url`, which nobody uses meanwhile."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _measure_postgresql(url)
    return _measure_sqlite(Path(str(parsed.database)))


def _measure_sqlite(path: Path) -> Sizes:
    """Without free space: in a copy."""
    copy = path.with_name("measured.sqlite3")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", [str(copy)])
    with closing(sqlite3.connect(copy)) as connection:
        rows = connection.execute(
            "SELECT m.tbl_name, sum(iif(m.type = 'table', s.pgsize, 0)),"
            " sum(iif(m.type = 'index', s.pgsize, 0))"
            " FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY 1"
        ).fetchall()
    copy.unlink()
    return {name: (table, indexes) for name, table, indexes in rows}


def _measure_postgresql(url: str) -> Sizes:
    with psycopg.connect(url, autocommit=True) as connection:
        _wait_for_older_transactions(connection)
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        for (name,) in tables:
            connection.execute(sql.SQL("VACUUM (FULL) {}").format(sql.Identifier(name)))
        rows = connection.execute(
            "SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
    return {name: (table, indexes) for name, table, indexes in rows}


def _wait_for_older_transactions(connection: psycopg.Connection) -> None:
    """VACUUM keeps each row that a running transaction might still see. Its own snapshot counts as
    one, and begins at the oldest transaction in any database of the cluster."""
    (now,) = connection.execute("SELECT pg_current_xact_id()").fetchone() or ()
    oldest = "SELECT pg_snapshot_xmin(pg_current_snapshot()) > %s::xid8"
    until = time.monotonic() + OTHERS_SECONDS
    while connection.execute(oldest, [str(now)]).fetchone() != (True,):
        if time.monotonic() > until:
            raise SystemExit(f"a transaction has been running for {OTHERS_SECONDS} seconds")
        time.sleep(0.05)


def growth(before: Sizes, after: Sizes, number: int) -> dict[str, tuple[float, float]]:
    """Bytes for each of `number` activities, by table; tables that did not change are left out."""
    none = (0, 0)
    found = {}
    for name in after:
        rows, indexes = (
            (new - old) / number
            for old, new in zip(before.get(name, none), after[name], strict=True)
        )
        if rows or indexes:
            found[name] = (rows, indexes)
    return found


def total(grown: Mapping[str, tuple[float, float]]) -> float:
    """The bytes of all tables together."""
    return sum(rows + indexes for rows, indexes in grown.values())


@dataclass(slots=True)
class Village:
    """A local community that other servers follow, and people elsewhere who act in it."""

    url: str
    instance: OpenInstance
    community: Community
    posts: Sequence[Post]
    keys: Mapping[str, PrivateKey]
    _serial: int = field(default=0)
    _turn: int = field(default=0)

    def likes(self, number: int) -> Iterable[tuple[str, Json]]:
        """As many upvotes, with their voters."""
        for at, who in self._turns(number):
            iri = self._iri("activities/like")
            yield who, like(iri, who, self.posts[at].iri, community=self.community.iri)

    def comments(self, number: int) -> Iterable[tuple[str, Json]]:
        """Comments of about three hundred characters, with their authors."""
        for at, who in self._turns(number):
            note = self._written("Note", "comment", who) | {"inReplyTo": self.posts[at].iri}
            yield who, create(self._iri("activities/create"), who, note)

    def new_posts(self, number: int) -> Iterable[tuple[str, Json]]:
        """Posts of about three hundred characters, with their authors."""
        for at, who in self._turns(number):
            page = self._written("Page", "post", who) | {"name": f"Something about cats, {at}"}
            yield who, create(self._iri("activities/create"), who, page)

    def _turns(self, number: int) -> Iterable[tuple[int, str]]:
        people, first = list(self.keys), self._turn
        self._turn += number
        for turn in range(first, self._turn):
            yield turn % len(self.posts), people[turn // len(self.posts)]

    def _iri(self, kind: str) -> str:
        """As long as those of Lemmy."""
        self._serial += 1
        return f"{PEER}/{kind}/{UUID(int=self._serial * 2**96 + 1)}"

    def _written(self, kind: str, name: str, who: str) -> Json:
        return {
            "id": self._iri(name),
            "type": kind,
            "attributedTo": who,
            "to": [PUBLIC],
            "cc": [self.community.iri],
            "audience": self.community.iri,
            "content": WORDS,
            "mediaType": "text/html",
            "published": self.instance.clock().isoformat(),
        }

    async def receive(self, activities: Iterable[tuple[str, Json]]) -> None:
        """POST them to the inbox, and do everything that follows."""
        requests = [self._request(who, activity) for who, activity in activities]
        app = create_app(self.instance.settings)
        app.state.instance = self.instance
        transport = httpx.ASGITransport(app=app, client=("127.0.0.2", 1))
        for first in range(0, len(requests), TOGETHER):
            some = requests[first : first + TOGETHER]
            answers = await asyncio.gather(*map(transport.handle_async_request, some))
            if {answer.status_code for answer in answers} != {202}:
                raise SystemExit(f"not accepted: {[await one.aread() for one in answers][:3]}")
            await self.instance.inbox.drain()
        await self.instance.dispatcher.drain(600)

    def _request(self, who: str, activity: Json) -> httpx.Request:
        url, body = f"{ORIGIN}/inbox", dump(activity)
        headers = sign("POST", url, body, self.keys[who], self.instance.clock())
        return httpx.Request("POST", url, headers=headers, content=body)

    async def clean_up(self, after: timedelta) -> None:
        """The housekeeping of the time when `after` has passed."""
        await clean_up(self.instance.database, self.instance.clock() + after)


KINDS: Mapping[str, Callable[[Village, int], Iterable[tuple[str, Json]]]] = {
    "Like": Village.likes,
    "comment": Village.comments,
    "post": Village.new_posts,
}


@asynccontextmanager
async def open_village(
    url: str, folder: Path, inboxes: Sequence[str], people: int
) -> AsyncIterator[Village]:
    """A new one in the empty database at `url`; `inboxes` follow the community."""
    settings = load_settings(
        environ={
            "FEDCOM_DEVELOPMENT": "1",
            "FEDCOM_ORIGIN": ORIGIN,
            "FEDCOM_DATA_DIR": str(folder),
            "FEDCOM_DATABASE_URL": url,
            "FEDCOM_MEMBER_LIMITS": "0",
        }
    )
    private_pem, public_pem = generate_rsa_pem()
    names = [f"{PEER}/u/person{number}" for number in range(people)]
    async with open_instance(settings) as instance:
        keys = [await instance.new_key() for _ in range(2)]

        def work(ctx: Context) -> tuple[Community, list[Post]]:
            newcomer = NewAccount(name="ann", password_hash="-")
            ann = create_account(ctx, newcomer, keys[0], role="admin").person
            cats = perform(ctx, CreateCommunity(by=ann, name="cats", key=keys[1]))
            body = Body.of_markdown("Some words about **cats**.")
            posts = [
                perform(ctx, CreatePost(by=ann, community=cats, title=f"Post {n}", body=body))
                for n in range(POSTS)
            ]
            for iri in names:
                _put_person(ctx, iri, f"{PEER}/inbox", public_pem)
            for inbox in inboxes:
                iri = f"{inbox}/follower"
                person_id = _put_person(ctx, iri, inbox, public_pem)
                values = {"state": "accepted", "created_at": ctx.now, "iri": f"{iri}/follow"}
                ids = {"follower_id": person_id, "target_id": cats.id}
                ctx.conn.execute(insert(follow).values(ids | values))
            finish_setup(ctx.conn, name="Bench", registration="closed", now=ctx.now)
            return cats, posts

        community, posts = await instance.unit(work)
        await instance.dispatcher.drain(600)
        private = {iri: load_private(f"{iri}#main-key", private_pem) for iri in names}
        yield Village(url, instance, community, posts, private)


def _put_person(ctx: Context, iri: str, inbox: str, public_pem: str) -> int:
    """A person whose profile is known, on a server that runs Lemmy."""
    host = iri.split("/")[2]
    server = {"host": host, "software": "lemmy", "reached": True, "checked_at": ctx.now}
    insert_ignoring(ctx.conn, peer, server)
    values = {
        "iri": iri,
        "kind": "Person",
        "local": False,
        "name": iri.rpartition("/")[2],
        "host": host,
        "inbox": inbox,
        "shared_inbox": inbox,
        "public_key_id": f"{iri}#main-key",
        "public_key_pem": public_pem,
        "published_at": ctx.now,
        "fetched_at": ctx.now,
    }
    row = ctx.conn.execute(insert(actor).values(values).returning(actor.c.id))
    return int(row.scalar_one())


Grown = dict[str, dict[str, tuple[float, float]]]


async def measure_kind(village: Village, kind: str, number: int) -> Grown:
    """The growth by `number` activities of one kind: right after, and after some time."""
    await village.clean_up(MONTHS)  # of what the village itself has published
    before = await asyncio.to_thread(measure, village.url)
    await village.receive(KINDS[kind](village, number))
    grown = {"right after": growth(before, await asyncio.to_thread(measure, village.url), number)}
    for name, after in (("after a week", WEEK), ("after two months", MONTHS)):
        await village.clean_up(after)
        now = await asyncio.to_thread(measure, village.url)
        grown[name] = growth(before, now, number)
    return grown


def show(database: str, kind: str, grown: Grown) -> None:
    """One table: a line for each table of the database, in kB for 1,000 activities."""
    moments = list(grown)
    print(f"\n{database}, kB per 1,000 of: {kind}")
    print(f"{'':<28}" + "".join(f"{moment:>28}" for moment in moments))
    names = sorted({name for found in grown.values() for name in found})
    for name in names:
        cells = [grown[moment].get(name, (0.0, 0.0)) for moment in moments]
        if any(rows + indexes >= 1 for rows, indexes in cells):
            both = "".join(f"{rows:16.0f} +{indexes:5.0f} index" for rows, indexes in cells)
            print(f"{name:<28}{both}")
    print(f"{'all':<28}" + "".join(f"{total(grown[moment]):28.0f}" for moment in moments))


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and print; the result by database and kind."""
    results: dict[str, Any] = {}
    for database in options.databases:
        for kind in options.kinds:
            async with AsyncExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                url = stack.enter_context(database_at(database))
                url = url or f"sqlite:///{folder}/storage.sqlite3"
                peers = await stack.enter_async_context(open_peers())
                people = -(-options.activities // POSTS)
                inboxes = peers.take(options.hosts)
                village = await stack.enter_async_context(
                    open_village(url, folder, inboxes, people)
                )
                grown = await measure_kind(village, kind, options.activities)
                results[f"{database} {kind}"] = grown
                show(database, kind, grown)
    return results


def main(arguments: Sequence[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench storage", description=__doc__)
    parser.add_argument("--activities", type=int, default=ACTIVITIES, help="of each kind")
    parser.add_argument("--hosts", type=int, default=HOSTS, help="servers that follow")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    options = parser.parse_args(arguments)
    results = asyncio.run(run(options))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
