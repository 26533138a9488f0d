"""Replays have no effect, and honest repetition counts: stories told by signed requests.

The clock moves a second before each request, as HTTP dates do; captured requests keep their time.
"""

from datetime import datetime
from typing import Any

import pytest

from activitypub.signatures import integrity
from activitypub.signatures.keys import (
    PrivateKey,
    generate_rsa_pem,
    load_private,
)
from fedcom.actions.moderators import AddModerator
from fedcom.actions.take_down import take_down
from fedcom.federation.envelope import MOST_ANNOUNCED
from fedcom.models.actor import Community
from fedcom.models.post import post
from fedcom.queries.posts import find_post
from inbox.journal import journal
from tests.support.documents import (
    Json,
    activity,
    group,
    note,
    page,
    person,
    proof_key,
    prover,
    undo,
)
from tests.support.node import Node
from tests.support.people import ORIGIN

pytestmark = pytest.mark.anyio

KIM, KEN = "https://kim.example/u/kim", "https://kim.example/u/ken"
MAX = "https://max.example/u/max"
EVE = "https://eve.example/u/eve"
DOGS = "https://dogs.example/c/dogs"
CATS = f"{ORIGIN}/c/cats"
POST = f"{ORIGIN}/post/1"
THEIRS = "https://kim.example/post/9"


@pytest.fixture
def dialect() -> str:
    """Journal and tombstones, which remember all this, have tests on both databases."""
    return "sqlite"


class Story:
    """!cats with a post of bob's; the remote max moderates it. Kim and eve are unknown."""

    def __init__(self, node: Node) -> None:
        self.node = node
        node.network.put(prover(KIM), prover(KEN), prover(MAX), person(EVE), group(DOGS))
        node.home.post()
        max_ = node.home.person(MAX)
        node.home.perform(AddModerator(by=node.home.ann, community=node.home.cats, person=max_))
        self.times: dict[str, datetime] = {}

    @property
    def now(self) -> datetime:
        return self.node.instance.clock()

    async def say(self, said: Json, **more: Any) -> str:
        """Deliver it a second later than the last; signed by its actor unless told otherwise."""
        self.node.home.clock.advance(seconds=1)
        self.times[said["id"]] = self.now
        return await self.node.hear(said, **more)

    async def say_all(self, *several: Json) -> None:
        for said in several:
            assert await self.say(said) == "202", said

    async def send_again(self, said: Json) -> str:
        """The same request as the last one, captured and sent by a third party."""
        self.node.home.clock.advance(seconds=1)
        return await self.node.hear(said, signed_at=self.times[said["id"]])

    def proven(self, said: Json) -> Json:
        """With its actor's proof, made now."""
        return integrity.sign(said, proof_key(said["actor"]), self.now)

    def votes(self) -> tuple[int, int]:
        """Up- and downvotes, without that of the post's author."""
        (row,) = [row for row in self.node.home.rows(post) if row["iri"] == POST]
        return row["upvotes"] - 1, row["downvotes"]

    def shows(self, name: str) -> str | None:
        """The part of `Node.snapshot` about this."""
        return self.node.snapshot().get(name)

    def dogs(self) -> Community:
        """The remote !dogs, which bob follows."""
        dogs = self.node.home.group(DOGS)
        self.node.home.follow(self.node.home.bob, dogs)
        return dogs


@pytest.fixture
async def story(node: Node) -> Story:
    return Story(node)


def up(actor: str = KIM, number: int = 5) -> Json:
    return activity("Like", actor, POST, id=f"{actor}#activity/like/{number}")


def down(actor: str = KIM, number: int = 5) -> Json:
    return activity("Dislike", actor, POST, id=f"{actor}#activity/dislike/{number}")


def follow(actor: str = KIM) -> Json:
    return activity("Follow", actor, CATS, id=f"{actor}#follows/1")


def lock() -> Json:
    return activity("Lock", MAX, POST, id=f"{MAX}#locks/1", audience=CATS)


def ban(of: str = KIM) -> Json:
    return activity("Block", MAX, of, id=f"{MAX}#bans/1", target=CATS, audience=CATS)


# Honest repetition.


