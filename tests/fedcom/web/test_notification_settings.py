"""Settings of notifications: kinds and their ways, mail, and single communities."""

import re

import pytest
from sqlalchemy import select

from fedcom.accounts.members import get_account
from fedcom.models.account import Account
from fedcom.models.push import push_subscription
from fedcom.personal.notification_settings import Ways, list_ways
from fedcom.queries.follows import find_follow
from tests.fedcom.web.conftest import World
from tests.support.push_browser import PushBrowser

pytestmark = pytest.mark.anyio

PATH = "/settings/notifications"


async def account_of(world: World, name: str) -> Account:
    return await world.instance.read(lambda conn: get_account(conn, world.people[name].id))


async def test_each_kind_is_chosen_for_each_way(world: World) -> None:
    world.instance.settings = world.instance.settings.model_copy(update={"smtp_url": "smtp://m"})
    bob = world.browser("bob")
    page = await bob.get(PATH)
    assert 'name="mail_pace"' in page.html
    assert "In UTC, unless you choose a time zone" in page.text
    assert "no confirmed e-mail address" in page.text
    assert "site_application" not in page.html  # for admins
    assert 'value="off" selected' in page.html

    chosen = {"site_mention": "on", "mail_reply": "on", "push_reply": "on"}
    mail = {"mail_pace": "weekly", "mail_hour": "18", "quotes_messages": "on"}
    assert (await bob.post(PATH, **chosen, **mail)).location == PATH

    ways = await world.instance.read(lambda conn: list_ways(conn, world.people["bob"].id))
    assert ways["reply"] == Ways(on_site=False, by_mail=True, by_push=True)
    assert ways["mention"] == Ways(on_site=True, by_mail=False, by_push=False)
    assert ways["moderation"] == Ways(on_site=True, by_mail=False, by_push=False)
    assert ways["application"] == Ways()
    mine = await account_of(world, "bob")
    assert (mine.mail_notifications, mine.mail_pace, mine.mail_hour) == (True, "weekly", 18)
    assert mine.quotes_messages
    assert "site_application" in (await world.browser("ann").get(PATH)).html

    for field, wrong in (("mail_pace", "hourly"), ("mail_hour", "24")):
        page = await bob.post(PATH, **{**chosen, **mail, field: wrong})
        assert (page.status, f'id="e-{field}"' in page.html) == (422, True)
    assert (await account_of(world, "bob")).mail_hour == 18


async def test_without_mail_its_choices_are_neither_offered_nor_lost(world: World) -> None:
    bob = world.browser("bob")
    page = await bob.get(PATH)
    assert "mail_pace" not in page.html
    await bob.post(PATH, site_reply="on", quotes_messages="on")
    assert (await account_of(world, "bob")).quotes_messages
    ways = await world.instance.read(lambda conn: list_ways(conn, world.people["bob"].id))
    assert ways["reply"] == Ways(on_site=True, by_mail=True, by_push=False)


async def test_a_browser_is_turned_on_and_off(world: World) -> None:
    bob = world.browser("bob")
    page = await bob.get(PATH)
    key = re.search(r'data-key="([\w-]{87})"', page.html)
    assert key
    assert "Turn on in this browser" in page.text
    assert key[1] in (await world.browser("eve").get(PATH)).html  # made once
    worker = await bob.get("/service-worker.js")
    script = re.search(r'importScripts\("(/static/push_worker\.js\?v=\w+)"\);\n', worker.html)
    assert script
    assert 'addEventListener("push"' in (await bob.get(script[1])).html

    browser = PushBrowser("https://push.example/send/1")
    sent = await bob.post(f"{PATH}/devices", **browser.subscription)
    assert sent.location == f"{PATH}#devices"
    page = await bob.get(PATH)
    assert "Notifications are shown in this browser" in page.text
    assert "Turn on in this browser" not in page.text
    number = re.search(r'name="number" value="(\d+)"', page.html)
    assert number
    await world.browser("eve").post(f"{PATH}/devices/remove", number=number[1])
    assert number[0] in (await bob.get(PATH)).html
    await bob.post(f"{PATH}/devices/remove", number=number[1])
    assert "Turn on in this browser" in (await bob.get(PATH)).text

    await bob.post(f"{PATH}/devices", **browser.subscription)
    await bob.post("/logout")
    left = await world.instance.read(lambda conn: conn.execute(select(push_subscription)).all())
    assert left == []


async def test_a_community_is_watched_and_muted_on_its_page_and_in_the_settings(
    world: World,
) -> None:
    eve = world.browser("eve")
    assert "All communities notify you" in (await eve.get(PATH)).text
    sent = await eve.post("/c/cats/notifications", level="posts")
    assert sent.location == "/c/cats"
    page = await eve.get("/c/cats")
    assert "You'll be notified of each new post" in page.text
    assert "Notifications: All posts" in page.text
    eve_id, cats = world.people["eve"].id, world.community.id
    assert await world.instance.read(lambda conn: find_follow(conn, eve_id, cats))
    await world.post("Fresh news")
    assert "bob posted Fresh news" in (await eve.get("/notifications?kind=posts")).text

    sent = await eve.post(f"{PATH}/communities", community="cats", level="muted")
    assert sent.location == PATH
    page = await eve.get(PATH)
    assert "Cats Muted" in page.text
    assert "All new posts Reset" not in page.text
    await eve.post("/c/cats/notifications", level="", back=PATH)
    assert "All communities notify you" in (await eve.get(PATH)).text

    refused = await eve.post("/c/cats/notifications", level="loud")
    assert refused.status == 422
    page = await eve.post(f"{PATH}/communities", community="nowhere", level="posts")
    assert (page.status, 'id="e-community"' in page.html) == (404, True)
    assert 'value="nowhere"' in page.html
