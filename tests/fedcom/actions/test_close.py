"""Closing communities: local ones for everybody, remote ones for this server, and by their own."""

from typing import Any

import pytest

from fedcom.actions.close import CloseCommunity, ReopenCommunity
from fedcom.errors import Conflict, Denied
from fedcom.models.actor import Community, community
from fedcom.models.moderation import modlog
from fedcom.models.notification import notification
from tests.support.documents import Json, activity, group, person, undo
from tests.support.node import Node
from tests.support.people import Home

KIM = "https://lemmy.example/u/kim"
DOGS, HEAD = "https://dogs.example/c/dogs", "https://dogs.example/u/head"


def test_closing_a_local_community_is_sent_to_its_followers(home: Home) -> None:
    home.follow(home.person(KIM, "lemmy"), home.cats)
    home.sent()

    closed = home.perform(CloseCommunity(by=home.ann, community=home.cats, reason="Spam only."))
    opened = home.perform(ReopenCommunity(by=home.ann, community=closed))

    assert (closed.removed_at, opened.removed_at) == (home.clock(), None)
    sent = home.sent_bodies()
    assert [one.shape for one, _ in sent] == ["Announce{Delete{id}}", "Announce{Undo{Delete{id}}}"]
    assert {one.by for one, _ in sent} == {"c/cats"}
    assert b'"summary":"Spam only."' in sent[0][1]
    lines = [(row["kind"], row["reason"], row["target_iri"]) for row in home.rows(modlog)]
    assert lines == [
        ("remove_community", "Spam only.", home.cats.iri),
        ("restore_community", "", home.cats.iri),
    ]


def test_closing_a_remote_community_is_sent_to_nobody(home: Home) -> None:
    dogs = home.group(DOGS)
    home.follow(home.bob, dogs)

    home.perform(CloseCommunity(by=home.ann, community=dogs))

    assert home.sent() == []


def test_members_who_follow_it_are_notified_with_moderator_and_reason(home: Home) -> None:
    home.follow(home.bob, home.cats)

    home.perform(CloseCommunity(by=home.ann, community=home.cats, reason="Spam only."))

    notice = [row for row in home.rows(notification) if row["recipient_id"] == home.bob.id]
    assert [(row["detail"], row["reason"], row["actor_id"]) for row in notice] == [
        ("remove_community", "Spam only.", home.ann.id)
    ]


def test_only_admins_close_and_reopen_communities(home: Home) -> None:
    mods = home.community("birds", by=home.bob)
    with pytest.raises(Denied, match="not_an_admin"):
        home.perform(CloseCommunity(by=home.bob, community=mods))
    with pytest.raises(Denied, match="not_an_admin"):
        home.perform(ReopenCommunity(by=home.bob, community=mods))


def test_closing_twice_is_refused(home: Home) -> None:
    with pytest.raises(Conflict, match="not_removed"):
        home.perform(ReopenCommunity(by=home.ann, community=home.cats))
    closed = home.perform(CloseCommunity(by=home.ann, community=home.cats))
    with pytest.raises(Conflict, match="already_removed"):
        home.perform(CloseCommunity(by=home.ann, community=closed))


class Elsewhere:
    """!dogs, which bob follows; head is of its server, kim is not."""

    def __init__(self, node: Node) -> None:
        self.node = node
        node.network.put(group(DOGS), person(HEAD), person(KIM))
        self.dogs: Community = node.home.group(DOGS)
        node.home.follow(node.home.bob, self.dogs)
        self.count = 0

    async def announce(self, inner: Json) -> str:
        self.count += 1
        iri = f"{DOGS}/announce/{self.count}"
        return await self.node.receive(activity("Announce", DOGS, inner, id=iri))

    @property
    def is_open(self) -> bool:
        rows: list[dict[str, Any]] = self.node.home.rows(community)
        return next(row["removed_at"] is None for row in rows if row["actor_id"] == self.dogs.id)

    @property
    def fresh(self) -> Community:
        return self.node.home.fresh(self.dogs)


@pytest.fixture
async def elsewhere(node: Node) -> Elsewhere:
    return Elsewhere(node)


def closing(by: str = HEAD, number: int = 1) -> Json:
    return activity("Delete", by, DOGS, id=f"{by}/delete/{number}", summary="Enough.")


@pytest.mark.anyio
async def test_a_remote_community_is_closed_and_reopened_by_its_own_activity(
    elsewhere: Elsewhere,
) -> None:
    assert await elsewhere.announce(closing()) == "202"
    assert not elsewhere.is_open
    assert await elsewhere.announce(undo(closing())) == "202"
    assert elsewhere.is_open
    kinds = [row["kind"] for row in elsewhere.node.home.rows(modlog)]
    assert kinds == ["remove_community", "restore_community"]


@pytest.mark.anyio
async def test_a_remote_community_is_deleted_and_restored_by_its_moderator(
    elsewhere: Elsewhere,
) -> None:
    deletion = activity("Delete", HEAD, DOGS, id=f"{HEAD}/delete/1")
    for _ in range(2):
        assert await elsewhere.announce(deletion) == "202"
        assert elsewhere.fresh.deleted_at is not None
    assert elsewhere.is_open
    assert await elsewhere.announce(undo(deletion)) == "202"
    assert elsewhere.fresh.deleted_at is None
    assert elsewhere.node.home.rows(modlog) == []


@pytest.mark.anyio
async def test_others_cannot_close_it_and_an_announce_is_required(
    elsewhere: Elsewhere,
) -> None:
    assert await elsewhere.announce(closing(by=KIM)) == "403 not_owner"
    assert await elsewhere.node.receive(closing(number=2)) == "202 waits_for_announce"
    assert elsewhere.is_open


@pytest.mark.anyio
async def test_a_community_closed_by_our_admin_stays_closed(
    elsewhere: Elsewhere,
) -> None:
    home = elsewhere.node.home
    home.perform(CloseCommunity(by=home.ann, community=elsewhere.fresh))
    assert await elsewhere.announce(closing()) == "202"
    assert await elsewhere.announce(undo(closing())) == "202"
    assert not elsewhere.is_open


@pytest.mark.anyio
async def test_a_community_closed_by_its_server_is_reopened_only_there(
    elsewhere: Elsewhere,
) -> None:
    home = elsewhere.node.home
    assert await elsewhere.announce(closing()) == "202"
    with pytest.raises(Conflict, match="closed_at_home"):
        home.perform(ReopenCommunity(by=home.ann, community=elsewhere.fresh))
