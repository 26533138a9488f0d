"""Arriving: what a guest sees first, the first page of a member, and what is new to them later."""

import re

import pytest
from sqlalchemy import update

from fedcom.actions.community import CreateCommunity, EditCommunity
from fedcom.actions.lock import Lock
from fedcom.context import Context
from fedcom.models.actor import actor
from fedcom.site.communities import set_looks
from fedcom.site.settings import edit_site, set_introductions
from fedcom.views.followed import list_followed
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import KEY, World
from tests.fedcom.web.test_joining import PASSWORD, hidden, link_to

pytestmark = pytest.mark.anyio


async def found_three(world: World) -> list[int]:
    """Two more communities; the ids of all three."""
    made = [world.community.id]
    for name in ("dogs", "birds"):
        action = CreateCommunity(by=world.people["ann"], name=name, key=KEY, title=name.title())
        made.append((await world.perform(action)).id)
    return made


def ticked(html: str) -> dict[str, str]:
    """What a browser would send of the boxes."""
    boxes = re.findall(r'<input type="checkbox"[^>]* name="(follow-\d+)"([^>]*)>', html)
    return {name: "on" for name, rest in boxes if "checked" in rest and "disabled" not in rest}


async def test_a_guest_sees_what_this_place_is(world: World) -> None:
    await found_three(world)
    described = EditCommunity(
        by=world.people["mia"],
        community=world.community,
        title="Cats",
        description=Body.of_markdown("All about *cats*."),
        nsfw=False,
        posting_restricted=False,
    )
    await world.perform(described)
    post = await world.post("Cats sleep")
    await world.instance.unit(lambda ctx: edit_site(ctx, short_description="A village."))

    page = await world.browser().get("/")
    first = page.html.partition('class="card welcome"')[2].partition("</section>")[0]
    for words in ("A village.", "3 communities", "4 members", "All about cats.", "They do."):
        assert words in re.sub(r"<[^>]+>", "", first), words
    for address in ("/c/cats", "/c/dogs", "/c/birds", f"/post/{post.id}", "/u/bob", "/register"):
        assert f'href="{address}"' in first, address
    assert 'class="card welcome"' not in (await world.browser().get("/?sort=new")).html
    assert 'class="card welcome"' not in (await world.browser("bob").get("/")).html


async def test_a_newcomer_follows_three_communities_in_three_clicks_and_says_hello(
    world: World,
) -> None:
    made = await found_three(world)
    post = await world.post("Introduce yourself")
    await world.instance.unit(lambda ctx: set_introductions(ctx.conn, post.id))
    guest = world.browser()
    page = await guest.get("/register")
    world.instance.clock.advance(seconds=20)
    typed = {"name": "zoe", "password": PASSWORD}
    assert (await guest.post("/register", **hidden(page, "/register"), **typed)).location == (
        "/welcome"
    )

    page = await guest.get(link_to(await guest.get("/"), "/welcome"))
    boxes = ticked(page.html)
    assert boxes == {f"follow-{number}": "on" for number in made}
    sent = await guest.post("/welcome/follow", **hidden(page, "/welcome/follow"), **boxes)
    assert sent.location == "/welcome?step=hello"
    page = await guest.get(sent.location)
    action = f"/post/{post.id}/comment"
    said = await guest.post(action, **hidden(page, action), body="Hello, I am zoe.")

    assert "Hello, I am zoe." in (await guest.get(said.location)).text
    front = (await guest.get("/")).html
    assert all(f'href="/c/{name}"' in front for name in ("cats", "dogs", "birds"))
    again = (await guest.get("/welcome")).html
    assert (ticked(again), again.count("checked disabled")) == ({}, 3)


