"""Comments and posts from memory are what they would be without it, whatever changes."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Executable, delete, insert, update

from fedcom.context import Context
from fedcom.models.account import account
from fedcom.models.actor import actor, community
from fedcom.models.boost import boost
from fedcom.models.comment import comment
from fedcom.models.media import link_preview
from fedcom.models.moderation import moderator
from fedcom.models.personal import actor_block, hidden_post, saved_comment, saved_post
from fedcom.models.post import post
from fedcom.models.site import site
from fedcom.models.vote import comment_vote, post_vote
from fedcom.web.html.render import fragments
from tests.fedcom.web.conftest import World
from tests.fedcom.web.scene import VIEWERS, stage
from tests.support.clock import SettableClock

pytestmark = pytest.mark.anyio

SHOWN = ("/post/1", "/")

TOKENS = re.compile(r'(name="(?:form_token|once)" value=")[^"]*"')
"""What differs each time a page is rendered."""

Change = Callable[[World, Context], Executable]


def _person(name: str, **values: object) -> Change:
    return lambda world, _: update(actor).where(actor.c.id == world.people[name].id).values(values)


def _comment(number: int, **values: object) -> Change:
    return lambda *_: update(comment).where(comment.c.id == number).values(values)


def _post(number: int, **values: object) -> Change:
    return lambda *_: update(post).where(post.c.id == number).values(values)


def _at_once(of: Callable[[Context], Executable]) -> Change:
    return lambda _, ctx: of(ctx)


CHANGES: dict[str, Change] = {
    "an author's display name": _person("bob", title="Robert"),
    "an author's picture": _person("bob", icon_url="https://forum.example/media/a.webp"),
    "another picture": _person("bob", icon_url="https://forum.example/media/b.webp"),
    "the picture of a community": lambda world, _: (
        update(actor)
        .where(actor.c.id == world.community.id)
        .values(icon_url="https://far.example/cats.png")
    ),
    "a site that is older than its authors": _at_once(
        lambda ctx: update(site).values(created_at=ctx.now - timedelta(days=99))
    ),
    "an author who is a bot": _person("bob", kind="Service"),
    "the confirmed domain of a remote author": lambda *_: (
        update(actor).where(actor.c.name == "rita").values(domain="near.example")
    ),
    "the text of a comment": _comment(1, body_html="<p>Other words</p>"),
    "an edit": _at_once(
        lambda ctx: update(comment).where(comment.c.id == 1).values(updated_at=ctx.now)
    ),
    "a content warning": _comment(1, content_warning="Careful"),
    "the end of a content warning": _comment(1, content_warning=""),
    "the language of a comment": _comment(1, language="fr"),
    "an upvote": _comment(1, upvotes=7),
    "a downvote": _comment(1, downvotes=2),
    "an own vote": lambda world, _: (
        update(comment_vote)
        .where(comment_vote.c.voter_id == world.people["eve"].id)
        .values(score=-1)
    ),
    "the end of an own vote": lambda world, _: delete(comment_vote).where(
        comment_vote.c.voter_id == world.people["eve"].id
    ),
    "saving a comment": lambda world, ctx: insert(saved_comment).values(
        person_id=world.people["eve"].id, comment_id=2, saved_at=ctx.now
    ),
    "the end of saved comments": lambda *_: delete(saved_comment),
    "a removed comment": _at_once(
        lambda ctx: update(comment).where(comment.c.id == 1).values(removed_at=ctx.now)
    ),
    "a restored comment": _comment(1, removed_at=None),
    "a deleted comment": _at_once(
        lambda ctx: update(comment).where(comment.c.id == 1).values(deleted_at=ctx.now)
    ),
    "an undeleted comment": _comment(1, deleted_at=None),
    "a locked comment": _at_once(
        lambda ctx: update(comment).where(comment.c.id == 1).values(locked_at=ctx.now)
    ),
    "an unlocked comment": _comment(1, locked_at=None),
    "another boost": lambda *_: insert(boost).values(
        subject_iri="https://forum.example/comment/1", actor_iri="https://far.example/u/b"
    ),
    "the end of a block": lambda *_: delete(actor_block),
    "a block": lambda world, ctx: insert(actor_block).values(
        person_id=world.people["eve"].id, blocked_id=world.people["mia"].id, blocked_at=ctx.now
    ),
    "a locked post": _at_once(
        lambda ctx: update(post).where(post.c.id == 1).values(locked_at=ctx.now)
    ),
    "an unlocked post": _post(1, locked_at=None),
    "the title of a post": _post(1, title="Other <title>"),
    "the text of a post": _post(1, body_html="<p>Other words</p>"),
    "the warning of a post": _post(1, content_warning="Careful"),
    "the link of a post": _post(1, url="https://other.example/"),
    "the language of a post": _post(1, language="fr"),
    "the votes on a post": _post(1, upvotes=12, downvotes=4),
    "an own vote on a post": lambda world, _: (
        update(post_vote).where(post_vote.c.voter_id == world.people["bob"].id).values(score=-1)
    ),
    "the comments of a post": _post(1, comments=40),
    "a saved post": lambda world, ctx: insert(saved_post).values(
        person_id=world.people["mia"].id, post_id=1, saved_at=ctx.now
    ),
    "the end of hidden posts": lambda *_: delete(hidden_post),
    "a pinned post": _at_once(
        lambda ctx: update(post).where(post.c.id == 1).values(featured_at=ctx.now)
    ),
    "a sensitive post": _post(10, nsfw=True),
    "what a member wants to see": lambda *_: update(account).values(show_nsfw=True),
    "the picture of a link": lambda *_: update(link_preview).values(media_id=2),
    "the title of a community": lambda world, _: (
        update(actor).where(actor.c.id == world.community.id).values(title="Felines")
    ),
    "a community that is not sensitive": lambda *_: update(community).values(nsfw=False),
    "another author": lambda world, _: (
        update(post).where(post.c.id == 1).values(author_id=world.people["eve"].id)
    ),
    "a new moderator": lambda world, ctx: insert(moderator).values(
        community_id=world.community.id, person_id=world.people["eve"].id, appointed_at=ctx.now
    ),
    "the end of all moderators": lambda *_: delete(moderator),
    "a new admin": lambda world, _: (
        update(account).where(account.c.actor_id == world.people["eve"].id).values(role="admin")
    ),
    "a member's language": lambda *_: update(account).values(interface_language="de"),
    "a member's theme": lambda *_: update(account).values(theme="dark"),
    "the colours of the site": lambda *_: update(site).values(hue=120),
}


async def test_each_change_shows_at_once(world: World, clock: SettableClock) -> None:
    """And whatever is in memory then, pages read as if nothing were."""
    world.instance.keeps_pages = False
    await stage(world)
    await _pages(world)  # notes that the members have seen the thread
    before = await _pages(world)
    for what, change in CHANGES.items():

        def work(ctx: Context, change: Change = change) -> None:
            ctx.conn.execute(change(world, ctx))

        await world.instance.unit(work)
        before = await _check(world, what, before)
    for minutes in (1, 2, 60, 24 * 60):
        clock.advance(minutes=minutes)
        before = await _check(world, f"{minutes} minutes", before)


async def _check(world: World, what: str, before: list[str]) -> list[str]:
    found = await _pages(world)
    assert found != before, what
    fragments.clear()
    assert found == await _pages(world), what
    return found


async def _pages(world: World) -> list[str]:
    pages = []
    for name in VIEWERS[:4]:
        browser = world.browser(name)
        for path in SHOWN:
            page = await browser.get(path)
            assert page.status == 200
            pages.append(TOKENS.sub(r'\1"', page.html))
    return pages


async def test_a_second_reader_gets_comments_from_memory(world: World) -> None:
    """Except those that the reader wrote, voted on or saved."""
    await stage(world)
    fragments.clear()
    await world.browser("mia").get("/post/1")
    alone = len(fragments)
    assert alone > 20
    await world.browser("mia").get("/post/1?sort=old")
    assert len(fragments) == alone
    await world.browser("ann").get("/post/1")  # an admin sees the same buttons as a moderator
    assert len(fragments) < alone + 10
    await world.browser().get("/post/1")
    guests = len(fragments)
    assert guests > alone + 10
    await world.browser().get("/post/1?sort=new")
    assert len(fragments) == guests


async def test_a_comment_that_the_script_inserts_has_no_focus(world: World) -> None:
    made = await world.post()
    sent = await world.browser("eve").post(
        f"/post/{made.id}/comment", {"Accept": "application/json"}, body="Words"
    )
    answer = json.loads(sent.html)
    assert f'<li id="comment-{answer["id"]}">' in answer["html"]
    shown = await world.browser("eve").get(f"/comment/{answer['id']}")
    assert f'<li id="comment-{answer["id"]}" class="focus">' in shown.html
