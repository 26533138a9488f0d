"""Each form works, and keeps the typed text if it is refused."""

import re

import pytest
from sqlalchemy import update

from activitypub.nodeinfo import Software
from fedcom.actions.close import CloseCommunity
from fedcom.actions.remove import RemoveContent
from fedcom.context import Context
from fedcom.models.actor import Person
from fedcom.queries.actors import find_moderators
from fedcom.remote.peers import put_peer
from fedcom.site.settings import edit_site
from fedcom.web.html.forms import safe_path
from outbox.deliveries import DELIVERED, deliveries
from outbox.publish import publish
from tests.fedcom.web.browser import Page, cookie_of
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio

GOOD_PASSWORD = "correct horse battery"
LONG = "word " * 3000


async def test_a_post_is_written_read_and_edited(world: World) -> None:
    bob = world.browser("bob")
    sent = await bob.post(
        "/submit",
        community="cats",
        title="  Cats  sleep ",
        url="https://news.example/a?b=1",
        body="They **do**.\r\nA lot.",
        nsfw="on",
    )
    assert sent.status == 303
    page = await bob.get(sent.location)
    assert "Cats sleep" in page.text
    assert "<strong>do</strong>" in page.html
    assert 'href="https://news.example/a?b=1" rel="nofollow noopener ugc"' in page.html
    assert "sensitive" in page.text

    shown = await bob.get(f"{sent.location}/edit")
    assert 'value="Cats sleep"' in shown.html
    assert "They **do**.\nA lot.</textarea>" in shown.html
    await bob.post(f"{sent.location}/edit", title="Cats do not sleep", body="")
    page = await bob.get(sent.location)
    assert "Cats do not sleep" in page.text
    assert "news.example" not in page.html
    assert "edited" in page.text


async def test_a_comment_is_replied_to_edited_deleted_and_restored(world: World) -> None:
    post = await world.post()
    bob, eve = world.browser("bob"), world.browser("eve")
    sent = await bob.post(f"/post/{post.id}/comment", body="First", parent="")
    assert sent.location.startswith(f"/post/{post.id}#comment-")
    first = int(sent.location.rpartition("-")[2])
    form = await eve.get(f"/post/{post.id}?reply={first}")
    assert f'name="parent" value="{first}"' in form.html
    await eve.post(f"/post/{post.id}/comment", body="Second", parent=str(first))

    page = await bob.get(f"/comment/{first}")
    assert page.text.index("First") < page.text.index("Second")
    await bob.post(f"/comment/{first}/edit", body="First, better")
    assert "First, better" in (await eve.get(f"/post/{post.id}")).text
    assert (await bob.post(f"/comment/{first}/delete")).location == f"/comment/{first}"
    assert "First, better" not in (await eve.get(f"/post/{post.id}")).text
    await bob.post(f"/comment/{first}/undelete")
    assert "First, better" in (await eve.get(f"/post/{post.id}")).text


async def test_restoring_names_the_servers_where_the_content_stays_deleted(world: World) -> None:
    """Mastodon keeps a tombstone for each deleted id."""
    bob, post = world.browser("bob"), await world.post()
    path = f"/post/{post.id}"

    async def undelete() -> str:
        await bob.post(f"{path}/delete")
        return (await bob.get((await bob.post(f"{path}/undelete")).location)).text

    assert "won't show it again" not in await undelete()

    def add_notice(ctx: Context) -> None:
        put_peer(ctx.conn, "micro.example", Software("mastodon", "4.6"), ctx.now)
        publish(
            ctx.conn,
            activity_id=f"{post.iri}#sent",
            actor=post.iri,
            body=b"{}",
            subject=post.iri,
            inboxes=["https://micro.example/inbox"],
            now=0.0,
        )
        ctx.conn.execute(update(deliveries).values(state=DELIVERED))

    await world.instance.unit(add_notice)
    assert "Mastodon and similar servers won't show it again" in await undelete()


async def test_a_vote_is_counted_changed_and_undone_in_place(world: World) -> None:
    post = await world.post()
    eve = world.browser("eve")
    for score, points, pressed in (("1", 2, "Upvote"), ("-1", 0, "Downvote"), ("0", 1, "")):
        sent = await eve.post(f"/post/{post.id}/vote", score=score, back="/c/cats?sort=new#x")
        assert sent.location == f"/c/cats?sort=new#post-{post.id}"
        page = await eve.get("/c/cats?sort=new")
        assert f"Points: {points}" in page.text
        assert page.html.count('aria-pressed="true" aria-label="') == bool(pressed)
        if pressed:
            assert f'value="0" aria-pressed="true" aria-label="{pressed}"' in page.html


