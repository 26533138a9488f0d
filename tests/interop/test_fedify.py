"""Scenarios with servers that are made with Fedify, a program that we did not write.

The follower reads everything with Fedify's classes, which expand each document as JSON-LD, as no
other peer does: a context that contradicts itself makes it refuse the whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.federation.conftest import Live
from tests.support.fedify import Fedify, Read
from tests.support.javascript import running
from tests.support.peers import Json
from tests.support.visitor import Page


@dataclass(frozen=True, slots=True)
class FedifySetup:
    """Our server between two others: `near` has fay and the group guild, `far` only fox.

    Fay and fox follow !garden. Near calls itself a microblog, and is sent boosts; far is unfamiliar
    and gets everything.
    """

    live: Live
    near: Fedify
    far: Fedify

    @property
    def fay(self) -> str:
        """Her id."""
        return self.near.iri("fay")

    @property
    def guild(self) -> str:
        """The id of the group."""
        return self.near.iri("guild")

    def say(self, kind: str, obj: object, **more: object) -> Json:
        """Fay sends it to !garden."""
        return self.near.say("fay", kind, obj, to=self.live.garden, **more)

    def note(self, html: str, **more: object) -> Json:
        """A note of fay's that names !garden."""
        return self.near.note("fay", self.live.garden, html, **more)

    def relayed(self, shape: str, iri: str) -> Read:
        """What !garden announced to far, by the id of the activity or of what it is about."""
        return self.far.wait(
            f"Announce{{{shape}}}",
            lambda received: iri in (received["object"]["id"], _about(received)),
        )

    def new_post(self, title: str) -> tuple[str, str]:
        """A post of bob's: its id and its path."""
        iri = self.live.post(title)
        return iri, self.live.path(iri)


def _about(received: Json) -> object:
    """The id of what an announced activity is about in the end."""
    while isinstance(received, dict) and received.get("object") is not None:
        received = received["object"]
    return received["id"] if isinstance(received, dict) else received


def _has_points(points: int) -> Callable[[Page], bool]:
    """Whether the post on its own page has as many."""
    return lambda page: page.points("post", int(page.path.rpartition("/")[2])) == points


@pytest.fixture(scope="module")
def fedify(live: Live) -> Iterator[FedifySetup]:
    """Everybody has met."""
    with running("fedify.mjs") as one, running("fedify.mjs") as another:
        near = Fedify(one, "hollo", "127.0.0.26", {"fay": "Person", "guild": "Group"})
        far = Fedify(another, "gazette", "127.0.0.27", {"fox": "Person"})
        for server, name in ((near, "fay"), (far, "fox")):
            server.say(name, "Follow", live.garden, to=live.garden)
            server.wait("Accept{Follow{id}}")
        yield FedifySetup(live, near, far)


def test_fedify_reads_our_actors_and_collections(fedify: FedifySetup) -> None:
    iri, _ = fedify.new_post("Read by Fedify")
    garden = fedify.live.garden
    assert fedify.near.look(garden)["type"] == "Group"
    assert fedify.near.look(f"{fedify.live.node.origin}/u/bob")["type"] == "Person"
    assert fedify.near.look(iri)["name"] == "Read by Fedify"
    assert iri in [_about(item) for item in fedify.near.items(f"{garden}/outbox")]
    assert [item["id"] for item in fedify.near.items(f"{garden}/moderators")] == [
        f"{fedify.live.node.origin}/u/ann"
    ]


def test_actions_of_a_fedify_actor_show_here_and_are_announced(fedify: FedifySetup) -> None:
    live = fedify.live
    note = fedify.note(f'<p><a href="{live.garden}">@garden</a> Seeds</p><p>They grow.</p>')
    received = [fedify.say("Create", note)]
    page = live.until("/c/garden?sort=new", lambda page: page.find_post("Seeds"))
    path = f"/post/{page.find_post('Seeds')}"
    post, bobs = fedify.new_post("Tomatoes")
    answer = fedify.note("<p>Green ones.</p>", replyTarget=post)
    received.append(fedify.say("Create", answer))
    live.until(bobs, lambda page: "Green ones." in page.text)
    for kind, points in (("Like", 2), ("Undo", 1), ("Dislike", 0)):
        received.append(fedify.say(kind, received[-1] if kind == "Undo" else post))
        live.until(bobs, _has_points(points))
    edited = fedify.near.put(
        answer | {"content": "<p>Yellow ones.</p>", "updated": "2099-01-01T00:00:00Z"}
    )
    received.append(fedify.say("Update", edited))
    live.until(bobs, lambda page: "Yellow ones." in page.text)
    received.append(fedify.say("Delete", answer["id"]))
    live.until(bobs, lambda page: "Deleted by its author." in page.text)
    fedify.say("Announce", post)
    fedify.say("Flag", post, content="They are not ripe.")
    live.until("/reports", lambda page: "They are not ripe." in page.text, to=live.ann)
    assert f"fay@{fedify.near.host}" in live.bob.open(path).text

    shapes = ["Create{Note}", "Create{Note}", "Like{id}", "Undo{Like{id}}", "Dislike{id}"]
    for shape, activity in zip([*shapes, "Update{Note}", "Delete{id}"], received, strict=True):
        assert fedify.relayed(shape, activity["id"]).proven
    assert (fedify.near.refused(), fedify.far.refused()) == ([], [])