async def test_each_of_nodebbs_votes_counts_although_all_have_the_same_id_and_bytes(
    story: Story,
) -> None:
    liked = up()
    taken_back = activity("Undo", KIM, liked, id=f"{KIM}#activity/undo:like/5")

    await story.say_all(liked, taken_back)
    assert story.votes() == (0, 0)
    await story.say_all(liked, down())
    assert story.votes() == (0, 1)
    await story.say_all(liked)
    assert story.votes() == (1, 0)


async def test_an_undo_of_a_like_that_nobody_sent_takes_back_the_downvote(story: Story) -> None:
    """Lemmy 0.19 undoes every vote as a Like, under an id that it makes up."""
    await story.say_all(down(), undo(up(number=6)))

    assert story.votes() == (0, 0)


async def test_an_undo_of_the_vote_that_was_replaced_leaves_the_one_that_stands(
    story: Story,
) -> None:
    await story.say_all(up(), down(), undo(up()))

    assert story.votes() == (0, 1)


async def test_who_follows_again_under_the_same_id_follows(story: Story) -> None:
    await story.say_all(follow(), undo(follow()), follow())

    assert story.shows(f"{KIM} follows {CATS}") == "accepted"


async def test_a_moderator_locks_again_under_the_same_id(story: Story) -> None:
    await story.say_all(lock(), undo(lock()))
    assert story.shows(f"{POST} is locked") is None

    await story.say_all(lock())
    assert story.shows(f"{POST} is locked") == "yes"


async def test_a_community_announces_the_same_vote_again(story: Story) -> None:
    """NodeBB's votes come through Lemmy with their own ids."""
    story.dogs()
    about = page("https://dogs.example/post/3", "https://dogs.example/u/rex", DOGS)
    story.node.network.put(person("https://dogs.example/u/rex"), about)
    liked = activity("Like", KIM, about["id"], id=f"{KIM}#activity/like/7")

    for number, said in enumerate((about, liked, undo(liked), liked)):
        announced = activity("Announce", DOGS, said, id=f"{DOGS}#announce/{number}")
        assert await story.say(announced) == "202"

    (row,) = [row for row in story.node.home.rows(post) if row["iri"] == about["id"]]
    assert row["upvotes"] == 2  # with the author's


async def test_a_vote_that_its_undo_overtook_does_not_count_and_the_next_one_does(
    story: Story,
) -> None:
    """Mastodon signs each attempt anew, so the vote is signed after its Undo."""
    await story.say_all(undo(up()), up())
    assert story.votes() == (0, 0)

    await story.say_all(up())
    assert story.votes() == (1, 0)


async def test_an_undo_of_a_mere_id_overtakes_what_it_takes_back(story: Story) -> None:
    await story.say_all(activity("Undo", KIM, up()["id"], id=f"{KIM}#undos/1"), up())
    assert story.votes() == (0, 0)

    await story.say_all(up())
    assert story.votes() == (1, 0)


async def test_a_delivery_that_is_tried_again_changes_nothing(story: Story) -> None:
    """The peer did not see our response."""
    await story.say_all(up(), up())

    assert story.votes() == (1, 0)
    assert [row["state"] for row in story.node.home.rows(journal)] == ["done", "done"]


# Replay.


async def test_a_captured_request_is_taken_once(story: Story) -> None:
    await story.say_all(up(), undo(up()))

    assert await story.send_again(up()) == "202"
    assert story.votes() == (0, 0)
    assert len(story.node.home.rows(journal)) == 2


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (lock(), f"{POST} is locked"),
        (ban(), f"{KIM} is banned from {CATS}"),
        (follow(), f"{KIM} follows {CATS}"),
    ],
    ids=["lock", "ban", "follow"],
)
async def test_what_was_undone_does_not_come_back_by_its_proof(
    story: Story, said: Json, name: str
) -> None:
    await story.say_all(up())  # so that kim is known
    proven = story.proven(said)
    await story.say_all(proven)
    assert story.shows(name)
    await story.say_all(undo(said))

    assert await story.say(proven, signer=EVE) == "202 already_received"
    assert story.shows(name) is None


