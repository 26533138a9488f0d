"""Appeals: who may write, who decides, and what becomes of the decision."""

from collections.abc import Callable

import pytest
from sqlalchemy import insert

from fedcom.actions.ban import Ban
from fedcom.actions.moderators import AddModerator
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.context import Context
from fedcom.errors import FedcomError
from fedcom.models.actor import Community, Person
from fedcom.models.appeal import appeal
from fedcom.models.moderation import moderator, modlog
from fedcom.models.notification import notification
from fedcom.queries.actors import get_person
from fedcom.queries.bans import find_ban
from fedcom.site.appeals import undo, uphold, write
from fedcom.views.appeal import get_appeal_page, list_open_appeals, map_own_bans
from tests.support.people import Home, received


def ban(home: Home, place: Community | None, by: Person | None = None) -> int:
    """The number of bob's ban in the modlog."""
    home.perform(Ban(by=by or home.ann, person=home.bob, community=place, reason="Loud"))
    return last(home)


def last(home: Home) -> int:
    return int(home.rows(modlog)[-1]["id"])


def sees(home: Home, person: Person, number: int) -> bool:
    page = home(lambda ctx: get_appeal_page(ctx.conn, number, person.id, ctx.now))
    return page is not None


def refused(home: Home, work: Callable[[Context], object]) -> str:
    with pytest.raises(FedcomError) as caught:
        home(work)
    return caught.value.code


def told(home: Home, person: Person) -> list[str]:
    rows = home.rows(notification)
    return [row["detail"] for row in rows if row["recipient_id"] == person.id]


def test_a_banned_member_appeals_and_the_ban_is_lifted(home: Home) -> None:
    mia = home.member("mia")
    home.perform(AddModerator(by=home.ann, community=home.cats, person=mia))
    number = ban(home, home.cats)
    assert home(lambda ctx: map_own_bans(ctx.conn, home.bob.id)) == {home.cats.id: number}

    home(lambda ctx: write(ctx, home.bob, number, " I was not loud. "))
    home.clock.advance(seconds=1)
    home(lambda ctx: write(ctx, mia, number, "You were."))

    assert [told(home, one)[-1] for one in (home.ann, mia, home.bob)] == [
        "appeal",
        "appeal",
        "appeal_answered",
    ]
    (line,) = home(lambda ctx: list_open_appeals(ctx.conn, mia.id))
    assert (line.latest, line.is_waiting, line.person.id) == ("You were.", False, home.bob.id)
    assert home(lambda ctx: list_open_appeals(ctx.conn, home.bob.id)) == []
    home(lambda ctx: undo(ctx, mia, number, "Well."))

    assert home(lambda ctx: find_ban(ctx.conn, home.cats.id, home.bob.id)) is None
    assert home(lambda ctx: list_open_appeals(ctx.conn, mia.id)) == []
    assert [row["outcome"] for row in home.rows(appeal)] == ["undone"]
    page = home(lambda ctx: get_appeal_page(ctx.conn, number, home.bob.id, ctx.now))
    assert page is not None
    assert [(one.kind, one.text) for one in page.messages] == [
        ("words", "I was not loud."),
        ("words", "You were."),
        ("undone", "Well."),
    ]
    assert "appeal_undone" in told(home, home.bob)
    seen = [one.id for one in (home.ann, mia) if sees(home, one, number)]
    home.perform(Ban(by=home.ann, person=mia, community=None))
    assert (seen, sees(home, mia, number)) == ([home.ann.id, mia.id], False)
    # Nobody else has to look at it.
    rows = [row for row in home.rows(notification) if row["detail"] == "appeal"]
    assert all(row["read_at"] for row in rows)


