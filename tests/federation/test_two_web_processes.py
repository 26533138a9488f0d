"""Two servers of one instance, behind a proxy: what one changes, the other sees at once."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support import services
from tests.support.databases import PostgresqlDatabases
from tests.support.documents import AS2
from tests.support.server_processes import Node, running
from tests.support.visitor import HEADERS, Visitor

STRANGER = "stranger.example"


@pytest.fixture(scope="module")
def twins(
    postgresql_databases: PostgresqlDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Node]:
    node = Node(
        "twins",
        tmp_path_factory.mktemp("twins"),
        address="127.0.0.13",
        database_url=postgresql_databases.create(migrated=True),
        redis_url=services.empty_redis_url(),
        webs=2,
    )
    with running(node):
        yield node


@pytest.fixture(scope="module")
def ann(twins: Node) -> Iterator[Visitor]:
    """The admin, at the first server."""
    with Visitor(twins.servers[0].origin, "ann") as visitor:
        visitor.set_up("Twins", "garden", "The Garden")
        yield visitor


@pytest.fixture(scope="module")
def other(twins: Node) -> Iterator[httpx.Client]:
    """A guest at the second server."""
    with httpx.Client(
        base_url=twins.servers[1].origin, headers=HEADERS, trust_env=False, timeout=30.0
    ) as client:
        yield client


def test_a_post_edited_at_one_server_is_new_for_the_guests_of_the_other(
    ann: Visitor, other: httpx.Client
) -> None:
    post = ann.submit("/c/garden", "A title", body="The first text.")
    for _ in range(2):  # the second time from memory
        assert "The first text." in other.get(post).text
    ann.edit_post(post, body="The second text.")
    page = other.get(post).text
    assert "The second text." in page
    assert "The first text." not in page


def test_a_host_blocked_at_one_server_is_refused_by_the_other(
    ann: Visitor, other: httpx.Client, twins: Node
) -> None:
    person = f"https://{STRANGER}/u/eve"
    like = {"@context": AS2, "type": "Like", "actor": person, "object": f"{twins.origin}/post/1"}

    def send() -> str:
        """The code of the refusal; the signature is no good anyway."""
        answer = other.post(
            "/inbox",
            json=like | {"id": f"https://{STRANGER}/like/1"},
            headers={
                "Content-Type": "application/activity+json",
                "Signature": f'keyId="{person}#main-key",headers="date",signature="AAAA"',
            },
        )
        return str(answer.json()["code"])

    assert send() != "host_blocked"
    page = ann.open("/admin/instances")
    ann.send(page, page.form(having="host"), host=STRANGER, reason="Floods.")
    assert send() == "host_blocked"


def test_a_session_ended_at_one_server_is_over_at_the_other(
    ann: Visitor, other: httpx.Client
) -> None:
    session = {"Cookie": f"session={ann.client.cookies['session']}"}
    assert other.get("/notifications", headers=session).status_code == 200
    ann.press("/", "/logout")
    assert other.get("/notifications", headers=session).status_code == 303


def test_each_connection_to_the_origin_reaches_some_server(twins: Node) -> None:
    for _ in range(4):
        answer = httpx.get(f"{twins.origin}/readyz", trust_env=False)
        assert answer.text == "ready\n"