async def test_a_vote_that_was_replaced_does_not_come_back_by_its_proof(story: Story) -> None:
    liked = story.proven(up())
    await story.say_all(liked, down())

    assert await story.say(liked, signer=EVE) == "202 already_received"
    assert story.votes() == (0, 1)


async def test_a_vote_we_never_got_does_not_replace_a_later_one(story: Story) -> None:
    liked = story.proven(up())
    await story.say_all(down())

    assert await story.say(liked, signer=EVE) == "202 superseded"
    assert story.votes() == (0, 1)


async def test_an_undo_does_not_take_back_a_later_vote(story: Story) -> None:
    first, taken_back = up(number=1), story.proven(undo(up(number=1)))
    await story.say_all(first, taken_back, up(number=2))

    assert await story.say(taken_back, signer=EVE) == "202 already_received"
    assert story.votes() == (1, 0)


async def test_what_nobody_brought_before_is_believed_by_its_proof_once(story: Story) -> None:
    await story.say_all(follow())
    liked = story.proven(up())

    assert await story.say(liked, signer=EVE) == "202"
    assert story.votes() == (1, 0)

    await story.say_all(undo(up()))
    assert await story.say(liked, signer=KEN) == "202 already_received"
    assert story.votes() == (0, 0)


@pytest.mark.parametrize("said", [up(), lock(), ban(), follow()], ids=lambda said: said["type"])
async def test_what_a_server_still_serves_does_not_come_back(story: Story, said: Json) -> None:
    await story.say_all(said, undo(said))
    before = story.node.snapshot()
    story.node.network.put(said)
    story.node.network.fetched()

    assert await story.say(said, signer=EVE) == "403 relayed_without_proof"
    assert story.node.snapshot() == before
    assert story.node.network.fetched() == [EVE]


async def test_an_old_edit_does_not_replace_a_newer_one(story: Story) -> None:
    written = page(THEIRS, KIM, CATS, name="First")
    edits = [
        story.proven(activity("Update", KIM, written | words, id=f"{THEIRS}#update/{number}"))
        for number, words in enumerate(
            (
                {"name": "Second", "updated": "2026-01-01T11:10:00Z"},
                {"name": "Third", "updated": "2026-01-01T11:20:00Z"},
            )
        )
    ]
    await story.say_all(activity("Create", KIM, written), edits[1])

    # The second version arrives here for the first time.
    await story.say(edits[0], signer=EVE)

    assert [row["title"] for row in story.node.home.rows(post) if row["iri"] == THEIRS] == ["Third"]


async def test_an_edit_without_a_date_is_asked_of_its_origin(story: Story) -> None:
    written = page(THEIRS, KIM, CATS, name="First")
    story.node.network.put(written | {"name": "Now"})
    old = story.proven(activity("Update", KIM, written | {"name": "Once"}))
    await story.say_all(follow())

    assert await story.say(old, signer=EVE) == "202"
    assert (story.shows(THEIRS) or "").startswith("Now")


async def test_a_deletion_that_was_taken_back_is_asked_of_its_origin(story: Story) -> None:
    written = page(THEIRS, KIM, CATS, name="Here")
    story.node.network.put(written)
    gone = story.proven(activity("Delete", KIM, THEIRS))
    # Peers make up the id of the Delete in an Undo, so the tombstone does not fit.
    again = undo(activity("Delete", KIM, THEIRS, id=f"{THEIRS}#made-up"))
    await story.say_all(activity("Create", KIM, written), gone, again)

    assert await story.say(gone, signer=EVE) == "202 not_confirmed"
    assert (story.shows(THEIRS) or "").startswith("Here | shown")


async def test_a_community_cannot_play_again_what_its_origin_still_serves(story: Story) -> None:
    """An Announce of the bare id of an old activity."""
    story.dogs()
    asked = activity("Follow", KIM, CATS, id="https://kim.example/follows/1")
    story.node.network.put(asked)
    await story.say_all(asked, undo(asked))

    answer = await story.say(activity("Announce", DOGS, asked["id"]))

    assert answer.endswith("not_their_member")
    assert story.shows(f"{KIM} follows {CATS}") is None


