"""Deliveries to new hosts, by worker processes, from the row to the recorded result.

Each round publishes one activity to hosts that were never delivered to, each with a loopback
address of its own. The CPU is that of the workers, summed, and is compared with one RSA-2048
signature measured in the same processes. `python -m tests.bench outgoing` runs it.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg
from sqlalchemy import Connection, delete, func, select

from activitypub.vocab.activities import create
from activitypub.vocab.base import dump
from fedcom.accounts.register import NewAccount, create_account
from fedcom.actions.community import CreateCommunity
from fedcom.actions.perform import perform
from fedcom.context import Context
from fedcom.settings import load_settings
from fedcom.site.setup import finish_setup
from fedcom.wiring import OpenInstance, open_instance
from outbox import deliveries as tables
from outbox.deliveries import CLAIMED, DELIVERED, WAITING
from outbox.publish import publish
from tests.support import services

ORIGIN = "http://127.0.0.1:8000"
HOSTS = 2000
ROUNDS = 3
WARM = 64
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Cost:
    """One round: CPU seconds of a delivery and of a signature, deliveries per second."""

    delivery: float
    signature: float
    rate: float

    @property
    def ratio(self) -> float:
        """Signatures' worth of CPU per delivery."""
        return self.delivery / self.signature


class Line:
    """A program that answers lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        if process.stdout is None:
            raise SystemExit("a program without output")
        self._output = process.stdout

    async def read(self) -> str:
        """The next line of its output."""
        line = await asyncio.wait_for(self._output.readline(), SECONDS)
        if not line:
            raise SystemExit("a program of the benchmark has ended")
        return line.decode().strip()

    async def ask(self, line: str) -> str:
        """Its answer to a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        return await self.read()

    async def end(self) -> None:
        """Close its input, and wait until it has ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await asyncio.wait_for(self._process.wait(), SECONDS)


class Peers:
    """The peers of `sink.py`, each used once."""

    def __init__(self, port: int, refusing: int) -> None:
        self._port = port
        self._refusing = refusing
        self._next = 0

    def take(self, number: int, path: str = "inbox") -> list[str]:
        """Inboxes on new loopback addresses."""
        first, self._next = self._next, self._next + number
        port = self._refusing if path == "refuse" else self._port
        return [
            f"http://127.{9 + at // 62500}.{at // 250 % 250}.{at % 250 + 1}:{port}/{path}"
            for at in range(first, self._next)
        ]

    def mixed(self, number: int) -> list[str]:
        """Of each twenty hosts, two never answer, one refuses connections and one is busy."""
        found: list[str] = []
        for _ in range(number // 20):
            found += self.take(1, "silent") + self.take(8)
            found += self.take(1, "refuse") + self.take(4)
            found += self.take(1, "silent") + self.take(4) + self.take(1, "busy")
        return found

    async def received(self) -> dict[str, float]:
        """What the sink has received since the last call; see there."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"GET /report HTTP/1.1\r\nhost: sink\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        found: dict[str, float] = json.loads(await reader.readuntil(b"}"))
        writer.close()
        return found


async def publish_pages(
    instance: OpenInstance, actor: str, inboxes: list[str], number: int = 1
) -> None:
    """Publish this number of activities about a page of 1.5 kB, each to all of these inboxes."""
    page = {"id": f"{ORIGIN}/post/1", "type": "Page", "content": "x" * 1500, "to": [], "cc": []}

    def work(ctx: Context) -> None:
        for _ in range(number):
            activity = create(ctx.new_iri("create"), actor, page)
            publish(
                ctx.conn,
                activity_id=activity["id"],
                actor=actor,
                body=dump(activity),
                subject=activity["id"],
                inboxes=inboxes,
                now=ctx.now.timestamp(),
            )

    await instance.unit(work)


