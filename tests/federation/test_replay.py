"""Replays have no effect, and honest repetition counts: scenarios of signed requests.

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


class Scenario:
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

    async def say(self, sent: Json, **more: Any) -> str:
        """Deliver it a second later than the last; signed by its actor by default."""
        self.node.home.clock.advance(seconds=1)
        self.times[sent["id"]] = self.now
        return await self.node.receive(sent, **more)

    async def send_all(self, *several: Json) -> None:
        for sent in several:
            assert await self.say(sent) == "202", sent

    async def send_again(self, sent: Json) -> str:
        """The same request as the last one, captured and sent by a third party."""
        self.node.home.clock.advance(seconds=1)
        return await self.node.receive(sent, signed_at=self.times[sent["id"]])

    def proven(self, sent: Json) -> Json:
        """With its actor's proof, made now."""
        return integrity.sign(sent, proof_key(sent["actor"]), self.now)

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
async def scenario(node: Node) -> Scenario:
    return Scenario(node)


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
    scenario: Scenario,
) -> None:
    liked = up()
    taken_back = activity("Undo", KIM, liked, id=f"{KIM}#activity/undo:like/5")

    await scenario.send_all(liked, taken_back)
    assert scenario.votes() == (0, 0)
    await scenario.send_all(liked, down())
    assert scenario.votes() == (0, 1)
    await scenario.send_all(liked)
    assert scenario.votes() == (1, 0)


async def test_an_undo_of_an_unknown_like_undoes_the_downvote(
    scenario: Scenario,
) -> None:
    """Lemmy 0.19 undoes every vote as a Like, under an id that it makes up."""
    await scenario.send_all(down(), undo(up(number=6)))

    assert scenario.votes() == (0, 0)


async def test_an_undo_of_a_replaced_vote_keeps_the_current_one(
    scenario: Scenario,
) -> None:
    await scenario.send_all(up(), down(), undo(up()))

    assert scenario.votes() == (0, 1)


async def test_a_repeated_follow_under_the_same_id_counts(scenario: Scenario) -> None:
    await scenario.send_all(follow(), undo(follow()), follow())

    assert scenario.shows(f"{KIM} follows {CATS}") == "accepted"


async def test_a_moderator_locks_again_under_the_same_id(scenario: Scenario) -> None:
    await scenario.send_all(lock(), undo(lock()))
    assert scenario.shows(f"{POST} is locked") is None

    await scenario.send_all(lock())
    assert scenario.shows(f"{POST} is locked") == "yes"


async def test_a_community_announces_the_same_vote_again(scenario: Scenario) -> None:
    """NodeBB's votes come through Lemmy with their own ids."""
    scenario.dogs()
    about = page("https://dogs.example/post/3", "https://dogs.example/u/rex", DOGS)
    scenario.node.network.put(person("https://dogs.example/u/rex"), about)
    liked = activity("Like", KIM, about["id"], id=f"{KIM}#activity/like/7")

    for number, sent in enumerate((about, liked, undo(liked), liked)):
        announced = activity("Announce", DOGS, sent, id=f"{DOGS}#announce/{number}")
        assert await scenario.say(announced) == "202"

    (row,) = [row for row in scenario.node.home.rows(post) if row["iri"] == about["id"]]
    assert row["upvotes"] == 2  # with the author's


async def test_a_vote_that_its_undo_overtook_does_not_count_and_the_next_one_does(
    scenario: Scenario,
) -> None:
    """Mastodon signs each attempt again, so the vote is signed after its Undo."""
    await scenario.send_all(undo(up()), up())
    assert scenario.votes() == (0, 0)

    await scenario.send_all(up())
    assert scenario.votes() == (1, 0)


async def test_an_undo_of_a_bare_id_may_overtake_its_object(scenario: Scenario) -> None:
    await scenario.send_all(activity("Undo", KIM, up()["id"], id=f"{KIM}#undos/1"), up())
    assert scenario.votes() == (0, 0)

    await scenario.send_all(up())
    assert scenario.votes() == (1, 0)


async def test_a_delivery_that_is_tried_again_changes_nothing(scenario: Scenario) -> None:
    """The peer did not see our response."""
    await scenario.send_all(up(), up())

    assert scenario.votes() == (1, 0)
    assert [row["state"] for row in scenario.node.home.rows(journal)] == ["done", "done"]


# Replay.


