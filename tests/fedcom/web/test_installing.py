"""This server can be installed as an app; its worker is new as soon as what it keeps changes."""

import re

import orjson
import pytest

from fedcom.site.settings import edit_site, set_hue
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio


async def test_the_manifest_names_the_site_and_icons_that_are_there(world: World) -> None:
    await world.instance.unit(lambda ctx: edit_site(ctx, name="Friends of cats"))
    guest = world.browser()

    found = await guest.client.get("/manifest.webmanifest", headers={"Accept-Language": "de"})

    assert found.headers["content-type"] == "application/manifest+json"
    manifest = orjson.loads(found.content)
    assert (manifest["name"], manifest["short_name"]) == ("Friends of cats", "Friends")
    assert manifest["display"] == "standalone"
    assert {(icon["sizes"], icon.get("purpose")) for icon in manifest["icons"]} == {
        (f"{side}x{side}", purpose) for side in (192, 512) for purpose in (None, "maskable")
    }
    for icon in manifest["icons"]:
        assert (await guest.get(icon["src"])).headers["content-type"] == "image/png"
    assert manifest["shortcuts"][0] == {"name": "Beitrag schreiben", "url": "/submit"}
    assert '<link rel="manifest" href="/manifest.webmanifest">' in (await guest.get("/")).html


async def test_what_another_app_shares_begins_a_post(world: World) -> None:
    bob = world.browser("bob")

    # Android's programs put a link into the text.
    page = await bob.get("/submit?title=A+cat&body=https%3A%2F%2Fa.example%2Fcat")

    assert re.search(r'name="title"[^>]*value="A cat"', page.html)
    assert re.search(r'name="url"[^>]*value="https://a.example/cat"', page.html)
    assert (
        "See https://a.example</textarea>"
        in (await bob.get("/submit?body=See+https%3A%2F%2Fa.example")).html
    )


async def test_the_worker_changes_with_what_it_keeps(world: World) -> None:
    guest = world.browser()
    first = await guest.get("/service-worker.js")
    assert (await guest.get("/service-worker.js")).html == first.html
    assert first.headers["cache-control"] == "no-cache"
    kept = orjson.loads(first.html.partition("SETTINGS = ")[2].partition(";\n")[0])["kept"]
    for address in kept:
        assert (await guest.get(address)).status == 200

    await world.instance.unit(lambda ctx: set_hue(ctx.conn, 20))

    assert (await guest.get("/service-worker.js")).html.partition(";\n")[0] != (
        first.html.partition(";\n")[0]
    )
