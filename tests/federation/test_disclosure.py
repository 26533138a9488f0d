"""Deleted and private content is at no address: every route is requested.

Each is asked for a document by a server, and for a page by a guest and by an uninvolved member; so
are all activities that were ever sent, at their ids.
"""

import re
from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import Update, update
from starlette.routing import Route

from fedcom.accounts.sessions import create_session
from fedcom.actions.ban import Ban
from fedcom.actions.comment import EditComment
from fedcom.actions.delete import Delete
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.lock import Lock
from fedcom.actions.message import DeleteMessage, SendMessage
from fedcom.actions.moderators import AddModerator
from fedcom.actions.post import EditPost
from fedcom.actions.remove import RemoveContent
from fedcom.actions.report import Report
from fedcom.actions.vote import Vote
from fedcom.app import create_app
from fedcom.models.actor import Community, Person, community as community_table
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.wire.body import Body
from fedcom.wire.illustration import Illustration
from outbox.deliveries import activities
from tests.support.node import ACTIVITY, Node
from tests.support.people import ORIGIN, Home

pytestmark = pytest.mark.anyio

PAGE = "text/html"
KIM = "https://kim.example/u/kim"
# Texts that occur nowhere else; each is in one field only.
TITLE, TEXT, LINK, ALT, WARNING = "Zanzibar", "quagga", "okapi", "numbat", "wombat"
REMARK, FORMER = "dugong", "narwhal"
SECRETS = (TITLE, TEXT, LINK, ALT, WARNING, REMARK, FORMER)


@pytest.fixture
def dialect() -> str:
    """Visibility does not depend on the database."""
    return "sqlite"


def paths(node: Node, *, names: Iterable[str], numbers: Iterable[int]) -> list[str]:
    """Every address with a GET, about these people, communities and objects, and all activities."""
    templates = [
        route.path.replace(":int", "")
        for route in create_app(node.instance.settings).routes
        if isinstance(route, Route) and "GET" in (route.methods or ())
    ]
    others = {"kind": "create", "token": "x", "signature": "x"}
    found = {
        template.format(name=name, slug=name, number=number, **others)
        for template in templates
        for name in names
        for number in numbers
    }
    found |= {f"/search?q={secret}" for secret in SECRETS}
    found |= {"/?list=all&sort=new", "/?list=all&sort=active"}
    found |= {f"/u/{name}?show=comments" for name in names}
    found |= {row["activity_id"].removeprefix(ORIGIN) for row in node.home.rows(activities)}
    return sorted(found)


class Reader:
    """A guest and a member, who request pages and documents."""

    def __init__(self, node: Node) -> None:
        self.node = node
        eve = node.home.member("eve")
        token = node.home(lambda ctx: create_session(ctx.conn, eve.id, "a browser", ctx.now))
        self.visitors = ({}, {"Cookie": f"__Host-session={token}"})

    async def see(self, asked: Iterable[str]) -> set[tuple[str, str]]:
        """The secrets found at these addresses."""
        found = set()
        for path in asked:
            answers = [await self.node.get(path)]
            if not path.startswith("/activities/"):
                answers += [await self.node.get(path, accept=PAGE, **who) for who in self.visitors]
            for answer in answers:
                assert answer.status_code < 500, path
                # The search box repeats the query.
                typed = path.partition("?q=")[2]
                found |= {
                    (secret, path)
                    for secret in SECRETS
                    if secret in answer.text and secret != typed
                }
        return found


@pytest.fixture
def reader(node: Node) -> Reader:
    return Reader(node)


def write(home: Home, by: Person, community: Community) -> tuple[Post, Comment]:
    """A post with something in every field, a comment below it, and earlier versions of both."""
    fields: dict[str, Any] = {
        "url": f"https://peer.example/{LINK}",
        "image": Illustration("https://cdn.example/x.png", ALT),
    }
    former, body, remark = map(Body.of_markdown, (FORMER, TEXT, REMARK))
    post = home.post(by, community, title=f"{TITLE} {FORMER}", body=former, **fields)
    comment = home.comment(post, by, text=FORMER)
    home.clock.advance(seconds=1)
    home.perform(EditPost(by=by, post=post, title=TITLE, body=body, **fields))
    home.perform(EditComment(by=by, comment=comment, body=remark, content_warning=WARNING))
    home.perform(Vote(by=by, target=post, score=-1))
    home.perform(Lock(by=home.ann, target=home.fresh(post), locked=True))
    home.perform(Report(by=home.ann, target=post, reason="?"))
    home.clock.advance(seconds=1)
    return home.fresh(post), home.fresh(comment)


