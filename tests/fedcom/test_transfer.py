"""A move between the databases: everything arrives and works there, or nothing does."""

import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, NullPool, create_engine, insert, inspect, make_url, text
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fedcom import migrate
from fedcom.accounts.sessions import create_session
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.app import create_app
from fedcom.context import Context
from fedcom.db import Database, normalise_url
from fedcom.http.identity import session_cookie_name
from fedcom.migrate import MigrationError
from fedcom.models.actor import Community, Person, local_name
from fedcom.models.message import message
from fedcom.models.post import post
from fedcom.settings import Settings
from fedcom.transfer import BATCH, TableContents, move
from fedcom.wire.body import Body
from fedcom.wiring import OpenInstance, open_instance
from tests.bench.fill import RARE, fill
from tests.support.clock import SettableClock
from tests.support.databases import kept
from tests.support.network import Network
from tests.support.node import SECRET, Node, open_node
from tests.support.people import ORIGIN, Home

pytestmark = pytest.mark.anyio

VOTES = 3_000
KIM = "https://peer.example/u/kim"
PAGES = (
    # First, since lists show which posts were read.
    *("/post/1", "/post/30"),
    *("/", "/?sort=new&scope=all", "/?sort=top", "/?sort=controversial", "/communities", "/modlog"),
    *("/c/cats", "/u/bob", "/c/group1", "/feeds/c/group1.atom"),
)
OWN_PAGES = (
    *("/notifications", "/saved", "/messages/bob", "/drafts", "/settings/export"),
    *("/admin/members", "/admin/communities"),
)
RANDOM = re.compile(rb'name="(form_token|once)" value="[^"]*"')
"""What is another in each answer."""
DOCUMENTS = ("/c/cats", "/u/bob", "/actor", "/c/cats/outbox", "/c/cats/followers", "/post/1")


class Opened:
    """An instance on one of the two databases, with a session of ann's."""

    def __init__(self, instance: OpenInstance, app: Starlette, token: str) -> None:
        self.instance = instance
        self._cookie = f"{session_cookie_name(instance.settings)}={token}"
        self._transport = httpx.ASGITransport(app=app)

    async def get(self, path: str, accept: str = "text/html", **more: str) -> bytes:
        headers = {"Accept": accept, **more}
        request = httpx.Request("GET", f"{ORIGIN}{path}", headers=headers)
        answer = await self._transport.handle_async_request(request)
        return str(answer.status_code).encode() + RANDOM.sub(b"", await answer.aread())

    async def everything(self) -> dict[str, bytes]:
        """What guests, ann and peers get."""
        return {
            **{f"{path} guest": await self.get(path) for path in PAGES},
            **{
                f"{path} ann": await self.get(path, Cookie=self._cookie)
                for path in (*PAGES, *OWN_PAGES)
            },
            **{path: await self.get(path, "application/activity+json") for path in DOCUMENTS},
        }


@asynccontextmanager
async def opened(
    url: str, folder: Path, clock: SettableClock, network: Network, token: str
) -> AsyncIterator[Opened]:
    settings = Settings(origin=ORIGIN, data_dir=folder, database_url=url, secret_key=SECRET)
    async with open_instance(settings, clock=clock, transport=network) as instance:
        app = create_app(settings)
        app.state.instance = instance
        yield Opened(instance, app, token)


@pytest.fixture
def stopped(database: Database, database_url: str, clock: SettableClock) -> Home:
    """An instance that nobody uses any more."""
    home = Home(database, clock)
    stop(database, database_url)
    return home


def stop(database: Database, url: str) -> None:
    database.close()
    kept.close(str(make_url(url).database))


def run(source: str, target: str) -> dict[str, TableContents]:
    moved = move(source, target, examine=lambda _conn: None, progress=lambda *_: None)
    return {table.name: table for table in moved}


def execute(url: str, *statements: str) -> None:
    with migrate.locked(url) as connection:
        for statement in statements:
            connection.execute(text(statement))


def tables_of(url: str) -> list[str]:
    with migrate.locked(url) as connection:
        return inspect(connection).get_table_names()


def live(node: Node) -> str:
    """A village's day: posts, comments, votes, a message, a follower elsewhere; ann's session."""
    home = node.home
    kim = home.person(KIM, "lemmy")
    home.follow(kim, home.cats)
    cat = home.post(title="Cats “sleep” 🐈", body=Body.of_markdown("They *do*, at élan's."))
    first = home.comment(cat, text="Indeed, zanzibar")
    home.comment(cat, by=home.ann, parent=first, text="Indeed")
    home.comment(cat, by=kim, text="And here")

    def more(ctx: Context) -> str:
        for number in (1, 2):
            values = message_values(number, home.bob, home.ann, ctx.now)
            ctx.conn.execute(insert(message).values(values))
        # Peers may still know its number.
        ctx.conn.execute(message.delete().where(message.c.id == 2))
        return create_session(ctx.conn, home.ann.id, "", ctx.now)

    return home(more)


