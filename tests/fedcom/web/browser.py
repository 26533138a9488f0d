"""A browser for tests: cookies, forms with their tokens, and the returned pages."""

import re
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp

from fedcom.http.csrf import make_token
from fedcom.web.html.forms import Form
from fedcom.web.html.honeypot import SHOWN_AT, set_honeypot

PAGE_HEADERS = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FORM_HEADERS = {**PAGE_HEADERS, "Sec-Fetch-Site": "same-origin"}
ADDRESS = "192.0.2.7"
"""Of every visitor that has no other."""


@dataclass(frozen=True, slots=True)
class Page:
    """A response, as a reader sees it."""

    status: int
    headers: httpx.Headers
    html: str

    @property
    def text(self) -> str:
        """The text of the page, without mark-up, on one line."""
        reader = _TextReader()
        reader.feed(self.html)
        return re.sub(r"\s+", " ", " ".join(reader.texts)).strip()

    @property
    def location(self) -> str:
        """The target of a redirect."""
        return self.headers["location"]

    def number(self) -> int:
        """The number in the target of a redirect: `/post/7#x` → 7."""
        return int(urlsplit(self.location).path.rsplit("/", 1)[1])


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


class Browser:
    """One visitor with a cookie jar of its own."""

    def __init__(
        self,
        app: ASGIApp,
        origin: str,
        cookie: str,
        token: str | None = None,
        address: str = ADDRESS,
    ) -> None:
        self.app = app
        transport = httpx.ASGITransport(app=app, client=(address, 4711))
        self.client = httpx.AsyncClient(transport=transport, base_url=origin)  # noqa: TID251 - talks to the application in memory
        self.cookie = cookie
        if token:
            self.client.cookies.set(cookie, token)

    @property
    def token(self) -> str | None:
        """The session token in the jar."""
        return self.client.cookies.get(self.cookie)

    async def get(self, path: str, **headers: str) -> Page:
        """GET a page; redirects are not followed."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return _page(await self.client.get(path, headers={**PAGE_HEADERS, **named}))

    async def send(self, path: str, files: dict[str, bytes], **fields: str) -> Page:
        """Send a form with files, as `post` does one without."""
        if self.token and "form_token" not in fields:
            fields["form_token"] = make_token(self.token)
        named = {name: (f"{name}.png", content, "image/png") for name, content in files.items()}
        sent = await self.client.post(path, data=fields, files=named, headers=FORM_HEADERS)
        return _page(sent)

    async def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Page:
        """Send a form as a page of ours would, with the token of the session."""
        if self.token and "form_token" not in fields:
            fields["form_token"] = make_token(self.token)
        if path == "/register":
            # Like a person who took their time; tests of haste set the time.
            fields.setdefault("shown_at", long_ago(self.app))
        sent = await self.client.post(
            path, data=fields, headers={**FORM_HEADERS, **(headers or {})}
        )
        return _page(sent)


def long_ago(app: Any) -> str:
    """The value in a sign-up form that was shown a minute ago."""
    instance = app.state.instance
    form = Form({})
    set_honeypot(form, instance.signer, instance.clock() - timedelta(minutes=1))
    return form.values[SHOWN_AT]


def _page(answer: httpx.Response) -> Page:
    return Page(answer.status_code, answer.headers, answer.text)


def cookie_of(page: Page, name: str) -> SimpleCookie:
    """The cookies with this name that a response sets."""
    found: SimpleCookie = SimpleCookie()
    for line in page.headers.get_list("set-cookie"):
        if line.startswith(f"{name}="):
            found.load(line)
    return found
