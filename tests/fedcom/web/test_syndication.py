"""Feeds: valid documents with exactly the content that a guest may see."""

from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import update

from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity
from fedcom.actions.delete import Delete
from fedcom.actions.remove import RemoveContent
from fedcom.models.actor import actor, community
from fedcom.models.comment import comment as comments
from fedcom.models.post import post as posts
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import World
from tests.support.people import NO_KEY

pytestmark = pytest.mark.anyio

ATOM = "{http://www.w3.org/2005/Atom}"
LISTS = ("/feeds/all", "/feeds/local", "/feeds/c/cats", "/feeds/u/bob")


async def read(world: World, path: str) -> ET.Element:
    answer = await world.browser().get(path)
    assert answer.status == 200, (path, answer.html)
    return ET.fromstring(answer.html.encode())


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_every_list_has_an_rss_feed_with_ids_dates_and_text(world: World) -> None:
    post = await world.post(
        'Cats & "dogs" <3', url="https://news.example/a?b=1&c=2", body=Body.of_markdown("*Yes*")
    )
    for path in LISTS:
        root = await read(world, f"{path}.xml")
        assert (root.tag, root.get("version")) == ("rss", "2.0")
        channel = root.find("channel")
        assert channel is not None
        for name in ("title", "link", "description"):
            assert channel.findtext(name), (path, name)
        own = channel.find(f"{ATOM}link")
        assert own is not None
        assert own.get("href") == f"https://forum.example{path}.xml"
        (item,) = channel.findall("item")
        assert item.findtext("title") == 'Cats & "dogs" <3'
        assert item.findtext("guid") == post.iri
        assert item.findtext("link") == f"https://forum.example/post/{post.id}"
        html = item.findtext("description") or ""
        assert "<em>Yes</em>" in html
        assert 'href="https://news.example/a?b=1&amp;c=2"' in html
        assert parsedate_to_datetime(item.findtext("pubDate") or "") == post.published_at


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_has_an_atom_feed_too(world: World, path: str) -> None:
    post = await world.post("Cats & dogs")
    root = await read(world, f"{path}.atom?sort=Hot")

    assert root.tag == f"{ATOM}feed"
    assert root.findtext(f"{ATOM}id") == f"https://forum.example{path}.atom?sort=Hot"
    (entry,) = root.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == post.iri
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "bob@forum.example"
    for one in (root, entry):
        assert datetime.fromisoformat(one.findtext(f"{ATOM}updated") or "") == post.published_at
    content = entry.find(f"{ATOM}content")
    assert content is not None
    assert (content.get("type"), "<p>" in (content.text or "")) == ("html", True)


async def test_the_comments_of_a_thread_are_a_feed(world: World) -> None:
    post = await world.post("About cats")
    first = await world.comment(post, "First")
    world.instance.clock.advance(minutes=1)
    second = await world.comment(post, "Second", first, by="eve")
    gone = await world.comment(post, "Gone")
    await world.perform(Delete(by=world.people["bob"], target=gone))

    root = await read(world, f"/feeds/post/{post.id}.xml")
    assert [item.findtext("guid") for item in root.iter("item")] == [second.iri, first.iri]
    assert "eve on About cats" in [item.findtext("title") for item in root.iter("item")]
    await world.perform(RemoveContent(by=world.people["mia"], target=post))
    assert (await world.browser().get(f"/feeds/post/{post.id}.xml")).status == 410


@pytest.mark.parametrize("path", ["/feeds/modlog", "/feeds/c/cats/modlog"])
async def test_the_modlog_is_a_feed(world: World, path: str) -> None:
    post = await world.post("Buy <now>")
    await world.perform(RemoveContent(by=world.people["mia"], target=post, reason="Spam & more"))

    item = next((await read(world, f"{path}.xml")).iter("item"))
    page = f"https://forum.example{path.removeprefix('/feeds')}"
    assert (item.findtext("title"), item.findtext("link")) == (
        "removed a post by bob@forum.example",
        page,
    )
    assert (item.findtext("guid") or "").startswith(f"{page}#")
    assert item.findtext("description") == "<p>Spam &amp; more</p>"
    entry = (await read(world, f"{path}.atom")).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "mia@forum.example"
    assert entry.findtext(f"{ATOM}author/{ATOM}uri") == "https://forum.example/u/mia"
    assert f"{path}.atom" in (await world.browser().get(page)).html


async def test_a_community_has_nothing_of_another_in_the_feed_of_its_log(world: World) -> None:
    post = await world.post("Spam")
    await world.perform(
        CreateCommunity(by=world.people["bob"], name="dogs", title="Dogs", key=NO_KEY)
    )
    await world.perform(RemoveContent(by=world.people["mia"], target=post))

    assert list((await read(world, "/feeds/c/dogs/modlog.xml")).iter("item")) == []


async def test_a_feed_has_the_content_warning_in_place_of_the_text(world: World) -> None:
    post = await world.post("About cats")
    action = CreateComment(
        by=world.people["bob"],
        post=post,
        parent=None,
        body=Body.of_markdown("A dog bites"),
        content_warning="Dogs & <teeth>",
    )
    await world.perform(action)

    for ending in ("xml", "atom"):
        page = await world.browser().get(f"/feeds/post/{post.id}.{ending}")
        assert "A dog bites" not in page.html
        assert "Dogs &amp;amp; &amp;lt;teeth" in page.html


