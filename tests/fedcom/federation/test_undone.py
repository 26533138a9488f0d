"""An Undo that only gives the id of its object is read as if it embedded the object."""

from typing import Any

import pytest

from activitypub.document import Document
from activitypub.errors import ProtocolError
from fedcom.actions.ban import Ban
from fedcom.actions.base import Action
from fedcom.actions.follow import Follow, Unfollow
from fedcom.actions.unban import Unban
from fedcom.actions.vote import Vote
from fedcom.context import Context, Fetched
from fedcom.errors import FedcomError
from fedcom.federation.envelope import authenticate, open_envelope
from fedcom.federation.listeners import activity_routes, reader_of
from fedcom.federation.undone import with_undone
from fedcom.models.personal import actor_block
from inbox.ports import ReceivedActivity
from tests.support.documents import Json, activity, person
from tests.support.node import Node
from tests.support.people import Home, received

KIM, LEA = "https://lemmy.example/u/kim", "https://lemmy.example/u/lea"
DOGS = "https://lemmy.example/c/dogs"
ACTIVITY = "https://lemmy.example/activities/1"


@pytest.fixture
def dialect() -> str:
    """Rows are looked up by their ids."""
    return "sqlite"


def read(
    home: Home, iri: str, served: Json | None = None, *, by: str = KIM, via: str | None = None
) -> Action[Any] | str | None:
    """The result of an Undo of the bare id: an action, nothing, or the code of its refusal.

    `served` is the document that the origin serves at that id.
    """
    undo = {"type": "Undo", "id": f"{by}/undo", "actor": by, "object": iri}
    received = ReceivedActivity(Document(undo), by, b"{}", evidence="signature", signed_at=1.0)
    if via is not None:
        wrapped = activity("Announce", via, undo)
        received = ReceivedActivity(
            Document(wrapped), via, b"{}", evidence="signature", signed_at=1.0
        )

    def work(ctx: Context) -> Action[Any] | None:
        envelope = open_envelope(ctx, received)
        (content,) = envelope.contents
        assert isinstance(content, Document)
        reader = reader_of(activity_routes(), content)
        proven = authenticate(ctx, envelope, content)
        assert proven is not None
        return reader(ctx, proven)

    documents = {} if served is None else {iri: Document(served)}
    try:
        return home(work, fetched=Fetched(documents), offline=True)
    except (FedcomError, ProtocolError) as error:
        return error.code


@pytest.mark.parametrize("ours", [True, False])
def test_a_follow_is_undone_by_its_id(home: Home, ours: bool) -> None:
    kim = home.person(KIM)
    target = home.cats if ours else home.bob
    home.perform(Follow(by=kim, target=target, iri=ACTIVITY), received(KIM))

    action = read(home, ACTIVITY)

    assert isinstance(action, Unfollow)
    assert (action.by.iri, action.target.iri) == (KIM, target.iri)


@pytest.mark.parametrize("score", [1, -1])
@pytest.mark.parametrize("of_comment", [True, False])
def test_a_vote_is_undone_by_its_id(home: Home, score: Any, of_comment: bool) -> None:
    kim, post = home.person(KIM), home.post()
    target = home.comment(post) if of_comment else post
    home.perform(Vote(by=kim, target=target, score=score, iri=ACTIVITY), received(KIM))

    action = read(home, ACTIVITY)

    assert isinstance(action, Vote)
    assert (action.target.id, action.score) == (target.id, 0)


def test_a_community_passes_on_the_undo_of_a_known_vote(home: Home) -> None:
    kim, dogs = home.person(KIM), home.group(DOGS)
    home.follow(home.bob, dogs)
    post = home.post(community=dogs)
    home.perform(Vote(by=kim, target=post, score=1, iri=ACTIVITY), received(KIM, via=DOGS))

    action = read(home, ACTIVITY, via=DOGS)

    assert isinstance(action, Vote)
    assert action.score == 0


def test_any_other_id_is_fetched_from_its_origin(home: Home) -> None:
    kim = home.person(KIM)
    lea = home.person(LEA)
    block = activity("Block", KIM, LEA, target="https://lemmy.example/") | {"id": ACTIVITY}
    home.perform(Ban(by=kim, person=lea, community=None), received(KIM))

    action = read(home, ACTIVITY, block)

    assert isinstance(action, Unban)
    assert action.person.id == lea.id


@pytest.mark.parametrize(
    "served",
    [
        None,
        activity("Block", LEA, KIM, target="https://lemmy.example/") | {"id": ACTIVITY},
        activity("Undo", KIM, ACTIVITY) | {"id": ACTIVITY},
        activity("Block", KIM, LEA, target="https://lemmy.example/") | {"id": f"{ACTIVITY}2"},
    ],
)
def test_an_undo_whose_object_its_origin_does_not_serve_is_ignored(
    home: Home, served: Json | None
) -> None:
    home.person(KIM)

    assert read(home, ACTIVITY, served) == "unsupported_type"


def test_an_undo_of_another_actors_activity_is_refused(home: Home) -> None:
    home.perform(Follow(by=home.person(KIM), target=home.cats, iri=ACTIVITY), received(KIM))
    home.person(LEA)

    assert read(home, ACTIVITY, by=LEA) == "unsupported_type"
    assert read(home, "https://other.example/1") == "unsupported_type"


def test_an_undo_with_an_embedded_object_is_left_unchanged(home: Home) -> None:
    shown = Document(activity("Undo", KIM, activity("Like", KIM, "https://home.example/post/1")))

    assert home(lambda ctx: with_undone(ctx, shown)) is shown


@pytest.mark.anyio
async def test_a_personal_block_is_undone_by_its_id(node: Node) -> None:
    node.network.put(person(KIM), person(LEA))
    blocks = [activity("Block", KIM, one.iri) for one in (node.home.ann, node.home.bob)]
    for block in blocks:
        await node.receive(block)

    await node.receive(activity("Undo", LEA, blocks[1]["id"]))
    assert len(node.home.rows(actor_block)) == 2
    await node.receive(activity("Undo", KIM, blocks[1]["id"]))

    assert [row["blocked_id"] for row in node.home.rows(actor_block)] == [node.home.ann.id]
