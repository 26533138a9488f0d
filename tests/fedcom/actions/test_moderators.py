"""Appointing and removing moderators, as peers send it."""

import pytest

from fedcom.actions.ban import Ban
from fedcom.actions.base import Action
from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.errors import Denied, Invalid
from fedcom.models.moderation import modlog
from fedcom.queries.actors import find_moderators
from tests.fedcom.actions.receiving import read, receive
from tests.support.documents import activity, group
from tests.support.people import Home

KIM, MAX = "https://kim.example/u/kim", "https://max.example/u/max"
CATS, DOGS = "https://home.example/c/cats/moderators", "https://dogs.example/c/dogs"


def names(home: Home) -> list[str]:
    return home(lambda ctx: [one.name for one in find_moderators(ctx.conn, home.cats)])


def appoint(home: Home, iri: str) -> None:
    home.clock.advance(seconds=1)
    person = home.person(iri)
    home.perform(AddModerator(by=home.ann, community=home.cats, person=person))


def test_a_remote_moderator_appoints_and_dismisses(home: Home) -> None:
    appoint(home, MAX)
    home.clock.advance(seconds=1)

    receive(home, activity("Add", MAX, home.bob.iri, target=CATS))
    assert names(home) == ["ann", "max", "bob"]
    receive(home, activity("Remove", MAX, home.bob.iri, target=CATS))
    assert names(home) == ["ann", "max"]


@pytest.mark.parametrize("kind", ["Add", "Remove"])
def test_a_repeated_appointment_is_not_logged(home: Home, kind: str) -> None:
    appoint(home, MAX)
    about = home.ann.iri if kind == "Add" else home.bob.iri
    before = len(home.rows(modlog))

    assert read(home, activity(kind, MAX, about, target=CATS)) is None
    assert len(home.rows(modlog)) == before


@pytest.mark.parametrize("more", [{}, {"target": "https://home.example/c/cats/followers"}])
def test_an_add_to_another_collection_makes_no_moderator(home: Home, more: dict[str, str]) -> None:
    appoint(home, MAX)

    with pytest.raises(Invalid) as caught:
        read(home, activity("Add", MAX, home.bob.iri, **more))
    assert caught.value.code == "unknown_collection"


@pytest.mark.parametrize("kind", ["Add", "Remove"])
def test_without_a_target_the_moderators_collection_is_fetched_again(home: Home, kind: str) -> None:
    dogs, kim = home.group(DOGS), home.person(KIM)
    home.follow(home.bob, dogs)
    served = {"id": f"{DOGS}/moderators", "type": "OrderedCollection"}
    served |= {"orderedItems": [home.bob.iri]}
    document = activity(kind, KIM, kim.iri, target=None)

    receive(home, document, group(DOGS), served, via=DOGS)

    mods = home(lambda ctx: find_moderators(ctx.conn, dogs))
    assert [person.iri for person in mods] == [home.bob.iri]


def test_a_community_appoints_only_its_own_moderators(home: Home) -> None:
    appoint(home, MAX)
    home.group(DOGS)

    with pytest.raises(Denied) as caught:
        read(home, activity("Add", MAX, home.bob.iri, target=CATS), via=DOGS)
    assert caught.value.code == "wrong_community"


def test_the_banned_are_not_appointed(home: Home) -> None:
    kim = home.person(KIM)
    banned = home.perform(Ban(by=home.ann, person=kim, community=None))

    with pytest.raises(Invalid) as caught:
        home.perform(AddModerator(by=home.ann, community=home.cats, person=banned))
    assert caught.value.code == "cannot_moderate"


def test_an_admin_who_is_no_moderator_dismisses_anybody(home: Home) -> None:
    for action in (
        AddModerator(by=home.ann, community=home.cats, person=home.bob),
        RemoveModerator(by=home.ann, community=home.cats, person=home.ann),
        RemoveModerator(by=home.ann, community=home.cats, person=home.bob),
    ):
        home.clock.advance(seconds=1)
        done: Action[None] = action
        home.perform(done)

    assert names(home) == []
