"""Scenarios of reading: keys, collapsing, pictures in place, and word of new comments."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Tabs
from tests.browser.screens import DESKTOP, PHONE
from tests.browser.servers import Servers, attach

ON_DESKTOP = pytest.mark.parametrize("screen", [DESKTOP], ids=str)


@pytest.fixture
def thread(servers: Servers) -> str:
    """Three comments at the top, two replies below the first one."""
    bob, eve = servers.people["bob"], servers.people["eve"]
    post = bob.submit("/c/cats", "What do cats read?", body="Tell me.")
    first = eve.reply(post, "Tales of mice")
    bob.reply(post, "Which ones?", parent=eve.reply(post, "And of birds", parent=first))
    eve.reply(post, "The paper")
    eve.reply(post, "Nothing at all")
    return post


def current(page: Page) -> str:
    """The text of the comment or the title of the post that keys act on."""
    return page.locator(".at > details > .rich, .at h2").first.inner_text()


@ON_DESKTOP
def test_a_thread_is_read_with_keys(servers: Servers, thread: str, tab_of: Tabs) -> None:
    page = tab_of("bob")
    page.goto(f"{thread}?sort=old")
    for key, words in (
        *(("j", "Tales of mice"), ("j", "And of birds"), ("n", "The paper")),
        *(("n", "Nothing at all"), ("p", "The paper"), ("k", "Which ones?")),
    ):
        page.keyboard.press(key)
        assert current(page) == words, key
    page.keyboard.press("o")
    expect(page.get_by_text("Which ones?")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Which ones?")).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_text("And of birds")).to_be_hidden()
    expect(page.get_by_text("Tales of mice")).to_be_visible()
    expect(page.get_by_role("link", name="Expand all")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.press("p")
    assert current(page) == "Tales of mice"
    page.keyboard.press("a")
    up = page.locator(".at > details > .tools .vote.up")
    expect(up).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("r")
    text = page.locator(".at form.reply textarea")
    expect(text).to_be_focused()
    # Letters in a field are letters, and with a modifier they are the browser's.
    page.keyboard.type("j?")
    expect(text).to_have_value("j?")
    page.keyboard.press("Escape")
    text.fill("")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+j")
    assert current(page) == "Tales of mice"
    page.keyboard.press("?")
    help_on_keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(help_on_keys.get_by_text("Next new comment")).to_be_visible()
    page.keyboard.press("Escape")
    expect(help_on_keys).to_be_hidden()


@ON_DESKTOP
def test_keys_are_switched_off_in_the_settings(servers: Servers, thread: str, tab_of: Tabs) -> None:
    page = tab_of("eve")
    for is_on in (False, True):
        page.goto("/settings/appearance")
        page.get_by_label("Keyboard shortcuts").set_checked(is_on)
        page.get_by_role("button", name="Save").click()
        page.goto(thread)
        page.keyboard.press("j")
        assert page.locator(".at").count() == page.locator("#keys").count() == is_on


@ON_DESKTOP
def test_a_list_is_read_with_keys_and_its_pictures_open_in_place(
    servers: Servers, tab_of: Tabs
) -> None:
    bob = servers.people["bob"]
    attach(bob, bob.open("/c/cats/submit"), "title", "picture", title="A cat", alt="It reads")
    page = tab_of("kim")
    page.goto("/u/bob")
    here = page.url
    page.keyboard.press("j")
    assert current(page).startswith("A cat")
    page.keyboard.press("x")
    box = page.get_by_role("dialog", name="Picture")
    expect(box.get_by_role("img", name="It reads")).to_be_visible()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    page.locator(".thumb").first.click()
    expect(box.get_by_role("link", name="Open the picture alone")).to_be_visible()
    box.get_by_role("button", name="Close").click()
    assert page.url == here
    page.keyboard.press("o")
    page.wait_for_url("**/post/*")
    page.locator(".shown a").click()
    expect(box.get_by_role("img", name="It reads")).to_be_visible()
    page.go_back()
    line = page.locator("li.read").filter(has_text="A cat")
    expect(line.locator(".meta")).to_contain_text("(read)")


@pytest.mark.parametrize("screen", [PHONE], ids=str)
def test_new_comments_are_announced_and_shown_on_request(
    servers: Servers, thread: str, tab_of: Tabs
) -> None:
    page = tab_of("kim")
    page.clock.install()
    page.goto(f"{thread}?sort=old")
    said = page.locator(".news")
    page.clock.fast_forward(46_000)
    page.wait_for_load_state("networkidle")
    expect(said).to_be_empty()
    servers.people["eve"].reply(thread, "Yes: the news")
    servers.people["bob"].reply(thread, "Never")
    page.evaluate("scrollTo(0, 99)")
    page.clock.fast_forward(46_000)
    link = said.get_by_role("link", name="Show 2 new comments")
    expect(link).to_be_visible()
    assert page.evaluate("scrollY") == 99
    assert page.get_by_text("Yes: the news").count() == 0
    link.click()
    expect(page.get_by_text("Yes: the news")).to_be_visible()
    expect(page.locator("li.new")).to_have_count(2)
    page.get_by_role("link", name="Go to the first one").click()
    assert page.url.endswith(f"#{page.locator('li.new').first.get_attribute('id')}")
    # A thumb goes from one comment at the top to the next.
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("button", name="Next top-level comment").click()
    assert current(page) == "Tales of mice"
    page.get_by_role("button", name="Next top-level comment").click()
    assert current(page) == "The paper"
