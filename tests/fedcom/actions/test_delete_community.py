"""The deletion of a community by its first moderator, and its return."""

import pytest

from fedcom.actions.comment import CreateComment
from fedcom.actions.delete_community import DeleteCommunity, UndeleteCommunity
from fedcom.actions.moderators import AddModerator
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.actor import Community
from fedcom.models.moderation import modlog
from fedcom.models.purge import purge
from fedcom.site.purge import purge_community
from fedcom.wire.body import Body
from tests.support.people import Home

KIM = "https://lemmy.example/u/kim"


def dogs_of_bob(home: Home) -> Community:
    return home.community("dogs", by=home.bob, title="Dogs")


def test_it_is_sent_to_the_followers_without_a_summary(home: Home) -> None:
    dogs = dogs_of_bob(home)
    home.follow(home.person(KIM, "lemmy"), dogs)
    home.sent()

    deleted = home.perform(DeleteCommunity(by=home.bob, community=dogs))
    restored = home.perform(UndeleteCommunity(by=home.bob, community=deleted))

    assert (deleted.deleted_at, restored.deleted_at) == (home.clock(), None)
    assert (deleted.title, deleted.removed_at) == ("Dogs", None)
    sent = home.sent_bodies()
    assert [one.shape for one, _ in sent] == ["Announce{Delete{id}}", "Announce{Undo{Delete{id}}}"]
    assert all(b'"summary"' not in body for _, body in sent)
    assert home.rows(modlog) == []


def test_nobody_takes_part_in_a_deleted_community(home: Home) -> None:
    dogs = dogs_of_bob(home)
    post = home.post(by=home.bob, community=dogs)
    deleted = home.perform(DeleteCommunity(by=home.bob, community=dogs))
    reply = CreateComment(by=home.bob, post=post, parent=None, body=Body.of_markdown("Hm"))

    with pytest.raises(Denied, match="community_closed"):
        home.perform(reply)
    home.perform(UndeleteCommunity(by=home.bob, community=deleted))
    home.perform(reply)


def test_only_the_first_moderator_deletes_and_restores_it(home: Home) -> None:
    dogs, mia = dogs_of_bob(home), home.member("mia")
    home.clock.advance(seconds=1)
    home.perform(AddModerator(by=home.bob, community=dogs, person=mia))

    for by in (mia, home.ann):
        with pytest.raises(Denied, match="not_top_mod"):
            home.perform(DeleteCommunity(by=by, community=dogs))
    deleted = home.perform(DeleteCommunity(by=home.bob, community=dogs))
    for by in (mia, home.ann):
        with pytest.raises(Denied, match="not_top_mod"):
            home.perform(UndeleteCommunity(by=by, community=deleted))


def test_doing_it_twice_is_a_conflict(home: Home) -> None:
    dogs = dogs_of_bob(home)
    with pytest.raises(Conflict, match="not_deleted"):
        home.perform(UndeleteCommunity(by=home.bob, community=dogs))
    deleted = home.perform(DeleteCommunity(by=home.bob, community=dogs))
    with pytest.raises(Conflict, match="already_deleted"):
        home.perform(DeleteCommunity(by=home.bob, community=deleted))


def test_a_community_elsewhere_is_deleted_there(home: Home) -> None:
    birds = home.group("https://dogs.example/c/birds")
    with pytest.raises(Invalid, match="not_local"):
        home.perform(DeleteCommunity(by=home.bob, community=birds))


def test_a_purged_community_does_not_come_back(home: Home) -> None:
    dogs = dogs_of_bob(home)
    deleted = home.perform(DeleteCommunity(by=home.bob, community=dogs))
    home(lambda ctx: purge_community(ctx, home.ann, deleted))

    with pytest.raises(Conflict, match="already_purged"):
        home.perform(UndeleteCommunity(by=home.bob, community=deleted))
    assert [row["kind"] for row in home.rows(purge)] == ["community"]
