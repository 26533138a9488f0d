"""Scenarios of members' own settings: appearance, language, password, pictures, export, leaving."""

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Tabs
from tests.browser.scenario_steps import PICTURE, find_at_beta, newcomer
from tests.browser.screens import Screen
from tests.browser.servers import Servers, code_on, eventually
from tests.support.pictures import draw, picture
from tests.support.push_browser import PushBrowser
from tests.support.visitor import PASSWORD


def test_a_member_chooses_a_theme_and_a_language(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    with newcomer(servers, "looks", screen) as member:
        page = tab_of(member)
        page.goto("/settings/appearance")
        other = "light" if screen.theme == "dark" else "dark"
        page.get_by_label("Colours").select_option(other)
        page.get_by_role("button", name="Save", exact=True).click()
        html = page.locator("html")
        expect(html).to_have_attribute("data-theme", other)
        expect(page.locator("body")).to_have_css("color-scheme", other)
        page.locator("[name=interface_language]").select_option("ar")
        page.locator("main form button.main").click()
        expect(html).to_have_attribute("dir", "rtl")
        expect(html).to_have_attribute("lang", "ar")
        brand, box = page.locator(".brand").bounding_box(), page.locator("main").bounding_box()
        assert brand is not None
        assert box is not None
        assert brand["x"] + brand["width"] / 2 > box["x"] + box["width"] / 2, "it reads leftwards"
        page.locator("[name=interface_language]").select_option("de")
        page.locator("main form button.main").click()
        expect(html).to_have_attribute("dir", "ltr")
        expect(html).to_have_attribute("lang", "de")
        expect(page.locator("main h1")).to_have_text("Einstellungen")


def test_a_profile_is_changed(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    with newcomer(servers, "shown", screen) as member:
        page = tab_of(member)
        page.goto("/settings/pictures")
        page.get_by_label("Picture", exact=True).set_input_files(PICTURE)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Pictures saved.")).to_be_visible()
        page.goto("/settings")
        page.get_by_label("Display name").fill(f"Shown on a {screen}")
        page.get_by_label("About you").fill("I *show*.")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("heading", name=f"Shown on a {screen}")).to_be_visible()
        # Followers are notified at once; a look-up reads the current value.
        there = servers.people["zoe"].look_up(f"@{member.name}@{servers.alpha.host}")
        assert f"Shown on a {screen}" in servers.people["zoe"].open(there).text


def test_a_password_is_changed_and_other_browsers_are_logged_out(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    with newcomer(servers, "careful", screen) as member:
        page = tab_of(member)
        member.client.cookies.clear()
        member.log_in()
        page.goto("/settings/account")
        page.get_by_label("Current password").fill("not-this-one")
        page.get_by_label("New password").fill("another-horse-battery")
        page.get_by_role("button", name="Change password").click()
        expect(page.locator("#e-current_password")).to_have_text("The password is wrong.")
        page.get_by_label("Current password").fill(PASSWORD)
        page.get_by_label("New password").fill("another-horse-battery")
        page.get_by_role("button", name="Change password").click()
        expect(page.get_by_text("Password changed.")).to_be_visible()
        assert "Log in" in member.open("/").text


def test_a_member_turns_on_two_factor_authentication_and_logs_in_with_a_recovery_code(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    with newcomer(servers, "secured", screen) as member:
        page = tab_of(member)
        page.goto("/settings/account")
        page.get_by_role("link", name="Set up two-factor authentication").click()
        page.get_by_label("Current password").fill(PASSWORD)
        page.get_by_role("button", name="Set up").click()
        expect(page.get_by_role("img", name="QR code")).to_be_visible()
        page.get_by_label("Authentication code").fill(code_on(page.locator("main").inner_text()))
        page.get_by_role("button", name="Turn on").click()
        codes = page.locator("main li code")
        expect(codes).to_have_count(10)
        code = codes.first.inner_text()

        page.context.clear_cookies()
        page.goto("/login?next=/settings/two-factor")
        page.get_by_label("Name or e-mail address").fill(member.name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in", exact=True).click()
        field = page.get_by_label("Authentication code")
        expect(field).to_have_attribute("autocomplete", "one-time-code")
        expect(field).to_have_attribute("inputmode", "numeric")
        field.fill("000000")
        page.get_by_role("button", name="Log in", exact=True).click()
        expect(page.locator("#e-code")).to_have_text("The code is wrong, or has been used before.")
        page.get_by_text("Lost your phone?").click()
        page.get_by_label("Recovery code").fill(code)
        page.get_by_role("button", name="Log in with a recovery code").click()
        expect(page.get_by_text("9 recovery codes left.")).to_be_visible()

        page.get_by_label("Authentication code").fill(code)
        page.get_by_role("button", name="Turn off").click()
        expect(page.locator("#e-code")).to_have_text("The code is wrong, or has been used before.")


def test_a_member_logs_out_here_and_in_other_browsers(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    with newcomer(servers, "roamer", screen) as member:
        page = tab_of(member)
        member.client.cookies.clear()
        member.log_in()
        page.goto("/settings/account")
        page.get_by_role("button", name="End session").click()
        expect(page.get_by_role("button", name="End session")).to_have_count(0)
        assert "Log in" in member.open("/").text
        page.locator(".top .menu summary").click()
        page.get_by_role("button", name="Log out", exact=True).click()
        expect(page.get_by_role("link", name="Log in").first).to_be_visible()


def test_the_addresses_of_private_feeds_are_reset(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    with newcomer(servers, "subscriber", screen) as member:
        page = tab_of(member)
        page.goto("/settings/account")
        link = page.get_by_role("link", name="Following")
        before = link.get_attribute("href") or ""
        assert member.client.get(before).status_code == 200
        page.get_by_role("button", name="Reset feed addresses").click()
        expect(link).not_to_have_attribute("href", before)
        assert member.client.get(before).status_code == 404
        assert member.client.get(link.get_attribute("href") or "").status_code == 200


def test_a_picture_is_uploaded_shown_to_another_server_and_deleted(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    with newcomer(servers, "painter", screen) as member:
        page = tab_of(member)
        page.goto("/upload")
        # Used by nobody else: a picture that several people upload is stored once, as the first
        # one's.
        own = PICTURE | {"buffer": picture("PNG", draw(screen.width // 4, 200))}
        page.get_by_label("Picture", exact=True).set_input_files(own)
        page.get_by_label("Picture description").fill("Blue on orange")
        page.get_by_role("button", name="Upload").click()
        line = page.get_by_label("Markdown for the picture").input_value()
        title = f"My painting ({screen})"
        member.submit("/c/cats", title, body=line)
        there = find_at_beta(servers, title)
        assert "Blue on orange" in servers.people["zoe"].open(there).html
        page.goto("/settings/uploads")
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("No pictures uploaded yet.")).to_be_visible()


def test_data_is_exported_and_the_account_deleted(
    servers: Servers, screen: Screen, tab_of: Tabs, tmp_path: Path
) -> None:
    zoe = servers.people["zoe"]
    with newcomer(servers, "leaver", screen) as member:
        title = f"Farewell ({screen})"
        member.submit("/c/cats", title)
        there = find_at_beta(servers, title)
        page = tab_of(member)
        page.goto("/settings/data")
        with page.expect_download() as coming:
            page.get_by_role("link", name="Download everything").click()
        coming.value.save_as(tmp_path / "mine.json")
        assert title in json.dumps(json.loads((tmp_path / "mine.json").read_text()))
        page.get_by_role("link", name="Delete account").click()
        page.get_by_label("Also delete everything I wrote").check()
        page.get_by_label("Your password").fill(PASSWORD)
        page.get_by_role("button", name="Delete my account permanently").click()
        expect(page.get_by_text("Your account has been deleted.")).to_be_visible()
        eventually(lambda: zoe.see(there).status == 410)
        assert member.see(f"/u/{member.name}").status in {404, 410}


def test_a_member_is_told_of_new_posts_and_in_this_browser(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    mia = servers.people["mia"]
    with newcomer(servers, "told", screen) as member:
        page = tab_of(member, workers=True)
        page.goto("/c/cats")
        page.locator(".bell-menu summary").click()
        page.get_by_role("button", name="Notify me of new posts").click()
        expect(page.get_by_text("You'll be notified of each new post")).to_be_visible()
        mia.submit("/c/cats", f"News on a {screen}")
        page.goto("/notifications")
        expect(page.locator("main")).to_contain_text(f"mia posted News on a {screen}")
        page.get_by_role("link", name="Settings", exact=True).last.click()
        page.get_by_label("Mentions: by push").uncheck()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_label("Mentions: by push")).not_to_be_checked()
        if screen.scripts:
            _push(page, servers)
        else:
            expect(page.get_by_text("This browser can't show push messages")).to_be_visible()


def _push(page: Page, servers: Servers) -> None:
    """This browser has no push service and shows no notifications, so both ends are replaced."""
    browser = PushBrowser("https://push.example/send/1")
    keys = {name: browser.subscription[name] for name in ("p256dh", "auth")}
    subscription = json.dumps({"endpoint": browser.endpoint, "keys": keys})
    page.add_init_script(
        "PushManager.prototype.subscribe = async (options) => {"
        "  if (options.applicationServerKey.length !== 65) throw new Error('no key');"
        f" return {{ toJSON: () => ({subscription}) }}; }}"
    )
    devtools = page.context.new_cdp_session(page)
    registered: list[dict[str, str]] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registered.extend(event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    page.reload()
    page.get_by_role("button", name="Turn on in this browser").click()
    expect(page.get_by_text("Notifications are shown in this browser")).to_be_visible()
    expect(page.get_by_text("this browser", exact=True)).to_be_visible()

    worker = page.context.service_workers[-1]
    worker.evaluate("registration.showNotification = async (...shown) => { self.shown = shown; }")
    message = {"title": "mia posted News", "body": "So", "url": "/post/1", "tag": "n", "lang": "en"}
    delivery = {"origin": servers.alpha.origin, "data": json.dumps(message)}
    number = registered[-1]["registrationId"]
    devtools.send("ServiceWorker.deliverPushMessage", {**delivery, "registrationId": number})
    title, shown = eventually(lambda: worker.evaluate("self.shown"))
    assert (title, shown["body"], shown["data"]) == ("mia posted News", "So", "/post/1")

    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_text("no longer shows notifications")).to_be_visible()
