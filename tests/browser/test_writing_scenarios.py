"""Scenarios of writing: choosing a community, pictures in a text, what is kept, and where links to
comments lead.
"""

import base64
import re

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser.conftest import Tabs
from tests.browser.scenario_steps import IMAGE, PICTURE, begin_thread, loads_of
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


_SELECT = """(box) => {
  box.ownerDocument.activeElement.blur();
  getSelection().selectAllChildren(box);
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


def test_enter_in_the_title_shows_a_preview_and_publishes_nothing(
    screen: Screen, tab_of: Tabs
) -> None:
    page = tab_of("bob")
    page.goto("/c/cats/submit")
    page.get_by_label("Text", exact=True).fill("Not *yet* done")
    page.get_by_label("Title", exact=True).fill("Half a title")
    page.get_by_label("Title", exact=True).press("Enter")
    expect(page.get_by_role("region", name="Preview").locator("em")).to_have_text("yet")
    assert path_of(page.url) == ("/c/cats/submit" if screen.scripts else "/submit")
    expect(page.get_by_label("Title", exact=True)).to_have_value("Half a title")
    if screen.scripts:
        expect(page.get_by_role("region", name="Preview")).to_be_focused()
        expect(page.get_by_role("heading", name="Half a title")).to_be_visible()


def test_a_picture_is_put_into_a_comment(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    thread = begin_thread(servers, screen, "Show me")
    page = tab_of("bob")
    page.goto(thread.here)
    form = page.locator("form.reply").first
    text = form.get_by_label("Write a comment")
    text.fill("Look:")
    form.get_by_text("Insert a picture into the text").click()
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
    page.get_by_text("Insert a picture into the text").click()
    page.get_by_role("button", name="Insert picture").click()
    if not screen.scripts:
        expect(page.locator("#e-image")).to_have_text("Choose a picture first.")


@pytest.mark.parametrize("screen", [DESKTOP], ids=str)
def test_a_reply_is_marked_up_completed_and_previewed_by_the_keyboard(
    servers: Servers, screen: Screen, tab_of: Tabs
) -> None:
    thread = begin_thread(servers, screen, "Mark it up")
    page = tab_of("bob")
    page.goto(thread.here)
    text = page.get_by_label("Write a comment")
    _mark_up(page, text)
    _complete(page, text, servers.alpha.host)
    loaded = loads_of(page)
    page.get_by_role("button", name="Preview").click()
    preview = page.get_by_role("region", name="Preview")
    expect(preview.get_by_role("link", name=f"@eve@{servers.alpha.host}")).to_be_visible()
    expect(preview).to_be_focused()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#thread").get_by_role("link", name="@eve@")).to_be_visible()
    expect(preview).to_have_count(0)
    assert loaded == []


def _mark_up(page: Page, text: Locator) -> None:
    """By the toolbar and its shortcuts."""
    text.press_sequentially("So ")
    text.press("Control+b")
    text.press_sequentially("bold")
    expect(text).to_have_value("So **bold**")
    text.press("Control+z")
    text.press("Control+z")
    expect(text).to_have_value(re.compile(r"^So \**$"))
    text.fill("one\ntwo words")
    text.press("Control+a")
    text.press("Tab")
    bar = page.get_by_role("toolbar", name="Formatting")
    expect(bar.get_by_role("button", name="Bold")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(bar.get_by_role("button", name="Spoiler")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(text).to_be_focused()
    expect(text).to_have_value("> one\n> two words")
    bar.get_by_role("button", name="Quote").click()
    expect(text).to_have_value("one\ntwo words")
    for name, typed, made in (
        ("Italic", "x", "*x*"),
        ("List", "x", "- x"),
        ("Code", "x", "`x`"),
        ("Code", "x\ny", "```\nx\ny\n```\n"),
        ("Spoiler", "x", "::: spoiler Title\nx\n:::\n"),
        ("Link", "x", "[x](https://)"),
        ("Link", "https://a.example", "[](https://a.example)"),
    ):
        text.fill(typed)
        text.press("Control+a")
        bar.get_by_role("button", name=name).click()
        expect(text).to_have_value(made)


def _complete(page: Page, text: Locator, host: str) -> None:
    """People, communities and emoji, by the keys of a combobox."""
    offered = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    text.fill("")
    text.press_sequentially("Ask @")
    expect(offered.first).to_contain_text("@eve@")
    expect(text).to_have_attribute("aria-activedescendant", "completions-0")
    text.press("Escape")
    expect(offered).to_have_count(0)
    text.press_sequentially("ev")
    expect(offered).to_have_count(1)
    text.press("Enter")
    expect(text).to_have_value(f"Ask @eve@{host} ")
    text.press_sequentially("in !ca")
    expect(offered.first).to_contain_text("!cats@")
    text.press("Tab")
    text.press_sequentially(":ca")
    expect(offered.first).to_contain_text(":cat:")
    text.press("ArrowDown")
    text.press("ArrowUp")
    text.press("Enter")
    expect(text).to_have_value(_containing(f"in !cats@{host} :cat: "))


@pytest.mark.parametrize("screen", [DESKTOP], ids=str)
def test_selected_words_are_quoted(servers: Servers, screen: Screen, tab_of: Tabs) -> None:
    thread = begin_thread(servers, screen, "Quote me")
    number = servers.people["eve"].reply(thread.here, "First `*` words.\n\nLast __words__.")
    page = tab_of("bob")
    page.goto(thread.here)
    comment = page.locator(f"#comment-{number}")
    comment.locator(".rich").evaluate(_SELECT)
    comment.get_by_role("link", name="Reply").click()
    reply = comment.locator("form.reply textarea")
    expect(reply).to_have_value("> First \\* words.\n>\n> Last words.\n\n")
    expect(reply).to_be_focused()
    comment.locator(".rich p").last.evaluate(_SELECT)
    page.locator(".quote").click()
    expect(reply).to_have_value(_ending("> Last words.\n\n> Last words.\n\n"))
    page.locator(".post-head .rich").evaluate(_SELECT)
    page.keyboard.press("q")
    own = page.get_by_label("Write a comment")
    expect(own).to_have_value("> Tell me.\n\n")
    expect(own).to_be_focused()


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


def _ending(text: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(text)}$")


def _containing(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))
