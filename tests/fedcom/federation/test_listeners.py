"""The inbox's verdict on an activity: do it, refuse it, or try it again later."""

import json
from typing import Any

import pytest

from activitypub.document import Document
from activitypub.types import ACTIVITY_TYPES, FEATURES
from fedcom.federation.listeners import Listeners, Unsupported, activity_routes, reader_of
from fedcom.inbound.catalog import ALL_READERS
from fedcom.models.comment import comment
from fedcom.models.post import post
from inbox.errors import Later, Refused
from inbox.journal import journal
from inbox.ports import ReceivedActivity
from tests.support.documents import activity, document, note, page, person, undo
from tests.support.node import Node
from tests.support.people import ORIGIN

pytestmark = pytest.mark.anyio

CATS = f"{ORIGIN}/c/cats"
KIM, EVE = "https://kim.example/u/kim", "https://evil.example/u/eve"
POST = page("https://kim.example/post/1", KIM, CATS, name="New")


def received(sent_activity: dict[str, Any], signer: str = EVE) -> ReceivedActivity:
    return ReceivedActivity(
        activity=Document(sent_activity),
        body=json.dumps(sent_activity).encode(),
        actor=sent_activity["actor"],
        signer=signer,
        spliceable=False,
        request_id="r1",
        received_at=0.0,
    )


def listeners(node: Node) -> Listeners:
    found = node.instance.inbox._processor._handlers
    assert isinstance(found, Listeners)
    return found


async def authenticate(node: Node, sent_activity: dict[str, Any], signer: str = EVE) -> Any:
    """The origin's answer, or the code of the refusal."""
    try:
        return await listeners(node).authenticate(received(sent_activity, signer))
    except Refused as error:
        return error.code
    except Later:
        return "later"


async def test_for_a_relayed_copy_only_the_object_served_by_its_origin_counts(
    node: Node,
) -> None:
    node.network.put(POST)
    sent_activity = activity("Create", KIM, POST | {"name": "Forged"}, to=[CATS], summary="Forged")

    agreed = await authenticate(node, sent_activity)

    assert agreed.activity.object_document.name == "New"
    assert set(agreed.activity.raw) == {"type", "actor", "object", "to", "cc"}
    assert agreed.activity.to == agreed.activity.object_document.to
    assert (agreed.actor, agreed.signer, agreed.spliceable) == (KIM, KIM, False)
    assert agreed.evidence == "origin"


@pytest.mark.parametrize(
    ("at_origin", "sent_activity", "code"),
    [
        (
            POST | {"attributedTo": "https://kim.example/u/ken"},
            activity("Create", KIM, POST),
            "owner_mismatch",
        ),
        (None, activity("Create", KIM, POST), "not_there"),
        (POST, activity("Delete", KIM, POST["id"]), "not_confirmed"),
        (person(KIM), activity("Delete", KIM, KIM), "not_confirmed"),
        # The document at the id of the object differs from the activity's copy.
        (
            activity("Like", KIM, CATS, id=POST["id"]),
            activity("Create", KIM, POST),
            "not_confirmed",
        ),
        (person(KIM), activity("Create", KIM, page(KIM, KIM, CATS)), "not_confirmed"),
        (
            person(KIM) | {"id": POST["id"]},
            activity("Create", KIM, POST),
            "not_confirmed",
        ),
        (POST, activity("Create", KIM, page(f"{ORIGIN}/post/9", KIM, CATS)), "actor_not_signer"),
        (POST, activity("Create", KIM, {"type": "Page"}), "object_id_missing"),
    ],
)
async def test_an_activity_not_confirmed_by_its_origin_is_refused(
    node: Node, at_origin: dict[str, Any] | None, sent_activity: dict[str, Any], code: str
) -> None:
    if at_origin is not None:
        node.network.put(at_origin)

    assert await authenticate(node, sent_activity) == code


@pytest.mark.parametrize(
    "sent_activity",
    [
        activity("Like", KIM, f"{ORIGIN}/post/1"),
        activity("Dislike", KIM, f"{ORIGIN}/post/1"),
        activity("Follow", KIM, CATS),
        activity("Block", KIM, KIM, target="https://kim.example/"),
        activity("Lock", KIM, f"{ORIGIN}/post/1"),
        activity("Add", KIM, KIM, target=f"{CATS}/moderators"),
        activity("Remove", KIM, KIM, target=f"{CATS}/moderators"),
        activity("Accept", KIM, f"{ORIGIN}/follow/1"),
        activity("Flag", KIM, f"{ORIGIN}/post/1"),
        activity("Announce", KIM, POST),
        undo(activity("Like", KIM, f"{ORIGIN}/post/1")),
        undo(activity("Delete", KIM, POST["id"])),
    ],
    ids=lambda sent_activity: sent_activity["type"],
)
async def test_that_a_server_serves_an_activity_does_not_prove_that_it_is_in_force(
    node: Node, sent_activity: dict[str, Any]
) -> None:
    node.network.put(sent_activity)

    assert await authenticate(node, sent_activity) == "relayed_without_proof"
    assert node.network.asked == []


