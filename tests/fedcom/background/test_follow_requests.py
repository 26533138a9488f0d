"""Asking again for what nobody answers, on a whole instance."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from activitypub.iri import PUBLIC
from activitypub.signatures import integrity
from fedcom.actions.ban import Ban
from fedcom.actions.follow import AnswerFollow, Follow
from fedcom.background.follow_requests import ask_again
from fedcom.federation.refused import undo_refused
from fedcom.models.actor import Community, Person
from fedcom.models.follow import FollowRow, follow
from fedcom.models.notification import notification
from fedcom.queries.follows import get_follow
from outbox.deliveries import deliveries
from outbox.ports import RefusedDelivery
from outbox.publish import find_issued
from tests.support.documents import activity, group, page, person, proof_key, prover
from tests.support.node import Node

pytestmark = pytest.mark.anyio

KIM, EVE = "https://kim.example/u/kim", "https://eve.example/u/eve"
DOGS = "https://dogs.example/c/dogs"
MINUTE, DAY = 60, 24 * 60 * 60


@pytest.fixture
def dialect() -> str:
    """The statement is plain, and the actions have tests on both databases."""
    return "sqlite"


class Asking:
    """bob has asked to follow !dogs, and time goes by."""

    def __init__(self, node: Node) -> None:
        self.node = node
        node.network.put(group(DOGS))
        self.dogs: Community = node.home.group(DOGS)
        self.begun = self.now
        node.home.perform(Follow(by=node.home.bob, target=self.dogs))

    @property
    def now(self) -> datetime:
        return self.node.instance.clock()

    @property
    def row(self) -> dict[str, object]:
        """bob's follow as it is stored."""
        bob = self.node.home.bob.id
        (row,) = [row for row in self.node.home.rows(follow) if row["follower_id"] == bob]
        return row

    def follow_of(self, member: Person) -> FollowRow:
        return self.node.home(lambda ctx: get_follow(ctx.conn, member.id, self.dogs.id))

    async def minutes_of_asking(self, until: int) -> list[int]:
        """The minutes at which the follow was sent again, checked each minute."""
        asked = []
        for _ in range(until):
            before = self.row["iri"]
            self.node.home.clock.advance(seconds=MINUTE)
            await ask_again(self.node.instance.units, self.now)
            if self.row["iri"] != before:
                asked.append(round((self.now - self.begun).total_seconds() / MINUTE))
        return asked


@pytest.fixture
async def asking(node: Node) -> Asking:
    return Asking(node)


async def test_an_unanswered_follow_is_repeated_with_growing_pauses(
    asking: Asking,
) -> None:
    assert await asking.minutes_of_asking(150) == [5, 15, 45, 135]


async def test_each_repetition_has_a_new_id(asking: Asking) -> None:
    first = asking.row

    await asking.minutes_of_asking(5)

    assert asking.row == first | {"iri": asking.row["iri"]}
    issued = asking.node.home(lambda ctx: find_issued(ctx.conn, str(asking.row["iri"])))
    assert issued is not None
    assert DOGS.encode() in issued.body


async def test_answered_and_undone_follows_are_not_repeated(asking: Asking) -> None:
    assert await asking.node.receive(activity("Accept", DOGS, asking.row["iri"])) == "202"
    assert await asking.minutes_of_asking(10) == []


async def test_a_refused_follow_is_not_repeated_and_the_member_is_notified(asking: Asking) -> None:
    home = asking.node.home
    refused = {"state": "failed", "closed_at": home.clock().timestamp()}
    home(lambda ctx: ctx.conn.execute(update(deliveries).values(refused)))
    issued = home(lambda ctx: find_issued(ctx.conn, str(asking.row["iri"])))
    refusal = RefusedDelivery(home.bob.iri, issued.body, "dogs.example", 403, "no")
    home(lambda ctx: undo_refused(ctx, refusal))

    assert await asking.minutes_of_asking(10) == []
    assert asking.row["state"] == "pending"
    (notice,) = home.rows(notification)
    assert (notice["recipient_id"], notice["detail"]) == (home.bob.id, "follow_rejected")


