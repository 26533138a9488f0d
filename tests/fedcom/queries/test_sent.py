"""A local Undo names the id under which its object was sent."""

from typing import Any

import pytest

from activitypub.parse import parse
from fedcom.actions.ban import Ban
from fedcom.actions.base import Action
from fedcom.actions.close import CloseCommunity, ReopenCommunity
from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.lock import Lock
from fedcom.actions.message import DeleteMessage, SendMessage, UndeleteMessage
from fedcom.actions.perform import perform
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.take_down import reinstate, take_down
from fedcom.actions.unban import Unban
from fedcom.actions.vote import Vote
from fedcom.queries.sent import last_iri
from fedcom.wire.body import Body
from outbox.deliveries import activities
from tests.support.people import Home

KIM = "https://lemmy.example/u/kim"


@pytest.fixture
def dialect() -> str:
    """One statement, which is tested with the outbox."""
    return "sqlite"


def sent_by(home: Home, name: str) -> list[dict[str, Any]]:
    """The activities of a local actor, in the order in which they were sent."""
    bodies = [row["body"] for row in home.rows(activities) if row["actor"].endswith(f"/{name}")]
    return [dict(parse(body)) for body in bodies]


def undone(home: Home, name: str, first: Action[Any], make: Any) -> tuple[str, str]:
    """The id of `first`'s activity, and the id that its Undo names."""
    result = home.perform(first)
    home.perform(make(result))
    *_, activity, undo = sent_by(home, name)
    assert undo["type"] == "Undo"
    return activity["id"], undo["object"]["id"]


@pytest.mark.parametrize("kind", ["delete", "remove", "lock", "ban", "site ban", "vote", "close"])
def test_an_undo_names_the_id_that_was_sent(home: Home, kind: str) -> None:
    kim = home.person(KIM)
    home.follow(kim, home.cats)
    post, ann, bob, cats = home.post(), home.ann, home.bob, home.cats
    pairs: dict[str, tuple[str, Action[Any], Any]] = {
        "delete": ("bob", Delete(by=bob, target=post), lambda gone: Undelete(by=bob, target=gone)),
        "remove": (
            "ann",
            RemoveContent(by=ann, target=post, reason="Spam"),
            lambda gone: RestoreContent(by=ann, target=gone),
        ),
        "lock": (
            "ann",
            Lock(by=ann, target=post, locked=True),
            lambda shut: Lock(by=ann, target=shut, locked=False),
        ),
        "ban": (
            "ann",
            Ban(by=ann, person=kim, community=cats),
            lambda out: Unban(by=ann, person=out, community=cats),
        ),
        "site ban": (
            "ann",
            Ban(by=ann, person=bob, community=None),
            lambda out: Unban(by=ann, person=out, community=None),
        ),
        "vote": (
            "ann",
            Vote(by=ann, target=post, score=1),
            lambda _: Vote(by=ann, target=post, score=0),
        ),
        "close": (
            "ann",
            CloseCommunity(by=ann, community=cats),
            lambda shut: ReopenCommunity(by=ann, community=shut),
        ),
    }

    sent, named = undone(home, *pairs[kind])

    assert named == sent


def test_private_undos_name_the_id_that_was_sent(home: Home) -> None:
    kim = home.person(KIM)
    message = home.perform(SendMessage(by=home.bob, to=kim, body=Body.of_markdown("Hi")))
    sent, named = undone(
        home,
        "bob",
        DeleteMessage(by=home.bob, message=message),
        lambda gone: UndeleteMessage(by=home.bob, message=gone),
    )
    assert named == sent


def test_the_undo_of_a_take_down_names_the_delete_in_its_authors_name(home: Home) -> None:
    post = home.post(community=home.group("https://lemmy.example/c/dogs"))
    home(lambda ctx: perform(ctx, take_down(ctx, home.ann, post, "Illegal")))
    hidden = home.fresh(post)

    home(lambda ctx: perform(ctx, reinstate(ctx, home.ann, hidden)))

    activity, undo = sent_by(home, "bob")[-2:]
    assert (activity["type"], undo["type"]) == ("Delete", "Undo")
    assert undo["object"]["id"] == activity["id"]


def test_of_two_bans_the_one_from_the_same_place_is_named(home: Home) -> None:
    kim, birds = home.person(KIM), home.community("birds")
    for community in (home.cats, birds):
        home.perform(Ban(by=home.ann, person=kim, community=community))
    cats_ban, birds_ban = sent_by(home, "ann")[-2:]

    home.perform(Unban(by=home.ann, person=kim, community=home.cats))

    assert sent_by(home, "ann")[-1]["object"]["id"] == cats_ban["id"] != birds_ban["id"]


def test_an_undo_of_an_unknown_or_foreign_activity_gets_a_new_id(home: Home) -> None:
    post = home.post()
    home.perform(Lock(by=home.ann, target=post, locked=True))
    home.sent()

    ours, theirs, other = home(
        lambda ctx: [
            last_iri(ctx, "lock", home.ann, post.iri),
            last_iri(ctx, "lock", home.bob, post.iri),
            last_iri(ctx, "lock", home.ann, "https://home.example/post/9"),
        ]
    )

    known = [activity["id"] for activity in sent_by(home, "ann")]
    assert ours in known
    assert not {theirs, other} & set(known)
