"""The page of a person: profile, posts and comments, and its buttons."""

import re
from datetime import timedelta
from urllib.parse import urljoin

import pytest
from sqlalchemy import insert, update

from fedcom.actions.ban import Ban
from fedcom.models.actor import actor, community
from fedcom.models.comment import comment as comments
from fedcom.wire.body import Body
from tests.fedcom.web.browser import Page
from tests.fedcom.web.conftest import World
from tests.fedcom.web.test_post_lists import link_called, shown, statements

pytestmark = pytest.mark.anyio


def listed(page: Page) -> list[str]:
    """The posts and comments of a list, as the ids of their elements."""
    return re.findall(r'<li id="((?:post|comment)-\d+)"', page.html)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("who", ["", "eve", "bob"])
async def test_a_full_page_of_both_kinds_costs_at_most_six_statements(
    world: World, who: str
) -> None:
    post = await world.post()
    for number in range(15):
        world.instance.clock.advance(minutes=1)
        await world.post(f"Post number {number}")
        await world.comment(post, f"Comment number {number}")
    browser = world.browser(who)
    for path in ("/u/bob", "/u/bob?sort=top", "/u/bob?show=comments", "/u/mia"):
        with statements(world) as sent:
            page = await browser.get(path)
        assert page.status == 200
        assert len(sent) <= 6, (path, sent)


async def test_both_kinds_are_one_list_that_goes_on_to_the_end(world: World) -> None:
    made = []
    for number in range(13):
        world.instance.clock.advance(minutes=1)
        post = await world.post(f"Post number {number}")
        world.instance.clock.advance(minutes=1)
        comment = await world.comment(post, f"Comment number {number}")
        made += [f"post-{post.id}", f"comment-{comment.id}"]
    browser = world.browser()
    first = await browser.get("/u/bob")
    rest = await browser.get("/u/bob" + link_called(first, "Older"))

    assert listed(first) + listed(rest) == made[::-1]
    assert len(listed(first)) == 20
    assert "Older" not in rest.text
    assert "13 posts · 13 comments" in first.text


@pytest.mark.parametrize(("show", "count"), [("", 42), ("posts", 21), ("comments", 21)])
async def test_each_list_has_both_orders(world: World, show: str, count: int) -> None:
    posts = [await world.post(f"Post number {number}") for number in range(21)]
    comments = [await world.comment(posts[0], str(number)) for number in range(21)]
    eve = world.browser("eve")
    await eve.post(f"/post/{posts[3].id}/vote", score="1")
    await eve.post(f"/comment/{comments[5].id}/vote", score="1")
    path = f"/u/bob?show={show}"
    for order in ("New", "Top"):
        page = await eve.get(urljoin(path, link_called(await eve.get(path), order)))
        assert f'aria-current="page">{order}<' in page.html
        lines = listed(page)
        if order == "Top":
            best = {"posts": f"post-{posts[3].id}", "comments": f"comment-{comments[5].id}"}
            assert lines[0] in ([best[show]] if show else best.values())
        while "Older" in page.text:
            page = await eve.get(urljoin(path, link_called(page, "Older")))
            lines += listed(page)
        assert (len(lines), len(set(lines))) == (count, count)


async def test_content_in_a_closed_community_is_counted_but_not_shown(world: World) -> None:
    post = await world.post("About cats")
    await world.comment(post, "My words")
    closed = update(community).values(removed_at=world.instance.clock())
    await world.instance.unit(lambda ctx: ctx.conn.execute(closed))
    for path in ("/u/bob", "/u/bob?show=posts", "/u/bob?show=comments"):
        page = await world.browser("eve").get(path)
        assert "About cats" not in page.html
        assert "My words" not in page.html
        assert "1 post · 1 comment" in page.text


async def test_comments_below_sensitive_posts_are_only_for_those_who_want_them(
    world: World,
) -> None:
    post = await world.post("Bare", nsfw=True)
    await world.comment(post, "Below it")
    for path in ("/u/bob", "/u/bob?show=comments"):
        assert "Below it" not in (await world.browser().get(path)).text
        assert "Below it" in (await world.browser("bob").get(path)).text


