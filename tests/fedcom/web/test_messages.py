"""Private messages on the pages, and that nobody else can reach them."""

import logging
import re

import pytest

from fedcom.actions.message import DeleteMessage, SendMessage
from fedcom.models.message import Message
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import World
from tests.support.clock import SettableClock

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True),
]

SECRET = "The key is below the mat"
ACTIVITY_JSON = "application/activity+json"


async def send(world: World, text: str = SECRET, by: str = "bob", to: str = "eve") -> Message:
    people = world.people
    action = SendMessage(by=people[by], to=people[to], body=Body.of_markdown(text))
    made = await world.perform(action)
    assert isinstance(made, Message)
    return made


async def test_a_message_is_written_read_and_replied_to(world: World) -> None:
    bob, eve = world.browser("bob"), world.browser("eve")
    assert "No messages yet" in (await bob.get("/messages/eve")).text

    sent = await bob.post("/messages/eve", body="Hello *eve*")
    assert sent.location.startswith("/messages/eve#message-")
    assert "Message sent" in (await bob.get("/messages/eve")).text

    notifications = await eve.get("/notifications")
    assert "bob sent you a message" in notifications.text
    assert "Hello eve" in notifications.text
    listed = await eve.get("/messages")
    assert "Hello eve" in listed.text
    assert "1 new" in listed.text
    page = await eve.get("/messages/bob")
    assert "Hello <em>eve</em>" in page.html
    assert "<title>(" not in (await eve.get("/messages")).html
    assert "1 new" not in (await eve.get("/messages")).text

    await eve.post("/messages/bob", body="Hello yourself")
    assert "You: " not in (await bob.get("/messages")).text
    assert "You: Hello yourself" in (await eve.get("/messages")).text


async def test_the_typed_text_is_kept_when_it_cannot_be_sent(world: World) -> None:
    bob = world.browser("bob")

    empty = await bob.post("/messages/eve", body="  ")
    assert empty.status == 422
    assert "Please write something first" in empty.text
    long = await bob.post("/messages/eve", body="x" * 10_001)
    assert "x" * 10_001 in long.html
    myself = await bob.post("/messages/bob", body="Dear me")
    assert (myself.status, "This is you" in myself.text) == (422, True)
    made = await send(world)
    changed = await bob.post(f"/message/{made.id}/edit", body=" ")
    assert (changed.status, "Please write something first" in changed.text) == (422, True)


async def test_the_author_edits_deletes_and_restores(world: World) -> None:
    made = await send(world)
    bob, eve = world.browser("bob"), world.browser("eve")
    assert SECRET in (await bob.get(f"/message/{made.id}/edit")).html

    edited = await bob.post(f"/message/{made.id}/edit", body="Never mind")
    assert edited.location == f"/messages/eve#message-{made.id}"
    assert "Never mind" in (await eve.get("/messages/bob")).text

    await bob.post(f"/message/{made.id}/delete")
    for browser, other in ((bob, "eve"), (eve, "bob")):
        for path in (f"/messages/{other}", "/messages", "/notifications?show=all"):
            page = await browser.get(path)
            assert "Never mind" not in page.html, path
    assert "Undelete" not in (await eve.get("/messages/bob")).text
    assert "Undelete" in (await bob.get("/messages/eve")).text

    await bob.post(f"/message/{made.id}/undelete")
    assert "Never mind" in (await eve.get("/messages/bob")).text


async def test_only_its_two_people_find_a_message(world: World) -> None:
    made = await send(world)
    at = f"/message/{made.id}"

    assert (await world.browser("bob").get(at)).location == f"/messages/eve#message-{made.id}"
    assert (await world.browser("eve").get(at)).location == f"/messages/bob#message-{made.id}"
    for name in ("", "ann", "mia"):
        browser = world.browser(name)
        for path in (at, f"{at}/edit"):
            page = await browser.get(path)
            assert (page.status, SECRET in page.html) == (404, False), (name, path)
        for button in ("edit", "delete", "undelete"):
            page = await browser.post(f"{at}/{button}", body="Mine")
            assert page.status in (303, 404), (name, button)
        assert (await browser.get(f"/message/{made.id + 1}")).status == 404
    assert (await world.browser("eve").get(f"{at}/edit")).status == 403
    assert (await world.browser("eve").post(f"{at}/delete")).status == 403
    assert SECRET in (await world.browser("eve").get("/messages/bob")).text


