"""Take a screenshot of every page, on phone and desktop, in both themes: `make screenshots`.

`python -m tests.browser FOLDER PAGE…` takes those of some pages only.
"""

import sys
import tempfile
from pathlib import Path

from tests.browser.pages import PAGES
from tests.browser.screens import DESKTOP, PHONE, Screen, chromium, tab
from tests.browser.servers import open_servers


def main(folder: Path, only: set[str]) -> None:
    """Write `<case>-<size>-<theme>.png` into `folder`, for each page or those named in `only`."""
    cases = [case for case in PAGES if not only or str(case) in only]
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [
        Screen(size.name, size.width, size.height, theme)
        for size in (PHONE, DESKTOP)
        for theme in ("light", "dark")
    ]
    with (
        tempfile.TemporaryDirectory() as rooms,
        open_servers(Path(rooms)) as servers,
        chromium() as browser,
    ):
        for number, case in enumerate(cases, 1):
            print(f"{number} of {len(cases)}: {case}", file=sys.stderr)
            for screen in sizes:
                with tab(browser, screen, servers.people[case.who]) as page:
                    case.open(page, servers)
                    page.screenshot(path=folder / f"{case}-{screen}.png", full_page=True)
    print(f"{len(cases) * len(sizes)} pictures of {len(cases)} pages are in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"), set(sys.argv[2:]))
