"""The specification of `federate`: the recipients of an action, with which activity and actor."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from activitypub.document import Document
from activitypub.nodeinfo import Software
from activitypub.parse import parse
from fedcom.actions.base import Action, Audience
from fedcom.actions.comment import CreateComment, EditComment
from fedcom.actions.community import EditCommunity
from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.follow import Follow, Unfollow
from fedcom.actions.lock import Lock
from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.actions.perform import perform
from fedcom.actions.pictures import ChangePictures
from fedcom.actions.post import CreatePost, EditPost, Provenance
from fedcom.actions.profile import EditProfile
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.vote import Vote
from fedcom.context import Context, Fetched
from fedcom.models.actor import Person
from fedcom.models.moderation import moderator
from fedcom.queries.content import Content
from fedcom.remote.actors import forget_actor
from fedcom.remote.peers import put_peer
from fedcom.site.instances import block_instance
from fedcom.wire.body import Body
from inbox.ports import ReceivedActivity
from tests.support.documents import Json, activity, page
from tests.support.people import ORIGIN, Home, Sent, received

FORUM, MICRO, ODD, DARK = "forum.example", "micro.example", "odd.example", "dark.example"
FAN = "fan.example"
DOGS = "https://dogs.example/c/dogs"
NEW_TEXT = Body.of_markdown("New words.")


@pytest.fixture
def dialect() -> str:
    """The choice of recipients does not depend on the database; the tests of each action ask
    both.
    """
    return "sqlite"


class Scene:
    """A community and a post in it, with a follower of each dialect and a follower of each author.

    `ours` says whether the community is local; kim and lea are remote, and kim wrote a comment.
    """

    def __init__(self, home: Home, *, ours: bool) -> None:
        self.home = home
        self.kim = home.person("https://kim.example/u/kim", "mastodon")
        self.community = home.cats if ours else home.group(DOGS)
        if not ours:
            home.follow(home.bob, self.community)
        else:
            for host, software in ((FORUM, "piefed"), (MICRO, "mastodon"), (ODD, "oddity")):
                home.follow(home.person(f"https://{host}/u/one", software), home.cats)
            home.follow(home.person(f"https://{DARK}/u/one"), home.cats)
        for author in (home.bob,):
            home.follow(home.person(f"https://{FAN}/u/fan", "mastodon"), author)
        self.post = home.post(community=self.community)
        self.their_post = home.post(by=self.kim, community=self.community)
        self.comment = home.comment(self.post)
        self.their_comment = home.comment(self.their_post, by=self.kim)
        home.sent()

    def perform(
        self, action: Action[Any], incoming: ReceivedActivity | None = None
    ) -> dict[str, set[str]]:
        """The recipients: the shapes by host, each with the name of the signer."""
        self.home.perform(action, incoming)
        return recipients(self.home)


def recipients(home: Home) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for sent in home.sent():
        found.setdefault(sent.inbox.split("/")[2], set()).add(f"{sent.by}: {sent.shape}")
    return found


def new_post(scene: Scene, by: Person) -> CreatePost:
    source = None if by.local else Provenance(f"https://{by.host}/post/new", "Page", None, None)
    return CreatePost(by=by, community=scene.community, title="New", source=source)


def new_comment(scene: Scene, by: Person) -> CreateComment:
    source = None if by.local else Provenance(f"https://{by.host}/note/new", "Note", None, None)
    return CreateComment(by=by, post=scene.post, parent=None, body=NEW_TEXT, source=source)


def edit_post(scene: Scene, by: Person) -> EditPost:
    post = scene.post if by.local else scene.their_post
    return EditPost(by=by, post=post, title="Better", body=NEW_TEXT)


def edit_comment(scene: Scene, by: Person) -> EditComment:
    comment = scene.comment if by.local else scene.their_comment
    return EditComment(by=by, comment=comment, body=NEW_TEXT)


def delete_post(scene: Scene, by: Person) -> Delete:
    return Delete(by=by, target=scene.post if by.local else scene.their_post)


def delete_comment(scene: Scene, by: Person) -> Delete:
    return Delete(by=by, target=scene.comment if by.local else scene.their_comment)


def vote_post(scene: Scene, by: Person) -> Vote:
    return Vote(by=by, target=scene.post, score=-1)


def vote_their_comment(scene: Scene, by: Person) -> Vote:
    return Vote(by=by, target=scene.their_comment, score=-1 if by == scene.kim else 1)


def announced(shape: str, *, boost: str | None = None) -> dict[str, set[str]]:
    """What followers of our community are sent when it announces an activity."""
    activity = f"c/cats: Announce{{{shape}}}"
    found = {FORUM: {activity}, ODD: {activity}}
    if boost is not None:
        for host in (MICRO, ODD, DARK):
            found.setdefault(host, set()).add(f"c/cats: {boost}")
    return found


def also(*parts: dict[str, set[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for part in parts:
        for host, shape in part.items():
            found.setdefault(host, set()).update(shape)
    return found


def own(shape: str, *hosts: str) -> dict[str, set[str]]:
    """Bob's own activity to these hosts."""
    return {host: {f"u/bob: {shape}"} for host in hosts}


