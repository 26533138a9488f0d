"""A person at the web pages of a running node: reads HTML, fills in the forms that are in it.

Nothing is sent that a browser without JavaScript could not send from the page it has open: fields,
hidden tokens and the addresses of buttons are parsed out of the page.
"""

import re
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit

import httpx

HEADERS = {"Accept": "text/html,application/xhtml+xml", "User-Agent": "a visitor"}
FORM_HEADERS = {"Sec-Fetch-Site": "same-origin"}
PASSWORD = "correct-horse-battery"


class Unexpected(Exception):
    """A page did not offer what a person was about to use, or refused it."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button: where it sends its form (else the form's own address), and what it adds."""

    action: str
    name: str
    value: str


@dataclass(slots=True)
class Form:
    """A form as it stands in the page: its values so far and its buttons."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[Button] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Page:
    """What came back, and at which path (after redirects)."""

    path: str
    status: int
    html: str
    text: str
    forms: tuple[Form, ...]
    links: tuple[tuple[str, str], ...]
    """(address, text) of every link."""

    def form(self, action: str = "", *, having: str = "") -> Form:
        """The form or button that sends to `action`, or the form with a field called `having`."""
        for form in self.forms:
            if having and having in form.fields:
                return form
            if action and (form.action == action or any(b.action == action for b in form.buttons)):
                return form
        raise Unexpected(f"{self.path} ({self.status}) has no form for {action or having}")

    def find_link(self, text: str) -> str | None:
        """Where the first link with this text leads to."""
        return next((to for to, said in self.links if said == text), None)

    def find_post(self, title: str) -> int | None:
        """The number of the first post listed whose entry has these words."""
        return self._find("post", title)

    def find_comment(self, words: str) -> int | None:
        """The number of the first comment that has these words."""
        return self._find("comment", words)

    def entries(self, kind: str) -> list[tuple[int, str]]:
        """The posts or comments that are listed: numbers and words."""
        parts = re.split(rf'<li id="{kind}-(\d+)"', self.html)
        return [
            (int(number), read_page("", 200, html).text)
            for number, html in zip(parts[1::2], parts[2::2], strict=True)
        ]

    def _find(self, kind: str, words: str) -> int | None:
        return next((number for number, text in self.entries(kind) if words in text), None)

    def points(self, kind: str, number: int) -> int | None:
        """The points shown of a post or comment."""
        # They stand in the element that begins with the anchor of the post or comment.
        found = re.search(
            rf'id="{kind}-{number}".*?<div class="votes.*?<span class="score[^>]*>(.*?)</div>',
            self.html,
            re.DOTALL,
        )
        shown = re.search(r"-?\d+", re.sub(r"<[^>]*>", "", found[1])) if found else None
        return int(shown[0]) if shown else None


class _Reader(HTMLParser):
    """Collects words, links, and forms with their fields, also those tied to a form by its id."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.forms: list[Form] = []
        self._by_id: dict[str, Form] = {}
        self._strays: list[tuple[str, Button]] = []
        self._open: Form | None = None
        self._area: str | None = None
        self._select: str | None = None
        self._link: str | None = None
        self._link_words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "a":
            self._link, self._link_words = said.get("href", ""), []
        elif tag == "form":
            self._open = Form(said.get("action", ""))
            self.forms.append(self._open)
            if "id" in said:
                self._by_id[said["id"]] = self._open
        elif tag == "button":
            button = Button(said.get("formaction", ""), said.get("name", ""), said.get("value", ""))
            if "form" in said:
                self._strays.append((said["form"], button))
            elif self._open is not None:
                self._open.buttons.append(button)
        elif self._open is not None:
            self._field(self._open, tag, said)

    def _field(self, form: Form, tag: str, said: dict[str, str]) -> None:
        name = said.get("name", "")
        if tag == "textarea":
            self._area = name
            form.fields[name] = ""
        elif tag == "select":
            self._select = name
            form.fields.setdefault(name, "")
        elif tag == "option" and self._select and "selected" in said:
            form.fields[self._select] = said.get("value", "")
        elif tag == "input" and name:
            chosen = said.get("type") not in {"checkbox", "radio"} or "checked" in said
            if chosen:
                form.fields[name] = said.get("value", "on")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            self.links.append((self._link, " ".join("".join(self._link_words).split())))
            self._link = None
        elif tag == "form":
            self._open = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._open is not None and self._area is not None:
            # The first line end after the tag does not belong to the value.
            before = self._open.fields[self._area]
            self._open.fields[self._area] = before + (data if before else data.removeprefix("\n"))
            return
        self.words.append(data)
        if self._link is not None:
            self._link_words.append(data)

    def close(self) -> None:
        super().close()
        for form_id, button in self._strays:
            if form_id in self._by_id:
                self._by_id[form_id].buttons.append(button)