async def test_after_a_week_the_follow_is_given_up(asking: Asking) -> None:
    asking.node.home.clock.advance(seconds=7 * DAY)
    assert await asking.minutes_of_asking(2) == []


@pytest.mark.parametrize("embedded", [True, False])
async def test_an_answer_to_an_earlier_follow_counts(asking: Asking, embedded: bool) -> None:
    first = asking.row["iri"]
    await asking.minutes_of_asking(5)
    assert asking.row["iri"] != first
    asked = activity("Follow", asking.node.home.bob.iri, DOGS, id=first)

    assert (
        await asking.node.receive(activity("Accept", DOGS, asked if embedded else first)) == "202"
    )

    assert asking.row["state"] == "accepted"


async def test_an_answer_by_another_actor_does_not_count(asking: Asking) -> None:
    first = asking.row["iri"]
    await asking.minutes_of_asking(5)
    cats = "https://dogs.example/c/cats"
    asking.node.network.put(group(cats))

    assert await asking.node.receive(activity("Accept", cats, first)) == "403 not_the_followed"

    assert asking.row["state"] == "pending"


@pytest.mark.parametrize("state", ["pending", "accepted"])
async def test_a_member_is_notified_of_a_reject(asking: Asking, state: str) -> None:
    home, asked = asking.node.home, asking.row["iri"]
    home(lambda ctx: ctx.conn.execute(update(follow).values(state=state)))

    assert await asking.node.receive(activity("Reject", DOGS, asked)) == "202"

    assert [row["follower_id"] for row in home.rows(follow)] == [home.ann.id]
    (notice,) = home.rows(notification)
    assert (notice["recipient_id"], notice["detail"]) == (home.bob.id, "follow_rejected")
    assert notice["community_id"] == asking.dogs.id


def announced() -> dict[str, object]:
    """An activity that a community sends to its followers."""
    written = page("https://kim.example/post/1", KIM, DOGS)
    inner = activity("Create", KIM, written, to=[PUBLIC], cc=[DOGS])
    return activity("Announce", DOGS, inner)


async def test_an_announce_of_the_community_counts_as_its_accept(asking: Asking) -> None:
    asking.node.network.put(person(KIM), page("https://kim.example/post/1", KIM, DOGS))

    assert await asking.node.receive(announced()) == "202"

    assert asking.row["state"] == "accepted"
    assert await asking.minutes_of_asking(10) == []


async def test_a_relayed_announce_accepts_nothing(asking: Asking) -> None:
    methods = prover(DOGS)["assertionMethod"]
    asking.node.network.put(group(DOGS, assertionMethod=methods), person(EVE), person(KIM))
    asking.node.network.put(page("https://kim.example/post/1", KIM, DOGS))
    proven = integrity.sign(announced(), proof_key(DOGS), asking.now)

    assert await asking.node.receive(proven, signer=EVE) == "202"

    assert asking.row["state"] == "pending"


async def test_an_announce_accepts_nothing_if_another_member_already_follows(
    asking: Asking,
) -> None:
    home = asking.node.home
    home.follow(home.ann, asking.dogs)
    home.perform(AnswerFollow(by=asking.dogs, asked=asking.follow_of(home.ann), accepted=True))
    asking.node.network.put(person(KIM), page("https://kim.example/post/1", KIM, DOGS))

    assert await asking.node.receive(announced()) == "202"

    assert asking.row["state"] == "pending"


async def test_a_follow_interrupted_by_a_ban_is_repeated_after_the_ban(node: Node) -> None:
    asking = Asking(node)
    home = node.home
    until = asking.now + timedelta(days=10)
    ban = Ban(by=home.ann, person=home.bob, community=asking.dogs, expires_at=until)
    home(ban.apply)
    issued = asking.row["iri"]
    home.clock.advance(days=9)
    await ask_again(node.instance.units, asking.now)
    assert asking.row["iri"] == issued

    home.clock.advance(days=1, seconds=5 * MINUTE)
    await ask_again(node.instance.units, asking.now)

    assert asking.row["iri"] != issued
