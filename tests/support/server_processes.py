"""Real server processes on loopback: started, checked for readiness, killed, started again.

Each node has a data folder and an address of its own (127.0.0.1, 127.0.0.2, … so that a browser
keeps their cookies apart) and gets all settings as `FEDCOM_*` variables, as from an admin.
"""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from click.testing import CliRunner

from fedcom.cli.root import fedcom
from tests.support import services
from tests.support.databases import sqlite_database
from tests.support.preloaded import Preloaded

READY_SECONDS = 60.0
STOP_SECONDS = 20.0
PORTS = (20_000, 30_000)
"""Below the range from which systems take ports for outgoing connections: a killed node must find
its port free when it is started again.
"""

FEDCOM = ("-m", "fedcom")

is_preloaded = False
"""Whether programs have their modules from the start: in the test suite, not in benchmarks."""


class Process:
    """One program of a node (`serve` or `worker`), with one log file for all its runs.

    `program` is started by Python in place of Fedcom's command line.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        log: Path,
        program: Sequence[str] = FEDCOM,
    ) -> None:
        self.arguments = tuple(arguments)
        self._program = tuple(program)
        self.log = log
        self._environ = dict(environ)
        self._running: subprocess.Popen[bytes] | Preloaded | None = None

    @property
    def origin(self) -> str:
        """Where a server listens itself, which is not its public origin if it has a proxy."""
        return f"http://{self._environ['FEDCOM_BIND']}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        alive = self._running is not None and self._running.poll() is None
        return self._running.pid if alive and self._running is not None else None

    def start(self) -> None:
        """Start it; does not wait for anything."""
        if self.pid is not None:
            raise RuntimeError(f"{self.arguments} is running already")
        if self._program == FEDCOM and is_preloaded:
            self._running = Preloaded(self.arguments, self._environ, self.log)
            return
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, *self._program, *self.arguments],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the script, which then stops its nodes
            )

    def kill(self) -> None:
        """SIGKILL: no clean shutdown, no last commit."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if it does not end."""
        try:
            self._end(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self.kill()

    def _end(self, number: signal.Signals) -> None:
        if self._running is not None:
            self._running.send_signal(number)
            self._running.wait(STOP_SECONDS)
            self._running = None


class Node:
    """One instance: `origin`, `host`, `folder`, its server and, with a Redis, its worker.

    Its database is a SQLite file in the folder, unless a `database_url` is given. With several
    `webs` or `workers` there are that many processes of each, in `servers` and `workers`. Several
    servers, or one with a `proxy` of another kind, listen on ports of their own behind a proxy at
    `origin`.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
        database_url: str = "",
        redis_url: str = "",
        webs: int = 1,
        workers: int = 1,
        proxy: "type[Proxy] | None" = None,
        **settings: str,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.folder = folder
        self.port = port if port and is_free(address, port) else free_port(address)
        self.host = f"{address}:{self.port}"
        self.origin = f"http://{self.host}"
        self.database_url = database_url or _new_database(folder / "fedcom.sqlite3")
        environment = {
            "origin": self.origin,
            "bind": self.host,
            "data_dir": str(folder),
            "development": "1",
            "database_url": self.database_url,
            "redis_url": redis_url,
            "log_format": "text",
            # Scenarios run faster than people act.
            "member_limits": "0",
            **settings,
        }
        inherited = {key: value for key, value in os.environ.items() if key[:7] != "FEDCOM_"}
        self.settings = {f"FEDCOM_{key.upper()}": environment[key] for key in environment}
        self.environ = inherited | self.settings
        kind = proxy or (Proxy if webs > 1 else None)
        self.proxy = None if kind is None else kind(address, self.port)
        self.servers = [
            self._server(f"{address}:{free_port(address)}" if self.proxy else self.host, number)
            for number in range(webs)
        ]
        self.workers = [
            Process(["worker"], self.environ, folder / f"worker{number or ''}.log")
            for number in range(workers if redis_url else 0)
        ]

    @property
    def server(self) -> Process:
        """The first server."""
        return self.servers[0]

    @property
    def worker(self) -> Process | None:
        """The first worker, if there is one."""
        return self.workers[0] if self.workers else None

    def _server(self, bind: str, number: int) -> Process:
        if self.proxy is not None:
            self.proxy.backends.append(bind)
        log = self.folder / f"server{number or ''}.log"
        return Process(["serve"], self.environ | {"FEDCOM_BIND": bind}, log)

    @property
    def processes(self) -> list[Process]:
        """The servers, and the workers if there are any."""
        return [*self.servers, *self.workers]

    def command(self, *command_line: str, typed: str = "") -> str:
        """The output of the `fedcom` command with these arguments, beside the running server;
        `typed` is
        its standard input. Raises RuntimeError if it fails.

        It runs in this process: starting another takes far longer than the command itself.
        """
        runner = CliRunner(env=self.settings)
        # The loop of a browser's driver runs in the calling thread.
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(runner.invoke, fedcom, command_line, input=typed).result()
        if done.exit_code:
            raise RuntimeError(
                f"fedcom {' '.join(command_line)}: {done.output}"
            ) from done.exception
        return done.stdout

    def stop(self) -> None:
        """End everything in order."""
        for process in reversed(self.processes):
            process.stop()
        if self.proxy is not None:
            self.proxy.close()

    def start(self) -> None:
        """Start the proxy and the servers; waits only for the first of several, which creates the
        instance.
        """
        if self.proxy is not None:
            self.proxy.start()
        for server in self.servers:
            if server is not self.server:
                self.wait_ready()
            server.start()

    def wait_ready(self, server: Process | None = None) -> None:
        """Wait until /readyz of a server (the first one, if none is given) succeeds. Raises
        RuntimeError with the end of the log if it does not.
        """
        server = server or self.server
        deadline = time.monotonic() + READY_SECONDS
        with httpx.Client(base_url=server.origin, trust_env=False, timeout=5.0) as client:
            while not _is_ready(client):
                if server.pid is None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name} did not start:\n{tail(server.log)}")
                time.sleep(0.02)


class Proxy:
    """What stands before several servers: each connection goes to one that accepts it."""

    def __init__(self, address: str, port: int) -> None:
        self._at = (address, port)
        self.backends: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._turn = 0

    def start(self) -> None:
        """Listen, in a thread of its own."""
        self._thread.start()
        listening = asyncio.start_server(self._serve, *self._at, backlog=1000)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()

    def close(self) -> None:
        """Hang up."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._server.close)
            asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._turn += 1
        for number in range(len(self.backends)):
            address, _, port = self.backends[(self._turn + number) % len(self.backends)].partition(
                ":"
            )
            with suppress(OSError):
                from_server, to_server = await asyncio.open_connection(address, int(port))
                await asyncio.gather(_pass_on(reader, to_server), _pass_on(from_server, writer))
                return
        writer.close()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until one side ends, then end the other."""
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextmanager
def running(*nodes: Node) -> Iterator[None]:
    """Start the nodes; stop them at the end, whatever happens."""
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            for server in node.servers:
                node.wait_ready(server)
            for worker in node.workers:
                worker.start()
        yield
    finally:
        for node in nodes:
            node.stop()


def _new_database(path: Path) -> str:
    """The address of a node's own database: in a test run migrated already, if it is new."""
    if path.exists() or services.RUN_FOLDER not in os.environ:
        return f"sqlite:///{path}"
    return sqlite_database(path, migrated=True)


def free_port(address: str = "127.0.0.1") -> int:
    """A free port at `address`."""
    return next(
        port for port in iter(lambda: random.randrange(*PORTS), 0) if is_free(address, port)
    )


def is_free(address: str, port: int = 0) -> bool:
    """Whether one can listen there. With port 0: whether this machine has the address at all, since
    not every system has the whole of 127.0.0.0/8.
    """
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def tail(log: Path, lines: int = 40) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
