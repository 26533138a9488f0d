"""Stories of admins: appearance, registration, federation."""

from datetime import timedelta

from playwright.sync_api import expect

from fedcom.web.html.honeypot import AT_LEAST
from tests.browser.conftest import Seats
from tests.browser.screens import Screen
from tests.browser.stories import PICTURE, begin_thread, newcomer
from tests.browser.town import Town, eventually
from tests.support.visitor import PASSWORD, Visitor


def test_the_server_is_given_another_colour_and_other_words(
    town: Town, screen: Screen, sit: Seats
) -> None:
    page = sit("ann")
    page.goto("/admin")
    page.get_by_label("Rules", exact=True).fill(f"1. Be kind.\n2. Mind the cat.\n3. {screen}")
    page.get_by_label("Colour of links and buttons").select_option("Leaf")
    page.get_by_role("button", name="Preview colour").click()
    expect(page.get_by_text("Nothing has been saved yet.")).to_be_visible()
    assert f"3. {screen}" not in town.people[""].open("/").text
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    page.goto("/")
    expect(page.locator("aside ol li").last).to_have_text(str(screen))
    page.goto("/admin")
    page.get_by_label("Colour of links and buttons").select_option("Default")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Settings saved.")).to_be_visible()


def test_the_server_is_given_a_logo_for_a_while(town: Town, screen: Screen, sit: Seats) -> None:
    page = sit("ann")
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


def test_whoever_forgot_the_password_asks_for_a_letter(
    town: Town, screen: Screen, sit: Seats
) -> None:
    page = sit("guest of beta")  # alpha sends no mail
    page.goto("/login")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Name or e-mail address").fill("nobody")
    page.get_by_role("button", name="Send link").click()
    expect(page.get_by_text("sent you an e-mail")).to_be_visible()


def test_whoever_is_invited_comes_in(town: Town, screen: Screen, sit: Seats) -> None:
    name = f"guest_{'js' if screen.scripts else 'plain'}"
    page = sit("zoe")  # beta requires an application
    page.goto("/admin/invitations")
    page.get_by_label("Who is it for?").fill(name)
    page.get_by_role("button", name="Create invitation").click()
    line = page.locator("ul.rows > li").filter(has_text=name)
    address = line.get_by_role("link").inner_text()
    with Visitor(town.beta.origin) as guest:
        theirs = sit(guest)
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


def test_whoever_applies_is_approved(town: Town, screen: Screen, sit: Seats) -> None:
    name = f"asks_{'js' if screen.scripts else 'plain'}"
    with Visitor(town.beta.origin, name) as guest:
        theirs = sit(guest)
        theirs.goto("/register")
        theirs.get_by_label("Name", exact=True).fill(name)
        theirs.get_by_label("Password", exact=True).fill(PASSWORD)
        theirs.get_by_label("Why?").fill("For the dogs.")
        theirs.wait_for_timeout(AT_LEAST / timedelta(milliseconds=1))  # nobody types faster
        theirs.get_by_role("button", name="Apply").click()
        expect(theirs.get_by_text("Your application has been sent.")).to_be_visible()
        page = sit("zoe")
        page.goto("/admin/registration")
        page.get_by_role("button", name=f"Approve {name}").click()
        expect(page.get_by_text("Application approved.")).to_be_visible()
        guest.log_in()
        assert "Log out" in guest.open("/").text


def test_a_blocked_server_is_not_heard(town: Town, screen: Screen, sit: Seats) -> None:
    thread = begin_thread(town, screen, "Silence")
    zoe, bob = town.people["zoe"], town.people["bob"]
    page = sit("ann")
    page.goto("/admin/instances")
    page.get_by_label("Server", exact=True).fill(town.beta.host)
    page.get_by_label("Reason").fill("Too many dogs")
    page.get_by_role("button", name="Block", exact=True).click()
    line = page.locator("ul.rows > li").filter(has_text=town.beta.host)
    expect(line).to_contain_text("Too many dogs")
    zoe.reply(thread.there, "Can you hear me?")
    line.get_by_role("button", name="Unblock").click()
    expect(line).to_have_count(0)
    zoe.reply(thread.there, "And now?")
    eventually(lambda: bob.open(thread.here).find_comment("And now?"))


def test_what_could_not_be_sent_is_tried_again(town: Town, screen: Screen, sit: Seats) -> None:
    thread = begin_thread(town, screen, "Anybody there?")
    ann, bob, zoe = (town.people[name] for name in ("ann", "bob", "zoe"))
    town.beta.server.stop()
    try:
        bob.reply(thread.here, "Hello?")
        # After three failures it rests too long to be retried during the test.
        eventually(lambda: "Next attempt at" in ann.open("/admin/federation").text)
        assert "Unreachable" in ann.open("/admin/federation").text
    finally:
        town.beta.server.start()
        town.beta.wait_ready()
    page = sit("ann")
    page.goto("/admin/federation")
    page.get_by_role("button", name=f"Retry now {town.beta.host}").click()
    expect(page.get_by_text("Waiting deliveries are being sent now.")).to_be_visible()
    eventually(lambda: zoe.open(thread.there).find_comment("Hello?"))


def test_a_member_is_made_an_admin_and_given_a_new_password(
    town: Town, screen: Screen, sit: Seats
) -> None:
    with newcomer(town, "helper", screen) as helper:
        page = sit("ann")
        page.goto("/admin/members")
        page.get_by_label("Name or e-mail address").fill(helper.name)
        page.get_by_role("main").get_by_role("button", name="Search").click()
        page.get_by_role("button", name=f"Make admin {helper.name}").click()
        helper.log_in()
        assert helper.see("/admin").status == 200
        page.get_by_role("button", name=f"Remove as admin {helper.name}").click()
        page.get_by_role("button", name=f"Create password reset link {helper.name}").click()
        theirs = sit("")
        theirs.goto(page.locator("code").inner_text())
        theirs.get_by_label("New password").fill("another-horse-battery")
        theirs.get_by_role("button", name="Save password").click()
        expect(theirs.get_by_text("Password changed. Log in with the new one.")).to_be_visible()
        helper.password = "another-horse-battery"
        helper.log_in()
        assert helper.see("/admin").status == 403


def test_a_community_is_closed_and_opened_again(town: Town, screen: Screen, sit: Seats) -> None:
    name = f"brief_{'js' if screen.scripts else 'plain'}"
    place = town.people["mia"].create_community(name, f"Brief {screen}")
    page = sit("ann")
    page.goto("/admin/communities")
    line = page.locator("ul.rows > li").filter(has_text=name)
    line.get_by_label("Reason for closing").fill("Nobody came")
    line.get_by_role("button", name="Close").click()
    expect(page.get_by_text("Community closed on this server.")).to_be_visible()
    assert town.people["bob"].see(place).status in {404, 410}
    page.get_by_role("button", name=f"Reopen Brief {screen}").click()
    expect(page.get_by_text("Community reopened.")).to_be_visible()
    assert town.people["bob"].see(place).status == 200