@pytest.mark.parametrize("score", ["", "2", "up", "1.0", "-0"])
async def test_a_vote_is_up_down_or_nothing(world: World, score: str) -> None:
    post = await world.post()
    assert (await world.browser("eve").post(f"/post/{post.id}/vote", score=score)).status == 422


async def test_a_moderator_removes_with_a_reason_and_restores(world: World) -> None:
    post = await world.post("Buy my pills")
    mia = world.browser("mia")
    form = await mia.get(f"/post/{post.id}/remove")
    assert "Buy my pills" in form.text
    await mia.post(f"/post/{post.id}/remove", reason="advertising")
    assert (await world.browser().get(f"/post/{post.id}")).status == 410
    assert "advertising" in (await world.browser().get("/c/cats/modlog")).text
    await mia.post(f"/post/{post.id}/restore")
    assert "Buy my pills" in (await world.browser().get(f"/post/{post.id}")).text


async def test_a_community_is_created_followed_edited_and_unfollowed(world: World) -> None:
    eve, bob = world.browser("eve"), world.browser("bob")
    sent = await eve.post(
        "/communities/new", name="Dogs", display_name="Dogs & more", body="*Woof*"
    )
    assert sent.location == "/c/dogs"
    page = await bob.get("/c/dogs")
    assert "Dogs & more" in page.text
    assert "<em>Woof</em>" in page.html

    assert (await bob.post("/c/dogs/follow")).location == "/c/dogs"
    assert "Unfollow" in (await bob.get("/c/dogs")).text
    await bob.post("/c/dogs/unfollow")
    assert "Unfollow" not in (await bob.get("/c/dogs")).text

    shown = await eve.get("/c/dogs/edit")
    assert 'value="Dogs &amp; more"' in shown.html
    await eve.post("/c/dogs/edit", display_name="Only dogs", body="", posting_restricted="on")
    page = await bob.get("/c/dogs")
    assert "Only dogs" in page.text
    assert "Only moderators can post here" in page.text
    assert "/c/dogs/submit" not in page.html


async def test_moderators_are_appointed_by_name_or_handle_and_dismissed(world: World) -> None:
    mia = world.browser("mia")
    world.instance.known["@eve@forum.example"] = world.people["eve"]
    for text in ("bob", "@eve@forum.example"):
        sent = await mia.post("/c/cats/edit/moderators", person=text)
        assert sent.location == "/c/cats/edit", sent.text
    names = [who.name for who in await moderators(world)]
    assert names == ["ann", "mia", "bob", "eve"]

    number = str(world.people["bob"].id)
    await mia.post("/c/cats/edit/moderators/remove", person=number)
    assert "bob" not in [who.name for who in await moderators(world)]
    # Moderators who remove themselves may not see the page any more.
    own = str(world.people["mia"].id)
    assert (await mia.post("/c/cats/edit/moderators/remove", person=own)).location == "/c/cats"


async def moderators(world: World) -> list[Person]:
    return await world.instance.read(lambda conn: find_moderators(conn, world.community))


async def test_a_profile_is_changed(world: World) -> None:
    bob = world.browser("bob")
    sent = await bob.post("/settings", display_name="Bob the Reader", body="I *read*.")
    assert sent.location == "/u/bob"
    page = await world.browser().get("/u/bob")
    assert "Bob the Reader" in page.text
    assert "<em>read</em>" in page.html


async def test_a_look_up_leads_to_the_page_here(world: World) -> None:
    post = await world.post()
    comment = await world.comment(post)
    found = {
        "!cats@forum.example": (world.community, "/c/cats"),
        "@bob@forum.example": (world.people["bob"], "/u/bob"),
        "https://forum.example/p": (post, f"/post/{post.id}"),
        "https://forum.example/c": (comment, f"/comment/{comment.id}"),
    }
    for text, (thing, path) in found.items():
        world.instance.known[text] = thing
        assert (await world.browser("bob").post("/search", q=f" {text} ")).location == path


