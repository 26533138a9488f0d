"""Passkeys on the pages: added with the password, told by mail, logged in with."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from playwright.async_api import Page, Route, async_playwright, expect
from sqlalchemy import select, update

from fedcom.accounts.passkeys import list_passkeys
from fedcom.accounts.passwords import hash_password
from fedcom.accounts.two_factor import generate
from fedcom.http.csrf import make_token
from fedcom.http.identity import session_cookie_name
from fedcom.models.account import account, two_factor
from fedcom.models.mail import mail
from tests.fedcom.web.browser import FORM_HEADERS, Browser
from tests.fedcom.web.conftest import ORIGIN, World
from tests.support.authenticator import Authenticator

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)
PATH = "/settings/passkeys"
JSON = {"Accept": "application/json"}


@pytest.fixture
def device() -> Authenticator:
    return Authenticator(ORIGIN, "forum.example")


async def begin(browser: Browser, path: str, **fields: str) -> tuple[int, dict]:
    if browser.token:
        fields["form_token"] = make_token(browser.token)
    sent = await browser.client.post(path, data=fields, headers={**FORM_HEADERS, **JSON})
    return sent.status_code, orjson.loads(sent.content)


async def prepare(world: World) -> Browser:
    """bob with a password, an address, two-factor authentication and a server that sends mail."""
    bob, instance = world.people["bob"].id, world.instance
    instance.settings = instance.settings.model_copy(
        update={"smtp_url": "smtp://mail.example", "mail_from": "forum@forum.example"}
    )
    mine = account.c.actor_id == bob

    def work(ctx):
        keep = ctx.conn.execute(select(account.c.actor_id).where(mine)).scalar_one()
        assert keep == bob
        ctx.conn.execute(
            update(account).where(mine).values(email="bob@mail.example", password_hash=HASH)
        )
        generate(ctx, instance.cipher, bob, "bob")
        ctx.conn.execute(update(two_factor).values(confirmed_at=ctx.now))

    await instance.unit(work)
    return world.browser("bob")


async def test_a_passkey_is_added_with_the_password_and_is_both_factors(
    world: World, device: Authenticator
) -> None:
    bob = await prepare(world)
    status, said = await begin(bob, f"{PATH}/begin", current_password="wrong one")
    assert (status, said["detail"]) == (403, "The password is wrong.")
    status, options = await begin(bob, f"{PATH}/begin", current_password=PASSWORD, name="Phone")
    assert (status, options["rp"]["name"]) == (200, "Forum")

    added = await bob.post(f"{PATH}/add", name="Phone", credential=device.create(options))
    assert (added.status, added.location) == (303, PATH)
    assert "Phone" in (await bob.get(PATH)).text

    guest = world.browser()
    status, options = await begin(guest, "/login/passkey/begin")
    assert status == 200
    entered = await guest.post(
        "/login/passkey", credential=device.get(options), next="/communities"
    )
    assert (entered.status, entered.location) == (303, "/communities")
    assert guest.token is not None
    assert "/u/bob" in (await guest.get("/")).html


async def test_a_passkey_that_is_refused_leaves_the_log_in_page(
    world: World, device: Authenticator
) -> None:
    guest = world.browser()
    _, options = await begin(guest, "/login/passkey/begin")
    device.user = "MQ"

    refused = await guest.post("/login/passkey", credential=device.get(options), next="/saved")

    assert (refused.status, guest.token) == (403, None)
    assert "This passkey isn't known here" in refused.text
    assert 'name="next" value="/saved"' in refused.html


async def test_one_address_gets_so_many_challenges(world: World) -> None:
    guest = world.browser()
    statuses = [(await begin(guest, "/login/passkey/begin"))[0] for _ in range(61)]
    assert statuses == [200] * 60 + [429]


async def test_the_owner_is_told_of_each_change(world: World, device: Authenticator) -> None:
    bob = await prepare(world)
    _, options = await begin(bob, f"{PATH}/begin", current_password=PASSWORD)
    await bob.post(f"{PATH}/add", credential=device.create(options))
    who = world.people["bob"].id
    (made,) = await world.instance.read(lambda conn: list_passkeys(conn, who))
    assert made.name.startswith("python-httpx")

    await bob.post(f"{PATH}/rename", passkey=str(made.id), name="Key ring")
    removed = await bob.post(f"{PATH}/remove", passkey=str(made.id))

    assert removed.location == PATH
    sent = await world.instance.read(lambda conn: conn.execute(select(mail)).all())
    assert [one.recipient for one in sent] == 2 * ["bob@mail.example"]
    assert "was added" in sent[0].subject
    assert "“Key ring” was removed" in sent[1].body
    assert "passkeys yet" in (await bob.get(PATH)).text


@asynccontextmanager
async def tab(world: World, who: str) -> AsyncIterator[Page]:
    """A tab of Chromium with a device for passkeys, in which `who` is logged in. Its requests go to
    the application in memory: passkeys need a name, and the servers of other tests have addresses.
    """
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    client = world.browser().client
    client.cookies.clear()

    async def answer(route: Route) -> None:
        sent = route.request
        headers = await sent.all_headers()
        found = await client.request(
            sent.method, sent.url, headers=headers, content=sent.post_data_buffer
        )
        client.cookies.clear()
        headers = {name: value for name, value in found.headers.items() if name[:7] != "content"}
        headers["set-cookie"] = "\n".join(found.headers.get_list("set-cookie"))
        headers["content-type"] = found.headers.get("content-type", "text/html")
        status, body = found.status_code, found.content
        if found.is_redirect:  # which Playwright does not follow
            onward = found.headers["location"]
            status, body = 200, f'<meta http-equiv="refresh" content="0;url={onward}">'.encode()
        await route.fulfill(status=status, headers=headers, body=body)

    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = await chromium.new_context(base_url=ORIGIN, service_workers="block")
        await context.route("**/*", answer)
        cookie = session_cookie_name(world.instance.settings)
        await context.add_cookies(
            [{"name": cookie, "value": world.tokens[who], "url": ORIGIN, "secure": True}]
        )
        page = await context.new_page()
        device = await context.new_cdp_session(page)
        await device.send("WebAuthn.enable")
        abilities = {"hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
        options = {"protocol": "ctap2", "transport": "internal", **abilities}
        await device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        yield page
        await chromium.close()


async def test_chromium_makes_a_passkey_and_logs_in_with_it(world: World) -> None:
    await prepare(world)
    async with tab(world, "bob") as page:
        await page.goto(PATH)
        await page.get_by_label("Name", exact=True).fill("Laptop")
        await page.get_by_label("Current password").fill("wrong one")
        await page.get_by_role("button", name="Add passkey").click()
        await expect(page.get_by_text("The password is wrong.")).to_be_visible()
        await page.get_by_label("Current password").fill(PASSWORD)
        await page.get_by_role("button", name="Add passkey").click()
        await expect(page.locator("main strong")).to_have_text("Laptop")

        # This device agrees as soon as the field of the name offers its passkey.
        await page.context.clear_cookies()
        await page.goto("/login?next=/saved")
        await expect(page).to_have_url(f"{ORIGIN}/saved")
        await expect(page.locator(".top .menu summary")).to_contain_text("bob")

        # Browsers that offer none there have the button.
        await page.context.clear_cookies()
        without = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"
        await page.add_init_script(without)
        await page.goto("/login?next=/drafts")
        await page.get_by_role("button", name="Log in with a passkey").click()
        await expect(page).to_have_url(f"{ORIGIN}/drafts")
