"""Stories of members' own settings: looks, language, password, pictures, a copy, and leaving."""

import json
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Seats
from tests.browser.screens import Screen
from tests.browser.stories import PICTURE, find_at_beta, newcomer
from tests.browser.town import Town, eventually
from tests.support.visitor import PASSWORD


def test_a_member_chooses_a_theme_and_a_language(town: Town, screen: Screen, sit: Seats) -> None:
    with newcomer(town, "looks", screen) as member:
        page = sit(member)
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


def test_a_profile_is_changed(town: Town, screen: Screen, sit: Seats) -> None:
    with newcomer(town, "shown", screen) as member:
        page = sit(member)
        page.goto("/settings/pictures")
        page.get_by_label("Picture", exact=True).set_input_files(PICTURE)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("The pictures are saved.")).to_be_visible()
        page.goto("/settings")
        page.get_by_label("Display name").fill(f"Shown on a {screen}")
        page.get_by_label("About you").fill("I *show*.")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("heading", name=f"Shown on a {screen}")).to_be_visible()
        # Followers are told at once; whoever looks somebody up reads what stands there now.
        there = town.people["zoe"].look_up(f"@{member.name}@{town.alpha.host}")
        assert f"Shown on a {screen}" in town.people["zoe"].open(there).text


def test_a_password_is_changed_and_other_browsers_are_logged_out(
    town: Town, screen: Screen, sit: Seats
) -> None:
    with newcomer(town, "careful", screen) as member:
        page = sit(member)
        member.client.cookies.clear()
        member.log_in()
        page.goto("/settings/account")
        page.get_by_label("Current password").fill("not-this-one")
        page.get_by_label("New password").fill("another-horse-battery")
        page.get_by_role("button", name="Change the password").click()
        expect(page.get_by_text("That is not your password.")).to_be_visible()
        page.get_by_label("Current password").fill(PASSWORD)
        page.get_by_label("New password").fill("another-horse-battery")
        page.get_by_role("button", name="Change the password").click()
        expect(page.get_by_text("Your password is changed.")).to_be_visible()
        assert "Log in" in member.open("/").text


def test_everything_is_taken_along_and_then_deleted(
    town: Town, screen: Screen, sit: Seats, tmp_path: Path
) -> None:
    zoe = town.people["zoe"]
    with newcomer(town, "leaver", screen) as member:
        title = f"Farewell ({screen})"
        member.submit("/c/cats", title)
        there = find_at_beta(town, title)
        page = sit(member)
        page.goto("/settings/data")
        with page.expect_download() as coming:
            page.get_by_role("link", name="Download everything").click()
        coming.value.save_as(tmp_path / "mine.json")
        assert title in json.dumps(json.loads((tmp_path / "mine.json").read_text()))
        page.get_by_role("link", name="Delete the account").click()
        page.get_by_label("Delete what I wrote, too").check()
        page.get_by_label("Your password").fill(PASSWORD)
        page.get_by_role("button", name="Delete my account for ever").click()
        expect(page.get_by_text("Your account is deleted.")).to_be_visible()
        eventually(lambda: zoe.see(there).status == 410)
        assert member.see(f"/u/{member.name}").status in {404, 410}
