"""What guests get from memory is what they would get without it, and never older than the database.

Here with all of the application; `http/test_page_cache.py` has the rules of keeping.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event, update

from fedcom.actions.ban import Ban
from fedcom.actions.close import CloseCommunity
from fedcom.actions.delete import Delete
from fedcom.actions.lock import Lock
from fedcom.actions.remove import RemoveContent
from fedcom.actions.vote import Vote
from fedcom.db import open_database
from fedcom.http.page_cache import SECONDS
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.models.site import site
from fedcom.site.pages import edit_page
from fedcom.wire.body import Body
from tests.fedcom.web.browser import PAGE_HEADERS, Page
from tests.fedcom.web.conftest import PlainInstance, World, make_app

pytestmark = pytest.mark.anyio

ACTIVITY = "application/activity+json"
BOTH = pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are run in the block: none for what comes from memory."""
    noted: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        noted.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
async def post(world: World) -> Post:
    made = await world.post("Cats sleep", url="https://a.example")
    await world.instance.unit(lambda ctx: edit_page(ctx, "legal", Body.of_markdown("Run by ann.")))
    first = await world.comment(made, "Sixteen hours")
    await world.comment(made, "Twenty", parent=first, by="eve")
    return made


PATHS = (
    *("/", "/?sort=new", "/?sort=top&range=day", "/?view=compact", "/?list=local", "/?page=x"),
    *("/communities", "/communities?sort=new&q=c", "/c/cats", "/c/cats?sort=top", "/u/bob"),
    *("/u/bob?show=comments", "/modlog", "/c/cats/modlog", "/help/markdown", "/help/limits"),
    *("/post/1", "/post/1?sort=new", "/post/1?view=flat", "/post/1/news?since=0"),
    *("/post/1?reply=1", "/post/1/history", "/comment/1"),
    *("/legal", "/rules", "/c/cats/rules", "/manifest.webmanifest", "/robots.txt"),
    "/oembed?url=https://forum.example/post/1",
    *("/comment/1/history", "/feeds/all.xml", "/feeds/local.atom", "/feeds/c/cats.xml"),
    *("/feeds/u/bob.atom", "/feeds/post/1.xml", "/feeds/modlog.xml", "/feeds/c/cats/modlog.atom"),
)
DOCUMENTS = (
    *("/", "/actor", "/u/bob", "/c/cats", "/c/cats/outbox", "/c/cats/outbox?page=1", "/post/1"),
    *("/c/cats/followers", "/c/cats/moderators", "/c/cats/featured", "/u/bob/outbox"),
    *("/comment/1", "/post/1/context", "/post/1/replies", "/comment/1/replies"),
    *("/activities/create/post-1", "/activities/announce/post-1", "/api/v3/site"),
)
ALL = [(path, PAGE_HEADERS["Accept"]) for path in PATHS] + [(path, ACTIVITY) for path in DOCUMENTS]


async def test_the_second_guest_gets_the_same_without_a_query(world: World, post: Post) -> None:
    guest = world.browser()
    for path, accept in ALL:
        first = await guest.get(path, Accept=accept)
        assert first.status == 200, (path, first.html)
        assert first.headers["cache-control"].startswith("public"), path
        with statements() as run:
            second = await guest.get(path, Accept=accept)
        assert (run, second.html) == ([], first.html), path
        assert _headers(second) == _headers(first), path
        known = await guest.get(path, Accept=accept, if_none_match=first.headers["etag"])
        assert (known.status, known.html) == (304, ""), path


async def test_each_request_is_logged_with_an_id_of_its_own(world: World, post: Post) -> None:
    pages = [await world.browser().get("/") for _ in range(3)]
    assert len({page.headers["x-request-id"] for page in pages}) == 3
    for page in pages:
        assert "default-src 'none'" in page.headers["content-security-policy"]


def _headers(page: Page) -> dict[str, str]:
    return {name: value for name, value in page.headers.items() if name != "x-request-id"}


