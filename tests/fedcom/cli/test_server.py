import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fedcom.cli.shell import PASSWORD, Shell
from tests.support.nodes import Node, running

ADMIN_PASSWORD = "noch ein langes Wort 9"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(
        "one",
        tmp_path / "one",
        admin_name="ann",
        admin_password=ADMIN_PASSWORD,
        log_format="json",
        log_level="debug",
    )
    with running(made):
        yield made


def ask(node: Node, *words: str, stdin: str = "") -> subprocess.Popen[str]:
    """Begin one command in a process of its own, beside the server."""
    command = subprocess.Popen(
        [sys.executable, "-m", "fedcom", *words],
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


def test_a_worker_without_redis_says_what_it_needs(shell: Shell) -> None:
    said = shell("worker")

    assert (said.code, said.out) == (1, "")
    assert said.err == "redis_url: a worker needs it; without Redis the server delivers\n"


def test_a_worker_that_is_told_to_end_ends_in_order(tmp_path: Path, redis_url: str) -> None:
    node = Node("one", tmp_path / "one", redis_url=redis_url)
    end(ask(node, "user", "list"))
    worker = ask(node, "worker")
    assert worker.stderr is not None
    for line in worker.stderr:
        if "The worker listens" in line:
            break

    worker.terminate()
    _, err = worker.communicate(timeout=20)

    assert worker.returncode == 0
    assert "Traceback" not in err
