"""Reading threads: new comments, posts with the same link, and responses to the script."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import delete, event, insert, update
from sqlalchemy.engine import Engine

from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity
from fedcom.actions.lock import Lock
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.actions.remove import RemoveContent
from fedcom.context import Context
from fedcom.media.pictures import StoredPicture
from fedcom.media.records import put_media
from fedcom.models.comment import Comment
from fedcom.models.media import link_preview
from fedcom.models.personal import actor_block, host_block
from fedcom.models.post import Post
from fedcom.models.site import site
from fedcom.rules.limits import MAX_DEPTH
from fedcom.web.html.render import SCRIPTS, STYLE
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import KEY, World
from tests.support.clock import SettableClock

pytestmark = pytest.mark.anyio

APPEARANCE = {"theme": "auto", "interface_language": "", "front_scope": "all", "front_sort": "new"}
IMMEDIATE = {"Accept": "application/json"}


@contextmanager
def counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    yield statements
    event.remove(Engine, "before_cursor_execute", note)


async def long_thread(world: World, size: int) -> Post:
    """A post with `size` comments, each third one a reply to the one before it."""
    post = await world.post(url="https://news.example/a")

    def write(ctx: Context) -> None:
        parent: Comment | None = None
        for number in range(size):
            long_body = Body.of_markdown(f"Comment {number}: " + "cats sleep all day long. " * 8)
            by = world.people["eve" if number % 2 else "bob"]
            made = perform(ctx, CreateComment(by=by, post=post, parent=parent, body=long_body))
            parent = made if number % 3 else None

    await world.instance.unit(write)
    return post


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_comments_written_since_the_last_visit_are_marked_until_the_visit_ends(
    world: World, clock: SettableClock
) -> None:
    post = await world.post()
    await world.comment(post, "Old words", by="eve")
    browser = world.browser("bob")
    first = await browser.get(f"/post/{post.id}")
    assert "since your last visit" not in first.text

    clock.advance(hours=2)
    await world.comment(post, "Mine", by="bob")
    made = await world.comment(post, "Fresh words", by="eve")

    for _ in range(2):  # reloading, or coming back from a vote, does not make them old
        page = await browser.get(f"/post/{post.id}")
        assert "1 comment is new since your last visit." in page.text
        assert f'<li id="comment-{made.id}" class="new">' in page.html
        clock.advance(minutes=20)
    clock.advance(hours=1)
    assert "since your last visit" not in (await browser.get(f"/post/{post.id}")).text


async def test_new_comments_lead_to_each_other_in_the_order_of_the_page(
    world: World, clock: SettableClock
) -> None:
    post = await world.post()
    old = await world.comment(post, "Old words", by="eve")
    await world.browser("bob").get(f"/post/{post.id}")
    clock.advance(hours=2)
    below = await world.comment(post, "Below", by="eve", parent=old)
    top = await world.comment(post, "On top", by="eve")
    await world.comment(post, "Mine", by="bob")

    page = await world.browser("bob").get(f"/post/{post.id}?sort=new")
    assert f'<a class="first-new" href="#comment-{top.id}">' in page.html
    assert f'<a class="label fresh" href="#comment-{below.id}"' in page.html
    assert page.html.count('class="label fresh"') == 2

    page = await world.browser().get(f"/post/{post.id}?sort=old&since={below.id}")
    assert "2 new comments." in page.text
    assert f'href="#comment-{top.id}">Go to the first one' in page.html
    assert "since=" not in (await world.browser().get(f"/comment/{old.id}")).html


async def test_replies_are_collapsed_by_a_link(world: World) -> None:
    post = await world.post()
    first = await world.comment(post, "At the top")
    await world.comment(post, "Below", parent=first)
    page = await world.browser().get(f"/post/{post.id}?sort=old")
    assert page.html.count("<details open>") == 2
    assert 'href="?sort=old&amp;fold=replies#comments"' in page.html

    page = await world.browser().get(f"/post/{post.id}?sort=old&fold=replies")
    assert page.html.count("<details open>") == 1
    assert 'href="?sort=old#comments"' in page.html
    assert "Expand all" in page.text
    assert "Collapse replies" not in (await world.browser().get(f"/comment/{first.id}")).text


async def test_a_flat_list_is_by_time_and_names_what_is_replied_to(
    world: World, clock: SettableClock
) -> None:
    post = await world.post()
    first = await world.comment(post, "One", by="bob")
    clock.advance(minutes=1)
    await world.comment(post, "Two", by="eve")
    clock.advance(minutes=1)
    third = await world.comment(post, "Three", by="mia", parent=first)
    eve = world.browser("eve")

    def order(html: str) -> list[int]:
        return [html.index(f"<p>{word}</p>") for word in ("One", "Two", "Three")]

    page = await eve.get(f"/post/{post.id}?view=flat")
    assert order(page.html) == sorted(order(page.html))
    above = f'<a class="answered" href="#comment-{first.id}">in reply to <bdi>@bob</bdi>'
    assert above in page.html
    assert page.html.count('class="answered"') == 1
    assert 'href="?view=tree#comments"' in page.html
    assert 'class="up"' not in page.html
    newest = await eve.get(f"/post/{post.id}?view=flat&sort=new")
    assert order(newest.html) == sorted(order(newest.html), reverse=True)
    # Nested with "hot", and always on the page of one comment.
    assert 'class="answered"' not in (await eve.get(f"/post/{post.id}?sort=hot")).html
    assert 'class="up"' in (await eve.get(f"/comment/{third.id}?view=flat")).html
    assert (await eve.get(f"/post/{post.id}?view=flat&after=x")).status == 422

    await eve.post("/settings/appearance", **APPEARANCE, flat_threads="on")
    assert 'class="answered"' in (await eve.get(f"/post/{post.id}")).html
    assert 'class="answered"' not in (await eve.get(f"/post/{post.id}?view=tree")).html
    assert 'id="keys"' not in (await eve.get(f"/post/{post.id}")).html
    await eve.post("/settings/appearance", **APPEARANCE, keyboard_shortcuts="on")
    assert 'id="keys"' in (await eve.get(f"/post/{post.id}")).html


async def test_an_open_page_asks_for_new_comments_and_gets_a_number(world: World) -> None:
    post = await world.post()
    first = await world.comment(post, "One", by="bob")
    eve, here = world.browser("eve"), f"/post/{post.id}"
    address = f"{here}/news?since={first.id}"
    assert f'data-news="{address}"' in (await eve.get(here)).html
    none = await eve.get(address)
    assert json.loads(none.html) == {"count": 0, "text": "Show 0 new comments"}
    await world.comment(post, "Secret words", by="bob")
    await world.comment(post, "By herself", by="eve")
    told = await eve.get(address, if_none_match=none.headers["etag"])
    assert (told.status, json.loads(told.html)) == (200, {"count": 1, "text": "Show 1 new comment"})
    assert told.headers["cache-control"] == "private, no-cache"
    same = await eve.get(address, if_none_match=told.headers["etag"])
    assert (same.status, same.html) == (304, "")
    guest = await world.browser().get(address)
    assert (json.loads(guest.html)["count"], guest.headers["cache-control"]) == (
        2,
        "public, no-cache",
    )
    await world.instance.unit(lambda ctx: ctx.conn.execute(update(site).values(private=True)))
    assert (await world.browser().get(address)).status == 303


async def test_nothing_is_new_to_guests(world: World) -> None:
    post = await world.post()
    await world.comment(post)
    for _ in range(2):
        assert 'class="new"' not in (await world.browser().get(f"/post/{post.id}")).html


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_a_post_names_the_others_with_the_same_link(world: World) -> None:
    link = "https://news.example/a"

    def elsewhere(ctx: Context) -> list[Post]:
        dogs = perform(ctx, CreateCommunity(by=world.people["ann"], name="dogs", key=KEY))
        by = world.people["bob"]
        return [
            perform(ctx, CreatePost(by=by, community=dogs, title=title, url=link))
            for title in ("Dogs think so too", "Removed words")
        ]

    post = await world.post(url=link)
    _, removed = await world.instance.unit(elsewhere)
    await world.perform(RemoveContent(by=world.people["ann"], target=removed))
    page = await world.browser().get(f"/post/{post.id}")
    assert "Also posted in" in page.text
    assert "Dogs think so too" in page.text
    assert "Removed words" not in page.text


async def test_a_post_with_a_link_of_its_own_names_no_others(world: World) -> None:
    await world.post()
    post = await world.post(url="https://news.example/b")
    assert "Also posted in" not in (await world.browser().get(f"/post/{post.id}")).text


async def test_the_script_gets_the_result_of_a_vote(world: World) -> None:
    post = await world.post()
    browser = world.browser("eve")
    answer = await browser.post(f"/post/{post.id}/vote", IMMEDIATE, score="1")
    assert (answer.status, json.loads(answer.html)) == (200, {"vote": 1, "score": 2})
    answer = await browser.post(f"/post/{post.id}/vote", IMMEDIATE, score="0")
    assert json.loads(answer.html) == {"vote": 0, "score": 1}


async def test_the_script_is_given_the_comment_it_sent(world: World) -> None:
    post = await world.post()
    parent = await world.comment(post, by="eve")
    answer = await world.browser("bob").post(
        f"/post/{post.id}/comment", IMMEDIATE, body="*Really*?", parent=str(parent.id)
    )
    response = json.loads(answer.html)
    assert answer.status == 201
    assert response["html"].strip().startswith(f'<li id="comment-{response["id"]}"')
    assert "<em>Really</em>?" in response["html"]
    assert "Sure" not in response["html"]


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"body": " "}, 422, "write something"),
        ({"body": "x", "form_token": "old"}, 403, "earlier session"),
    ],
)
async def test_the_script_gets_an_error_message(
    world: World, fields: dict[str, str], status: int, sentence: str
) -> None:
    post = await world.post()
    answer = await world.browser("bob").post(
        f"/post/{post.id}/comment", IMMEDIATE, parent="", **fields
    )
    assert answer.status == status
    assert sentence in json.loads(answer.html)["detail"].lower()


async def test_comments_of_blocked_people_are_collapsed(world: World) -> None:
    post = await world.post()
    await world.comment(post, "Blocked words", by="eve")

    def block(ctx: Context) -> None:
        pair = {"person_id": world.people["bob"].id, "blocked_id": world.people["eve"].id}
        ctx.conn.execute(insert(actor_block).values(**pair, blocked_at=ctx.now))

    await world.instance.unit(block)
    mine = await world.browser("bob").get(f"/post/{post.id}")
    assert "From someone you blocked" in mine.text
    others = await world.browser("mia").get(f"/post/{post.id}")
    assert "From someone you blocked" not in others.text


async def test_comments_from_a_blocked_server_are_collapsed(world: World) -> None:
    post = await world.post()
    await world.comment(post, by="eve")

    def block(ctx: Context) -> None:
        host = world.people["eve"].host
        row = {"person_id": world.people["mia"].id, "host": host, "blocked_at": ctx.now}
        ctx.conn.execute(insert(host_block).values(**row))

    await world.instance.unit(block)
    assert "you blocked" in (await world.browser("mia").get(f"/post/{post.id}")).text


# Bob wrote half of it, and also sees how often his comments were boosted.
@pytest.mark.parametrize(("who", "most"), [("", 6), ("ann", 7), ("bob", 8)])
async def test_a_thread_of_200_comments_is_few_statements_and_60_kilobytes(
    world: World, who: str, most: int
) -> None:
    post = await long_thread(world, 200)
    browser = world.browser(who)
    await browser.get(f"/post/{post.id}")  # the visit is stored; the next one need not be
    with counted() as statements:
        page = await browser.get(f"/post/{post.id}")
    asked = [text for text in statements if text.lstrip().upper().startswith(("SELECT", "WITH"))]
    assert len(asked) <= most, asked
    assert page.html.count('<li id="comment-') == 200
    sizes = [len(gzip.compress(part)) for part in (page.html.encode(), STYLE, SCRIPTS["script.js"])]
    assert sum(sizes) <= 60_000, sizes
    assert sizes[-1] <= 15_000


async def branch(world: World, post: Post, levels: int) -> list[Comment]:
    """Comments, each a reply to the one before it."""
    made: list[Comment] = []
    for number in range(levels):
        parent = made[-1] if made else None
        made.append(await world.comment(post, f"Level {number + 1}", parent=parent))
    return made


async def test_a_comment_below_the_last_level_of_a_page_is_answered_on_its_own(
    world: World,
) -> None:
    post = await world.post()
    comments = await branch(world, post, 12)
    eve = world.browser("eve")
    on_page = await eve.get(f"/post/{post.id}?reply={comments[9].id}")
    assert 'id="reply"' in on_page.html
    assert "Level 11" not in on_page.text

    sent_on = await eve.get(f"/post/{post.id}?reply={comments[10].id}")
    form = await eve.get(sent_on.location.partition("#")[0])
    sent = await eve.post(f"/post/{post.id}/comment", parent=str(comments[10].id), body="Deep down")

    assert 'id="reply"' in form.html
    assert f'name="parent" value="{comments[10].id}"' in form.html
    assert sent.status == 303
    assert "Deep down" in (await eve.get(f"/comment/{comments[10].id}")).text


async def test_a_refused_reply_below_the_last_level_is_still_in_its_form(world: World) -> None:
    post = await world.post()
    comments = await branch(world, post, 12)
    eve = world.browser("eve")

    page = await eve.post(
        f"/post/{post.id}/comment", parent=str(comments[-1].id), body="x" * 10_001
    )

    assert page.status == 422
    assert "x" * 10_001 in page.html
    assert f'name="parent" value="{comments[-1].id}"' in page.html


async def test_the_deepest_comment_offers_no_reply_and_says_why(world: World) -> None:
    post = await world.post()
    deepest = (await branch(world, post, MAX_DEPTH))[-1]

    page = await world.browser("eve").get(f"/comment/{deepest.id}")

    assert f"reply={deepest.id}" not in page.html
    assert "can't go any deeper" in page.text


@pytest.mark.parametrize("what", ["post locked", "post removed", "parent removed", "parent locked"])
async def test_a_reply_that_came_too_late_is_still_in_its_form(world: World, what: str) -> None:
    post = await world.post()
    parent = await world.comment(post)
    ann, eve = world.people["ann"], world.browser("eve")
    if "locked" in what:
        target = post if what == "post locked" else parent
        await world.perform(Lock(by=ann, target=target, locked=True))
    else:
        target = post if what == "post removed" else parent
        await world.perform(RemoveContent(by=ann, target=target, reason="spam"))
    number = str(parent.id) if "parent" in what else ""

    page = await eve.post(f"/post/{post.id}/comment", parent=number, body="Twenty minutes of work")

    assert page.status == 403
    assert page.html.count("Twenty minutes of work</textarea>") == 1
    assert 'role="alert"' in page.html


async def test_pictures_have_their_sizes_and_what_is_wide_can_be_scrolled_to(world: World) -> None:
    def fetched(ctx: Context) -> None:
        for name, source, width in (("a", None, 300), ("b", "https://a.example/b.png", 640)):
            kept = StoredPicture(f"{name * 64}.webp", None, width, 200, 1)
            put_media(ctx, kept, "upload", source_url=source)

    await world.instance.unit(fetched)
    ours = f"https://forum.example/media/{'a' * 64}.webp"
    text = "![x]({})\n\n|a|\n|-:|\n|1|\n\n```\ncode\n```"
    post = await world.post(body=Body.of_markdown(text.format(ours)))
    await world.comment(post, text.format("https://a.example/b.png"))
    await world.comment(post, text.format("https://a.example/unknown.png"))
    with counted() as statements:
        page = await world.browser().get(f"/post/{post.id}")

    assert page.html.count('width="300" height="200">') == 1
    # A preview that fills its box may be of a larger picture.
    assert page.html.count('width="2048" height="640">') == 1
    assert len([one for one in statements if "media.width" in one]) == 2
    code = '<pre tabindex="0" role="group" aria-label="Code"><code>'
    table = '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>'
    assert (page.html.count(code), page.html.count(table)) == (3, 3)
    assert page.html.count("</table></div>") == 3
    assert page.html.count('<td align="right">1</td>') == 3


@pytest.mark.parametrize(
    ("url", "is_thread"),
    [
        ("https://pictures.example/a/Cat.JPG?x=1", True),
        ("https://news.example/cats", False),
        ("https://wiki.example/File:Cat.jpg", False),
    ],
)
async def test_the_title_of_a_picture_leads_to_its_thread(
    world: World, url: str, is_thread: bool
) -> None:
    post = await world.post("Cat", url=url)
    title = "A page about a picture" if "wiki" in url else ""
    values = {"post_id": post.id, "url": url, "state": "done", "title": title}
    await world.instance.unit(
        lambda ctx: (
            ctx.conn.execute(delete(link_preview)),
            ctx.conn.execute(insert(link_preview).values(due_at=ctx.now, **values)),
        )
    )

    front = (await world.browser().get("/")).html
    page = (await world.browser().get(f"/post/{post.id}")).html

    leaves = f'<a href="{url}" rel="nofollow noopener ugc">Cat</a> <span class="site" dir="ltr">('
    stays = f'<h2 dir="auto"><a href="/post/{post.id}">Cat</a></h2>'
    assert (leaves in front, stays in front) == (not is_thread, is_thread)
    assert (leaves in page, 'class="shown"' in page) == (not is_thread, is_thread)