async def test_a_community_cannot_play_again_what_was_proven_once(story: Story) -> None:
    story.dogs()
    asked = story.proven(follow())
    await story.say_all(asked, undo(follow()))

    answer = await story.say(activity("Announce", DOGS, asked) | {"object": asked})

    assert answer.endswith("not_their_member")
    assert story.shows(f"{KIM} follows {CATS}") is None


@pytest.mark.parametrize(
    "served",
    [
        activity("Like", KIM, CATS, id=THEIRS),
        person(KIM),
    ],
    ids=["an-activity", "an-actor"],
)
async def test_another_document_at_the_id_does_not_confirm_an_announced_post(
    story: Story, served: Json
) -> None:
    """Any document of the author's at that id used to count as a confirmation of the text."""
    story.dogs()
    story.node.network.put(served)
    forged = page(served["id"], KIM, DOGS, name="Forged")
    announced = activity("Announce", DOGS, activity("Create", KIM, forged))

    assert await story.say(announced) in {"202 not_confirmed", "202 not_the_owner"}
    assert "Forged" not in str(story.node.snapshot())


# Keys.


def new_key(iri: str, name: str) -> tuple[PrivateKey, Json]:
    """A key of this id, and how an actor shows it."""
    private, public = generate_rsa_pem()
    shown = {"id": f"{iri}#{name}", "owner": iri, "publicKeyPem": public}
    return load_private(f"{iri}#{name}", private), shown


async def test_a_key_that_was_replaced_by_one_of_another_id_ends(story: Story) -> None:
    await story.say_all(follow())
    key, shown = new_key(KIM, "key-2")
    story.node.network.put(prover(KIM, publicKey=shown))
    assert await story.say(activity("Update", KIM, prover(KIM)), key=key) == "202"

    assert await story.say(up()) == "401 key_not_usable"
    assert await story.say(up(), key=key) == "202"
    assert story.votes() == (1, 0)


async def test_a_key_ends_when_another_is_seen_although_its_owner_is_not_known(
    story: Story,
) -> None:
    """Before there is a row for the actor, its keys are only in memory."""
    refused = activity("Like", KIM, f"{ORIGIN}/post/99")
    assert await story.say(refused) == "202 unknown_object"
    assert [row["state"] for row in story.node.home.rows(journal)] == ["ignored"]
    key, shown = new_key(KIM, "key-2")
    story.node.network.put(prover(KIM, publicKey=shown))
    assert await story.say(refused, key=key) == "202 unknown_object"

    assert await story.say(up()) == "401 key_not_usable"


async def test_the_key_of_an_unknown_actor_is_read_again_after_an_hour(story: Story) -> None:
    refused = activity("Like", KIM, f"{ORIGIN}/post/99")
    await story.say(refused)
    _, shown = new_key(KIM, "key-2")
    story.node.network.put(prover(KIM, publicKey=shown))
    assert await story.say(refused) == "202 unknown_object"

    story.node.home.clock.advance(seconds=3601)

    assert await story.say(up()) == "401 key_not_usable"


async def test_a_key_for_proofs_that_was_replaced_ends(story: Story) -> None:
    await story.say_all(follow())
    liked = story.proven(up())
    story.node.network.put(person(KIM))
    assert await story.say(activity("Update", KIM, person(KIM))) == "202"

    assert await story.say(liked, signer=EVE) == "202 relayed_without_proof"
    assert story.votes() == (0, 0)


# Another's community announces activities whose origin answers 404.


async def test_nobody_forbids_a_post_before_it_is_made(story: Story) -> None:
    """Consecutive ids can be guessed."""
    story.dogs()
    lea, coming = "https://lea.example/u/lea", "https://lea.example/post/12"
    story.node.network.put(person(lea))
    forbidden = activity("Delete", lea, coming)
    announced = activity("Announce", DOGS, forbidden, id=f"{DOGS}#announce/1")
    assert await story.say(announced) == "202 not_confirmed"

    about = page(coming, lea, CATS)
    story.node.network.put(about)
    await story.say_all(activity("Create", lea, about))

    assert story.shows(coming) == "A title | shown | 1"


