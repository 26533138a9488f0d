"""Writing a post: the picker, suggestions, duplicates, previews and drafts."""

import json
import re
from html import unescape

import pytest

from fedcom.accounts.members import set_password
from fedcom.accounts.passwords import hash_password
from fedcom.personal.drafts import MAX_CHARACTERS
from fedcom.text.page_head import LinkMetadata
from fedcom.wire.body import Body
from tests.fedcom.web.browser import Page
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio

LINK = "https://news.example/a"
FIELDS = {"community": "cats", "title": "Cats sleep", "url": LINK, "body": "They *do*."}


def values(page: Page) -> dict[str, str]:
    """The values of the fields of a page."""
    found = re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page.html)
    areas = re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n([^<]*)</textarea>', page.html)
    return {name: unescape(text) for name, text in [*found, *areas]}


async def test_a_title_is_suggested_and_the_rest_is_kept(world: World) -> None:
    world.instance.links[LINK] = LinkMetadata("text/html", "All about cats")
    page = await world.browser("bob").post("/submit", **FIELDS, suggest="1")

    assert page.status == 200
    assert values(page)["title"] == "All about cats"
    assert values(page)["body"] == "They *do*."


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "Enter a link first"),
        ("ftp://news.example", "must begin with https"),
        ("https://away.example/", "could not be read"),
        ("https://silent.example/", "has no title"),
    ],
)
async def test_without_a_title_the_reason_stands_beside_the_link(
    world: World, url: str, message: str
) -> None:
    world.instance.links["https://silent.example/"] = LinkMetadata("image/png")
    page = await world.browser("bob").post("/submit", **FIELDS | {"url": url}, suggest="1")

    assert page.status == 422
    assert message in page.text
    assert values(page)["title"] == "Cats sleep"


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_a_link_that_is_here_already_is_posted_only_when_asked_twice(world: World) -> None:
    first = await world.post("Known", url="https://www.news.example/a/?utm_source=x#top")
    await world.post("Another page", url="https://news.example/ab")
    bob = world.browser("bob")
    page = await bob.post("/submit", **FIELDS)

    assert page.status == 200
    assert "has been posted before" in page.text
    assert f'href="/post/{first.id}"' in page.html
    assert "Another page" not in page.text
    again = values(page)["again"]
    assert (
        await bob.post("/submit", **FIELDS | {"url": f"{LINK}/?a=1"}, again=again)
    ).status == 303
    assert (await bob.post("/submit", **FIELDS, again=again)).status == 303


async def test_a_new_link_is_posted_at_once(world: World) -> None:
    assert (await world.browser("bob").post("/submit", **FIELDS)).status == 303
    gone = await world.post("Gone", url="https://gone.example/")
    await world.browser("bob").post(f"/post/{gone.id}/delete")
    sent = await world.browser("bob").post("/submit", **FIELDS | {"url": "https://gone.example"})
    assert sent.status == 303


async def test_a_preview_shows_the_typed_text_and_sends_nothing(world: World) -> None:
    bob = world.browser("bob")
    page = await bob.post("/submit", **FIELDS | {"body": "They *do*, @eve."}, preview="1")

    assert "<em>do</em>" in page.html
    assert '/u/eve" class="mention"' in page.html
    assert values(page)["body"] == "They *do*, @eve."
    assert "Cats sleep" not in (await bob.get("/c/cats")).text
    page = await bob.post("/submit", body="x" * 50_001, preview="1")
    assert page.status == 422
    assert "at most 50000 characters" in page.text


async def test_a_draft_comes_back_until_it_is_sent(world: World) -> None:
    bob = world.browser("bob")
    sent = await bob.post("/submit", **FIELDS, nsfw="on", draft="1")
    assert sent.location == "/submit"
    page = await bob.get("/submit")
    assert values(page).items() >= FIELDS.items()
    assert "This is your draft" in page.text
    assert 'name="nsfw" checked' in page.html
    assert "Cats sleep" in (await bob.get("/drafts")).text
    assert "Cats sleep" not in (await world.browser("eve").get("/drafts")).text
    assert "title" not in {
        name
        for name, text in values(await bob.get("/submit?title=Else")).items()
        if text == "Cats sleep"
    }

    assert (await bob.post("/submit", **FIELDS)).status == 303
    assert "No drafts" in (await bob.get("/drafts")).text
    assert values(await bob.get("/submit"))["title"] == ""


async def test_a_draft_is_discarded(world: World) -> None:
    bob = world.browser("bob")
    await bob.post("/submit", **FIELDS, draft="1")
    assert (await bob.post("/drafts/remove", place="submit", back="/submit")).location == "/submit"
    assert "No drafts" in (await bob.get("/drafts")).text


