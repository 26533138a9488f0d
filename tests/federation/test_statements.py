"""How many statements an activity costs: its rows are read once, on both databases alike.

The limits are the current costs, without a margin: a change that needs one more raises them here.
"""

import json
from typing import Any

import httpx
import pytest

from activitypub.signatures.request import sign
from fedcom.actions.base import Action
from fedcom.actions.comment import CreateComment
from fedcom.actions.perform import perform
from fedcom.actions.vote import Vote
from fedcom.models.post import Post
from fedcom.wire.body import Body
from tests.support.documents import Json, activity, note, private_key
from tests.support.node import Node
from tests.support.people import HOST, ORIGIN
from tests.support.plans import counted

pytestmark = [pytest.mark.anyio, pytest.mark.each_database]

KIM = "https://kim.example/u/kim"
CATS = f"{ORIGIN}/c/cats"
TIMES = 10
"""Activities that are processed one after the other, so that the queue's own statements, shared by
many rows, have their usual weight.
"""


class Village:
    """!cats with posts of bob's. Kim votes and replies from a forum; a forum and a microblog follow
    !cats, and another microblog follows bob.
    """

    def __init__(self, node: Node) -> None:
        self.node, home = node, node.home
        home.follow(home.person(KIM, "lemmy"), home.cats)
        home.follow(home.person("https://lou.example/u/lou", "mastodon"), home.cats)
        home.follow(home.person("https://max.example/u/max", "mastodon"), home.bob)
        self.posts = [home.post() for _ in range(TIMES + 2)]

    async def deliver(self, document: Json) -> None:
        """A signed request, answered 202 and not processed yet."""
        self.node.home.clock.advance(seconds=1)
        body, url = json.dumps(document).encode(), f"{ORIGIN}/inbox"
        headers = sign("POST", url, body, private_key(document["actor"]), self.node.home.clock())
        app = self.node.network.applications[HOST]
        transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 4711))
        request = httpx.Request("POST", url, headers=headers, content=body)
        answer = await transport.handle_async_request(request)
        assert answer.status_code == 202

    async def receive(self, documents: list[Json]) -> tuple[int, float]:
        """Statements for one of these at the request, and for processing one. Not the first one,
        whose
        sender is not known yet.
        """
        for one in documents[:2]:
            # An earlier, unprocessed activity of the host would end the check at the request early.
            with counted() as at_request:
                await self.deliver(one)
            await self.node.instance.inbox.drain()
        for one in documents[2:]:
            await self.deliver(one)
        with counted() as while_processing:
            await self.node.instance.inbox.drain()
        return len(at_request), len(while_processing) / TIMES

    async def do(self, action: Action[Any]) -> int:
        """Statements for a local action, by a person whose keys are known already."""
        first = Vote(by=self.node.home.ann, target=self.posts[-1], score=1)
        await self.node.instance.unit(lambda ctx: perform(ctx, first))
        with counted() as statements:
            await self.node.instance.unit(lambda ctx: perform(ctx, action))
        return len(statements)


@pytest.fixture
async def village(node: Node) -> Village:
    return Village(node)


def like(about: str) -> Json:
    return activity("Like", KIM, about)


def answer(number: int, about: Post) -> Json:
    return activity("Create", KIM, note(f"{KIM}/note/{number}", KIM, about.iri, cc=[CATS]))


async def test_receiving_a_like(village: Village) -> None:
    request_statements, processing_statements = await village.receive(
        [like(post.iri) for post in village.posts]
    )

    assert request_statements <= 6
    assert processing_statements <= 11.5


async def test_receiving_a_like_of_a_comment(village: Village) -> None:
    comments = [village.node.home.comment(post) for post in village.posts]
    request_statements, processing_statements = await village.receive(
        [like(comment.iri) for comment in comments]
    )

    assert request_statements <= 7
    assert processing_statements <= 12.5


async def test_receiving_a_comment(village: Village) -> None:
    documents = [answer(number, post) for number, post in enumerate(village.posts)]
    request_statements, processing_statements = await village.receive(documents)

    assert request_statements <= 6
    assert processing_statements <= 15.5


async def test_creating_a_comment(village: Village) -> None:
    home, (post, *_) = village.node.home, village.posts
    parent = home.comment(post)
    body = Body.of_markdown("Sure")

    assert await village.do(CreateComment(by=home.ann, post=post, parent=None, body=body)) <= 17
    assert await village.do(CreateComment(by=home.ann, post=post, parent=parent, body=body)) <= 18


async def test_voting_changing_and_undoing_a_vote(village: Village) -> None:
    home, (post, *_) = village.node.home, village.posts

    assert await village.do(Vote(by=home.ann, target=post, score=1)) <= 9
    assert await village.do(Vote(by=home.ann, target=post, score=-1)) <= 10
    assert await village.do(Vote(by=home.ann, target=post, score=0)) <= 9
