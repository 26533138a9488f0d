"""Follows: permissions, the stored row, and how a response or an Undo finds its Follow."""

import json
from typing import Any

import pytest
from sqlalchemy import update

from activitypub.document import Document
from fedcom.actions.base import Action
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.follow import READERS, AnswerFollow, Follow, Unfollow
from fedcom.errors import FedcomError, Invalid
from fedcom.models.actor import community as community_table
from fedcom.models.follow import follow
from fedcom.queries.actors import find_actor
from inbox.ports import ReceivedActivity
from tests.support.documents import activity, undo
from tests.support.people import Home, received

KIM, KEN = "https://kim.example/u/kim", "https://kim.example/u/ken"
DOGS = "https://dogs.example/c/dogs"


def read(home: Home, activity_document: dict[str, Any]) -> Action[Any] | None:
    """The action that the reader of its shape returns for an activity."""
    document = Document(activity_document)
    reader = READERS[document.shape]
    return home(lambda ctx: reader(ctx, ReceivedActivity(document, activity_document["actor"])))


def states(home: Home) -> dict[str, str]:
    return {row["iri"]: row["state"] for row in home.rows(follow)}


def test_a_follow_of_a_local_community_is_accepted_and_of_a_remote_one_waits(home: Home) -> None:
    dogs = home.group(DOGS)

    ours = home.perform(Follow(by=home.bob, target=home.cats))
    theirs = home.perform(Follow(by=home.bob, target=dogs))

    assert (ours.state, theirs.state) == ("accepted", "pending")
    assert home.fresh(home.cats).subscribers == 2
    assert home.fresh(dogs).subscribers == 0


def test_lists_are_sorted_by_the_followers_known_here_unless_more_are_claimed(home: Home) -> None:
    def followers() -> int:
        (row,) = home.rows(community_table)
        return int(row["followers"])

    assert followers() == 1
    home.perform(Follow(by=home.bob, target=home.cats))
    assert followers() == 2
    with home.database.begin() as conn:
        conn.execute(update(community_table).values(claimed_followers=9))
    home.perform(Follow(by=home.member("eve"), target=home.cats))
    assert followers() == 9


def test_following_again_keeps_an_accepted_follow(home: Home) -> None:
    dogs = home.group(DOGS)
    asked = home.perform(Follow(by=home.bob, target=dogs))
    home.perform(AnswerFollow(by=dogs, asked=asked, accepted=True), received(DOGS))

    again = home.perform(Follow(by=home.bob, target=dogs))

    assert again.state == "accepted"
    assert again.id == asked.id
    assert home.fresh(dogs).subscribers == 1


def test_a_rejected_follow_is_deleted(home: Home) -> None:
    dogs = home.group(DOGS)
    asked = home.perform(Follow(by=home.bob, target=dogs))

    home.perform(AnswerFollow(by=dogs, asked=asked, accepted=False), received(DOGS))

    assert asked.iri not in states(home)


def test_only_the_followed_actor_can_answer(home: Home) -> None:
    asked = home.perform(Follow(by=home.bob, target=home.group(DOGS)))

    with pytest.raises(Invalid, match="not_the_followed"):
        home.perform(AnswerFollow(by=home.person(KIM), asked=asked, accepted=True), received(KIM))


def test_a_community_elsewhere_may_follow_ours(home: Home) -> None:
    dogs = home.group(DOGS)

    home.perform(Follow(by=dogs, target=home.cats, iri=f"{DOGS}/follow"), received(DOGS))

    assert states(home)[f"{DOGS}/follow"] == "accepted"


def test_a_gone_actor_cannot_be_followed(home: Home) -> None:
    kim = home.person(KIM)
    home.perform(DeleteActor(by=kim))
    gone = home(lambda ctx: find_actor(ctx.conn, KIM))
    assert gone is not None

    with pytest.raises(FedcomError) as caught:
        home.perform(Follow(by=home.bob, target=gone))
    assert caught.value.code == "cannot_follow"


@pytest.mark.parametrize("kind", ["Accept", "Reject"])
def test_an_answer_finds_its_follow_by_id_or_by_the_two_actors(home: Home, kind: str) -> None:
    asked = home.perform(Follow(by=home.bob, target=home.group(DOGS)))
    same = activity("Follow", home.bob.iri, DOGS)

    for named in (asked.iri, same | {"id": asked.iri}, same | {"id": "https://home.example/lost"}):
        found = read(home, activity(kind, DOGS, named))
        assert isinstance(found, AnswerFollow)
        assert (found.asked, found.accepted) == (asked, kind == "Accept")


@pytest.mark.parametrize(
    "named",
    [
        "https://home.example/activities/follow/lost",
        {"type": "Follow"},
        {"type": "Follow", "actor": "https://home.example/u/nobody", "object": DOGS},
        {"type": "Follow", "actor": KIM, "object": DOGS},
        {"type": "Follow", "actor": "https://home.example/u/ann", "object": DOGS},
    ],
)
def test_an_answer_without_a_follow_is_refused(home: Home, named: Any) -> None:
    home.person(KIM)
    home.perform(Follow(by=home.bob, target=home.group(DOGS)))

    with pytest.raises(FedcomError) as caught:
        read(home, activity("Accept", DOGS, named))
    assert caught.value.code == "couldnt_find_follow"


def test_an_undo_finds_its_follow_by_the_two_actors(home: Home) -> None:
    home.follow(home.person(KIM), home.cats)
    asked = activity("Follow", KIM, home.cats.iri, id="https://kim.example/any")

    found = read(home, undo(asked))
    assert isinstance(found, Unfollow)

    home.perform(found, received(KIM))
    assert read(home, undo(asked)) is None
    assert home.fresh(home.cats).subscribers == 1


def test_an_undo_may_name_the_follow_only_by_its_id(home: Home) -> None:
    kim, asked = home.person(KIM), "https://kim.example/follows/1"
    home.person(KEN)
    home.perform(Follow(by=kim, target=home.cats, iri=asked), received(KIM))
    bare = {"type": "Follow", "id": asked}

    found = read(home, activity("Undo", KIM, bare | {"actor": KIM}))
    assert isinstance(found, Unfollow)
    assert found.target == home.fresh(home.cats)
    # Another actor's follow is not theirs to end.
    assert read(home, activity("Undo", KEN, bare | {"actor": KEN})) is None
    assert read(home, activity("Undo", KIM, {"type": "Follow", "id": "https://lost"})) is None


def test_a_follow_is_undone_under_the_id_that_was_sent(home: Home) -> None:
    dogs = home.group("https://dogs.example/c/dogs")
    asked = home.perform(Follow(by=home.bob, target=dogs))
    home.sent()

    home.perform(Unfollow(by=home.bob, target=dogs))

    [(_, body)] = home.sent_bodies()
    assert json.loads(body)["object"]["id"] == asked.iri
