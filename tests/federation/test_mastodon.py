from dataclasses import dataclass

import pytest

from tests.federation.conftest import Live
from tests.support.peers import PUBLIC, Json, Peer, ReceivedDelivery, Resident, Shapes


@dataclass(frozen=True, slots=True)
class Kim:
    """A person on a microblog, and their actions."""

    live: Live
    peer: Peer
    me: Resident

    def follow(self, times: int = 1) -> ReceivedDelivery:
        """Follow the community; the Accept."""
        before = len(self.peer.received)
        asked = self.peer.say(self.me, f"{self.live.garden}/inbox", "Follow", self.live.garden)
        return self.peer.wait(
            "Accept{Follow{id}}",
            lambda delivery: delivery.activity["object"]["id"] == asked["id"],
            after=before,
        )

    def boost_of(self, post: str) -> ReceivedDelivery:
        """The boost of a post, once it has arrived."""
        return self.peer.wait("Announce{id}", lambda delivery: delivery.activity["object"] == post)

    def reply(self, to: str, text: str, **more: object) -> Json:
        """A reply that mentions the community, as the reply box of Mastodon begins."""
        note = Shapes(self.peer).status(
            self.me, text, answers=to, names={self.live.handle: self.live.garden}
        )
        note |= more
        self.create(note)
        return note

    def create(self, note: Json) -> None:
        """Send a status to our server."""
        more = {key: note[key] for key in ("to", "cc")}
        self.peer.say(self.me, self.live.inbox, "Create", note, **more)


@pytest.fixture
def kim(live: Live, mastodon: Peer) -> Kim:
    """A person without previous contact."""
    return Kim(live, mastodon, mastodon.residents["kim"])


def test_a_community_is_found_by_its_handle_and_back(kim: Kim) -> None:
    iri = kim.peer.find(kim.live.handle)
    assert iri == kim.live.garden
    group = kim.peer.fetch(kim.me, iri)
    assert (group["type"], group["preferredUsername"]) == ("Group", "garden")
    assert group["publicKey"]["owner"] == group["id"] == iri
    assert group["endpoints"]["sharedInbox"] == kim.live.inbox
    for name in ("outbox", "followers", "featured"):
        assert "totalItems" in kim.peer.fetch(kim.me, group[name])


def test_each_follow_is_accepted_by_the_community_itself(kim: Kim) -> None:
    first = kim.follow()
    assert first.signer == kim.live.garden
    assert first.path == "/users/kim/inbox"
    assert first.activity["object"]["actor"] == kim.me.iri
    assert kim.follow().activity["id"] != first.activity["id"]


def test_a_follower_gets_one_boost_of_a_post_and_can_fetch_it(kim: Kim) -> None:
    kim.follow()
    before = len(kim.peer.received)
    post = kim.live.post("A boost")
    boost = kim.boost_of(post)
    assert (boost.signer, boost.path) == (kim.live.garden, "/inbox")
    assert boost.activity["to"] == [PUBLIC]
    assert boost.activity["cc"] == [f"{kim.live.garden}/followers"]
    page = kim.peer.fetch(kim.me, post)
    assert (page["type"], page["attributedTo"]) == ("Note", f"{kim.live.node.origin}/u/bob")
    assert "A boost" in page["content"]
    assert kim.live.garden in [tag["href"] for tag in page["tag"] if tag["type"] == "Mention"]
    later = kim.live.post("Another boost")
    kim.boost_of(later)
    assert kim.peer.shapes(before) == ["Announce{id}", "Announce{id}"]


def test_comments_and_votes_of_others_do_not_flood_the_timeline(kim: Kim) -> None:
    kim.follow()
    post = kim.live.post("Much discussed")
    kim.boost_of(post)
    before = len(kim.peer.received)
    kim.live.ann.reply(kim.live.path(post), "It does not rain here.")
    kim.live.ann.vote(kim.live.path(post), 1)
    kim.boost_of(kim.live.post("The next"))
    assert kim.peer.shapes(before) == ["Announce{id}"]


def test_a_reply_shows_below_the_post_and_a_favourite_counts_until_it_is_undone(kim: Kim) -> None:
    kim.follow()
    post = kim.live.post("To be answered")
    path = kim.live.path(post)
    kim.reply(post, "It snows <b>here</b>.")
    page = kim.live.until(path, lambda page: "It snows here." in page.text)
    assert f"kim@{kim.peer.host}" in page.text
    like = kim.peer.say(kim.me, kim.live.inbox, "Like", post)
    number = int(path.rpartition("/")[2])
    kim.live.until(path, lambda page: page.points("post", number) == 2)
    kim.peer.say(kim.me, kim.live.inbox, "Undo", like)
    kim.live.until(path, lambda page: page.points("post", number) == 1)


