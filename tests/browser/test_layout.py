"""Where things stand on a page: on a phone, on paper, in forced colours, when pictures arrive."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.screens import DESKTOP, PHONE, Screen, tab
from tests.browser.servers import Servers, eventually
from tests.support.pictures import draw, opened, picture

SHIFT = 0.02
"""The most that a page may shift in all: a fifth of what the Core Web Vitals call good."""

THUMB = 44
"""Pixels: what a thumb hits."""

_NOTE_SHIFTS = """
globalThis.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""

_SMALL = """(thumb) => [...document.querySelectorAll(`.top :is(a, summary), .tabs a,
    .pick > summary, .vote, .posts .line > .count, .tools :is(a, button, summary), .thread summary,
    .thread .up, form.reply textarea`)]
  .filter((part) => part.checkVisibility() && !part.closest(".side"))
  .map((part) => [part.outerHTML.slice(0, 80), part.getBoundingClientRect()])
  .filter(([, box]) => box.height < thumb || box.width < thumb)
  .map(([part, box]) => `${part}: ${box.width} by ${box.height}`)"""

_INK = """(element) => { const range = document.createRange(); range.selectNodeContents(element);
  const box = range.getBoundingClientRect(); return [box.left, box.right]; }"""

TEXT = (
    "They sleep for most of the day, whatever happens around them, and wake up at night. "
    "Is there anything that one could do about it?"
)
REMOTE = "https://pictures.example"


@pytest.fixture(scope="module")
def posts(servers: Servers) -> dict[str, str]:
    """Posts as people write them, the last one with pictures from elsewhere, and their comments."""
    bob, eve = servers.people["bob"], servers.people["eve"]
    title = "Why do cats of every age sleep for so much of the day?"
    made = [bob.submit("/c/cats", f"{title} ({number})", body=TEXT) for number in range(6)]
    eve.reply(made[-1], "They dream, as we do.")
    shown = bob.submit("/c/cats", "Tall and wide", body=f"![tall]({REMOTE}/tall.png)\n\n{TEXT}")
    eve.reply(shown, f"Mine: ![wide]({REMOTE}/wide.png) ![:cat:]({REMOTE}/cat.png ':cat:')\n\nSo?")
    eve.reply(shown, f"```\n{'x' * 300}\n```")
    linked = bob.submit("/c/cats", "A picture from elsewhere", url=f"{REMOTE}/linked.png")
    hebrew = bob.submit("/c/cats", "למה חתולים ישנים", body="הם ישנים כל היום.")
    return {"text": made[-1], "shown": shown, "linked": linked, "hebrew": hebrew}


@contextmanager
def late_pictures(page: Page) -> Iterator[None]:
    """All pictures arrive after everything else; those from elsewhere are tall."""
    tall = picture("PNG", draw(300, 900))

    def answer(route: Route) -> None:
        time.sleep(0.1)
        if "/media/remote" in route.request.url:
            route.fulfill(body=tall, content_type="image/png")
        else:
            route.continue_()

    page.route("**/media/**", answer)
    yield
    page.unroute_all()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=str)
def test_nothing_moves_when_pictures_arrive(
    browser: Browser, servers: Servers, posts: dict[str, str], size: Screen
) -> None:
    with tab(browser, size, servers.people["bob"]) as page, late_pictures(page):
        page.add_init_script(_NOTE_SHIFTS)
        for path in (
            "/?list=local&sort=new",
            *(servers.paths["picture"], posts["shown"], posts["linked"]),
        ):
            page.goto(path)
            page.wait_for_load_state("networkidle")
            loaded = "[...document.images].some((one) => one.complete && one.naturalWidth)"
            assert page.evaluate(loaded), path
            assert page.evaluate("shifted") <= SHIFT, path


@pytest.mark.parametrize("who", ["", "bob"])
def test_a_phone_shows_five_posts_and_the_first_comment(
    browser: Browser, servers: Servers, posts: dict[str, str], who: str
) -> None:
    with tab(browser, PHONE, servers.people[who]) as page:
        page.goto("/?list=local&sort=new")
        bottoms = page.eval_on_selector_all(
            "ol.posts > li", "all => all.map((one) => one.getBoundingClientRect().bottom)"
        )
        assert sum(bottom <= PHONE.height for bottom in bottoms) >= 5, bottoms
        head = page.locator("header.top").bounding_box()
        assert head is not None
        assert head["height"] <= THUMB + 8, "one row"
        page.goto(posts["text"])
        first = page.locator("#thread .rich").first.bounding_box()
        assert first is not None
        assert first["y"] + first["height"] <= PHONE.height


def test_a_thumb_hits_everything_on_a_phone(
    browser: Browser, servers: Servers, posts: dict[str, str]
) -> None:
    with tab(browser, PHONE, servers.people["bob"]) as page:
        for path in ("/?list=local", servers.paths["post"], posts["text"]):
            page.goto(path)
            assert page.evaluate(_SMALL, THUMB) == [], path
            page.evaluate(
                "for (const part of document.querySelectorAll('details')) part.open = true"
            )
            assert page.evaluate(_SMALL, THUMB) == [], path


