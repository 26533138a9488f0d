"""How many clicks the jobs of members, moderators and admins take, before and now."""

import time

import pytest
from playwright.sync_api import expect

from fedcom.web.html.honeypot import AT_LEAST
from tests.admin_guide.guide import find_block, to_commands
from tests.browser.conftest import Tabs
from tests.browser.scenario_steps import PICTURE, Hand, newcomer
from tests.browser.screens import DESKTOP, Screen
from tests.browser.servers import Servers
from tests.support.visitor import Visitor

CLICKS: dict[str, tuple[int | None, int]] = {
    "vote": (1, 1),
    "comment": (2, 2),
    "post with a picture": (2, 2),
    "put a picture into a comment": (7, 3),
    "report": (3, 3),
    "judge a report with a reason": (3, 3),
    "ban for a week": (3, 3),
    "answer an appeal": (None, 4),
    "approve a member": (4, 3),
    "block a server": (4, 4),
    "restore a backup": (6, 3),
}
"""From the front page on: before (counted from the templates of a9ccdb26, the first of the versions
compared; None if there was no way) and now. For the backup, commands on an installed machine whose
server is stopped.
"""

FRONT = "/?list=local&sort=new"


@pytest.mark.parametrize("screen", [DESKTOP], ids=str)
def test_the_jobs_of_members_moderators_and_admins_take_these_clicks(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    taken: dict[str, int] = {}
    with newcomer(servers, "clicker", screen) as who, Visitor(servers.beta.origin, "cleo") as guest:
        application = guest.open("/register")
        may_be_sent_at = time.monotonic() + AT_LEAST.total_seconds()
        taken |= _as_member(servers, tab_of)
        taken |= _as_author(tab_of)
        taken |= _as_moderator(servers, tab_of, who)
        time.sleep(max(0.0, may_be_sent_at - time.monotonic()))
        form = application.form(having="password")
        guest.send(application, form, name="cleo", password=guest.password, application="Cats.")
        taken |= _as_admin(tab_of)
    taken |= _as_operator()
    assert taken == {job: now for job, (_, now) in CLICKS.items()}


def _as_member(servers: Servers, tab_of: Tabs) -> dict[str, int]:
    servers.people["eve"].submit("/c/cats", "How many clicks?", body="Count them.")
    taken, page = {}, tab_of("bob")

    page.goto(FRONT)
    hand = Hand(page)
    line = page.locator("ol.posts > li").filter(has_text="How many clicks?")
    hand.click(line.get_by_role("button", name="Upvote"))
    expect(line.get_by_role("button", name="Upvote")).to_have_attribute("aria-pressed", "true")
    taken["vote"] = hand.clicks

    hand = Hand(page)
    hand.press("link", "How many clicks?")
    hand.write("Write a comment", "Two.")
    hand.press("button", "Send")
    expect(page.locator("#thread").get_by_text("Two.")).to_be_visible()
    taken["comment"] = hand.clicks

    page.goto(FRONT)
    hand = Hand(page)
    hand.press("link", "How many clicks?")
    hand.write("Write a comment", "Three:")
    hand.click(page.get_by_text("Insert a picture into the text").first)
    page.get_by_label("Picture to insert").set_input_files(PICTURE)
    hand.write("What it shows", "Three fingers")
    hand.press("button", "Send")
    shown = page.locator("#thread").get_by_role("link", name="Three fingers")
    expect(shown).to_be_visible()
    taken["put a picture into a comment"] = hand.clicks

    return taken


def _as_author(tab_of: Tabs) -> dict[str, int]:
    taken, page = {}, tab_of("bob")
    page.goto(FRONT)
    hand = Hand(page)
    hand.press("link", "Write a post")
    hand.write("Community", "cats")
    hand.write("Title", "Two clicks")
    page.get_by_label("Picture", exact=True).set_input_files(PICTURE)
    hand.press("button", "Post")
    expect(page.get_by_role("heading", name="Two clicks")).to_be_visible()
    taken["post with a picture"] = hand.clicks

    page.goto(FRONT)
    hand = Hand(page)
    line = page.locator(".posts > li").filter(has_text="How many clicks?")
    hand.click(line.locator(".more > summary"))
    hand.click(line.get_by_role("link", name="Report"))
    hand.write("Reason", "It counts.")
    hand.press("button", "Report", within="main")
    expect(page.get_by_text("Report sent.")).to_be_visible()
    taken["report"] = hand.clicks
    return taken


def _as_moderator(servers: Servers, tab_of: Tabs, who: Visitor) -> dict[str, int]:
    taken, page = {}, tab_of("mia")
    who.submit("/c/cats", "Ban me")

    page.goto(FRONT)
    hand = Hand(page)
    hand.click(page.locator(".top .menu summary"))
    hand.click(page.locator(".top .menu").get_by_role("link", name="Reports"))
    case = page.locator("ol.rows > li").filter(has_text="It counts.")
    case.get_by_label("Your reason").fill("No counting")
    hand.click(case.get_by_role("button", name="Remove"))
    expect(page.get_by_text("Removed. The reason is in the moderation log.")).to_be_visible()
    taken["judge a report with a reason"] = hand.clicks

    page.goto(FRONT)
    hand = Hand(page)
    hand.press("link", "Ban me")
    hand.press("link", "Ban the author")
    hand.write("Reason", "As asked")
    hand.write("Days", "7")
    hand.press("button", "Ban")
    expect(page.get_by_role("heading", name="Banned people")).to_be_visible()
    taken["ban for a week"] = hand.clicks

    [appeal] = [to for to, _ in who.open("/settings/bans").links if to.startswith("/appeal/")]
    form = who.open(appeal)
    who.send(form, form.form(having="body"), body="I did not mean it.")
    page.goto(FRONT)
    hand = Hand(page)
    hand.click(page.locator(".top .menu summary"))
    hand.click(page.locator(".top .menu").get_by_role("link", name="Reports"))
    line = page.locator("ul.rows > li").filter(has_text=who.name)
    hand.click(line.get_by_role("link", name="Answer the appeal"))
    hand.write("Your message", "I see.")
    hand.press("button", "Answer")
    expect(page.get_by_text("I see.")).to_be_visible()
    taken["answer an appeal"] = hand.clicks
    return taken


def _as_admin(tab_of: Tabs) -> dict[str, int]:
    taken, page = {}, tab_of("zoe")
    page.goto("/")
    hand = Hand(page)
    hand.click(page.locator(".top .menu summary"))
    hand.press("link", "Applications")
    hand.press("button", "Approve cleo")
    expect(page.get_by_role("button", name="Approve cleo")).to_have_count(0)
    taken["approve a member"] = hand.clicks

    page.goto("/")
    hand = Hand(page)
    hand.click(page.locator(".top .menu summary"))
    hand.press("link", "Admin")
    hand.press("link", "Federation")
    page.get_by_label("Server", exact=True).fill("clicks.example")
    hand.press("button", "Block")
    expect(page.get_by_role("button", name="Unblock clicks.example")).to_be_visible()
    taken["block a server"] = hand.clicks
    return taken


def _as_operator() -> dict[str, int]:
    """The commands of the guide, without the function that shortens them."""
    commands = to_commands(find_block("admin.md", "Backup and restore", 5).text)
    return {"restore a backup": sum("() {" not in command for command in commands)}
