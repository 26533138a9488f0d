"""What a link to a page shows: the head of the page, oEmbed, icons; and how one is shared."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from sqlalchemy import update

from fedcom.actions.community import EditCommunity
from fedcom.actions.profile import EditProfile
from fedcom.actions.remove import RemoveContent
from fedcom.models.actor import actor
from fedcom.models.post import Post, post as post_table
from fedcom.site.settings import edit_site, set_logo
from fedcom.wire.body import Body
from fedcom.wire.illustration import Illustration
from tests.fedcom.web.conftest import ORIGIN, World
from tests.support.pictures import picture

pytestmark = pytest.mark.anyio

PICTURE = "https://pictures.example/cat.png"


async def head(world: World, path: str, who: str = "") -> dict[str, str]:
    """The names or properties of the `meta` elements and the relations of the links."""
    html = (await world.browser(who).get(path)).html.partition("</head>")[0]
    metas = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', html)
    links = re.findall(r'<link rel="([a-z-]+)"(?: type="[^"]*")? href="([^"]*)"', html)
    return {name: unescape(value) for name, value in [*links, *metas]}


async def oembed(world: World, url: str, **more: Any) -> tuple[int, dict[str, Any]]:
    found = await world.browser().client.get("/oembed", params={"url": url, **more})
    return found.status_code, orjson.loads(found.content)


async def write_picture(world: World, **fields: object) -> Post:
    return await world.post(
        "A cat", url=PICTURE, image=Illustration(PICTURE, "Asleep"), body=Body.of_markdown(""),
        **fields,
    )  # fmt: skip


async def test_a_post_says_what_a_link_to_it_shows(world: World) -> None:
    post = await world.post('Cats & "dogs"', body=Body.of_markdown("They *sleep*.\n\nA lot."))

    found = await head(world, f"/post/{post.id}?sort=new")

    assert found["canonical"] == found["og:url"] == post.iri
    assert found["og:title"] == 'Cats & "dogs"'
    assert found["description"] == found["og:description"] == "They sleep. A lot."
    assert found["og:type"] == "article"
    assert found["twitter:card"] == "summary"
    assert found["og:image"].startswith(f"{ORIGIN}/icons/512.png?v=")
    assert "robots" not in found
    assert set(await head(world, f"/post/{post.id}", "bob")) & {"canonical", "og:title"} == {
        "canonical"
    }


async def test_the_picture_of_a_post_is_shown_unless_it_is_sensitive(world: World) -> None:
    post = await write_picture(world)

    found = await head(world, f"/post/{post.id}")
    assert found["og:image"].startswith(f"{ORIGIN}/media/remote?")
    assert found["og:image:alt"] == "Asleep"
    assert found["twitter:card"] == "summary_large_image"

    for veil in ({"nsfw": True}, {"content_warning": "A needle"}):
        veiled = await write_picture(world, **veil)
        found = await head(world, f"/post/{veiled.id}")
        _, embedded = await oembed(world, veiled.iri)
        assert PICTURE not in str(found) + str(embedded)
        assert "cat.png" not in str(found) + str(embedded)
        assert found["rating"] == "adult"


async def test_sensitive_words_stay_on_the_page(world: World) -> None:
    nsfw = await world.post("Careful", nsfw=True, body=Body.of_markdown("Secret words"))
    warned = await world.post("Spoiler", content_warning="The end", body=Body.of_markdown("Secret"))
    answer = await world.comment(warned, "Secret, too")

    for path, url in (
        *((f"/post/{one.id}", one.iri) for one in (nsfw, warned)),
        (f"/comment/{answer.id}", answer.iri),
    ):
        assert "Secret" not in str(await head(world, path))
        assert "Secret" not in str(await oembed(world, url))
    assert (await head(world, f"/post/{warned.id}"))["description"] == "The end"


async def test_what_is_on_another_server_names_its_origin(world: World) -> None:
    post = await world.post()
    elsewhere = "https://peer.example/post/9"

    def move(ctx: Any) -> None:
        ctx.conn.execute(update(post_table).values(iri=elsewhere, local=False))
        values = {"iri": "https://peer.example/c/cats", "local": False, "host": "peer.example"}
        mine = actor.c.id == world.community.id
        ctx.conn.execute(
            update(actor).where(mine).values(url="https://peer.example/@cats", **values)
        )

    await world.instance.unit(move)

    assert (await head(world, f"/post/{post.id}"))["canonical"] == elsewhere
    found = await head(world, "/c/cats@peer.example")
    assert found["canonical"] == "https://peer.example/@cats"
    assert (await oembed(world, elsewhere))[0] == 404
    assert (await oembed(world, f"{ORIGIN}/post/{post.id}"))[0] == 404


async def test_oembed_quotes_a_post_and_a_comment(world: World) -> None:
    post = await world.post("<b>Cats</b>", body=Body.of_markdown("Asleep <i>"))
    answer = await world.comment(post, "Sure", by="eve")

    found = await head(world, f"/post/{post.id}")
    html = (await world.browser().get(f"/post/{post.id}")).html
    link = re.search(r'type="application/json\+oembed" href="([^"]*)"', html)
    assert link is not None
    assert parse_qs(urlsplit(unescape(link[1])).query) == {"url": [post.iri]}
    status, embedded = await oembed(world, post.iri, maxwidth=400)
    assert status == 200
    assert (embedded["version"], embedded["type"], embedded["width"]) == ("1.0", "rich", 400)
    assert embedded["title"] == found["og:title"]
    assert "<b>" not in embedded["html"]
    assert embedded["html"].startswith(f'<blockquote cite="{post.iri}">')
    _, embedded = await oembed(world, f"{answer.iri}#here")
    assert embedded["author_name"] == "eve"
    assert "Sure" in embedded["html"]


async def test_oembed_refuses_what_the_specification_names(world: World) -> None:
    post = await world.post("Gone")
    await world.perform(RemoveContent(by=world.people["ann"], target=post))
    assert (await oembed(world, post.iri))[0] == 404
    for url in ("", "x", f"{ORIGIN}/u/bob", f"{ORIGIN}/post/77", "https://peer.example/post/1"):
        assert (await oembed(world, url))[0] == 404, url
    assert (await oembed(world, post.iri, format="xml"))[0] == 501
    await world.instance.unit(lambda ctx: edit_site(ctx, private=True, federated=False))
    assert (await oembed(world, post.iri))[0] == 401


async def test_who_does_not_want_to_be_listed_is_not(world: World) -> None:
    bob = world.people["bob"]
    post = await world.post()
    answer = await world.comment(post, by="bob")
    pages = [f"/post/{post.id}", f"/comment/{answer.id}", "/u/bob"]
    for path in pages:
        assert "robots" not in await head(world, path)

    profile = {"title": bob.title, "summary": Body.of_markdown("")}
    await world.perform(EditProfile(by=bob, indexable=False, **profile))
    for path in pages:
        assert (await head(world, path))["robots"] == "noindex"
    assert post.iri not in (await world.browser().get("/sitemap.xml")).html

    await world.perform(EditProfile(by=bob, indexable=True, **profile))
    edit = EditCommunity(
        by=world.people["ann"], community=world.community, title="Cats",
        description=Body.of_markdown(""), nsfw=False, posting_restricted=False, indexable=False,
    )  # fmt: skip
    await world.perform(edit)
    for path in ("/c/cats", f"/post/{post.id}", f"/comment/{answer.id}"):
        assert (await head(world, path))["robots"] == "noindex"
    assert "/c/cats" not in (await world.browser().get("/sitemap.xml")).html


async def test_a_site_asks_search_engines_and_ai_crawlers_to_stay_away(world: World) -> None:
    guest = world.browser()
    text = (await guest.get("/robots.txt")).html
    assert f"Sitemap: {ORIGIN}/sitemap.xml" in text
    assert "Disallow: /settings" in text
    assert "GPTBot" not in text

    await world.instance.unit(lambda ctx: edit_site(ctx, search_engines=False, ai_crawlers=False))

    text = (await guest.get("/robots.txt")).html
    assert "Sitemap" not in text
    assert "User-agent: GPTBot" in text.partition("Disallow: /\n")[0]
    # They have to fetch pages, to read there that they are not to list them.
    assert "Disallow: /\n" not in text.partition("User-agent: *")[2]
    assert (await head(world, "/c/cats"))["robots"] == "noindex"
    assert (await guest.get("/sitemap.xml")).status == 404
    await world.instance.unit(lambda ctx: edit_site(ctx, private=True, federated=False))
    assert (await guest.get("/robots.txt")).html == "User-agent: *\nDisallow: /\n"


async def test_icons_are_made_from_the_logo(world: World) -> None:
    guest = world.browser()
    drawn = [
        (await guest.client.get(path)).content
        for path in ("/icons/32.png", "/favicon.ico", "/apple-touch-icon.png")
    ]
    assert (await guest.get("/icons/33.png")).status == 404

    logo = world.instance.pictures.store.keep(picture("WEBP"))
    await world.instance.unit(lambda ctx: set_logo(ctx.conn, logo, None))

    front = (await guest.get("/")).html
    assert f'<link rel="icon" href="/icons/32.png?v={logo[:12]}"' in front
    made = [
        (await guest.client.get(path)).content
        for path in ("/icons/32.png", "/favicon.ico", "/apple-touch-icon.png")
    ]
    assert all(one != other for one, other in zip(drawn, made, strict=True))


async def test_password_managers_find_the_form(world: World) -> None:
    found = await world.browser("bob").get("/.well-known/change-password")

    assert (found.status, found.location) == (303, "/settings/account#password")


async def test_a_post_is_shared_from_a_page_with_its_address(world: World) -> None:
    post = await world.post("Cats & dogs")

    page = await world.browser().get(f"/post/{post.id}/share?server=@ann@Mastodon.example")

    assert f'value="{post.iri}"' in page.html
    link = re.search(r'href="(https://mastodon.example/share\?[^"]*)"', page.html)
    assert link is not None
    assert parse_qs(urlsplit(unescape(link[1])).query) == {"text": [f"Cats & dogs\n{post.iri}"]}
    wrong = await world.browser().get(f"/post/{post.id}/share?server=no")
    assert wrong.status == 422
    assert "not a full server name" in wrong.text