@pytest.mark.parametrize("scripts", [True, False])
def test_the_comment_box_is_one_line_until_it_is_used(
    browser: Browser, servers: Servers, posts: dict[str, str], scripts: bool
) -> None:
    screen = Screen("phone", PHONE.width, PHONE.height, scripts=scripts)
    with tab(browser, screen, servers.people["kim"]) as page:
        page.goto(posts["text"])
        box, send = page.get_by_label("Write a comment"), page.get_by_role("button", name="Send")
        expect(send).to_be_hidden()
        box.click()
        expect(send).to_be_visible()
        box.fill("x")
        page.locator("h1").click()
        expect(send).to_be_visible()
        box.fill("")
        page.locator("h1").click()
        expect(send).to_be_hidden()


def test_orders_are_one_menu_that_needs_no_script(browser: Browser, servers: Servers) -> None:
    screen = Screen("phone", PHONE.width, PHONE.height, scripts=False)
    with tab(browser, screen, servers.people["bob"]) as page:
        page.goto("/?list=local")
        expect(page.get_by_role("link", name="Controversial")).to_be_hidden()
        page.locator(".pick > summary").first.click()
        page.get_by_role("link", name="Top", exact=True).click()
        assert "sort=top" in page.url
        expect(page.locator(".pick > summary")).to_have_text(["Order: Top", "Time range: Month"])


def test_a_title_stands_on_the_side_of_its_text(
    browser: Browser, servers: Servers, posts: dict[str, str]
) -> None:
    with tab(browser, PHONE, servers.people[""]) as page:
        page.goto("/?list=local&sort=new")
        line = page.locator(f"#post-{posts['hebrew'].rpartition('/')[2]}")
        sides = [line.locator(part).evaluate(_INK) for part in ("h2", ".excerpt")]
        assert sides[0][1] == pytest.approx(sides[1][1], abs=1)
        page.goto(posts["hebrew"])
        sides = [page.locator(part).first.evaluate(_INK) for part in ("h1", ".post-head .rich p")]
        assert sides[0][1] == pytest.approx(sides[1][1], abs=1)


def test_wide_code_is_scrolled_with_the_keyboard(
    browser: Browser, servers: Servers, posts: dict[str, str]
) -> None:
    with tab(browser, PHONE, servers.people[""]) as page:
        page.goto(posts["shown"])
        code = page.get_by_role("group", name="Code")
        code.focus()
        page.keyboard.press("ArrowRight")
        eventually(lambda: page.evaluate("document.activeElement.scrollLeft > 0"))


def test_times_are_in_the_zone_of_the_browser(browser: Browser, servers: Servers) -> None:
    with tab(browser, DESKTOP, servers.people[""]) as page:
        zone = page.context.new_cdp_session(page)
        zone.send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
        page.goto("/?list=local")
        shown = page.locator("ol.posts time").first
        moment = datetime.fromisoformat(shown.get_attribute("datetime") or "").astimezone(UTC)
        there = moment + timedelta(hours=9)
        title = (shown.get_attribute("title") or "").replace("\u202f", " ")
        assert title == f"{there:%b} {there.day}, {there.year}, {there:%I:%M %p}".replace(" 0", " ")
    screen = Screen("plain", DESKTOP.width, DESKTOP.height, scripts=False)
    with tab(browser, screen, servers.people[""]) as page:
        page.goto("/?list=local")
        assert (page.locator("ol.posts time").first.get_attribute("title") or "").endswith(" UTC")


def test_a_thread_is_printed_without_its_controls(browser: Browser, servers: Servers) -> None:
    screen = Screen("dark", DESKTOP.width, DESKTOP.height, "dark")
    with tab(browser, screen, servers.people["mia"]) as page:
        page.goto(servers.paths["post"])
        page.emulate_media(media="print")
        for part in (".top", ".side", ".foot", "form.reply", ".vote", ".tools", ".tabs nav"):
            assert not page.locator(part).first.is_visible(), part
        for part in ("h1", ".post-head .rich", "#thread .rich", "#thread .meta"):
            assert page.locator(part).first.is_visible(), part
        assert _style(page, "body")["color"] == "rgb(0, 0, 0)"
        assert _style(page, "body")["backgroundColor"] == "rgb(255, 255, 255)"


def test_forced_colours_show_which_arrow_is_which_and_what_is_chosen(
    browser: Browser, servers: Servers, posts: dict[str, str]
) -> None:
    with tab(browser, DESKTOP, servers.people["kim"]) as page:
        page.emulate_media(forced_colors="active")
        page.goto(posts["text"])
        head = page.locator("article.post-head")
        up, down = (head.get_by_role("button", name=name) for name in ("Upvote", "Downvote"))
        before = {up.screenshot(), down.screenshot()}
        rows = _ink_of_rows(up)
        assert len(set(rows)) > 3, "a square"
        assert rows == sorted(rows), "it does not point up"
        assert _ink_of_rows(down) == sorted(_ink_of_rows(down), reverse=True)
        up.click()
        expect(up).to_have_attribute("aria-pressed", "true")
        page.mouse.move(0, 0)
        assert up.screenshot() not in before, "a vote cannot be seen"


def _ink_of_rows(button: Locator) -> list[int]:
    """The dark pixels in each row of a drawing, from its top to its bottom."""
    drawn = opened(button.screenshot()).convert("L")
    width, height = drawn.size
    rows = (sum(drawn.getpixel((x, y)) < 128 for x in range(width)) for y in range(height))
    return [row for row in rows if row]


def _style(page: Page, part: str) -> Any:
    return page.locator(part).first.evaluate("(one) => ({ ...getComputedStyle(one) })")