async def test_a_post_that_could_not_be_sent_is_kept_as_a_draft(world: World) -> None:
    bob = world.browser("bob")
    page = await bob.post("/submit", **FIELDS | {"community": "nowhere"})
    assert page.status == 404
    assert values(page)["title"] == "Cats sleep"
    assert values(await bob.get("/submit"))["title"] == "Cats sleep"
    too_long = await bob.post("/submit", **FIELDS | {"body": "x" * (MAX_CHARACTERS + 1)})
    assert too_long.status == 422
    assert values(await bob.get("/submit"))["body"] == "They *do*."


async def test_an_expired_session_keeps_the_text(world: World) -> None:
    page = await world.browser().post("/submit", **FIELDS)
    assert page.status == 401
    assert "Your text is kept" in page.text
    taken = values(page)
    assert json.loads(taken["draft"])["title"] == "Cats sleep"
    assert taken["next"] == "/submit"
    assert taken["draft_place"] == "submit"

    page = await world.browser().post("/login", **taken | {"name": "bob", "password": "wrong"})
    assert values(page)["draft"] == taken["draft"]

    hashed = hash_password("correct horse battery")
    bob = world.people["bob"].id
    await world.instance.unit(lambda ctx: set_password(ctx.conn, bob, hashed))
    browser = world.browser()
    fields = taken | {"name": "bob", "password": "correct horse battery"}
    assert (await browser.post("/login", **fields)).location == "/submit"
    assert values(await browser.get("/submit"))["title"] == "Cats sleep"


async def test_a_cross_post_starts_with_the_original_text(world: World) -> None:
    body = Body.of_markdown("One\n\nTwo")
    post = await world.post("Cats sleep", url=LINK, body=body, by="eve")
    bob = world.browser("bob")
    assert f"/submit?from={post.id}" in (await bob.get(f"/post/{post.id}")).html

    shown = values(await bob.get(f"/submit?from={post.id}"))
    assert shown["title"] == "Cats sleep"
    assert shown["url"] == LINK
    assert shown["body"] == f"cross-posted from: {post.iri}\n\n> One\n>\n> Two"
    assert (await bob.post("/submit", **shown | {"community": "cats"})).status == 303
    await world.browser("eve").post(f"/post/{post.id}/delete")
    assert values(await bob.get(f"/submit?from={post.id}"))["title"] == ""


async def test_a_language_is_chosen_kept_and_checked(world: World) -> None:
    bob = world.browser("bob")
    sent = await bob.post("/submit", **FIELDS, language="de")
    page = await bob.get(f"{sent.location}/edit")
    assert '<option value="de" selected>Deutsch</option>' in page.html
    page = await bob.post(f"{sent.location}/edit", title="Cats", language="tlh")
    assert page.status == 422
    assert "language is not in the list" in page.text


async def test_edits_can_be_previewed(world: World) -> None:
    post = await world.post("Cats sleep")
    comment = await world.comment(post, "Sure")
    bob = world.browser("bob")
    for path in (f"/post/{post.id}", f"/comment/{comment.id}"):
        page = await bob.post(f"{path}/edit", title="Cats", body="Very *new*", preview="1")
        assert page.status == 200
        assert "<em>new</em>" in page.html
        assert "Very *new*</textarea>" in page.html
        assert "<em>new</em>" not in (await bob.get(path)).html


async def test_replies_have_previews_and_drafts_of_their_own(world: World) -> None:
    post = await world.post()
    comment = await world.comment(post)
    bob = world.browser("bob")
    to = f"/post/{post.id}/comment"
    page = await bob.post(to, parent=str(comment.id), body="So *what*", preview="1")
    assert "<em>what</em>" in page.html
    assert values(page)["body"] == "So *what*"

    sent = await bob.post(to, parent=str(comment.id), body="To a comment", draft="1")
    assert sent.location == f"/comment/{comment.id}?reply={comment.id}"
    assert (await bob.post(to, body="To the post", draft="1")).location == f"/post/{post.id}"
    assert values(await bob.get(f"/post/{post.id}"))["body"] == "To the post"
    for path in (sent.location, f"/post/{post.id}?reply={comment.id}"):
        assert values(await bob.get(path))["body"] == "To a comment"

    await bob.post(to, body="To the post")
    drafts = (await bob.get("/drafts")).text
    assert "To a comment" in drafts
    assert "To the post" not in drafts


async def test_a_reply_that_cannot_be_sent_is_kept(world: World) -> None:
    post = await world.post()
    bob = world.browser("bob")
    text = "word " * 2001
    assert (await bob.post(f"/post/{post.id}/comment", body=text)).status == 422
    assert values(await bob.get(f"/post/{post.id}"))["body"] == text
    page = await world.browser().post(f"/post/{post.id}/comment", body="Hello", parent="")
    assert page.status == 401
    assert values(page)["next"] == f"/post/{post.id}"


async def test_the_help_shows_each_example_and_its_result(world: World) -> None:
    page = await world.browser().get("/help/markdown")
    assert "::: spoiler Who did it" in page.text
    assert "<details><summary>Who did it</summary>" in page.html
    assert "<img" not in page.html
    assert "/help/markdown" in (await world.browser("bob").get("/submit")).html
