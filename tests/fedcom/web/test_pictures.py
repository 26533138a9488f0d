"""Pictures in forms: for posts, texts and profiles; an error loses none of the typed text."""

import html as entities
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from fedcom.accounts.delete_account import delete_account
from fedcom.background.housekeeping import clean_pictures
from fedcom.models.account import account
from fedcom.models.actor import actor
from fedcom.models.media import link_preview, media
from fedcom.queries.posts import get_post
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import World
from tests.support.pictures import bomb, draw, opened, picture

pytestmark = pytest.mark.anyio

POST = {"community": "cats", "title": "A cat", "url": "", "body": "Look.", "kept": "", "alt": ""}
ADDRESS = re.compile(r"https://forum\.example/media/[0-9a-f]{64}\.webp")


async def names(world: World) -> list[str]:
    rows = await world.instance.read(lambda conn: conn.execute(select(media.c.name)).all())
    return [row.name for row in rows]


async def test_a_post_is_created_from_a_picture_with_a_description(world: World) -> None:
    bob = world.browser("bob")
    fields = POST | {"alt": " A  cat ", "content_warning": "Claws"}

    sent = await bob.send("/submit", {"picture": picture("PNG", draw(300, 200))}, **fields)

    assert sent.status == 303, sent.text
    post = await world.instance.read(lambda conn: get_post(conn, sent.number()))
    assert ADDRESS.fullmatch(post.image_url or "")
    assert post.url == post.image_url
    assert (post.image_alt, post.content_warning, post.nsfw) == ("A cat", "Claws", True)
    name = (post.url or "").rpartition("/")[2]
    shown = await world.browser().client.get(f"/media/{name}")
    assert opened(shown.content).size == (300, 200)
    assert shown.headers["content-type"] == "image/webp"
    assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_a_picture_beside_a_link_does_not_take_its_place(world: World) -> None:
    fields = POST | {"url": "https://news.example/cats"}

    sent = await world.browser("bob").send("/submit", {"picture": picture()}, **fields)

    post = await world.instance.read(lambda conn: get_post(conn, sent.number()))
    assert post.url == "https://news.example/cats"
    assert ADDRESS.fullmatch(post.image_url or "")


async def test_a_picture_stays_selected_when_another_field_is_invalid(world: World) -> None:
    bob = world.browser("bob")

    refused = await bob.send("/submit", {"picture": picture()}, **POST | {"title": ""})

    assert refused.status == 422
    assert "Look.</textarea>" in refused.html
    [again] = await names(world) or [""]
    kept = f"https://forum.example/media/{again}"
    assert f'name="kept" value="{kept}"' in refused.html
    assert f'src="/media/{again}"' in refused.html
    sent = await bob.send("/submit", {}, **POST | {"kept": kept})
    post = await world.instance.read(lambda conn: get_post(conn, sent.number()))
    assert post.image_url == kept


async def test_a_picture_that_was_not_uploaded_is_refused(world: World) -> None:
    unknown = f"https://forum.example/media/{'0' * 64}.webp"

    for kept in (unknown, "https://peer.example/x.png", "nonsense"):
        sent = await world.browser("bob").send("/submit", {}, **POST | {"kept": kept})
        post = await world.instance.read(lambda conn, sent=sent: get_post(conn, sent.number()))
        assert post.image_url is None


async def test_an_edit_keeps_replaces_or_removes_the_picture(world: World) -> None:
    bob = world.browser("bob")
    sent = await bob.send("/submit", {"picture": picture()}, **POST | {"alt": "Cat"})
    path = f"{sent.location}/edit"
    form = await bob.get(path)
    kept = ADDRESS.search(form.html)
    assert kept
    same = POST | {"kept": kept[0], "alt": "Cat", "url": kept[0]}

    async def stored() -> tuple[str | None, str | None]:
        post = await world.instance.read(lambda conn: get_post(conn, sent.number()))
        return post.url, post.image_url

    await bob.send(path, {}, **same | {"title": "The cat"})
    assert await stored() == (kept[0], kept[0])
    await bob.send(path, {"picture": picture("JPEG", draw(90, 90))}, **same)
    url, other = await stored()
    assert url == other != kept[0]
    await bob.send(path, {}, **same | {"kept": other or "", "url": other or "", "no_picture": "on"})
    assert await stored() == (None, None)


