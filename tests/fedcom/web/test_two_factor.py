"""Two-factor authentication on the pages: set up, logged in with, switched off."""

import re

import pyotp
import pytest

from fedcom.accounts.members import set_password
from fedcom.accounts.passwords import hash_password
from fedcom.accounts.two_factor import confirm, generate, has_two_factor
from fedcom.web.two_factor import to_qr_code
from tests.fedcom.web.browser import Browser, Page, cookie_of
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)
PATH = "/settings/two-factor"


async def give_password(world: World, name: str) -> None:
    person = world.people[name].id
    await world.instance.unit(
        lambda ctx: set_password(ctx.conn, person, HASH, keep_session=session_id(world, name))
    )


def session_id(world: World, name: str) -> int:
    """The people of the world are logged in in the order of their names here."""
    return list(world.tokens).index(name) + 1


async def turn_on(world: World, name: str) -> tuple[str, list[str]]:
    """The secret and the recovery codes of `name`, who has a password, too."""
    await give_password(world, name)
    person, cipher = world.people[name].id, world.instance.cipher
    secret = (await world.instance.unit(lambda ctx: generate(ctx, cipher, person, name))).secret
    code = pyotp.TOTP(secret).at(world.instance.clock())
    codes = await world.instance.unit(lambda ctx: confirm(ctx, cipher, person, code))
    world.instance.clock.advance(minutes=5)
    return secret, codes


async def is_on(world: World, name: str) -> bool:
    person = world.people[name].id
    return await world.instance.read(lambda conn: has_two_factor(conn, person))


def code_of(world: World, secret: str) -> str:
    return pyotp.TOTP(secret).at(world.instance.clock())


def ticket_in(page: Page) -> str:
    found = re.search('name="ticket" value="([^"]+)"', page.html)
    assert found is not None
    return found[1]


async def first_step(world: World, browser: Browser, **more: str) -> str:
    page = await browser.post("/login", name="bob", password=PASSWORD, **more)
    assert (page.status, "Enter your code" in page.text) == (200, True)
    assert browser.token is None
    assert not cookie_of(page, "__Host-devices")
    return ticket_in(page)


async def test_it_is_set_up_with_the_password_and_a_first_code(world: World) -> None:
    await give_password(world, "bob")
    bob = world.browser("bob")
    assert "It's off" in (await bob.get("/settings/account")).text
    wrong = await bob.post(PATH, current_password="wrong")
    assert (wrong.status, 'id="e-current_password"' in wrong.html) == (403, True)
    assert "QR code" not in (await bob.get(PATH)).html

    assert (await bob.post(PATH, current_password=PASSWORD)).location == PATH

    page = await bob.get(PATH)
    assert '<svg class="qr"' in page.html
    assert "no-store" in page.headers["cache-control"]
    url = re.search('href="(otpauth://totp/[^"]+)"', page.html)
    assert url is not None
    secret = url[1].partition("secret=")[2].partition("&")[0]
    assert secret in page.text
    refused = await bob.post(f"{PATH}/confirm", code="000000")
    assert (refused.status, 'id="e-code"' in refused.html) == (403, True)
    assert not await is_on(world, "bob")
    shown = await bob.post(f"{PATH}/confirm", code=code_of(world, secret))
    assert len(re.findall("<code>([a-z2-7-]{19})</code>", shown.html)) == 10
    assert "no-store" in shown.headers["cache-control"]
    assert await is_on(world, "bob")
    assert "It's on" in (await bob.get("/settings/account")).text
    page = await bob.get(PATH)
    assert (secret in page.html, "10 recovery codes left." in page.text) == (False, True)


async def test_a_code_is_asked_for_after_the_password(world: World) -> None:
    secret, _ = await turn_on(world, "bob")
    browser = world.browser()
    ticket = await first_step(world, browser, next="/c/cats")

    wrong = await browser.post("/login/code", ticket=ticket, code="000000", next="/c/cats")
    assert (wrong.status, 'id="e-code"' in wrong.html) == (403, True)
    assert (ticket_in(wrong), 'value="/c/cats"' in wrong.html) == (ticket, True)
    code = code_of(world, secret)
    sent = await browser.post("/login/code", ticket=ticket, code=code, next="/c/cats")

    assert (sent.status, sent.location) == (303, "/c/cats")
    assert "Welcome!" in (await browser.get("/c/cats")).text
    again = await world.browser().post("/login/code", ticket=ticket, code=code)
    assert again.status == 403


async def test_a_recovery_code_logs_in_once(world: World) -> None:
    _, codes = await turn_on(world, "bob")
    browser = world.browser()
    ticket = await first_step(world, browser)
    sent = await browser.post("/login/code", ticket=ticket, recovery_code=codes[0])
    assert sent.location == "/"
    again = await world.browser().post("/login/code", ticket=ticket, recovery_code=codes[0])
    assert (again.status, 'id="e-recovery_code"' in again.html) == (403, True)
    assert 'id="e-code"' not in again.html