async def test_a_captured_request_is_taken_once(scenario: Scenario) -> None:
    await scenario.send_all(up(), undo(up()))

    assert await scenario.send_again(up()) == "202"
    assert scenario.votes() == (0, 0)
    assert len(scenario.node.home.rows(journal)) == 2


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (lock(), f"{POST} is locked"),
        (ban(), f"{KIM} is banned from {CATS}"),
        (follow(), f"{KIM} follows {CATS}"),
    ],
    ids=["lock", "ban", "follow"],
)
async def test_an_undone_activity_cannot_be_replayed_by_its_proof(
    scenario: Scenario, sent: Json, name: str
) -> None:
    await scenario.send_all(up())  # so that kim is known
    proven = scenario.proven(sent)
    await scenario.send_all(proven)
    assert scenario.shows(name)
    await scenario.send_all(undo(sent))

    assert await scenario.say(proven, signer=EVE) == "202 already_received"
    assert scenario.shows(name) is None


async def test_a_replaced_vote_cannot_be_replayed_by_its_proof(scenario: Scenario) -> None:
    liked = scenario.proven(up())
    await scenario.send_all(liked, down())

    assert await scenario.say(liked, signer=EVE) == "202 already_received"
    assert scenario.votes() == (0, 1)


async def test_a_vote_we_never_got_does_not_replace_a_later_one(scenario: Scenario) -> None:
    liked = scenario.proven(up())
    await scenario.send_all(down())

    assert await scenario.say(liked, signer=EVE) == "202 superseded"
    assert scenario.votes() == (0, 1)


async def test_an_undo_does_not_take_back_a_later_vote(scenario: Scenario) -> None:
    first, taken_back = up(number=1), scenario.proven(undo(up(number=1)))
    await scenario.send_all(first, taken_back, up(number=2))

    assert await scenario.say(taken_back, signer=EVE) == "202 already_received"
    assert scenario.votes() == (1, 0)


async def test_a_proven_activity_is_accepted_once(scenario: Scenario) -> None:
    await scenario.send_all(follow())
    liked = scenario.proven(up())

    assert await scenario.say(liked, signer=EVE) == "202"
    assert scenario.votes() == (1, 0)

    await scenario.send_all(undo(up()))
    assert await scenario.say(liked, signer=KEN) == "202 already_received"
    assert scenario.votes() == (0, 0)


@pytest.mark.parametrize("sent", [up(), lock(), ban(), follow()], ids=lambda sent: sent["type"])
async def test_an_undone_activity_still_served_by_its_origin_stays_undone(
    scenario: Scenario, sent: Json
) -> None:
    await scenario.send_all(sent, undo(sent))
    before = scenario.node.snapshot()
    scenario.node.network.put(sent)
    scenario.node.network.fetched()

    assert await scenario.say(sent, signer=EVE) == "403 relayed_without_proof"
    assert scenario.node.snapshot() == before
    assert scenario.node.network.fetched() == [EVE]


async def test_an_old_edit_does_not_replace_a_newer_one(scenario: Scenario) -> None:
    written = page(THEIRS, KIM, CATS, name="First")
    edits = [
        scenario.proven(activity("Update", KIM, written | title, id=f"{THEIRS}#update/{number}"))
        for number, title in enumerate(
            (
                {"name": "Second", "updated": "2026-01-01T11:10:00Z"},
                {"name": "Third", "updated": "2026-01-01T11:20:00Z"},
            )
        )
    ]
    await scenario.send_all(activity("Create", KIM, written), edits[1])

    # The second version arrives here for the first time.
    await scenario.say(edits[0], signer=EVE)

    assert [row["title"] for row in scenario.node.home.rows(post) if row["iri"] == THEIRS] == [
        "Third"
    ]


async def test_an_edit_without_a_date_is_fetched_from_its_origin(scenario: Scenario) -> None:
    written = page(THEIRS, KIM, CATS, name="First")
    scenario.node.network.put(written | {"name": "Now"})
    old = scenario.proven(activity("Update", KIM, written | {"name": "Once"}))
    await scenario.send_all(follow())

    assert await scenario.say(old, signer=EVE) == "202"
    assert (scenario.shows(THEIRS) or "").startswith("Now")


async def test_an_undone_deletion_is_checked_at_its_origin(scenario: Scenario) -> None:
    written = page(THEIRS, KIM, CATS, name="Here")
    scenario.node.network.put(written)
    gone = scenario.proven(activity("Delete", KIM, THEIRS))
    # Peers make up the id of the Delete in an Undo, so the tombstone does not fit.
    again = undo(activity("Delete", KIM, THEIRS, id=f"{THEIRS}#made-up"))
    await scenario.send_all(activity("Create", KIM, written), gone, again)

    assert await scenario.say(gone, signer=EVE) == "202 not_confirmed"
    assert (scenario.shows(THEIRS) or "").startswith("Here | shown")