async def test_two_members_may_post_the_same_picture(world: World) -> None:
    for name in ("bob", "eve"):
        sent = await world.browser(name).send("/submit", {"picture": picture()}, **POST)
        post = await world.instance.read(lambda conn, sent=sent: get_post(conn, sent.number()))
        assert ADDRESS.fullmatch(post.image_url or "")
    assert len(await names(world)) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Pictures must be JPEG"),
        (bomb(60_000, 60_000), "million pixels"),
        (picture("JPEG")[:300], "damaged"),
        (picture() + b"x" * 200_000, "at most 0 MB"),
    ],
)
async def test_errors_of_a_picture_are_shown_beside_its_field(
    world: World, content: bytes, message: str
) -> None:
    page = await world.browser("bob").send("/submit", {"picture": content}, **POST)

    assert page.status == 422
    error = re.search(r'<p class="error" id="e-picture">(.*?)</p>', page.html)
    assert error is not None
    assert message in error[1]
    assert "Look.</textarea>" in page.html
    assert await names(world) == []


async def test_an_upload_gives_back_the_line_that_shows_it(world: World) -> None:
    bob = world.browser("bob")

    page = await bob.send("/upload", {"picture": picture()}, alt="A [cat] \\o/")

    line = entities.unescape(re.findall(r'readonly value="(.*?)"', page.html)[0])
    assert line.startswith(r"![A \[cat\] \\o/](https://forum.example/media/")
    post = await world.post(body=Body.of_markdown(line))
    shown = await bob.get(f"/post/{post.id}")
    [name] = await names(world)
    assert f'src="/media/{name}"' in shown.html
    assert 'alt="A [cat] \\o/"' in shown.html
    missing = await bob.send("/upload", {}, alt="")
    assert missing.status == 422


async def test_every_form_of_a_text_takes_a_picture_for_it(world: World) -> None:
    post = await world.post()
    comment, bob = await world.comment(post), world.browser("bob")
    message = (await bob.post("/messages/eve", body="Hello")).location.rpartition("-")[2]
    fields = {"title": "Cats", "community": "cats", "body": "Look:", "image_alt": "A [cat]"}
    for path in (
        *(f"/post/{post.id}/comment", f"/comment/{comment.id}/edit", f"/post/{post.id}/edit"),
        *("/submit", "/messages/eve", f"/message/{message}/edit"),
    ):
        page = await bob.send(path, {"image": picture()}, **fields, attach="1")
        text = re.search(r'name="body"[^>]*>\n([^<]*)</textarea>', page.html)
        assert page.status == 200, path
        assert text is not None
        assert re.fullmatch(r"Look:\n\n!\[A \\\[cat\\\]\]\(\S*/media/\S*\)", text[1]), path
        missing = await bob.post(path, **fields, attach="1")
        assert (missing.status, 'id="e-image"' in missing.html) == (422, True), path
        assert "Look:</textarea>" in missing.html, path
        sent = await bob.send(path, {"image": picture()}, **fields)
        assert sent.status == 303, (path, sent.text)
        assert 'alt="A [cat]"' in (await bob.get(sent.location)).html, path


async def test_remote_pictures_are_proxied(world: World) -> None:
    text = "![cat](https://peer.example/cat.png?a=1&b=%20) and `<img src=x>`"
    post = await world.post(body=Body.of_markdown(text))

    page = await world.browser().get(f"/post/{post.id}")

    [source] = re.findall(r'<img src="([^"]*)"', page.html)
    assert source.startswith("/media/remote?url=https%3A%2F%2Fpeer.example%2Fcat.png%3Fa%3D1%26")
    assert "img-src 'self'" in page.headers["content-security-policy"]
    forged = await world.browser().get("/media/remote?url=https://peer.example/x&size=full&sig=x")
    assert forged.status == 404


async def test_avatar_and_banner_are_changed_and_removed(world: World) -> None:
    bob = world.browser("bob")
    files = {"icon": picture("PNG", draw(500, 400)), "banner": picture("PNG", draw(900, 400))}

    assert (await bob.send("/settings/pictures", files)).status == 303

    async def stored() -> tuple[str | None, str | None]:
        statement = select(actor.c.icon_url, actor.c.image_url).where(actor.c.name == "bob")
        row = await world.instance.read(lambda conn: conn.execute(statement).one())
        return row.icon_url, row.image_url

    icon, banner = await stored()
    assert icon
    assert banner
    page = await world.browser().get("/u/bob")
    assert f'src="{icon.removeprefix("https://forum.example")}"' in page.html
    assert f'src="{banner.removeprefix("https://forum.example")}"' in page.html
    await bob.send("/settings/pictures", {}, no_icon="on")
    assert await stored() == (None, banner)


async def test_only_moderators_change_the_pictures_of_a_community(world: World) -> None:
    files = {"icon": picture()}

    assert (await world.browser("bob").send("/c/cats/pictures", files)).status == 403
    assert (await world.browser("mia").send("/c/cats/pictures", files)).status == 303
    assert 'class="face large square' in (page := (await world.browser().get("/c/cats")).html)
    assert re.search(r'<img src="/media/[0-9a-f]{64}\.webp" alt="">', page)


