"""Notifications, on their page and in the header, and when they disappear."""

import re

import pytest
from sqlalchemy import insert

from fedcom.actions.close import CloseCommunity, ReopenCommunity
from fedcom.actions.comment import CreateComment
from fedcom.actions.delete import Delete
from fedcom.actions.remove import RemoveContent
from fedcom.context import Context
from fedcom.models.comment import Comment
from fedcom.models.notification import notification
from fedcom.queries.actors import get_community
from fedcom.wire.body import Body
from tests.fedcom.web.browser import Page
from tests.fedcom.web.conftest import World

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True),
]


def waiting(page: Page) -> int:
    """The number in the title, which the header shows too; 0 without one."""
    found = re.search(r"<title>\((\d+)\) ", page.html)
    shown = re.search(r'<span class="count">(\d+)</span></a>', page.html)
    assert bool(found) == bool(shown)
    if not (found and shown):
        return 0
    assert found[1] == shown[1]
    return int(found[1])


async def talk(world: World) -> tuple[Comment, Comment]:
    """eve replies to bob's post, and mentions him in a reply to ann's."""
    mine, anns = await world.post("Mine"), await world.post("By ann", by="ann")
    answer = await world.comment(mine, "Why *so*?", by="eve")
    return answer, await world.comment(anns, "Ask @bob.", by="eve")


async def test_replies_and_mentions_are_listed_with_post_and_text(world: World) -> None:
    answer, mention = await talk(world)
    bob = world.browser("bob")

    page = await bob.get("/notifications")

    assert waiting(page) == 2
    assert "eve replied to you in Mine" in page.text
    assert "eve mentioned you in By ann" in page.text
    assert "Why so?" in page.text
    assert f'href="/comment/{answer.id}"' in page.html
    assert f'href="/comment/{mention.id}"' in page.html
    assert waiting(await bob.get("/communities")) == 2
    assert waiting(await world.browser().get("/communities")) == 0


async def test_text_behind_a_content_warning_stays_hidden(world: World) -> None:
    body, warning = Body.of_markdown("A dog bites @bob"), "Dogs & <teeth>"
    by, about = world.people["eve"], await world.post("Mine")
    action = CreateComment(by=by, post=about, parent=None, body=body, content_warning=warning)
    await world.perform(action)
    await world.post("By eve", by="eve", body=body, content_warning=warning)

    page = await world.browser("bob").get("/notifications")

    assert "A dog bites" not in page.text
    assert page.text.count(warning) == 2


async def test_lists_hold_one_kind_each(world: World) -> None:
    await talk(world)
    bob = world.browser("bob")

    assert "By ann" not in (await bob.get("/notifications?kind=replies")).text
    assert "Mine" not in (await bob.get("/notifications?kind=mentions")).text
    for kind in ("messages", "moderation"):
        assert "No new notifications" in (await bob.get(f"/notifications?kind={kind}")).text
    assert "Mine" in (await bob.get("/notifications?kind=nonsense&before=x")).text


async def test_one_or_all_notifications_are_marked_as_read(world: World) -> None:
    await talk(world)
    bob = world.browser("bob")
    page = await bob.get("/notifications")
    first, second = re.findall(r'name="number" value="(\d+)"', page.html)

    eves = await world.browser("eve").post("/notifications/read", number=second)
    assert eves.location == "/notifications"
    assert waiting(await bob.get("/notifications")) == 2

    await bob.post("/notifications/read", number=second)
    page = await bob.get("/notifications")
    assert (waiting(page), "Mine" in page.text) == (1, False)

    await bob.post("/notifications/read", kind="", until=first)
    page = await bob.get("/notifications")
    assert (waiting(page), "No new notifications" in page.text) == (0, True)
    assert "Mine" in (await bob.get("/notifications?show=all")).text


async def test_notifications_newer_than_the_page_stay_unread(world: World) -> None:
    await talk(world)
    bob = world.browser("bob")
    until = re.search(r'name="until" value="(\d+)"', (await bob.get("/notifications")).html)
    assert until
    await world.comment(await world.post("Newer"), "Late", by="eve")

    await bob.post("/notifications/read", kind="", until=until[1])

    assert waiting(await bob.get("/notifications")) == 1


