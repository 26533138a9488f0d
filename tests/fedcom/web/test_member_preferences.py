"""What members choose about their lists and profile, on the pages."""

from datetime import UTC, datetime

import pytest

from fedcom.accounts.members import get_account
from fedcom.site.settings import edit_site, get_site
from fedcom.web.html.i18n import exact, speak
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio

LOOK = {"theme": "auto", "front_scope": "all", "front_sort": "new"}
ALL = {"show_read_posts": "on", "show_bot_accounts": "on"}


async def test_lists_leave_out_read_posts_bots_and_other_languages(world: World) -> None:
    read = await world.post("Zebrafinch", language="de")
    await world.post("Quokka", language="en")
    await world.browser("bob").post("/settings", display_name="Bob", is_bot="on")
    eve = world.browser("eve")
    await eve.get(f"/post/{read.id}")

    async def shown(**chosen: str) -> list[bool]:
        sent = await eve.post("/settings/appearance", **LOOK, **chosen)
        assert sent.location == "/settings/appearance"
        page = await eve.get("/")
        return ["Zebrafinch" in page.html, "Quokka" in page.html]

    assert await shown(**ALL) == [True, True]
    assert await shown(show_bot_accounts="on") == [False, True]
    assert await shown(show_read_posts="on") == [False, False]
    assert await shown(**ALL, language_de="on") == [True, False]
    account = await world.instance.read(lambda conn: get_account(conn, world.people["eve"].id))
    assert account.languages == "de"
    page = await eve.get("/settings/appearance")
    assert 'name="language_de" checked' in page.html


async def test_the_languages_of_the_site_count_for_guests_and_the_undecided(world: World) -> None:
    await world.post("Zebrafinch", language="de")
    await world.instance.unit(lambda ctx: edit_site(ctx, languages=["en"]))

    for who in ("", "eve"):
        assert "Zebrafinch" not in (await world.browser(who).get("/?list=all")).html
    page = await world.browser("ann").get("/admin/defaults")
    assert 'name="language_en" checked' in page.html


async def test_members_read_and_type_times_in_their_zone(world: World) -> None:
    post, ann = await world.post(), world.browser("ann")
    refused = await ann.post("/settings/appearance", **LOOK, time_zone="Mars/Base")
    assert (refused.status, "Unknown time zone." in refused.text) == (422, True)
    await ann.post("/settings/appearance", **LOOK, time_zone="Pacific/Auckland")

    moment = written(post.published_at, "Pacific/Auckland")
    mine, guests = await ann.get(f"/post/{post.id}"), await world.browser().get(f"/post/{post.id}")
    assert f'title="{moment}"' in mine.html
    assert 'data-zone="Pacific/Auckland"' in mine.html
    assert f'title="{written(post.published_at, "")}"' in guests.html
    assert "selected>Pacific/Auckland</option>" in (await ann.get("/settings/appearance")).html

    await ann.post("/admin/announcement", body="Moving", until="2026-12-24")
    until = (await world.instance.read(get_site)).announcement_until
    assert until == datetime(2026, 12, 24, 11, tzinfo=UTC)
    assert 'value="2026-12-24"' in (await ann.get("/admin/announcement")).html


def written(moment: datetime, zone: str) -> str:
    speak("en", zone)
    return exact(moment)


async def test_the_profile_shows_the_matrix_id_and_that_it_is_a_bot(world: World) -> None:
    bob = world.browser("bob")
    page = await bob.post("/settings", matrix_user_id="bob")
    assert (page.status, "Matrix id looks like" in page.text) == (422, True)
    wishes = {"is_bot": "on", "no_search_engines": "on"}
    await bob.post("/settings", matrix_user_id="@bob:m.example", **wishes)

    page = await world.browser().get("/u/bob")
    assert 'href="https://matrix.to/#/%40bob%3Am.example"' in page.html
    assert '<span class="label">bot</span>' in page.html
    assert '<meta name="robots" content="noindex">' in page.html
    assert 'name="no_search_engines" checked' in (await bob.get("/settings")).html


async def test_a_community_says_which_languages_it_takes(world: World) -> None:
    await world.browser("mia").post("/c/cats/edit", display_name="Cats", language_de="on")

    page = await world.browser("mia").get("/c/cats/edit")
    assert 'name="language_de" checked' in page.html
    bob = world.browser("bob")
    page = await bob.post("/submit", community="cats", title="Cats", language="en")
    assert (page.status, "Deutsch" in page.text) == (422, True)