Make = Callable[[Scene, Person], Action[Any]]

# Members' actions in a local community.
HERE: list[tuple[Make, dict[str, set[str]]]] = [
    (
        new_post,
        also(announced("Create{Page}", boost="Announce{id}"), own("Create{Note}", FAN)),
    ),
    # An edit reaches microblogs from the author only; the others got it announced. DARK was never
    # reached, so it may be a forum: it gets the Page.
    (
        edit_post,
        also(
            announced("Update{Page}"),
            own("Update{Note}", FAN, MICRO),
            own("Update{Page}", DARK),
        ),
    ),
    (
        delete_post,
        also(
            announced("Delete{id}", boost="Undo{Announce{id}}"),
            own("Delete{id}", FAN, MICRO, DARK),
        ),
    ),
    # A comment is never boosted: timelines would be flooded.
    (new_comment, also(announced("Create{Note}"), own("Create{Note}", FAN))),
    (edit_comment, also(announced("Update{Note}"), own("Update{Note}", FAN))),
    (delete_comment, also(announced("Delete{id}"), own("Delete{id}", FAN))),
    # Of all microblog servers, only the author's gets a vote.
    (vote_post, announced("Dislike{id}")),
    (vote_their_comment, also(announced("Like{id}"), own("Like{id}", "kim.example"))),
]

# Members' actions in a remote community.
THERE: list[tuple[Make, dict[str, set[str]]]] = [
    (new_post, also(own("Create{Page}", "dogs.example"), own("Create{Note}", FAN))),
    (edit_post, also(own("Update{Page}", "dogs.example"), own("Update{Note}", FAN))),
    (delete_post, own("Delete{id}", "dogs.example", FAN)),
    (new_comment, own("Create{Note}", "dogs.example", FAN)),
    (edit_comment, own("Update{Note}", "dogs.example", FAN)),
    (delete_comment, own("Delete{id}", "dogs.example", FAN)),
    (vote_post, own("Dislike{id}", "dogs.example")),
    (vote_their_comment, own("Like{id}", "dogs.example", "kim.example")),
]


@pytest.mark.parametrize(("make", "expected"), HERE)
def test_our_community_announces_actions_of_members(
    home: Home, make: Make, expected: dict[str, set[str]]
) -> None:
    scene = Scene(home, ours=True)

    assert scene.perform(make(scene, home.bob)) == expected


@pytest.mark.parametrize(("make", "expected"), THERE)
def test_a_remote_community_is_sent_actions_of_members(
    home: Home, make: Make, expected: dict[str, set[str]]
) -> None:
    scene = Scene(home, ours=False)

    assert scene.perform(make(scene, home.bob)) == expected


@pytest.mark.parametrize("make", [make for make, _ in THERE])
def test_an_action_of_ours_announced_back_to_us_is_not_sent_again(home: Home, make: Make) -> None:
    scene = Scene(home, ours=False)
    incoming = received(home.bob.iri, via=DOGS)

    assert scene.perform(make(scene, home.bob), incoming) == {}


@pytest.mark.parametrize(
    "make", [new_post, edit_post, delete_post, new_comment, edit_comment, vote_post]
)
def test_activities_received_in_a_remote_community_are_not_sent_on(home: Home, make: Make) -> None:
    scene = Scene(home, ours=False)

    assert scene.perform(make(scene, scene.kim), received(scene.kim.iri, b"{}", DOGS)) == {}


