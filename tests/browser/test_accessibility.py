"""axe-core finds nothing, the keyboard reaches everything, and twice the size still fits."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.screens import DESKTOP, PHONE, Screen, tab
from tests.browser.sights import SIGHTS, Sight
from tests.browser.town import Town

AXE = Path(__file__).parent.parent / "npm" / "node_modules" / "axe-core" / "axe.min.js"

# Our pages let no script run but the one of ours, so axe comes in as part of the browser.
_RUN = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  const words = (node) => node.html.slice(0, 200);
  return found.violations.map((rule) => [rule.id, rule.nodes.map(words)]);
}"""


def violations(page: Page) -> list[Any]:
    """What axe-core finds wrong with the page: rules, each with the elements that break it."""
    page.evaluate(AXE.read_text(encoding="utf-8") + "; null")
    found: list[Any] = page.evaluate(_RUN)
    return found


@pytest.mark.parametrize("sight", SIGHTS, ids=str)
def test_axe_finds_no_violation(browser: Browser, town: Town, sight: Sight) -> None:
    for theme in ("light", "dark"):
        screen = Screen("desktop", DESKTOP.width, DESKTOP.height, theme)
        with tab(browser, screen, town.people[sight.who]) as page:
            page.goto(sight.address(town))
            assert violations(page) == [], theme
            page.evaluate(
                "document.querySelectorAll('details').forEach((it) => { it.open = true })"
            )
            assert violations(page) == [], f"{theme}, unfolded"


@pytest.mark.parametrize("sight", SIGHTS, ids=str)
def test_nothing_is_wider_than_a_phone_or_a_page_at_twice_its_size(
    browser: Browser, town: Town, sight: Sight
) -> None:
    for screen, zoom in ((PHONE, 1.0), (DESKTOP, 2.0), (Screen("small", 320, 640), 1.0)):
        with tab(browser, screen, town.people[sight.who], zoom=zoom) as page:
            page.goto(sight.address(town))
            too_wide = page.evaluate(
                """() => [...document.querySelectorAll("body *")]
                    .filter((part) => part.checkVisibility()
                        && part.getBoundingClientRect().right > innerWidth + 1
                        && !part.closest(".rich, .scroll, .sr, .tabs"))
                    .map((part) => part.outerHTML.slice(0, 120)).slice(0, 3)"""
            )
            assert too_wide == [], (str(screen), zoom)


_FOCUSABLE = """() => [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), textarea, select, summary")]
  .filter((part) => part.checkVisibility({ visibilityProperty: true }) && !part.disabled
      && part.tabIndex >= 0)
  .length"""


@pytest.mark.parametrize("sight", SIGHTS, ids=str)
def test_the_keyboard_reaches_everything(browser: Browser, town: Town, sight: Sight) -> None:
    with tab(browser, DESKTOP, town.people[sight.who]) as page:
        page.goto(sight.address(town))
        wanted = page.evaluate(_FOCUSABLE)
        reached = set()
        for _ in range(wanted + 5):
            page.keyboard.press("Tab")
            reached.add(page.evaluate(_MARK))
        assert len(reached - {None}) >= wanted, f"{len(reached)} of {wanted}"


# A number for each element that has the focus, the same when it has it again.
_MARK = """() => {
  const part = document.activeElement;
  if (part === document.body) return null;
  globalThis.seen = globalThis.seen || new Map();
  if (!seen.has(part)) seen.set(part, seen.size);
  return seen.get(part);
}"""


def test_the_first_stop_of_the_keyboard_leads_to_the_content(browser: Browser, town: Town) -> None:
    with tab(browser, DESKTOP, town.people["bob"]) as page:
        page.goto("/")
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
