"""One host floods the inbox at ten times the capacity; another sends an activity each second.

The server is a real process (with Redis and a worker on PostgreSQL) behind what it takes for a
proxy, so that the flood may use all connections. The flood is Likes and comments of known actors
and Likes of unknown ones, signed beforehand. Measured are the seconds from each POST of the other
host until its comment is stored, and the server's memory. `python -m tests.bench flood` runs it.
"""

import argparse
import asyncio
import base64
import json
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import psycopg
from sqlalchemy import Select, create_engine, func, insert, select

from activitypub.iri import PUBLIC
from activitypub.signatures.keys import generate_rsa_pem, load_private
from activitypub.signatures.request import sign
from activitypub.vocab.activities import create, like
from activitypub.vocab.base import dump
from fedcom.accounts.register import NewAccount, create_account
from fedcom.actions.community import CreateCommunity
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.context import Context
from fedcom.db import normalise_url
from fedcom.models.actor import actor
from fedcom.models.comment import comment
from fedcom.settings import load_settings
from fedcom.site.setup import finish_setup
from fedcom.wire.body import Body
from fedcom.wiring import open_instance
from inbox.journal import journal
from tests.bench.flooder import SECONDS, send
from tests.bench.outgoing import Line
from tests.support import services
from tests.support.server_processes import Node, free_port, running

POSTS = 50
ACTORS = 200
"""Known actors of the host that floods."""

SENDERS = 2
CALIBRATION = 400
"""Activities with which the capacity is measured."""