# Remote actors' activities in a local community: as signed, and as only fetched.
RECEIVED: list[tuple[Make, str, str | None, str | None]] = [
    (new_post, "Create{Page}", "id", "Announce{id}"),
    (edit_post, "Update{Page}", "id", None),
    (delete_post, "Delete{id}", None, "Undo{Announce{id}}"),
    (new_comment, "Create{Note}", "id", None),
    (edit_comment, "Update{Note}", "id", None),
    (delete_comment, "Delete{id}", None, None),
    (vote_post, "Dislike{id}", None, None),
]


def _body(shape: str) -> bytes:
    outer, _, inner = shape.rstrip("}").partition("{")
    obj = "https://kim.example/x" if inner == "id" else {"type": inner}
    return json.dumps({"type": outer, "actor": "https://kim.example/u/kim", "object": obj}).encode()


@pytest.mark.parametrize(("make", "signed", "fetched", "boost"), RECEIVED)
def test_our_community_announces_a_signed_activity_it_received(
    home: Home, make: Make, signed: str, fetched: str | None, boost: str | None
) -> None:
    scene = Scene(home, ours=True)

    expected = announced(signed, boost=boost)
    assert scene.perform(make(scene, scene.kim), received(scene.kim.iri, _body(signed))) == expected


@pytest.mark.parametrize(("make", "signed", "fetched", "boost"), RECEIVED)
def test_our_community_announces_only_the_id_of_a_fetched_object(
    home: Home, make: Make, signed: str, fetched: str | None, boost: str | None
) -> None:
    scene = Scene(home, ours=True)

    expected = also(
        announced(fetched) if fetched is not None else {},
        {host: {f"c/cats: {boost}"} for host in (MICRO, ODD, DARK)} if boost is not None else {},
    )
    assert scene.perform(make(scene, scene.kim), received(scene.kim.iri)) == expected


def test_the_authors_create_is_sent_before_the_communitys_announce(
    home: Home,
) -> None:
    """Else GoToSocial fetches the post for the boost while it is on its way, and drops its
    mention.
    """
    scene = Scene(home, ours=True)
    home.follow(home.person(f"https://{MICRO}/u/two", "gotosocial"), home.bob)

    home.perform(new_post(scene, home.bob))

    there = [sent.shape for sent, _ in home.sent_bodies() if f"//{MICRO}/" in sent.inbox]
    assert there == ["Create{Note}", "Announce{id}"]


@pytest.mark.parametrize("make", [edit_post, delete_post])
@pytest.mark.parametrize("sign", ["signature", "proof", None])
def test_a_remote_edit_with_a_proof_is_forwarded_to_microblogs(
    home: Home, make: Make, sign: str | None
) -> None:
    scene = Scene(home, ours=True)
    home.follow(home.person("https://kim.example/u/two", "mastodon"), home.cats)
    activity = {"id": "https://kim.example/1", "type": "Update", "actor": scene.kim.iri}
    activity |= {sign: {"type": "RsaSignature2017"}} if sign else {}
    raw = json.dumps(activity).encode()

    incoming = ReceivedActivity(Document(activity), scene.kim.iri, body=raw)
    home.perform(make(scene, scene.kim), incoming)

    passed_on = [sent for sent, body in home.sent_bodies() if body == raw]
    expected = [Sent(f"https://{MICRO}/inbox", "Update{}", "c/cats")] if sign else []
    assert passed_on == expected


def test_received_bytes_are_announced_as_they_came(home: Home) -> None:
    scene = Scene(home, ours=True)
    raw = b'{ "type":"Dislike",\n "id" : "https://kim.example/1", "actor":"https://kim.example/u/kim"}'

    home.perform(vote_post(scene, scene.kim), received(scene.kim.iri, raw))

    bodies = [body for _, body in home.sent_bodies()]
    assert len(bodies) == 2
    assert all(raw in body for body in bodies)


def test_a_peer_with_unknown_software_is_sent_a_fetched_post_once(home: Home) -> None:
    scene = Scene(home, ours=True)

    home.perform(new_post(scene, scene.kim), received(scene.kim.iri))

    assert len([sent for sent in home.sent() if ODD in sent.inbox]) == 1


