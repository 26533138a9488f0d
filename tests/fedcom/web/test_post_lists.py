"""Lists of posts as pages: their cost, links and visibility."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urljoin

import pytest
from sqlalchemy import Engine, event, insert, update

from fedcom.models.account import account
from fedcom.models.personal import post_visit
from fedcom.models.post import post as posts
from fedcom.personal.preferences import FRONT_SORTS
from fedcom.wire.body import Body
from tests.fedcom.web.browser import Page
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio


def shown(page: Page) -> list[int]:
    return [int(number) for number in re.findall(r'<li id="post-(\d+)"', page.html)]


def link_called(page: Page, text: str) -> str:
    """The target of the link with this text."""
    found = re.search(rf'href="([^"]*)"[^>]*>{text}', page.html)
    assert found is not None, text
    return found[1].replace("&amp;", "&")


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """The statements that are sent to the database in the block."""
    engines: tuple[Engine, ...] = (world.instance.database._reader, world.instance.database._writer)
    sent: list[str] = []

    def note(*arguments: object) -> None:
        sent.append(str(arguments[2]))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("who", ["", "bob"])
async def test_a_list_of_twenty_costs_at_most_six_statements(world: World, who: str) -> None:
    for number in range(22):
        await world.post(f"Post number {number}")
    browser = world.browser(who)
    for path in ("/", "/?list=local&sort=top", "/c/cats", "/u/bob", "/u/bob?show=posts"):
        with statements(world) as sent:
            page = await browser.get(path)
        assert len(shown(page)) == 20, path
        assert len(sent) <= 6, (path, sent)


@pytest.mark.parametrize("path", ["/", "/c/cats", "/u/bob?show=posts"])
async def test_every_order_and_span_is_a_link_and_goes_on_to_the_end(
    world: World, path: str
) -> None:
    made = {(await world.post(f"Post number {number}")).id for number in range(25)}
    browser = world.browser()
    for order in ("Active", "Hot", "New", "Top", "Controversial"):
        page = await browser.get(urljoin(path, link_called(await browser.get(path), order)))
        assert f'aria-current="page">{order}<' in page.html
        spans = ["Day", "All time"] if order in {"Top", "Controversial"} else [""]
        for span in spans:
            if span:
                page = await browser.get(urljoin(path, link_called(page, span)))
            rest = await browser.get(urljoin(path, link_called(page, "Older")))
            assert {*shown(page), *shown(rest)} == made, (order, span)
            assert len(shown(page) + shown(rest)) == 25


async def test_members_start_with_their_preferred_list(world: World) -> None:
    old = await world.post("An old one")
    world.instance.clock.advance(hours=1)
    new = await world.post("A new one")
    await world.comment(old)

    async def prefer(**values: object) -> Page:
        mine = account.c.actor_id == world.people["bob"].id
        await world.instance.unit(
            lambda ctx: ctx.conn.execute(update(account).where(mine).values(**values))
        )
        return await world.browser("bob").get("/")

    page = await prefer(front_scope="local", front_sort="new", compact_lists=False)
    assert shown(page) == [new.id, old.id]
    assert 'aria-current="page">Local<' in page.html
    assert "They do." in page.text
    page = await prefer(front_scope="all", front_sort="active", compact_lists=True)
    assert 'aria-current="page">All<' in page.html
    assert "They do." not in page.text
    assert "They do." in (await world.browser("bob").get("/?view=card")).text


async def test_guests_keep_their_view_from_link_to_link(world: World) -> None:
    await world.post()
    browser = world.browser()

    page = await browser.get("/" + link_called(await browser.get("/"), "Show compact list"))
    assert "They do." not in page.text
    page = await browser.get("/" + link_called(page, "New"))
    assert "They do." not in page.text
    page = await browser.get("/" + link_called(page, "Show cards"))
    assert "They do." in page.text


async def test_sensitive_posts_are_not_on_the_front_page_of_guests(world: World) -> None:
    await world.post("Plain")
    await world.post("Marked", nsfw=True, body=Body.of_markdown("Bare words"))

    for path in ("/", "/?list=local", "/u/bob"):
        assert "Marked" not in (await world.browser().get(path)).text
    page = await world.browser().get("/c/cats")
    assert "Marked" in page.text
    assert "Bare words" not in page.text
    assert "Marked" in (await world.browser("bob").get("/u/bob")).text
    assert "Marked" not in (await world.browser("eve").get("/")).text
    wants = update(account).where(account.c.actor_id == world.people["eve"].id)
    await world.instance.unit(lambda ctx: ctx.conn.execute(wants.values(show_nsfw=True)))
    assert "Marked" in (await world.browser("eve").get("/")).text


async def test_comments_since_the_last_visit_are_counted(world: World) -> None:
    post = await world.post()
    visit = {"person_id": world.people["eve"].id, "post_id": post.id, "comments": 1}
    for _ in range(3):
        await world.comment(post)
    await world.instance.unit(
        lambda ctx: ctx.conn.execute(insert(post_visit).values(visited_at=ctx.now, **visit))
    )

    read = await world.browser("eve").get("/")
    assert "(read) 3 3 comments 2 new" in read.text
    assert f'<li id="post-{post.id}" class="read">' in read.html
    other = await world.browser("bob").get("/")
    assert "2 new" not in other.text
    assert 'class="read"' not in other.html


async def test_lists_show_what_distinguishes_an_author(world: World) -> None:
    await world.post("By a member", by="bob")
    await world.post("By a moderator", by="mia")
    page = (await world.browser().get("/")).text
    assert "mia moderator" in page
    assert "bob moderator" not in page


async def test_pinned_posts_stand_first_in_their_community_only(world: World) -> None:
    pinned, later = await world.post("Rules"), await world.post("News")
    await world.instance.unit(
        lambda ctx: ctx.conn.execute(
            update(posts).where(posts.c.id == pinned.id).values(featured_at=ctx.now)
        )
    )

    assert shown(await world.browser().get("/c/cats?sort=new")) == [pinned.id, later.id]
    assert shown(await world.browser().get("/?sort=new")) == [later.id, pinned.id]


async def test_a_full_front_page_is_small_when_compressed(world: World) -> None:
    for number in range(20):
        await world.post(f"Post number {number}", body=Body.of_markdown("Words and more. " * 60))
    world.instance.clock.advance(days=1)

    plain = await world.browser("bob").client.get("/", headers={"Accept-Encoding": "identity"})
    small = await world.browser("bob").client.get("/", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    for answer in (plain, small):
        assert "Accept-Encoding" in answer.headers["vary"]
    assert int(small.headers["content-length"]) < 12 * 1024
    assert len(small.content) > 3 * int(small.headers["content-length"])


async def test_small_responses_are_not_compressed(world: World) -> None:
    client = world.browser().client
    answer = await client.get("/livez", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in answer.headers


async def test_activity_documents_are_compressed_too(world: World) -> None:
    headers = {"Accept": "application/activity+json", "Accept-Encoding": "gzip"}
    answer = await world.browser().client.get("/c/cats", headers=headers)

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["type"] == "Group"


async def test_communities_are_filtered_and_ordered_by_links_that_keep_both(world: World) -> None:
    browser = world.browser("bob")
    page = await browser.get("/communities?q=CAT&list=local")
    assert "!cats@forum.example" in page.text
    page = await browser.get("/communities" + link_called(page, "New"))
    assert 'value="CAT"' in page.html
    assert "!cats@forum.example" in page.text
    page = await browser.get("/communities?q=nothing<")
    assert "No communities found for “nothing<”" in page.text


APPEARANCE = {"theme": "auto", "interface_language": "", "front_scope": "all", "front_sort": "new"}


@pytest.mark.parametrize("order", FRONT_SORTS)
async def test_each_order_that_can_be_preferred_is_the_one_of_the_front_page(
    world: World, order: str
) -> None:
    old = await world.post("Very old")
    world.instance.clock.advance(days=8)
    loved, disputed = await world.post("Loved"), await world.post("Disputed")
    for who in ("ann", "mia", "eve"):
        await world.browser(who).post(f"/post/{loved.id}/vote", score="1")
        await world.browser(who).post(f"/post/{old.id}/vote", score="1" if who == "ann" else "-1")
    await world.browser("eve").post(f"/post/{disputed.id}/vote", score="-1")
    world.instance.clock.advance(hours=25)
    new = await world.post("New")
    bob = world.browser("bob")
    await bob.post("/settings/appearance", **{**APPEARANCE, "front_sort": order})

    page = await bob.get("/")

    sort, _, span = order.partition("-")
    assert f'aria-current="page">{sort.replace("_", " ").capitalize()}<' in page.html
    names = {"hour": "Hour", "day": "Day", "week": "Week", "month": "Month", "year": "Year"}
    names |= {"six_hours": "6 hours", "twelve_hours": "12 hours", "three_months": "3 months"}
    names |= {"six_months": "6 months", "nine_months": "9 months", "all": "All time"}
    assert (
        (f'aria-current="page">{names[span]}<' in page.html)
        if span
        else "Time range" not in page.html
    )
    asked = f"/?list=all&sort={sort}" + (f"&range={span}" if span else "")
    assert shown(page) == shown(await world.browser().get(asked))
    first = {"new": new, "top-day": new, "top-week": loved, "controversial-week": disputed}
    first |= {"top-hour": new, "top-twelve_hours": new, "old": old, "top-three_months": loved}
    if order in first:
        assert shown(page)[0] == first[order].id
    recent = {"hour", "six_hours", "twelve_hours", "day", "week"}
    assert (old.id in shown(page)) == (span not in recent)


async def test_the_form_of_preferences_decides_scope_density_and_sensitive_posts(
    world: World,
) -> None:
    await world.post("Bare", nsfw=True)
    await world.post("Plain", body=Body.of_markdown("Long words"))
    eve = world.browser("eve")
    await eve.post("/settings/appearance", **APPEARANCE)
    page = await eve.get("/")
    assert ("Bare" in page.text, "Long words" in page.text) == (False, True)
    for scope, name in (("subscribed", "Following"), ("local", "Local"), ("all", "All")):
        await eve.post("/c/cats/follow")
        chosen = {**APPEARANCE, "front_scope": scope, "compact_lists": "on", "show_nsfw": "on"}
        await eve.post("/settings/appearance", **chosen)
        page = await eve.get("/")
        assert f'aria-current="page">{name}<' in page.html
        assert ("Bare" in page.text, "Long words" in page.text) == (True, False)
        await eve.post("/c/cats/unfollow")