async def test_opening_the_thread_or_the_comment_marks_it_as_read(world: World) -> None:
    answer, mention = await talk(world)
    bob = world.browser("bob")

    await world.browser("ann").get(f"/comment/{mention.id}")
    await bob.get(f"/comment/{mention.id}")
    assert waiting(await bob.get("/communities")) == 1
    await bob.get(f"/post/{answer.post_id}")
    assert waiting(await bob.get("/communities")) == 0


async def test_deleted_content_has_no_notifications(
    world: World,
) -> None:
    answer, mention = await talk(world)
    await world.perform(Delete(by=world.people["eve"], target=answer))
    await world.perform(RemoveContent(by=world.people["ann"], target=mention))

    page = await world.browser("bob").get("/notifications?show=all")

    assert waiting(page) == 0
    assert "Why" not in page.text
    assert "Ask" not in page.text


async def test_a_closed_community_has_no_notifications(
    world: World,
) -> None:
    await talk(world)
    by = world.people["ann"]
    await world.perform(CloseCommunity(by=by, community=world.community))

    page = await world.browser("bob").get("/notifications?show=all")

    assert waiting(page) == 0
    assert "Why so" not in page.text
    closed = await world.instance.read(lambda conn: get_community(conn, world.community.id))
    await world.perform(ReopenCommunity(by=by, community=closed))
    assert waiting(await world.browser("bob").get("/communities")) == 2


async def test_a_notification_has_a_reply_form(world: World) -> None:
    answer, _ = await talk(world)
    bob = world.browser("bob")
    page = await bob.get("/notifications?kind=replies")
    action = re.search(r'action="(/post/\d+/comment)"', page.html)
    parent = re.search(r'name="parent" value="(\d+)"', page.html)
    assert action
    assert parent
    assert int(parent[1]) == answer.id

    sent = await bob.post(action[1], parent=parent[1], body="Because.")

    assert sent.location.startswith(f"/post/{answer.post_id}#comment-")
    assert "Because." in (await world.browser("eve").get("/notifications")).text


async def test_long_lists_go_on(world: World) -> None:
    post = await world.post("Mine")
    for number in range(23):
        await world.comment(post, f"Number {number}.", by="eve")
    bob = world.browser("bob")

    first = await bob.get("/notifications")
    older = re.search(r'rel="next" href="([^"]+)"', first.html)
    assert older
    second = await bob.get("/notifications" + older[1].replace("&amp;", "&"))

    values_of_row = [
        int(number) for page in (first, second) for number in re.findall(r"Number (\d+)", page.text)
    ]
    assert values_of_row == list(range(22, -1, -1))


async def test_actions_of_moderators_are_listed_with_the_reason(world: World) -> None:
    post = await world.post("Mine")
    bob, ann = world.people["bob"], world.people["ann"]

    def add_notifications(ctx: Context) -> None:
        values = {"recipient_id": bob.id, "actor_id": ann.id, "created_at": ctx.now}
        about = {"community_id": world.community.id, "post_id": post.id}
        more = {"kind": "moderation", "detail": "lock", "reason": "Too hot"}
        ctx.conn.execute(insert(notification).values(values | about | more))
        for kind in ("report", "application"):
            values_of_row = values | {"kind": kind, "reason": f"A {kind}"}
            ctx.conn.execute(insert(notification).values(values_of_row))

    await world.instance.unit(add_notifications)
    page = await world.browser("bob").get("/notifications?kind=moderation")

    assert "A moderator locked your post" in page.text
    assert f'<a href="/post/{post.id}" dir="auto">Mine</a>' in page.html
    assert "Reason: Too hot" in page.text
    assert "ann sent a report" in page.text
    assert "ann applied for an account" in page.text


async def test_guests_log_in_first_and_come_back(world: World) -> None:
    page = await world.browser().get("/notifications?kind=replies")

    assert page.location == "/login?next=/notifications%3Fkind%3Dreplies"
