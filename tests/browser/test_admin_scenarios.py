"""Scenarios of admins: appearance, registration, federation."""

from datetime import timedelta

from playwright.sync_api import expect

from fedcom.web.html.honeypot import AT_LEAST
from tests.browser.conftest import Tabs
from tests.browser.scenario_steps import PICTURE, begin_thread, newcomer
from tests.browser.screens import Screen
from tests.browser.servers import Servers, eventually
from tests.support.visitor import PASSWORD, Visitor


def test_an_admin_changes_the_colour_and_the_rules(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    page = tab_of("ann")
    page.goto("/admin")
    page.get_by_label("Above the rules", exact=True).fill(f"Mind the cat, {screen}.")
    page.get_by_label("Colour of links and buttons").select_option("Leaf")
    page.get_by_role("button", name="Preview colour").click()
    expect(page.get_by_text("Nothing has been saved yet.")).to_be_visible()
    assert f"Mind the cat, {screen}." not in servers.people[""].open("/").text
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    page.goto("/")
    expect(page.locator("aside").get_by_text(f"Mind the cat, {screen}.")).to_be_attached()
    page.goto("/admin")
    page.get_by_label("Colour of links and buttons").select_option("Default")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Settings saved.")).to_be_visible()


def test_an_admin_sets_and_removes_a_logo(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    page = tab_of("ann")
    page.goto("/admin/logo")
    page.get_by_label("Logo", exact=True).set_input_files(PICTURE)
    page.get_by_role("button", name="Save", exact=True).click()
    logo = page.locator(".brand img")
    expect(logo).to_be_visible()
    assert "/media/" in (logo.get_attribute("src") or "")
    page.goto("/admin/logo")
    page.get_by_label("Remove logo").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(logo).to_have_count(0)


def test_a_member_requests_a_password_reset(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    page = tab_of("guest of beta")  # alpha sends no mail
    page.goto("/login")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Name or e-mail address").fill("nobody")
    page.get_by_role("button", name="Send link").click()
    expect(page.get_by_text("sent you an e-mail")).to_be_visible()


def test_an_invited_person_signs_up(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    name = f"guest_{'js' if screen.scripts else 'plain'}"
    page = tab_of("zoe")  # beta requires an application
    page.goto("/admin/invitations")
    page.get_by_label("Who is it for?").fill(name)
    page.get_by_role("button", name="Create invitation").click()
    line = page.locator("ul.rows > li").filter(has_text=name)
    address = line.get_by_role("link").inner_text()
    with Visitor(servers.beta.origin) as guest:
        theirs = tab_of(guest)
        theirs.goto(address)
        expect(theirs.get_by_text("been invited to Beta")).to_be_visible()
        theirs.get_by_label("Name", exact=True).fill(name)
        theirs.get_by_label("Password", exact=True).fill(PASSWORD)
        theirs.wait_for_timeout(AT_LEAST / timedelta(milliseconds=1))  # nobody types faster
        theirs.get_by_role("button", name="Sign up", exact=True).click()
        expect(theirs.get_by_text("Welcome! You're logged in.")).to_be_visible()
    page.reload()
    expect(line).to_contain_text("used up")
    line.get_by_role("button", name="Revoke").click()
    expect(line).to_have_count(0)


def test_an_applicant_is_approved(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    name = f"asks_{'js' if screen.scripts else 'plain'}"
    with Visitor(servers.beta.origin, name) as guest:
        theirs = tab_of(guest)
        theirs.goto("/register")
        theirs.get_by_label("Name", exact=True).fill(name)
        theirs.get_by_label("Password", exact=True).fill(PASSWORD)
        theirs.get_by_label("Why?").fill("For the dogs.")
        theirs.wait_for_timeout(AT_LEAST / timedelta(milliseconds=1))  # nobody types faster
        theirs.get_by_role("button", name="Apply").click()
        expect(theirs.get_by_text("Your application has been sent.")).to_be_visible()
        page = tab_of("zoe")
        page.goto("/admin/registration")
        page.get_by_role("button", name=f"Approve {name}").click()
        expect(page.get_by_text("Application approved.")).to_be_visible()
        guest.log_in()
        assert "Log out" in guest.open("/").text


def test_a_captcha_is_turned_on_seen_by_newcomers_and_turned_off(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    page = tab_of("zoe")
    page.goto("/admin/registration")
    page.get_by_label("Captcha", exact=True).check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    try:
        with Visitor(servers.beta.origin, "reader") as guest:
            theirs = tab_of(guest)
            theirs.goto("/register")
            expect(theirs.get_by_role("img", name="Distorted letters and digits")).to_be_visible()
            expect(theirs.locator("audio")).to_be_visible()
            theirs.get_by_label("Name", exact=True).fill("reader")
            theirs.get_by_label("Password", exact=True).fill(PASSWORD)
            theirs.get_by_label("Why?").fill("To read.")
            theirs.get_by_label("Letters and digits in the picture").fill("WRONG")
            theirs.wait_for_timeout(AT_LEAST / timedelta(milliseconds=1))
            theirs.get_by_role("button", name="Apply").click()
            expect(theirs.locator("#e-captcha_answer")).to_contain_text("Try the new ones.")
            expect(theirs.get_by_label("Name", exact=True)).to_have_value("reader")
    finally:
        page.goto("/admin/registration")
        page.get_by_label("Captcha", exact=True).uncheck()
        page.get_by_role("button", name="Save", exact=True).click()


def test_activities_of_a_blocked_server_are_ignored(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    thread = begin_thread(servers, screen, "Silence")
    zoe, bob = servers.people["zoe"], servers.people["bob"]
    page = tab_of("ann")
    page.goto("/admin/instances")
    page.get_by_role("link", name="Import a list").click()
    rows = (
        f"{servers.beta.host},suspend,Too many dogs",
        "calm.example,suspend,",
        "loud.example,silence,",
    )
    page.get_by_label("Or paste it here").fill("\n".join(("domain,severity,public_comment", *rows)))
    page.get_by_role("button", name="Show what it changes").click()
    draft = page.locator("form.card")
    expect(draft.locator("li").filter(has_text=servers.beta.host)).to_contain_text("cuts off")
    page.get_by_text("1 line was skipped").click()
    expect(page.locator("details li")).to_contain_text("only limited there")
    page.get_by_label("calm.example").uncheck()
    page.get_by_role("button", name="Apply what is ticked").click()
    expect(page.locator("ul.rows > li").filter(has_text="calm.example")).to_have_count(0)
    line = page.locator("ul.rows > li").filter(has_text=servers.beta.host)
    expect(line).to_contain_text("Too many dogs")
    expect(line).to_contain_text("from the list Imported list")
    zoe.reply(thread.there, "Can you hear me?")
    line.get_by_role("button", name="Unblock").click()
    expect(line).to_have_count(0)
    zoe.reply(thread.there, "And now?")
    eventually(lambda: bob.open(thread.here).find_comment("And now?"))


def test_a_failed_delivery_is_retried(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    thread = begin_thread(servers, screen, "Anybody there?")
    ann, bob, zoe = (servers.people[name] for name in ("ann", "bob", "zoe"))
    servers.beta.server.stop()
    try:
        bob.reply(thread.here, "Hello?")
        # After three failures it rests too long to be retried during the test.
        eventually(lambda: "Next attempt:" in ann.open("/admin/federation").text)
        assert "Unreachable" in ann.open("/admin/federation").text
    finally:
        servers.beta.server.start()
        servers.beta.wait_ready()
    page = tab_of("ann")
    page.goto("/admin/federation")
    page.get_by_role("button", name=f"Retry now {servers.beta.host}").click()
    expect(page.get_by_text("Waiting deliveries are being sent now.")).to_be_visible()
    eventually(lambda: zoe.open(thread.there).find_comment("Hello?"))


def test_a_member_is_made_an_admin_and_given_a_new_password(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    with newcomer(servers, "helper", screen) as helper:
        page = tab_of("ann")
        page.goto("/admin/members")
        page.get_by_label("Name or e-mail address").fill(helper.name)
        page.get_by_role("main").get_by_role("button", name="Search").click()
        page.get_by_role("button", name=f"Make admin {helper.name}").click()
        helper.log_in()
        assert helper.see("/admin").status == 200
        page.get_by_role("button", name=f"Remove as admin {helper.name}").click()
        page.get_by_role("button", name=f"Create password reset link {helper.name}").click()
        theirs = tab_of("")
        theirs.goto(page.locator("code").inner_text())
        theirs.get_by_label("New password").fill("another-horse-battery")
        theirs.get_by_role("button", name="Save password").click()
        expect(theirs.get_by_text("Password changed. Log in with the new one.")).to_be_visible()
        helper.password = "another-horse-battery"
        helper.log_in()
        assert helper.see("/admin").status == 403


def test_an_admin_makes_an_account_and_its_owner_hides_the_announcement(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    name = f"made_{'js' if screen.scripts else 'plain'}"
    page = tab_of("ann")
    page.goto("/admin")
    page.get_by_role("link", name="Welcome the first member").or_(
        page.get_by_role("link", name="People", exact=True)
    ).first.click()
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Moderator of").fill("quiet")
    page.get_by_role("button", name="Create account").click()
    theirs = tab_of("")
    theirs.goto(page.locator("code").inner_text())
    theirs.get_by_label("New password").fill(PASSWORD)
    theirs.get_by_role("button", name="Save password").click()
    page.goto("/admin/announcement")
    page.get_by_role("textbox", name="Announcement").fill("Moving on *Sunday*.")
    page.get_by_role("button", name="Save", exact=True).click()
    try:
        with Visitor(servers.alpha.origin, name) as owner:
            owner.log_in()
            theirs = tab_of(owner)
            theirs.goto("/c/quiet")
            expect(theirs.get_by_role("link", name="Manage")).to_be_visible()
            banner = theirs.get_by_role("region", name="Announcement")
            expect(banner.locator("em")).to_have_text("Sunday")
            banner.get_by_role("button", name="Hide").click()
            expect(banner).to_have_count(0)
            assert theirs.url.endswith("/c/quiet")
    finally:
        page.get_by_role("textbox", name="Announcement").fill("")
        page.get_by_role("button", name="Save", exact=True).click()


def test_a_community_is_closed_and_opened_again(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    name = f"brief_{'js' if screen.scripts else 'plain'}"
    place = servers.people["mia"].create_community(name, f"Brief {screen}")
    page = tab_of("ann")
    page.goto("/admin/communities")
    line = page.locator("ul.rows > li").filter(has_text=name)
    line.get_by_label("Reason for hiding or closing").fill("Nobody came")
    line.get_by_role("button", name="Close").click()
    expect(page.get_by_text("Community closed on this server.")).to_be_visible()
    assert servers.people["bob"].see(place).status in {404, 410}
    page.get_by_role("button", name=f"Reopen Brief {screen}").click()
    expect(page.get_by_text("Community reopened.")).to_be_visible()
    assert servers.people["bob"].see(place).status == 200
