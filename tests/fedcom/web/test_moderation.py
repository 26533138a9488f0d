"""The moderators' pages: locks, pins and bans by forms, and the public modlog."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from fedcom.accounts.delete_account import delete_account
from fedcom.accounts.sessions import create_session
from fedcom.actions.ban import Ban
from fedcom.actions.perform import perform
from fedcom.context import Context
from fedcom.models.moderation import community_ban
from fedcom.queries.actors import get_person
from fedcom.web.html.i18n import exact
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio


async def test_a_moderator_locks_and_pins_a_post_by_its_buttons(world: World) -> None:
    mia, post = world.browser("mia"), await world.post()

    assert "Lock" in (await mia.get(f"/post/{post.id}")).text
    await mia.post(f"/post/{post.id}/lock")
    await mia.post(f"/post/{post.id}/pin")

    page = await mia.get(f"/post/{post.id}")
    assert "Unlock" in page.text
    assert "Unpin" in page.text
    assert "No more comments can be added" in page.text
    assert "Unlock" not in (await world.browser("bob").get(f"/post/{post.id}")).text
    await mia.post(f"/post/{post.id}/unlock")
    await mia.post(f"/post/{post.id}/unpin")
    page = await mia.get(f"/post/{post.id}")
    assert "Unlock" not in page.text
    assert "Unpin" not in page.text


async def test_a_moderator_locks_a_comment_by_its_button(world: World) -> None:
    mia, bob, eve = (world.browser(name) for name in ("mia", "bob", "eve"))
    post = await world.post()
    top = await world.comment(post)
    below = await world.comment(post, parent=top)
    at = f"/post/{post.id}"
    assert f"/comment/{top.id}/lock" not in (await bob.get(at)).html

    assert f"/comment/{top.id}/lock" in (await mia.get(at)).html
    await mia.post(f"/comment/{top.id}/lock")

    page = await eve.get(at)
    assert page.text.count("locked") == 2
    assert not any(f"reply={one.id}" in page.html for one in (top, below))
    assert f"reply={below.id}" in (await mia.get(at)).html
    assert f"/comment/{top.id}/unlock" in (await mia.get(at)).html
    log = await world.browser().get("/modlog?kind=lock")
    assert "locked a comment by bob in “Cats sleep”" in " ".join(log.text.split())
    assert "locked a comment by bob" in (await world.browser().get("/feeds/modlog.xml")).text
    notifications = await bob.get("/notifications")
    assert "A moderator locked your comment" in notifications.text
    await mia.post(f"/comment/{top.id}/unlock")
    assert "locked" not in (await eve.get(at)).text


async def test_a_moderator_bans_and_unbans_a_member(world: World) -> None:
    mia, bob = world.browser("mia"), world.browser("bob")
    post = await world.post()
    form = await mia.get("/c/cats/ban?person=bob")
    assert 'value="bob"' in form.html

    sent = await mia.post("/c/cats/ban", person="bob", reason="spam", days="7", content="on")

    assert sent.location == "/c/cats/banned"
    there = await world.browser("bob").get("/c/cats")
    assert "You are banned from Cats until" in there.text
    assert "Reason: spam" in there.text
    assert "/c/cats/submit" not in there.html
    listed = await world.browser().get("/c/cats/banned")
    assert "spam" in listed.text
    assert re.search(r'until <time datetime="[-\dT:]+Z">[^<]* UTC</time>', listed.html)
    assert "Lift ban" not in listed.text
    assert (await world.browser().get(f"/post/{post.id}")).status == 410
    refused = await bob.post("/submit", community="cats", title="Again")
    assert refused.status == 403
    assert "Reason: spam" in refused.text
    assert "The ban ends at" in refused.text
    assert "Again" in refused.html
    await mia.post("/c/cats/unban", person=str(world.people["bob"].id), content="on")
    assert "Nobody is banned" in (await mia.get("/c/cats/banned")).text
    assert (await world.browser().get(f"/post/{post.id}")).status == 200


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [("days", "soon", 422), ("days", "-1", 422), ("days", "4000", 422), ("person", "zoe", 404)],
)
async def test_a_refused_ban_keeps_the_typed_text(
    world: World, field: str, value: str, status: int
) -> None:
    fields = {"person": "bob", "reason": "A long story", "days": "7"} | {field: value}

    page = await world.browser("mia").post("/c/cats/ban", **fields)

    assert page.status == status
    assert "A long story" in page.html
    assert f'id="e-{field}"' in page.html
    rows = await world.instance.read(lambda conn: conn.execute(select(community_ban)).all())
    assert rows == []


async def test_an_admin_bans_from_the_instance_on_the_persons_page(world: World) -> None:
    ann, post = world.browser("ann"), await world.post()
    bob = world.people["bob"]
    assert 'href="/u/bob/ban"' in (await ann.get("/u/bob")).html

    sent = await ann.post("/u/bob/ban", reason="spam", content="on")

    assert sent.location == "/u/bob"
    shown = await world.browser().get("/u/bob")
    assert "Reason: spam" in shown.text
    assert (await world.browser("bob").get("/settings")).location.startswith("/login")
    assert (await world.browser().get(f"/post/{post.id}")).status == 410
    await ann.post("/u/bob/unban", content="on")
    assert "Reason: spam" not in (await world.browser().get("/u/bob")).text
    assert (await world.browser().get(f"/post/{post.id}")).status == 200
    again = await world.instance.read(lambda conn: get_person(conn, bob.id))
    assert again == bob


async def test_an_expired_ban_no_longer_applies(world: World) -> None:
    bob, ann = world.people["bob"], world.people["ann"]

    def do(ctx: Context) -> str:
        until = ctx.now + timedelta(days=19)
        perform(ctx, Ban(by=ann, person=bob, community=None, expires_at=until))
        return create_session(ctx.conn, bob.id, "", ctx.now)

    token = await world.instance.unit(do)
    assert "banned" in (await world.browser().get("/u/bob")).text

    browser = world.browser()
    browser.client.cookies.set(browser.cookie, token)
    assert (await browser.get("/settings")).location == "/settings/bans"

    world.instance.clock.advance(days=20)

    assert "banned" not in (await world.browser().get("/u/bob")).text
    assert (await browser.get("/settings")).status == 200


async def test_the_log_can_be_filtered_with_its_form(world: World) -> None:
    mia, guest = world.browser("mia"), world.browser()
    post = await world.post()
    await mia.post(f"/post/{post.id}/lock")
    await mia.post(f"/post/{post.id}/remove", reason="advertising")
    await mia.post("/c/cats/ban", person="eve", reason="rude")

    everything = await guest.get("/modlog")
    assert all(text in everything.text for text in ("locked", "advertising", "rude"))
    assert f'href="/post/{post.id}"' in everything.html
    for query, shown, hidden in (
        ("kind=lock", (), ("advertising", "rude")),
        ("person=eve", ("rude",), ("advertising",)),
        ("person=bob", ("advertising",), ("rude",)),
        ("moderator=mia&kind=ban", ("rude",), ("advertising",)),
        ("community=cats", ("rude", "advertising"), ()),
    ):
        page = await guest.get(f"/modlog?{query}")
        assert all(text in page.text for text in shown), query
        assert not any(text in page.text for text in hidden), query
    assert "No matching entries" in (await guest.get("/modlog?moderator=bob")).text
    unknown = await guest.get("/modlog?person=nobody_here")
    assert "There is nobody called “" in unknown.text
    assert "rude" in (await guest.get("/c/cats/modlog?kind=ban")).text


async def test_only_the_author_of_removed_content_sees_the_reason(world: World) -> None:
    mia, bob = world.browser("mia"), world.browser("bob")
    post = await world.post()
    comment = await world.comment(post)
    await mia.post(f"/comment/{comment.id}/remove", reason="Lies <b>again</b>")

    for path in (f"/post/{post.id}", f"/comment/{comment.id}"):
        assert "Removed by a moderator: Lies <b>again</b>" in (await bob.get(path)).text
        assert "Removed by a moderator: Lies" in (await mia.get(path)).text
        for other in ("", "eve"):
            page = await world.browser(other).get(path)
            assert "Removed by a moderator." in page.text
            assert "Lies" not in page.text

    await mia.post(f"/post/{post.id}/remove", reason="Spam")
    assert "Removed by a moderator: Spam" in (await bob.get(f"/post/{post.id}")).text
    assert "Spam" not in (await world.browser().get(f"/post/{post.id}")).text


async def test_moderators_ban_from_beside_a_comment(world: World) -> None:
    comment = await world.comment(await world.post())
    link = "/c/cats/ban?person=bob"

    assert (await world.browser("mia").get(f"/comment/{comment.id}")).html.count(link) == 2
    assert link not in (await world.browser("bob").get(f"/comment/{comment.id}")).html


async def test_the_removal_form_does_not_show_content_deleted_by_its_author(world: World) -> None:
    post = await world.post("Cats sleep")
    mia, path = world.browser("mia"), f"/post/{post.id}/remove"
    assert "Cats sleep" in (await mia.get(path)).text
    await world.browser("bob").post(f"/post/{post.id}/delete")
    page = await mia.get(path)
    assert "Cats sleep" not in page.text
    assert "Deleted by its author." in page.text


async def test_a_text_that_is_too_long_is_reported_beside_its_field(world: World) -> None:
    post = await world.post()
    mia, ann = world.browser("mia"), world.browser("ann")
    answers = [
        (await mia.post("/c/cats/ban", person="eve", reason="x" * 501), "reason"),
        (await mia.post(f"/post/{post.id}/remove", reason="x" * 501), "reason"),
        (await ann.post("/admin", site_name="Forum", rules="x" * 10_001), "rules"),
        (
            await ann.post("/admin/registration", registration="open", question="x" * 501),
            "question",
        ),
    ]
    for page, field in answers:
        assert (page.status, f'id="e-{field}"' in page.html) == (422, True), field


async def test_content_of_a_deleted_account_is_listed_for_admins_and_removed_at_once(
    world: World,
) -> None:
    post = await world.post("Buy pills")
    bob = world.people["bob"]
    await world.instance.unit(lambda ctx: delete_account(ctx, bob.id, removes_content=False))
    ann = world.browser("ann")

    listed = await ann.get("/u/bob")
    assert (listed.status, "Buy pills" in listed.text) == (200, True)
    assert "/u/bob/ban" in listed.html
    sent = await ann.post("/u/bob/ban", reason="Spam and run", content="on")

    assert sent.status == 303
    assert (await world.browser("eve").get(f"/post/{post.id}")).status == 410
    assert (await world.browser("eve").get("/u/bob")).status == 410


async def test_a_moderator_marks_their_comment_as_official_by_its_button(world: World) -> None:
    mia, bob = world.browser("mia"), world.browser("bob")
    post = await world.post()
    own, bobs = await world.comment(post, by="mia"), await world.comment(post)
    at = f"/post/{post.id}"
    assert "Mark as official" in (await mia.get(at)).text
    assert f"/comment/{bobs.id}/distinguish" not in (await mia.get(at)).html
    assert "Mark as official" not in (await bob.get(at)).text

    await mia.post(f"/comment/{own.id}/distinguish")

    assert (await world.browser().get(at)).html.count('class="label official"') == 1
    assert "Unmark as official" in (await mia.get(at)).text
    await mia.post(f"/comment/{own.id}/undistinguish")
    assert "label official" not in (await world.browser().get(at)).html


async def test_an_admin_pins_a_post_on_the_front_page_by_its_button(world: World) -> None:
    ann, first = world.browser("ann"), await world.post("The rules")
    await world.post("Something newer")
    at = f"/post/{first.id}"
    assert "Pin on the front page" not in (await world.browser("mia").get(at)).text
    assert "Pin on the front page" in (await ann.get(at)).text

    await ann.post(f"{at}/pin-on-site")

    front = (await world.browser().get("/?list=all&sort=new")).text
    assert front.index("The rules") < front.index("Something newer")
    assert "pinned" in front
    log = await world.browser().get("/modlog?kind=pin_on_site")
    assert "pinned on the front page The rules" in " ".join(log.text.split())
    assert "Unpin from the front page" in (await ann.get(at)).text
    await ann.post(f"{at}/unpin-from-site")
    front = (await world.browser().get("/?list=all&sort=new")).text
    assert front.index("The rules") > front.index("Something newer")


async def test_a_community_is_transferred_on_its_page_for_moderators(world: World) -> None:
    ann, mia = world.browser("ann"), world.browser("mia")
    number = world.people["mia"].id
    assert "Make first moderator" in (await ann.get("/c/cats/edit")).text
    assert "Make first moderator" not in (await mia.get("/c/cats/edit")).text

    sent = await ann.post("/c/cats/edit/moderators/transfer", person=str(number))

    assert sent.location == "/c/cats/edit"
    assert "Make first moderator" in (await mia.get("/c/cats/edit")).text
    log = await world.browser().get("/modlog?kind=transfer_community")
    assert "transferred community to mia" in " ".join(log.text.split())
    assert "You are now the first moderator" in (await mia.get("/notifications")).text


async def test_moderators_see_who_voted_from_the_posts_menu(world: World) -> None:
    post = await world.post()
    comment = await world.comment(post)
    await world.browser("eve").post(f"/post/{post.id}/vote", score="-1")
    await world.browser("eve").post(f"/comment/{comment.id}/vote", score="1")

    for name in ("mia", "ann"):
        browser = world.browser(name)
        page = await browser.get(f"/post/{post.id}")
        assert f"/post/{post.id}/voters" in page.html
        assert f"/comment/{comment.id}/voters" in page.html
        voters = " ".join((await browser.get(f"/post/{post.id}/voters")).text.split())
        assert "1 upvote · 1 downvote" in voters
        assert "bob Upvote" in voters
        assert "eve Downvote" in voters
        below = " ".join((await browser.get(f"/comment/{comment.id}/voters")).text.split())
        assert "eve Upvote" in below
    assert "/voters" not in (await world.browser("bob").get(f"/post/{post.id}")).html


async def test_an_admin_hides_a_community_from_the_lists(world: World) -> None:
    ann, eve, guest = world.browser("ann"), world.browser("eve"), world.browser()
    await world.post("A quiet place")
    await eve.post("/c/cats/follow")
    assert "A quiet place" in (await guest.get("/?list=local")).text
    number = str(world.community.id)

    sent = await ann.post("/admin/communities/hide", community=number, reason="Very dull")

    assert sent.location == "/admin/communities"
    for path in ("/?list=local", "/?list=all", "/feeds/all.xml"):
        assert "A quiet place" not in (await guest.get(path)).text
    for path in ("/communities", "/search?q=cats&type=communities"):
        assert 'href="/c/cats"' not in (await guest.get(path)).html
        assert 'href="/c/cats"' in (await eve.get(path)).html
    assert "A quiet place" in (await eve.get("/?list=local")).text
    assert "A quiet place" in (await guest.get("/c/cats")).text
    log = await guest.get("/modlog?kind=hide_community")
    assert "Very dull" in log.text
    assert "hidden" in (await ann.get("/admin/communities")).text
    await ann.post("/admin/communities/unhide", community=number)
    assert "A quiet place" in (await guest.get("/?list=local")).text


async def test_a_new_admin_is_in_the_log_and_notified(world: World) -> None:
    eve = str(world.people["eve"].id)
    ann = world.browser("ann")

    for role in ("admin", "admin", "member"):
        await ann.post("/admin/members/role", person=eve, role=role)

    log = " ".join((await world.browser().get("/modlog")).text.split())
    assert log.count("added admin eve") == log.count("removed admin eve") == 1


async def test_an_admin_purges_a_post_after_reading_what_will_vanish(world: World) -> None:
    ann, post = world.browser("ann"), await world.post("Terrible words")
    await world.comment(post, "Below")
    at = f"/post/{post.id}/purge"
    assert at in (await ann.get(f"/post/{post.id}")).html
    assert at not in (await world.browser("mia").get(f"/post/{post.id}")).html
    page = await ann.get(at)
    assert "1 comment below it" in page.text
    assert "Terrible words" in page.text
    assert "This cannot be undone." in page.text

    sent = await ann.post(at, reason="Against the law")

    assert sent.location == "/c/cats"
    assert (await world.browser().get(f"/post/{post.id}")).status == 410
    log = " ".join((await world.browser().get("/modlog?kind=purge_post")).text.split())
    assert "purged a post" in log
    assert "Against the law" in log
    assert "Terrible words" not in log
    assert (await ann.post(at)).status == 409


async def test_the_other_purges_say_what_will_vanish(world: World) -> None:
    ann, post = world.browser("ann"), await world.post()
    top = await world.comment(post)
    await world.comment(post, "Below", parent=top)
    at = f"/comment/{top.id}/purge"
    assert at in (await ann.get(f"/comment/{top.id}/remove")).html
    assert at not in (await world.browser("mia").get(f"/comment/{top.id}/remove")).html
    assert "2 comments: this one and all replies below it" in (await ann.get(at)).text
    person = " ".join((await ann.get("/u/bob/purge")).text.split())
    assert "1 post, with all comments below it" in person
    assert "2 comments, with all replies below them" in person
    inside = " ".join((await ann.get("/c/cats/purge")).text.split())
    assert "1 post" in inside
    assert "2 comments" in inside

    assert (await ann.post(at)).location == f"/post/{post.id}"
    log = " ".join((await world.browser().get("/modlog?kind=purge_comment")).text.split())
    assert "purged a comment in “Cats sleep”" in log
    assert (await ann.post("/u/bob/purge", reason="spam")).location == "/modlog"
    assert (await world.browser("bob").get("/settings")).location.startswith("/login")
    assert (await world.browser().get("/u/bob")).status == 410
    assert (await ann.post("/c/cats/purge")).location == "/admin/communities"
    assert (await world.browser().get("/c/cats")).status == 410
    assert "cats" not in (await ann.get("/admin/communities")).text
    long = await ann.post("/u/eve/purge", reason="a" * 501)
    assert long.status == 422
    assert 'id="e-reason"' in long.html


async def test_the_banned_see_why_and_until_when_in_place_of_the_form(world: World) -> None:
    post = await world.post()
    comment = await world.comment(post)
    pages = [f"/post/{post.id}", f"/post/{post.id}?reply={comment.id}", f"/comment/{comment.id}"]
    end = world.instance.clock() + timedelta(days=7)
    until = " ".join(exact(end).split())
    ann, bob = world.people["ann"], world.people["bob"]
    ban = Ban(by=ann, person=bob, community=world.community, reason="Too <loud>", expires_at=end)
    await world.perform(ban)

    for path in pages:
        page = await world.browser("bob").get(path)
        assert "You are banned from" in page.text, path
        assert f"until {until}" in page.text, path
        assert "Reason: Too <loud>" in page.text, path
        assert '/comment"' not in page.html, path
        assert 'class="reply"' not in page.html, path
        assert "You are banned from" not in (await world.browser("eve").get(path)).text

    await world.perform(Ban(by=ann, person=bob, community=None, reason=""))
    world.tokens["bob"] = await world.instance.unit(
        lambda ctx: create_session(ctx.conn, bob.id, "", ctx.now)
    )
    page = await world.browser("bob").get(f"/post/{post.id}")
    assert "You are banned from this server. Show details" in page.text
    assert "to comment or vote" not in page.text
