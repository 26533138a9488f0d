"""The public history of edited posts and comments."""

import pytest

from fedcom.actions.comment import EditComment
from fedcom.actions.post import EditPost
from fedcom.actions.remove import RemoveContent
from fedcom.models.post import Post
from fedcom.web.history import PAGE
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio


async def edit(world: World, about: Post, title: str, text: str, **more: str) -> None:
    world.instance.clock.advance(minutes=1)
    body = Body.of_markdown(text)
    await world.perform(
        EditPost(by=world.people["bob"], post=about, title=title, body=body, **more)
    )


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_a_post_shows_what_changed_word_by_word_newest_first(world: World) -> None:
    post = await world.post("Cats sleep", body=Body.of_markdown("They do so all day."))
    await edit(world, post, "Cats sleep", "They do so at <night>.", url="https://a.example/x")
    await edit(world, post, "Cats dream", "They do so at <night>.", url="https://a.example/x")

    assert f"/post/{post.id}/history" in (await world.browser().get(f"/post/{post.id}")).html
    page = await world.browser().get(f"/post/{post.id}/history")
    newest, middle, first = page.html.split('<li class="card version">')[1:]
    assert '<del><span class="sr">removed: </span>sleep</del>' in newest
    assert '<ins><span class="sr">added: </span>dream</ins>' in newest
    assert "at &lt;night&gt;." in newest
    assert "all day." in middle
    assert "added: </span>https://a.example/x</ins>" in middle
    assert "Written" in first
    assert "<ins>" not in first
    assert "They do so all day." in first


async def test_a_comment_shows_its_previous_text(world: World) -> None:
    comment = await world.comment(await world.post(), "I am *sure*")
    action = EditComment(
        by=world.people["bob"], comment=comment, body=Body.of_markdown("I am **sure**")
    )
    await world.perform(action)

    page = await world.browser().get(f"/comment/{comment.id}/history")
    assert page.text.count("I am sure") == 2
    assert "Only the formatting changed." in page.text


async def test_content_that_was_never_edited_is_shown_as_such(world: World) -> None:
    post = await world.post()
    page = await world.browser().get(f"/post/{post.id}/history")
    assert "Never edited." in page.text


async def test_deleted_or_removed_content_has_no_history(world: World) -> None:
    post, other = await world.post("A secret"), await world.post("Buy pills")
    await edit(world, post, "Something", "else")
    await edit(world, other, "Something", "else")
    await world.browser("bob").post(f"/post/{post.id}/delete")
    await world.perform(RemoveContent(by=world.people["ann"], target=other, reason="spam"))

    for who in ("", "eve"):
        for about, secret_text in ((post, "secret"), (other, "pills")):
            page = await world.browser(who).get(f"/post/{about.id}/history")
            assert page.status == 410
            assert secret_text not in page.html
    assert (await world.browser().get("/post/4711/history")).status == 404


async def test_previous_versions_have_their_content_warning_too(world: World) -> None:
    post = await world.post("Cats", content_warning="Blood", body=Body.of_markdown("They hunt."))
    await edit(world, post, "Cats", "They kill.", content_warning="Blood")

    page = await world.browser().get(f"/post/{post.id}/history")
    assert page.html.count('<details><summary dir="auto">Blood</summary>') == 2


async def test_a_long_history_goes_on_on_another_page(world: World) -> None:
    post = await world.post()
    for number in range(PAGE + 1):
        await edit(world, post, f"Title {number}", "Same")

    page = await world.browser().get(f"/post/{post.id}/history")
    assert page.html.count('<li class="card version">') == PAGE
    assert "Written" not in page.text
    page = await world.browser().get(f"/post/{post.id}/history?skip={PAGE}")
    assert page.html.count('<li class="card version">') == 2
    assert "Written" in page.text
    assert (await world.browser().get(f"/post/{post.id}/history?skip=99999")).status == 200
