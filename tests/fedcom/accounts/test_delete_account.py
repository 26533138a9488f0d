"""Who is told when a member leaves, and what stands here afterwards."""

import pytest

from fedcom.accounts.delete_account import delete_account
from fedcom.accounts.mail import enqueue_mail
from fedcom.errors import Conflict, NotFound
from fedcom.models.follow import follow
from fedcom.models.mail import mail
from tests.support.people import Home, Sent, give_email

KIM, OWLS = "https://kim.example/u/kim", "https://owls.example/c/owls"


def test_followers_and_every_forum_that_is_known_are_told_once(home: Home) -> None:
    kim = home.person(KIM, "mastodon")
    owls = home.group(OWLS)
    home.follow(kim, home.bob)
    home.follow(home.bob, owls)
    home.sent()

    home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=True))

    words = "Delete{id}"
    assert home.sent() == [
        Sent(kim.shared_inbox or kim.inbox, words, "u/bob"),
        Sent(owls.shared_inbox or owls.inbox, words, "u/bob"),
    ]
    left = home.rows(follow)
    assert home.bob.id not in {one[end] for one in left for end in ("follower_id", "target_id")}


def test_nothing_is_sent_any_more_to_who_has_left(home: Home) -> None:
    address = "bob@mail.example"
    home(lambda ctx: give_email(ctx, home.bob.id, address))
    home(lambda ctx: enqueue_mail(ctx, address, "1 new notification", "Here"))
    home(lambda ctx: enqueue_mail(ctx, "ann@mail.example", "1 new notification", "Here"))
    home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=False))
    assert [row["recipient"] for row in home.rows(mail)] == ["ann@mail.example"]


def test_what_members_of_a_community_followed_is_counted_anew(home: Home) -> None:
    before = home.fresh(home.cats).subscribers
    home.follow(home.bob, home.cats)
    assert home.fresh(home.cats).subscribers == before + 1
    home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=False))
    assert home.fresh(home.cats).subscribers == before


def test_nobody_leaves_twice_and_the_last_admin_stays(home: Home) -> None:
    with pytest.raises(Conflict):
        home(lambda ctx: delete_account(ctx, home.ann.id, removes_content=False))
    home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=False))
    with pytest.raises(NotFound):
        home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=False))
