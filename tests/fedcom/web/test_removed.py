"""Removed and deleted content is hidden at every address from those who may not see it."""

import re
from collections.abc import Iterable

import pytest
from sqlalchemy import select
from starlette.routing import Route

from activitypub.document import Document
from fedcom.actions.close import CloseCommunity
from fedcom.actions.comment import CreateComment, EditComment
from fedcom.actions.community import CreateCommunity
from fedcom.actions.delete import Delete
from fedcom.actions.follow import Follow
from fedcom.actions.lock import Lock
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost, EditPost
from fedcom.actions.remove import RemoveContent
from fedcom.actions.report import Report
from fedcom.actions.vote import Vote
from fedcom.context import Context
from fedcom.models.actor import Community
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.personal.saved import save
from fedcom.queries.comments import get_comment
from fedcom.queries.posts import get_post
from fedcom.remote.actors import person_at
from fedcom.wire.body import Body
from fedcom.wire.illustration import Illustration
from outbox.deliveries import activities
from tests.fedcom.web.browser import PAGE_HEADERS, Browser
from tests.fedcom.web.conftest import KEY, World
from tests.support import documents
from tests.support.people import received

pytestmark = pytest.mark.anyio

SECRET, ALSO = "quokkasecret", "wombatword"
"""In all hidden texts; the second one is what the search looks for, since its page repeats it."""

DOCUMENTS = {"Accept": "application/activity+json"}
OTHERS = ("/admin", "/setup", "/static", "/media", "/nodeinfo", "/livez", "/readyz")
"""The beginnings of addresses that show no members' content, or show it to admins."""

PEER = "https://peer.example/u/kim"
PICTURE = "https://pictures.example/quokkasecret.png"


def write_post(ctx: Context, world: World, title: str, place: Community | None = None) -> Post:
    """A post by bob with both secrets in every field, in earlier versions too."""
    bob = world.people["bob"]
    fields = {
        "url": f"https://links.example/{SECRET}/{title.replace(' ', '-')}",
        "body": Body.of_markdown(f"Text with {SECRET} and {ALSO} for @eve"),
        "content_warning": f"Warning of {SECRET} {ALSO}",
    }
    named = f"{title} {SECRET} {ALSO}"
    made = perform(
        ctx, CreatePost(by=bob, community=place or world.community, title=named, **fields)
    )
    return perform(ctx, EditPost(by=bob, post=made, title=f"{named} anew", **fields))


def write_picture(ctx: Context, world: World) -> Post:
    """A picture with the secret in its description."""
    image = Illustration(PICTURE, SECRET)
    action = CreatePost(
        by=world.people["bob"],
        community=world.community,
        title=f"Picture {SECRET}",
        url=PICTURE,
        image=image,
    )
    return perform(ctx, action)


def write_comment(ctx: Context, world: World, on: Post, parent: Comment | None) -> Comment:
    """A comment by bob, on one of eve's, who is notified of it; edited once."""
    bob = world.people["bob"]
    body = Body.of_markdown(f"Comment with {SECRET} and {ALSO} for @eve")
    made = perform(ctx, CreateComment(by=bob, post=on, parent=parent, body=body))
    edit = EditComment(
        by=bob,
        comment=made,
        body=Body.of_markdown(f"{body.source} anew"),
        language=None,
        content_warning=f"Warning of {SECRET}",
    )
    return perform(ctx, edit)


