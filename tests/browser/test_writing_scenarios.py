"""Scenarios of writing: choosing a community, pictures in a text, what is kept, and where links to
comments lead.
"""

import base64
import re

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser.conftest import Tabs
from tests.browser.scenario_steps import IMAGE, PICTURE, begin_thread
from tests.browser.screens import DESKTOP, Screen
from tests.browser.servers import Servers
from tests.support.visitor import path_of

# A file arrives by an event that only the browser itself can make whole.
_ARRIVE = """(field, [kind, name, content]) => {
  const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: "image/png" }));
  const options = { bubbles: true, cancelable: true };
  field.dispatchEvent(kind === "paste"
    ? new ClipboardEvent(kind, { ...options, clipboardData: data })
    : new DragEvent(kind, { ...options, dataTransfer: data }));
}"""


def test_a_community_is_chosen_by_a_part_of_its_name_or_title(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    name, word = ("quilts_js", "needle") if screen.scripts else ("quilts_plain", "pin")
    bob, page = servers.people["bob"], tab_of("bob")
    bob.create_community(name, f"A {word}")
    bob.create_community(f"{name}_too", f"More {word}s")
    page.goto("/submit")
    field = page.get_by_label("Community", exact=True)
    if screen.scripts:
        _choose_by_keyboard(page, field, name, word)
    page.get_by_label("Title", exact=True).fill("On needlework")
    field.fill("no such thing")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("#e-community")).to_have_text(
        "There is no community called “no such thing”."
    )
    field.fill(word.upper())
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("#e-community")).to_contain_text("Several communities fit")
    expect(page.get_by_label("Title", exact=True)).to_have_value("On needlework")
    page.get_by_role("group", name="Which community?").get_by_label(f"!{name}_too@").check()
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("article.post-head").get_by_text(f"More {word}s")).to_be_visible()

    page.goto("/submit")
    page.get_by_label("Title", exact=True).fill("On dogs")
    field.fill(f"!dogs@{servers.beta.host}" if screen.scripts else f"{servers.beta.origin}/c/dogs")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("article.post-head").get_by_text("Dogs@")).to_be_visible()


def _choose_by_keyboard(page: Page, field: Locator, name: str, word: str) -> None:
    """The suggestions of our script, by the keys of a combobox."""
    options = page.get_by_role("listbox", name="Communities").get_by_role("option")
    field.press_sequentially("DOGS")
    expect(options).to_contain_text(["Dogs"])
    field.press("Escape")
    expect(options).to_have_count(0)
    field.fill("no such thing")
    expect(page.get_by_text("No communities found.")).to_be_visible()
    field.fill(word)
    expect(options).to_have_count(2)
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    field.press("ArrowDown")
    expect(options.last).to_have_attribute("aria-selected", "true")
    active = options.last.get_attribute("id")
    expect(field).to_have_attribute("aria-activedescendant", active or "")
    field.press("Enter")
    expect(field).to_have_value(f"{name}_too")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("status").get_by_text(f"More {word}s")).to_be_visible()


def test_enter_in_the_title_shows_a_preview_and_publishes_nothing(tab_of: Tabs) -> None:
    page = tab_of("bob")
    page.goto("/c/cats/submit")
    page.get_by_label("Text", exact=True).fill("Not *yet* done")
    page.get_by_label("Title", exact=True).fill("Half a title")
    page.get_by_label("Title", exact=True).press("Enter")
    expect(page.get_by_role("region", name="Preview").locator("em")).to_have_text("yet")
    assert path_of(page.url) == "/submit"
    expect(page.get_by_label("Title", exact=True)).to_have_value("Half a title")


