"""The owner of an object that names several authors, or a Group as its author."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from activitypub.iri import PUBLIC
from fedcom.models.actor import actor
from fedcom.models.comment import comment
from fedcom.models.message import message
from fedcom.models.moderation import report
from fedcom.models.post import post
from fedcom.models.vote import post_vote
from tests.support.documents import activity, document, group, note, page, person, undo
from tests.support.node import Node
from tests.support.people import ORIGIN

pytestmark = pytest.mark.anyio

CATS = f"{ORIGIN}/c/cats"
KIM, OLI = "https://tube.example/accounts/kim", "https://tube.example/accounts/oli"
CHANNEL = "https://tube.example/channels/films"
FILM = "https://tube.example/videos/1"
EVE = "https://evil.example/u/eve"

Json = dict[str, Any]


@pytest.fixture
def tube(node: Node) -> Node:
    """A server with two people and a channel, none of which is known here yet."""
    node.network.put(person(KIM), person(OLI), group(CHANNEL, attributedTo=None), person(EVE))
    return node


def by(*authors: Any, **more: Any) -> Json:
    """A film in our community by these authors."""
    fields = {"attributedTo": list(authors), "name": "A film", "content": "About it"} | more
    return document(FILM, "Video", to=[PUBLIC], cc=[CATS], **fields)


def author_of(node: Node, iri: str) -> str | None:
    def find(conn: Connection) -> str | None:
        for table in (post, comment):
            query = select(actor.c.iri).join(table, table.c.author_id == actor.c.id)
            found = conn.execute(query.where(table.c.iri == iri)).scalar()
            if found is not None:
                return str(found)
        return None

    return node.home(lambda ctx: find(ctx.conn))


NAMED = [
    pytest.param([KIM, CHANNEL], id="person, group"),
    pytest.param([CHANNEL, KIM], id="group, person"),
    pytest.param([{"type": "Group", "id": CHANNEL}, KIM], id="declared group, person"),
    pytest.param([CHANNEL, {"type": "Person", "id": KIM}], id="group, declared person"),
]


@pytest.mark.parametrize("authors", [*NAMED, pytest.param([OLI, KIM], id="two people")])
async def test_the_sender_is_the_author_if_the_object_names_them(
    tube: Node, authors: list[Any]
) -> None:
    film = by(*authors)
    tube.network.put(film)

    assert await tube.receive(activity("Create", KIM, film)) == "202"

    assert author_of(tube, FILM) == KIM


@pytest.mark.parametrize("authors", NAMED)
async def test_the_author_of_a_fetched_object_is_a_person(tube: Node, authors: list[Any]) -> None:
    tube.network.put(by(*authors))

    await tube.instance.look_up.find(FILM)

    assert author_of(tube, FILM) == KIM


async def test_an_edit_by_an_author_who_is_not_the_first_counts(tube: Node) -> None:
    tube.network.put(by(CHANNEL, KIM))
    await tube.receive(activity("Create", KIM, by(CHANNEL, KIM)))
    newer = by(CHANNEL, KIM, name="A better film", updated="2026-01-01T12:00:00Z")
    tube.network.put(newer)

    assert await tube.receive(activity("Update", KIM, newer)) == "202"

    assert [row["title"] for row in tube.home.rows(post)] == ["A better film"]


async def test_nobody_becomes_an_author_by_naming_themselves_on_another_host(tube: Node) -> None:
    mine = by(EVE, KIM, CHANNEL)
    tube.network.put(by(CHANNEL, KIM))

    assert await tube.receive(activity("Create", EVE, mine)) != "202"
    tube.network.put(mine)
    assert await tube.receive(activity("Create", EVE, mine) | {"id": f"{EVE}/2"}) != "202"

    assert author_of(tube, FILM) is None


def event(**more: Any) -> Json:
    """As Mobilizon makes one for a group: the actor is the person who wrote it."""
    fields = {"actor": KIM, "attributedTo": CHANNEL, "name": "A walk", "content": "<p>Come</p>"}
    return document(FILM, "Event", to=[PUBLIC], cc=[f"{CHANNEL}/followers"], **(fields | more))


@pytest.mark.parametrize("way", ["the person", "the group", "fetched"])
async def test_an_event_of_a_group_has_the_person_as_author_and_is_in_the_group(
    tube: Node, way: str
) -> None:
    community = tube.home.group(CHANNEL)
    tube.home.follow(tube.home.bob, community)
    tube.network.put(event())

    if way == "the person":
        assert await tube.receive(activity("Create", KIM, event())) == "202"
    elif way == "the group":
        received = activity("Announce", CHANNEL, activity("Create", KIM, event()))
        assert await tube.receive(received) == "202"
    else:
        await tube.instance.look_up.find(FILM)

    assert author_of(tube, FILM) == KIM
    assert [row["community_id"] for row in tube.home.rows(post)] == [community.id]


async def test_an_event_whose_actor_is_on_another_host_is_refused(tube: Node) -> None:
    forged = event(actor=EVE)
    tube.network.put(forged)

    assert await tube.receive(activity("Create", EVE, forged)) != "202"

    assert author_of(tube, FILM) is None


@pytest.mark.parametrize("kind", ["Group", "Service"])
async def test_posts_and_votes_of_bots_of_any_type_count(tube: Node, kind: str) -> None:
    bot = "https://bots.example/u/bot"
    make = group if kind == "Group" else person
    tube.network.put(make(bot) | {"type": kind, "attributedTo": None})
    ours = tube.home.post()
    written = page("https://bots.example/post/1", bot, CATS)
    reply = note("https://bots.example/note/1", bot, ours.iri)

    for received in (
        activity("Create", bot, written),
        activity("Create", bot, reply),
        activity("Like", bot, ours.iri),
    ):
        assert await tube.receive(received) == "202"

    assert author_of(tube, written["id"]) == bot
    assert author_of(tube, reply["id"]) == bot
    assert len(tube.home.rows(post_vote)) == 3  # besides the authors' own
    assert (await tube.get("/u/bot@bots.example", accept="text/html")).status_code == 200
    assert await tube.receive(activity("Delete", bot, reply["id"])) == "202"
    assert tube.home.rows(comment)[0]["deleted_at"] is not None


async def test_posts_written_by_a_followed_group_are_in_that_group(tube: Node) -> None:
    community = tube.home.group("https://bots.example/u/bot")
    tube.home.follow(tube.home.bob, community)
    tube.network.put(group(community.iri, attributedTo=None))
    fields = document(
        "https://bots.example/note/1",
        "Note",
        attributedTo=community.iri,
        content="<p>Hello there, everybody</p>",
        to=[PUBLIC],
        cc=[f"{community.iri}/followers"],
    )

    assert await tube.receive(activity("Create", community.iri, fields)) == "202"

    assert author_of(tube, fields["id"]) == community.iri
    assert [row["community_id"] for row in tube.home.rows(post)] == [community.id]


async def test_a_group_undoes_its_vote_and_sends_messages_and_reports(tube: Node) -> None:
    bot = "https://bots.example/u/bot"
    tube.network.put(group(bot, attributedTo=None))
    ours, bob = tube.home.post(), f"{ORIGIN}/u/bob"
    private = note("https://bots.example/note/1", bot, to=[bob])

    for kind in ("Like", "Dislike"):
        vote = activity(kind, bot, ours.iri)
        assert await tube.receive(vote) == "202"
        assert len(tube.home.rows(post_vote)) == 2  # besides the author's own
        assert await tube.receive(undo(vote)) == "202"
        assert len(tube.home.rows(post_vote)) == 1
    assert await tube.receive(activity("Create", bot, private, to=[bob])) == "202"
    assert await tube.receive(activity("Flag", bot, ours.iri, to=[CATS])) == "202"

    assert [row["body_html"] for row in tube.home.rows(message)] == ["<p>A remark</p>"]
    assert len(tube.home.rows(report)) == 1
    assert (await tube.get("/u/bot@bots.example", accept="text/html")).status_code == 200