TIMES = 10
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Host:
    """A scripted host: where it is, the address its requests seem to come from, its key."""

    address: str
    client: str
    pem: str

    def request(self, server: str, who: str, activity: dict[str, object]) -> bytes:
        """A signed POST of an activity, as bytes."""
        body = dump(activity)
        key = load_private(f"{who}#main-key", self.pem)
        headers = sign("POST", f"http://{server}/inbox", body, key, datetime.now(UTC))
        lines = [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"X-Forwarded-For: {self.client}", f"Content-Length: {len(body)}"]
        return ("POST /inbox HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode() + body

    def comment(self, who: str, number: int, post: str) -> dict[str, object]:
        """A Create of a comment."""
        note = {
            "id": f"http://{self.address}/note/{number}",
            "type": "Note",
            "attributedTo": who,
            "to": [PUBLIC],
            "inReplyTo": post,
            "content": "<p>Some words about <strong>cats</strong>.</p>",
            "published": datetime.now(UTC).isoformat(),
        }
        return create(f"http://{self.address}/create/{number}", who, note)


@dataclass(frozen=True, slots=True)
class Flood:
    """What one of several processes has to sign."""

    host: Host
    server: str
    posts: tuple[str, ...]
    numbers: range

    def requests(self) -> list[bytes]:
        """The requests: in ten, one Like of an unknown actor, three comments, six Likes."""
        return [self._request(number) for number in self.numbers]

    def _request(self, number: int) -> bytes:
        at, host = f"http://{self.host.address}", self.host
        post = self.posts[number % len(self.posts)]
        who = f"{at}/u/x{number}" if number % 10 == 0 else f"{at}/u/k{number % ACTORS}"
        activity = (
            host.comment(who, number, post)
            if number % 10 in (1, 4, 7)
            else like(f"{at}/like/{number}", who, post)
        )
        return host.request(self.server, who, activity)


class Watched:
    """The database of the server, read beside it."""

    def __init__(self, node: Node) -> None:
        url = normalise_url(node.database_url)
        if url.get_backend_name() == "sqlite":
            url = url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def waiting(self) -> int:
        """Journal rows that are not closed."""
        return self._count(select(func.count()).where(journal.c.closed_at.is_(None)))

    def received(self, host: str) -> int:
        """Journal rows of a host."""
        return self._count(select(func.count()).where(journal.c.host == host))

    def has_comment(self, iri: str) -> bool:
        """Whether it is stored."""
        return bool(self._count(select(func.count()).where(comment.c.iri == iri)))

    def _count(self, statement: Select[tuple[int]]) -> int:
        with self._engine.connect() as conn:
            return conn.execute(statement).scalar_one()

    def close(self) -> None:
        """Hang up."""
        self._engine.dispose()


@dataclass(frozen=True, slots=True)
class Measured:
    """The result of one run: seconds until each effect, MB of memory, and counts."""

    capacity: float
    offered: float
    statuses: Counter[int]
    seconds: list[float]
    missing: int
    lost: int
    backlog: int
    memory: list[float]

    def lines(self, name: str) -> Iterator[str]:
        """What to print."""
        taken = ", ".join(f"{status}: {n}" for status, n in sorted(self.statuses.items()))
        yield (
            f"flood, {name}: capacity {self.capacity:.0f}/s, offered {self.offered:.0f}/s"
            f" ({taken}), {self.backlog} left to work, {self.lost} accepted and lost"
        )
        worst = max(self.seconds, default=0.0)
        most = quantiles(self.seconds, n=20)[-1] if len(self.seconds) > 1 else worst
        yield (
            f"  another host's activity is worked after {median(self.seconds):.2f} s"
            f" (95 %: {most:.2f} s, worst: {worst:.2f} s, of {len(self.seconds)};"
            f" {self.missing} never)"
        )
        first, last = self.memory[0], self.memory[-1]
        middle = self.memory[len(self.memory) // 2]
        yield f"  memory: {first:.0f} MB, halfway {middle:.0f} MB, at the end {last:.0f} MB"


async def settle(node: Node, hosts: Sequence[tuple[Host, int]], public_pem: str) -> list[str]:
    """Create the community, its posts and the known actors; the ids of the posts."""
    async with open_instance(load_settings(environ=node.environ), alone=False) as instance:
        keys = [await instance.new_key() for _ in range(2)]

        def work(ctx: Context) -> list[str]:
            newcomer = NewAccount(name="ann", password_hash="-")
            ann = create_account(ctx, newcomer, keys[0], role="admin").person
            cats = perform(ctx, CreateCommunity(by=ann, name="cats", key=keys[1]))
            body = Body.of_markdown("Some words.")
            posts = [
                perform(ctx, CreatePost(by=ann, community=cats, title=f"Post {n}", body=body)).iri
                for n in range(POSTS)
            ]
            for host, number in hosts:
                _put_actors(ctx, host, number, public_pem)
            finish_setup(ctx.conn, name="Bench", registration="closed", now=ctx.now)
            return posts

        return await instance.unit(work)


def _put_actors(ctx: Context, host: Host, number: int, public_pem: str) -> None:
    for which in range(number):
        iri = f"http://{host.address}/u/k{which}"
        values = {
            "iri": iri,
            "kind": "Person",
            "local": False,
            "name": f"k{which}",
            "host": host.address,
            "inbox": f"{iri}/inbox",
            "public_key_id": f"{iri}#main-key",
            "public_key_pem": public_pem,
            "published_at": ctx.now,
            "fetched_at": ctx.now,
        }
        ctx.conn.execute(insert(actor).values(**values))


def memory_of(pid: int) -> float:
    """The resident memory of a process in MB (Linux only: /proc)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    raise RuntimeError("a process without memory")


class Run:
    """One run on one node."""

    def __init__(self, node: Node, folder: Path, pems: tuple[str, str]) -> None:
        self.node = node
        self._folder = folder
        private, self._public = pems
        self._flood = Host(f"127.0.0.3:{free_port('127.0.0.3')}", "198.51.100.1", private)
        self._other = Host(f"127.0.0.4:{free_port('127.0.0.4')}", "203.0.113.1", private)
        self._posts: tuple[str, ...] = ()

    async def measure(self, seconds: float) -> Measured:
        """Fill, start, measure the capacity, flood."""
        hosts = [(self._flood, ACTORS), (self._other, 1)]
        self._posts = tuple(await settle(self.node, hosts, self._public))
        with ExitStack() as stack:
            stack.enter_context(running(self.node))
            database = Watched(self.node)
            stack.callback(database.close)
            capacity = await self._calibrate(database)
            number = int(TIMES * capacity * seconds)
            async with AsyncExitStack() as processes:
                senders = await self._prepare(processes, number)
                return await self._measure(database, senders, capacity, number / seconds, seconds)

    def _sign(self, numbers: range) -> list[bytes]:
        parts = [
            Flood(self._flood, self.node.host, self._posts, numbers[part::SENDERS])
            for part in range(SENDERS)
        ]
        with multiprocessing.get_context("spawn").Pool(SENDERS) as pool:
            found = pool.map(Flood.requests, parts)
        return [b"\n".join(map(base64.b64encode, requests)) for requests in found]

    async def _start(self, stack: AsyncExitStack, requests: bytes, name: str) -> Line:
        file, pem = self._folder / name, self._folder / "pem"
        file.write_bytes(requests)
        pem.write_text(self._public)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.flooder", self.node.host, self._flood.address),
            *(str(file), str(pem)),
            stdin=pipe,
            stdout=pipe,
        )

        async def end() -> None:
            if process.returncode is None:
                process.kill()
                await process.wait()

        stack.push_async_callback(end)
        line = Line(process)
        await line.read()
        return line

    async def _prepare(self, stack: AsyncExitStack, number: int) -> list[Line]:
        files = await asyncio.to_thread(self._sign, range(CALIBRATION, CALIBRATION + number))
        return [await self._start(stack, file, f"part{at}") for at, file in enumerate(files)]

    async def _calibrate(self, database: Watched) -> float:
        """Activities per second that are accepted and worked."""
        async with AsyncExitStack() as stack:
            files = await asyncio.to_thread(self._sign, range(CALIBRATION))
            lines = [await self._start(stack, file, f"try{at}") for at, file in enumerate(files)]
            began = time.monotonic()
            await asyncio.gather(*(one.ask("go") for one in lines))
            while database.waiting():  # noqa: ASYNC110 - no event says that rows are done
                await asyncio.sleep(0.02)
            return CALIBRATION / (time.monotonic() - began)

    async def _measure(
        self,
        database: Watched,
        senders: Sequence[Line],
        capacity: float,
        offered: float,
        seconds: float,
    ) -> Measured:
        accepted = database.received(self._flood.address)
        memory: list[float] = []
        flooding = [asyncio.create_task(one.ask("go")) for one in senders]
        await asyncio.sleep(1.0)
        others: list[asyncio.Task[float]] = []
        ends = time.monotonic() + seconds - 2
        number = 0
        while time.monotonic() < ends and not all(one.done() for one in flooding):
            number += 1
            others.append(asyncio.create_task(self._one(database, number)))
            memory.append(memory_of(self.node.server.pid or 0))
            await asyncio.sleep(1.0)
        statuses: Counter[int] = Counter()
        for answer in await asyncio.gather(*flooding):
            statuses.update({int(status): n for status, n in json.loads(answer).items()})
        backlog = database.waiting()
        memory.append(memory_of(self.node.server.pid or 0))
        results = await asyncio.gather(*others, return_exceptions=True)
        found = [one for one in results if isinstance(one, float)]
        stored = database.received(self._flood.address) - accepted
        return Measured(
            capacity=capacity,
            offered=offered,
            statuses=statuses,
            seconds=found,
            missing=len(results) - len(found),
            lost=max(0, statuses[202] - stored),
            backlog=backlog,
            memory=memory,
        )

    async def _one(self, database: Watched, number: int) -> float:
        """Send an activity of the other host; the seconds until its effect is there."""
        who = f"http://{self._other.address}/u/k0"
        activity = self._other.comment(who, number, self._posts[number % POSTS])
        request = self._other.request(self.node.host, who, activity)
        iri = f"http://{self._other.address}/note/{number}"
        host, _, port = self.node.host.partition(":")
        began = time.monotonic()
        while True:
            reader, writer = await asyncio.open_connection(host, int(port))
            status = await send(reader, writer, request)
            writer.close()
            if status == 202:
                break
            await asyncio.sleep(1.0)
        while not await asyncio.to_thread(database.has_comment, iri):
            if time.monotonic() - began > PATIENCE:
                raise TimeoutError(iri)
            await asyncio.sleep(0.02)
        return time.monotonic() - began


@contextmanager
def open_node(kind: str, folder: Path) -> Iterator[Node]:
    """A node on "sqlite", or on "postgresql" with Redis and a worker."""
    if kind == "sqlite":
        yield Node("flooded", folder)
        return
    run = services.Run()
    try:
        url = services.postgresql_url()
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE bench")
        address = url.replace("/postgres?", "/bench?")
        redis_url = f"{services.redis_url()}/0"
        yield Node("flooded", folder, database_url=address, redis_url=redis_url)
    finally:
        run.end()


def main(arguments: Sequence[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench flood", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    options = parser.parse_args(arguments)
    pems = generate_rsa_pem()
    for kind in options.databases:
        with tempfile.TemporaryDirectory() as name, open_node(kind, Path(name) / "node") as node:
            measured = asyncio.run(Run(node, Path(name), pems).measure(options.seconds))
        print("\n".join(measured.lines(kind)), flush=True)
