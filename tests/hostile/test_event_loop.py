"""No request blocks the event loop for longer than 20 ms of CPU time."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost, EditPost
from fedcom.context import Context
from fedcom.models.post import Post
from fedcom.queries.actors import find_person
from fedcom.wire.body import Body
from tests.support.people import NO_KEY
from tests.support.visitor import FORM_HEADERS, Visitor
from tests.support.watched_server import ADMIN, WatchedServer

LONGEST = 0.020
"""Seconds."""

TRIES = 4
"""How often a request is tried: another process may have evicted the caches."""

POSTS = 30
COMMENTS = 150
MEGABYTE = 1_000_000

HONEST = "Some *honest* words and a [link](https://example.org/x) in a long text.\n\n"
LONG = (HONEST * 1000)[:49_000]
BRACKETS = (
    b'{"@context":"https://www.w3.org/ns/activitystreams","type":"Create",'
    b'"actor":"https://peer.example/u/kim","object":[' + b"[]," * 330_000 + b"0]}"
)
DOCUMENTS = {"Accept": "application/activity+json"}
DELIVERY = {
    "Content-Type": "application/activity+json",
    "Signature": 'keyId="https://peer.example/u/kim#main-key",signature="YQ=="',
}


class LoadedServer:
    """A server with long posts, a long thread and an edited post, and its admin."""

    def __init__(self, server: WatchedServer) -> None:
        self.server = server
        self.post = server.unit(_fill)
        self.admin = Visitor(server.origin, ADMIN)
        self.admin.log_in()
        self.form = self.admin.open("/c/cats/submit").form(having="title").fields
        self.guest = httpx.Client(base_url=server.origin, trust_env=False, timeout=60)

    def close(self) -> None:
        """Close the client."""
        self.admin.client.close()
        self.guest.close()

    def send(self, path: str, **fields: str) -> httpx.Response:
        """Send a form as the admin."""
        sent = {**self.form, "community": "cats", **fields}
        return self.admin.client.post(path, data=sent, headers=FORM_HEADERS)


def _fill(ctx: Context) -> Post:
    boss = find_person(ctx.conn, ADMIN, ctx.host)
    assert boss is not None
    cats = perform(ctx, CreateCommunity(by=boss, name="cats", key=NO_KEY))
    body = Body.of_markdown(LONG)
    for number in range(POSTS):
        perform(ctx, CreatePost(by=boss, community=cats, title=f"Long {number}", body=body))
    post = perform(ctx, CreatePost(by=boss, community=cats, title="Cats sleep", body=body))
    honest_body = Body.of_markdown(HONEST * 20)
    for _ in range(COMMENTS):
        perform(ctx, CreateComment(by=boss, post=post, parent=None, body=honest_body))
    for number in range(4):
        text = Body.of_markdown(LONG.replace("honest", f"word{number}"))
        post = perform(ctx, EditPost(by=boss, post=post, title="Cats sleep", body=text))
    return post


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedServer]:
    server = WatchedServer(tmp_path_factory.mktemp("watched"))
    server.start()
    try:
        loaded = LoadedServer(server)
        yield loaded
        loaded.close()
    finally:
        server.stop()


REQUESTS: dict[str, Callable[[LoadedServer], httpx.Response]] = {
    "a long thread": lambda loaded: loaded.guest.get(f"/post/{loaded.post.id}"),
    "its history": lambda loaded: loaded.guest.get(f"/post/{loaded.post.id}/history"),
    "its document": lambda loaded: loaded.guest.get(f"/post/{loaded.post.id}", headers=DOCUMENTS),
    "an outbox": lambda loaded: loaded.guest.get("/c/cats/outbox", headers=DOCUMENTS),
    "the outbox of a person": lambda loaded: loaded.guest.get(
        f"/u/{ADMIN}/outbox", headers=DOCUMENTS
    ),
    "the ids of a thread": lambda loaded: loaded.guest.get(
        f"/post/{loaded.post.id}/context?page=1", headers=DOCUMENTS
    ),
    "the front page": lambda loaded: loaded.guest.get("/?list=local"),
    "RSS": lambda loaded: loaded.guest.get("/feeds/all.xml"),
    "Atom": lambda loaded: loaded.guest.get("/feeds/c/cats.atom"),
    "a search": lambda loaded: loaded.guest.get("/search", params={"q": '"honest wor* -a ' * 20}),
    "a WebFinger query": lambda loaded: loaded.guest.get(
        "/.well-known/webfinger", params={"resource": "acct:" + "a.@" * 5_000}
    ),
    "long Accept headers": lambda loaded: loaded.guest.get(
        "/", headers={"Accept": "a/b;q=1," * 2_000, "Accept-Language": "a," * 6_000}
    ),
    "long cookies": lambda loaded: loaded.guest.get("/", headers={"Cookie": "a=b;" * 7_000}),
    "a delivery of a megabyte": lambda loaded: loaded.guest.post(
        "/inbox", content=BRACKETS, headers=DELIVERY
    ),
    "a delivery with long headers": lambda loaded: loaded.guest.post(
        "/inbox",
        content=b"{}",
        headers={
            "Signature": "a=:YQ==:," * 900,
            "Signature-Input": 'a=("b" "c");d="e",' * 450,
            "Digest": "a=b," * 2_000,
        },
    ),
    "a form of a megabyte": lambda loaded: loaded.guest.post(
        "/login", data={"name": "%" * (MEGABYTE // 3)}, headers=FORM_HEADERS
    ),
    "a form of many parts": lambda loaded: loaded.guest.post(
        "/login",
        files={f"f{number}": (None, b"\r\n-" * 2_500) for number in range(90)},
        headers=FORM_HEADERS,
    ),
    "a preview of colons": lambda loaded: loaded.send("/submit", body="://" * 16_600, preview="1"),
    "a preview of stars": lambda loaded: loaded.send("/submit", body="*a" * 24_900, preview="1"),
    "an honest long post": lambda loaded: loaded.send("/submit", title="Another", body=LONG),
    "a post of colons": lambda loaded: loaded.send("/submit", title="Another", body="://" * 16_600),
    "a title of a megabyte": lambda loaded: loaded.send("/submit", title="a " * (MEGABYTE // 2)),
    "a text of a megabyte": lambda loaded: loaded.send("/submit", title="Abc", body="a" * MEGABYTE),
    "a comment": lambda loaded: loaded.send(f"/post/{loaded.post.id}/comment", body=LONG[:9_900]),
    "a handle to look up": lambda loaded: loaded.send("/search", q="@a." * 600),
    "all of one's own data": lambda loaded: loaded.admin.client.get("/settings/export"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_no_request_blocks_the_event_loop_for_more_than_20_ms(
    loaded: LoadedServer, name: str
) -> None:
    request = REQUESTS[name]
    # One-time work (loading templates, opening catalogues) is not counted for any request.
    assert request(loaded).status_code < 500

    longest = 1.0
    for _ in range(TRIES):
        longest = min(longest, loaded.server.longest_step(lambda: request(loaded)))
        if longest <= LONGEST:
            break

    assert longest <= LONGEST


def test_a_step_of_the_loop_is_measured(loaded: LoadedServer) -> None:
    """The watcher sees the loop: the cheapest request takes some of it."""
    assert 0 < loaded.server.longest_step(lambda: loaded.guest.get("/livez")) < LONGEST
