"""A member's settings: appearance, password, address, sessions."""

import re

import pytest

from fedcom.accounts.members import get_account, set_password
from fedcom.accounts.passwords import hash_password
from fedcom.accounts.sessions import create_session, issue_token
from fedcom.models.account import Account
from fedcom.personal.preferences import FRONT_SCOPES, FRONT_SORTS, THEMES
from tests.fedcom.web.browser import Browser
from tests.fedcom.web.conftest import World

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True),
]

OLD, NEW = "correct horse battery", "a better staple now"
CHOSEN = {
    "theme": "dark",
    "interface_language": "",
    "front_scope": "local",
    "front_sort": "new",
    "compact_lists": "on",
    "show_nsfw": "on",
}


async def account_of(world: World, name: str) -> Account:
    return await world.instance.read(lambda conn: get_account(conn, world.people[name].id))


async def with_password(world: World, name: str) -> Browser:
    """A browser of `name`, whose password is OLD."""
    person, hashed = world.people[name].id, hash_password(OLD)
    await world.instance.unit(lambda ctx: set_password(ctx.conn, person, hashed))
    token = await world.instance.unit(
        lambda ctx: create_session(ctx.conn, person, "Mozilla/5.0 (X11; Linux) Firefox/1", ctx.now)
    )
    world.tokens[name] = token
    return world.browser(name)


async def test_preferences_are_stored_and_the_theme_is_on_every_page(world: World) -> None:
    bob = world.browser("bob")
    assert "data-theme" not in (await bob.get("/")).html
    sent = await bob.post("/settings/appearance", **CHOSEN)
    assert sent.location == "/settings/appearance"
    for path in ("/", "/settings/appearance", "/nowhere"):
        assert '<html lang="en" dir="ltr" data-theme="dark">' in (await bob.get(path)).html, path
    page = await bob.get("/settings/appearance")
    for chosen in ("dark", "local", "new"):
        assert f'value="{chosen}" selected' in page.html
    mine = await account_of(world, "bob")
    assert (mine.front_scope, mine.front_sort) == ("local", "new")
    assert (mine.compact_lists, mine.show_nsfw, mine.mail_notifications) == (True, True, False)
    assert "data-theme" not in (await world.browser("eve").get("/")).html


async def test_the_page_offers_all_choices(world: World) -> None:
    html = (await world.browser("bob").get("/settings/appearance")).html
    offers = {"theme": THEMES, "front_scope": FRONT_SCOPES, "front_sort": FRONT_SORTS}
    for field, values in offers.items():
        choice = html.partition(f'<select id="f-{field}"')[2].partition("</select>")[0]
        assert set(re.findall('value="([^"]*)"', choice)) == set(values), field


@pytest.mark.parametrize("field", ["theme", "front_scope", "front_sort", "interface_language"])
async def test_a_value_that_is_not_offered_is_refused_beside_its_field(
    world: World, field: str
) -> None:
    page = await world.browser("bob").post("/settings/appearance", **{**CHOSEN, field: "no thing"})
    assert page.status == 422
    assert f'id="e-{field}"' in page.html
    assert re.search('name="compact_lists" checked', page.html)
    assert (await account_of(world, "bob")).theme == "auto"


async def test_a_new_password_needs_the_old_one_and_ends_the_other_sessions(world: World) -> None:
    elsewhere = await with_password(world, "bob")
    bob = await with_password_kept(world, elsewhere)
    page = await bob.post("/settings/password", current_password="wrong", password=NEW)
    assert (page.status, "The password is wrong" in page.text) == (403, True)
    page = await bob.post("/settings/password", current_password=OLD, password="short")
    assert (page.status, 'id="e-password"' in page.html) == (422, True)
    assert "Settings" in (await elsewhere.get("/")).text

    sent = await bob.post("/settings/password", current_password=OLD, password=NEW)

    assert sent.location == "/settings/account"
    assert "Password changed" in (await bob.get(sent.location)).text
    assert "Settings" not in (await elsewhere.get("/")).text
    guest = world.browser()
    assert (await guest.post("/login", name="bob", password=OLD)).status == 403
    assert (await guest.post("/login", name="bob", password=NEW)).status == 303