@asynccontextmanager
async def open_peers() -> AsyncIterator[Peers]:
    """Start `sink.py`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("sink.py")), stdout=asyncio.subprocess.PIPE
    )
    try:
        port, refusing = (await Line(process).read()).split()
        yield Peers(int(port), int(refusing))
    finally:
        process.kill()
        await process.wait()


class Bench:
    """A community on one database, and workers that deliver for it."""

    def __init__(
        self, instance: OpenInstance, actor: str, environment: dict[str, str], peers: Peers
    ) -> None:
        self._instance = instance
        self._actor = actor
        self._environment = environment
        self._peers = peers

    @asynccontextmanager
    async def _workers(self, number: int) -> AsyncIterator[tuple[list[Line], float]]:
        """`number` warm workers, and the CPU seconds of a signature in them."""
        program = (sys.executable, "-m", "tests.bench.deliverer")
        pipe = asyncio.subprocess.PIPE
        environment = os.environ | self._environment
        workers = []
        signatures = []
        for _ in range(number):
            process = await asyncio.create_subprocess_exec(
                *program, stdin=pipe, stdout=pipe, env=environment
            )
            workers.append(Line(process))
            signatures.append(float(await workers[-1].read()))
        await self._publish(self._peers.take(WARM))
        await self._wake(workers)
        await self._until({DELIVERED: WARM})
        try:
            yield workers, sum(signatures) / number
        finally:
            for one in workers:
                await one.end()
        await self._instance.database.write(_empty)

    async def cost(self, hosts: int, workers: int) -> Cost:
        """One activity to so many new hosts; fails if anything was sent twice."""
        async with self._workers(workers) as (lines, signature):
            await self._peers.received()
            before = sum([float(await one.ask("cpu")) for one in lines])
            await self._publish(self._peers.take(hosts))
            began = time.monotonic()
            await self._wake(lines)
            await self._until({DELIVERED: hosts + WARM})
            used = sum([float(await one.ask("cpu")) for one in lines]) - before
            found = await self._peers.received()
            if found["twice"] or found["posts"] != hosts:
                raise SystemExit(f"not once to each host: {found}")
            return Cost(used / hosts, signature, hosts / (found["last"] - began))

    async def last_healthy(self, hosts: int, *, mixed: bool) -> float:
        """Seconds until the last healthy host was delivered to; with `mixed`, a fifth of the
        hosts are bad. Fails unless each bad one is still queued.
        """
        async with self._workers(1) as (lines, _):
            await self._peers.received()
            inboxes = self._peers.mixed(hosts) if mixed else self._peers.take(hosts)
            healthy = sum(inbox.endswith("/inbox") for inbox in inboxes)
            await self._publish(inboxes)
            began = time.monotonic()
            await self._wake(lines)
            await self._until({DELIVERED: healthy + WARM})
            seconds = (await self._peers.received())["last"] - began
            states = await self._instance.read(_states)
            if states.get(WAITING, 0) + states.get(CLAIMED, 0) != hosts - healthy:
                raise SystemExit(f"not every bad host is queued: {states}")
            return seconds

    async def _publish(self, inboxes: list[str]) -> None:
        await publish_pages(self._instance, self._actor, inboxes)

    async def _wake(self, workers: list[Line]) -> None:
        for one in workers:
            await one.ask("wake")

    async def _until(self, wanted: dict[str, int]) -> None:
        """Wait until so many deliveries are in these states."""
        ends = time.monotonic() + SECONDS
        while True:
            states = await self._instance.read(_states)
            if all(states.get(state, 0) >= number for state, number in wanted.items()):
                return
            if time.monotonic() > ends:
                raise SystemExit(f"waited for {wanted} in vain: {states}")
            await asyncio.sleep(0.1)


def _states(conn: Connection) -> dict[str, int]:
    column = tables.deliveries.c.state
    rows = conn.execute(select(column, func.count()).group_by(column))
    return {row[0]: row[1] for row in rows}


def _empty(conn: Connection) -> None:
    for table in (tables.deliveries, tables.activities, tables.peers):
        conn.execute(delete(table))


@asynccontextmanager
async def open_bench(database: str, peers: Peers) -> AsyncIterator[Bench]:
    """A new instance on "sqlite" or "postgresql"."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        environment = {
            "FEDCOM_DEVELOPMENT": "1",
            "FEDCOM_ORIGIN": ORIGIN,
            "FEDCOM_DATA_DIR": folder,
        }
        if url := stack.enter_context(database_at(database)):
            environment["FEDCOM_DATABASE_URL"] = url
        settings = load_settings(environ=environment)
        instance = await stack.enter_async_context(open_instance(settings, alone=False))
        keys = [await instance.new_key() for _ in range(2)]

        def work(ctx: Context) -> str:
            newcomer = NewAccount(name="ann", password_hash="-")
            ann = create_account(ctx, newcomer, keys[0], role="admin").person
            finish_setup(ctx.conn, name="Bench", registration="closed", now=ctx.now)
            return perform(ctx, CreateCommunity(by=ann, name="cats", key=keys[1])).iri

        yield Bench(instance, await instance.unit(work), environment, peers)


@contextmanager
def database_at(kind: str) -> Iterator[str]:
    """The address of a new database on a server that ends with the block; "" for SQLite, which
    needs none.
    """
    if kind == "sqlite":
        yield ""
        return
    run = services.Run()
    try:
        url = services.postgresql_url()
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE bench")
        yield url.replace("/postgres?", "/bench?")
    finally:
        run.end()


async def bench(hosts: int, rounds: int, databases: list[str], show: Callable[[str], None]) -> None:
    """Measure on each database: with one worker, with two, and with a fifth of the hosts bad."""
    async with open_peers() as peers:
        for database in databases:
            async with open_bench(database, peers) as one:
                await _bench_one(one, database, hosts, rounds, show)


async def _bench_one(
    one: Bench, database: str, hosts: int, rounds: int, show: Callable[[str], None]
) -> None:
    costs: dict[int, list[Cost]] = {1: [], 2: []}
    good, mixed = [], []
    for _ in range(rounds):
        for workers, found in costs.items():
            found.append(await one.cost(hosts, workers))
        good.append(await one.last_healthy(hosts, mixed=False))
        mixed.append(await one.last_healthy(hosts, mixed=True))
    for workers, found in costs.items():
        cost = median(each.delivery for each in found)
        ratio = median(each.ratio for each in found)
        rate = median(each.rate for each in found)
        name = f"delivery to a new host, {workers} worker{'s' * (workers > 1)}, {database}"
        show(f"{name:<50}{cost * 1e6:6.0f} µs CPU  {ratio:5.2f} x RSA  {rate:.0f}/s")
    pairs = zip(*costs.values(), strict=True)
    ratio = median(two.ratio / single.ratio for single, two in pairs)
    show(f"CPU of two workers against one, {database}: {ratio:.2f} x")
    show(
        f"last healthy of {hosts}, {database}: {median(good):.2f} s, a fifth bad"
        f" {median(mixed):.2f} s: {median(mixed) / median(good):.2f} x"
    )


def main(arguments: Sequence[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench outgoing", description=__doc__)
    parser.add_argument("--hosts", type=int, default=HOSTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    options = parser.parse_args(arguments)
    asyncio.run(bench(options.hosts, options.rounds, options.databases, print))