async def test_a_look_up_that_finds_nothing_keeps_the_typed_text(world: World) -> None:
    page = await world.browser("bob").post("/search", q="!nobody@peer.example")

    assert page.status == 404
    assert "Nothing answers there" in page.text
    assert 'value="!nobody@peer.example"' in page.html


# path, fields, the field with the message, and the message.
ERRORS = [
    ("/submit", {"community": "cats", "title": "x", "body": "kept"}, "title", "at least 3"),
    ("/submit", {"community": "cats", "title": "kept", "url": "data:text/html,x"}, "url", "http"),
    ("/submit", {"community": "cats", "title": "kept", "body": LONG * 4}, "body", "at most"),
    ("/submit", {"community": "nowhere", "title": "kept"}, "community", "called “nowhere”"),
    ("/submit", {"community": "", "title": "kept"}, "community", "Choose a community"),
    ("/post/{post}/edit", {"title": "", "body": "kept"}, "title", "at least 3"),
    ("/post/{post}/comment", {"body": "  ", "parent": ""}, "body", "write something"),
    ("/post/{post}/comment", {"body": LONG, "parent": "{comment}"}, "body", "at most"),
    ("/comment/{comment}/edit", {"body": ""}, "body", "write something"),
    ("/communities/new", {"name": "x", "body": "kept"}, "name", "at least 3"),
    ("/communities/new", {"name": "cats", "body": "kept"}, "name", "taken"),
    ("/communities/new", {"name": "admin", "body": "kept"}, "name", "reserved"),
    ("/communities/new", {"name": "fine", "display_name": "kept" * 30}, "display_name", "at most"),
    ("/settings", {"display_name": "\u3164", "body": "kept"}, "display_name", "invisible"),
    ("/register", {"name": "kept", "password": "short", "email": "a@b.org"}, "password", "least"),
    ("/register", {"name": "bob", "password": GOOD_PASSWORD, "email": ""}, "name", "taken"),
    ("/register", {"name": "kept", "password": GOOD_PASSWORD, "email": "no"}, "email", "a valid e"),
    ("/login", {"name": "kept", "password": "wrong", "next": "/c/cats"}, "", "Wrong name"),
    ("/search", {"q": ""}, "q", "Enter a handle"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "fields", "field", "message"), ERRORS)
async def test_an_error_stands_beside_its_field_and_nothing_typed_is_lost(
    world: World, path: str, fields: dict[str, str], field: str, message: str
) -> None:
    post = await world.post()
    comment = await world.comment(post)
    numbers = {"post": post.id, "comment": comment.id}
    typed = {name: value.format(**numbers) for name, value in fields.items()}

    page = await world.browser("bob").post(path.format(**numbers), **typed)

    assert page.status in {403, 404, 409, 422}
    assert message in page.text
    if field:
        assert f'<p class="error" id="e-{field}">' in page.html
    for name, value in typed.items():
        if name not in {"password", "community", "parent"}:
            shown = value.replace("\n", " ").strip()
            assert not shown or shown in page.text or f'value="{value}"' in page.html, name
    assert GOOD_PASSWORD not in page.html


@pytest.mark.parametrize(
    ("path", "fields", "field", "message"),
    [
        ("/c/cats/edit", {"display_name": "x" * 99, "body": "kept"}, "display_name", "at most"),
        ("/c/cats/edit/moderators", {"person": "nobody"}, "person", "There is no member called"),
        ("/c/cats/edit/moderators", {"person": "!cats@forum.example"}, "person", "not a person"),
        ("/post/{post}/remove", {"reason": "kept" * 200}, "reason", "at most 500"),
        ("/admin", {"site_name": "", "body": "kept"}, "site_name", "needs a name"),
        ("/admin/registration", {"question": "kept", "registration": "x"}, "", "must be closed,"),
        ("/admin/blocks", {"host": "not a host", "reason": "kept"}, "host", "not a valid"),
        ("/admin/blocks", {"host": "forum.example", "reason": "kept"}, "host", "block this"),
    ],
)  # fmt: skip
async def test_forms_of_moderators_and_admins_keep_the_typed_text_too(
    world: World, path: str, fields: dict[str, str], field: str, message: str
) -> None:
    post = await world.post()
    world.instance.known["!cats@forum.example"] = world.community

    page = await world.browser("ann").post(path.format(post=post.id), **fields)

    assert page.status in {404, 422}
    assert message in page.text
    if field:
        assert f'<p class="error" id="e-{field}">' in page.html
    for value in (fields[name] for name in fields if name != "registration"):
        assert value in page.text or f'value="{value}"' in page.html


