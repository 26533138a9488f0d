"""Remote people's profiles: fetched from their origin, never taken from an activity."""

import pytest

from fedcom.errors import Denied, Invalid
from fedcom.queries.actors import get_person
from tests.fedcom.actions.receiving import read, receive
from tests.support.documents import activity, person
from tests.support.people import Home

KIM, KEN = "https://kim.example/u/kim", "https://kim.example/u/ken"


def test_a_profile_is_updated_from_its_origin(home: Home) -> None:
    kim = home.person(KIM)

    receive(home, activity("Update", KIM, person(KIM, name="Forged")), person(KIM, name="Kim!"))

    assert home(lambda ctx: get_person(ctx.conn, kim.id)).title == "Kim!"
    assert home.sent() == []


def test_another_person_on_the_host_cannot_change_a_profile(home: Home) -> None:
    home.person(KIM)
    home.person(KEN)

    with pytest.raises(Denied) as caught:
        read(home, activity("Update", KEN, person(KIM, name="Forged")))
    assert caught.value.code == "not_the_owner"


def test_profiles_of_members_are_not_updated_by_peers(home: Home) -> None:
    forged = person(home.bob.iri, name="Forged")

    with pytest.raises(Invalid) as caught:
        receive(home, activity("Update", home.bob.iri, forged), forged)
    assert caught.value.code == "actor_is_ours"
    assert home(lambda ctx: get_person(ctx.conn, home.bob.id)) == home.bob
