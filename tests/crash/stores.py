"""A PostgreSQL and a Redis that can be killed and started again, for the larger of the servers."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.support import services
from tests.support.server_processes import free_port

DURABLE = [
    *("--listen_addresses=", "--max_connections=100", "--autovacuum=on"),
    # Killing a process loses nothing that it has written, so the disk need not be waited for; but a
    # commit must have been written.
    *("--fsync=off", "--synchronous_commit=on", "--wal_level=minimal", "--max_wal_senders=0"),
]
STOP_SECONDS = 20.0


class Postgresql:
    """A cluster of its own: `url` is the address of its one database."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._binary = services.create_cluster(folder)
        self._server: subprocess.Popen[bytes] | None = None
        self._kills = 0
        self.start()
        admin = f"postgresql://fedcom@/postgres?host={folder}"
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("CREATE DATABASE crash")
        self.url = f"postgresql://fedcom@/crash?host={folder}"

    def start(self) -> None:
        """Start it and wait until it responds."""
        with (self._folder / "log").open("ab") as log:
            self._server = services.run_postgresql(self._folder, self._binary, DURABLE, log)

    def kill(self) -> None:
        """End it at once: by SIGKILL of the postmaster, or every other time by an immediate
        shutdown, which ends its processes as a crash would.
        """
        assert self._server is not None
        self._kills += 1
        children = _children(self._server.pid)
        self._server.send_signal(signal.SIGQUIT if self._kills % 2 else signal.SIGKILL)
        self._server.wait(STOP_SECONDS)
        # Processes without a postmaster end by themselves, but take a moment, and no other server
        # may start before.
        deadline = time.monotonic() + STOP_SECONDS
        while any(_is_alive(pid) for pid in children):
            if time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL does not end")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it in order."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(STOP_SECONDS)


class Redis:
    """A Redis without persistence: it is empty after each start."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.start()

    def start(self) -> None:
        """Start it and wait until it responds."""
        with (self._folder / "log").open("ab") as log:
            self._server = services.run_redis(self._folder, self._port, log)

    def kill(self) -> None:
        """SIGKILL."""
        assert self._server is not None
        self._server.kill()
        self._server.wait(STOP_SECONDS)

    def stop(self) -> None:
        """End it in order."""
        if self._server is not None and self._server.poll() is None:
            self._server.terminate()
            self._server.wait(STOP_SECONDS)


def _children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # The name, in parentheses, may contain spaces.
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(folder.name))
    return found


def _is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        with suppress(OSError):
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
