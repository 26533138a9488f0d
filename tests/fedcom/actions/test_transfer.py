"""The transfer of a community to another of its moderators."""

import pytest

from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.actions.transfer import TransferCommunity
from fedcom.errors import Conflict, Denied, Invalid, NotFound
from fedcom.models.actor import Community, Person
from fedcom.models.moderation import modlog
from fedcom.models.notification import notification
from fedcom.queries.actors import find_moderators
from tests.support.people import Home

KIM = "https://lemmy.example/u/kim"


def names(home: Home, community: Community) -> list[str]:
    return home(lambda ctx: [one.name for one in find_moderators(ctx.conn, community)])


def dogs_of(home: Home, *moderators: str) -> tuple[Community, list[Person]]:
    """!dogs, with these moderators, all of them members."""
    people = [home.member(name) for name in moderators]
    dogs = home.community("dogs", by=people[0])
    for person in people[1:]:
        home.clock.advance(seconds=1)
        home.perform(AddModerator(by=people[0], community=dogs, person=person))
    return dogs, people


def test_the_first_moderator_makes_another_the_first(home: Home) -> None:
    dogs, (max_, _, zoe) = dogs_of(home, "max", "mia", "zoe")
    home.follow(home.person(KIM, "lemmy"), dogs)

    home.perform(TransferCommunity(by=max_, community=dogs, person=zoe))

    assert names(home, dogs) == ["zoe", "max", "mia"]
    assert [one.shape for one, _ in home.sent_bodies()] == ["Announce{Update{Group}}"]
    entry = home.rows(modlog)[-1]
    assert (entry["kind"], entry["target_iri"]) == ("transfer_community", zoe.iri)
    told = home.rows(notification)[-1]
    assert (told["recipient_id"], told["detail"]) == (zoe.id, "transfer_community")
    with pytest.raises(Denied, match="not_higher_mod"):
        home.perform(RemoveModerator(by=max_, community=dogs, person=zoe))
    home.perform(RemoveModerator(by=zoe, community=dogs, person=max_))
    assert names(home, dogs) == ["zoe", "mia"]


def test_an_admin_transfers_without_being_a_moderator(home: Home) -> None:
    dogs, (_, mia) = dogs_of(home, "max", "mia")

    home.perform(TransferCommunity(by=home.ann, community=dogs, person=mia))

    assert names(home, dogs) == ["mia", "max"]


def test_others_cannot_transfer_a_community(home: Home) -> None:
    dogs, (max_, mia) = dogs_of(home, "max", "mia")

    for by in (mia, home.bob):
        with pytest.raises(Denied, match="not_top_mod"):
            home.perform(TransferCommunity(by=by, community=dogs, person=mia))
    with pytest.raises(NotFound, match="not_a_moderator"):
        home.perform(TransferCommunity(by=max_, community=dogs, person=home.bob))
    with pytest.raises(Conflict):
        home.perform(TransferCommunity(by=max_, community=dogs, person=max_))
    assert names(home, dogs) == ["max", "mia"]


def test_a_community_elsewhere_is_transferred_there(home: Home) -> None:
    there = home.group("https://lemmy.example/c/dogs")

    with pytest.raises(Invalid, match="not_local"):
        home.perform(TransferCommunity(by=home.ann, community=there, person=home.ann))