async def test_a_community_cannot_replay_an_activity_still_served_by_its_origin(
    scenario: Scenario,
) -> None:
    """An Announce of the bare id of an old activity."""
    scenario.dogs()
    asked = activity("Follow", KIM, CATS, id="https://kim.example/follows/1")
    scenario.node.network.put(asked)
    await scenario.send_all(asked, undo(asked))

    answer = await scenario.say(activity("Announce", DOGS, asked["id"]))

    assert answer.endswith("not_their_member")
    assert scenario.shows(f"{KIM} follows {CATS}") is None


async def test_a_community_cannot_replay_a_proven_activity(scenario: Scenario) -> None:
    scenario.dogs()
    asked = scenario.proven(follow())
    await scenario.send_all(asked, undo(follow()))

    answer = await scenario.say(activity("Announce", DOGS, asked) | {"object": asked})

    assert answer.endswith("not_their_member")
    assert scenario.shows(f"{KIM} follows {CATS}") is None


@pytest.mark.parametrize(
    "served",
    [
        activity("Like", KIM, CATS, id=THEIRS),
        person(KIM),
    ],
    ids=["an-activity", "an-actor"],
)
async def test_another_document_at_the_id_does_not_confirm_an_announced_post(
    scenario: Scenario, served: Json
) -> None:
    """Any document of the author's at that id used to count as a confirmation of the text."""
    scenario.dogs()
    scenario.node.network.put(served)
    forged = page(served["id"], KIM, DOGS, name="Forged")
    announced = activity("Announce", DOGS, activity("Create", KIM, forged))

    assert await scenario.say(announced) in {"202 not_confirmed", "202 not_the_owner"}
    assert "Forged" not in str(scenario.node.snapshot())


# Keys.


def new_key(iri: str, name: str) -> tuple[PrivateKey, Json]:
    """A key of this id, and how an actor shows it."""
    private, public = generate_rsa_pem()
    shown = {"id": f"{iri}#{name}", "owner": iri, "publicKeyPem": public}
    return load_private(f"{iri}#{name}", private), shown


async def test_a_key_that_was_replaced_by_one_of_another_id_ends(scenario: Scenario) -> None:
    await scenario.send_all(follow())
    key, shown = new_key(KIM, "key-2")
    scenario.node.network.put(prover(KIM, publicKey=shown))
    assert await scenario.say(activity("Update", KIM, prover(KIM)), key=key) == "202"

    assert await scenario.say(up()) == "401 key_not_usable"
    assert await scenario.say(up(), key=key) == "202"
    assert scenario.votes() == (1, 0)


async def test_a_key_ends_when_another_is_seen_although_its_owner_is_not_known(
    scenario: Scenario,
) -> None:
    """Before there is a row for the actor, its keys are only in memory."""
    refused = activity("Like", KIM, f"{ORIGIN}/post/99")
    assert await scenario.say(refused) == "202 unknown_object"
    assert [row["state"] for row in scenario.node.home.rows(journal)] == ["ignored"]
    key, shown = new_key(KIM, "key-2")
    scenario.node.network.put(prover(KIM, publicKey=shown))
    assert await scenario.say(refused, key=key) == "202 unknown_object"

    assert await scenario.say(up()) == "401 key_not_usable"


async def test_the_key_of_an_unknown_actor_is_read_again_after_an_hour(scenario: Scenario) -> None:
    refused = activity("Like", KIM, f"{ORIGIN}/post/99")
    await scenario.say(refused)
    _, shown = new_key(KIM, "key-2")
    scenario.node.network.put(prover(KIM, publicKey=shown))
    assert await scenario.say(refused) == "202 unknown_object"

    scenario.node.home.clock.advance(seconds=3601)

    assert await scenario.say(up()) == "401 key_not_usable"


async def test_a_key_for_proofs_that_was_replaced_ends(scenario: Scenario) -> None:
    await scenario.send_all(follow())
    liked = scenario.proven(up())
    scenario.node.network.put(person(KIM))
    assert await scenario.say(activity("Update", KIM, person(KIM))) == "202"

    assert await scenario.say(liked, signer=EVE) == "202 relayed_without_proof"
    assert scenario.votes() == (0, 0)


# Another's community announces activities whose origin answers 404.


async def test_a_deletion_in_advance_does_not_block_a_post(scenario: Scenario) -> None:
    """Consecutive ids can be guessed."""
    scenario.dogs()
    lea, coming = "https://lea.example/u/lea", "https://lea.example/post/12"
    scenario.node.network.put(person(lea))
    forbidden = activity("Delete", lea, coming)
    announced = activity("Announce", DOGS, forbidden, id=f"{DOGS}#announce/1")
    assert await scenario.say(announced) == "202 not_confirmed"

    about = page(coming, lea, CATS)
    scenario.node.network.put(about)
    await scenario.send_all(activity("Create", lea, about))

    assert scenario.shows(coming) == "A title | shown | 1"