async def test_the_admin_changes_the_site_and_blocks_a_server(world: World) -> None:
    ann = world.browser("ann")
    await ann.post("/admin", site_name="The Room", body="*Quiet*")
    await ann.post("/admin/registration", registration="closed")
    page = await world.browser().get("/")
    assert "The Room" in page.text
    assert "<em>Quiet</em>" in page.html
    assert "accepting new members" in (await world.browser().get("/register")).text

    await ann.post("/admin/blocks", host="Spam.example", reason="only ads")
    page = await ann.get("/admin/instances")
    assert "spam.example" in page.text
    assert "only ads" in page.text
    await ann.post("/admin/blocks/remove", host="spam.example")
    assert "only ads" not in (await ann.get("/admin/instances")).text


async def test_a_newcomer_signs_up_logs_out_and_logs_in_again(world: World) -> None:
    guest = world.browser()
    sent = await guest.post(
        "/register", name="Zoe", password=GOOD_PASSWORD, email="", next="/c/cats"
    )
    assert (sent.status, sent.location) == (303, "/c/cats")
    cookie = cookie_of(sent, "__Host-session")["__Host-session"]
    assert cookie["max-age"] == str(180 * 24 * 3600)
    assert (cookie["path"], cookie["samesite"]) == ("/", "lax")
    assert cookie["secure"]
    assert cookie["httponly"]
    page = await guest.get("/c/cats")
    assert "Welcome!" in page.text
    assert "zoe" in page.text
    assert "Welcome!" not in (await guest.get("/c/cats")).text

    first = guest.token
    await guest.post("/logout")
    assert guest.token is None
    stale = world.browser()
    stale.client.cookies.set(stale.cookie, first or "")
    assert "Log in" in (await stale.get("/c/cats")).text

    sent = await guest.post("/login", name="zoe", password=GOOD_PASSWORD, next="/submit")
    assert sent.location == "/submit"
    assert guest.token not in {None, first}


async def test_an_applicant_waits_until_an_admin_approves(world: World) -> None:
    await world.instance.unit(lambda ctx: edit_site(ctx, registration="approval"))
    for name in ("zoe", "max"):
        guest = world.browser()
        typed = {"name": name, "password": GOOD_PASSWORD, "application": f"I am {name}"}
        sent = await guest.post("/register", **typed)
        assert guest.token is None
        assert "An admin will review it" in (await guest.get(sent.location)).text
    page = await world.browser().post("/register", name="pam", password=GOOD_PASSWORD)
    assert "why you want to join" in page.text

    ann = world.browser("ann")
    page = await ann.get("/admin/registration")
    assert "I am zoe" in page.text
    numbers = [part.partition('"')[0] for part in page.html.split('name="person" value="')[1:]]
    refused = await world.browser().post("/login", name="zoe", password=GOOD_PASSWORD)
    assert "still waiting for approval" in refused.text
    await ann.post("/admin/applications", person=numbers[0], decision="approve")
    await ann.post("/admin/applications", person=numbers[1], decision="deny")

    page = await ann.get("/admin/registration")
    assert "No applications waiting." in page.text
    assert "I am zoe" not in page.text
    assert "I am max" in page.text.partition("Denied")[2]
    assert (await world.browser().post("/login", name="zoe", password=GOOD_PASSWORD)).status == 303
    assert (await world.browser().post("/login", name="max", password=GOOD_PASSWORD)).status == 403


async def test_nobody_signs_up_while_it_is_closed(world: World) -> None:
    await world.instance.unit(lambda ctx: edit_site(ctx, registration="closed"))

    page = await world.browser().post("/register", name="zoe", password=GOOD_PASSWORD)

    assert page.status == 403
    assert "accepting new members" in page.text


async def test_guessing_passwords_is_limited(world: World) -> None:
    guest = world.browser()
    for _ in range(20):
        assert (await guest.post("/login", name="bob", password="wrong")).status == 403
    page = await guest.post("/login", name="bob", password="wrong")

    assert (page.status, page.headers["retry-after"]) == (429, "3600")
    assert "Try again in 1 hour, or reset your password" in page.text
    assert 'value="bob"' in page.html