async def test_a_stranger_cannot_report_a_deletion_in_a_moderators_name(node: Node) -> None:
    """The origin shows only that it is gone; the modlog would name the moderator."""
    kim, ken = node.home.person(KIM), "https://kim.example/u/ken"
    node.home.post(by=kim, iri=POST["id"])
    node.network.gone(POST["id"])

    assert await authenticate(node, activity("Delete", ken, POST["id"])) == "not_owner"


async def test_a_deletion_is_confirmed_by_a_tombstone_or_by_410(node: Node) -> None:
    delete = activity("Delete", KIM, POST["id"], summary="Forged", removeData=True)
    node.network.put(document(POST["id"], "Tombstone"))
    agreed = await authenticate(node, delete)
    assert agreed.activity.raw == {"type": "Delete", "actor": KIM, "object": POST["id"]}

    node.network.gone(POST["id"])
    assert (await authenticate(node, delete)).actor == KIM
    assert await authenticate(node, activity("Create", KIM, POST)) == "gone"


async def test_a_silent_origin_is_asked_again_later(node: Node) -> None:
    node.network.silent.add("kim.example")

    assert await authenticate(node, activity("Create", KIM, POST)) == "later"


async def test_a_row_waits_while_an_origin_is_silent(node: Node) -> None:
    node.network.put(person(KIM))
    sent_activity = activity(
        "Create", KIM, note("https://kim.example/n", KIM, "https://lea.example/n", cc=[CATS])
    )
    node.network.silent.add("lea.example")

    assert await node.receive(sent_activity) == "202"

    (row,) = node.home.rows(journal)
    assert row["state"] == "parked"


async def test_every_shape_of_the_catalog_has_its_reader(node: Node) -> None:
    shapes = {shape for readers in ALL_READERS for shape in readers}

    assert set(listeners(node).shapes()) == shapes


async def test_a_peer_that_sends_something_is_not_gone(node: Node) -> None:
    """Its software is looked up too, because that decides which activities it is sent."""
    node.network.put(person(KIM))
    node.network.run("kim.example", "lemmy")
    node.home.post()

    assert await node.receive(activity("Follow", KIM, CATS)) == "202"
    node.home.post()

    shapes = [sent.shape for sent in node.home.sent() if "kim.example" in sent.inbox]
    assert sorted(shapes) == ["Accept{Follow{id}}", "Announce{Create{Page}}"]


async def test_an_update_of_a_profile_makes_us_fetch_it(node: Node) -> None:
    """Not from the document that was fetched with its key: that may be hours old."""
    node.network.put(person(KIM, name="Old"))
    await node.receive(activity("Follow", KIM, CATS))
    assert node.snapshot()[KIM] == "Person Old"

    node.network.put(person(KIM, name="New"))
    assert await node.receive(activity("Update", KIM, person(KIM, name="Said"))) == "202"
    assert node.snapshot()[KIM] == "Person New"


@pytest.mark.parametrize(
    ("sent_activity", "detail"),
    [
        *(
            (activity(name, KIM, f"{CATS}/1"), f"{name} is not supported here: no {feature} yet.")
            for name, feature in FEATURES.items()
        ),
        (activity("Dance", KIM, f"{CATS}/1"), "Dance is not supported here."),
    ],
)
def test_an_unsupported_activity_is_refused_with_the_missing_feature(
    sent_activity: dict[str, Any], detail: str
) -> None:
    with pytest.raises(Unsupported) as caught:
        reader_of(activity_routes(), Document(sent_activity))

    assert (caught.value.code, caught.value.status) == ("unsupported_type", 422)
    assert caught.value.detail == detail


@pytest.mark.parametrize("name", sorted(FEATURES.keys() & ACTIVITY_TYPES))
async def test_an_unsupported_activity_is_answered_with_202_whoever_may_send_it(
    node: Node, name: str
) -> None:
    node.network.put(person(KIM))
    dogs = node.home.group("https://dogs.example/c/dogs")
    node.home.follow(node.home.bob, dogs)
    about = node.home.post().iri

    sent = activity(name, KIM, about)

    for one in (sent, undo(sent), activity("Announce", dogs.iri, sent)):
        assert await node.receive(one) == "202 unsupported_type"


@pytest.mark.parametrize("kind", ["Collection", "OrderedCollection"])
async def test_the_items_of_an_announced_collection_count_as_announced(
    node: Node, kind: str
) -> None:
    rex, dogs = "https://dogs.example/u/rex", node.home.group("https://dogs.example/c/dogs")
    node.home.follow(node.home.bob, dogs)
    node.network.put(person(rex))
    topic = page("https://dogs.example/post/1", rex, dogs.iri)
    answer = note("https://dogs.example/note/1", rex, topic["id"])
    forged = page("https://kim.example/post/1", KIM, dogs.iri)
    inside = [activity("Create", one["attributedTo"], one) for one in (topic, forged, answer)]
    several = document("https://dogs.example/several", kind, items=inside)

    assert await node.receive(activity("Announce", dogs.iri, several)) == "202"

    assert [row["iri"] for row in node.home.rows(post)] == [topic["id"]]
    assert [row["iri"] for row in node.home.rows(comment)] == [answer["id"]]
