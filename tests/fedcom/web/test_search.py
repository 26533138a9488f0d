import re
from html import unescape
from urllib.parse import quote

import pytest
from sqlalchemy import update

from fedcom.accounts.rate_limits import LOOK_UPS, count_action
from fedcom.accounts.throttle import SEARCH_BY_ADDRESS
from fedcom.context import Context
from fedcom.models.account import account
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import World
from tests.support.rows import Rows

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_guests_find_stored_content(world: World) -> None:
    post = await world.post("Sleepy <cats>", body=Body.of_markdown("They *nap* & purr"))
    comment = await world.comment(post, "Mine nap too")

    for who in ("", "eve"):
        browser = world.browser(who)
        found = await browser.get("/search?q=nap&type=posts")
        assert f'<a href="/post/{post.id}">Sleepy &lt;cats&gt;</a>' in found.html
        assert "They <mark>nap</mark> &amp; purr" in found.html
        assert "bob in Cats" in found.text
        found = await browser.get("/search?q=nap&type=comments")
        assert f'href="/comment/{comment.id}"' in found.html
        assert "Mine <mark>nap</mark> too" in found.html
        assert f'href="/post/{post.id}"' not in found.html
        found = await browser.get("/search?q=nap")
        assert f'href="/comment/{comment.id}"' in found.html
        assert f'href="/post/{post.id}"' in found.html
        for tab in ("Posts (1)", "Comments (1)", "Communities (0)", "People (0)"):
            assert tab in found.text
        assert "Post · bob in Cats" in found.text
        found = await browser.get("/search?q=cat&type=communities")
        assert '<a href="/c/cats"><mark>Cats</mark></a>' in found.html
        found = await browser.get("/search?q=bo&type=people")
        assert '<a href="/u/bob"><mark>bob</mark></a>' in found.html


async def test_deleted_content_is_not_found(world: World) -> None:
    post = await world.post("Cats sleep")
    browser = world.browser()
    assert "/post/" in (await browser.get("/search?q=sleep")).html

    await world.browser("bob").post(f"/post/{post.id}/delete")
    page = await browser.get("/search?q=sleep")
    assert "Nothing found for" in page.text
    assert "/post/" not in page.html


async def test_only_those_who_want_to_see_sensitive_posts_find_them(world: World) -> None:
    await world.post("Cats sleep", nsfw=True)
    bob = world.people["bob"].id
    assert "Nothing found" in (await world.browser("bob").get("/search?q=sleep")).text

    wish = update(account).where(account.c.actor_id == bob).values(show_nsfw=True)
    await world.instance.unit(lambda ctx: ctx.conn.execute(wish))
    assert "/post/" in (await world.browser("bob").get("/search?q=sleep")).html
    assert "Nothing found" in (await world.browser("eve").get("/search?q=sleep")).text
    assert "Nothing found" in (await world.browser().get("/search?q=sleep")).text


async def test_every_page_has_a_search_box_and_communities_have_their_own(world: World) -> None:
    await world.post("Cats sleep")
    browser = world.browser()
    page = await browser.get("/c/cats")
    assert len(re.findall(r'<form[^>]* action="/search" role="search"', page.html)) == 2
    assert '<input type="hidden" name="in" value="cats">' in page.html

    inside = await browser.get("/search?q=sleep&in=cats")
    assert "/post/" in inside.html
    assert "In cats" in inside.text
    assert "Everywhere" in inside.text
    assert '<input type="hidden" name="in" value="cats">' in inside.html
    assert (await browser.get("/search?q=sleep&in=nowhere")).status == 404


async def test_more_results_than_a_page_holds_go_on(world: World) -> None:
    for number in range(23):
        await world.post(f"Cats number {number}")
    for order in ("relevance", "new"):
        browser = world.browser()
        first = await browser.get(f"/search?q=cats&sort={order}")
        more = re.search(r'rel="next" href="([^"]+)"', first.html)
        assert more
        second = await browser.get("/search" + unescape(more[1]))
        links = r'<h2 dir="auto"><a href="(/(?:post|c)/\w+)"'
        pages = [re.findall(links, page.html) for page in (first, second)]
        assert [len(found) for found in pages] == [20, 4]
        assert len({*pages[0], *pages[1]}) == 24
        assert "Posts (23)" in first.text
        assert "Posts (23)" in second.text
        assert 'rel="next"' not in second.html
    for kind in ("all", "posts"):
        odd = await world.browser().get(f"/search?q=cats&after=nonsense&type={kind}")
        assert odd.status == 422


