"""Without a network, members see a page that says so, and nothing private has been kept."""

from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect

from tests.browser.screens import PHONE, tab
from tests.browser.servers import Servers, eventually


def test_a_member_without_a_network_is_told_so(browser: Browser, servers: Servers) -> None:
    with tab(browser, PHONE, servers.people["bob"], workers=True) as page:
        page.goto("/")
        page.evaluate("navigator.serviceWorker.ready")
        eventually(lambda: page.evaluate("navigator.serviceWorker.controller !== null"))
        page.goto("/notifications")
        expect(page.get_by_role("heading", level=1)).to_have_text("Notifications")

        page.context.set_offline(True)
        page.goto("/saved")
        expect(page.get_by_role("heading", level=1)).to_have_text("You're offline")
        font = page.evaluate("getComputedStyle(document.body).fontFamily")
        page.context.set_offline(False)
        page.get_by_role("link", name="Try again").click()
        expect(page.get_by_role("heading", level=1)).not_to_have_text("You're offline")

        assert font == page.evaluate("getComputedStyle(document.body).fontFamily")
        kept = page.evaluate(
            """async () => {
              const names = await caches.keys();
              const caches_ = await Promise.all(names.map((name) => caches.open(name)));
              const keys = await Promise.all(caches_.map((one) => one.keys()));
              return keys.flat().map((request) => request.url);
            }"""
        )
        paths = {urlsplit(url).path for url in kept}
        assert paths >= {"/offline", "/static/style.css"}
        assert all(path == "/offline" or path.startswith("/static/") for path in paths)
