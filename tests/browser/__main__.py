"""Take a screenshot of every page, on phone and desktop, in both themes: `make screenshots`."""

import sys
import tempfile
from itertools import product
from pathlib import Path

from tests.browser.screens import DESKTOP, PHONE, Screen, chromium, tab
from tests.browser.sights import SIGHTS
from tests.browser.town import open_town


def main(folder: Path) -> None:
    """Write `<sight>-<size>-<theme>.png` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [
        Screen(size.name, size.width, size.height, theme)
        for size in (PHONE, DESKTOP)
        for theme in ("light", "dark")
    ]
    with (
        tempfile.TemporaryDirectory() as rooms,
        open_town(Path(rooms)) as town,
        chromium() as browser,
    ):
        for sight, screen in product(SIGHTS, sizes):
            with tab(browser, screen, town.people[sight.who]) as page:
                sight.open(page, town)
                page.screenshot(path=folder / f"{sight}-{screen}.png", full_page=True)
    print(f"{len(SIGHTS) * len(sizes)} pictures of {len(SIGHTS)} pages are in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