def read_page(path: str, status: int, html: str) -> Page:
    """What a reader sees of an HTML answer."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = " ".join("".join(reader.words).split())
    return Page(path, status, html, text, tuple(reader.forms), tuple(reader.links))


class Visitor:
    """One browser with its cookies, at one node."""

    def __init__(self, origin: str, name: str = "", *, password: str = PASSWORD) -> None:
        self.origin = origin
        self.name = name
        self.password = password
        self.client = httpx.Client(base_url=origin, headers=HEADERS, trust_env=False, timeout=30.0)
        self.sent_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()

    # Reading

    def see(self, path: str) -> Page:
        """GET a page, whatever its status."""
        answer = self.client.get(path, follow_redirects=True)
        return read_page(path_of(str(answer.url)), answer.status_code, answer.text)

    def open(self, path: str) -> Page:
        """GET a page that must be there."""
        page = self.see(path)
        if page.status >= 400:
            raise Unexpected(f"{self.origin}{path} answers {page.status}: {page.text[:300]}")
        return page

    # Writing

    def send(self, page: Page, form: Form, *, to: str = "", **values: str) -> str:
        """Send a form of `page` with these values; with `to`, by the button that sends there.

        Returns where it leads to. `sent_at` (perf_counter) is the moment before it was sent. Raises
        Unexpected for a field the form has not, and when it is not accepted.
        """
        unknown = [name for name in values if name not in _names(form, to)]
        if unknown:
            raise Unexpected(f"the form at {page.path} has no fields {unknown}")
        target = to or form.action or page.path
        self.sent_at = time.perf_counter()
        answer = self.client.post(target, data=form.fields | values, headers=FORM_HEADERS)
        if answer.status_code != 303:
            said = read_page(target, answer.status_code, answer.text).text
            raise Unexpected(f"POST {self.origin}{target}: {answer.status_code}: {said[:400]}")
        return answer.headers["location"]

    def press(self, path: str, action: str, **values: str) -> str:
        """Open the page at `path` and press the button that sends to `action`."""
        page = self.open_any(path)
        return self.send(page, page.form(action), to=action, **values)

    def open_any(self, path: str) -> Page:
        """A page that may be that of something deleted (410), on which there is a button back."""
        page = self.see(path)
        if page.status >= 400 and page.status != 410:
            raise Unexpected(f"{self.origin}{path} answers {page.status}: {page.text[:300]}")
        return page

    # What people do

    def set_up(self, site: str, community: str, title: str) -> str:
        """The first run: makes this visitor the admin; the path of the first community."""
        page = self.open("/setup")
        return self.send(
            page,
            page.form(having="community"),
            site_name=site,
            name=self.name,
            password=self.password,
            community=community,
            display_name=title,
            registration="open",
        )

    def register(self) -> None:
        """Sign up, and be logged in."""
        page = self.open("/register")
        time.sleep(2.1)  # as long as a person needs at the very least
        self.send(page, page.form(having="password"), name=self.name, password=self.password)

    def log_in(self) -> None:
        """Log in."""
        page = self.open("/login")
        self.send(page, page.form(having="password"), name=self.name, password=self.password)

    def look_up(self, text: str) -> str:
        """The path of the page here for a handle or an address."""
        page = self.open(f"/search?{urlencode({'q': text})}")
        if page.path != "/search":
            return page.path  # it is known here
        form = next(
            form for form in page.forms if "form_token" in form.fields and "q" in form.fields
        )
        return path_of(self.send(page, form))

    def create_community(self, name: str, title: str) -> str:
        """The path of the new community."""
        page = self.open("/communities/new")
        form = page.form(having="display_name")
        return self.send(page, form, name=name, display_name=title)

    def follow(self, community: str) -> str:
        """Follow the community at this path."""
        return self.press(community, f"{community}/follow")

    def unfollow(self, community: str) -> str:
        """Stop following."""
        return self.press(community, f"{community}/unfollow")

    def submit(self, community: str, title: str, *, body: str = "", url: str = "") -> str:
        """The path of a new post in the community at this path."""
        page = self.open(f"{community}/submit")
        return self.send(page, page.form(having="title"), title=title, body=body, url=url)

    def reply(self, post: str, body: str, *, parent: int | None = None) -> int:
        """The number of a new comment below a post, or below the comment `parent`."""
        page = self.open(f"{post}?reply={parent}" if parent else post)
        form = next(
            form
            for form in page.forms
            if form.action == f"{post}/comment" and form.fields.get("parent") == str(parent or "")
        )
        return int(self.send(page, form, body=body).rpartition("-")[2])

    def write(self, handle: str, words: str) -> str:
        """Send a private message to `name` or `name@host`; the path of the message."""
        page = self.open(f"/messages/{handle}")
        form = page.form(f"/messages/{handle}#write")
        return f"/message/{self.send(page, form, body=words).rpartition('-')[2]}"

    def vote(self, path: str, score: int) -> None:
        """Press the arrow of a post or comment (`/post/7`, `/comment/7`) that gives `score`."""
        page = self.open(path)
        self.send(page, page.form(f"{path}/vote"), to=f"{path}/vote", score=str(score))

    def edit_post(self, post: str, **values: str) -> None:
        """Change title, url or body."""
        page = self.open(f"{post}/edit")
        self.send(page, page.form(having="title"), **values)

    def edit_comment(self, number: int, body: str) -> None:
        """Change the words of a comment."""
        page = self.open(f"/comment/{number}/edit")
        self.send(page, page.form(having="body"), body=body)

    def delete(self, path: str) -> None:
        """Take back an own post or comment."""
        self.press(path, f"{path}/delete")

    def undelete(self, path: str) -> None:
        """Give it again."""
        self.press(path, f"{path}/undelete")

    def remove(self, path: str, reason: str) -> None:
        """As a moderator."""
        page = self.open(f"{path}/remove")
        self.send(page, page.form(having="reason"), reason=reason)

    def restore(self, path: str) -> None:
        """As a moderator."""
        self.press(path, f"{path}/restore")

    def appoint(self, community: str, handle: str) -> None:
        """Make somebody a moderator."""
        page = self.open(f"{community}/edit")
        self.send(page, page.form(f"{community}/edit/moderators"), person=handle)


def _names(form: Form, to: str) -> set[str]:
    """What the form can be sent with, by the button that sends `to`."""
    return {*form.fields, *(button.name for button in form.buttons if button.action in (to, ""))}


def path_of(url: str) -> str:
    """The path of an address, without query and fragment."""
    return urlsplit(url).path
