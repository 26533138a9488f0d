"""A member's private feeds: complete with the address, and unreadable without it."""

import re
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import update

from fedcom.models.actor import actor
from tests.fedcom.web.browser import Browser
from tests.fedcom.web.conftest import World

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True),
]


async def addresses(browser: Browser) -> tuple[str, str]:
    """The addresses of the two feeds, posts and notifications, from the settings page."""
    html = (await browser.get("/settings/account")).html
    posts, news = re.findall(r'href="(/feeds/[^"]*)"', html)
    return posts, news


def titles(document: str) -> list[str | None]:
    return [item.findtext("title") for item in ET.fromstring(document.encode()).iter("item")]


async def test_followed_communities_are_a_feed_without_a_log_in(world: World) -> None:
    eve, guest = world.browser("eve"), world.browser()
    await world.post("About cats")
    await world.post("Bare", nsfw=True)
    posts, _ = await addresses(eve)
    assert titles((await guest.get(posts)).html) == []
    await eve.post("/c/cats/follow")
    page = await guest.get(posts)
    assert titles(page.html) == ["About cats"]
    assert page.headers["cache-control"] == "private, max-age=300"
    again = await guest.get(posts, If_None_Match=page.headers["etag"])
    assert (again.status, again.headers["cache-control"]) == (304, "private, max-age=300")
    assert (await guest.get(posts.replace(".xml", ".atom"))).status == 200
    await eve.post("/u/bob/block")
    assert titles((await guest.get(posts)).html) == []


async def test_notifications_are_a_feed_without_private_messages(world: World) -> None:
    guest, bob = world.browser(), world.browser("bob")
    comment = await world.comment(await world.post("About cats"), "They do <b>", by="eve")
    await world.browser("eve").post("/messages/bob", body="Between us")
    _, news = await addresses(bob)
    page = await guest.get(news)
    assert titles(page.html) == ["eve sent you a message", "eve replied to you in About cats"]
    assert f"https://forum.example/comment/{comment.id}" in page.html
    assert "They do" in page.html
    assert "Between us" not in page.html
    _, others = await addresses(world.browser("eve"))
    assert titles((await guest.get(others)).html) == []


async def test_no_document_has_the_secret_or_a_name_that_was_asked_for_in_it(world: World) -> None:
    for address in await addresses(world.browser("bob")):
        document = (await world.browser().get(address, Host="evil.example")).html
        path, _, secret = address.partition("?token=")
        assert f'href="https://forum.example{path}" rel="self"' in document
        assert secret not in document
        assert "evil.example" not in document


async def test_only_the_right_address_gives_anything(world: World) -> None:
    guest, bob = world.browser(), world.browser("bob")
    both = await addresses(bob)
    eve = await addresses(world.browser("eve"))
    for address, other in zip(both, eve, strict=True):
        number, _, signature = address.partition("=")[2].partition(".")
        wrong = ["", "x", number, f"{number}.", f"{number}.x", f"{number}.é", f"9999.{signature}"]
        wrong.append(f"{other.partition('=')[2].partition('.')[0]}.{signature}")
        for token in wrong:
            assert (await guest.get(f"{address.partition('=')[0]}={token}")).status == 404, token
        assert (await guest.get(address)).status == 200


async def test_new_addresses_take_the_place_of_the_former(world: World) -> None:
    guest, bob = world.browser(), world.browser("bob")
    former, eve = await addresses(bob), await addresses(world.browser("eve"))
    sent = await bob.post("/settings/feeds")
    assert "new addresses" in (await bob.get(sent.location)).text
    fresh = await addresses(bob)
    for old, new in zip(former, fresh, strict=True):
        assert (await guest.get(old)).status == 404
        assert (await guest.get(new)).status == 200
    assert eve == await addresses(world.browser("eve"))


async def test_a_banned_member_gets_no_feed(world: World) -> None:
    posts, _ = await addresses(world.browser("bob"))
    banned = update(actor).where(actor.c.name == "bob").values(banned_at=world.instance.clock())
    await world.instance.unit(lambda ctx: ctx.conn.execute(banned))
    assert (await world.browser().get(posts)).status == 404