async def test_another_spelling_is_a_link(world: World) -> None:
    post = await world.post("Necessary <receipts>")
    await world.instance.unit(lambda ctx: Rows(ctx.conn).read_words())
    page = await world.browser().get("/search?q=recipts+-dogs&scope=local")
    assert "Did you mean" in page.text, page.text
    link = re.search(r'href="([^"]+)"><b dir="auto">receipts -dogs</b>', page.html)
    assert link
    there = await world.browser().get("/search" + unescape(link[1]))
    assert f'href="/post/{post.id}"' in there.html
    assert "Did you mean" not in there.text
    assert "scope=local" in link[1]


async def test_a_handle_or_an_address_known_here_leads_to_its_page(world: World) -> None:
    post = await world.post()
    comment = await world.comment(post)
    for text, path in (
        ("!cats@forum.example", "/c/cats"),
        (" @bob@forum.example ", "/u/bob"),
        (post.iri, f"/post/{post.id}"),
        (comment.iri, f"/comment/{comment.id}"),
    ):
        page = await world.browser().get(f"/search?q={quote(text)}")
        assert (page.status, page.location) == (303, path)


async def test_members_are_offered_to_fetch_remote_content(world: World) -> None:
    await world.post("A link", url="https://news.example/story")
    for text in ("!owls@peer.example", "https://news.example/story"):
        mine = await world.browser("bob").get(f"/search?q={quote(text)}")
        assert f'<input type="hidden" name="q" value="{text}">' in mine.html
        assert f"Look up {text}" in mine.text
        guest = await world.browser().get(f"/search?q={quote(text)}")
        assert "Look up" not in guest.text
        assert "Log in to look it up" in guest.text
    # The address of a link finds the posts with it.
    assert "A link" in guest.text


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_there_is_help_where_nothing_can_be_found(world: World) -> None:
    browser = world.browser("bob")
    assert "How to search" in (await browser.get("/search")).text
    assert "Enter at least one word" in (await browser.get("/search?q=-cats")).text
    page = await browser.get("/search?q=dogs&scope=local")
    assert "Nothing found for" in page.text
    assert "Search everywhere" in page.text
    for odd in ("%00", "%22", "a%22b*(", "%ff%fe", "type:x", "-%22", "😀", "https://a.example/%00"):
        assert (await browser.get(f"/search?q={odd}&type=people&sort=x&scope=x")).status == 200


async def test_searches_of_guests_are_limited(world: World) -> None:
    guest = world.browser()
    for _ in range(SEARCH_BY_ADDRESS.tries):
        assert (await guest.get("/search?q=cats")).status == 200
    page = await guest.get("/search?q=cats")
    assert page.status == 429
    assert int(page.headers["retry-after"]) <= 60

    assert (await guest.get("/search")).status == 200
    assert (await world.browser("bob").get("/search?q=cats")).status == 200
    world.instance.clock.advance(seconds=61)
    assert (await guest.get("/search?q=cats")).status == 200


async def test_look_ups_on_other_servers_are_limited(world: World) -> None:
    eve, bob = world.browser("eve"), world.browser("bob")

    def spend(ctx: Context) -> None:
        for _ in range(LOOK_UPS.allowances[0].newcomer - 1):
            count_action(ctx, world.people["eve"], LOOK_UPS)

    await world.instance.unit(spend)
    known = f"!cats@{world.instance.settings.host}"
    assert (await eve.post("/search", q=known)).status != 429

    for path, field in (("/search", "q"), ("/settings/blocks", "who")):
        page = await eve.post(path, **{field: "@kim@peer.example"})
        assert (page.status, 'value="@kim@peer.example"' in page.html) == (429, True), path
        assert "You have reached a limit: 60 look-ups" in page.text
    page = await eve.post("/submit", url="https://news.example/", suggest="1")
    assert page.status == 429
    assert (await bob.post("/search", q=known)).status != 429
