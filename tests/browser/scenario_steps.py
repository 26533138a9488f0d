"""Shared parts of the scenarios: a thread on both servers, menus, and counters."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Locator, Page, Request

from tests.browser.screens import Screen
from tests.browser.servers import Servers, eventually
from tests.support.pictures import draw, picture
from tests.support.visitor import Visitor

IMAGE = picture("PNG", draw(320, 240))
PICTURE = {"name": "cat.png", "mimeType": "image/png", "buffer": IMAGE}


@dataclass(frozen=True, slots=True)
class Thread:
    """A post in !cats: its path at alpha (`here`) and at beta (`there`)."""

    title: str
    here: str
    there: str

    @property
    def number_there(self) -> int:
        """Its id at beta."""
        return number_of(self.there)


class Hand:
    """Counts the clicks of somebody, and the fields that they fill in.

    A click is a press on a link, a button, a menu, a box or a choice; not writing, nor choosing a
    file.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self.clicks = self.fields = 0

    def press(self, role: Literal["link", "button"], name: str, *, within: str = "body") -> None:
        """The first of this name."""
        self.click(self._page.locator(within).get_by_role(role, name=name, exact=True).first)

    def click(self, what: Locator) -> None:
        """Anything else."""
        self.clicks += 1
        what.click()

    def write(self, label: str, text: str) -> None:
        """Fill in a field."""
        self.fields += 1
        self._page.get_by_label(label, exact=True).fill(text)


def number_of(path: str) -> int:
    """The number at the end of a path."""
    return int(path.rpartition("/")[2])


def begin_thread(servers: Servers, screen: Screen, title: str, by: str = "eve") -> Thread:
    """A new post, once it has arrived at beta."""
    whole = f"{title} ({screen})"
    here = servers.people[by].submit("/c/cats", whole, body="Tell me.")
    return Thread(whole, here, find_at_beta(servers, whole))


def find_at_beta(servers: Servers, title: str) -> str:
    """The path at beta of a post in !cats, once it has arrived."""
    cats = f"{servers.paths['cats at beta']}?sort=new"
    return f"/post/{eventually(lambda: servers.people['zoe'].open(cats).find_post(title))}"


@contextmanager
def newcomer(servers: Servers, name: str, screen: Screen) -> Iterator[Visitor]:
    """A new member of alpha, for one scenario only.

    Created on the command line: the sign-up limit allows only a few within minutes from one
    address.
    """
    suffix = "".join(part[0] for part in str(screen).split("-"))
    with Visitor(servers.alpha.origin, f"{name}_{suffix}") as visitor:
        servers.alpha.command("user", "create", visitor.name, typed=f"{visitor.password}\n")
        visitor.log_in()
        yield visitor


def choose(box: Locator, name: str) -> None:
    """Press an entry in the menu "More" of a post, of its list item or of a comment."""
    menu = box.locator("details.more").first
    menu.locator("summary").click()
    menu.get_by_role("button", name=name, exact=True).or_(
        menu.get_by_role("link", name=name, exact=True)
    ).click()


def loads_of(page: Page) -> list[str]:
    """A list of the addresses of all pages loaded from now on."""
    loaded: list[str] = []

    def note(request: Request) -> None:
        if request.is_navigation_request():
            loaded.append(request.url)

    page.on("request", note)
    return loaded
