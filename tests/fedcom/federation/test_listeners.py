"""What the inbox is told about an activity: do it, refuse it, or come again."""

import json
from typing import Any

import pytest

from activitypub.reading import Document
from fedcom.actions.catalog import HEARD
from fedcom.federation.listeners import Listeners, Unsupported, heard_routes, reader_of
from inbox.errors import Later, Refused
from inbox.journal import journal
from inbox.ports import Heard
from tests.support.documents import activity, document, note, page, person, undo
from tests.support.node import Node
from tests.support.people import ORIGIN

pytestmark = pytest.mark.anyio

CATS = f"{ORIGIN}/c/cats"
KIM, EVE = "https://kim.example/u/kim", "https://evil.example/u/eve"
POST = page("https://kim.example/post/1", KIM, CATS, name="New")


def heard(said: dict[str, Any], signer: str = EVE) -> Heard:
    return Heard(
        activity=Document(said),
        body=json.dumps(said).encode(),
        actor=said["actor"],
        signer=signer,
        spliceable=False,
        request_id="r1",
        received_at=0.0,
    )


def listeners(node: Node) -> Listeners:
    found = node.instance.inbox._processor._handlers
    assert isinstance(found, Listeners)
    return found


async def authenticate(node: Node, said: dict[str, Any], signer: str = EVE) -> Any:
    """What the origin said, or the code of the refusal."""
    try:
        return await listeners(node).authenticate(heard(said, signer))
    except Refused as error:
        return error.code
    except Later:
        return "later"


async def test_a_relayed_object_is_replaced_by_its_origins_copy(node: Node) -> None:
    node.network.put(POST)
    said = activity("Create", KIM, POST | {"name": "Forged"})

    agreed = await authenticate(node, said)

    assert agreed.activity.object_document.name == "New"
    assert (agreed.actor, agreed.signer, agreed.spliceable) == (KIM, KIM, False)


async def test_a_relayed_activity_is_replaced_by_its_origins_copy(node: Node) -> None:
    like = activity("Like", KIM, f"{ORIGIN}/post/1")
    node.network.put(like | {"content": "as the origin has it"})

    agreed = await authenticate(node, like)
    assert agreed.activity.content == "as the origin has it"


@pytest.mark.parametrize(
    ("at_origin", "said", "code"),
    [
        (
            POST | {"attributedTo": "https://kim.example/u/ken"},
            activity("Create", KIM, POST),
            "owner_mismatch",
        ),
        (None, activity("Create", KIM, POST), "not_there"),
        (POST, activity("Delete", KIM, POST["id"]), "not_confirmed"),
        (POST, activity("Create", KIM, page(f"{ORIGIN}/post/9", KIM, CATS)), "actor_not_signer"),
        (POST, activity("Like", KIM, CATS, id="https://evil.example/like"), "actor_not_signer"),
        (POST, activity("Like", KIM, CATS, id=None), "actor_not_signer"),
    ],
)
async def test_what_the_origin_does_not_say_is_refused(
    node: Node, at_origin: dict[str, Any] | None, said: dict[str, Any], code: str
) -> None:
    if at_origin is not None:
        node.network.put(at_origin)

    assert await authenticate(node, said) == code


async def test_an_activity_of_another_actor_at_the_origin_proves_nothing(node: Node) -> None:
    like = activity("Like", KIM, f"{ORIGIN}/post/1")
    node.network.put(like | {"actor": "https://kim.example/u/ken"})

    assert await authenticate(node, like) == "actor_mismatch"


async def test_a_deletion_is_confirmed_by_a_tombstone_or_by_410(node: Node) -> None:
    delete = activity("Delete", KIM, POST["id"])
    node.network.put(document(POST["id"], "Tombstone"))
    assert (await authenticate(node, delete)).actor == KIM

    node.network.gone(POST["id"])
    assert (await authenticate(node, delete)).actor == KIM
    assert await authenticate(node, activity("Create", KIM, POST)) == "gone"


async def test_a_silent_origin_is_asked_again_later(node: Node) -> None:
    node.network.silent.add("kim.example")

    assert await authenticate(node, activity("Create", KIM, POST)) == "later"
    assert await authenticate(node, undo(activity("Like", KIM, CATS))) == "later"


async def test_a_row_waits_while_an_origin_is_silent(node: Node) -> None:
    node.network.put(person(KIM))
    said = activity(
        "Create", KIM, note("https://kim.example/n", KIM, "https://lea.example/n", cc=[CATS])
    )
    node.network.silent.add("lea.example")

    assert await node.hear(said) == "202"

    (row,) = node.home.rows(journal)
    assert row["state"] == "parked"


async def test_every_shape_of_the_catalog_has_its_reader(node: Node) -> None:
    shapes = {shape for readers in HEARD for shape in readers}

    assert set(listeners(node).shapes()) == shapes


async def test_a_peer_that_is_heard_is_not_gone(node: Node) -> None:
    """Also what it runs is learnt, because that decides in which words it is told."""
    node.network.put(person(KIM))
    node.network.run("kim.example", "lemmy")
    node.home.post()

    assert await node.hear(activity("Follow", KIM, CATS)) == "202"
    node.home.post()

    words = [sent.words for sent in node.home.sent() if "kim.example" in sent.inbox]
    assert sorted(words) == ["Accept{Follow{id}}", "Announce{Create{Page}}"]


async def test_a_profile_is_read_from_its_origin_when_it_says_that_it_changed(node: Node) -> None:
    """Not from what was fetched with its key: that may be hours old."""
    node.network.put(person(KIM, name="Old"))
    await node.hear(activity("Follow", KIM, CATS))
    assert node.snapshot()[KIM] == "Person Old"

    node.network.put(person(KIM, name="New"))
    assert await node.hear(activity("Update", KIM, person(KIM, name="Said"))) == "202"
    assert node.snapshot()[KIM] == "Person New"


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        (activity("Warn", KIM, f"{CATS}/1"), "Warn is not understood here: no warnings yet."),
        (activity("Dance", KIM, f"{CATS}/1"), "Dance is not understood here."),
    ],
)
def test_what_nobody_reads_is_refused_with_what_is_missing(
    said: dict[str, Any], detail: str
) -> None:
    with pytest.raises(Unsupported) as caught:
        reader_of(heard_routes(), Document(said))

    assert (caught.value.code, caught.value.status) == ("unsupported_type", 422)
    assert caught.value.detail == detail
