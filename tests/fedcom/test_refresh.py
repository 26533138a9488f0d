"""Remote actors are fetched again: handles, pins, followers."""

from typing import Any

import pytest

from fedcom.models.actor import Community, Person, actor, community as community_table
from fedcom.models.moderation import modlog
from fedcom.models.post import post
from tests.support.documents import activity, document, group, note, person
from tests.support.node import Node
from tests.support.served import DOGS, KIM, WITH_PEERS
from tests.support.webfinger import APEX, answer_webfinger, split_domain

pytestmark = [pytest.mark.anyio, *WITH_PEERS]


async def test_a_handle_is_refreshed_with_its_actor(node: Node) -> None:
    home = node.home
    home.person(KIM)
    split_domain(node)
    home.clock.advance(seconds=2 * 86_400)

    await node.instance.refresh.read_again(KIM)

    found = await node.instance.lookup("@kim@apex.example")
    assert (isinstance(found, Person) and found.handle) == APEX


async def test_an_actor_first_seen_in_an_inbox_has_the_known_handle_domain_of_their_server(
    node: Node,
) -> None:
    ken, zoe = "https://kim.example/u/ken", "https://zoe.example/u/zoe"
    split_domain(node)
    await node.instance.lookup(KIM)
    answer_webfinger(node, "ken@apex.example", ken)
    answer_webfinger(node, "ken@kim.example", ken, subject="ken@apex.example")
    post = node.home.post()

    for iri in (ken, zoe):
        node.network.put(person(iri))
        assert await node.receive(activity("Create", iri, note(f"{iri}/1", iri, post.iri))) == "202"

    domains = {row["iri"]: row["domain"] for row in node.home.rows(actor)}
    assert (domains[ken], domains[zoe]) == ("apex.example", None)
    assert not [url for url in node.network.asked if "webfinger" in url and "zoe" in url]


async def test_an_actor_is_refreshed_after_a_day_and_kept_if_that_fails(
    node: Node,
) -> None:
    node.home.person(KIM)
    node.network.put(person(KIM, name="New"))

    await node.instance.refresh.read_again(KIM)
    assert node.network.fetched() == []

    node.home.clock.advance(days=2)
    await node.instance.refresh.read_again(KIM)
    assert node.network.fetched() == [KIM]
    assert node.snapshot()[KIM] == "Person New"

    node.home.clock.advance(days=2)
    node.network.lose(KIM)
    for _ in range(2):
        await node.instance.refresh.read_again(KIM)
    assert node.network.fetched() == [KIM]


async def test_pinned_posts_are_refreshed_with_their_community(node: Node) -> None:
    dogs = "https://dogs.example/c/dogs"
    featured = f"{dogs}/featured"
    community = node.home.group(dogs, featured=featured)
    node.home.follow(node.home.bob, community)
    kim = node.home.person(KIM)
    first, second, third = (
        node.home.post(by=kim, community=community, iri=f"https://kim.example/post/{number}")
        for number in (1, 2, 3)
    )
    node.network.put(group(dogs, featured=featured), person(KIM))

    async def pinned(*items: Any, **more: Any) -> list[str]:
        node.network.put(document(featured, "OrderedCollection", **more, orderedItems=items))
        node.home.clock.advance(days=2)
        await node.instance.refresh.read_again(dogs)
        return [row["iri"] for row in node.home.rows(post) if row["featured_at"] is not None]

    assert await pinned(first.iri, {"type": "Page", "id": second.iri}) == [first.iri, second.iri]
    assert await pinned(third.iri, "https://kim.example/post/unknown") == [third.iri]
    assert await pinned(first=f"{featured}?page=1") == [third.iri]
    node.network.answer(featured, b"{}")
    node.home.clock.advance(days=2)
    await node.instance.refresh.read_again(dogs)
    assert await pinned() == []
    assert node.home.rows(modlog) == []


FOLLOWERS = f"{DOGS}/followers"


def claimed(node: Node) -> int | None:
    (community,) = [
        row for row in node.home.rows(community_table) if row["actor_id"] != node.home.cats.id
    ]
    number: int | None = community["claimed_followers"]
    assert community["followers"] == (number or 0)
    return number


async def test_the_number_of_followers_comes_with_a_community_and_is_read_again(node: Node) -> None:
    node.network.put(document(FOLLOWERS, "Collection", totalItems=4321, items=[]))

    found = await node.instance.lookup(DOGS)

    assert isinstance(found, Community)
    assert (found.claimed_followers, found.subscribers) == (4321, 0)

    async def read_again() -> int | None:
        node.home.clock.advance(days=2)
        await node.instance.refresh.read_again(DOGS)
        return claimed(node)

    node.network.lose(FOLLOWERS)
    assert await read_again() == 4321
    node.network.put(document(FOLLOWERS, "OrderedCollection", totalItems=12))
    assert await read_again() == 12
    node.network.put(document(FOLLOWERS, "OrderedCollection"))
    assert await read_again() is None