def test_a_post_is_boosted_once_until_its_boost_is_undone(home: Home) -> None:
    scene = Scene(home, ours=True)
    boost = home.fresh(scene.post).announce_iri

    home.perform(edit_post(scene, home.bob))
    home.perform(Delete(by=home.bob, target=home.fresh(scene.post)))
    undone = [body for sent, body in home.sent_bodies() if "Undo{Announce" in sent.shape]
    assert {Document(parse(body)).object_document.id for body in undone} == {boost}
    assert home.fresh(scene.post).announce_iri is None

    home.perform(Undelete(by=home.bob, target=home.fresh(scene.post)))
    again = home.fresh(scene.post).announce_iri
    assert again not in (None, boost)
    boosts = [sent for sent in home.sent() if sent.shape == "Announce{id}"]
    assert {sent.inbox.split("/")[2] for sent in boosts} == {MICRO, ODD, DARK}


def test_a_removal_undoes_the_boost_and_sends_no_delete_to_microblogs(
    home: Home,
) -> None:
    scene = Scene(home, ours=True)

    removed = scene.perform(RemoveContent(by=home.ann, target=scene.post, reason="spam"))
    assert removed == announced("Delete{id}", boost="Undo{Announce{id}}")

    restored = scene.perform(RestoreContent(by=home.ann, target=home.fresh(scene.post)))
    assert restored == announced("Undo{Delete{id}}", boost="Announce{id}")


def test_removed_or_deleted_posts_are_not_boosted_again(home: Home) -> None:
    scene = Scene(home, ours=True)
    home.perform(RemoveContent(by=home.ann, target=scene.post, reason="spam"))
    home.perform(Delete(by=home.bob, target=home.fresh(scene.post)))
    home.sent()

    given_again = scene.perform(Undelete(by=home.bob, target=home.fresh(scene.post)))
    assert given_again == also(announced("Undo{Delete{id}}"), own("Undo{Delete{id}}", FAN))

    home.perform(Delete(by=home.bob, target=home.fresh(scene.post)))
    home.sent()
    restored = scene.perform(RestoreContent(by=home.ann, target=home.fresh(scene.post)))
    assert restored == announced("Undo{Delete{id}}")


def test_a_removal_of_a_comment_is_announced_and_nothing_more(home: Home) -> None:
    scene = Scene(home, ours=True)

    assert scene.perform(RemoveContent(by=home.ann, target=scene.comment)) == announced(
        "Delete{id}"
    )


def test_a_reply_is_sent_to_the_parents_author_and_to_mentioned_people(home: Home) -> None:
    scene = Scene(home, ours=True)
    home.person("https://lea.example/u/lea", "mastodon")
    action = CreateComment(
        by=home.bob,
        post=scene.their_post,
        parent=scene.their_comment,
        body=Body.of_markdown("So says @lea@lea.example, and @nobody@lost.example."),
    )

    assert scene.perform(action) == also(
        announced("Create{Note}"), own("Create{Note}", FAN, "kim.example", "lea.example")
    )


def test_a_server_that_gets_the_announce_is_not_sent_the_create_too(home: Home) -> None:
    scene = Scene(home, ours=True)
    home.follow(home.person(f"https://{FORUM}/u/two"), home.bob)

    assert scene.perform(new_post(scene, home.bob))[FORUM] == {"c/cats: Announce{Create{Page}}"}


def test_one_delivery_serves_all_followers_on_a_server(home: Home) -> None:
    scene = Scene(home, ours=True)
    home.follow(home.person(f"https://{FORUM}/u/two"), home.cats)

    home.perform(vote_post(scene, home.bob))

    inboxes = [sent.inbox for sent in home.sent()]
    assert inboxes == [f"https://{FORUM}/inbox", f"https://{ODD}/inbox"]


def test_a_blocked_server_is_sent_nothing(home: Home) -> None:
    scene = Scene(home, ours=True)
    home(lambda ctx: block_instance(ctx, FORUM, ""))

    assert scene.perform(vote_post(scene, home.bob)) == {ODD: {"c/cats: Announce{Dislike{id}}"}}


def test_changing_or_undoing_a_vote_names_the_previous_vote(home: Home) -> None:
    scene = Scene(home, ours=False)
    first = vote_post(scene, home.bob)

    assert scene.perform(first) == own("Dislike{id}", "dogs.example")
    assert scene.perform(Vote(by=home.bob, target=scene.post, score=0)) == own(
        "Undo{Dislike{id}}", "dogs.example"
    )


def test_people_mentioned_in_a_post_are_sent_its_deletion(home: Home) -> None:
    scene = Scene(home, ours=True)
    named = home.post(body=Body.of_markdown("Look, @kim@kim.example!"))
    home.sent()

    told_of = scene.perform(Delete(by=home.bob, target=named))

    assert told_of["kim.example"] == {"u/bob: Delete{id}"}