async def test_everything_is_there_and_works_after_a_move(
    database: Database, database_url: str, target_url: str, clock: SettableClock, tmp_path: Path
) -> None:
    async with open_node(database, database_url, clock, tmp_path) as node:
        token = live(node)
        fill(database_url, VOTES, origin=ORIGIN, now=clock())
        bob, cats = node.home.bob, node.home.cats
        newest = max(row["id"] for row in node.home.rows(post))
    network = Network()
    arrived: list[dict[str, Any]] = []
    network.applications["peer.example"] = inbox_of(arrived)
    async with opened(database_url, tmp_path, clock, network, token) as before:
        expected = await before.everything()
        assert [name for name, answer in expected.items() if answer[:3] != b"200"] == []
    stop(database, database_url)

    moved = run(database_url, target_url)

    assert moved["comment_vote"].rows > 2 * BATCH
    assert migrate.check(target_url) == []
    async with opened(target_url, tmp_path, clock, network, token) as after:
        found = await after.everything()
        assert [name for name in expected if found[name] != expected[name]] == []
        for kind, word in (("comments", "zanzibar"), ("posts", "elan"), ("posts", RARE)):
            found_by_word = await after.get(f"/search?type={kind}&q={word}")
            assert b'<li><article class="grow">' in found_by_word, word
        await go_on(after, bob, cats, newest)
        assert f'"/post/{newest + 1}"'.encode() in await after.get("/search?q=home")

        assert arrived == []
        await after.instance.dispatcher.drain(30)
        assert {"Cats “sleep” 🐈", "A new home"} <= set(titles_in(arrived))


async def go_on(after: Opened, bob: Person, cats: Community, newest: int) -> None:
    """New rows get new numbers."""
    action = CreatePost(by=bob, community=cats, title="A new home", body=Body("", ""))
    created = await after.instance.unit(lambda ctx: perform(ctx, action))
    assert created.id == newest + 1

    def say(ctx: Context) -> int:
        row = insert(message).values(message_values(3, bob, bob, ctx.now))
        return int(ctx.conn.execute(row.returning(message.c.id)).scalar_one())

    assert await after.instance.unit(say) == 3


def message_values(number: int, by: Person, to: Person, now: datetime) -> dict[str, Any]:
    return {
        "iri": f"{ORIGIN}/message/{number}",
        "local": True,
        "author_id": by.id,
        "recipient_id": to.id,
        "body_source": "Hello",
        "body_html": "<p>Hello</p>",
        "published_at": now,
    }


def titles_in(arrived: list[dict[str, Any]]) -> list[str]:
    """The titles of the posts announced in these activities."""
    created = [one["object"] for one in arrived if one["object"]["type"] == "Create"]
    return [one["object"].get("name", "") for one in created]


def inbox_of(arrived: list[dict[str, Any]]) -> ASGIApp:
    """A peer that accepts everything."""

    async def take(scope: Scope, receive: Receive, send: Send) -> None:
        arrived.append(await Request(scope, receive).json())
        await Response(status_code=202)(scope, receive, send)

    return take


@pytest.mark.either_database
def test_a_move_is_done_once_and_leads_back_with_the_same_digests(
    stopped: Home, database_url: str, target_url: str, tmp_path: Path
) -> None:
    there = run(database_url, target_url)
    with pytest.raises(MigrationError, match="not empty"):
        run(database_url, target_url)

    assert run(target_url, f"sqlite:///{tmp_path}/back.sqlite3") == there


@pytest.mark.either_database
def test_a_target_that_is_not_empty_is_refused(
    stopped: Home, database_url: str, target_url: str
) -> None:
    execute(target_url, "CREATE TABLE own (id INTEGER)", "INSERT INTO own VALUES (1)")

    with pytest.raises(MigrationError, match=r"not empty: it has 1 tables \(own, …\)"):
        run(database_url, target_url)

    assert tables_of(target_url) == ["own"]


@pytest.mark.either_database
def test_a_database_in_use_is_not_moved(
    database: Database, home: Home, database_url: str, target_url: str
) -> None:
    """The connections of an idle server are enough."""
    home.rows(post)

    with pytest.raises(MigrationError, match="stop the server"):
        run(database_url, target_url)

    assert tables_of(target_url) == []
    stop(database, database_url)
    run(database_url, target_url)


def test_nobody_can_write_to_the_source_while_it_is_copied_and_compared(
    stopped: Home, database_url: str, target_url: str
) -> None:
    told: list[tuple[str, int, int]] = []
    refused: list[str] = []

    def watch(table: str, done: int, total: int) -> None:
        told.append((table, done, total))
        if table == "actor" and done == 0:
            with pytest.raises(OperationalError) as error:
                write_impatiently(database_url)
            refused.append(str(error.value.orig))

    moved = move(database_url, target_url, examine=lambda _conn: None, progress=watch)

    assert len(refused) == 1
    assert "lock" in refused[0]
    assert [state for state in told if state[0] == "actor"] == [
        ("actor", 0, 8),
        ("actor", 4, 8),
        ("actor", 8, 8),
    ]
    assert len({table.digest for table in moved if table.rows}) > 5
    assert {table.digest for table in moved if not table.rows} == {"0" * 32}


