"""Pins: permissions, effects, recipients, and the reading of peers' activities."""

from typing import Any

import pytest

from fedcom.actions.base import Action
from fedcom.actions.moderators import AddModerator
from fedcom.actions.pin import Pin
from fedcom.actions.remove import RemoveContent
from fedcom.effects.pins import put_pins
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.moderation import modlog
from fedcom.models.post import post as post_table
from tests.fedcom.actions.receiving import read
from tests.support.documents import Json, activity, note
from tests.support.people import Home

KIM, DOGS = "https://lemmy.example/u/kim", "https://lemmy.example/c/dogs"
FEATURED = f"{DOGS}/featured"


def test_a_moderator_pins_and_unpins_a_post(home: Home) -> None:
    home.follow(home.person(KIM, "lemmy"), home.cats)
    post = home.post()
    home.sent()

    pinned = home.perform(Pin(by=home.ann, post=post, pinned=True))
    loose = home.perform(Pin(by=home.ann, post=pinned, pinned=False))

    assert (pinned.featured_at, loose.featured_at) == (home.clock(), None)
    sent = home.sent_bodies()
    assert [one.shape for one, _ in sent] == ["Announce{Add{id}}", "Announce{Remove{id}}"]
    assert all(f'"target":"{home.cats.featured_iri}"'.encode() in body for _, body in sent)
    assert [row["kind"] for row in home.rows(modlog)] == ["pin", "unpin"]


def test_only_moderators_pin_posts(home: Home) -> None:
    with pytest.raises(Denied, match="not_a_moderator"):
        home.perform(Pin(by=home.bob, post=home.post(), pinned=True))


def test_only_visible_posts_are_pinned_and_only_once(home: Home) -> None:
    post = home.post()
    pinned = home.perform(Pin(by=home.ann, post=home.post(), pinned=True))
    removed = home.perform(RemoveContent(by=home.ann, target=post))

    with pytest.raises(Conflict):
        home.perform(Pin(by=home.ann, post=pinned, pinned=True))
    with pytest.raises(Conflict):
        home.perform(Pin(by=home.ann, post=post, pinned=False))
    with pytest.raises(Denied, match="deleted"):
        home.perform(Pin(by=home.ann, post=removed, pinned=True))


class Elsewhere:
    """The remote !dogs, followed here, with a post of kim's."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.dogs = home.group(DOGS, featured=FEATURED)
        self.kim = home.person(KIM, "lemmy")
        home.follow(home.bob, self.dogs)
        self.post = home.post(by=self.kim, community=self.dogs)

    def read(self, document: Json) -> Action[Any] | None:
        return read(self.home, document, via=DOGS)


def test_a_remote_pin_is_recognized_by_its_collection(home: Home) -> None:
    there = Elsewhere(home)
    add = activity("Add", KIM, there.post.iri, target=FEATURED)
    remove = activity("Remove", KIM, there.post.iri, target=FEATURED)
    appoint = activity("Add", KIM, KIM, target=f"{DOGS}/moderators")

    assert there.read(add) == Pin(by=there.kim, post=there.post, pinned=True)
    assert there.read(remove) is None
    assert there.read(activity("Remove", KIM, f"{DOGS}/1", target=FEATURED)) is None
    assert there.read(appoint) == AddModerator(
        by=there.kim, community=home.fresh(there.dogs), person=there.kim
    )
    pinned = home.perform(Pin(by=there.kim, post=there.post, pinned=True))
    assert there.read(add) is None
    assert there.read(remove) == Pin(by=there.kim, post=pinned, pinned=False)


def test_a_community_pins_only_its_own_posts(home: Home) -> None:
    there = Elsewhere(home)
    ours, comment = home.post(), home.comment(there.post)

    for iri in (ours.iri, comment.iri):
        with pytest.raises(Denied, match="wrong_community"):
            there.read(activity("Add", KIM, iri, target=FEATURED))


def test_a_remote_moderator_cannot_pin_a_foreign_post_in_a_local_community(
    home: Home,
) -> None:
    max_, lea = home.person("https://max.example/u/max"), "https://lea.example/u/lea"
    home.perform(AddModerator(by=home.ann, community=home.cats, person=max_))
    stranger = home.person(lea)
    public_note = note(f"{lea}/1", lea)
    document = activity("Add", max_.iri, public_note["id"], target=home.cats.featured_iri)

    assert read(home, document, public_note) is None
    assert [row for row in home.rows(post_table) if row["author_id"] == stranger.id] == []


def test_other_collections_are_unknown(home: Home) -> None:
    there = Elsewhere(home)

    with pytest.raises(Invalid, match="unknown_collection"):
        there.read(activity("Add", KIM, there.post.iri, target=f"{DOGS}/outbox"))


def test_the_featured_collection_of_a_peer_determines_its_pins(home: Home) -> None:
    there = Elsewhere(home)
    ours = home.post()
    other, kept = (
        home.perform(
            Pin(
                by=there.kim,
                post=home.post(by=there.kim, community=there.dogs, iri=iri),
                pinned=True,
            )
        )
        for iri in (f"{DOGS}/2", f"{DOGS}/3")
    )
    home.clock.advance(hours=1)

    home(lambda ctx: put_pins(ctx, there.dogs, [there.post.iri, kept.iri, ours.iri]))

    assert home.fresh(there.post).featured_at == home.clock()
    assert home.fresh(kept) == kept
    assert home.fresh(other).featured_at is None
    assert home.fresh(ours).featured_at is None
