"""The context of a request for a page, read once and in the same hop as the page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.requests import Request

from fedcom.accounts.sessions import SignedIn
from fedcom.catalogues import DEFAULT
from fedcom.errors import Denied
from fedcom.http.cookies import find_cookie, host_cookie_name
from fedcom.http.csrf import make_token
from fedcom.http.identity import (
    Credentials,
    Identity,
    credentials_of,
    note_use,
    read_identity,
)
from fedcom.http.instance import Instance, instance_of
from fedcom.http.numbers import number_in
from fedcom.models.site import Site
from fedcom.web.html.alerts import find_alerts
from fedcom.web.html.i18n import choose, speak
from fedcom.web.html.labels import PAGES
from fedcom.web.html.list_changes import find_list_changes

T = TypeVar("T")

ANNOUNCEMENT_COOKIE = "announcement"
"""Has the number of the last announcement that a guest dismissed."""

SETUP = "/setup"
BANS = "/settings/bans"
APPEALS = "/appeal/"
"""The beginning of the addresses of appeals."""

OPEN_TO_BANNED = frozenset(
    {
        *(BANS, "/settings/data", "/settings/export", "/settings/export/lemmy"),
        *("/settings/delete", "/logout"),
    }
)
"""The pages, beside appeals, on which a member who is banned from the instance still counts as a
member.
"""

OPEN_TO_GUESTS = frozenset(
    {
        *("/", "/setup", "/login", "/logout", "/register", "/forgot", "/reset", "/confirm-email"),
        "/unsubscribe",
        *(f"/{name}" for name in PAGES),
        *(
            "/rules",
            "/announcement/dismiss",
            "/help/markdown",
            "/help/limits",
            "/.well-known/security.txt",
        ),
    }
)
"""The pages of a private site that guests see. They say nothing about members and communities."""


class RedirectTo(Exception):
    """The page cannot be shown yet: another of our pages comes first (`path`)."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True)
class PageContext:
    """One request for a page."""

    request: Request
    # On this page, a banned member counts as a guest.
    identity: Identity
    # The form token of the page; "" if it has no forms.
    form_token: str = ""
    # Problems of the instance; for admins only.
    alerts: tuple[str, ...] = ()
    # What lists of servers to block leave to decide on; for admins only.
    list_changes: int = 0
    # The language of the page.
    language: str = DEFAULT
    # The member is banned, and counts as a guest on this page.
    is_kept_out: bool = False

    @property
    def instance(self) -> Instance:
        """The running server."""
        return instance_of(self.request)

    @property
    def site(self) -> Site:
        """The site and its settings."""
        return self.identity.site

    @property
    def zone(self) -> str:
        """The name of the time zone that the member chose; "" for none."""
        return self.member.account.time_zone if self.member else ""

    @property
    def member(self) -> SignedIn | None:
        """The member who sent the request, None for a guest."""
        return self.identity.member

    @property
    def now(self) -> datetime:
        """The time of the request."""
        return self.identity.now

    @property
    def announcement(self) -> str:
        """The HTML of the announcement; "" if there is none, if the reader dismissed it, and for
        the guests of a private site.
        """
        if self.identity.is_shut_out:
            return ""
        if self.member is not None:
            dismissed = self.member.account.dismissed_announcement
        else:
            name = host_cookie_name(self.instance.settings, ANNOUNCEMENT_COOKIE)
            dismissed = number_in(find_cookie(self.request, name))
        is_new = dismissed < self.site.announcement_number
        return self.site.find_announcement(self.now) if is_new else ""

    @property
    def shows_nsfw(self) -> bool:
        """Whether the viewer's lists have sensitive posts."""
        return self.identity.shows_nsfw

    @property
    def viewer_id(self) -> int:
        """The row id of the viewer, for queries."""
        return self.identity.viewer_id


async def read_page(
    request: Request, work: Callable[[Connection, PageContext], T]
) -> tuple[PageContext, T]:
    """The context of the request and the result of `work`, in one hop to the database.

    Raises RedirectTo before the instance is set up, and the exceptions of `work`. The context
    stays in `request.state.page_context`, for a page that then shows the error.
    """
    instance = instance_of(request)
    credentials = credentials_of(request)
    now = instance.clock()

    def read(conn: Connection) -> tuple[PageContext, T]:
        identity = read_identity(conn, credentials, now)
        context = _to_context(conn, request, credentials, identity)
        speak(context.language, context.zone)
        request.state.page_context = context
        return context, work(conn, context)

    context, found = await instance.read(read)
    # What `read` set holds in the database's thread only.
    speak(context.language, context.zone)
    await note_use(instance, context.identity)
    return context, found


def _to_context(
    conn: Connection, request: Request, credentials: Credentials, identity: Identity
) -> PageContext:
    if identity.site.set_up_at is None and request.url.path != SETUP:
        raise RedirectTo(SETUP)
    path = request.url.path
    is_open = path in OPEN_TO_BANNED or path.startswith(APPEALS)
    is_kept_out = identity.is_banned and not is_open
    if is_kept_out:
        identity = identity.without_banned()
    if identity.is_shut_out and request.url.path not in OPEN_TO_GUESTS:
        raise RedirectTo(BANS) if is_kept_out else _to_login(request)
    preferred = identity.member.account.interface_language if identity.member else ""
    return PageContext(
        request,
        identity,
        form_token=make_token(credentials.token) if credentials.from_cookie else "",
        alerts=find_alerts(request, conn, identity.now) if identity.is_admin else (),
        list_changes=find_list_changes(request, conn, identity.now) if identity.is_admin else 0,
        language=choose(request.headers.get("accept-language", ""), preferred),
        is_kept_out=is_kept_out,
    )


async def context_of(request: Request) -> PageContext:
    """The context alone, for a page that reads nothing else at first."""
    context, _ = await read_page(request, lambda _conn, _context: None)
    return context


def member_of(context: PageContext) -> SignedIn:
    """The member who sent the request.

    Raises RedirectTo: for a guest to the log-in page and back, for a banned member to the page
    about their bans.
    """
    if context.is_kept_out:
        raise RedirectTo(BANS)
    if context.member is None:
        raise _to_login(context.request)
    return context.member


def _to_login(request: Request) -> RedirectTo:
    """To the log-in page, and from there back to this one."""
    here = "/"
    if request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        here = f"{request.url.path}{query}"
    return RedirectTo(f"/login?next={quote(here)}")


def admin_of(context: PageContext) -> SignedIn:
    """The admin who sent the request. Raises Denied for other members, RedirectTo as `member_of`
    does.
    """
    member = member_of(context)
    if not member.is_admin:
        raise Denied("not_an_admin", "Only admins of this server can see this page.")
    return member
