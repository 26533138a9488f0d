"""Mentions: looked up when a text is sent, with a notice if nobody is found."""

import json

import pytest
from sqlalchemy import select

from fedcom.http import resolve
from outbox.deliveries import activities
from tests.fedcom.web.conftest import World
from tests.support import documents

pytestmark = pytest.mark.anyio

KIM, NOBODY = "@kim@peer.example", "@nobody@peer.example"
KIM_IRI = "https://peer.example/u/kim"


@pytest.fixture
def peer(world: World) -> World:
    """kim is on another server, which has no person called nobody."""
    world.instance.arriving[KIM] = documents.person(KIM_IRI)
    world.instance.away.add(NOBODY)
    return world


async def tagged(world: World) -> set[str]:
    """The people mentioned in the last Create that was sent."""
    newest = select(activities.c.body).order_by(activities.c.id.desc())
    bodies = await world.instance.read(lambda conn: list(conn.execute(newest).scalars()))
    created = (json.loads(body) for body in bodies)
    note = next(one["object"] for one in created if one["type"] == "Create")
    return {tag["href"] for tag in note["tag"] if tag["type"] == "Mention"}


async def test_an_unknown_person_in_a_comment_is_looked_up_and_mentioned(
    peer: World,
) -> None:
    post = await peer.post(by="eve")
    bob = peer.browser("bob")
    await bob.post(f"/post/{post.id}/comment", body=f"Ask {KIM} or {NOBODY}.", parent="")

    assert KIM_IRI in await tagged(peer)
    mine = await bob.get(f"/post/{post.id}")
    assert 'class="mention"' in mine.html
    assert f"Not found: {NOBODY} . They have not been notified." in mine.text
    assert "Not found" not in (await peer.browser("eve").get(f"/post/{post.id}")).text


async def test_unknown_people_in_posts_edits_and_messages_are_looked_up_too(peer: World) -> None:
    bob = peer.browser("bob")
    made = await bob.post("/submit", community="cats", title="A question", body=f"{KIM}? {NOBODY}")
    assert KIM_IRI in await tagged(peer)
    assert f"Not found: {NOBODY}" in (await bob.get(made.location)).text

    peer.instance.arriving[NOBODY] = documents.person("https://peer.example/u/nobody")
    peer.instance.away.clear()
    await bob.post(f"{made.location}/edit", title="A question", body=f"{KIM}? {NOBODY}")
    assert "Not found" not in (await bob.get(made.location)).text

    await bob.post("/messages/eve", body="Do you know @zoe@peer.example?")
    assert "Not found: @zoe@peer.example" in (await bob.get("/messages/eve")).text


async def test_a_text_with_many_mentions_makes_few_look_ups(peer: World) -> None:
    names = [f"@p{number}@peer.example" for number in range(resolve.MAX_UNKNOWN + 3)]
    for name in names:
        iri = f"https://peer.example/u/{name[1:].partition('@')[0]}"
        peer.instance.arriving[name] = documents.person(iri)
    post = await peer.post()
    await peer.browser("bob").post(f"/post/{post.id}/comment", body=" ".join(names), parent="")

    assert len([iri for iri in await tagged(peer) if "/u/p" in iri]) == resolve.MAX_UNKNOWN


async def test_a_server_that_does_not_answer_keeps_nobody_waiting(
    peer: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "MENTION_SECONDS", 0.05)
    peer.instance.silent.add("@slow@peer.example")
    post = await peer.post()
    answer = await peer.browser("bob").post(
        f"/post/{post.id}/comment", body="@slow@peer.example", parent=""
    )

    assert answer.status == 303
