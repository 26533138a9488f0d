"""The admins' texts about the server: their pages and links, and the announcement."""

import json
from datetime import timedelta

import pytest

from fedcom.site.settings import edit_site
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio


async def test_a_page_is_previewed_written_linked_everywhere_and_removed(world: World) -> None:
    ann, guest = world.browser("ann"), world.browser()
    listed = await ann.get("/admin/pages")
    assert listed.text.count("Not written yet") == 4

    seen = await ann.post("/admin/pages/privacy", body="We keep *little*.", preview="1")
    assert "<em>little</em>" in seen.html
    assert (await guest.get("/privacy")).status == 404
    await ann.post("/admin/pages/privacy", body="We keep *little*.")
    await ann.post("/admin/pages/about", body="Cats.")

    foot = (await guest.get("/communities")).html.rpartition("<footer")[2]
    assert foot.index('href="/about"') < foot.index('href="/privacy"')
    assert "<em>little</em>" in (await guest.get("/privacy")).html
    assert (await ann.get("/admin/pages")).text.count("Not written yet") == 2
    await ann.post("/admin/pages/privacy", body=" ")
    assert (await guest.get("/privacy")).status == 404
    assert 'href="/privacy"' not in (await guest.get("/")).html
    assert (await ann.post("/admin/pages/nothing", body="x")).status == 404


async def test_the_imprint_is_lemmys_legal_information(world: World) -> None:
    ann, guest = world.browser("ann"), world.browser()
    await ann.post("/admin/pages/legal", body="Run by *Ann*.")

    assert 'href="/legal"' in (await guest.get("/communities")).html
    assert "<em>Ann</em>" in (await guest.get("/legal")).html
    site = json.loads((await guest.get("/api/v3/site")).html)
    assert site["site_view"]["local_site"]["legal_information"] == "Run by *Ann*."


async def test_guests_of_a_private_site_read_its_pages_and_no_announcement(world: World) -> None:
    ann, guest = world.browser("ann"), world.browser()
    await ann.post("/admin/pages/privacy", body="We keep little.")
    await ann.post("/admin/announcement", body="The *key* is below the mat.")
    await world.instance.unit(lambda ctx: edit_site(ctx, private=True, federated=False))

    assert (await guest.get("/privacy")).status == 200
    assert "below the mat" not in (await guest.get("/")).text
    assert "below the mat" in (await ann.get("/")).text


@pytest.mark.parametrize("name", ["", "bob"])
async def test_an_announcement_is_dismissed_by_each_reader_until_it_changes(
    world: World, name: str
) -> None:
    ann, reader, other = world.browser("ann"), world.browser(name), world.browser("eve")
    seen = await ann.post("/admin/announcement", body="Moving on *Sunday*.", preview="1")
    assert "<em>Sunday</em>" in seen.html
    assert "Sunday" not in (await reader.get("/communities")).text
    await ann.post("/admin/announcement", body="Moving on *Sunday*.")
    assert "<em>Sunday</em>" in (await reader.get("/communities")).html

    sent = await reader.post("/announcement/dismiss", number="1", back="/communities")
    assert sent.location == "/communities"
    assert "Sunday" not in (await reader.get("/communities")).text
    assert "Sunday" in (await other.get("/communities")).text
    await ann.post("/admin/announcement", body="Moving on *Monday*.")
    assert "Monday" in (await reader.get("/communities")).text


async def test_nobody_dismisses_announcements_to_come(world: World) -> None:
    ann, bob, guest = world.browser("ann"), world.browser("bob"), world.browser()
    for reader in (bob, guest):
        await reader.post("/announcement/dismiss", number="99")
    await ann.post("/admin/announcement", body="Moving.")
    assert ["Moving." in (await reader.get("/")).text for reader in (bob, guest)] == [True, True]


async def test_an_announcement_ends_with_its_last_day(world: World) -> None:
    ann, guest = world.browser("ann"), world.browser()
    today = world.instance.clock().date()
    wrong = [
        await ann.post("/admin/announcement", body="Moving.", until=day)
        for day in ("soon", "9999-12-31", str(today - timedelta(days=1)))
    ]
    assert [page.status for page in wrong] == [422, 422, 422]
    await ann.post("/admin/announcement", body="Moving.", until=str(today))

    assert f'value="{today}"' in (await ann.get("/admin/announcement")).html
    assert "Moving." in (await guest.get("/communities")).text
    world.instance.clock.advance(hours=12)
    assert "Moving." not in (await guest.get("/communities")).text
