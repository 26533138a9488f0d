"""Becoming a member: open registration, an application, an invitation."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest

from fedcom.accounts.invitations import InvitationTerms, create_invitation, list_invitations
from fedcom.site.settings import edit_site, edit_welcome, set_hue
from fedcom.wire.body import Body
from tests.fedcom.web.browser import Page
from tests.fedcom.web.conftest import World

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True),
]

PASSWORD = "correct horse battery"


def link_to(page: Page, path: str) -> str:
    """The address of the link that a reader would click."""
    found = re.search(rf'href="({re.escape(path)}[^"]*)"', page.html)
    assert found is not None, path
    return unescape(found[1])


def hidden(page: Page, action: str) -> dict[str, str]:
    """The hidden fields of the form."""
    form = page.html[page.html.index(f'action="{action}"') :].partition("</form>")[0]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def required(page: Page, action: str) -> list[str]:
    """The required fields of the form."""
    form = page.html[page.html.index(f'action="{action}"') :].partition("</form>")[0]
    tags = re.findall(r"<(?:input|textarea)[^>]*\srequired[^>]*>", form)
    return [found[1] for tag in tags if (found := re.search(r'name="(\w+)"', tag))]


async def invite(world: World, **terms: object) -> str:
    by = world.people["ann"].id
    return await world.instance.unit(
        lambda ctx: create_invitation(ctx.conn, by, InvitationTerms(**terms), ctx.now).code
    )


async def test_a_newcomer_comments_after_four_clicks_and_three_fields(world: World) -> None:
    post = await world.post("Cats sleep")
    guest = world.browser()
    clicks: Iterator[int] = iter(range(1, 7))
    fields: list[str] = []

    front = await guest.get("/")
    next(clicks)
    thread = await guest.get(link_to(front, f"/post/{post.id}"))
    next(clicks)
    sign_up = await guest.get(link_to(thread, "/register?next="))
    fields += required(sign_up, "/register")
    typed = {"name": "zoe", "password": PASSWORD}
    clicked = next(clicks)
    world.instance.clock.advance(seconds=20)
    sent = await guest.post("/register", **hidden(sign_up, "/register"), **typed)
    assert sent.location == f"/post/{post.id}"
    back = await guest.get(sent.location)
    action = f"/post/{post.id}/comment"
    fields += required(back, action)
    clicked = next(clicks)
    response = await guest.post(action, **{**hidden(back, action), "body": "They do."})

    assert response.status == 303
    assert "They do." in (await guest.get(response.location)).text
    assert (clicked, fields) == (4, ["name", "password", "body"])


async def test_the_rules_stand_at_the_sign_up_and_beside_the_front_page(world: World) -> None:
    rules = Body.of_markdown("Be **kind**.")
    await world.instance.unit(lambda ctx: edit_welcome(ctx.conn, rules=rules))
    for path in ("/", "/register"):
        assert "<strong>kind</strong>" in (await world.browser().get(path)).html


async def test_applicants_see_the_admins_question(world: World) -> None:
    def ask(ctx):
        edit_site(ctx, registration="approval")
        edit_welcome(ctx.conn, question="Which cat is yours?")

    await world.instance.unit(ask)
    assert "Which cat is yours?" in (await world.browser().get("/register")).text
    page = await world.browser().post("/register", name="zoe", password=PASSWORD)
    assert (page.status, 'id="e-application"' in page.html) == (422, True)


@pytest.mark.parametrize("mode", ["closed", "approval", "open"])
async def test_invited_people_can_sign_up_in_any_mode(world: World, mode: str) -> None:
    await world.instance.unit(lambda ctx: edit_site(ctx, registration=mode))
    code = await invite(world)
    guest = world.browser()
    page = await guest.get(f"/register?invitation={code}&next=/c/cats")
    assert "been invited" in page.text
    assert required(page, "/register") == ["name", "password"]

    world.instance.clock.advance(seconds=20)
    page = await guest.post("/register", **hidden(page, "/register"), name="zoe", password="short")
    assert page.status == 422
    again = hidden(page, "/register")
    sent = await guest.post("/register", **again, name="zoe", password=PASSWORD)

    assert sent.location == "/c/cats"
    assert "zoe" in (await guest.get("/c/cats")).text
    [left] = await world.instance.read(list_invitations)
    assert left.uses_left == 0


async def test_an_invalid_invitation_code_shows_the_reason(world: World) -> None:
    await world.instance.unit(lambda ctx: edit_site(ctx, registration="closed"))
    once = await invite(world)
    soon = await invite(world, expires_at=world.instance.clock() + timedelta(days=1))
    typed = {"password": PASSWORD, "invitation": once}
    assert (await world.browser().post("/register", name="zoe", **typed)).status == 303
    world.instance.clock.advance(days=2)
    for code, message in (
        (once, "has been used up"),
        (soon, "has expired"),
        ("nonsense", "invitation does not exist"),
    ):
        page = await world.browser().get(f"/register?invitation={code}")
        assert message in page.text
        assert "accepting new members" in page.text
        typed = {"password": PASSWORD, "invitation": code}
        page = await world.browser().post("/register", name="max", **typed)
        assert message in page.text
        assert page.status in {403, 404}


async def test_an_invalid_code_does_not_matter_if_registration_is_open(world: World) -> None:
    page = await world.browser().get("/register?invitation=nonsense")
    assert "invitation does not exist" in page.text
    world.instance.clock.advance(seconds=20)
    fields = hidden(page, "/register")
    assert "invitation" not in fields
    sent = await world.browser().post("/register", **fields, name="zoe", password=PASSWORD)
    assert sent.status == 303


async def test_a_taken_name_does_not_use_up_the_invitation(world: World) -> None:
    code = await invite(world)
    page = await world.browser().post("/register", name="bob", password=PASSWORD, invitation=code)
    assert (page.status, f'value="{code}"' in page.html) == (409, True)
    [left] = await world.instance.read(list_invitations)
    assert left.uses_left == 1


async def test_the_page_has_the_colour_of_the_site(world: World) -> None:
    plain = await world.browser().get("/")
    assert "hue=" not in link_to(plain, "/static/style.css")
    await world.instance.unit(lambda ctx: set_hue(ctx.conn, 300))
    address = link_to(await world.browser().get("/"), "/static/style.css")
    assert address.endswith("&hue=300")
    sheet = await world.browser().get(address)
    assert "#ae19ae" in sheet.html
    assert "immutable" in sheet.headers["cache-control"]
    for odd in ("360", "-1", "x", "²", "9999999"):
        sheet = await world.browser().get(f"/static/style.css?v=1&hue={odd}")
        assert (sheet.status, "#ae19ae" in sheet.html) == (200, False)


async def test_the_honeypot_field_is_hidden_from_sight_keyboard_and_screen_readers(
    world: World,
) -> None:
    html = (await world.browser().get("/register")).html
    bait = re.search(r'<div class="(\w+)" aria-hidden="true">(.*?)</div>', html, re.DOTALL)
    assert bait is not None
    assert 'name="homepage" tabindex="-1" autocomplete="off"' in bait[2]
    assert (bait[1], "style=" in bait[2]) == ("sr", False)


async def test_a_filled_honeypot_field_is_refused(world: World) -> None:
    guest = world.browser()
    typed = {"name": "zoe", "password": PASSWORD, "email": "z@mail.example"}
    page = await guest.post("/register", **typed, homepage="https://spam.example")

    assert (page.status, guest.token) == (422, None)
    assert "Please send the form again" in page.text
    assert "spam.example" not in page.html
    for value in typed.values():
        assert f'value="{value}"' in page.html
    again = await guest.post("/register", **typed, **hidden(page, "/register"))
    assert again.status == 303


async def test_a_form_sent_too_quickly_can_be_resent_without_loss(world: World) -> None:
    guest = world.browser()
    typed = {"name": "zoe", "password": PASSWORD, "email": "z@mail.example"}
    page = await guest.get("/register")
    world.instance.clock.advance(seconds=1.9)
    page = await guest.post("/register", **typed, **hidden(page, "/register"))
    assert (page.status, guest.token) == (422, None)
    assert "Please wait a moment" in page.text
    for value in typed.values():
        assert f'value="{value}"' in page.html
    world.instance.clock.advance(seconds=0.2)
    assert (await guest.post("/register", **typed, **hidden(page, "/register"))).status == 303


@pytest.mark.parametrize("stamp", ["", "0.x", "1767268800000.", "é.é", "99999999999999999999.x"])
async def test_a_time_that_we_did_not_sign_is_ignored(world: World, stamp: str) -> None:
    page = await world.browser().post("/register", name="zoe", password=PASSWORD, shown_at=stamp)
    assert (page.status, "Please send it again" in page.text) == (422, True)


async def test_a_form_that_was_open_for_days_gets_a_new_time(world: World) -> None:
    guest = world.browser()
    typed = {"name": "zoe", "password": PASSWORD}
    page = await guest.get("/register")
    world.instance.clock.advance(days=2)
    page = await guest.post("/register", **typed, **hidden(page, "/register"))
    assert (page.status, "was open for a long time" in page.text) == (422, True)
    world.instance.clock.advance(seconds=3)
    assert (await guest.post("/register", **typed, **hidden(page, "/register"))).status == 303
