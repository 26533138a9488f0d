"""axe-core finds no violations, the keyboard reaches everything, pages fit at double size, and
forced colours hide nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from activitypub.problem import Problem
from fedcom.web.html.render import bare_page, style_address
from tests.browser.pages import PAGES, PageCase
from tests.browser.screens import DESKTOP, PHONE, Windows, tab
from tests.browser.servers import Servers

SMALL = 320
"""Pixels: the narrowest width that WCAG 2.1 (1.4.10) requires."""

AXE = Path(__file__).parent.parent / "npm" / "node_modules" / "axe-core" / "axe.min.js"

# Our pages run no script but our own, so axe is injected as part of the browser.
_RUN = """async ([rules, more]) => {
  const only = rules ? { runOnly: { type: "rule", values: rules } }
    : { rules: Object.fromEntries(more.map((name) => [name, { enabled: true }])) };
  const found = await axe.run(document, { resultTypes: ["violations"], ...only });
  const words = (node) => node.html.slice(0, 200);
  return found.violations.map((rule) => [rule.id, rule.nodes.map(words)]);
}"""
_UNFOLD = """() => {
  const folded = [...document.querySelectorAll("details:not([open])")];
  for (const part of folded) part.open = true;
  return folded.length;
}"""


# A hidden part may cause the page itself to scroll sideways.
_TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((part) => part.checkVisibility()
      && part.getBoundingClientRect().right > innerWidth + 1
      && !part.closest(".rich, .scroll, .sr"))
  .map((part) => part.outerHTML.slice(0, 120)).slice(0, 3)
  .concat(document.documentElement.scrollWidth > innerWidth ? ["the page scrolls"] : [])"""

# The elements that the keyboard must reach; of a group of radio buttons one, the others by arrows.
_FOCUSABLE = """() => {
  const all = [...document.querySelectorAll(
      "a[href], button, input:not([type=hidden]), textarea, select, summary")]
    .filter((part) => part.checkVisibility({ visibilityProperty: true }) && !part.disabled
        && part.tabIndex >= 0);
  globalThis.reached = new Set();
  document.addEventListener("focusin", (event) => reached.add(event.target));
  return new Set(all.map((part) => part.type === "radio" ? part.name : part)).size;
}"""


# Backgrounds and colours are the system's then (though browsers compute ours): what is chosen, on
# or a message must look different in another way, or choose colours of the system itself.
_LOOKS_LIKE_OTHERS = """() => {
  const look = (part) => {
    const style = getComputedStyle(part);
    return ["borderTopWidth", "outlineStyle", "fontWeight", "textDecorationLine",
        "forcedColorAdjust"].map((name) => style[name])
      .concat(getComputedStyle(part, "::after").content).join();
  };
  const other = (part) => part.matches("[aria-pressed]")
    ? document.querySelector("[aria-pressed=false]")
    : part.closest("ul, nav").querySelector("a:not([aria-current])");
  const chosen = [...document.querySelectorAll("[aria-current], [aria-pressed=true]")]
    .filter((part) => other(part) && look(other(part)) === look(part));
  const boxes = [...document.querySelectorAll(".top .count, .main, .notice, .alert")]
    .filter((part) => getComputedStyle(part).borderTopStyle === "none"
        && getComputedStyle(part).forcedColorAdjust !== "none");
  return chosen.concat(boxes).map((part) => part.outerHTML.slice(0, 120));
}"""


def violations(page: Page, *rules: str, more: Sequence[str] = ()) -> list[Any]:
    """The violations that axe-core finds: rules, each with its elements.

    By default of all rules but those for levels that few pages claim; `more` of these are added.
    """
    found: list[Any] = page.evaluate(_RUN, [list(rules) or None, list(more)])
    return found


def missed(page: Page) -> int:
    """The number of usable elements that the Tab key does not reach."""
    wanted: int = page.evaluate(_FOCUSABLE)
    for _ in range(wanted + 5):
        page.keyboard.down("Tab")  # held, as repeated presses take longer
    page.keyboard.up("Tab")
    # The link that skips to the content covers others while it has the focus.
    page.evaluate("document.activeElement.blur()")
    reached: int = page.evaluate("reached.size")
    return max(0, wanted - reached)


def too_wide(page: Page) -> list[Any]:
    """The elements that overflow: on a phone, at twice the size (half as much is seen), on the
    smallest.
    """
    found = []
    for width in (PHONE.width, DESKTOP.width // 2, SMALL):
        page.set_viewport_size({"width": width, "height": PHONE.height})
        found += [(width, part) for part in page.evaluate(_TOO_WIDE)]
    return found


def problems(page: Page) -> list[Any]:
    """All accessibility problems of the open page, folded and unfolded, in light and dark."""
    unreached = missed(page)
    found: list[Any] = [f"{unreached} not reached by the keyboard"] if unreached else []
    # Open menus cover what is below them.
    found += violations(page, more=["target-size"])
    if page.evaluate(_UNFOLD):
        found += violations(page)
    page.emulate_media(forced_colors="active")
    found += [("forced colours", part) for part in page.evaluate(_LOOKS_LIKE_OTHERS)]
    page.emulate_media(forced_colors="none")
    # Themes differ in colours only.
    page.emulate_media(color_scheme="dark")
    return found + violations(page, "color-contrast") + too_wide(page)


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Iterator[Windows]:
    """Windows with axe in their tabs: injecting it takes as long as running it."""
    with ExitStack() as stack:
        yield Windows(browser, DESKTOP, stack, script=AXE)


# One test for all of it: opening a page takes as long as checking it.
@pytest.mark.parametrize("case", PAGES, ids=str)
def test_a_page_is_accessible(windows: Windows, servers: Servers, case: PageCase) -> None:
    with windows.tab(servers.people[case.who]) as page:
        case.open(page, servers)
        assert problems(page) == []


def test_the_suggestions_of_communities_are_accessible(windows: Windows, servers: Servers) -> None:
    with windows.tab(servers.people["bob"]) as page:
        page.goto("/submit")
        page.get_by_label("Community", exact=True).fill("s")
        page.locator(".options li").first.wait_for()
        page.keyboard.press("ArrowDown")
        assert violations(page) == []


def test_the_error_page_is_accessible(windows: Windows, servers: Servers) -> None:
    """None of the servers fails; this is the page that one would send."""
    problem = Problem(500, "internal_error", "This is a problem on our side. It has been logged.")
    values = {"problem": problem, "title": "Something went wrong", "request_id": "5f3a"}
    failure = bare_page("failure.html", 500, values | {"style": style_address()})
    with windows.tab(servers.people[""]) as page:
        page.route("**/failing", lambda route: route.fulfill(body=failure.body))
        page.goto("/failing")
        assert problems(page) == []


def test_the_first_tab_stop_skips_to_the_content(browser: Browser, servers: Servers) -> None:
    with tab(browser, DESKTOP, servers.people["bob"]) as page:
        page.goto("/")
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == "Skip to content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
