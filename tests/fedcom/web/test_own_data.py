"""The export of a member's data, and the deletion of the account."""

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select

from fedcom.accounts.members import set_password, set_role
from fedcom.accounts.passwords import hash_password
from fedcom.accounts.sessions import create_session
from fedcom.actions.ban import Ban
from fedcom.actions.comment import EditComment
from fedcom.actions.follow import Follow
from fedcom.actions.post import EditPost
from fedcom.actions.vote import Vote
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.models.account import account, session
from fedcom.models.actor import actor
from fedcom.models.comment import comment
from fedcom.models.message import message
from fedcom.models.notification import notification
from fedcom.models.personal import (
    actor_block,
    draft,
    followed_post,
    host_block,
    muted_post,
    saved_post,
)
from fedcom.models.post import post as posts
from fedcom.personal import export
from fedcom.wire.body import Body
from outbox.deliveries import activities
from tests.fedcom.web.browser import Browser, cookie_of
from tests.fedcom.web.conftest import World

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True),
]

PASSWORD = "correct horse battery"


@pytest.fixture
async def bob(world: World) -> Browser:
    """bob has written, voted, saved, blocked, drafted, and exchanged messages with eve."""
    by, eve = world.people["bob"], world.people["eve"]
    about = await world.post("Bob's post", by="bob")
    other = await world.post("Eve's post", by="eve")
    await world.comment(other, "Bob's words", by="bob")
    await world.perform(Vote(by=by, target=other, score=1))
    await world.perform(Follow(by=by, target=world.community))
    hashed = hash_password(PASSWORD)

    def fill(ctx):
        set_password(ctx.conn, by.id, hashed)
        world.tokens["bob"] = create_session(ctx.conn, by.id, "Firefox", ctx.now)
        mine = {"person_id": by.id}
        rows = [
            (saved_post, {"post_id": other.id, "saved_at": ctx.now}),
            (followed_post, {"post_id": other.id, "followed_at": ctx.now}),
            (muted_post, {"post_id": about.id, "muted_at": ctx.now}),
            (actor_block, {"blocked_id": world.people["mia"].id, "blocked_at": ctx.now}),
            (host_block, {"host": "spam.example", "blocked_at": ctx.now}),
            (draft, {"form": "/submit", "fields": '{"title": "x"}', "updated_at": ctx.now}),
        ]
        for table, values in rows:
            ctx.conn.execute(insert(table).values({**mine, **values}))
        for number, (author, to) in enumerate([(by, eve), (eve, by)]):
            ctx.conn.execute(
                insert(message).values(
                    iri=f"https://forum.example/m/{number}", local=True, author_id=author.id,
                    recipient_id=to.id, body_source=f"From {author.name}", body_html="",
                    published_at=ctx.now,
                )
            )  # fmt: skip
        notify(ctx, by.id, NotificationEvent(kind="reply", by_id=eve.id, post_id=other.id))

    await world.instance.unit(fill)
    return world.browser("bob")


async def rows(world: World, table) -> list:
    return await world.instance.read(lambda conn: conn.execute(select(table)).mappings().all())