async def test_removed_content_is_at_no_address(reader: Reader) -> None:
    home = reader.node.home
    dogs = home.community("dogs")
    for community in (home.cats, dogs):
        home.follow(home.person("https://forum.example/u/fan", "lemmy"), community)
        home.follow(home.person(KIM, "mastodon"), community)
    carl, dora, lea = map(home.member, ("carl", "dora", "lea"))
    removed = write(home, home.bob, home.cats)
    deleted = write(home, home.bob, home.cats)
    write(home, home.bob, dogs)
    for author in (carl, dora, lea):
        write(home, author, home.cats)
    addresses = [
        *("/", "/post/1", "/comment/1", "/u/bob", "/u/bob?show=comments", "/c/cats"),
        *("/c/cats/outbox", "/u/bob/outbox", "/post/1/history", "/comment/1/history"),
        *("/feeds/all.xml", "/feeds/post/1.atom", "/feeds/u/bob.xml", f"/search?q={TEXT}"),
    ]
    sent = [row["activity_id"].removeprefix(ORIGIN) for row in home.rows(activities)]
    shown = await reader.see([*addresses, *[path for path in sent if "/update/" in path]])
    assert {secret for secret, _ in shown} == set(SECRETS)
    assert {path for _, path in shown} > set(addresses)

    for one, other in zip(removed, deleted, strict=True):
        home.perform(RemoveContent(by=home.ann, target=one, reason="no"))
        home.perform(Delete(by=home.bob, target=other))
    home(lambda ctx: ctx.conn.execute(_close(dogs).values(removed_at=ctx.now)))
    home.perform(Ban(by=home.ann, person=carl, community=None, removes_content=True))
    home.perform(Ban(by=home.ann, person=dora, community=home.cats, removes_content=True))
    home.perform(DeleteActor(by=lea))

    names = ("bob", "carl", "dora", "lea", "cats", "dogs")
    asked = paths(reader.node, names=names, numbers=range(1, 7))
    assert await reader.see(asked) == set()


def _close(community: Community) -> Update:
    return update(community_table).where(community_table.c.actor_id == community.id)


async def test_a_private_message_is_at_no_address(reader: Reader) -> None:
    home = reader.node.home
    kim = home.person(KIM, "mastodon")
    texts = [Body.of_markdown(f"A {secret}") for secret in SECRETS[:2]]
    kept, taken = (home.perform(SendMessage(by=home.bob, to=kim, body=text)) for text in texts)
    home.perform(DeleteMessage(by=home.bob, message=taken))
    third = home.perform(SendMessage(by=home.bob, to=home.ann, body=texts[0]))
    assert any(TITLE.encode() in row["body"] for row in home.rows(activities))

    asked = paths(reader.node, names=("ann", "bob", "kim@kim.example"), numbers=(1, 2, 3))
    assert {kept.id, taken.id, third.id} == {1, 2, 3}
    assert await reader.see(asked) == set()


async def test_reports_and_reporters_are_at_no_address(reader: Reader) -> None:
    home = reader.node.home
    kim = home.person(KIM, "lemmy")
    home.perform(AddModerator(by=home.ann, community=home.cats, person=kim))
    post = home.post(by=home.person("https://lea.example/u/lea", "lemmy"))
    home.perform(Report(by=home.bob, target=post, reason=TITLE))
    assert any(TITLE.encode() in row["body"] for row in home.rows(activities))

    asked = paths(reader.node, names=("bob", "cats"), numbers=[post.id])
    assert await reader.see(asked) == set()


@pytest.mark.parametrize("path", ["/message/{}", "/message/{}/edit", "/message/{}/report"])
@pytest.mark.parametrize("accept", [PAGE, ACTIVITY])
async def test_a_message_of_others_looks_like_a_missing_one(
    reader: Reader, path: str, accept: str
) -> None:
    node = reader.node
    sent = node.home.perform(
        SendMessage(by=node.home.bob, to=node.home.ann, body=Body.of_markdown("Hello"))
    )

    async def ask(number: int, who: dict[str, str]) -> tuple[int, dict[str, str], str]:
        own = path.format(number)
        answer = await node.get(own, accept=accept, **who)
        headers = {
            name: value.replace(own, "")
            for name, value in answer.headers.items()
            if name not in ("x-request-id", "content-length")
        }
        text = re.sub(r"urn:uuid:[-0-9a-f]+", "", answer.text.replace(own, ""))
        # The forms' token differs on every page.
        return answer.status_code, headers, re.sub(r"[\w-]{40,}", "", text)

    for who in reader.visitors:
        assert await ask(sent.id, who) == await ask(99, who)


async def test_responses_that_depend_on_the_viewer_are_not_cached(reader: Reader) -> None:
    """No document depends on a signature, so none varies by it; pages vary by the cookie."""
    home = reader.node.home
    home.comment(home.post())
    guest, eve = reader.visitors
    for path in paths(reader.node, names=("bob", "cats"), numbers=[1]):
        answer = await reader.node.get(path, accept=PAGE, **eve)
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        # That of the service worker is the same for everybody.
        if is_page and path != "/offline":
            assert "Cookie" in answer.headers["vary"], path
            assert answer.headers["cache-control"].startswith("private, no-"), path
    export = await reader.node.get("/settings/export", accept=PAGE, **eve)
    assert export.headers["cache-control"] == "private, no-store"
    for path in ("/u/bob", "/c/cats", "/post/1", "/comment/1", "/c/cats/outbox", "/post/1/context"):
        answers = [await reader.node.get(path, **who) for who in (guest, eve)]
        assert answers[0].content == answers[1].content
        assert "Accept" in answers[0].headers["vary"]
