"""Scenarios of moderators: reports, removals, locks, pins, bans, and a remote moderator."""

from playwright.sync_api import expect

from tests.browser.conftest import Tabs
from tests.browser.scenario_steps import begin_thread, choose, find_at_beta, newcomer
from tests.browser.screens import Screen
from tests.browser.servers import Servers, eventually


def test_a_report_from_another_server_is_resolved(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    thread = begin_thread(servers, screen, "Buy this")
    zoe = servers.people["zoe"]
    other = tab_of("zoe")
    other.goto(thread.there)
    other.locator("article.post-head .more > summary").click()
    other.locator("article.post-head").get_by_role("link", name="Report").click()
    other.get_by_label("Reason").fill(f"Advertising, {screen}")
    other.get_by_role("button", name="Report", exact=True).click()
    expect(other.get_by_text("Report sent. The moderators will review it.")).to_be_visible()
    mia = servers.people["mia"]
    eventually(lambda: f"Advertising, {screen}" in mia.open("/reports").text)
    page = tab_of("mia")
    page.goto("/")
    page.locator(".top .menu summary").click()
    page.locator(".top .menu").get_by_role("link", name="Reports").click()
    case = page.locator("ol.rows > li").filter(has_text=f"Advertising, {screen}")
    case.get_by_label("Broken rule").select_option(label="2. No advertising")
    case.get_by_label("Your reason").fill(f"Not even once, {screen}")
    case.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Removed. The reason is in the moderation log.")).to_be_visible()
    eventually(lambda: zoe.see(thread.there).status == 410)
    page.goto("/reports?show=resolved")
    case.get_by_role("button", name="Reopen").click()
    page.goto("/reports")
    case.get_by_role("button", name="Dismiss").click()
    expect(case).to_have_count(0)
    page.goto("/modlog")
    reason = f"Rule 2: No advertising \u2013 Not even once, {screen}"
    expect(page.get_by_role("row").filter(has_text=reason)).to_be_visible()


def test_a_reported_post_is_locked_from_the_queue(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    thread = begin_thread(servers, screen, "They only quarrel")
    zoe = servers.people["zoe"]
    report = zoe.open(f"{thread.there}/report")
    zoe.send(report, report.form(having="reason"), reason=f"A quarrel, {screen}")
    eventually(lambda: f"A quarrel, {screen}" in servers.people["mia"].open("/reports").text)
    page = tab_of("mia")
    page.goto("/reports")
    case = page.locator("ol.rows > li").filter(has_text=f"A quarrel, {screen}")
    case.get_by_role("button", name="Lock this post").click()
    expect(case.get_by_text("locked", exact=True)).to_be_visible()
    eventually(lambda: "This post is locked" in zoe.open(thread.there).text)
    page.get_by_role("button", name="Undo").click()
    expect(case.get_by_text("locked", exact=True)).to_have_count(0)
    case.get_by_text("Hand over or write a note").click()
    case.get_by_label("Note for the other moderators").fill(f"Ask them first, {screen}")
    case.get_by_role("button", name="Save note").click()
    case.get_by_text("Hand over or write a note").click()
    case.get_by_label("Hand over to").select_option("Me")
    case.get_by_role("button", name="Hand over").click()
    page.get_by_role("link", name="Assigned to me").click()
    case.get_by_role("link", name="Author:").click()
    expect(page.get_by_text(f"Ask them first, {screen}")).to_be_visible()
    page.goto("/reports")
    case.get_by_role("checkbox", name="Select this report").check()
    page.locator("#selected").get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("1 report was resolved.")).to_be_visible()


def test_a_removed_post_is_restored(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    thread = begin_thread(servers, screen, "Off the topic")
    number = servers.people["eve"].reply(thread.here, "Rude words.")
    # Zoe is beta's admin and still sees removed content; ordinary readers do not.
    reader, page = servers.people["guest of beta"], tab_of("mia")
    eventually(lambda: reader.open(thread.there).find_comment("Rude words."))
    page.goto(thread.here)
    comment = page.locator(f"#comment-{number}")
    choose(comment, "Remove")
    page.get_by_label("Reason").fill("Be kind")
    page.get_by_role("button", name="Remove").click()
    eventually(lambda: not reader.open(thread.there).find_comment("Rude words."))
    page.goto(thread.here)
    comment.get_by_role("button", name="Restore").click()
    eventually(lambda: reader.open(thread.there).find_comment("Rude words."))
    page.goto(thread.here)
    head = page.locator("article.post-head")
    head.get_by_role("link", name="Remove").click()
    page.get_by_label("Reason").fill("Not here")
    page.get_by_role("button", name="Remove").click()
    eventually(lambda: reader.see(thread.there).status == 410)
    head.get_by_role("button", name="Restore").click()
    eventually(lambda: reader.see(thread.there).status == 200)


def test_a_post_is_locked_and_pinned_and_both_are_undone(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    thread = begin_thread(servers, screen, "Hold on")
    zoe, page = servers.people["zoe"], tab_of("mia")
    page.goto(thread.here)
    head = page.locator("article.post-head")
    head.get_by_role("button", name="Lock", exact=True).click()
    expect(page.get_by_text("This post is locked. No more comments can be added.")).to_be_visible()
    eventually(lambda: "This post is locked" in zoe.open(thread.there).text)
    head.get_by_role("button", name="Unlock").click()
    eventually(lambda: "This post is locked" not in zoe.open(thread.there).text)
    head.get_by_role("button", name="Pin", exact=True).click()
    expect(head.get_by_text("pinned", exact=True)).to_be_visible()
    eventually(lambda: f"{thread.title} pinned" in zoe.open(thread.there).text)
    head.get_by_role("button", name="Unpin").click()
    eventually(lambda: f"{thread.title} pinned" not in zoe.open(thread.there).text)


def test_a_member_is_banned_from_a_community_and_appeals(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    zoe = servers.people["zoe"]
    with newcomer(servers, "rude", screen) as rude:
        title = f"Loud noises ({screen})"
        post = rude.submit("/c/cats", title)
        there = find_at_beta(servers, title)
        page = tab_of("mia")
        page.goto(post)
        page.get_by_role("link", name="Ban the author").click()
        expect(page.get_by_label("Person")).to_have_value(rude.name)
        page.get_by_label("Reason").fill("Too loud")
        page.get_by_label("Days", exact=True).fill("3")
        page.get_by_label("Remove everything they wrote").check()
        page.get_by_role("button", name="Ban", exact=True).click()
        expect(page.get_by_role("heading", name="Banned people")).to_be_visible()
        eventually(lambda: zoe.see(there).status == 410)
        theirs = tab_of(rude)
        theirs.goto("/c/cats/submit")
        theirs.get_by_label("Title", exact=True).fill("Louder")
        theirs.get_by_role("button", name="Post", exact=True).click()
        expect(theirs.get_by_role("alert")).to_contain_text("banned")
        expect(theirs.get_by_label("Title", exact=True)).to_have_value("Louder")
        theirs.goto("/notifications")
        expect(theirs.get_by_text("A moderator banned you")).to_be_visible()
        theirs.get_by_role("link", name="Appeal", exact=True).click()
        theirs.get_by_label("Your appeal").fill("I will whisper.")
        theirs.get_by_role("button", name="Send appeal").click()
        expect(theirs.get_by_text("I will whisper.")).to_be_visible()
        page.goto("/reports")
        line = page.locator("ul.rows > li").filter(has_text=rude.name)
        line.get_by_role("link", name="Answer the appeal").click()
        page.get_by_label("Your message").fill("Well then.")
        page.get_by_label("Restore what was removed with the ban").check()
        page.get_by_role("button", name="Lift ban").click()
        expect(page.get_by_text("Decision undone.")).to_be_visible()
        theirs.reload()
        expect(theirs.get_by_text("Well then.")).to_be_visible()
        eventually(lambda: zoe.see(there).status == 200)


def test_a_member_is_banned_from_the_server_and_unbanned(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    with newcomer(servers, "worse", screen) as worse:
        page = tab_of("ann")
        page.goto(f"/u/{worse.name}")
        page.get_by_role("link", name="Ban", exact=True).click()
        page.get_by_label("Reason").fill("Much too loud")
        page.get_by_role("button", name="Ban", exact=True).click()
        expect(page.get_by_text("Banned from this server")).to_be_visible()
        assert "Log in" in worse.open("/").text, "they are logged out"
        page.get_by_role("button", name="Lift ban", exact=True).click()
        expect(page.get_by_text("Banned from this server")).to_have_count(0)
        worse.log_in()
        assert "Log out" in worse.open("/").text


def test_a_moderator_on_another_server_moderates(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    name = f"shared_{'js' if screen.scripts else 'plain'}"
    ann, eve, zoe = (servers.people[who] for who in ("ann", "eve", "zoe"))
    place = ann.create_community(name, "Shared")
    there = zoe.look_up(f"!{name}@{servers.alpha.host}")
    zoe.follow(there)
    eventually(lambda: "Unfollow" in zoe.open(there).text)
    page = tab_of("ann")
    page.goto(place)
    page.get_by_role("link", name="Manage").click()
    page.get_by_label("Add a moderator").fill(f"@zoe@{servers.beta.host}")
    page.get_by_role("button", name="Add").click()
    expect(
        page.get_by_role("button", name=f"Remove as moderator zoe@{servers.beta.host}")
    ).to_be_visible()
    eventually(lambda: zoe.open(there).find_link("Manage"))
    post = eve.submit(place, "Shared noise")
    number = eventually(lambda: zoe.open(there).find_post("Shared noise"))
    other = tab_of("zoe")
    other.goto(f"/post/{number}")
    other.locator("article.post-head").get_by_role("link", name="Remove").click()
    other.get_by_label("Reason").fill("Noise")
    other.get_by_role("button", name="Remove").click()
    eventually(lambda: eve.see(post).status == 410)
    page.get_by_role("button", name=f"Remove as moderator zoe@{servers.beta.host}").click()
    eventually(lambda: not zoe.open(there).find_link("Manage"))