async def test_a_warned_comment_is_folded_below_its_warning(world: World) -> None:
    made = await world.comment(await world.post(), "The butler")
    warned = update(comments).where(comments.c.id == made.id).values(content_warning="Spoilers")
    await world.instance.unit(lambda ctx: ctx.conn.execute(warned))

    html = (await world.browser().get("/u/bob?show=comments")).html
    assert re.search("<details><summary[^>]*>Spoilers</summary>.*The butler", html)


async def test_communities_that_somebody_moderates_are_links(world: World) -> None:
    page = await world.browser().get("/u/mia")
    assert "Moderates: Cats" in page.text
    assert '<a class="where" href="/c/cats"' in page.html
    assert "Moderates" not in (await world.browser().get("/u/bob")).text
    gone = update(community).values(removed_at=world.instance.clock())
    await world.instance.unit(lambda ctx: ctx.conn.execute(gone))
    assert "Moderates" not in (await world.browser().get("/u/mia")).text


async def test_block_and_unblock_take_each_others_place(world: World) -> None:
    eve = world.browser("eve")
    assert 'formaction="/u/bob/block"' in (await eve.get("/u/bob")).html
    await eve.post("/u/bob/block", back="/u/bob")
    page = await eve.get("/u/bob")
    assert 'formaction="/u/bob/unblock"' in page.html
    assert 'formaction="/u/bob/block"' not in page.html
    assert "You have blocked this person" in page.text
    await eve.post("/u/bob/unblock", back="/u/bob")
    assert 'formaction="/u/bob/block"' in (await eve.get("/u/bob")).html
    for browser in (world.browser(), world.browser("bob")):
        assert "block" not in (await browser.get("/u/bob")).html


async def test_the_banned_are_marked_with_reason_and_end(world: World) -> None:
    ends = world.instance.clock() + timedelta(days=3)
    bob, ann = world.people["bob"], world.people["ann"]
    await world.perform(Ban(by=ann, person=bob, community=None, reason="Spam", expires_at=ends))

    page = await world.browser().get("/u/bob")
    assert "Banned from this server until Jan 4, 2026" in page.text
    assert "Reason: Spam" in page.text
    world.instance.clock.advance(days=4)
    assert "Banned" not in (await world.browser().get("/u/bob")).text


async def test_a_person_of_another_server_has_a_link_to_it(world: World) -> None:
    row = {
        "iri": "https://peer.example/u/kim",
        "kind": "Person",
        "local": False,
        "name": "kim",
        "host": "peer.example",
        "url": "https://peer.example/@kim",
        "inbox": "https://peer.example/inbox",
        "published_at": world.instance.clock(),
        "icon_url": "https://peer.example/i.png",
        "image_url": "https://peer.example/b.png",
        "summary_html": "<p>Hello from afar</p>",
    }
    await world.instance.unit(lambda ctx: ctx.conn.execute(insert(actor).values(row)))

    page = await world.browser("eve").get("/u/kim@peer.example")
    assert 'href="https://peer.example/@kim" rel="nofollow noopener ugc"' in page.html
    assert 'href="/messages/kim@peer.example"' in page.html
    assert "Hello from afar" in page.text
    assert page.html.count("/media/remote?") == 2
    assert "No posts or comments yet" in page.text
    assert "/ban" not in page.html
    page = await world.browser("ann").get("/u/kim@peer.example")
    assert 'href="/u/kim@peer.example/ban"' in page.html


@pytest.mark.parametrize("query", ["after=x", "answers=x", "answers=1_0", "show=comments&after=1"])
async def test_a_cursor_that_no_page_gave_is_refused(world: World, query: str) -> None:
    assert (await world.browser().get(f"/u/bob?{query}")).status == 422


async def test_compact_lists_are_compact_on_the_page_of_a_person_too(world: World) -> None:
    post = await world.post(body=Body.of_markdown("Long words"))
    page = await world.browser().get("/u/bob?view=compact")
    assert shown(page) == [post.id]
    assert "Long words" not in page.text