def hide_all(ctx: Context, world: World) -> dict[str, int]:
    """Posts and comments with the secrets, then removed, deleted, or in a closed community.

    eve saved, reported, voted on and commented on all of them before.
    """
    ann, bob, eve, mia = (world.people[name] for name in ("ann", "bob", "eve", "mia"))
    ctx.fetched.documents[PEER] = Document(documents.person(PEER))
    perform(ctx, Follow(by=person_at(ctx, PEER), target=world.community), received(PEER))
    closed = perform(
        ctx, CreateCommunity(by=bob, name="attic", key=KEY, title=f"The attic {SECRET}")
    )
    on = perform(ctx, CreatePost(by=eve, community=world.community, title="Cats in the open"))
    above = perform(
        ctx, CreateComment(by=eve, post=on, parent=None, body=Body.of_markdown("Above"))
    )
    posts = {name: write_post(ctx, world, name) for name in ("removed", "deleted")}
    posts["closed"] = write_post(ctx, world, "closed", closed)
    posts["picture"] = write_picture(ctx, world)
    comments = {name: write_comment(ctx, world, on, above) for name in ("removed", "deleted")}
    for post in posts.values():
        mine = Body.of_markdown("Mine")
        below = perform(ctx, CreateComment(by=eve, post=post, parent=None, body=mine))
        perform(ctx, RemoveContent(by=ann, target=below, reason="off topic"))
        perform(ctx, Lock(by=ann, target=post, locked=True))
    for target in (*posts.values(), *comments.values()):
        save(ctx, eve, target)
        perform(ctx, Vote(by=eve, target=target, score=1))
        perform(ctx, Report(by=eve, target=target, reason="Look at it."))
    for target in (get_post(ctx.conn, posts["removed"].id), comments["removed"], posts["picture"]):
        fresh = target if isinstance(target, Comment) else get_post(ctx.conn, target.id)
        perform(ctx, RemoveContent(by=mia, target=fresh, reason="spam"))
    perform(ctx, Delete(by=bob, target=get_post(ctx.conn, posts["deleted"].id)))
    perform(ctx, Delete(by=bob, target=get_comment(ctx.conn, comments["deleted"].id)))
    perform(ctx, CloseCommunity(by=ann, community=closed, reason="Closed."))
    return {name: post.id for name, post in posts.items()}


def addresses(world: World, numbers: Iterable[int], issued: Iterable[str]) -> list[str]:
    """Every address that a GET can request, with all values of its parameters."""
    fillings = {
        "number": [str(number) for number in numbers],
        "slug": ["cats", "attic", "bob"],
        "name": ["cats", "attic", "bob"],
    }
    found = list(issued)
    for route in world.app.routes:
        if not isinstance(route, Route) or "GET" not in (route.methods or ()):
            continue
        names = re.findall(r"\{(\w+)", route.path)
        if route.path.startswith(OTHERS) or route.path.endswith("/inbox"):
            continue
        if names and names[0] not in fillings:
            continue
        values = fillings[names[0]] if names else [""]
        found += [re.sub(r"\{[^}]+\}", value, route.path) for value in values]
    queries = [
        *(f"/search?q={ALSO}&type={kind}" for kind in ("", "posts", "comments", "communities")),
        "/search?q=attic&type=communities",
        *(f"/submit?from={number}" for number in numbers),
        "/saved?show=comments",
        *(f"/saved?show={kind}" for kind in ("hidden", "followed", "muted")),
        "/notifications?show=all",
        *(f"/modlog?person=bob&kind={kind}" for kind in ("remove", "lock", "remove_community")),
        "/.well-known/webfinger?resource=acct:attic@forum.example",
        "/u/bob?show=comments",
        *(f"/?list=all&sort={sort}" for sort in ("new", "active", "top", "hot")),
        "/communities?list=all",
    ]
    return [*found, *queries]


async def private_feeds(browser: Browser) -> list[str]:
    """The addresses of a member's own feeds."""
    html = (await browser.get("/settings/account")).html
    return re.findall(r'href="(/feeds/[^"]+token=[^"]+)"', html)