def test_a_picture_is_put_into_a_comment(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    thread = begin_thread(servers, screen, "Show me")
    page = tab_of("bob")
    page.goto(thread.here)
    form = page.locator("form.reply").first
    text = form.get_by_label("Write a comment")
    text.fill("Look:")
    form.get_by_text("Add a picture").click()
    form.get_by_label("Picture to insert").set_input_files(PICTURE)
    form.get_by_label("What it shows").fill("A [cat]")
    form.get_by_role("button", name="Insert picture").click()
    expect(text).to_have_value(_starting("Look:\n\n![A \\[cat\\]](http"))
    if screen.scripts:
        for kind in ("paste", "drop"):
            image = base64.b64encode(IMAGE).decode()
            text.evaluate(_ARRIVE, [kind, f"{kind}.png", image])
            words = form.get_by_label("What it shows")
            expect(words).to_be_focused()
            words.fill(f"By {kind}")
            words.press("Enter")
            expect(text).to_have_value(_containing(f"![By {kind}](http"))
            expect(text).to_be_focused()
    page.locator("form.reply button.main").click()
    expect(page.locator("#thread").get_by_role("link", name="A [cat]")).to_be_visible()
    expect(page.locator("#thread").get_by_role("link", name="By drop")).to_have_count(
        1 if screen.scripts else 0
    )
    number = servers.people["bob"].open(thread.here).find_comment("Look:")
    page.goto(f"/comment/{number}/edit")
    page.get_by_text("Add a picture").click()
    page.get_by_role("button", name="Insert picture").click()
    if not screen.scripts:
        expect(page.locator("#e-image")).to_have_text("Choose a picture first.")


@pytest.mark.parametrize("screen", [DESKTOP], ids=str)
def test_what_was_typed_is_there_after_a_reload_and_closing_the_tab_asks(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    thread = begin_thread(servers, screen, "Keep it")
    number = servers.people["eve"].reply(thread.here, "Well?")
    page = tab_of("bob")
    page.goto(thread.here)
    page.get_by_label("Write a comment").fill("Half a comment")
    page.locator(f"#comment-{number} a.reply").click()
    answer = page.locator(f"#comment-{number} form.reply textarea")
    answer.fill("Half a reply")
    page.reload()
    expect(page.get_by_label("Write a comment")).to_have_value("Half a comment")
    expect(page.get_by_text("Your unsent text is back.").first).to_be_visible()
    expect(answer).to_have_value("Half a reply")

    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.close(run_before_unload=True)
    page.locator(".brand").click()
    expect(page.locator("ol.posts").first).to_be_visible()
    assert asked == ["beforeunload"], "only closing asks: a link leaves the text in the tab"
    page.remove_listener("dialog", stay)
    page.goto(thread.here)
    page.locator(f"#comment-{number} form.reply button.main").click()
    expect(page.locator(f"#comment-{number} li").get_by_text("Half a reply")).to_be_visible()
    page.locator("form.reply button.main").click()
    expect(page.locator("#thread").get_by_text("Half a comment")).to_be_visible()
    page.goto(thread.here)
    expect(page.get_by_label("Write a comment")).to_have_value("")
    expect(page.locator("form.reply")).to_have_count(1)

    page.goto("/c/cats/submit")
    page.get_by_label("Title", exact=True).fill("A kept title")
    page.goto("/c/cats/submit")
    expect(page.get_by_label("Title", exact=True)).to_have_value("A kept title")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("heading", name="A kept title")).to_be_visible()
    page.goto("/c/cats/submit")
    expect(page.get_by_label("Title", exact=True)).to_have_value("")


@pytest.mark.parametrize("screen", [DESKTOP], ids=str)
def test_the_way_back_shows_the_new_vote(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    thread = begin_thread(servers, screen, "And back")
    page = tab_of("bob")
    page.goto("/?list=local&sort=new")
    line = page.locator("ol.posts > li").filter(has_text=thread.title)
    page.get_by_role("link", name=thread.title, exact=True).click()
    page.locator("article.post-head").get_by_role("button", name="Upvote").click()
    expect(page.locator("article.post-head .score")).to_have_text("Points: 2")
    page.wait_for_load_state("networkidle")
    page.go_back()
    expect(line.get_by_role("button", name="Upvote")).to_have_attribute("aria-pressed", "true")
    expect(line.locator(".score")).to_have_text("Points: 2")


def test_a_link_to_a_comment_leads_to_it(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    thread = begin_thread(servers, screen, "A long way down")
    eve, page = servers.people["eve"], tab_of("bob")
    numbers = [eve.reply(thread.here, f"Number {count}. " + "More. " * 60) for count in range(12)]
    below = eve.reply(thread.here, "In the fold.", parent=numbers[0])
    page.goto(servers.paths["comment"])  # below a post that fills a phone
    expect(page.locator(".focus > .meta")).to_be_in_viewport()
    page.goto(f"{thread.here}?sort=old")
    page.locator(f"#comment-{numbers[0]} > details > summary").click()
    if screen.scripts:
        page.evaluate(f"location.hash = 'comment-{below}'")
        expect(page.get_by_text("In the fold.")).to_be_in_viewport()
        page.goto(f"{thread.here}#comment-{numbers[11]}")
        expect(page.locator(f"#comment-{numbers[11]} > .meta")).to_be_in_viewport()
        page.goto(f"{servers.paths['post']}#comment-{below}")
        expect(page.get_by_text("In the fold.")).to_be_in_viewport()
        assert path_of(page.url) == f"/comment/{below}"


def _starting(text: str) -> re.Pattern[str]:
    return re.compile(f"^{re.escape(text)}")


def _containing(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))