async def with_password_kept(world: World, other: Browser) -> Browser:
    """Another browser of bob's, who stays logged in in `other`."""
    person = world.people["bob"].id
    token = await world.instance.unit(lambda ctx: create_session(ctx.conn, person, "", ctx.now))
    return Browser(world.app, world.instance.settings.origin, other.cookie, token)


async def test_guessing_the_password_in_the_settings_is_limited(world: World) -> None:
    bob = await with_password(world, "bob")
    for _ in range(25):
        page = await bob.post("/settings/email", email="b@mail.example", email_password="wrong")
        assert page.status == 403
    page = await bob.post("/settings/email", email="b@mail.example", email_password=OLD)
    assert (page.status, page.headers["retry-after"]) == (429, "3600")
    assert 'value="b@mail.example"' in page.html


async def test_an_address_is_set_with_the_password(world: World) -> None:
    bob = await with_password(world, "bob")
    page = await bob.post("/settings/email", email="Bob@Mail.example", email_password="")
    assert (page.status, 'value="Bob@Mail.example"' in page.html) == (403, True)
    await bob.post("/settings/email", email="Bob@Mail.example", email_password=OLD)
    kept = await account_of(world, "bob")
    # This server sends no mail, so no address can be confirmed.
    assert (kept.email, kept.unconfirmed_email) == (None, "bob@mail.example")
    assert 'value="bob@mail.example"' in (await bob.get("/settings/account")).html
    await bob.post("/settings/email", email="", email_password=OLD)
    assert (await account_of(world, "bob")).contact is None


async def test_strangers_do_not_keep_a_member_from_changing_the_password(world: World) -> None:
    bob = await with_password(world, "bob")
    await world.besiege("bob")
    page = await world.browser().post("/login", name="bob", password=OLD)
    assert page.status == 429
    sent = await bob.post("/settings/password", current_password=OLD, password=NEW)
    assert sent.status == 303
    # This browser is a known device from now on.
    await bob.post("/logout")
    assert (await bob.post("/login", name="bob", password=NEW)).status == 303


async def test_a_browser_elsewhere_is_named_and_logged_out(world: World) -> None:
    elsewhere = await with_password(world, "bob")
    bob = await with_password_kept(world, elsewhere)
    page = await bob.get("/settings/account")
    assert "Firefox, Linux" in page.text
    assert page.html.count("this browser") == 1
    number = re.search(r'name="session" value="(\d+)"', page.html)
    assert number is not None
    await world.browser("eve").post("/settings/sessions", session=number[1])
    assert "Settings" in (await elsewhere.get("/")).text
    await bob.post("/settings/sessions", session=number[1])
    assert "Settings" not in (await elsewhere.get("/")).text
    assert "Settings" in (await bob.get("/")).text


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Voyager/2.34.0", "Voyager"),
        ("Jerboa", "Jerboa"),
        ("Mozilla/5.0 (X11; Linux) Firefox/1", "App in Firefox, Linux"),
        ("", "Unknown app"),
    ],
)
async def test_an_app_is_listed_by_its_name_and_logged_out_there(
    world: World, agent: str, name: str
) -> None:
    bob = await with_password(world, "bob")
    person = world.people["bob"].id
    token = await world.instance.unit(lambda ctx: issue_token(ctx.conn, person, agent, ctx.now))
    app = world.browser()
    shown = await app.get("/settings/account", authorization=f"Bearer {token}")
    assert "this browser" in shown.text
    listed = (await bob.get("/settings/account")).html
    assert f"<strong>{name}</strong>" in listed
    (number,) = re.findall('name="session" value="([0-9]+)"', listed)[:1]

    sent = await bob.post("/settings/sessions", session=number)

    assert "Logged out there." in (await bob.get(sent.location or "")).text
    assert (await app.get("/settings/account", authorization=f"Bearer {token}")).status == 303