async def test_no_address_shows_hidden_content(world: World) -> None:
    await world.instance.unit(lambda ctx: hide_all(ctx, world))
    sent = await world.instance.read(lambda conn: conn.execute(select(activities)).all())
    assert any(SECRET.encode() in row.body for row in sent)
    issued = [row.activity_id.removeprefix("https://forum.example") for row in sent]
    paths = addresses(world, range(1, 6), issued)
    visitors = [("", PAGE_HEADERS), ("", DOCUMENTS), ("eve", PAGE_HEADERS)]
    found: list[tuple[str, str]] = []
    statuses = set()

    for who, headers in visitors:
        browser = world.browser(who)
        for path in paths + (await private_feeds(browser) if who else []):
            answer = await browser.client.get(path, headers=headers)
            statuses.add(answer.status_code)
            if SECRET in answer.text or SECRET in str(answer.headers):
                found.append((f"{who or 'guest'} {headers['Accept'][:20]}", path))

    assert found == []
    # The test requested existing, removed and nonexistent content.
    assert {200, 404, 410} <= statuses <= {200, 303, 308, 400, 403, 404, 406, 410, 422}
    assert len(paths) > 100


async def test_moderators_still_read_the_titles_in_the_log(world: World) -> None:
    await world.instance.unit(lambda ctx: hide_all(ctx, world))
    titles = {
        who: set(re.findall(rf"(\w+) {SECRET}", (await world.browser(who).get("/modlog")).text))
        for who in ("", "eve", "mia", "bob", "ann")
    }

    assert titles["mia"] == {"removed", "Picture"}
    # Authors can read their own content; only admins can read the name of a closed community.
    assert titles["bob"] == {"removed", "deleted", "closed", "Picture"}
    assert titles["ann"] == {"removed", "closed", "Picture", "attic"}
    assert titles[""] == titles["eve"] == set()


async def test_the_log_shows_the_author_in_place_of_the_title(world: World) -> None:
    await world.instance.unit(lambda ctx: hide_all(ctx, world))
    guest = world.browser()

    page = (await guest.get("/modlog?kind=remove")).text
    feed = (await guest.get("/feeds/modlog.xml")).text

    assert "removed a post by bob" in page
    assert "removed a comment by bob" in page
    assert (
        "<title>removed a post by bob@forum.example</title>"
        in (await guest.get("/feeds/modlog.xml")).html
    )
    assert "removed a comment by eve@forum.example" in feed
    assert "spam" in feed


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_removed_content_is_shown_to_its_author_and_moderators(world: World) -> None:
    def remove(ctx: Context) -> tuple[Post, Comment]:
        post = write_post(ctx, world, "removed")
        comment = write_comment(ctx, world, post, None)
        mia = world.people["mia"]
        perform(ctx, RemoveContent(by=mia, target=comment, reason="spam"))
        return perform(
            ctx, RemoveContent(by=mia, target=get_post(ctx.conn, post.id), reason="spam")
        ), comment

    post, comment = await world.instance.unit(remove)
    paths = (f"/post/{post.id}", f"/comment/{comment.id}")

    for who, reads in {"bob": True, "mia": True, "ann": True, "eve": False, "": False}.items():
        for path in paths:
            page = await world.browser(who).get(path)
            history = await world.browser(who).get(f"{path}/history")
            assert (f"with {SECRET}" in page.text) is reads, (who, path)
            assert (history.status, f"with {SECRET}" in history.text) == (
                (200, True) if reads else (410, False)
            )
            assert page.status == 410


async def test_deleted_content_is_shown_to_nobody(world: World) -> None:
    def delete(ctx: Context) -> tuple[Post, Comment]:
        post = write_post(ctx, world, "deleted")
        comment = write_comment(ctx, world, post, None)
        for target in (comment, get_post(ctx.conn, post.id)):
            removed = perform(
                ctx, RemoveContent(by=world.people["mia"], target=target, reason="spam")
            )
            perform(ctx, Delete(by=world.people["bob"], target=removed))
        return post, comment

    post, comment = await world.instance.unit(delete)

    for who in ("mia", "ann"):
        for path in (f"/post/{post.id}", f"/comment/{comment.id}", f"/post/{post.id}/history"):
            page = await world.browser(who).get(path)
            assert (page.status, SECRET in page.text) == (410, False)