async def test_no_page_document_or_list_contains_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = await send(world)
    paths = [
        *(f"/message/{made.id}", "/", "/?list=all&sort=new", "/u/bob", "/u/bob?show=comments"),
        *("/u/bob/outbox", "/u/eve/outbox", "/c/cats/outbox", "/actor/outbox", "/u/bob/followers"),
        *(f"/search?q={SECRET.split()[1]}", "/search?q=mat", "/c/cats/modlog", "/admin"),
        *("/messages", "/messages/bob", "/messages/eve", "/notifications?show=all"),
    ]
    for name in ("", "ann", "mia"):
        for path in paths:
            for accept in ("text/html", ACTIVITY_JSON, "application/json"):
                page = await world.browser(name).get(path, Accept=accept)
                assert "below the mat" not in page.html, (name, path)
                assert made.iri not in page.html, (name, path)
    answer = await world.browser().get(f"/message/{made.id}", Accept=ACTIVITY_JSON)
    assert answer.status == 404
    logged = caplog.text + repr([vars(record) for record in caplog.records])
    assert "below the mat" not in logged


async def test_a_refusal_does_not_repeat_it(world: World) -> None:
    bob = world.browser("bob")
    page = await bob.post(
        "/messages/nobody", {"Accept": "application/problem+json"}, body=f"{SECRET}, of course"
    )

    assert page.status == 404
    assert "mat" not in page.html


async def test_long_conversations_go_on(world: World, clock: SettableClock) -> None:
    await send(world, "First", by="eve", to="bob")
    for number in range(55):
        await send(world, f"Number {number}.")
    bob = world.browser("bob")

    latest = await bob.get("/messages/eve")
    older = re.search(r'rel="next" href="([^"]+)"', latest.html)
    assert older
    before = await bob.get("/messages/eve" + older[1].replace("&amp;", "&"))

    numbers = [
        int(one) for page in (before, latest) for one in re.findall(r"Number (\d+)", page.text)
    ]
    assert numbers == list(range(55))
    assert "First" in before.text


async def test_the_latest_conversation_is_listed_first(world: World) -> None:
    await send(world, "One", to="eve")
    await send(world, "Two", to="ann")
    await send(world, "Three", by="eve", to="bob")
    gone = await send(world, "Four", to="mia")
    await world.perform(DeleteMessage(by=world.people["bob"], message=gone))

    page = await world.browser("bob").get("/messages")

    assert re.findall(r'<h2><a href="/messages/(\w+)"', page.html) == ["mia", "eve", "ann"]
    assert "One" not in page.text
    assert "Four" not in page.text


async def test_a_deleted_message_is_in_no_export_of_the_recipient_and_on_no_form(
    world: World,
) -> None:
    bob, eve = world.browser("bob"), world.browser("eve")
    gone = await send(world)
    assert SECRET in (await eve.get("/settings/export")).html
    assert SECRET in (await eve.get(f"/message/{gone.id}/report")).text

    await world.perform(DeleteMessage(by=world.people["bob"], message=gone))

    assert SECRET not in (await eve.get("/settings/export")).html
    refused = await eve.get(f"/message/{gone.id}/report")
    assert (refused.status, SECRET in refused.text) == (403, False)
    assert SECRET in (await bob.get("/settings/export")).html


async def test_each_profile_links_to_the_message_form(world: World) -> None:
    assert 'href="/messages/eve"' in (await world.browser("bob").get("/u/eve")).html
    assert "/messages/" not in (await world.browser("bob").get("/u/bob")).html
    assert "/messages/" not in (await world.browser().get("/u/eve")).html
    assert (await world.browser().get("/messages/eve")).location.startswith("/login?next=")
    assert "No messages yet" in (await world.browser("bob").get("/messages")).text


async def test_a_blocked_member_cannot_write_until_unblocked(world: World) -> None:
    bob, eve = world.browser("bob"), world.browser("eve")
    await send(world)

    done = await eve.post("/u/bob/block", back="/messages/bob")
    assert done.location == "/messages/bob"
    assert "You have blocked this person" in (await eve.get("/messages/bob")).text
    refused = await bob.post("/messages/eve", body="Why?")
    assert (refused.status, "accept messages from you" in refused.text) == (403, True)
    assert "Why?" in refused.html

    await eve.post("/u/bob/unblock", back="/messages/bob")
    assert (await bob.post("/messages/eve", body="Why?")).status == 303