async def test_nobody_erases_a_person_whose_origin_does_not_show_them_to_us(story: Story) -> None:
    story.dogs()
    about = page(THEIRS, KIM, CATS)
    await story.say_all(activity("Create", KIM, about))
    story.node.network.lose(KIM)

    erased = activity("Delete", KIM, KIM)
    announced = activity("Announce", DOGS, erased, id=f"{DOGS}#announce/1")

    assert await story.say(announced) == "202 not_confirmed"
    assert story.shows(THEIRS) == "A title | shown | 1"


async def test_one_announce_does_not_hold_up_everybody(story: Story) -> None:
    story.dogs()
    many = [f"https://lea.example/note/{number}" for number in range(MOST_ANNOUNCED + 1)]
    announced = activity("Announce", DOGS, THEIRS, id=f"{DOGS}#announce/1")

    assert await story.say(announced | {"object": many}) == "422 too_many_objects"
    assert story.node.network.fetched() == []


async def test_what_is_announced_together_counts_one_after_the_other(story: Story) -> None:
    """The rows read for the first of several activities are outdated for the second."""
    story.dogs()
    lea, about = "https://dogs.example/u/lea", "https://dogs.example/post/1"
    story.node.network.put(person(lea))
    made = activity("Create", lea, page(about, lea, DOGS))
    await story.say_all(activity("Announce", DOGS, made, id=f"{DOGS}#announce/1"))
    replies = [note(f"https://dogs.example/note/{number}", lea, about) for number in (1, 2)]
    several = [
        activity("Create", lea, replies[0]),
        activity("Lock", lea, about),
        activity("Create", lea, replies[1]),
    ]
    announced = activity("Announce", DOGS, about, id=f"{DOGS}#announce/2")
    await story.say_all(announced | {"object": several})

    assert story.shows(replies[0]["id"]) == "<p>A remark</p> | shown | 1"
    assert story.shows(replies[1]["id"]) is None


# What returns with the end of a ban.


def ban_from_site(number: int = 1, **more: Any) -> Json:
    """Kim's own server bans kim."""
    admin, site = "https://kim.example/u/admin", "https://kim.example/"
    return activity("Block", admin, KIM, id=f"{admin}#bans/{number}", target=site, **more)


async def test_a_server_that_lets_its_member_in_again_undoes_nothing_of_ours(
    story: Story,
) -> None:
    story.node.network.put(person("https://kim.example/u/admin"))
    await story.say_all(activity("Create", KIM, page(THEIRS, KIM, CATS)), ban_from_site())
    removed = activity("Delete", MAX, THEIRS, summary="spam", audience=CATS)
    await story.say_all(removed, undo(ban_from_site(), restoreData=True))

    assert story.shows(THEIRS) == "A title | removed | 1"


async def test_a_server_puts_back_what_its_own_ban_took_out(story: Story) -> None:
    story.node.network.put(person("https://kim.example/u/admin"))
    banned = ban_from_site(removeData=True)
    await story.say_all(activity("Create", KIM, page(THEIRS, KIM, CATS)), banned)
    assert story.shows(THEIRS) == "A title | removed | 1"

    await story.say_all(undo(banned, restoreData=True))
    assert story.shows(THEIRS) == "A title | shown | 1"


async def test_a_community_elsewhere_puts_back_nothing_that_an_admin_here_took_down(
    story: Story,
) -> None:
    home, dogs = story.node.home, story.dogs()
    rex, about = "https://dogs.example/u/rex", "https://dogs.example/post/3"
    banned = activity("Block", f"{DOGS}/mod", rex, target=DOGS, audience=DOGS)
    story.node.network.put(person(rex), person(f"{DOGS}/mod"), page(about, rex, DOGS))

    for number, said in enumerate((page(about, rex, DOGS), banned)):
        await story.say_all(activity("Announce", DOGS, said, id=f"{DOGS}#announce/{number}"))
    home.clock.advance(seconds=1)
    spam = home(lambda ctx: find_post(ctx.conn, about))
    home.perform(home(lambda ctx: take_down(ctx, home.ann, spam, "spam")))
    let_in = undo(banned, restoreData=True)
    await story.say_all(activity("Announce", dogs.iri, let_in, id=f"{DOGS}#announce/9"))

    assert story.shows(about) == "A title | removed | 1"