async def test_deleted_and_removed_content_is_in_no_feed(world: World) -> None:
    post = await world.post("Secret")
    await world.perform(Delete(by=world.people["bob"], target=post))
    for path in LISTS:
        assert "Secret" not in (await world.browser().get(f"{path}.xml")).html
    await world.post("Another")
    closed = update(community).values(removed_at=world.instance.clock())
    await world.instance.unit(lambda ctx: ctx.conn.execute(closed))
    for path in ("/feeds/all", "/feeds/local", "/feeds/u/bob"):
        assert "Another" not in (await world.browser().get(f"{path}.xml")).html
    assert (await world.browser().get("/feeds/c/cats.xml")).status == 410
    assert (await world.browser().get("/feeds/c/nobody.xml")).status == 404


async def test_sensitive_posts_are_marked_where_they_are_listed(world: World) -> None:
    await world.post("Bare", nsfw=True)

    assert "Bare" not in (await world.browser().get("/feeds/all.xml")).html
    (item,) = (await read(world, "/feeds/c/cats.xml")).iter("item")
    assert (item.findtext("title"), item.findtext("category")) == ("[NSFW] Bare", "NSFW")


async def test_a_member_gets_the_same_feed_as_a_guest(world: World) -> None:
    await world.post()
    member, guest = world.browser("bob"), world.browser()

    pages = [await browser.get("/feeds/all.xml") for browser in (member, guest)]

    assert pages[0].html == pages[1].html
    assert pages[0].headers["cache-control"] == "public, max-age=300"
    assert "set-cookie" not in pages[0].headers


async def test_a_conditional_request_gets_304(world: World) -> None:
    await world.post()
    browser = world.browser()
    first = await browser.get("/feeds/all.xml")
    tag, date = first.headers["etag"], first.headers["last-modified"]

    for headers in ({"If-None-Match": tag}, {"If-None-Match": f'"x", {tag}'}):
        answer = await browser.get("/feeds/all.xml", **headers)
        assert (answer.status, answer.html, answer.headers["etag"]) == (304, "", tag)
    assert (await browser.get("/feeds/all.xml", If_Modified_Since=date)).status == 304
    no_dates = "yesterday", "Mon, 01 Jan 2024 00:00:00 -2500", "Mon, 01 Jan 99999999999999999999"
    for date_text in (*no_dates, f"{no_dates[-1]} 00:00:00 GMT"):
        assert (await browser.get("/feeds/all.xml", If_Modified_Since=date_text)).status == 200
    both = {"If-None-Match": '"x"', "If-Modified-Since": date}
    assert (await browser.get("/feeds/all.xml", **both)).status == 200

    world.instance.clock.advance(seconds=2)
    await world.post("Later")
    assert (await browser.get("/feeds/all.xml", If_None_Match=tag)).status == 200
    assert (await browser.get("/feeds/all.xml", If_Modified_Since=date)).status == 200


async def test_the_title_of_a_feed_is_in_the_requested_language(world: World) -> None:
    for asked, title in (
        ("de-AT, en;q=0.5", "Forum: lokale Beiträge"),
        ("fr", "Forum: local posts"),
    ):
        answer = await world.browser().get("/feeds/local.xml", Accept_Language=asked)
        assert f"<title>{title}</title>" in answer.html
        assert "Accept-Language" in answer.headers["vary"]


async def test_no_text_of_an_author_breaks_the_document(world: World) -> None:
    post = await world.post()
    comment = await world.comment(post)
    bad = "a\x01\ufffe]]></description><item/>&nbsp; \U0001f600"

    def spoil(ctx: object) -> None:
        conn = ctx.conn
        conn.execute(update(posts).values(title=bad, body_html=bad, url=f"javascript:{bad}"))
        conn.execute(update(comments).values(body_html=bad))
        conn.execute(update(actor).values(title=bad, summary_html=bad))

    await world.instance.unit(spoil)
    for path in (*LISTS, f"/feeds/post/{post.id}"):
        (item,) = (await read(world, f"{path}.xml")).iter("item")
        html = item.findtext("description") or ""
        assert "\U0001f600" in html
        assert 'href="javascript' not in html
        await read(world, f"{path}.atom")
    assert comment.id


async def test_pages_link_to_their_feed(world: World) -> None:
    post = await world.post()
    where = {"/": "all", "/?list=local": "local", "/c/cats": "c/cats", "/u/bob": "u/bob"}
    for page, feed in {**where, f"/post/{post.id}": f"post/{post.id}"}.items():
        html = (await world.browser().get(page)).html
        for ending in ("xml", "atom"):
            assert f'href="/feeds/{feed}.{ending}"' in html
            assert (await world.browser().get(f"/feeds/{feed}.{ending}")).status == 200


async def test_dates_of_feeds_are_written_as_the_standard_says(world: World) -> None:
    await world.post()
    answer = await world.browser().get("/feeds/all.xml")

    assert format_datetime(world.instance.clock(), usegmt=True) == answer.headers["last-modified"]
    assert "<pubDate>Thu, 01 Jan 2026 12:00:00 GMT</pubDate>" in answer.html