async def test_nothing_is_followed_unasked_and_a_locked_post_takes_no_hello(world: World) -> None:
    post = await world.post("Introduce yourself")
    hello = await world.post("Hello")
    await world.instance.unit(lambda ctx: set_introductions(ctx.conn, post.id))
    await world.perform(Lock(by=world.people["mia"], target=post, locked=True))
    eve = world.browser("eve")
    page = await eve.get("/welcome?step=hello")
    assert "Say hello" not in page.text
    sent = await eve.post("/welcome/follow", **{"follow-0": "on", "follow-x": "on"})
    assert sent.status == 303

    eve_id = world.people["eve"].id
    assert await world.instance.read(lambda conn: list_followed(conn, eve_id)) == ()
    ann = world.browser("ann")
    for address, status in (
        (f"/post/{post.id}", 422),
        ("/post/0", 422),
        ("x", 422),
        (f"https://far.example/post/{hello.id}", 422),
        ("", 303),
        (f"/post/{hello.id}?x#y", 303),
    ):
        fields = hidden(await ann.get("/admin/defaults"), "/admin/defaults")
        fields |= {"default_scope": "all", "default_sort": "hot", "app_listing_mode": "List"}
        fields |= {"app_theme": "browser", "introductions": address}
        assert (await ann.post("/admin/defaults", **fields)).status == status, address


async def test_what_is_new_in_a_community_is_counted_until_it_is_opened(world: World) -> None:
    eve = world.browser("eve")
    await eve.post("/c/cats/follow")
    world.instance.clock.advance(hours=1)
    await world.post("One")
    await world.post("Two")

    async def news() -> str:
        html = (await eve.get("/")).html.partition('class="card mine"')[2].partition("</nav>")[0]
        return re.sub(r"<[^>]+>", "", html.partition('href="/c/cats"')[2])

    assert "Cats 2 new" in await news()
    await eve.get("/c/cats")
    assert "new" not in await news()
    assert "Choose communities" in (await world.browser("bob").get("/")).text


async def test_a_community_has_its_own_colour_and_large_pictures(world: World) -> None:
    post = await world.post("Cats sleep")
    mia = world.browser("mia")
    fields = hidden(await mia.get("/c/cats/edit"), "/c/cats/edit") | {"display_name": "Cats"}
    for hue in ("360", "red"):
        refused = await mia.post("/c/cats/edit", **fields, hue=hue)
        assert (refused.status, 'id="e-hue"' in refused.html) == (422, True)
    saved = await mia.post("/c/cats/edit", **fields, hue="300", large_pictures="on")
    assert saved.location == "/c/cats"

    guest = world.browser()
    for path in ("/c/cats", f"/post/{post.id}"):
        assert link_to(await guest.get(path), "/static/style.css").endswith("&hue=300"), path
    assert "hue=" not in link_to(await guest.get("/"), "/static/style.css")
    html = (await mia.get("/c/cats/edit")).html
    assert '<option value="300" selected>' in html
    assert re.search(r'name="large_pictures" checked', html)
    await world.instance.unit(
        lambda ctx: set_looks(ctx.conn, world.community.id, hue=None, large_pictures=False)
    )
    assert "hue=" not in link_to(await guest.get("/c/cats"), "/static/style.css")


async def test_names_and_badges_stand_beside_what_people_wrote(world: World) -> None:
    post = await world.post("Cats sleep")
    for who in ("bob", "mia", "ann"):
        await world.comment(post, f"By {who}", by=who)

    def age(ctx: Context) -> None:
        ctx.conn.execute(update(actor).where(actor.c.name == "bob").values(title="Robert"))
        ctx.conn.execute(update(actor).where(actor.c.name == "mia").values(kind="Service"))

    await world.instance.unit(age)

    async def badges() -> dict[str, list[str]]:
        html = (await world.browser().get(f"/post/{post.id}")).html
        lines = re.findall(r'<div class="meta"[^>]*>(.*?)</div>', html, re.DOTALL)
        words = [re.findall(r'class="label[^>]*>([^<]+)<', line) for line in lines]
        names = [re.findall(r'href="/u/(\w+)"', line)[0] for line in lines]
        assert "<bdi>Robert</bdi>" in html
        assert 'dir="ltr">@bob</bdi>' in html
        return dict(zip(names, words, strict=True))

    assert await badges() == {"bob": ["author"], "mia": ["moderator", "bot"], "ann": ["admin"]}
    since = world.instance.clock()
    world.instance.clock.advance(days=31)
    await world.instance.unit(
        lambda ctx: ctx.conn.execute(
            update(actor).where(actor.c.name == "bob").values(published_at=ctx.now)
        )
    )
    assert since < world.instance.clock()
    assert (await badges())["bob"] == ["author", "new here"]
