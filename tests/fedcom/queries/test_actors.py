"""The local identity of an actor, and a person's standing in a community."""

import pytest
from sqlalchemy import update

from fedcom.accounts.applications import approve
from fedcom.accounts.register import NewAccount, register
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.moderators import AddModerator
from fedcom.context import Context
from fedcom.errors import NotFound
from fedcom.models.account import account
from fedcom.models.site import site
from fedcom.queries.actors import (
    find_actor,
    find_community,
    find_key_owner,
    find_moderators,
    find_person,
    get_community,
    get_person,
    standing,
)
from fedcom.queries.follows import count_followers, find_follow_by_iri, is_followed_here
from fedcom.rules.permissions import Standing
from tests.support.people import HOST, NO_KEY, Home

KIM, DOGS = "https://kim.example/u/kim", "https://dogs.example/c/dogs"


def test_people_and_communities_are_found_apart(home: Home) -> None:
    def names(ctx: Context) -> list[bool]:
        return [
            find_person(ctx.conn, "bob", HOST) is not None,
            find_person(ctx.conn, "cats", HOST) is not None,
            find_community(ctx.conn, "cats", HOST) is not None,
            find_community(ctx.conn, "bob", HOST) is not None,
            find_person(ctx.conn, "bob", "kim.example") is not None,
        ]

    assert home(names) == [True, False, True, False, False]
    with pytest.raises(NotFound):
        home(lambda ctx: get_community(ctx.conn, home.bob.id))
    # Remote Groups write and vote themselves.
    assert home(lambda ctx: get_person(ctx.conn, home.cats.id)).iri == home.cats.iri


def test_an_applicant_is_nobody_until_approved(home: Home) -> None:
    def apply(ctx: Context) -> int:
        ctx.conn.execute(update(site).values(registration="approval"))
        newcomer = NewAccount(name="zoe", password_hash="-", application="Please")
        return register(ctx, newcomer, NO_KEY).person.id

    zoe = home(apply)
    assert home(lambda ctx: find_person(ctx.conn, "zoe", HOST)) is None
    assert home(lambda ctx: find_actor(ctx.conn, f"https://{HOST}/u/zoe")) is None

    home(lambda ctx: approve(ctx, zoe))
    assert home(lambda ctx: find_person(ctx.conn, "zoe", HOST)) is not None


def test_moderators_stand_in_the_order_of_their_appointment(home: Home) -> None:
    for person in (home.person(KIM), home.bob):
        home.clock.advance(seconds=1)
        home.perform(AddModerator(by=home.ann, community=home.cats, person=person))

    found = home(lambda ctx: find_moderators(ctx.conn, home.cats))
    assert [person.name for person in found] == ["ann", "kim", "bob"]


def test_a_standing_depends_on_the_community(home: Home) -> None:
    dogs = home.group(DOGS)
    others = home.community("birds", by=home.bob)
    rex = home.person("https://dogs.example/u/rex")
    kim = home.person(KIM)
    cases = [
        (home.ann, home.cats, Standing(is_moderator=True, is_admin=True)),
        (home.ann, others, Standing(is_admin=True)),
        (home.bob, home.cats, Standing()),
        (home.bob, others, Standing(is_moderator=True)),
        # Our admin has no rights on other servers, and people of a community's host may be its
        # admins.
        (home.ann, dogs, Standing()),
        (rex, dogs, Standing(is_admin=True)),
        (rex, home.cats, Standing()),
        (kim, dogs, Standing()),
    ]

    for person, place, expected in cases:
        assert home(lambda ctx, p=person, c=place: standing(ctx.conn, p, c)) == expected


def test_a_key_leads_to_its_owner_elsewhere_who_is_not_gone(home: Home) -> None:
    kim = home.person(KIM)

    def owner(key_id: str) -> str | None:
        found = home(lambda ctx: find_key_owner(ctx.conn, key_id))
        return None if found is None else found.iri

    assert owner(f"{KIM}#main-key") == KIM
    assert owner(f"{home.bob.iri}#main-key") is None
    home.perform(DeleteActor(by=kim))
    assert owner(f"{KIM}#main-key") is None


def test_follows_are_counted_when_accepted_and_known_by_their_id(home: Home) -> None:
    dogs = home.group(DOGS)
    assert not home(lambda ctx: is_followed_here(ctx.conn, dogs.id))
    home.follow(home.bob, dogs)
    home.follow(home.person(KIM), home.cats)

    assert home(lambda ctx: is_followed_here(ctx.conn, dogs.id))
    assert home(lambda ctx: count_followers(ctx.conn, home.cats.id)) == 2
    assert home(lambda ctx: count_followers(ctx.conn, dogs.id)) == 0
    assert home(lambda ctx: find_follow_by_iri(ctx.conn, "https://kim.example/1")) is None


def test_admins_are_determined_by_the_account(home: Home) -> None:
    def promote(ctx: Context) -> None:
        ctx.conn.execute(
            update(account).where(account.c.actor_id == home.bob.id).values(role="admin")
        )

    home(promote)
    assert home(lambda ctx: standing(ctx.conn, home.bob, home.cats)).is_admin