async def test_the_export_has_everything_and_no_secret(world: World, bob: Browser) -> None:
    page = await bob.get("/settings/export")
    assert page.headers["content-type"] == "application/json"
    assert page.headers["content-disposition"] == 'attachment; filename="bob-forum.example.json"'
    exported_data = json.loads(page.html)
    assert exported_data["profile"]["iri"] == "https://forum.example/u/bob"
    assert exported_data["account"]["theme"] == "auto"
    assert [one["title"] for one in exported_data["posts"]] == ["Bob's post"]
    assert exported_data["posts"][0]["community"] == "https://forum.example/c/cats"
    assert [one["body"] for one in exported_data["comments"]] == ["Bob's words"]
    assert {one["body"] for one in exported_data["messages"]} == {"From bob", "From eve"}
    assert [one["iri"] for one in exported_data["follows"]] == ["https://forum.example/c/cats"]
    assert [one["host"] for one in exported_data["blocked_hosts"]] == ["spam.example"]
    for name in (
        "saved_posts",
        "followed_posts",
        "muted_posts",
        "blocked",
        "drafts",
        "notifications",
        "sessions",
    ):
        assert exported_data[name], name
    assert 1 in {one["score"] for one in exported_data["post_votes"]}
    votes = (*exported_data["post_votes"], *exported_data["comment_votes"])
    assert {tuple(one) for one in votes} == {("iri", "score", "voted_at")}
    assert all(datetime.fromisoformat(one["voted_at"]) for one in votes)
    [mine] = [one for one in await rows(world, account) if one["actor_id"] == told_id(world)]
    assert mine["password_hash"] not in page.html
    assert bob.token is not None
    assert bob.token not in page.html
    assert "Eve's post" not in page.html


def told_id(world: World) -> int:
    return world.people["bob"].id


async def test_previous_versions_and_read_marks_are_exported(world: World, bob: Browser) -> None:
    by, about = world.people["bob"], await world.post("Before", by="bob")
    edited = await world.comment(about, "Said before", by="bob")
    body = Body.of_markdown("Said after")
    await world.perform(EditPost(by=by, post=about, title="After", body=body))
    await world.perform(EditComment(by=by, comment=edited, body=body))
    await bob.get(f"/post/{about.id}")

    exported = json.loads((await bob.get("/settings/export")).html)
    former = [(one["iri"], one["title"]) for one in exported["former_versions"]]
    assert former == [(about.iri, "Before"), (edited.iri, "")]
    assert "Said before" in exported["former_versions"][1]["body_html"]
    assert [one["iri"] for one in exported["read_posts"]] == [about.iri]