async def test_nobody_erases_a_person_whose_origin_does_not_show_them_to_us(
    scenario: Scenario,
) -> None:
    scenario.dogs()
    about = page(THEIRS, KIM, CATS)
    await scenario.send_all(activity("Create", KIM, about))
    scenario.node.network.lose(KIM)

    erased = activity("Delete", KIM, KIM)
    announced = activity("Announce", DOGS, erased, id=f"{DOGS}#announce/1")

    assert await scenario.say(announced) == "202 not_confirmed"
    assert scenario.shows(THEIRS) == "A title | shown | 1"


async def test_one_announce_does_not_hold_up_everybody(scenario: Scenario) -> None:
    scenario.dogs()
    many = [f"https://lea.example/note/{number}" for number in range(MOST_ANNOUNCED + 1)]
    announced = activity("Announce", DOGS, THEIRS, id=f"{DOGS}#announce/1")

    assert await scenario.say(announced | {"object": many}) == "422 too_many_objects"
    assert scenario.node.network.fetched() == []


async def test_activities_announced_together_are_applied_in_order(scenario: Scenario) -> None:
    """The rows read for the first of several activities are outdated for the second."""
    scenario.dogs()
    lea, about = "https://dogs.example/u/lea", "https://dogs.example/post/1"
    scenario.node.network.put(person(lea))
    made = activity("Create", lea, page(about, lea, DOGS))
    await scenario.send_all(activity("Announce", DOGS, made, id=f"{DOGS}#announce/1"))
    replies = [note(f"https://dogs.example/note/{number}", lea, about) for number in (1, 2)]
    several = [
        activity("Create", lea, replies[0]),
        activity("Lock", lea, about),
        activity("Create", lea, replies[1]),
    ]
    announced = activity("Announce", DOGS, about, id=f"{DOGS}#announce/2")
    await scenario.send_all(announced | {"object": several})

    assert scenario.shows(replies[0]["id"]) == "<p>A remark</p> | shown | 1"
    assert scenario.shows(replies[1]["id"]) is None


# What returns with the end of a ban.


def ban_from_site(number: int = 1, **more: Any) -> Json:
    """Kim's own server bans kim."""
    admin, site = "https://kim.example/u/admin", "https://kim.example/"
    return activity("Block", admin, KIM, id=f"{admin}#bans/{number}", target=site, **more)


async def test_a_remote_unban_does_not_undo_our_actions(
    scenario: Scenario,
) -> None:
    scenario.node.network.put(person("https://kim.example/u/admin"))
    await scenario.send_all(activity("Create", KIM, page(THEIRS, KIM, CATS)), ban_from_site())
    removed = activity("Delete", MAX, THEIRS, summary="spam", audience=CATS)
    await scenario.send_all(removed, undo(ban_from_site(), restoreData=True))

    assert scenario.shows(THEIRS) == "A title | removed | 1"


async def test_a_remote_unban_restores_content_its_own_ban_removed(scenario: Scenario) -> None:
    scenario.node.network.put(person("https://kim.example/u/admin"))
    banned = ban_from_site(removeData=True)
    await scenario.send_all(activity("Create", KIM, page(THEIRS, KIM, CATS)), banned)
    assert scenario.shows(THEIRS) == "A title | removed | 1"

    await scenario.send_all(undo(banned, restoreData=True))
    assert scenario.shows(THEIRS) == "A title | shown | 1"


async def test_a_remote_community_cannot_restore_content_our_admin_hid(
    scenario: Scenario,
) -> None:
    home, dogs = scenario.node.home, scenario.dogs()
    rex, about = "https://dogs.example/u/rex", "https://dogs.example/post/3"
    banned = activity("Block", f"{DOGS}/mod", rex, target=DOGS, audience=DOGS)
    scenario.node.network.put(person(rex), person(f"{DOGS}/mod"), page(about, rex, DOGS))

    for number, sent in enumerate((page(about, rex, DOGS), banned)):
        await scenario.send_all(activity("Announce", DOGS, sent, id=f"{DOGS}#announce/{number}"))
    home.clock.advance(seconds=1)
    spam = home(lambda ctx: find_post(ctx.conn, about))
    home.perform(home(lambda ctx: take_down(ctx, home.ann, spam, "spam")))
    let_in = undo(banned, restoreData=True)
    await scenario.send_all(activity("Announce", dogs.iri, let_in, id=f"{DOGS}#announce/9"))

    assert scenario.shows(about) == "A title | removed | 1"
