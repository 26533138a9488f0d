"""Who asks for a page, of which site: read once for each request, in the same hop as the page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.requests import Request

from fedcom.accounts.sessions import SignedIn, find_visit, touch_session
from fedcom.catalogues import DEFAULT
from fedcom.errors import Denied
from fedcom.http.csrf import make_token
from fedcom.http.instance import instance_of
from fedcom.http.sessions import session_token
from fedcom.models.site import Site
from fedcom.queries.people import NOBODY
from fedcom.site.settings import get_site
from fedcom.web.html.alerts import find_troubles
from fedcom.web.html.i18n import choose, speak

T = TypeVar("T")

SETUP = "/setup"
BANS = "/settings/bans"
OPEN_TO_BANNED = frozenset(
    {
        *(BANS, "/settings/data", "/settings/export", "/settings/export/lemmy"),
        *("/settings/delete", "/logout"),
    }
)
"""What a member who is banned from the site can still do; on other pages they are guests."""


class GoElsewhere(Exception):
    """The page cannot be shown yet: another of our pages comes first (`path`)."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: the site, the member who asks (None: a guest), a token for its forms."""

    site: Site
    member: SignedIn | None
    form_token: str
    now: datetime
    # What is wrong here, for admins (`troubles`).
    troubles: tuple[str, ...] = ()
    # What the pages are read in (`words`).
    language: str = DEFAULT
    # The member is banned, and on this page a guest.
    is_kept_out: bool = False

    @property
    def viewer_id(self) -> int:
        """The row id of whoever looks, for queries."""
        return self.member.person.id if self.member else NOBODY


async def visiting(request: Request, work: Callable[[Connection, Visit], T]) -> tuple[Visit, T]:
    """Read who asks and what `work` reads, in one hop; the visit, and what `work` gave.

    Raises GoElsewhere when the instance was not set up yet, and whatever `work` raises; the visit
    stays in `request.state.visit` for the page that then says what went wrong.
    """
    instance = instance_of(request)
    token = session_token(request)
    form_token = make_token(token) if token else ""
    now = instance.clock()
    accepted = request.headers.get("accept-language", "")

    def read(conn: Connection) -> tuple[Visit, T]:
        site, member = find_visit(conn, token, now) if token else (get_site(conn), None)
        if site.set_up_at is None and request.url.path != SETUP:
            raise GoElsewhere(SETUP)
        is_banned = member is not None and member.person.is_banned(now)
        is_kept_out = is_banned and request.url.path not in OPEN_TO_BANNED
        if is_kept_out:
            member = None
        is_admin = member is not None and member.is_admin
        troubles = find_troubles(request, conn, now) if is_admin else ()
        wanted = member.account.interface_language if member else ""
        visit = Visit(
            site, member, form_token, now, troubles, choose(accepted, wanted), is_kept_out
        )
        speak(visit.language)
        request.state.visit = visit
        return visit, work(conn, visit)

    visit, found = await instance.read(read)
    # What was said of this in the thread of the database was said to that thread alone.
    speak(visit.language)
    if visit.member is not None and visit.member.is_untouched(now):
        signed_in = visit.member
        await instance.unit(lambda ctx: touch_session(ctx.conn, signed_in, now))
    return visit, found


async def visit_of(request: Request) -> Visit:
    """Only who asks."""
    visit, _ = await visiting(request, lambda _conn, _visit: None)
    return visit


def member_of(request: Request, visit: Visit) -> SignedIn:
    """The member who asks; raises GoElsewhere (to the log-in and back) for a guest, and to what is
    said of their ban for somebody banned.
    """
    if visit.is_kept_out:
        raise GoElsewhere(BANS)
    if visit.member is None:
        here = "/"
        if request.method == "GET":
            query = f"?{request.url.query}" if request.url.query else ""
            here = f"{request.url.path}{query}"
        raise GoElsewhere(f"/login?next={quote(here)}")
    return visit.member


def admin_of(request: Request, visit: Visit) -> SignedIn:
    """The admin who asks; raises Denied for other members, GoElsewhere for guests."""
    member = member_of(request, visit)
    if not member.account.is_admin:
        raise Denied("not_an_admin", "Only admins of this server can see this page.")
    return member
