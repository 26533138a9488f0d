"""How the cost of pages, requests and work grows with the tables: `python -m tests.bench growth`.

Each size is a database of its own, filled by `fill.py`, with a village on top (`village.py`) that
is the same in all of them: so every operation (`operations.py`) does the same work, and only the
tables around it are larger. The operations are measured in turns, one size after the other, and the
median of the rounds counts, because the machine may be shared.

CPU time is that of this process, which is server and client at once, plus that of PostgreSQL's
backends (Linux only: /proc/PID/schedstat). The growth is the ratio of the CPU times of the largest
and the smallest size.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine import Engine

from activitypub.signatures.keys import generate_rsa_pem, load_private
from tests.bench.operations import Measured, Operation, operations
from tests.bench.village import PEER, Node, open_node
from tests.support import services

SIZES = (10_000, 100_000, 1_000_000)
MOST = 1.5
"""The growth from the smallest to the largest size that is still good."""


@contextmanager
def statements_of(node: Node) -> Iterator[dict[str, list[float]]]:
    """The seconds of each statement until its first row, while the block runs."""
    found: dict[str, list[float]] = defaultdict(list)

    def before(conn: Connection, *_: Any) -> None:
        conn.info["began"] = time.perf_counter()

    def after(conn: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        found[statement].append(time.perf_counter() - conn.info["began"])

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)


async def measure(nodes: Sequence[Node], operation: Operation, number: int) -> list[Measured]:
    """The medians for each node, measured in turns."""
    rounds: list[list[Measured]] = [[] for _ in nodes]
    for node in nodes:
        await operation(node)
    for _ in range(number):
        for node, found in zip(nodes, rounds, strict=True):
            found.append(await operation(node))
    return [
        (median(cpu for cpu, _ in found), median(wall for _, wall in found)) for found in rounds
    ]


def line(name: str, measured: Sequence[Measured]) -> str:
    """One line of the table: CPU times, the ratio of each to the one before, and in all."""
    cpu = [one for one, _ in measured]
    cells = [f"{cpu[0] * 1e3:9.2f}"]
    cells += [f"{b * 1e3:9.2f} x{b / a:5.2f}" for a, b in pairwise(cpu)]
    whole, wall = cpu[-1] / cpu[0], measured[-1][1] / measured[0][1]
    mark = "  <--" if whole >= MOST else ""
    return f"{name:<52}{' '.join(cells)}   x{whole:5.2f}   wall x{wall:5.2f}{mark}"


async def slowest(node: Node, operation: Operation, most: int = 3) -> list[str]:
    """The statements of an operation that take longest, with their milliseconds."""
    with statements_of(node) as found:
        await operation(node)
    worst = sorted(found.items(), key=lambda item: -sum(item[1]))[:most]
    return [
        f"    {sum(times) * 1e3:8.2f} ms in {len(times)}: {' '.join(statement.split())}"
        for statement, times in worst
    ]


async def run(urls: dict[int, str], folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one kind of database; the result by operation."""
    private_pem, public_pem = generate_rsa_pem()
    key = load_private(f"{PEER}/u/peer#main-key", private_pem)
    results: dict[str, Any] = {}
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(open_node(url, folder / str(votes), votes, public_pem))
            for votes, url in urls.items()
        ]
        print(f"{'CPU in ms':<44}" + "  ".join(f"{node.votes:>15,}" for node in nodes), flush=True)
        for name, operation in operations(key).items():
            if options.only and options.only not in name:
                continue
            measured = await measure(nodes, operation, options.rounds)
            results[name] = measured
            print(line(name, measured), flush=True)
            if options.statements and measured[-1][0] / measured[0][0] >= MOST:
                print("\n".join(await slowest(nodes[-1], operation)), flush=True)
    return results


def _addresses(kind: str, sizes: Sequence[int], folder: Path, server: str) -> dict[int, str]:
    if kind == "sqlite":
        return {votes: f"sqlite:///{folder}/{votes}.sqlite3" for votes in sizes}
    with psycopg.connect(server, autocommit=True) as connection:
        known = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for name in (f"growth_{votes}" for votes in sizes):
            if name not in known:
                connection.execute(f"CREATE DATABASE {name}")
                # The CPU time of parallel workers would not be counted.
                connection.execute(f"ALTER DATABASE {name} SET max_parallel_workers_per_gather = 0")
    where = make_url(server)
    return {
        votes: where.set(database=f"growth_{votes}").render_as_string(hide_password=False)
        for votes in sizes
    }


def main(arguments: Sequence[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench growth", description=__doc__)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of votes")
    parser.add_argument("--rounds", type=int, default=5, help="take the median of this many rounds")
    parser.add_argument("--only", default="", help="only operations with this in their names")
    parser.add_argument(
        "--statements",
        action="store_true",
        help="show the slowest statements of operations that grow",
    )
    parser.add_argument(
        "--folder", type=Path, help="keep the SQLite databases here, and reuse them"
    )
    parser.add_argument("--server", help="the PostgreSQL server on which to keep its databases")
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    options = parser.parse_args(arguments)
    if options.server and not options.folder:
        parser.error("--server needs --folder: the secrets of its databases are kept there")
    sizes = [int(size) for size in options.sizes.split(",")]
    results = {}
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = options.folder or Path(temporary)
        for kind in options.database or ("sqlite", "postgresql"):
            print(f"\n{kind}", flush=True)
            if kind == "postgresql" and not options.server:
                stack.callback(services.Run().end)
                options.server = services.postgresql_url()
            urls = _addresses(kind, sizes, folder, options.server)
            results[kind] = asyncio.run(run(urls, folder / kind, options))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