ODD = (
    {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
    {"user-agent": "VoyagerApp/1.0"},
    {"origin": "https://evil.example", "referer": "https://evil.example/"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"},
    {"x-forwarded-host": "evil.example", "x-forwarded-proto": "http", "forwarded": "host=evil"},
    {"x-forwarded-for": "198.51.100.7", "x-real-ip": "198.51.100.7"},
    {"x-forwarded-prefix": "/evil", "x-original-url": "/evil", "x-rewrite-url": "/evil"},
    {"x-http-method-override": "DELETE", "x-requested-with": "XMLHttpRequest"},
    {"range": "bytes=0-5", "if-range": '"x"'},
    {"if-match": '"x"', "if-unmodified-since": "Mon, 01 Jan 2024 00:00:00 GMT"},
    {"date": "Mon, 01 Jan 2024 00:00:00 GMT", "digest": "SHA-256=x", "prefer": "return=minimal"},
    {"accept-charset": "latin1", "te": "trailers", "save-data": "on", "dnt": "1", "sec-gpc": "1"},
    {"content-type": "application/json", "content-length": "0"},
    {"cache-control": "no-cache", "pragma": "no-cache"},
)
"""Headers with which attackers fill other servers' caches, and those that clients send."""


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: next(iter(odd)))
async def test_no_other_header_shapes_what_is_kept(
    world: World, post: Post, odd: dict[str, str]
) -> None:
    """Else the key would have to have it: one guest would get what was made for another."""
    world.instance.keeps_pages = False
    guest = world.browser()
    for path, accept in ALL:
        plain = await guest.get(path, Accept=accept)
        other = await guest.get(path, Accept=accept, **odd)
        assert (other.status, other.html) == (200, plain.html), path
        assert _headers(other) == _headers(plain), path


async def test_a_host_that_somebody_invented_is_in_nobody_elses_page(
    world: World, post: Post
) -> None:
    await world.browser().get("/post/1", host="forum.example/evil")
    assert "evil" not in (await world.browser().get("/post/1")).html


async def test_each_language_and_each_kind_has_its_own(world: World, post: Post) -> None:
    guest = world.browser()
    for _ in range(2):
        english = await guest.get("/post/1", accept_language="en")
        german = await guest.get("/post/1", accept_language="de-AT, en;q=0.5")
        arabic = await guest.get("/post/1", accept_language="ar")
        feed = await guest.get("/feeds/modlog.xml", accept_language="de")
        page = await guest.get("/post/1", Accept="application/activity+json")
        note = await guest.get("/post/1", Accept=ACTIVITY, user_agent="Mastodon/4.5 (x)")
        unwanted = await guest.get("/post/1/context", Accept="image/png")
        assert 'lang="en"' in english.html
        assert 'lang="de"' in german.html
        assert 'dir="rtl"' in arabic.html
        assert "Moderation log" not in feed.html
        assert '"type":"Page"' in page.html
        assert '"type":"Note"' in note.html
        assert unwanted.status == 406


async def test_members_get_their_own_pages_and_leave_none_for_guests(
    world: World, post: Post
) -> None:
    guest, bob = world.browser(), world.browser("bob")
    for path in ("/", "/post/1", "/c/cats", "/u/bob"):
        for _ in range(2):
            mine, theirs = await bob.get(path), await guest.get(path)
            assert "form_token" in mine.html, path
            assert "form_token" not in theirs.html, path
            assert mine.headers["cache-control"] == "private, no-cache", path
            assert "etag" not in mine.headers, path


async def test_a_member_who_names_a_guests_tag_gets_their_page(world: World, post: Post) -> None:
    tag = (await world.browser().get("/post/1")).headers["etag"]
    page = await world.browser("bob").get("/post/1", if_none_match=tag)
    assert (page.status, "form_token" in page.html) == (200, True)


async def test_a_notice_is_shown_once_and_to_nobody_else(world: World, post: Post) -> None:
    guest, other = world.browser(), world.browser()
    guest.client.cookies.set("notice", "logged_out")
    await other.get("/")
    assert "You're logged out." in (await guest.get("/")).text
    guest.client.cookies.clear()
    for one in (guest, other):
        assert "You're logged out." not in (await one.get("/")).text


Change = Callable[[World, Post, Comment], Awaitable[object]]


async def _rename(world: World, _post: Post, _comment: Comment) -> None:
    await world.instance.unit(lambda ctx: ctx.conn.execute(update(site).values(name="New name")))


CHANGES: dict[str, Change] = {
    "comment": lambda world, post, _: world.comment(post, "Later"),
    "vote": lambda world, post, _: world.perform(
        Vote(by=world.people["eve"], target=post, score=-1)
    ),
    "delete": lambda world, _, comment: world.perform(
        Delete(by=world.people["bob"], target=comment)
    ),
    "remove": lambda world, post, _: world.perform(
        RemoveContent(by=world.people["mia"], target=post)
    ),
    "lock": lambda world, post, _: world.perform(
        Lock(by=world.people["mia"], target=post, locked=True)
    ),
    "close": lambda world, _post, _comment: world.perform(
        CloseCommunity(by=world.people["ann"], community=world.community)
    ),
    "settings": _rename,
}


@BOTH
@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_is_seen_by_the_next_guest(world: World, change: str) -> None:
    post = await world.post()
    comment = await world.comment(post)
    guest = world.browser()
    before = await guest.get(f"/post/{post.id}")
    assert (await guest.get(f"/post/{post.id}")).html == before.html

    await CHANGES[change](world, post, comment)

    after = await guest.get(f"/post/{post.id}")
    world.instance.keeps_pages = False
    assert after.html != before.html
    assert after.html == (await guest.get(f"/post/{post.id}")).html


_WRITER = """
import sys
from fedcom.db import open_database
from sqlalchemy import text
database = open_database(sys.argv[1])
with database.begin() as conn:
    conn.execute(text("UPDATE post SET title = 'Changed elsewhere'"))
database.close()
"""


@BOTH
async def test_what_another_process_writes_is_seen_at_once(world: World, database_url: str) -> None:
    await world.post("Here")
    guest = world.browser()
    assert "Here" in (await guest.get("/")).text

    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", _WRITER, database_url)
    assert await writer.wait() == 0

    assert "Changed elsewhere" in (await guest.get("/")).text


@BOTH
async def test_two_servers_of_one_database_see_each_others_changes(
    world: World, database_url: str
) -> None:
    """As two processes: each with connections and a memory of its own."""
    other = open_database(database_url)
    instance = PlainInstance(world.instance.settings, other, world.instance.clock)
    beside = World(instance, make_app(instance), world.people, world.tokens, world.community)
    here, there = world.browser(), beside.browser()
    try:
        post = await world.post("First")
        for browser in (here, there):
            assert "First" in (await browser.get("/")).text
        await world.post("Second")
        for browser in (there, here):
            assert "Second" in (await browser.get("/")).text
        await beside.perform(RemoveContent(by=world.people["mia"], target=post))
        for browser in (here, there):
            assert "First" not in (await browser.get("/")).text
            assert (await browser.get(f"/post/{post.id}")).status == 410
    finally:
        await instance.pictures.aclose()
        await other.aclose()


async def test_many_guests_while_somebody_writes_never_get_an_older_page(world: World) -> None:
    """Each page shows at least as many comments as there were when it was asked for."""
    post = await world.post()
    guest, written, seen = world.browser(), 0, []

    async def look() -> None:
        for _ in range(15):
            known = written
            page = await guest.get(f"/post/{post.id}")
            seen.append((known, page.html.count('id="comment-')))

    async def write() -> None:
        nonlocal written
        for number in range(10):
            await world.comment(post, f"Number {number}")
            written = number + 1

    await asyncio.gather(write(), *(look() for _ in range(4)))
    assert all(shown >= known for known, shown in seen)
    assert (await guest.get(f"/post/{post.id}")).html.count('id="comment-') == 10


async def test_ages_go_on(world: World, post: Post) -> None:
    guest, clock = world.browser(), world.instance.clock
    assert "just now" in (await guest.get("/")).text
    clock.advance(minutes=5)
    assert "5 minutes ago" in (await guest.get("/")).text
    clock.advance(seconds=SECONDS)
    with statements() as run:
        await guest.get("/")
    assert run == []


async def test_forms_are_made_for_each_guest(world: World) -> None:
    """They have values for one use: when the form was shown."""
    guest = world.browser()
    for path in ("/login", "/register", "/search?q=cats", "/forgot"):
        await guest.get(path)
        with statements() as run:
            page = await guest.get(path)
        assert run, path
        assert page.headers["cache-control"] == "private, no-cache", path


async def test_what_is_not_there_is_looked_for_again(world: World) -> None:
    guest = world.browser()
    for path in ("/post/1", "/u/nobody", "/c/nothing"):
        assert (await guest.get(path)).status == 404
    await world.post()
    assert (await guest.get("/post/1")).status == 200


async def test_a_ban_that_ends_is_not_shown_for_longer_than_a_moment(world: World) -> None:
    """Nothing is committed when it ends."""
    until, bob = world.instance.clock().replace(hour=13), world.people["bob"]
    await world.perform(
        Ban(by=world.people["ann"], person=bob, community=None, reason="spam", expires_at=until)
    )
    guest = world.browser()
    banned = (await guest.get("/u/bob")).html
    world.instance.clock.set(until.replace(minute=1))
    after = (await guest.get("/u/bob")).html
    world.instance.keeps_pages = False
    assert after == (await guest.get("/u/bob")).html
    assert after != banned