def test_a_like_changed_to_a_dislike_is_undone_for_microblogs(
    home: Home,
) -> None:
    """They know no Dislike, and would show the favourite forever."""
    scene = Scene(home, ours=True)
    scene.perform(Vote(by=home.bob, target=scene.their_comment, score=1))

    assert scene.perform(Vote(by=home.bob, target=scene.their_comment, score=-1)) == also(
        announced("Dislike{id}"), own("Undo{Like{id}}", "kim.example")
    )


def test_a_follow_goes_to_the_inbox_of_the_followed_alone(home: Home) -> None:
    dogs = home.group(DOGS)

    home.perform(Follow(by=home.ann, target=dogs))
    assert home.sent() == [Sent(f"{DOGS}/inbox", "Follow{id}", "u/ann")]

    home.perform(Unfollow(by=home.ann, target=dogs))
    assert home.sent() == [Sent(f"{DOGS}/inbox", "Undo{Follow{id}}", "u/ann")]


def test_a_received_follow_is_accepted_each_time(home: Home) -> None:
    kim = home.person("https://kim.example/u/kim")
    action = Follow(by=kim, target=home.cats, iri="https://kim.example/follows/1")

    for _ in range(2):
        home.perform(action, received(kim.iri))
        assert home.sent() == [
            Sent("https://kim.example/u/kim/inbox", "Accept{Follow{id}}", "c/cats")
        ]


def test_follows_between_members_are_sent_to_nobody(home: Home) -> None:
    home.perform(Follow(by=home.bob, target=home.cats))
    home.perform(Follow(by=home.bob, target=home.ann))

    assert home.sent() == []


@pytest.mark.parametrize("ours", [True, False])
def test_a_changed_profile_is_sent_to_followers_and_servers_with_their_content(
    home: Home, ours: bool
) -> None:
    scene = Scene(home, ours=ours)
    home.follow(home.person("https://lemmy.example/u/one", "lemmy"), home.cats)
    home.follow(home.person("https://bees.example/u/one", "piefed"), home.community("bees"))
    if not ours:
        home(lambda ctx: put_peer(ctx.conn, "dogs.example", Software("piefed", "1.7"), ctx.now))

    found = scene.perform(EditProfile(by=home.bob, title="Bob", summary=NEW_TEXT))

    readers = (FORUM, MICRO, ODD, DARK) if ours else ("dogs.example",)
    assert found == own("Update{Person}", FAN, *readers)