async def test_only_the_admin_changes_the_logo(world: World) -> None:
    files = {"logo": picture()}

    assert (await world.browser("mia").send("/admin/logo", files)).status == 403
    assert (await world.browser("ann").send("/admin/logo", files)).status == 303
    assert re.search(r'href="/"><img src="/media/', (await world.browser().get("/")).html)
    await world.browser("ann").send("/admin/logo", {}, no_logo="on")
    assert "/media/" not in (await world.browser().get("/communities")).html


async def test_a_picture_that_is_sent_twice_is_one_upload(world: World) -> None:
    bob, chosen = world.browser("bob"), {"picture": picture()}

    first, second = [await bob.send("/upload", chosen, alt="A cat") for _ in range(2)]

    assert ADDRESS.search(first.html)
    assert ADDRESS.findall(first.html) == ADDRESS.findall(second.html)
    assert len(await names(world)) == 1


async def test_members_see_and_delete_only_their_own_uploads(world: World) -> None:
    bob, eve = world.browser("bob"), world.browser("eve")
    assert "No pictures" in (await bob.get("/settings/uploads")).text
    await bob.send("/upload", {"picture": picture("PNG", draw(200, 200))}, alt="")
    [name] = await names(world)

    assert name in (await bob.get("/settings/uploads")).html
    assert name not in (await eve.get("/settings/uploads")).html
    assert (await eve.post("/settings/uploads/delete", name=name)).status == 403
    assert (await bob.post("/settings/uploads/delete", name=name)).status == 303
    assert (await bob.get(f"/media/{name}")).status == 404
    assert list(world.instance.pictures.store.files()) == []
    assert (await bob.post("/settings/uploads/delete", name=name)).status == 404


async def test_too_many_uploads_at_once_get_a_retry_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fedcom.media.pictures.MAX_WAITING", 0)

    answer = await world.browser("bob").send("/upload", {"picture": picture()}, alt="A cat")

    assert answer.status == 503
    assert "Too many pictures are being uploaded right now." in answer.text
    assert 'value="A cat"' in answer.html


async def test_a_guest_sends_no_pictures(world: World) -> None:
    guest = world.browser()

    assert (await guest.send("/login", {"picture": b"x" * 2_000_000})).status == 413
    guest.client.cookies.set(guest.cookie, "made-up")
    assert (await guest.send("/login", {"picture": b"x" * 2_000_000})).status == 413
    assert (await guest.send("/upload", {"picture": picture()})).location.startswith("/login")


async def test_uploads_are_limited(world: World) -> None:
    bob = world.browser("bob")
    for _ in range(20):
        await bob.send("/upload", {"picture": b"not a picture"}, alt="")

    assert (await bob.send("/upload", {"picture": picture()}, alt="")).status == 429
    world.instance.clock.advance(seconds=3601)
    assert (await bob.send("/upload", {"picture": picture()}, alt="")).status == 200


async def test_a_form_that_is_cut_off_is_refused(world: World) -> None:
    bob = world.browser("bob")
    for body in (b"", b"--x\r\nContent-Disposition: form-data; name", b"--y--", b"\0" * 1000):
        sent = await bob.client.post(
            "/upload",
            content=body,
            headers={
                "Content-Type": "multipart/form-data; boundary=x",
                "Sec-Fetch-Site": "same-origin",
            },
        )
        assert sent.status_code in {400, 403}


async def test_pictures_in_the_admins_texts_are_kept(world: World) -> None:
    ann, places = world.browser("ann"), ("/admin/pages/about", "/admin/announcement")
    for number, path in enumerate(places):
        chosen = {"picture": picture("PNG", draw(200 + number, 200))}
        shown = ADDRESS.search((await ann.send("/upload", chosen, alt="")).html)
        assert shown
        await ann.post(path, body=f"![]({shown[0]})")

    assert len(await after(world, 1.1)) == 2
    for path in places:
        await ann.post(path, body="")
    assert await after(world, 1.1) == set()


async def test_unused_pictures_are_deleted_after_a_day(world: World) -> None:
    bob, instance = world.browser("bob"), world.instance
    used, unused, in_comment = (picture("PNG", draw(200 + n, 200)) for n in range(3))
    sent = await bob.send("/submit", {"picture": used}, **POST)
    await bob.send("/upload", {"picture": unused}, alt="")
    written = await bob.send("/upload", {"picture": in_comment}, alt="")
    post = await instance.read(lambda conn: get_post(conn, sent.number()))
    shown = ADDRESS.search(written.html)
    assert shown
    await world.comment(post, f"![]({shown[0]})", by="eve")
    kept = {(post.url or "").rpartition("/")[2], shown[0].rpartition("/")[2]}

    assert len(await after(world, 0.9)) == 3
    assert await after(world, 0.2) == kept
    await bob.post(f"/post/{post.id}/delete")
    assert await after(world, 0.5) == kept
    assert await after(world, 0.6) == {shown[0].rpartition("/")[2]}


