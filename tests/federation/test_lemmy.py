import json
from dataclasses import dataclass

import pytest

from tests.federation.conftest import Live
from tests.support.peers import CONTEXT, PUBLIC, Json, Peer, ReceivedDelivery, Resident, Shapes


@dataclass(frozen=True, slots=True)
class Forum:
    """A Lemmy beside our server, and the actions of its people."""

    live: Live
    peer: Peer

    @property
    def lea(self) -> Resident:
        """A person there."""
        return self.peer.residents["lea"]

    @property
    def dogs(self) -> Resident:
        """The community there."""
        return self.peer.residents["dogs"]

    @property
    def shapes(self) -> Shapes:
        """Lemmy's objects."""
        return Shapes(self.peer)

    def follow(self) -> None:
        """Lea follows !garden and is accepted."""
        asked = {"to": [self.live.garden], "cc": []}
        self.peer.say(self.lea, f"{self.live.garden}/inbox", "Follow", self.live.garden, **asked)
        self.peer.wait("Accept{Follow{id}}")

    def say_in_garden(self, kind: str, obj: object, *, by: str = "lea", **more: object) -> Json:
        """What Lemmy sends to a community's inbox."""
        fields = {"to": [PUBLIC], "cc": [self.live.garden], "audience": self.live.garden, **more}
        resident = self.peer.residents[by]
        return self.peer.say(resident, f"{self.live.garden}/inbox", kind, obj, **fields)

    def announce(self, inner: Json) -> Json:
        """What the community there sends to its followers."""
        bare = {name: value for name, value in inner.items() if name != "@context"}
        return self.peer.say(
            self.dogs, self.live.inbox, "Announce", bare, cc=[f"{self.dogs.iri}/followers"]
        )

    def activity(self, kind: str, obj: object, *, by: str = "lea", **more: object) -> Json:
        """An activity of a person there in the community there."""
        return {
            "id": self.peer.new_id("activities"),
            "type": kind,
            "actor": self.peer.residents[by].iri,
            "object": obj,
            "to": [PUBLIC],
            "cc": [self.dogs.iri],
            "audience": self.dogs.iri,
            **more,
        }

    def wait_announced(self, shape: str, subject: str) -> ReceivedDelivery:
        """The Announce of an activity about `subject`."""
        return self.peer.wait(
            f"Announce{{{shape}}}", lambda delivery: subject in _ids(delivery.activity["object"])
        )

    def is_followed(self) -> str:
        """Bob looks !dogs up and follows it, Lemmy accepts; the path of its page here."""
        path = self.live.bob.look_up(f"!dogs@{self.peer.host}")
        self.live.bob.follow(path)
        asked = self.peer.wait("Follow{id}")
        assert (asked.path, asked.activity["object"]) == ("/c/dogs/inbox", self.dogs.iri)
        inbox = f"{asked.activity['actor']}/inbox"
        self.peer.say(self.dogs, inbox, "Accept", asked.activity)
        self.live.until(path, lambda page: "Unfollow" in page.text)
        return path

    def post_here(self, path: str, title: str) -> tuple[Json, str]:
        """A post of lea's in !dogs, announced; the Page and its path here."""
        page = self.shapes.page(self.lea, self.dogs.iri, title, "Good dogs.")
        self.announce(self.activity("Create", page))
        number = self.live.until(f"{path}?sort=new", lambda seen: seen.find_post(title)).find_post(
            title
        )
        return page, f"/post/{number}"