async def test_the_text_of_an_expired_form_is_taken_along_through_both_steps(world: World) -> None:
    secret, _ = await turn_on(world, "bob")
    browser = world.browser()
    draft = {"draft": '{"title": "Half a thought"}', "draft_place": "submit"}
    page = await browser.post("/login", name="bob", password=PASSWORD, **draft)
    assert 'name="draft_place" value="submit"' in page.html
    fields = {"ticket": ticket_in(page), "code": code_of(world, secret)}
    await browser.post("/login/code", **fields, **draft)
    assert "Half a thought" in (await browser.get("/drafts")).text


@pytest.mark.parametrize("ticket", ["", "x", "1.2.x", "1.99999999999.AAAA"])
async def test_no_code_is_accepted_without_the_password(world: World, ticket: str) -> None:
    secret, _ = await turn_on(world, "bob")
    browser = world.browser()
    sent = await browser.post("/login/code", ticket=ticket, code=code_of(world, secret))
    assert sent.location == "/login"
    assert "Please log in again." in (await browser.get("/login")).text
    assert browser.token is None


async def test_the_second_step_has_to_follow_within_ten_minutes(world: World) -> None:
    secret, _ = await turn_on(world, "bob")
    browser = world.browser()
    ticket = await first_step(world, browser)
    world.instance.clock.advance(minutes=10)
    sent = await browser.post("/login/code", ticket=ticket, code=code_of(world, secret))
    assert (sent.location, browser.token) == ("/login", None)


async def test_a_new_password_ends_a_log_in_that_has_begun(world: World) -> None:
    secret, _ = await turn_on(world, "bob")
    browser, bob = world.browser(), world.people["bob"].id
    ticket = await first_step(world, browser)
    await world.instance.unit(lambda ctx: set_password(ctx.conn, bob, "another hash"))
    sent = await browser.post("/login/code", ticket=ticket, code=code_of(world, secret))
    assert (sent.location, browser.token) == ("/login", None)


async def test_wrong_codes_are_limited(world: World) -> None:
    secret, _ = await turn_on(world, "bob")
    browser = world.browser()
    ticket = await first_step(world, browser)
    for _ in range(10):
        assert (await browser.post("/login/code", ticket=ticket, code="000000")).status == 403
    page = await browser.post("/login/code", ticket=ticket, code=code_of(world, secret))
    assert (page.status, page.headers["retry-after"]) == (429, "3600")


async def test_it_is_switched_off_with_a_code(world: World) -> None:
    secret, codes = await turn_on(world, "bob")
    bob = world.browser("bob")
    wrong = await bob.post(f"{PATH}/off", code="000000")
    assert (wrong.status, 'id="e-code"' in wrong.html) == (403, True)
    assert await is_on(world, "bob")
    shown = await bob.post(f"{PATH}/codes", code=codes[0])
    assert codes[1] not in shown.text
    assert len(re.findall("<code>([a-z2-7-]{19})</code>", shown.html)) == 10
    assert (await bob.post(f"{PATH}/off", code=code_of(world, secret))).location == (
        "/settings/account"
    )
    assert not await is_on(world, "bob")
    sent = await world.browser().post("/login", name="bob", password=PASSWORD)
    assert sent.status == 303


async def test_guessing_codes_in_the_settings_is_limited(world: World) -> None:
    secret, _ = await turn_on(world, "bob")
    bob = world.browser("bob")
    for _ in range(10):
        await bob.post(f"{PATH}/off", code="000000")
    page = await bob.post(f"{PATH}/off", code=code_of(world, secret))
    assert (page.status, await is_on(world, "bob")) == (429, True)


async def test_an_admin_turns_it_off_for_one_who_lost_everything(world: World) -> None:
    await turn_on(world, "bob")
    ann, bob = world.browser("ann"), world.people["bob"].id
    page = await ann.get("/admin/members")
    assert page.html.count('formaction="/admin/members/two-factor"') == 1
    sent = await ann.post("/admin/members/two-factor", person=str(bob))
    assert "is off for this member" in (await ann.get(sent.location or "")).text
    assert not await is_on(world, "bob")


def test_a_qr_code_has_a_margin_and_only_whole_modules() -> None:
    code = to_qr_code("otpauth://totp/x")
    modules = re.findall(r"M([0-9]+) ([0-9]+)h1v1h-1z", code.path)
    assert "".join(f"M{x} {y}h1v1h-1z" for x, y in modules) == code.path
    places = [int(part) for module in modules for part in module]
    assert (min(places), max(places)) == (4, code.size - 5)
