"""One table: what each path costs, and the least that it could cost, both from the same run.

CPU time, that of PostgreSQL included; medians of several rounds. Floors are bare programs
(`floors`). Save the figures of a release with `--save`; later runs compare theirs with them.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from sqlalchemy import insert

from activitypub.signatures.keys import (
    PrivateKey,
    generate_ed25519_pem,
    generate_rsa_pem,
    load_private,
    load_proof_key,
)
from activitypub.signatures.request import sign
from activitypub.vocab.base import dump
from fedcom.accounts.register import NewAccount, create_account
from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.app import create_app
from fedcom.cli.server import freeze_loaded
from fedcom.context import Context
from fedcom.models.actor import Community, actor
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.settings import load_settings
from fedcom.site.setup import finish_setup
from fedcom.wire.body import Body
from fedcom.wiring import OpenInstance, open_instance
from tests.bench import floors, incoming
from tests.bench.incoming import ORIGIN, PEER, SENDER
from tests.bench.outgoing import Peers, database_at, open_bench, open_peers, publish_pages
from tests.bench.pages import Threads, open_pages
from tests.bench.village import Backends
from tests.support.server_processes import Node, running

DATABASES = ("sqlite", "postgresql")
RELEASE = Path(__file__).with_name("release.json")
"""The figures of the last release, in RSA-2048 signatures, so that machines can be compared."""

SIGN, VERIFY = "RSA-2048 sign", "RSA-2048 verify"
ENDPOINT = "bare endpoint"
WARM, NEW, WARM_ED25519 = "sign, POST", "sign, connect, POST", "sign with Ed25519, POST"
TEMPLATE = "template alone"

WARM_HOSTS, WARM_ACTIVITIES = 100, 3
"""Hosts of the warm deliveries, and activities for each of them."""

IDLE_SECONDS = 2.0

Costs = dict[str, list[float]]


class Table:
    """Seconds by name: of the floors, and of the paths by database."""

    def __init__(self) -> None:
        self.floors: Costs = defaultdict(list)
        self.paths: dict[str, Costs] = defaultdict(lambda: defaultdict(list))
        self.floor_of: dict[str, str] = {}
        self.memory: dict[str, float] = {}

    def add(self, database: str, path: str, seconds: float, floor: str) -> None:
        """One measurement of a path, whose floor has this name."""
        self.paths[database][path].append(seconds)
        self.floor_of[path] = floor

    def figures(self) -> dict[str, Any]:
        """Everything as JSON: microseconds, bytes, and ratios."""
        floor = {name: median(found) for name, found in self.floors.items()}
        paths: dict[str, Any] = {}
        for database, costs in self.paths.items():
            for path, found in costs.items():
                cost, least = median(found), floor[self.floor_of[path]]
                entry = paths.setdefault(path, {"floor": self.floor_of[path]})
                entry[database] = {
                    "microseconds": round(cost * 1e6, 1),
                    "times_floor": round(cost / least, 2),
                    "signatures": round(cost / floor[SIGN], 2),
                }
        return {
            "version": version("fedcom"),
            "floors": {name: round(cost * 1e6, 1) for name, cost in floor.items()},
            "paths": paths,
            "idle_megabytes": self.memory,
        }


def show(figures: dict[str, Any], release: dict[str, Any] | None) -> str:
    """The table as text; with `release`, how our costs have changed since, in signatures."""
    floor = figures["floors"]
    used = [name for name in DATABASES if any(name in row for row in figures["paths"].values())]
    head = "".join(f"{name:>12} µs  x floor" + "   before" * bool(release) for name in used)
    lines = [f"{'CPU time':<44}{'floor µs':>9}{head}"]
    for path, row in figures["paths"].items():
        cells = "".join(_cell(row, path, name, release) for name in used)
        kind = row["floor"].partition(":")[0]
        lines.append(f"{path:<44}{floor[row['floor']]:9.0f}{cells}   {kind}")
    lines += [f"{name:<44}{floor[name]:9.0f}" for name in (SIGN, VERIFY)]
    memory = figures["idle_megabytes"].items()
    lines += [f"an idle server on {kind} has {size:.0f} MB of its own" for kind, size in memory]
    if release:
        lines.append(f"before: against {release['version']}, both in signatures")
    return "\n".join(lines)


def _cell(row: dict[str, Any], path: str, database: str, release: dict[str, Any] | None) -> str:
    found = row.get(database)
    if found is None:
        return " " * (24 + 9 * bool(release))
    cell = f"{found['microseconds']:15.0f}{found['times_floor']:9.2f}"
    if release is None:
        return cell
    before = release["paths"].get(path, {}).get(database)
    return cell + (f"{found['signatures'] / before['signatures']:8.2f}x" if before else " " * 9)


async def measure(options: argparse.Namespace) -> Table:
    """Measure everything that `options` ask for."""
    freeze_loaded()  # as the server does
    table = Table()
    private_pem, public_pem = generate_rsa_pem()
    key = load_private(f"{SENDER}#main-key", private_pem)
    async with open_peers() as peers:
        for database in options.databases:
            with database_at(database) as url:
                await _measure_paths(table, database, url, (key, public_pem), peers, options)
            async with open_bench(database, peers) as outgoing:
                for _ in range(options.rounds):
                    cost = await outgoing.cost(options.hosts, options.processes)
                    table.add(database, "delivery to a new host, by workers", cost.delivery, NEW)
            table.memory[database] = _idle(database)
        for _ in range(options.rounds):
            await _measure_floors(table, key, peers)
    return table


async def _measure_floors(table: Table, key: PrivateKey, peers: Peers) -> None:
    table.floors[SIGN].append(floors.rsa_sign(key))
    table.floors[VERIFY].append(floors.rsa_verify(key))
    ed25519 = load_proof_key(f"{SENDER}#proof-key", generate_ed25519_pem()[0])
    body = dump(
        {"id": f"{PEER}/like/1", "type": "Like", "actor": SENDER, "object": f"{ORIGIN}/post/1"}
    )
    headers = sign("POST", f"{ORIGIN}/inbox", body, key, _now())
    table.floors[ENDPOINT].append(await floors.endpoint(key, body, headers))
    page = b"x" * 2500
    table.floors[WARM].append(await floors.post_signed(key, page, peers.take(100), warm=True))
    table.floors[WARM_ED25519].append(
        await floors.post_signed(ed25519, page, peers.take(100), warm=True)
    )
    table.floors[NEW].append(await floors.post_signed(key, page, peers.take(100), warm=False))


async def _measure_paths(
    table: Table,
    database: str,
    url: str,
    keys: tuple[PrivateKey, str],
    peers: Peers,
    options: argparse.Namespace,
) -> None:
    key, public_pem = keys
    number, rounds = options.activities, options.rounds
    async with _open(url) as instance:
        community, posts = await _fill(instance, public_pem, number * (rounds + 1))
        app = create_app(instance.settings)
        app.state.instance = instance
        backends = Backends(instance.settings.database_url)

        def cpu() -> float:
            return time.process_time() + backends.seconds()

        pages = await open_pages(instance, app, community, Threads(*posts[:3]))
        # As autovacuum does, and the server itself on SQLite.
        await instance.unit(lambda ctx: ctx.conn.exec_driver_sql("ANALYZE"))
        for turn in range(rounds + 1):
            mine = posts[turn * number : (turn + 1) * number]
            found: dict[str, tuple[float, str]] = {}
            for kind, made in (
                ("Like", incoming.likes(mine)),
                ("comment", incoming.comments(mine)),
            ):
                cost = await incoming.take_in(app, key, made, cpu)
                found[f"inbox: POST of a {kind}"] = cost, ENDPOINT
                cost = await incoming.work(instance, number, cpu)
                found[f"inbox: work of a {kind}"] = cost, SIGN
            found["delivery, warm"] = await _deliver(instance, community, peers, cpu), WARM
            cost = await _deliver(instance, community, peers, cpu, path="ed25519")
            found["delivery, warm, Ed25519"] = cost, WARM_ED25519
            for name in pages.names:
                cost, template = await pages.measure(name, cpu)
                found[name] = cost, ENDPOINT if template is None else f"{TEMPLATE}: {name}"
                if template is not None and turn:
                    table.floors[f"{TEMPLATE}: {name}"].append(template)
            if turn:  # the first one fills the caches
                for name, (cost, floor) in found.items():
                    table.add(database, name, cost, floor)


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[OpenInstance]:
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "FEDCOM_DEVELOPMENT": "1",
            "FEDCOM_ORIGIN": ORIGIN,
            "FEDCOM_DATA_DIR": folder,
            "FEDCOM_DATABASE_URL": url or f"sqlite:///{folder}/bench.sqlite3",
        }
        async with open_instance(load_settings(environ=environ)) as instance:
            yield instance


async def _fill(
    instance: OpenInstance, public_pem: str, number: int
) -> tuple[Community, list[Post]]:
    """A community with this number of posts, the first with 200 comments, and a remote person."""
    keys = [await instance.new_key() for _ in range(2)]

    def work(ctx: Context) -> tuple[Community, list[Post]]:
        newcomer = NewAccount(name="ann", password_hash="-")
        ann = create_account(ctx, newcomer, keys[0], role="admin").person
        community = perform(ctx, CreateCommunity(by=ann, name="cats", key=keys[1]))
        ctx.conn.execute(insert(actor).values(**_peer(ctx, public_pem)))
        body = Body.of_markdown("Some words about **cats** and [a link](https://a.example).\n" * 5)
        posts = [
            perform(ctx, CreatePost(by=ann, community=community, title=f"Post {n}", body=body))
            for n in range(number)
        ]
        above: Comment | None = None
        for place in range(200):
            parent = above if place % 4 else None
            above = perform(ctx, CreateComment(by=ann, post=posts[0], parent=parent, body=body))
        finish_setup(ctx.conn, name="Bench", registration="closed", now=ctx.now)
        return community, posts

    return await instance.unit(work)


def _peer(ctx: Context, public_pem: str) -> dict[str, object]:
    return {
        "iri": SENDER,
        "kind": "Person",
        "local": False,
        "name": "peer",
        "host": "127.0.0.2:8000",
        "inbox": f"{SENDER}/inbox",
        "public_key_id": f"{SENDER}#main-key",
        "public_key_pem": public_pem,
        "published_at": ctx.now,
        "fetched_at": ctx.now,
    }


async def _deliver(
    instance: OpenInstance,
    community: Community,
    peers: Peers,
    cpu: Callable[[], float],
    path: str = "inbox",
) -> float:
    """Deliver several activities to the same hosts; CPU seconds of one delivery.

    Hosts that ask for Ed25519 get one before, so that it is known of them.
    """
    inboxes = peers.take(WARM_HOSTS, path)
    if path == "ed25519":
        await publish_pages(instance, community.iri, inboxes)
        await instance.dispatcher.drain(60)
    await peers.received()
    await publish_pages(instance, community.iri, inboxes, WARM_ACTIVITIES)
    began = cpu()
    await instance.dispatcher.drain(60)
    number = WARM_HOSTS * WARM_ACTIVITIES
    cost = (cpu() - began) / number
    found = await peers.received()
    if (found["posts"], found["ed25519"]) != (number, number if path == "ed25519" else 0):
        raise SystemExit(f"not each of them signed as expected: {found}")
    return cost


def _idle(database: str) -> float:
    """Megabytes that belong to a server that has answered one request; its own share of what it
    shares with other processes. It is the second start: the first one loads what migrates.
    """
    with tempfile.TemporaryDirectory() as folder, database_at(database) as url:
        node = Node("idle", Path(folder), database_url=url)
        with running(node):
            pass
        with running(node):
            httpx.get(f"{node.origin}/setup", trust_env=False)
            time.sleep(IDLE_SECONDS)
            lines = Path(f"/proc/{node.server.pid}/smaps_rollup").read_text().splitlines()
    (size,) = (line.split()[1] for line in lines if line.startswith("Pss:"))
    return int(size) * 1024 / 1e6


def _now() -> datetime:
    return datetime.now(UTC)


def main(arguments: Sequence[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        epilog="Also: outgoing --help (new hosts, bad hosts), growth --help (large tables),"
        " storage --help (bytes), flood --help (a flood), pruning --help (old rows).",
    )
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--rounds", type=int, default=5, help="take the median of this many rounds")
    parser.add_argument("--activities", type=int, default=100, help="Likes and comments in a round")
    parser.add_argument("--hosts", type=int, default=500, help="new hosts that are delivered to")
    parser.add_argument("--processes", type=int, default=1, help="workers that deliver to these")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--save", action="store_true", help="keep the figures as the release's")
    options = parser.parse_args(arguments)
    figures = asyncio.run(measure(options)).figures()
    release = json.loads(RELEASE.read_text()) if RELEASE.exists() else None
    print(json.dumps(figures, indent=2) if options.json else show(figures, release))
    if options.save:
        RELEASE.write_text(json.dumps(figures, indent=1) + "\n")
