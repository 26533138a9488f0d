"""Scenarios of members: reading, writing and replying, on two servers at once."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from fedcom.web.html.honeypot import AT_LEAST
from tests.browser.conftest import Tabs
from tests.browser.scenario_steps import (
    PICTURE,
    Hand,
    begin_thread,
    choose,
    find_at_beta,
    loads_of,
    newcomer,
)
from tests.browser.screens import PHONE, SCREENS, Screen
from tests.browser.servers import Servers, eventually
from tests.support.visitor import PASSWORD, path_of


def test_a_guest_comments_after_at_most_six_clicks_and_three_fields(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    thread = begin_thread(servers, screen, "Say hello")
    text = f"Hello from {screen}"
    page = tab_of("")
    page.goto("/?sort=new")
    hand = Hand(page)
    hand.press("link", "Sign up")
    hand.write("Name", f"hello_{'js' if screen.scripts else 'plain'}")
    hand.write("Password", PASSWORD)
    page.wait_for_timeout(AT_LEAST / timedelta(milliseconds=1))  # nobody types faster
    hand.press("button", "Sign up")
    expect(page.get_by_role("status")).to_have_text("Welcome! You're logged in.")
    hand.press("link", thread.title)
    hand.write("Write a comment", text)
    hand.press("button", "Send")
    expect(page.locator("#thread").get_by_text(text)).to_be_visible()
    assert hand.clicks <= 6
    assert hand.fields <= 3
    eventually(lambda: servers.people["zoe"].open(thread.there).find_comment(text))


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_a_member_reads_votes_replies_and_posts(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    thread = begin_thread(servers, screen, "Do cats dream?")
    zoe, page = servers.people["zoe"], tab_of("bob")
    page.goto("/?list=local&sort=new")
    page.get_by_role("link", name=thread.title, exact=True).click()
    loaded = loads_of(page)
    head = page.locator("article.post-head")
    up = head.get_by_role("button", name="Upvote")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(head.locator(".score")).to_have_text("Points: 2")
    page.get_by_label("Write a comment").fill("They *do*.")
    page.get_by_role("button", name="Send").click()
    first = page.locator("#thread > ol > li").first
    expect(first.get_by_text("They do.")).to_be_visible()
    first.get_by_role("link", name="Reply").click()
    page.locator("#thread form.reply textarea").fill("Of dogs.")
    page.locator("#thread form.reply").get_by_role("button", name="Send").click()
    expect(first.locator("li").get_by_text("Of dogs.")).to_be_visible()
    assert bool(loaded) != screen.scripts, "what a script can do at once loads no page"

    eventually(lambda: zoe.open(thread.there).points("post", thread.number_there) == 2)
    eventually(lambda: zoe.open(thread.there).find_comment("Of dogs."))

    page.get_by_role("link", name="Write a post").first.click()
    title = f"What cats dream of ({screen})"
    page.get_by_label("Community", exact=True).fill("cats")
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("Text", exact=True).fill("Nobody knows.")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    there = find_at_beta(servers, title)

    other = tab_of("zoe")
    other.goto(there)
    other.get_by_label("Write a comment").fill("I do.")
    other.get_by_role("button", name="Send").click()
    expect(other.locator("#thread").get_by_text("I do.")).to_be_visible()
    eventually(lambda: servers.people["bob"].open(path_of(page.url)).find_comment("I do."))


def test_a_vote_is_changed_and_undone(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    thread = begin_thread(servers, screen, "Up or down?")
    zoe, page = servers.people["zoe"], tab_of("bob")

    def points_there() -> int | None:
        return zoe.open(thread.there).points("post", thread.number_there)

    page.goto(thread.here)
    head = page.locator("article.post-head")
    for name, points in (("Upvote", 2), ("Downvote", 0), ("Downvote", 1)):
        head.get_by_role("button", name=name).click()
        expect(head.locator(".score")).to_have_text(f"Points: {points}")
        eventually(lambda points=points: points_there() == points)
    number = servers.people["eve"].reply(thread.here, "Mine is up.")
    comment_there = eventually(lambda: zoe.open(thread.there).find_comment("Mine is up."))
    page.goto(thread.here)
    page.locator(f"#comment-{number}").get_by_role("button", name="Upvote").click()
    eventually(lambda: zoe.open(thread.there).points("comment", comment_there) == 2)


def test_a_post_is_previewed_saved_as_a_draft_and_sent(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    title = f"Half a thought ({screen})"
    page = tab_of("bob")
    page.goto("/c/cats/submit")
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("Text", exact=True).fill("It is **so**.")
    page.get_by_role("button", name="Preview").click()
    preview = page.get_by_role("region", name="Preview")
    expect(preview.get_by_role("heading", name=title)).to_be_visible()
    expect(preview.locator("strong")).to_have_text("so")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Draft saved. Only you can see it.")).to_be_visible()
    page.goto("/drafts")
    page.get_by_role("listitem").filter(has_text=title).get_by_role("link", name="Continue").click()
    expect(page.get_by_label("Title", exact=True)).to_have_value(title)
    expect(page.get_by_label("Text", exact=True)).to_have_value("It is **so**.")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    find_at_beta(servers, title)
    page.goto("/drafts")
    expect(page.get_by_text(title)).to_have_count(0)
    page.goto("/c/cats/submit")
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_role("button", name="Save draft").click()
    page.goto("/drafts")
    draft = page.get_by_role("listitem").filter(has_text=title)
    draft.get_by_role("button", name="Discard").click()
    expect(draft).to_have_count(0)


def test_a_picture_has_an_image_description(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    title, alt = f"My cat again ({screen})", "Orange, with a blue corner"
    page = tab_of("bob")
    page.goto("/c/cats/submit")
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("Picture", exact=True).set_input_files(PICTURE)
    page.get_by_label("Picture description").fill(alt)
    page.get_by_role("button", name="Post", exact=True).click()
    shown = page.get_by_role("main").get_by_role("img", name=alt)
    expect(shown).to_be_visible()
    there = tab_of("zoe")
    there.goto(find_at_beta(servers, title))
    expect(there.get_by_role("main").get_by_role("img", name=alt)).to_be_visible()


def test_a_comment_is_folded_and_unfolded(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    thread = begin_thread(servers, screen, "Fold me")
    servers.people["eve"].reply(thread.here, "A long answer.")
    page = tab_of("bob")
    page.goto(thread.here)
    text, fold = page.get_by_text("A long answer."), page.locator("#thread summary").first
    expect(text).to_be_visible()
    fold.click()
    expect(text).to_be_hidden()
    fold.click()
    expect(text).to_be_visible()


def test_saved_hidden_and_blocked_items_are_listed(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    thread = begin_thread(servers, screen, "Keep this")
    with newcomer(servers, "keeper", screen) as keeper:
        page = tab_of(keeper)
        lists = "/?list=local&sort=new"
        line = page.locator("ol.posts > li").filter(has_text=thread.title)
        page.goto(lists)
        choose(line, "Save")
        page.goto("/saved")
        expect(line).to_be_visible()
        page.goto(lists)
        choose(line, "Hide")
        expect(line).to_have_count(0)
        page.goto("/saved?show=hidden")
        choose(line, "Unhide")
        page.goto(lists)
        choose(line, "Block @eve")
        expect(page.get_by_text("Blocked. You can undo this in your settings.")).to_be_visible()
        expect(line).to_have_count(0)
        page.goto("/settings/blocks")
        page.get_by_role("button", name="Unblock eve").click()
        page.goto(lists)
        expect(line).to_be_visible()
        page.goto(thread.here)
        choose(page.locator("article.post-head"), "Unsave")
        page.goto("/saved")
        expect(line).to_have_count(0)


def test_a_comment_is_saved_and_removed_from_saved(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    thread = begin_thread(servers, screen, "Wise words")
    number = servers.people["bob"].reply(thread.here, f"Cats know ({screen}).")
    with newcomer(servers, "collector", screen) as collector:
        page = tab_of(collector)
        page.goto(thread.here)
        choose(page.locator(f"#comment-{number}"), "Save")
        page.goto("/saved?show=comments")
        kept = page.get_by_text(f"Cats know ({screen}).")
        expect(kept).to_be_visible()
        page.get_by_role("button", name="Unsave").click()
        expect(kept).to_have_count(0)


def test_remote_people_and_communities_are_blocked_on_their_pages(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    with newcomer(servers, "picky", screen) as picky:
        page = tab_of(picky)
        for path in (servers.paths["zoe"], servers.paths["dogs"]):
            page.goto(path)
            menu = page.locator(".heading .actions")
            menu.locator("details.more summary").last.click()
            menu.get_by_role("button", name="Block").first.click()
            expect(page.get_by_text("Blocked. You can undo this in your settings.")).to_be_visible()
            page.goto("/?list=all&sort=new")
            expect(page.get_by_role("link", name="Dogs are awake")).to_have_count(0)
            page.goto(path)
            menu.get_by_role("button", name="Unblock").click()
            expect(page.get_by_text("Unblocked.")).to_be_visible()
            page.goto(f"{servers.paths['dogs']}?sort=new")
            expect(page.get_by_role("link", name="Dogs are awake")).to_be_visible()


def test_an_edited_post_shows_its_history(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    thread = begin_thread(servers, screen, "Cats are gray", by="bob")
    number = servers.people["bob"].reply(thread.here, "All of them are gray.")
    zoe, page = servers.people["zoe"], tab_of("bob")
    page.goto(thread.here)
    page.locator("article.post-head").get_by_role("link", name="Edit").click()
    page.get_by_label("Text", exact=True).fill("Or grey.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Changes saved.")).to_be_visible()
    eventually(lambda: "Or grey." in zoe.open(thread.there).text)
    page.locator(f"#comment-{number}").get_by_role("link", name="Edit").click()
    page.get_by_label("Comment", exact=True).fill("Some of them are gray.")
    page.get_by_role("button", name="Save", exact=True).click()
    eventually(lambda: zoe.open(thread.there).find_comment("Some of them are gray."))
    page.goto(thread.here)
    page.locator("article.post-head").get_by_role("link", name="edited").click()
    expect(page.locator("del", has_text="Tell me.")).to_be_visible()
    expect(page.locator("ins", has_text="Or grey.")).to_be_visible()
    page.goto(f"/comment/{number}/history")
    expect(page.locator("ins", has_text="Some")).to_be_visible()


def test_a_deleted_post_is_restored(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    thread = begin_thread(servers, screen, "Soon gone", by="bob")
    number = servers.people["bob"].reply(thread.here, "This too.")
    zoe, page = servers.people["zoe"], tab_of("bob")
    eventually(lambda: zoe.open(thread.there).find_comment("This too."))
    page.goto(thread.here)
    choose(page.locator(f"#comment-{number}"), "Delete")
    eventually(lambda: not zoe.open(thread.there).find_comment("This too."))
    page.get_by_role("button", name="Undelete").click()
    eventually(lambda: zoe.open(thread.there).find_comment("This too."))
    page.goto(thread.here)
    page.locator("article.post-head").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Deleted. Choose “Undelete” to bring it back.")).to_be_visible()
    eventually(lambda: zoe.see(thread.there).status == 410)
    page.get_by_role("button", name="Undelete").click()
    eventually(lambda: zoe.see(thread.there).status == 200)


def test_posts_and_comments_are_found_by_search(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    thread = begin_thread(servers, screen, "Xylophones")
    servers.people["eve"].reply(thread.here, f"A marimba is no xylophone {screen}")
    page = tab_of("bob")
    page.goto("/")
    form = page.get_by_role("search", name="Search this server")
    if screen.name == PHONE.name:
        page.get_by_role("link", name="Search", exact=True).click()
        form = page.get_by_role("search", name="Search form")
    form.get_by_role("searchbox").fill("xylophones")
    form.get_by_role("button").click()
    expect(page.get_by_role("link", name=thread.title).first).to_be_visible()
    page.get_by_role("main").get_by_role("link", name=re.compile(r"^Comments \(\d")).click()
    page.locator("#f-q").fill("marimba")
    page.get_by_role("search", name="Search form").get_by_role("button").click()
    expect(page.locator("mark", has_text="marimba").first).to_be_visible()


def test_a_remote_community_is_followed_by_its_handle(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    name = f"birds_{'js' if screen.scripts else 'plain'}"
    zoe, bob = servers.people["zoe"], servers.people["bob"]
    own = zoe.create_community(name, "Birds")
    handle = f"!{name}@{servers.beta.host}"
    page = tab_of("bob")
    page.goto("/communities")
    page.get_by_label("Add a community from another server").fill(handle)
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_text(handle).first).to_be_visible()
    page.get_by_role("button", name="Follow", exact=True).click()
    place = path_of(page.url)
    eventually(lambda: "Unfollow" in bob.open(place).text)
    zoe.submit(own, "Birds sing")
    eventually(lambda: bob.open(place).find_post("Birds sing"))
    page.goto("/communities?list=subscribed")
    page.get_by_role("button", name=f"Unfollow {handle[1:]}").click()
    expect(page.get_by_role("button", name="Follow", exact=True)).to_be_visible()


def test_notifications_are_read_and_replied_to(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    zoe = servers.people["zoe"]
    with newcomer(servers, "reader", screen) as reader:
        title = f"Ask me ({screen})"
        reader.submit("/c/cats", title)
        there = find_at_beta(servers, title)
        zoe.reply(there, "Who are you?")
        zoe.reply(there, "And why?")
        eventually(lambda: len(reader.open("/notifications").entries("news")) == 2)
        page = tab_of(reader)
        page.goto("/")
        page.get_by_role("link", name="Notifications unread: 2").click()
        news = page.locator("li.unread")
        expect(news).to_have_count(2)
        first = news.filter(has_text="Who are you?")
        first.locator("details.answer summary").click()
        first.get_by_label("Your reply").fill("A reader.")
        first.get_by_role("button", name="Send").click()
        expect(page.locator("#thread").get_by_text("A reader.")).to_be_visible()
        eventually(lambda: zoe.open(there).find_comment("A reader."))
        zoe.reply(there, "I see.")
        eventually(lambda: reader.open("/notifications").entries("news"))
        page.goto("/notifications")
        page.get_by_role("button", name="Mark all as read").click()
        expect(page.get_by_text("No new notifications.")).to_be_visible()


def test_a_private_message_goes_to_the_other_server_and_back(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    bob, zoe = servers.people["bob"], servers.people["zoe"]
    text = f"Between us ({screen})"
    page = tab_of("bob")
    page.goto(bob.look_up(f"@zoe@{servers.beta.host}"))
    page.get_by_role("link", name="Send message").click()
    page.get_by_label("Your message").fill(text)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Message sent.")).to_be_visible()
    talk = f"/messages/bob@{servers.alpha.host}"
    eventually(lambda: text in zoe.see(talk).text)
    other = tab_of("zoe")
    other.goto("/messages")
    other.get_by_role("link", name="bob@").first.click()
    other.get_by_label("Your message").fill(f"Indeed {text}")
    other.get_by_role("button", name="Send", exact=True).click()
    mine = f"/messages/zoe@{servers.beta.host}"
    eventually(lambda: f"Indeed {text}" in bob.open(mine).text)
    page.goto(mine)
    last = page.locator("li.mine").last
    last.get_by_role("button", name="Delete").click()
    eventually(lambda: zoe.open(talk).text.count(text) == 1)
    last.get_by_role("button", name="Undelete").click()
    eventually(lambda: zoe.open(talk).text.count(text) == 2)
