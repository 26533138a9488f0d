"""Fixtures every test may use: databases on SQLite and PostgreSQL, Redis, a clock; and no way out
to the network.

Asking for `database_url`, `empty_database_url` or `database` runs a test once on each database.
"""

import gc
import ipaddress
import os
import platform
import re
import shutil
import socket
import sqlite3
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from fedcom.db import Database, open_database
from tests.support import server_processes, services
from tests.support.clock import SettableClock
from tests.support.databases import (
    PostgresqlDatabases,
    commits_unsynced,
    forget_template,
    sqlite_database,
    statements_compiled_once,
)
from tests.support.node import Node, open_node
from tests.support.rsa_keys import keys_made_once

_run = pytest.StashKey[services.Run]()

MEMORY = Path("/dev/shm")
ROOM = 4_000_000_000
"""Bytes; a run keeps only what belongs to tests that failed, and needs far less."""


def pytest_configure(config: pytest.Config) -> None:
    # xdist's workers belong to the run of the process that made them
    if not hasattr(config, "workerinput"):
        config.stash[_run] = services.Run()
        if _fits_into_memory():
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def _fits_into_memory() -> bool:
    """Whether the folders of tests may be kept in memory: servers wait for the disk with each
    commit, and those that tests start are no exception.
    """
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        return False
    may_execute = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    return may_execute and shutil.disk_usage(MEMORY).free >= ROOM


def pytest_unconfigure(config: pytest.Config) -> None:
    if _run in config.stash:
        forget_template()
        config.stash[_run].end()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-databases",
        action="store_true",
        help="run on each database also what otherwise runs on one of them",
    )
    parser.addoption(
        "--all-screens",
        action="store_true",
        help="run on each screen also the scenarios that otherwise run on one of them",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Those in a browser come first: the first worker of xdist then has them all, and no other has
    to start the browser and its servers.
    """
    unchosen: set[str] = set()
    if not config.getoption("--all-databases"):
        unchosen |= _on_the_other_database(items)
    if not config.getoption("--all-screens"):
        unchosen |= _on_the_other_screen(items)
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in unchosen])
    items[:] = [item for item in items if item.nodeid not in unchosen]
    items.sort(key=lambda item: "tests/browser/" not in item.nodeid)


def _on_the_other_database(items: list[pytest.Item]) -> set[str]:
    """The ids of one of each two tests of rules that only differ in their database: the checksum of
    the name decides, so each has half of them. What is about the database itself (the files in
    `tests/fedcom`, the engines, tests marked `each_database`) runs on each.
    """
    known = {
        item.nodeid
        for item in items
        if (
            re.match(r"tests/(federation|fedcom/\w+)/", item.nodeid)
            or item.get_closest_marker("either_database")
        )
        and not item.get_closest_marker("each_database")
    }
    return _one_of_each_pair(known, "sqlite", "postgresql")


def _on_the_other_screen(items: list[pytest.Item]) -> set[str]:
    """The ids of one of each two scenarios that only differ in their screen, as for databases.
    Those in which scripts do the work, writing and reading, run with and without them.
    """
    pattern = r"tests/browser/test_(admin|member|moderation|settings)_scenarios"
    known = {item.nodeid for item in items if re.match(pattern, item.nodeid)}
    return _one_of_each_pair(known, "desktop-light]", "phone-dark-plain]")


def _one_of_each_pair(known: set[str], first: str, second: str) -> set[str]:
    pairs = ((one, one.replace(first, second, 1)) for one in known if first in one)
    return {pair[zlib.crc32(pair[0].encode()) % 2] for pair in pairs if pair[1] in known}


def pytest_collection_finish() -> None:
    """Ten thousand tests live to the end: the garbage collector need not look at them each time."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> list[str]:
    python = f"Python {platform.python_version()}"
    sqlite = f"SQLite {sqlite3.sqlite_version}"
    return ["services: " + ", ".join([python, sqlite, *services.versions()])]


@pytest.fixture
def anyio_backend() -> str:
    """All asynchronous tests run on asyncio."""
    return "asyncio"


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands at noon of 2026-01-01 (UTC) until the test moves it:
    `clock.advance(seconds=90)`.
    """
    return SettableClock()


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[PostgresqlDatabases]:
    """The run's PostgreSQL server, started when the first test asks for it."""
    databases = PostgresqlDatabases()
    yield databases
    databases.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on: every one in turn."""
    return str(request.param)


@pytest.fixture
def database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new database with the whole schema in it."""
    yield from _new_database(dialect, request, tmp_path, migrated=True)


@pytest.fixture
def empty_database_url(
    dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[str]:
    """The address of a new database with nothing in it."""
    yield from _new_database(dialect, request, tmp_path, migrated=False)


def _new_database(
    dialect: str, request: pytest.FixtureRequest, folder: Path, *, migrated: bool
) -> Iterator[str]:
    if dialect == "sqlite":
        name = "migrated" if migrated else "empty"
        yield sqlite_database(folder / f"{name}.sqlite3", migrated=migrated)
        return
    databases: PostgresqlDatabases = request.getfixturevalue("postgresql_databases")
    url = databases.create(migrated=migrated)
    yield url
    databases.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A new database with the whole schema in it, opened."""
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
async def node(
    database: Database, database_url: str, clock: SettableClock, tmp_path: Path
) -> AsyncIterator[Node]:
    """An instance behind its HTTP, with a network in memory below it: see `tests.support.node`."""
    async with open_node(database, database_url, clock, tmp_path) as opened:
        yield opened


@pytest.fixture
def redis_url() -> str:
    """The address of an empty Redis database that no other process of the run uses."""
    return services.empty_redis_url()


@pytest.fixture(autouse=True, scope="session")
def _in_haste() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        keys_made_once(patch)
        statements_compiled_once(patch)
        commits_unsynced(patch)
        # Coverage follows no process of a fork server.
        patch.setattr(server_processes, "is_preloaded", "coverage" not in sys.modules)
        yield


class NetworkForbidden(Exception):
    """A test tried to leave this machine. Not an OSError, so that no code under test takes it for a
    fault of the line.
    """


def _is_loopback(host: Any) -> bool:
    name = str(host).rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def _no_way_out() -> Iterator[None]:
    """Refuse connections and look-ups of names that leave this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for verb in ("connect", "connect_ex"):
            patch.setattr(socket.socket, verb, _guarded(getattr(socket.socket, verb)))
        look_up = socket.getaddrinfo

        def guarded_look_up(host: Any, *rest: Any, **named: Any) -> Any:
            if host is None or _is_loopback(_text(host)) or _is_address(_text(host)):
                return look_up(host, *rest, **named)
            raise NetworkForbidden(f"a test looked up {host!r}")

        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


def _guarded(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family == socket.AF_UNIX or _is_loopback(address[0]):
            return connect(self, address)
        raise NetworkForbidden(f"a test connected to {address!r}")

    return guarded


def _text(host: str | bytes) -> str:
    return host.decode() if isinstance(host, bytes) else host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