def test_a_lock_is_announced_to_known_forums_alone(home: Home) -> None:
    scene = Scene(home, ours=True)

    assert scene.perform(Lock(by=home.ann, target=scene.post, locked=True)) == {
        FORUM: {"c/cats: Announce{Lock{id}}"}
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class WidelyAnnouncedLock(Lock):
    """A lock that the community also announces to people who do not follow it."""

    also: tuple[Person, ...]

    def audience(self, ctx: Context, result: Content) -> Audience:
        return replace(Lock.audience(self, ctx, result), announced_to=self.also)


def test_additional_recipients_get_a_forum_activity_only_on_a_forum(home: Home) -> None:
    scene = Scene(home, ours=True)
    strangers = (
        home.person("https://pie.example/u/two", "piefed"),
        home.person("https://toot.example/u/two", "mastodon"),
        home.person("https://strange.example/u/two", "oddity"),
        home.person("https://night.example/u/two"),
        # Its server has a follower of the community, so it gets the announcement anyway.
        home.person(f"https://{FORUM}/u/two", "piefed"),
    )
    action = WidelyAnnouncedLock(
        by=home.ann, target=scene.post, locked=True, also=(*strangers, home.bob)
    )

    home.perform(action)

    lock = "c/cats: Announce{Lock{id}}"
    sent = home.sent()
    assert sorted((one.inbox.split("/")[2], f"{one.by}: {one.shape}") for one in sent) == [
        (FORUM, lock),
        ("pie.example", lock),
    ]


def test_a_changed_community_is_announced_and_sent_to_microblogs_directly(home: Home) -> None:
    scene = Scene(home, ours=True)
    action = EditCommunity(
        by=home.ann,
        community=home.cats,
        title="Cats!",
        description=NEW_TEXT,
        nsfw=False,
        posting_restricted=False,
    )

    itself = {host: {"c/cats: Update{Group}"} for host in (MICRO, ODD, DARK)}
    assert scene.perform(action) == also(announced("Update{Group}"), itself)
    incoming = ReceivedActivity(Document({"type": "Update"}), scene.kim.iri, b'{"type":"Update"}')
    home.perform(AddModerator(by=home.ann, community=home.cats, person=scene.kim))
    home.sent()
    again = scene.perform(replace(action, by=scene.kim, title="Cats?"), incoming)
    assert again[MICRO] == {"c/cats: Update{Group}"}


@pytest.mark.parametrize("what", ["words", "pictures"])
def test_an_edit_by_a_moderator_is_sent_to_microblogs_as_the_communitys(
    home: Home, what: str
) -> None:
    Scene(home, ours=True)
    changes: dict[str, Action[Any]] = {
        "words": EditCommunity(
            by=home.ann,
            community=home.cats,
            title="Cats!",
            description=NEW_TEXT,
            nsfw=False,
            posting_restricted=False,
        ),
        "pictures": ChangePictures(
            by=home.ann, subject=home.cats, icon_url=f"{ORIGIN}/media/cat.webp", image_url=None
        ),
    }

    home.perform(changes[what])

    sent = [(where, Document(parse(body))) for where, body in home.sent_bodies()]
    documents = [document for where, document in sent if MICRO in where.inbox]
    # Mastodon accepts changes of an account from that account alone.
    assert [(one.type, one.actor, one.object_id) for one in documents] == [
        ("Update", home.cats.iri, home.cats.iri)
    ]


@pytest.mark.parametrize(
    ("make", "shape"), [(AddModerator, "Add{id}"), (RemoveModerator, "Remove{id}")]
)
def test_a_change_of_moderators_is_announced_and_sent_to_the_person(
    home: Home, make: Callable[..., Action[None]], shape: str
) -> None:
    scene = Scene(home, ours=True)
    if make is RemoveModerator:
        home.perform(AddModerator(by=home.ann, community=home.cats, person=scene.kim))
        home.sent()

    found = scene.perform(make(by=home.ann, community=home.cats, person=scene.kim))
    assert found == also(announced(shape), {"kim.example": {f"u/ann: {shape}"}})


def test_every_local_activity_has_an_id_that_we_can_serve(home: Home) -> None:
    scene = Scene(home, ours=True)

    home.perform(new_post(scene, home.bob))

    for _, body in home.sent_bodies():
        document = Document(parse(body))
        assert str(document.id).startswith(f"{ORIGIN}/activities/")
        assert document.is_public


def test_nothing_is_sent_to_gone_servers_and_actors(home: Home) -> None:
    scene = Scene(home, ours=True)

    gone = home.person(f"https://{ODD}/u/one")
    home(lambda ctx: forget_actor(ctx, gone))

    assert scene.perform(vote_post(scene, home.bob)) == {FORUM: {"c/cats: Announce{Dislike{id}}"}}


# What Lemmy reads in an Announce.


class ReceivedPost:
    """ken of a Lemmy and kim of a microblog write in !cats, which people of both servers follow."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.ken = home.person(f"https://{FORUM}/u/ken", "lemmy")
        self.kim = home.person("https://kim.example/u/kim", "mastodon")
        for host, software in ((FORUM, "lemmy"), ("bees.example", "piefed")):
            home.follow(home.person(f"https://{host}/u/one", software), home.cats)
        home.sent()

    def write(self, by: Person, body: bytes | None, *origins: Json) -> dict[str, set[str]]:
        """A remote author's post arrives, signed if there is a `body`."""
        iri = f"https://{by.host}/post/1"
        document = activity("Create", by.iri, page(iri, by.iri, self.home.cats.iri))
        incoming = ReceivedActivity(Document(document), by.iri, body)
        action = CreatePost(
            by=by,
            community=self.home.cats,
            title="New",
            source=Provenance(iri, "Page", None, None),
        )
        fetched = Fetched({served["id"]: Document(served) for served in origins})
        self.home(lambda ctx: perform(ctx, action, incoming), fetched=fetched, offline=True)
        return recipients(self.home)


def test_lemmy_is_not_sent_its_own_posts(home: Home) -> None:
    scene = ReceivedPost(home)

    assert scene.write(scene.ken, b'{"type":"Create"}') == {
        "bees.example": {"c/cats: Announce{Create{}}"}
    }
    assert scene.write(scene.kim, b'{"type":"Create"}').keys() == {FORUM, "bees.example"}


@pytest.mark.parametrize("software", ["mastodon", "fedibird", "misskey", "sharkey"])
def test_lemmy_is_sent_the_authors_create_of_a_fetched_post(home: Home, software: str) -> None:
    scene = ReceivedPost(home)
    host = scene.kim.host
    home(lambda ctx: put_peer(ctx.conn, host, Software(software, "1"), ctx.now))
    iri = f"{scene.kim.iri.rpartition('/u/')[0]}/post/1"
    create = activity("Create", scene.kim.iri, page(iri, scene.kim.iri, home.cats.iri))
    beside = create | {"id": f"{iri}/activity"}

    assert scene.write(scene.kim, None, beside) == {
        FORUM: {"c/cats: Announce{Create{Page}}"},
        "bees.example": {"c/cats: Announce{id}"},
    }


@pytest.mark.parametrize("on_a_page", [False, True])
def test_the_create_is_found_in_the_authors_outbox(home: Home, on_a_page: bool) -> None:
    scene = ReceivedPost(home)
    iri = f"https://{scene.kim.host}/post/1"
    create = activity("Create", scene.kim.iri, page(iri, scene.kim.iri, home.cats.iri))
    other = activity("Create", scene.kim.iri, page(f"{iri}2", scene.kim.iri, home.cats.iri))
    outbox = {"id": scene.kim.outbox, "type": "OrderedCollection"}
    first = {"id": f"{scene.kim.outbox}?page=1", "type": "OrderedCollectionPage"}
    items = {"orderedItems": ["https://x.example/1", other, create]}
    served = [outbox | {"first": first["id"]}, first | items] if on_a_page else [outbox | items]

    assert scene.write(scene.kim, None, *served)[FORUM] == {"c/cats: Announce{Create{Page}}"}


@pytest.mark.parametrize(
    "forged",
    [
        {"actor": "https://kim.example/u/lea"},
        {"id": "https://evil.example/1"},
        {"type": "Update"},
        {"object": "https://kim.example/post/1"},
        {"object": page("https://kim.example/post/2", "https://kim.example/u/kim", "x")},
        {"object": page("https://kim.example/post/1", "https://evil.example/u/kim", "x")},
        {"object": page("https://kim.example/post/1", "https://kim.example/u/kim", "x", to=[])},
    ],
)
def test_only_the_authors_create_is_forwarded_as_one(home: Home, forged: Json) -> None:
    scene = ReceivedPost(home)
    iri = f"https://{scene.kim.host}/post/1"
    create = activity("Create", scene.kim.iri, page(iri, scene.kim.iri, home.cats.iri))
    outbox = {
        "id": scene.kim.outbox,
        "type": "OrderedCollection",
        "orderedItems": [create | forged],
    }

    assert FORUM not in scene.write(scene.kim, None, outbox)


# What NodeBB purges.


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("kind", ["post", "comment"])
@pytest.mark.parametrize("by_moderator", [True, False])
def test_nodebb_is_sent_a_restored_post_as_a_new_create(
    home: Home, ours: bool, kind: str, by_moderator: bool
) -> None:
    host = "nodebb.example"
    if ours:
        community = home.cats
        home.follow(home.person(f"https://{host}/uid/1", "nodebb"), community)
        home.follow(home.person("https://bees.example/u/one", "piefed"), community)
    else:
        community = home.group(f"https://{host}/category/1", "nodebb")
        home.follow(home.bob, community)
        row = {"community_id": community.id, "person_id": home.ann.id, "appointed_at": home.clock()}
        home(lambda ctx: ctx.conn.execute(moderator.insert().values(row)))
    post = home.post(community=community)
    target = home.comment(post) if kind == "comment" else post
    gone: Action[Any] = Delete(by=home.bob, target=target)
    if by_moderator:
        gone = RemoveContent(by=home.ann, target=target, reason="Spam")
    home.perform(gone)
    home.sent()

    back: Action[Any] = Undelete(by=home.bob, target=home.fresh(target))
    if by_moderator:
        back = RestoreContent(by=home.ann, target=home.fresh(target))
    home.perform(back)

    create = "Create{Note}" if kind == "comment" else "Create{Page}"
    found = recipients(home)
    expected = f"c/cats: Announce{{{create}}}" if ours else f"u/bob: {create}"
    assert expected in found[host]
    assert not any("Create" in shape for shape in found.get("bees.example", ()))
