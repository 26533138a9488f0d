"""Microblog activities without an effect here are answered 202 everywhere; boosts are counted."""

from typing import Any

import pytest

from fedcom.actions.delete_actor import DeleteActor
from fedcom.queries.boosts import count_boosts
from tests.support.documents import activity, person, undo
from tests.support.node import Node
from tests.support.people import ORIGIN

pytestmark = pytest.mark.anyio

KIM, DOGS = "https://kim.example/u/kim", "https://dogs.example/c/dogs"
POST = f"{ORIGIN}/post/1"


@pytest.fixture
def dialect() -> str:
    """Rows by key; the same on every database."""
    return "sqlite"


def boosts(node: Node) -> int:
    return node.home(lambda ctx: count_boosts(ctx.conn, [POST])).get(POST, 0)


async def test_a_boost_counts_once_until_it_is_undone(node: Node) -> None:
    node.home.post()
    node.network.put(person(KIM))
    boost = activity("Announce", KIM, POST)

    assert await node.receive(boost) == "202"
    assert await node.receive(boost | {"id": f"{KIM}/again"}) == "202"
    assert boosts(node) == 1
    assert await node.receive(undo(boost)) == "202"
    assert boosts(node) == 0
    assert node.home.sent() == []


async def test_an_undo_may_name_the_boost_by_its_id_alone(node: Node) -> None:
    node.home.post()
    node.network.put(person(KIM), person("https://kim.example/u/ken"))
    boost = activity("Announce", KIM, POST)
    await node.receive(boost)

    await node.receive(activity("Undo", "https://kim.example/u/ken", boost["id"]))
    assert boosts(node) == 1
    await node.receive(activity("Undo", KIM, boost["id"]))
    assert boosts(node) == 0


async def test_boosts_go_with_the_account(node: Node) -> None:
    node.home.post()
    kim = node.home.person(KIM)
    await node.receive(activity("Announce", KIM, POST))

    node.home.perform(DeleteActor(by=kim, removes_content=True))

    assert boosts(node) == 0


async def test_an_announce_of_a_community_is_no_boost(node: Node) -> None:
    node.home.post()
    node.home.follow(node.home.bob, node.home.group(DOGS))

    assert await node.receive(activity("Announce", DOGS, POST)) == "202"

    assert boosts(node) == 0


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("QuoteRequest", {"instrument": "https://kim.example/note/1"}),
        ("Move", {"object": KIM, "target": "https://lea.example/u/lea"}),
        ("Announce", {"object": "https://kim.example/note/1"}),
    ],
)
async def test_activities_without_an_effect_are_ignored_alone_and_inside_an_announce(
    node: Node, kind: str, more: dict[str, Any], *, inside: bool
) -> None:
    node.home.post()
    node.network.put(person(KIM))
    node.home.follow(node.home.bob, node.home.group(DOGS))
    document = activity(kind, KIM, POST) | more
    received = activity("Announce", DOGS, document) if inside else document

    answer = await node.receive(received)

    assert answer in ("202 unsupported_type", "202 not_moved", "202 not_a_community")
    assert boosts(node) == 0