async def test_a_long_list_is_exported_page_by_page_and_whole(
    world: World, bob: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    for number in range(4):
        await world.post(f"Number {number}", by="bob")
    exported_data = json.loads((await bob.get("/settings/export")).html)
    titles = [one["title"] for one in exported_data["posts"]]
    assert titles == ["Bob's post", *(f"Number {number}" for number in range(4))]


async def test_other_forums_can_import_the_settings(world: World, bob: Browser) -> None:
    exported_data = json.loads((await bob.get("/settings/export/lemmy")).html)
    assert exported_data["followed_communities"] == ["https://forum.example/c/cats"]
    assert exported_data["blocked_users"] == ["https://forum.example/u/mia"]
    assert exported_data["blocked_instances"] == ["spam.example"]
    assert len(exported_data["saved_posts"]) == 1


@pytest.mark.parametrize("erases", [True, False])
async def test_deleted_members_are_gone_with_or_without_their_content(
    world: World, bob: Browser, erases: bool
) -> None:
    refused = await bob.post("/settings/delete", current_password="wrong", remove_content="on")
    assert (refused.status, 'name="remove_content" checked' in refused.html) == (403, True)
    fields = {"remove_content": "on"} if erases else {}
    sent = await bob.post("/settings/delete", current_password=PASSWORD, **fields)
    assert sent.location == "/"
    assert "Your account has been deleted" in (await bob.get("/")).text
    assert cookie_of(sent, "__Host-session")["__Host-session"]["max-age"] == "0"

    number = world.people["bob"].id
    assert number not in {one["actor_id"] for one in await rows(world, account)}
    assert number not in {one["account_id"] for one in await rows(world, session)}
    assert number not in {one["recipient_id"] for one in await rows(world, notification)}
    for table in (saved_post, followed_post, muted_post, actor_block, host_block, draft):
        assert await rows(world, table) == []
    [gone] = [one for one in await rows(world, actor) if one["id"] == number]
    assert gone["deleted_at"] is not None
    assert (await world.browser().get("/u/bob")).status == 410
    assert (await world.browser().post("/login", name="bob", password=PASSWORD)).status == 403
    texts = {one["body_source"] for one in await rows(world, comment)}
    titles = {one["title"] for one in await rows(world, posts)}
    sent_texts = {one["body_source"] for one in await rows(world, message)}
    assert ("Bob's words" in texts, "Bob's post" in titles) == (not erases, not erases)
    assert ("From bob" in sent_texts) is not erases
    assert "From eve" in sent_texts
    assert "Eve's post" in titles
    again = await world.browser().post("/register", name="bob", password=PASSWORD)
    assert (again.status, "taken" in again.text) == (409, True)


async def test_other_servers_are_sent_a_delete_with_remove_data(world: World, bob: Browser) -> None:
    await bob.post("/settings/delete", current_password=PASSWORD, remove_content="on")
    sent = [json.loads(one["body"]) for one in await rows(world, activities)]
    [last] = [one for one in sent if one["object"] == "https://forum.example/u/bob"]
    assert (last["type"], last["removeData"]) == ("Delete", True)


async def test_the_only_admin_cannot_leave(world: World) -> None:
    ann, hashed = world.people["ann"].id, hash_password(PASSWORD)
    await world.instance.unit(lambda ctx: set_password(ctx.conn, ann, hashed))

    def begin(ctx):
        return create_session(ctx.conn, ann, "", ctx.now)

    world.tokens["ann"] = await world.instance.unit(begin)
    browser = world.browser("ann")
    page = await browser.get("/settings/delete")
    assert "Make someone else an admin first" in page.text
    page = await browser.post("/settings/delete", current_password=PASSWORD)
    assert (page.status, "Make someone else an admin first" in page.text) == (409, True)
    await world.instance.unit(lambda ctx: set_role(ctx.conn, world.people["eve"].id, "admin"))
    assert (await browser.post("/settings/delete", current_password=PASSWORD)).status == 303


async def test_a_banned_member_sees_the_reason_exports_data_and_deletes_the_account(
    world: World,
) -> None:
    bob = world.people["bob"]
    until = world.instance.clock() + timedelta(days=3)
    await world.perform(
        Ban(by=world.people["ann"], person=bob, community=None, reason="Spam", expires_at=until)
    )
    world.tokens["bob"] = await world.instance.unit(
        lambda ctx: create_session(ctx.conn, bob.id, "test", ctx.now)
    )
    browser = world.browser("bob")

    page = await browser.get("/settings/bans")
    export = await browser.get("/settings/export")

    assert "You are banned from Forum until" in page.text
    assert "Reason: Spam" in page.text
    assert export.status == 200
    assert (await browser.get("/settings/delete")).status == 200
    # Everywhere else they count as a guest.
    assert (await browser.get("/settings")).location == "/settings/bans"
    assert (await browser.post("/settings", display_name="Bobby")).location == "/settings/bans"
    assert (await browser.post("/messages/ann", body="Hello")).status in {303, 401}
    assert "/logout" not in (await browser.get("/")).html


async def test_bans_from_communities_are_shown_in_words(world: World) -> None:
    bob = world.people["bob"]
    assert "not banned anywhere" in (await world.browser("bob").get("/settings/bans")).text
    await world.perform(
        Ban(by=world.people["mia"], person=bob, community=world.community, reason="Rude")
    )

    page = await world.browser("bob").get("/settings/bans")

    assert "You are banned from Cats permanently. Reason: Rude" in page.text


async def test_an_expired_ban_from_a_community_is_not_shown(world: World) -> None:
    until = world.instance.clock() + timedelta(hours=1)
    action = Ban(
        by=world.people["mia"],
        person=world.people["bob"],
        community=world.community,
        reason="Rude",
        expires_at=until,
    )
    await world.perform(action)
    assert "banned from Cats until" in (await world.browser("bob").get("/settings/bans")).text

    world.instance.clock.advance(hours=1)

    assert "not banned anywhere" in (await world.browser("bob").get("/settings/bans")).text
