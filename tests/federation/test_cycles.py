"""Documents that refer to each other in a circle, endlessly, or very deeply: each is answered at
once, after a few requests, and nothing is tried again.
"""

from functools import partial
from itertools import count, cycle, islice, pairwise
from typing import Any

import pytest

from activitypub.parse import MAX_DEPTH as LEVELS
from fedcom.errors import FedcomError
from fedcom.federation.listeners import DOCUMENTS
from fedcom.models.actor import Community, actor
from fedcom.models.comment import comment
from fedcom.queries.actors import find_moderators
from inbox.journal import journal
from tests.support.documents import Json, activity, document, group, note, page, person
from tests.support.node import Node
from tests.support.people import ORIGIN

pytestmark = pytest.mark.anyio

CATS = f"{ORIGIN}/c/cats"
KIM, DOGS = "https://kim.example/u/kim", "https://dogs.example/c/dogs"
PUBLIC_AND_CATS = {"to": ["https://www.w3.org/ns/activitystreams#Public", CATS]}


@pytest.fixture
def dialect() -> str:
    """What is fetched is the same on every database."""
    return "sqlite"


def names(community: str = "note") -> Any:
    """Ids of a peer, in sequence."""
    return (f"https://kim.example/{community}/{number}" for number in count())


async def answer_to(node: Node, sent: Json) -> str:
    """The final result: an attempt that is postponed or repeated does not count."""
    answer = await node.receive(sent)
    rows = node.home.rows(journal)
    assert all(row["closed_at"] is not None and row["tries"] <= 1 for row in rows)
    return answer


@pytest.mark.parametrize("length", [1, 2, 3, 20])
async def test_comments_in_a_cycle_are_refused_with_their_ids(node: Node, length: int) -> None:
    ids = list(islice(names(), length))
    notes = (
        [
            note(iri, KIM, above, **PUBLIC_AND_CATS)
            for iri, above in islice(pairwise(cycle(ids)), length)
        ]
        if length > 1
        else [note(ids[0], KIM, ids[0], **PUBLIC_AND_CATS)]
    )
    node.network.put(person(KIM), *notes)

    answer = await answer_to(node, activity("Create", KIM, notes[0]))

    assert answer.endswith(" thread_circular")
    notes_asked = [url for url in node.network.fetched() if "/note/" in url]
    assert sorted(notes_asked) == sorted(ids[1:])
    assert node.home.rows(comment) == []
    if length > 1:
        assert all(iri in node.home.rows(journal)[-1]["reason"] for iri in ids[:3])


async def test_a_cycle_entered_from_outside_or_by_other_addresses_is_refused_too(
    node: Node,
) -> None:
    first, second, third = islice(names(), 3)
    node.network.put(person(KIM), note(second, KIM, third), note(third, KIM, f"{second}#here"))

    sent = activity("Create", KIM, note(first, KIM, second, **PUBLIC_AND_CATS))

    assert await answer_to(node, sent) == "202 thread_circular"
    assert len(node.network.fetched()) < 8


@pytest.mark.parametrize("strangers", [False, True], ids=["by one author", "by a new one each"])
async def test_a_thread_without_a_beginning_costs_a_few_requests(
    node: Node, *, strangers: bool
) -> None:
    notes = [
        note(iri, f"{KIM}{number}" if strangers else KIM, above, **PUBLIC_AND_CATS)
        for number, (iri, above) in enumerate(pairwise(islice(names(), 100)))
    ]
    node.network.put(person(KIM), *(person(f"{KIM}{number}") for number in range(100)), *notes)
    author = notes[0]["attributedTo"]

    assert await answer_to(node, activity("Create", author, notes[0])) == "202 budget_documents"
    assert len([url for url in node.network.fetched() if "/note/" in url]) <= DOCUMENTS
    with pytest.raises(FedcomError) as refused:
        await node.instance.lookup(notes[0]["id"])
    assert refused.value.code == "max_comment_depth_reached"
    assert len(node.network.fetched()) < 60


async def test_communities_that_moderate_one_another_are_fetched_once(node: Node) -> None:
    """Each has ten communities as moderators, and each of them has ten others."""
    for number in range(200):
        community = f"{DOGS}{number}"
        others = [f"{DOGS}{number * 10 + other}" for other in range(10)]
        listed = document(
            f"{community}/moderators", "OrderedCollection", orderedItems=[*others, KIM]
        )
        node.network.put(group(community), listed)
    node.network.put(person(KIM))

    found = await node.instance.lookup(f"{DOGS}1")

    assert isinstance(found, Community)
    # Itself, its moderators and followers, and ten of the moderators.
    assert len(node.network.fetched()) <= 13
    assert [row["iri"] for row in node.home.rows(actor) if row["iri"].startswith(DOGS)] == [
        f"{DOGS}1"
    ]


async def test_a_community_that_is_its_own_collection_of_everything_is_one_like_others(
    node: Node,
) -> None:
    for number, fields in enumerate(
        ("attributedTo", "moderators attributedTo featured followers", "outbox inbox")
    ):
        iri = f"{DOGS}{number}"
        node.network.put(group(iri, **dict.fromkeys(fields.split(), iri)))

        found = await node.instance.lookup(iri)

        assert isinstance(found, Community)
        assert await node.instance.read(partial(find_moderators, community=found)) == []
        assert len(node.network.fetched()) <= 3


async def test_an_object_that_refers_to_itself_is_harmless(node: Node) -> None:
    node.network.put(person(KIM))
    ids = names("post")
    for field in ("audience", "context", "replies", "attributedTo", "target"):
        iri = next(ids)
        own = page(iri, KIM, CATS, **{field: iri})
        node.network.put(own)

        assert "internal_error" not in await answer_to(node, activity("Create", KIM, own))
    assert len(node.network.fetched()) < 20


def nested(kind: str, innermost: Json) -> Json:
    """As many of these inside each other as a document has levels."""
    found = innermost
    for number in range(LEVELS - 4):
        found = {"type": kind, "id": f"{KIM}/{number}", "actor": KIM, "object": found}
    return activity(kind, KIM, found)


async def test_activities_nested_to_the_last_level_get_a_response(node: Node) -> None:
    node.home.follow(node.home.bob, node.home.group(DOGS))
    node.network.put(person(KIM), group(DOGS))
    for kind in ("Announce", "Undo", "Create", "Update", "Delete", "Accept", "Like", "Flag", "Add"):
        deep = nested(kind, note(next(names()), KIM))
        shared = activity("Announce", DOGS, deep["object"]["object"])

        for sent in (deep, shared):
            assert "internal_error" not in await answer_to(node, sent)


async def test_fields_nested_to_the_last_level_get_a_response(node: Node) -> None:
    node.network.put(person(KIM))
    ids = names()
    for field in ("inReplyTo", "attributedTo", "audience", "tag", "attachment", "icon"):
        deep: Any = f"{KIM}/x"
        for _ in range(LEVELS - 4):
            deep = {"type": "Note", "id": KIM, field: deep}
        sent = activity("Create", KIM, note(next(ids), KIM, **{field: deep}))

        assert "internal_error" not in await answer_to(node, sent)
