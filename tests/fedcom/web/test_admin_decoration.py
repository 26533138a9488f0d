"""The admin's pages about taglines and custom emoji, and where both are shown."""

import pytest

from fedcom.queries.decoration import list_emoji, list_taglines
from tests.fedcom.web.conftest import World
from tests.support.pictures import picture

pytestmark = pytest.mark.anyio


async def test_a_tagline_is_above_the_front_page(world: World) -> None:
    ann = world.browser("ann")
    sent = await ann.post("/admin/taglines", body="Cats *first*\r\n\r\n")
    assert sent.location == "/admin/taglines"
    assert len(await world.instance.read(list_taglines)) == 1

    assert "Cats <em>first</em>" in (await world.browser().get("/")).html
    assert "Cats *first*" in (await ann.get("/admin/taglines")).html
    page = await ann.post("/admin/taglines", body="x" * 501)
    assert (page.status, 'id="e-body"' in page.html) == (422, True)


async def test_an_emoji_is_uploaded_used_changed_and_deleted(world: World) -> None:
    ann = world.browser("ann")
    upload = {"picture": picture()}
    page = await ann.post("/admin/emoji", shortcode="cat")
    assert (page.status, 'id="e-picture"' in page.html) == (422, True)
    fields = {"shortcode": ":cat:", "alt": "A cat", "keywords": "pet, fur"}
    sent = await ann.send("/admin/emoji", upload, **fields)
    assert sent.location == "/admin/emoji"
    [made] = await world.instance.read(list_emoji)
    assert (made.shortcode, made.alt, made.keywords) == ("cat", "A cat", "pet fur")
    assert made.image_url.startswith("https://forum.example/media/")

    bob = world.browser("bob")
    preview = await bob.post("/submit", title="Cats", body="A :cat:", preview="1")
    assert 'title=":cat:"' in preview.html
    post = await bob.post("/submit", community="cats", title="Cats", body="A :cat:")
    assert (
        f'src="/media/{made.image_url.rpartition("/")[2]}" alt=":cat:"'
        in (await world.browser().get(post.location)).html
    )
    sent = await ann.post(f"/admin/emoji/{made.id}", alt="Tom", category="Pets")
    assert sent.location == "/admin/emoji"
    assert "Pets" in (await ann.get("/admin/emoji")).text
    [changed] = await world.instance.read(list_emoji)
    assert (changed.alt, changed.image_url) == ("Tom", made.image_url)
    await ann.post("/admin/emoji/remove", emoji=str(made.id))
    assert await world.instance.read(list_emoji) == []
