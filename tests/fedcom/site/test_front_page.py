"""Posts pinned on the front page, and communities hidden from the lists."""

import pytest

from fedcom.actions.remove import RemoveContent
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.actor import Person
from fedcom.models.moderation import modlog
from fedcom.models.notification import notification
from fedcom.models.post import Post
from fedcom.rules.limits import MAX_REASON
from fedcom.site.front_page import hide_community, pin_on_site
from tests.support.people import Home

KIM = "https://lemmy.example/u/kim"


def pinned(home: Home, by: Person, post: Post, *, on: bool = True) -> Post:
    return home(lambda ctx: pin_on_site(ctx, by, post, pinned=on))


def test_an_admin_pins_and_unpins_a_post_without_telling_peers(home: Home) -> None:
    home.follow(home.person(KIM, "lemmy"), home.cats)
    post = home.post()
    home.sent()

    up = pinned(home, home.ann, post)
    down = pinned(home, home.ann, up, on=False)

    assert (up.site_featured_at, up.featured_at) == (home.clock(), None)
    assert down.site_featured_at is None
    assert home.sent() == []
    assert [row["kind"] for row in home.rows(modlog)] == ["pin_on_site", "unpin_on_site"]
    assert [row["recipient_id"] for row in home.rows(notification)] == [home.bob.id] * 2


def test_only_admins_pin_only_visible_posts_and_only_once(home: Home) -> None:
    post = home.post()
    up = pinned(home, home.ann, home.post())

    with pytest.raises(Denied, match="not_an_admin"):
        pinned(home, home.bob, post)
    with pytest.raises(Conflict):
        pinned(home, home.ann, up)
    removed = home.perform(RemoveContent(by=home.ann, target=post))
    with pytest.raises(Denied, match="deleted"):
        pinned(home, home.ann, removed)


def test_an_admin_hides_and_unhides_a_community_with_a_reason(home: Home) -> None:
    home.follow(home.bob, home.cats)

    hidden = home(lambda ctx: hide_community(ctx, home.ann, home.cats, hidden=True, reason=" Dull"))
    shown = home(lambda ctx: hide_community(ctx, home.ann, hidden, hidden=False))

    assert (hidden.hidden_at, shown.hidden_at) == (home.clock(), None)
    entries = [(row["kind"], row["target_iri"], row["reason"]) for row in home.rows(modlog)]
    assert entries == [
        ("hide_community", home.cats.iri, "Dull"),
        ("unhide_community", home.cats.iri, ""),
    ]
    assert home.rows(notification) == []
    assert home.sent() == []


def test_only_admins_hide_communities_and_only_once(home: Home) -> None:
    with pytest.raises(Denied, match="not_an_admin"):
        home(lambda ctx: hide_community(ctx, home.bob, home.cats, hidden=True))
    with pytest.raises(Conflict):
        home(lambda ctx: hide_community(ctx, home.ann, home.cats, hidden=False))
    long = "a" * (MAX_REASON + 1)
    with pytest.raises(Invalid):
        home(lambda ctx: hide_community(ctx, home.ann, home.cats, hidden=True, reason=long))
