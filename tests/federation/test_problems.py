"""Every look-up that is refused gives the reason, in one form, to clients that read JSON."""

import json
from typing import Any

import pytest

from fedcom.actions.delete import Delete
from fedcom.actions.message import SendMessage
from fedcom.wire.body import Body
from outbox.deliveries import activities
from tests.support.node import ACTIVITY, Node

pytestmark = pytest.mark.anyio

SECRET = "A word that was taken back"
NOTHING = "/activities/follow/nothing"
ASK = "/.well-known/webfinger"


@pytest.fixture
def dialect() -> str:
    """Refusing is the same on every database."""
    return "sqlite"


async def problem_at(node: Node, path: str, *, accept: str = ACTIVITY) -> dict[str, Any]:
    """The problem with which a GET ends, which must be complete."""
    answer = await node.get(path, accept=accept)
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(answer.content)
    assert found.keys() == {"type", "title", "status", "detail", "code", "instance"}
    assert found["status"] == answer.status_code
    assert found["type"] == "about:blank"
    assert found["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
    assert answer.headers["vary"] == "Accept"
    return found


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/u/nobody", 404, "couldnt_find_person"),
        ("/c/nothing", 404, "couldnt_find_person"),
        ("/c/nothing/followers", 404, "couldnt_find_person"),
        ("/u/bob/moderators", 404, "not_found"),
        ("/post/99", 404, "couldnt_find_post"),
        (f"/post/{2**63}", 404, "couldnt_find_object"),
        ("/post/99/context", 404, "couldnt_find_post"),
        ("/comment/99", 404, "couldnt_find_comment"),
        (NOTHING, 404, "couldnt_find_object"),
        ("/nothing/at/all", 404, "not_found"),
        ("/nodeinfo/3.0", 404, "not_found"),
        (ASK, 400, "resource_missing"),
        (f"{ASK}?resource=", 400, "resource_missing"),
        (f"{ASK}?resource=acct:nobody@home.example", 404, "couldnt_find_person"),
        (f"{ASK}?resource=acct:bob@other.example", 404, "couldnt_find_person"),
        (f"{ASK}?resource=%00", 400, "resource_malformed"),
    ],
)
async def test_each_refusal_has_its_reason(node: Node, path: str, status: int, code: str) -> None:
    found = await problem_at(node, path)

    assert (found["status"], found["code"]) == (status, code)


@pytest.mark.parametrize("path", [ASK, NOTHING, "/u/nobody/outbox"])
@pytest.mark.parametrize("accept", ["*/*", "application/jrd+json, application/json, */*"])
async def test_on_paths_without_pages_json_is_the_default(
    node: Node, path: str, accept: str
) -> None:
    assert (await problem_at(node, path, accept=accept))["code"]


@pytest.mark.parametrize("path", ["/post/99", "/u/nobody", ASK, NOTHING])
async def test_browsers_get_pages(node: Node, path: str) -> None:
    answer = await node.get(path, accept="text/html,application/xhtml+xml,*/*;q=0.8")

    assert answer.status_code in (404, 400)
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("accept", ["image/png", "text/turtle, application/rdf+xml"])
async def test_paths_with_documents_only_respond_406_to_other_types(
    node: Node, accept: str
) -> None:
    found = await problem_at(node, "/u/bob/outbox", accept=accept)

    assert (found["status"], found["code"]) == (406, "not_acceptable")
    assert ACTIVITY in found["detail"]


@pytest.mark.parametrize("accept", ["*/*", "application/*", "text/html", "application/json", ""])
async def test_documents_are_served_to_clients_that_accept_them(node: Node, accept: str) -> None:
    assert (await node.get("/u/bob/outbox", accept=accept)).status_code == 200


async def test_a_tombstone_stays_a_document(node: Node) -> None:
    post = node.home.post(title=SECRET)
    node.home.perform(Delete(by=node.home.bob, target=post))

    answer = await node.get(f"/post/{post.id}")

    assert answer.status_code == 410
    assert json.loads(answer.content)["type"] == "Tombstone"
    assert SECRET not in answer.text


async def test_private_content_looks_like_missing_content(node: Node) -> None:
    kim = node.home.person("https://kim.example/u/kim")
    body = Body.of_markdown(SECRET)
    node.home.perform(SendMessage(by=node.home.bob, to=kim, body=body))
    issued = node.home.rows(activities)[-1]["activity_id"]
    private = await problem_at(node, issued.removeprefix("https://home.example"))
    never = await problem_at(node, NOTHING)

    assert private | {"instance": ""} == never | {"instance": ""}
    assert list(private) == list(never)


async def test_another_method_is_refused_in_the_same_form(node: Node) -> None:
    answer = await node.get(ASK, method="DELETE")

    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert json.loads(answer.content)["code"] == "method_not_allowed"