def test_a_local_reply_its_edit_and_its_deletion_reach_the_parents_author(
    kim: Kim,
) -> None:
    post = kim.live.post("A conversation")
    path, bob = kim.live.path(post), kim.live.bob
    note = kim.reply(post, "It snows here.")
    parent = kim.live.until(path, lambda page: "It snows here." in page.text).find_comment("snows")
    answer = bob.reply(path, "How much?", parent=parent)
    delivery = kim.peer.wait("Create{Note}")
    created = delivery.activity["object"]
    assert delivery.signer == created["attributedTo"] == f"{kim.live.node.origin}/u/bob"
    assert created["inReplyTo"] == note["id"]
    assert {kim.me.iri, kim.live.garden} <= {tag["href"] for tag in created["tag"]}
    assert kim.me.iri in created["to"] + created["cc"]
    assert PUBLIC in created["to"] + created["cc"]
    bob.edit_comment(answer, "How much of it?")
    edited = kim.peer.wait("Update{Note}").activity["object"]
    assert edited["id"] == created["id"]
    assert "How much of it?" in edited["content"]
    assert edited["updated"] > created["published"]
    bob.delete(f"/comment/{answer}")
    assert kim.peer.wait("Delete{id}").activity["object"] == created["id"]
    gone = kim.peer.look(kim.me, created["id"])
    assert (gone.status_code, gone.json()["type"]) == (410, "Tombstone")


def test_their_edit_and_their_deletion_show_here(kim: Kim) -> None:
    post = kim.live.post("Second thoughts")
    path = kim.live.path(post)
    note = kim.reply(post, "It snows here.")
    kim.live.until(path, lambda page: "It snows here." in page.text)
    edited = kim.peer.put(
        note | {"content": "<p>It hails here.</p>", "updated": "2099-01-01T00:00:00Z"}
    )
    kim.peer.say(kim.me, kim.live.inbox, "Update", edited)
    kim.live.until(path, lambda page: "It hails here." in page.text)
    kim.peer.gone(note["id"])
    tombstone = {"id": note["id"], "type": "Tombstone"}
    kim.peer.say(kim.me, kim.live.inbox, "Delete", tombstone)
    page = kim.live.until(path, lambda page: "Deleted by its author." in page.text)
    assert "hails" not in page.text


def test_an_edited_post_comes_as_its_authors_update(kim: Kim) -> None:
    kim.follow()
    post = kim.live.post("To be edited")
    kim.boost_of(post)
    kim.live.bob.edit_post(kim.live.path(post), body="It stopped.")
    delivery = kim.peer.wait("Update{Note}")
    assert delivery.signer == f"{kim.live.node.origin}/u/bob"
    assert delivery.activity["object"]["id"] == post
    assert "It stopped." in delivery.activity["object"]["content"]


@pytest.mark.parametrize("by", ["author", "moderator"])
def test_the_boost_of_a_deleted_post_is_undone_by_its_id(kim: Kim, by: str) -> None:
    kim.follow()
    post = kim.live.post("To be taken back")
    boost = kim.boost_of(post)
    path = kim.live.path(post)
    if by == "author":
        kim.live.bob.delete(path)
    else:
        kim.live.ann.remove(path, "Not about gardens")
    undone = kim.peer.wait("Undo{Announce{id}}")
    assert undone.signer == kim.live.garden
    assert undone.activity["object"]["id"] == boost.activity["id"]
    if by == "author":
        kim.live.bob.undelete(path)
    else:
        kim.live.ann.restore(path)
    again = kim.peer.wait(
        "Announce{id}",
        lambda delivery: delivery.activity["object"] == post and delivery != boost,
    )
    assert again.activity["id"] != boost.activity["id"]


def test_a_status_that_names_the_community_becomes_a_post(kim: Kim) -> None:
    note = Shapes(kim.peer).status(
        kim.me,
        "What is this?</p><p>I found it.",
        answers=None,
        names={kim.live.handle: kim.live.garden},
    )
    kim.create(note)
    page = kim.live.until("/c/garden?sort=new", lambda page: page.find_post("What is this?"))
    post = f"/post/{page.find_post('What is this?')}"
    assert "I found it." in kim.live.bob.open(post).text


def test_private_statuses_are_shown_to_nobody(kim: Kim) -> None:
    post = kim.live.post("A quiet place")
    followers = f"{kim.me.iri}/followers"
    note = Shapes(kim.peer).status(
        kim.me, "A whisper.", answers=post, names={kim.live.handle: kim.live.garden}
    )
    note |= {"to": [followers], "cc": [kim.live.garden]}
    answer = kim.peer.deliver(
        kim.me,
        kim.live.inbox,
        {
            "id": f"{note['id']}/activity",
            "type": "Create",
            "actor": kim.me.iri,
            "object": note,
            "to": note["to"],
            "cc": note["cc"],
        },
    )
    assert answer.status_code in (202, 403)
    kim.reply(post, "A word.")
    page = kim.live.until(kim.live.path(post), lambda page: "A word." in page.text)
    assert "whisper" not in page.text


def test_nothing_is_sent_to_a_former_follower(kim: Kim) -> None:
    kim.follow()
    kim.boost_of(kim.live.post("Before leaving"))
    inbox = f"{kim.live.garden}/inbox"
    asked = {"id": kim.peer.new_id("follows"), "type": "Follow", "actor": kim.me.iri}
    kim.peer.say(kim.me, inbox, "Undo", {**asked, "object": kim.live.garden})
    path = "/c/garden"
    before = len(kim.peer.received)
    kim.live.until(path, lambda page: "followers" in page.text)
    kim.live.post("After leaving")
    kim.follow()
    later = kim.live.post("Back again")
    kim.boost_of(later)
    assert kim.peer.shapes(before) == ["Accept{Follow{id}}", "Announce{id}"]