async def after(world: World, days: float) -> set[str]:
    """The pictures that remain after this number of days and a run of housekeeping."""
    instance = world.instance
    instance.clock.advance(seconds=timedelta(days=days).total_seconds())
    # The files' own times are those of the machine's clock.
    for name, *_ in instance.pictures.store.files():
        path = instance.pictures.store.folder / name
        path.touch()
    store = instance.pictures.store
    await clean_pictures(instance.database, store, instance.settings, instance.clock())
    return set(await names(world))


async def test_pictures_of_deleted_members_are_deleted_with_their_content(world: World) -> None:
    bob = world.browser("bob")
    face, posted, shown = (picture("PNG", draw(300 + n, 300)) for n in range(3))
    await bob.send("/settings/pictures", {"icon": face})
    sent = await bob.send("/submit", {"picture": posted}, **POST)
    post = await world.instance.read(lambda conn: get_post(conn, sent.number()))
    written = ADDRESS.search((await bob.send("/upload", {"picture": shown}, alt="")).html)
    assert written
    await world.comment(post, f"![]({written[0]})", by="bob")
    assert len(await after(world, 60)) == 3

    leaving = world.people["bob"].id
    await world.instance.unit(lambda ctx: delete_account(ctx, leaving, removes_content=True))
    assert await after(world, 1.1) == set()


async def test_an_old_picture_goes_too_when_nothing_shows_it_any_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fedcom.media.records.TURNS", 10**9)  # no owner yet
    bob = world.browser("bob")
    for colour in ("red", "green", "white"):
        await bob.send("/settings/pictures", {"icon": picture("PNG", draw(300, 300, colour))})
    assert len(await after(world, 60)) == 3

    monkeypatch.setattr("fedcom.media.records.TURNS", 3)
    for _ in range(3):
        left = await after(world, 1 / 24)
    assert len(left) == 1


async def test_lists_and_the_page_show_the_picture_of_a_post(world: World) -> None:
    sent = await world.browser("bob").send(
        "/submit", {"picture": picture("PNG", draw(300, 200))}, **POST | {"alt": "A <cat>"}
    )
    guest = world.browser()
    [row] = await world.instance.read(lambda conn: conn.execute(select(media)).all())

    page = (await guest.get(sent.location)).html
    assert f'<img src="/media/{row.name}" alt="A &lt;cat&gt;" width="300" height="200">' in page
    assert '<h1 dir="auto"><span>A cat</span></h1>' in page
    for path in ("/", "/c/cats", "/u/bob"):
        shown = (await guest.get(path)).html
        assert f'<h2 dir="auto"><a href="{sent.location}">A cat</a></h2>' in shown
        assert f'<a class="thumb" href="{sent.location}"' in shown
        assert f'src="/media/{row.thumbnail}"' in shown


async def test_sensitive_pictures_are_hidden_unless_the_member_wants_to_see_them(
    world: World,
) -> None:
    fields = POST | {"nsfw": "on"}
    sent = await world.browser("bob").send("/submit", {"picture": picture()}, **fields)
    eve = world.browser("eve")

    assert "blurred" in (await eve.get("/c/cats")).html
    assert "Sensitive picture</summary>" in (await eve.get(sent.location)).html
    eve_id = world.people["eve"].id
    await world.instance.unit(
        lambda ctx: ctx.conn.execute(
            update(account).where(account.c.actor_id == eve_id).values(show_nsfw=True)
        )
    )
    assert "blurred" not in (await eve.get("/c/cats")).html
    assert "Sensitive picture</summary>" not in (await eve.get(sent.location)).html


async def test_a_link_is_shown_with_its_pages_title_and_description(world: World) -> None:
    post = await world.post(url="https://news.example/cats", body=Body.of_markdown(""))
    preview = {"state": "done", "title": "Cats <sleep>", "description": "All day & night"}
    await world.instance.unit(
        lambda ctx: ctx.conn.execute(
            update(link_preview).where(link_preview.c.post_id == post.id).values(**preview)
        )
    )

    page = (await world.browser().get(f"/post/{post.id}")).html

    assert '<a class="link-card" href="https://news.example/cats" rel=' in page
    assert "<strong>Cats &lt;sleep&gt;</strong>" in page
    assert "All day &amp; night" in page
