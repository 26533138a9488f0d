"""The test run keeps to itself: no way out to the network, nothing left running, nothing shared
between tests.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import text

from fedcom.db import Database, open_database
from tests.support import services
from tests.support.clock import SettableClock

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"])
def test_no_connection_leaves_this_machine(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for verb in ("connect", "connect_ex"):
        with socket.socket(family) as out, pytest.raises(Exception, match="a test connected to"):
            getattr(out, verb)((address, 80))


@pytest.mark.anyio
async def test_no_name_is_resolved_by_dns() -> None:
    with pytest.raises(Exception, match="a test looked up"):
        socket.getaddrinfo("peer.example", 80)
    with pytest.raises(Exception, match="a test looked up"):
        await asyncio.get_running_loop().getaddrinfo(b"peer.example", 80)


def test_loopback_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()


@pytest.mark.parametrize("_time", [1, 2])
def test_every_test_has_a_database_of_its_own(database: Database, _time: int) -> None:
    with database.begin() as connection:
        count = connection.execute(text("SELECT count(*) FROM local_name")).scalar()
        connection.execute(text("INSERT INTO local_name VALUES ('ann', '2026-01-01 00:00:00')"))

    assert count == 0


@pytest.mark.parametrize("_time", [1, 2])
def test_every_test_has_an_empty_redis(redis_url: str, _time: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("something", "left")


def test_a_new_database_is_a_used_one_that_was_emptied(request: pytest.FixtureRequest) -> None:
    databases = request.getfixturevalue("postgresql_databases")
    databases.drop(databases.create(migrated=True))  # the first one makes the template

    def given_out() -> str:
        url = databases.create(migrated=True)
        opened = open_database(url)
        with opened.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM actor")).scalar() == 0
        opened.close()
        databases.drop(url)
        return url

    # 0.03 s each; a copy takes a hundred times as long. One that was used too often is not kept.
    assert len({given_out() for _ in range(5)}) <= 2


def test_the_clock_stands_until_it_is_moved(clock: SettableClock) -> None:
    before = clock()
    clock.advance(minutes=1, seconds=30)

    assert (clock() - before).total_seconds() == 90
    assert clock() == clock()


ENDS_BADLY = """
import os, pathlib, signal
from tests.support.server_processes import Node
def test_that_ends_badly(postgresql_databases, redis_url):
    url = postgresql_databases.create(migrated=False)
    run = os.environ["FEDCOM_TEST_RUN_FOLDER"]
    report = pathlib.Path(os.environ["REPORT"])
    node = Node("left", report.parent, database_url=f"sqlite:///{{report.parent}}/left.sqlite3")
    node.start()
    report.write_text("\\n".join([run, url, redis_url, str(node.server.pid)]))
    # What a shell starts in the background inherits that it is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.kill(os.getpid(), signal.{signal})
"""


@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
def test_a_run_that_is_killed_leaves_nothing_running(tmp_path: Path, how: str) -> None:
    if os.environ.get(services.POSTGRESQL_URL) or os.environ.get(services.REDIS_URL):
        return  # then nothing is started, so nothing can be left
    report = tmp_path / "report"
    (tmp_path / "test_ends.py").write_text(ENDS_BADLY.format(signal=how))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", tmp_path / "test_ends.py"],
        cwd=ROOT,
        env={**os.environ, "REPORT": str(report), "PYTEST_XDIST_WORKER": ""},
        capture_output=True,
        check=False,
    )
    folder, postgresql, redis_url, pid = report.read_text().split("\n")
    server = Path("/proc") / pid
    deadline = time.monotonic() + services.STOP_SECONDS
    while (Path(folder).exists() or server.exists()) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert done.returncode == (-signal.SIGKILL if how == "SIGKILL" else 2)
    assert not Path(folder).exists()
    assert not server.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgresql)
    with pytest.raises(redis.ConnectionError), redis.Redis.from_url(redis_url) as client:
        client.ping()
