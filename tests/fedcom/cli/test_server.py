import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from fedcom.cli.server import choose_limits
from fedcom.settings import Settings
from tests.fedcom.cli.shell import PASSWORD, Shell
from tests.support.server_processes import Node, Process, running
from tests.support.waiting import eventually

ADMIN_PASSWORD = "noch ein langes Wort 9"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(
        "one",
        tmp_path / "one",
        database_url=f"sqlite:///{tmp_path}/new.sqlite3",
        admin_name="ann",
        admin_password=ADMIN_PASSWORD,
        log_format="json",
        log_level="debug",
    )
    with running(made):
        yield made


def ask(node: Node, *arguments: str, stdin: str = "") -> subprocess.Popen[str]:
    """Begin one command in a process of its own, beside the server."""
    command = subprocess.Popen(
        [sys.executable, "-m", "fedcom", *arguments],
        env=node.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert command.stdin is not None
    command.stdin.write(stdin)
    command.stdin.close()
    command.stdin = None
    return command


def end(command: subprocess.Popen[str]) -> str:
    out, err = command.communicate(timeout=60)
    assert (command.returncode, err) == (0, "")
    return out


def test_commands_work_beside_a_running_server(node: Node) -> None:
    end(ask(node, "community", "create", "cats", "--by", "ann"))
    made = [
        ask(node, "user", "create", f"member{number}", stdin=f"{PASSWORD}\n") for number in range(3)
    ]
    with httpx.Client(base_url=node.origin, trust_env=False) as client:
        for _ in range(20):  # reads and commands at once
            assert client.get("/c/cats").status_code == 200
        for command in made:
            end(command)
        assert client.get("/u/member2").status_code == 200
        as_document = client.get("/c/cats", headers={"Accept": "application/activity+json"})
        assert as_document.json()["type"] == "Group"
    listed = end(ask(node, "user", "list"))
    assert {line.split()[0] for line in listed.splitlines()} == {
        "ann",
        "member0",
        "member1",
        "member2",
    }


def test_neither_log_nor_data_folder_show_a_password(node: Node) -> None:
    end(ask(node, "user", "create", "bob", stdin=f"{PASSWORD}\n"))
    with httpx.Client(base_url=node.origin, trust_env=False) as client:
        client.post("/login", data={"name": "ann", "password": ADMIN_PASSWORD})
    node.stop()

    lines = node.server.log.read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    for path in node.folder.iterdir():
        found = path.read_bytes()
        assert ADMIN_PASSWORD.encode() not in found, path
        assert PASSWORD.encode() not in found, path
        if path.name != "secret.key":
            assert (node.folder / "secret.key").read_bytes().strip() not in found, path


def test_a_request_is_one_line_with_its_id(node: Node) -> None:
    with httpx.Client(base_url=node.origin, trust_env=False) as client:
        answer = client.get("/livez", params={"q": "private"})
    node.stop()

    lines = [json.loads(line) for line in node.server.log.read_text().splitlines()]
    mine = [line for line in lines if line.get("path") == "/livez"]

    assert [line["request_id"] for line in mine] == [answer.headers["x-request-id"]]
    assert (mine[0]["status"], mine[0]["client"]) == (200, "127.0.0.1")
    assert "private" not in json.dumps(mine)


def test_a_worker_without_redis_explains_what_it_needs(shell: Shell) -> None:
    result = shell("worker")

    assert (result.code, result.out) == (1, "")
    assert result.err == "redis_url: required for a worker; without it the server delivers\n"


def test_a_worker_that_is_terminated_ends_gracefully(tmp_path: Path, redis_url: str) -> None:
    node = Node("one", tmp_path / "one", redis_url=redis_url)
    end(ask(node, "user", "list"))
    worker = ask(node, "worker")
    assert worker.stderr is not None
    for line in worker.stderr:
        if "redis_connected" in line:
            break

    worker.terminate()
    _, err = worker.communicate(timeout=20)

    assert worker.returncode == 0
    assert "Traceback" not in err


@pytest.fixture
def open_files() -> Iterator[None]:
    """The limits of this process, put back at the end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("soft", "wanted", "connections", "files"),
    [(1024, 1000, 1000, 2000), (1024, 100, 100, 1024), (1024, 100_000, None, None)],
)
@pytest.mark.usefixtures("open_files")
def test_half_of_the_open_files_are_for_clients(
    soft: int, wanted: int, connections: int | None, files: int | None
) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    limits = choose_limits(Settings(origin="https://forum.example", max_connections=wanted))

    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert limits.connections == (connections or min(wanted, hard // 2))
    assert allowed == (files or min(2 * wanted, hard))


IMPATIENT = """
from dataclasses import replace
from fedcom.cli.server import choose_limits, run_server
from fedcom.logs import configure_logs
from fedcom.settings import load_settings
settings = load_settings()
configure_logs(settings.log_level, settings.log_format)
run_server(settings, replace(choose_limits(settings), head=4.0, body=4.0))
"""

HALF_HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
HALF_BODY = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 1000\r\n\r\n{"
SLOW = (
    HALF_BODY % (b"/login", b"application/x-www-form-urlencoded"),
    HALF_BODY % (b"/inbox", b"application/activity+json"),
)


@pytest.mark.usefixtures("open_files")
def test_a_server_with_two_thousand_slow_clients_answers_at_once(tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    node = Node("one", tmp_path / "one", max_connections="3000")
    node.servers[0] = Process([], node.environ, node.server.log, program=("-c", IMPATIENT))
    address = (node.host.partition(":")[0], node.port)
    clients = [f"127.0.31.{number}" for number in range(1, 11)]

    with running(node), ExitStack() as open_sockets:

        def connect(client: str, sent: bytes) -> socket.socket:
            line = socket.create_connection(address, timeout=30, source_address=(client, 0))
            open_sockets.enter_context(line)
            line.sendall(sent)
            return line

        dripping = [connect(clients[0], sent) for sent in SLOW]
        slow = [connect(client, SLOW[number % 2]) for number in range(20) for client in clients]
        slow += [connect(client, HALF_HEAD) for _ in range(200) for client in clients]

        for _ in range(5):
            ask_whether_alive(node)
        assert not any(map(is_closed, slow[-100:])), "these need not be sent away before"

        answers = last_responses(dripping)
        assert [answer[:12] for answer in answers] == [b"HTTP/1.1 408"] * 2
        eventually(lambda: all(is_closed(line) for line in slow))
        ask_whether_alive(node)
    log = node.server.log.read_text()
    assert "Traceback" not in log
    assert "Too many open files" not in log


def ask_whether_alive(node: Node) -> None:
    """Have /livez answered."""
    assert httpx.get(f"{node.origin}/livez", trust_env=False, timeout=30).status_code == 200


def last_responses(dripping: list[socket.socket]) -> list[bytes]:
    """The server's responses to clients that send a byte now and then."""
    result: dict[socket.socket, bytes] = {}
    deadline = time.monotonic() + 30
    while len(result) < len(dripping):
        assert time.monotonic() < deadline
        for line in dripping:
            if line not in result:
                line.settimeout(0.1)
                line.sendall(b" ")
                with suppress(TimeoutError):
                    result[line] = line.recv(2**16)
    return [result[line] for line in dripping]


def is_closed(line: socket.socket) -> bool:
    """Whether the server has closed the connection, with or without an answer."""
    line.setblocking(False)
    try:
        return not line.recv(2**16)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
