"""/sitemap.xml: what search engines are told of."""

from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from fedcom.actions.community import CreateCommunity
from fedcom.actions.delete import Delete
from fedcom.site.settings import edit_site
from fedcom.views.sitemap import RECENT
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import KEY, ORIGIN, World

pytestmark = pytest.mark.anyio

NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


async def pages(world: World) -> dict[str, str | None]:
    """The addresses, with the times of their changes."""
    answer = await world.browser().get("/sitemap.xml")
    assert answer.headers["content-type"].startswith("application/xml")
    found = ET.fromstring(answer.html).findall("s:url", NAMES)
    return {
        one.findtext("s:loc", "", NAMES): one.findtext("s:lastmod", None, NAMES) for one in found
    }


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_communities_and_recent_posts_are_listed(world: World) -> None:
    old = await world.post("Old")
    world.instance.clock.advance(hours=1 + RECENT / timedelta(hours=1))
    new = await world.post("New")

    found = await pages(world)

    assert list(found) == [f"{ORIGIN}/c/cats", new.iri]
    assert old.iri not in found
    assert found[new.iri] == new.published_at.isoformat(timespec="seconds")
    assert found[f"{ORIGIN}/c/cats"] is None


async def test_a_private_site_has_none(world: World) -> None:
    await world.instance.unit(lambda ctx: edit_site(ctx, private=True, federated=False))

    assert (await world.browser().get("/sitemap.xml")).status == 403


async def test_nothing_deleted_hidden_or_sensitive_is_listed(world: World) -> None:
    post = await world.post("Gone")
    await world.perform(Delete(by=world.people["bob"], target=post))
    await world.post("Careful", nsfw=True)
    await world.perform(
        CreateCommunity(
            by=world.people["ann"], name="cliffs", key=KEY, title="Cliffs", nsfw=True,
            description=Body.of_markdown(""),
        )
    )  # fmt: skip

    assert list(await pages(world)) == [f"{ORIGIN}/c/cats"]