def _ids(value: object) -> set[str]:
    """Every id in an activity."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return {value.get("id", "")} | _ids(value.get("object"))
    return set()


@pytest.fixture
def forum(live: Live, lemmy: Peer) -> Forum:
    """A forum without previous contact."""
    return Forum(live, lemmy)


# Lemmy's people in our community


def test_lemmy_finds_everything_it_reads_of_a_community(forum: Forum) -> None:
    iri = forum.peer.find(f"!garden@{forum.live.node.host}")
    group = forum.peer.fetch(forum.lea, iri)
    assert group["type"] == "Group"
    assert group["attributedTo"] == f"{iri}/moderators"
    moderators = forum.peer.fetch(forum.lea, group["attributedTo"])
    assert moderators["orderedItems"] == [f"{forum.live.node.origin}/u/ann"]
    post = forum.live.post("In the outbox")
    outbox = forum.peer.fetch(forum.lea, group["outbox"])
    newest = outbox["orderedItems"][0]
    assert newest["type"] == "Announce"
    assert post in _ids(newest)
    assert forum.peer.fetch(forum.lea, group["featured"])["orderedItems"] == []


def test_a_forum_gets_announced_activities_and_no_bare_boosts(forum: Forum) -> None:
    forum.follow()
    post = forum.live.post("Announced whole")
    path, bob, ann = forum.live.path(post), forum.live.bob, forum.live.ann
    announced = forum.wait_announced("Create{Page}", post)
    assert (announced.signer, announced.path) == (forum.live.garden, "/inbox")
    create = announced.activity["object"]
    assert create["actor"] == create["object"]["attributedTo"] == f"{forum.live.node.origin}/u/bob"
    assert create["object"]["audience"] == forum.live.garden
    assert forum.peer.fetch(forum.lea, create["id"])["id"] == create["id"]
    ann.vote(path, 1)
    forum.wait_announced("Like{id}", post)
    number = ann.reply(path, "It does not.")
    comment = f"{forum.live.node.origin}/comment/{number}"
    forum.wait_announced("Create{Note}", comment)
    bob.edit_post(path, title="Announced in full")
    forum.wait_announced("Update{Page}", post)
    bob.delete(path)
    forum.wait_announced("Delete{id}", post)
    bob.undelete(path)
    forum.wait_announced("Undo{Delete{id}}", post)
    ann.remove(f"/comment/{number}", "Rude")
    removed = forum.wait_announced("Delete{id}", comment).activity["object"]
    assert removed["summary"] == "Rude"
    assert forum.peer.shapes().count("Announce{id}") == 0
    assert [shape for shape in forum.peer.shapes() if "Announce" not in shape] == [
        "Accept{Follow{id}}"
    ]


def test_activities_of_lemmy_are_announced_byte_for_byte(forum: Forum) -> None:
    forum.follow()
    post = forum.live.post("Echo")
    activity = forum.say_in_garden("Dislike", post, name="Wöof…  \u2764")
    announced = forum.wait_announced("Dislike{id}", post)
    sent = json.dumps({"@context": announced.activity["object"]["@context"], **activity}).encode()
    assert sent in announced.body


def test_lemmy_is_not_sent_its_own_activities(forum: Forum) -> None:
    forum.follow()
    post = forum.live.post("Echo")
    author = f"{forum.live.node.origin}/u/bob"
    note = forum.shapes.comment(forum.lea, forum.live.garden, post, "Wöof…  \u2764", author)
    forum.say_in_garden("Create", note)
    forum.live.until(forum.live.path(post), lambda page: "Wöof" in page.text)
    forum.say_in_garden("Like", note["id"], by="max")
    forum.wait_announced("Like{id}", note["id"])
    assert "Announce{Create{Note}}" not in forum.peer.shapes()


def test_votes_edits_and_deletions_from_lemmy_count_and_are_announced(forum: Forum) -> None:
    forum.follow()
    title = "From elsewhere"
    page = forum.shapes.page(forum.lea, forum.live.garden, title, "Hello.")
    forum.say_in_garden("Create", page)
    seen = forum.live.until("/c/garden?sort=new", lambda page: page.find_post(title))
    number = seen.find_post(title)
    assert number is not None
    path = f"/post/{number}"
    like = forum.say_in_garden("Like", page["id"], by="max")
    forum.live.until(path, lambda seen: seen.points("post", number) == 2)
    forum.say_in_garden("Dislike", page["id"], by="max")
    forum.live.until(path, lambda seen: seen.points("post", number) == 0)
    forum.say_in_garden("Undo", {**like, "id": f"{like['id']}-made-up"}, by="max")
    forum.live.until(path, lambda seen: seen.points("post", number) == 1)
    edited = forum.peer.put(page | {"name": "From afar", "updated": "2099-01-01T00:00:00Z"})
    forum.say_in_garden("Update", edited)
    forum.live.until(path, lambda seen: "From afar" in seen.text)
    forum.peer.gone(page["id"])
    deleted = forum.say_in_garden("Delete", page["id"])
    forum.live.until(path, lambda seen: seen.status == 410)
    forum.wait_announced("Delete{id}", page["id"])
    forum.peer.put(edited)
    forum.say_in_garden("Undo", deleted)
    forum.live.until(path, lambda seen: seen.status == 200 and "From afar" in seen.text)


def test_an_unknown_person_is_banned_by_their_handle(forum: Forum) -> None:
    forum.follow()
    spammer = forum.peer.actor("Person", "spammer", "/u/spammer")
    page = forum.live.ann.open("/c/garden/ban")

    forum.live.ann.send(
        page, page.form(having="person"), person=f"@spammer@{forum.peer.host}", reason="Spam"
    )

    assert "spammer" in forum.live.bob.open("/c/garden/banned").text
    assert forum.peer.wait("Announce{Block{id}}").activity["object"]["object"] == spammer.iri


def test_a_moderator_from_lemmy_moderates_here(forum: Forum) -> None:
    forum.follow()
    post = forum.live.post("To be moderated")
    path = forum.live.path(post)
    max_ = forum.peer.residents["max"]
    forum.live.ann.appoint("/c/garden", f"@max@{forum.peer.host}")
    added = forum.peer.wait("Announce{Add{id}}").activity["object"]
    assert (added["object"], added["target"]) == (max_.iri, f"{forum.live.garden}/moderators")
    deleted = forum.say_in_garden("Delete", post, by="max", summary="Off topic")
    forum.live.until(path, lambda page: page.status == 410 and "Removed" in page.text)
    assert "Off topic" in forum.live.bob.open("/c/garden/modlog").text
    forum.say_in_garden("Undo", deleted, by="max")
    forum.live.until(path, lambda page: page.status == 200)
    answer = forum.peer.deliver(
        forum.lea,
        f"{forum.live.garden}/inbox",
        {**deleted, "id": forum.peer.new_id("activities"), "actor": forum.lea.iri},
    )
    assert answer.status_code == 403


# Our people in Lemmy's community


def test_a_post_announced_by_a_followed_community_shows_here(forum: Forum) -> None:
    path = forum.is_followed()
    _, post = forum.post_here(path, "Dogs of today")
    page = forum.live.bob.open(post)
    assert "Good dogs." in page.text
    assert f"lea@{forum.peer.host}" in page.text
    assert f"max@{forum.peer.host}" in page.text  # its moderator


def test_a_local_reply_is_sent_to_the_community_once_and_its_echo_nowhere(forum: Forum) -> None:
    path = forum.is_followed()
    page, post = forum.post_here(path, "Dogs to answer")
    forum.live.bob.reply(post, "Mine is better.")
    delivery = forum.peer.wait("Create{Note}")
    create = delivery.activity
    assert create["object"]["inReplyTo"] == page["id"]
    assert create["object"]["audience"] == forum.dogs.iri
    before = len(forum.peer.received)
    forum.announce(create)
    forum.live.bob.vote(post, 1)
    forum.peer.wait("Like{id}", after=before)
    forum.live.bob.vote(post, -1)
    forum.peer.wait("Dislike{id}", after=before)
    assert forum.peer.shapes().count("Create{Note}") == 1
    assert forum.peer.shapes(before) == ["Like{id}", "Dislike{id}"]
    assert forum.live.bob.open(post).text.count("Mine is better.") == 1


def test_announced_moderation_of_a_followed_community_is_applied(forum: Forum) -> None:
    path = forum.is_followed()
    page, post = forum.post_here(path, "Dogs to judge")
    number = int(post.rpartition("/")[2])
    forum.announce(forum.activity("Like", page["id"], by="max"))
    forum.live.until(post, lambda seen: seen.points("post", number) == 2)
    note = forum.shapes.comment(forum.lea, forum.dogs.iri, page["id"], "Agreed.", forum.lea.iri)
    forum.announce(forum.activity("Create", note))
    forum.live.until(post, lambda seen: "Agreed." in seen.text)
    edited = forum.peer.put(page | {"name": "Dogs of yore", "updated": "2099-01-01T00:00:00Z"})
    forum.announce(forum.activity("Update", edited))
    forum.live.until(post, lambda seen: "Dogs of yore" in seen.text)
    removed = forum.activity("Delete", note["id"], by="max", summary="Too short")
    forum.announce(removed)
    forum.live.until(post, lambda seen: "Removed by a moderator." in seen.text)
    assert "Too short" in forum.live.bob.open(f"{path}/modlog").text
    forum.announce(forum.activity("Undo", removed, by="max"))
    forum.live.until(post, lambda seen: "Agreed." in seen.text)


def test_a_local_post_in_their_community_is_sent_there_as_a_create(forum: Forum) -> None:
    path = forum.is_followed()
    forum.live.bob.submit(path, "Our dog", body="A **good** one.")
    create = forum.peer.wait("Create{Page}").activity
    assert create["object"]["audience"] == forum.dogs.iri
    assert {forum.dogs.iri, PUBLIC} <= {*create["object"]["to"], *create["object"]["cc"]}
    assert create["object"]["source"]["content"] == "A **good** one."


def test_nothing_is_stored_of_a_community_without_local_followers(forum: Forum) -> None:
    page = forum.shapes.page(forum.lea, forum.dogs.iri, "Unwanted dogs", "Buy!")
    forum.announce(forum.activity("Create", page))
    forum.follow()
    assert "Unwanted dogs" not in forum.live.bob.open("/?list=all&sort=new").text


def test_pinned_posts_of_a_followed_community_are_pinned_here(forum: Forum) -> None:
    old, pinned = (
        forum.shapes.page(forum.lea, forum.dogs.iri, title, "Good dogs.")
        for title in ("An old post", "Read this first")
    )
    created = forum.activity("Create", old)
    announced = {"id": forum.peer.new_id("activities"), "type": "Announce", "object": created}
    for name, items in (
        ("outbox", [announced | {"actor": forum.dogs.iri}]),
        ("featured", [pinned]),
    ):
        forum.peer.put(
            {
                "@context": CONTEXT,
                "id": f"{forum.dogs.iri}/{name}",
                "type": "OrderedCollection",
                "totalItems": len(items),
                "orderedItems": items,
            }
        )

    path = forum.is_followed()

    page = forum.live.until(f"{path}?sort=new", lambda seen: "pinned" in seen.text)
    assert page.text.index("Read this first") < page.text.index("An old post")
    above = page.text.partition("An old post")[0]
    assert "pinned" in above