def write_impatiently(url: str) -> None:
    engine = create_engine(normalise_url(url), poolclass=NullPool)
    sqlite = engine.name == "sqlite"
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "PRAGMA busy_timeout = 100" if sqlite else "SET lock_timeout = 100"
        )
        connection.exec_driver_sql("DELETE FROM boost")


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_missing_source_is_not_created(target_url: str, tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="There is no database"):
        run(f"sqlite:///{tmp_path}/other.sqlite3", target_url)

    assert not (tmp_path / "other.sqlite3").exists()


@pytest.mark.either_database
def test_an_older_source_must_be_upgraded_first(
    stopped: Home, database_url: str, target_url: str
) -> None:
    execute(database_url, "UPDATE alembic_version SET version_num = '0001'")

    with pytest.raises(MigrationError, match=r"at revision 0001, .* run fedcom db upgrade"):
        run(database_url, target_url)

    assert tables_of(target_url) == []


def test_nothing_that_the_models_do_not_know_is_lost(
    stopped: Home, database_url: str, target_url: str
) -> None:
    execute(database_url, "ALTER TABLE post ADD COLUMN more TEXT")

    with pytest.raises(MigrationError, match="something would be lost"):
        run(database_url, target_url)


def test_a_database_that_is_not_the_expected_one_is_left_alone(
    stopped: Home, database_url: str, target_url: str
) -> None:
    def refuse(_conn: Connection) -> None:
        raise LookupError("another server's")

    with pytest.raises(LookupError):
        move(database_url, target_url, examine=refuse, progress=lambda *_: None)

    assert tables_of(target_url) == []


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_row_that_postgresql_refuses_is_named(
    stopped: Home, database_url: str, target_url: str
) -> None:
    names = [{"name": f"name{number}", "taken_at": stopped.clock()} for number in range(2 * BATCH)]
    with migrate.locked(database_url) as connection:
        connection.execute(insert(local_name), names)
    execute(database_url, f"INSERT INTO mail ({MAIL}) VALUES ({NUL})")

    with pytest.raises(MigrationError) as refusal:
        run(database_url, target_url)

    assert "a row of the table mail (id 5): " in str(refusal.value)
    assert "NUL" in str(refusal.value)
    assert "secret words" not in str(refusal.value)
    execute(database_url, "DELETE FROM mail")
    assert run(database_url, target_url)["local_name"].rows > 2 * BATCH


MAIL = "id, recipient, subject, body, tries, created_at, due_at"
NUL = (
    "5, 'ann@home.example', 'a' || char(0), 'secret words', 0,"
    " '2026-01-01 00:00:00', '2026-01-01 00:00:00'"
)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_copy_that_differs_is_not_kept(stopped: Home, database_url: str, target_url: str) -> None:
    """A trigger in the target loses a character, once the table is there."""
    execute(
        target_url,
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN new.name := left(new.name, 2); RETURN new; END $$",
        "CREATE FUNCTION add_cut() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF to_regclass('local_name') IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_trigger"
        " WHERE tgname = 'cut_name') THEN CREATE TRIGGER cut_name BEFORE INSERT ON local_name"
        " FOR EACH ROW EXECUTE FUNCTION cut(); END IF; END $$",
        "CREATE EVENT TRIGGER add_cut ON ddl_command_end WHEN TAG IN ('CREATE INDEX')"
        " EXECUTE FUNCTION add_cut()",
    )

    with pytest.raises(MigrationError, match="The copy of the table local_name differs: 4 rows"):
        run(database_url, target_url)

    assert tables_of(target_url) == ["alembic_version"]


KILLED = """
import os, signal, sys
from fedcom.transfer import move

def die(table, done, total):
    if table == "local_name" and done == total:
        os.kill(os.getpid(), signal.SIGKILL)

move(sys.argv[1], sys.argv[2], examine=lambda conn: None, progress=die)
"""


@pytest.mark.either_database
def test_a_killed_move_leaves_the_source_alone_and_can_be_run_again(
    stopped: Home, database_url: str, target_url: str
) -> None:
    """It is killed when everything has been copied, and some of it compared."""
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, database_url, target_url], timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL

    assert tables_of(target_url) == ["alembic_version"]
    for attempt in (migrate.upgrade, migrate.current_and_head):
        with pytest.raises(MigrationError, match=r"has not been finished.* db move again"):
            attempt(target_url)
    assert migrate.check(database_url) == []
    assert run(database_url, target_url)["actor"].rows == 4
    assert migrate.check(target_url) == []