@pytest.mark.parametrize(
    "path",
    [
        *("//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", ""),
        *("/\t/evil.example", "/\n/evil.example", "evil", "/a\\b", "/" + "a" * 3000),
    ],
)
async def test_no_redirect_leads_to_another_site(world: World, path: str) -> None:
    assert safe_path(path) == "/"
    guest = world.browser()
    sent = await guest.post("/register", name="zoe", password=GOOD_PASSWORD, next=path)
    assert sent.location == "/welcome"
    vote = await world.browser("bob").post(
        f"/post/{(await world.post()).id}/vote", score="1", back=path
    )
    assert vote.location.startswith("/post/")


async def test_a_guest_comes_back_to_where_the_log_in_was_needed(world: World) -> None:
    sent = await world.browser().get("/submit?community=cats&title=A%26B")

    assert sent.location == "/login?next=/submit%3Fcommunity%3Dcats%26title%3DA%2526B"
    page = await world.browser().get(sent.location)
    assert 'name="next" value="/submit?community=cats&amp;title=A%26B"' in page.html


async def test_a_notice_nobody_wrote_is_not_shown(world: World) -> None:
    guest = world.browser()
    guest.client.cookies.set("notice", "<b>You won</b>")

    assert "You won" not in (await guest.get("/")).text


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/post/{post}/report", "reason"),
        ("/post/{post}/edit", "body"),
        ("/post/{post}/remove", "reason"),
        ("/c/cats/edit", "summary"),
        ("/messages/nobody", "body"),
    ],
)
async def test_the_typed_text_is_on_error_pages_too(world: World, path: str, field: str) -> None:
    post = await world.post(by="mia")
    await world.perform(RemoveContent(by=world.people["ann"], target=post, reason="spam"))

    page = await world.browser("eve").post(
        path.format(post=post.id), **{field: "Twenty minutes of <work>", "password": "hunter2"}
    )

    assert page.status in {403, 404}
    assert "Twenty minutes of <work>" in page.text
    assert "hunter2" not in page.text


async def test_the_text_of_a_reply_to_a_closed_community_is_not_lost(world: World) -> None:
    post = await world.post()
    close = CloseCommunity(by=world.people["ann"], community=world.community, reason="")
    await world.perform(close)

    page = await world.browser("bob").post(f"/post/{post.id}/comment", body="Half an hour of work")

    assert (page.status, "Half an hour of work" in page.text) == (410, True)


async def test_content_of_a_cross_site_form_is_not_shown(world: World) -> None:
    page = await world.browser("eve").post(
        "/messages/bob", headers={"Sec-Fetch-Site": "cross-site"}, body="Call this number"
    )

    assert page.status == 403
    assert "Call this number" not in page.text


async def test_the_typed_text_is_kept_when_the_session_has_expired(world: World) -> None:
    page = await world.browser().post("/messages/bob", body="Twenty minutes of work")

    assert page.status == 401
    assert "Twenty minutes of work" in page.text
    assert 'href="/login?next=' in page.html


def once_of(page: Page) -> str:
    """The value that identifies repeats of the page's form."""
    found = re.search(r'name="once" value="([^"]+)"', page.html)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("shown", "path", "fields"),
    [
        ("/c/cats/submit", "/submit", {"community": "cats", "title": "Double", "body": "Trouble"}),
        ("/post/1", "/post/1/comment", {"body": "Trouble"}),
        ("/messages/eve", "/messages/eve", {"body": "Trouble"}),
        ("/communities/new", "/communities/new", {"name": "double"}),
        ("/post/1/report", "/post/1/report", {"reason": "Trouble"}),
    ],
)
async def test_a_form_sent_twice_creates_one_result_and_leads_to_it_both_times(
    world: World, shown: str, path: str, fields: dict[str, str]
) -> None:
    assert (await world.post(by="eve")).id == 1
    bob = world.browser("bob")
    once = once_of(await bob.get(shown))

    first, second = [await bob.post(path, once=once, **fields) for _ in range(2)]

    assert (first.status, second.status) == (303, 303)
    assert first.location == second.location
    if path not in {"/communities/new", "/post/1/report"}:
        changed = await bob.post(path, once=once, **{**fields, "body": "Other words"})
        assert changed.location not in {first.location, ""}