def test_fedify_understands_actions_of_members_and_moderators(fedify: FedifySetup) -> None:
    ann, bob = fedify.live.ann, fedify.live.bob
    post, path = fedify.new_post("A day here")
    number = ann.reply(path, "Good morning.")
    comment = f"{fedify.live.node.origin}/comment/{number}"
    ann.vote(path, 1)
    ann.vote(path, -1)
    ann.vote(path, 0)
    bob.edit_post(path, body="It is late.")
    ann.edit_comment(number, "Good evening.")
    # Fedify fetches the objects of activities: it must have done so before the post is gone for a
    # while.
    fedify.relayed("Undo{Dislike{id}}", post)
    fedify.relayed("Update{Page}", post)
    fedify.relayed("Update{Note}", comment)
    bob.delete(path)
    bob.undelete(path)
    ann.remove(path, "Too late")
    ann.restore(path)
    for button in ("lock", "unlock", "pin", "unpin"):
        ann.press(path, f"{path}/{button}")
    handle = f"@fay@{fedify.near.host}"
    ann.ban("/c/garden", handle, "Too loud")
    ann.unban("/c/garden")
    ann.appoint("/c/garden", "bob")
    link = bob.submit(
        "/c/garden", "A list", url="https://seeds.example/list", body="For @ann: #seeds :)"
    )
    bob.write(f"fay@{fedify.near.host}", "Only for you.")
    settings = ann.open("/c/garden/edit")
    ann.send(settings, settings.form(having="display_name"), display_name="The Night Garden")

    for shape, about in (
        ("Create{Page}", post),
        ("Create{Note}", comment),
        ("Like{id}", post),
        ("Dislike{id}", post),
        ("Undo{Dislike{id}}", post),
        ("Update{Page}", post),
        ("Update{Note}", comment),
        ("Delete{id}", post),
        ("Undo{Delete{id}}", post),
        ("Add{id}", post),
        ("Remove{id}", post),
        ("Block{id}", fedify.fay),
        ("Undo{Block{id}}", fedify.fay),
        ("Add{id}", f"{fedify.live.node.origin}/u/bob"),
        ("Create{Page}", fedify.live.node.origin + link),
        ("Update{Group}", fedify.live.garden),
    ):
        fedify.relayed(shape, about)
    fedify.near.wait(
        "Create{Note}", lambda received: "Only for you." in received["object"]["content"]
    )
    assert (fedify.near.refused(), fedify.far.refused()) == ([], [])


def test_a_group_of_fedify_is_a_community_here(fedify: FedifySetup) -> None:
    live, near = fedify.live, fedify.near
    path = live.bob.look_up(f"!guild@{near.host}")
    live.bob.follow(path)
    asked = near.wait("Follow{id}").activity
    near.say("guild", "Accept", asked, to=asked["actor"])
    live.until(path, lambda page: "Unfollow" in page.text)

    # Fay writes to the group, which passes it on.
    note = near.note("fay", fedify.guild, "<p>Guild news</p><p>We meet.</p>", audience=fedify.guild)
    announce(fedify, near.activity("fay", "Create", note, cc=fedify.guild))
    page = live.until(f"{path}?sort=new", lambda page: page.find_post("Guild news"))
    theirs = f"/post/{page.find_post('Guild news')}"
    announce(fedify, near.activity("fay", "Like", note["id"], cc=fedify.guild))
    live.until(theirs, _has_points(1))

    # Bob takes part.
    ours = live.bob.submit(path, "A question", body="When?")
    created = near.wait("Create{Page}").activity
    announce(fedify, created["id"])
    number = live.bob.reply(theirs, "Where?")
    comment = near.wait("Create{Note}", lambda received: "Where?" in received["object"]["content"])
    assert comment.activity["object"]["replyTo"] == note["id"]
    live.bob.edit_comment(number, "Where and when?")
    live.bob.vote(theirs, 1)
    live.bob.vote(theirs, -1)
    live.bob.delete(f"/comment/{number}")
    live.bob.report(theirs, "No such guild.")
    for shape in ("Update{Note}", "Like{id}", "Dislike{id}", "Delete{id}", "Flag{id}"):
        near.wait(shape, lambda received: f"{live.node.origin}/u/bob" == received["actor"])

    # The group answers him and removes what is not for it.
    answer = near.note(
        "guild", fedify.guild, "<p>Tonight.</p>", replyTarget=created["object"]["id"]
    )
    announce(fedify, near.activity("guild", "Create", answer, cc=fedify.guild))
    live.until(ours, lambda page: "Tonight." in page.text)
    announce(fedify, near.activity("guild", "Delete", created["object"]["id"], cc=fedify.guild))
    live.until(ours, lambda page: page.status == 410)
    live.bob.unfollow(path)
    near.wait("Undo{Follow{id}}")
    assert near.refused() == []


def announce(fedify: FedifySetup, what: Json | str) -> None:
    """The group sends it to its followers here."""
    fedify.near.say("guild", "Announce", what, to=f"{fedify.live.node.origin}/u/bob")
