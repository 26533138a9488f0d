"""How long pruning holds the write lock: `python -m tests.bench pruning`.

A database is filled (`fill`) and pruned as if 100 days had passed, so that nearly all of its
journal, deliveries and activities are outdated. Each transaction of the writer counts, from its
BEGIN to the end of its COMMIT.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from sqlalchemy import Connection, Engine, event

from activitypub.signatures.keys import generate_rsa_pem
from fedcom.background.housekeeping import clean_up
from tests.bench.outgoing import database_at
from tests.bench.village import open_node

DATABASES = ("sqlite", "postgresql")
LATER = timedelta(days=100)


@contextmanager
def transactions(writer: Engine) -> Iterator[list[float]]:
    """The seconds of each transaction while the block runs."""
    found: list[float] = []
    began: dict[int, float] = {}

    def begin(conn: Connection) -> None:
        began[id(conn)] = time.perf_counter()

    def checkin(*_: Any) -> None:
        # The connection goes back to the pool once the transaction has ended.
        found.extend(time.perf_counter() - one for one in began.values())
        began.clear()

    event.listen(writer, "begin", begin)
    event.listen(writer, "checkin", checkin)
    try:
        yield found
    finally:
        event.remove(writer, "begin", begin)
        event.remove(writer, "checkin", checkin)


async def measure(kind: str, votes: int) -> str:
    """One line about one database."""
    public_pem = generate_rsa_pem()[1]
    with tempfile.TemporaryDirectory() as folder, database_at(kind) as server:
        url = server or f"sqlite:///{folder}/pruning.sqlite3"
        async with open_node(url, Path(folder), votes, public_pem) as node:
            database = node.instance.database
            began = time.perf_counter()
            with transactions(database._writer) as found:
                await clean_up(database, datetime.now(UTC) + LATER)
            whole = time.perf_counter() - began
    milliseconds = sorted(1e3 * one for one in found)
    cuts = quantiles(milliseconds, n=100)
    return (
        f"{kind}: {len(milliseconds):,} transactions in {whole:.0f} s;"
        f" median {median(milliseconds):.1f} ms, 95 % {cuts[94]:.1f} ms, 99 % {cuts[98]:.1f} ms,"
        f" worst {', '.join(f'{one:.1f}' for one in milliseconds[-3:])} ms"
    )


def main(arguments: Sequence[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench pruning", description=__doc__)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--votes", type=int, default=1_000_000, help="the size: see fill.py")
    options = parser.parse_args(arguments)
    for kind in options.databases:
        print(asyncio.run(measure(kind, options.votes)), flush=True)