def test_a_removed_post_is_restored_by_an_appeal_or_stays_removed(home: Home) -> None:
    posts = [home.post(), home.post()]
    numbers = []
    for post in posts:
        home.perform(RemoveContent(by=home.ann, target=post, reason="Off topic"))
        numbers.append(last(home))
        home(lambda ctx: write(ctx, home.bob, numbers[-1], "It is about cats."))
    home(lambda ctx: undo(ctx, home.ann, numbers[0], ""))
    home(lambda ctx: uphold(ctx, home.ann, numbers[1], "It is about dogs."))

    assert [home.fresh(post).removed_at is None for post in posts] == [True, False]
    # Each decision is appealed against once.
    again = refused(home, lambda ctx: write(ctx, home.bob, numbers[1], "It is not!"))
    assert again == "already_resolved"
    assert refused(home, lambda ctx: uphold(ctx, home.ann, numbers[0], "")) == "already_resolved"


def test_a_member_banned_from_the_server_writes_to_the_admins(home: Home) -> None:
    mia = home.member("mia")
    home.perform(AddModerator(by=home.ann, community=home.cats, person=mia))
    number = ban(home, None)
    bob = home(lambda ctx: get_person(ctx.conn, home.bob.id))

    home(lambda ctx: write(ctx, bob, number, "Sorry."))

    assert (told(home, mia), told(home, home.ann)) == (["add_moderator"], ["appeal"])
    assert refused(home, lambda ctx: undo(ctx, mia, number, "")) == "not_your_decision"
    assert not sees(home, mia, number)
    home(lambda ctx: undo(ctx, home.ann, number, ""))
    assert not home(lambda ctx: get_person(ctx.conn, bob.id)).is_banned(home.clock())


def test_only_decisions_in_force_and_of_ours_are_appealed_against(home: Home) -> None:
    post, eve = home.post(), home.member("eve")
    home.perform(RemoveContent(by=home.ann, target=post))
    number = last(home)
    for by, text, code in (
        (eve, "Why?", "not_your_decision"),
        (home.ann, "Why?", "couldnt_find_appeal"),
        (home.bob, " ", "body_empty"),
        (home.bob, "x" * 3_001, "body_too_long"),
    ):
        assert refused(home, lambda ctx, b=by, t=text: write(ctx, b, number, t)) == code
    home.perform(RestoreContent(by=home.ann, target=home.fresh(post)))
    assert refused(home, lambda ctx: write(ctx, home.bob, number, "Why?")) == "not_appealable"
    missing = refused(home, lambda ctx: write(ctx, home.bob, last(home), "Why?"))
    assert missing == "couldnt_find_decision"

    kim = home.person("https://peer.example/u/kim")
    dogs = home.group("https://peer.example/c/dogs")
    elsewhere = Ban(by=kim, person=home.bob, community=dogs)
    home(lambda ctx: _moderate(ctx, kim, dogs))
    home.perform(elsewhere, received(kim.iri))
    assert refused(home, lambda ctx: write(ctx, home.bob, last(home), "Why?")) == "not_appealable"
    assert home(lambda ctx: map_own_bans(ctx.conn, home.bob.id)) == {}


def _moderate(ctx: Context, person: Person, place: Community) -> None:
    ctx.conn.execute(
        insert(moderator).values(community_id=place.id, person_id=person.id, appointed_at=ctx.now)
    )


def test_a_new_ban_has_an_appeal_of_its_own(home: Home) -> None:
    first = ban(home, home.cats)
    home(lambda ctx: write(ctx, home.bob, first, "Why?"))
    home(lambda ctx: undo(ctx, home.ann, first, ""))
    second = ban(home, home.cats)

    assert home(lambda ctx: map_own_bans(ctx.conn, home.bob.id)) == {home.cats.id: second}
    home(lambda ctx: write(ctx, home.bob, second, "Why again?"))


def test_messages_are_limited(home: Home) -> None:
    number = ban(home, home.cats)
    for _ in range(5):
        home(lambda ctx: write(ctx, home.bob, number, "Why?"))
    assert refused(home, lambda ctx: write(ctx, home.bob, number, "Why?")) == "rate_limit_error"
