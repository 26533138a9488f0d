"""Who is asking: the member behind a session cookie or a bearer token, or a guest.

All interfaces ask here, and nothing else reads the session cookie. An interface reads the identity
in the same hop to the database as what it shows.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection
from starlette.requests import HTTPConnection
from starlette.responses import Response

from fedcom.accounts.sessions import ABSOLUTE, SignedIn, find_site_and_member, touch_session
from fedcom.http.cookies import (
    delete_host_cookie,
    find_cookie,
    host_cookie_name,
    set_host_cookie,
)
from fedcom.http.instance import Instance, instance_of
from fedcom.models.site import Site
from fedcom.settings import Settings
from fedcom.site.settings import get_site
from fedcom.views.viewer import NOBODY

_COOKIE = "session"
_APP_COOKIE = "jwt"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The session token that a request brings, not looked up yet; "" for a guest.

    `from_cookie` is true if the browser added it by itself. Another site can make a browser do
    that, so such requests need a form token (`csrf`).
    """

    token: str = ""
    from_cookie: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking (`member` is None for a guest), which site they ask, and when."""

    site: Site
    member: SignedIn | None
    now: datetime

    @property
    def viewer_id(self) -> int:
        """The row id of whoever looks, for queries; `NOBODY` for a guest."""
        return self.member.person.id if self.member else NOBODY

    @property
    def is_admin(self) -> bool:
        """Whether an admin of the site is asking."""
        return self.member is not None and self.member.is_admin

    @property
    def shows_nsfw(self) -> bool:
        """Whether their lists have sensitive posts: as members chose, and for guests if the site
        has a content warning, as with Lemmy; never where the site has no such content.
        """
        if not self.site.nsfw:
            return False
        return self.member.account.show_nsfw if self.member else self.site.content_warning != ""

    @property
    def is_shut_out(self) -> bool:
        """Whether they may see nothing of members and communities: a guest of a private site."""
        return self.site.private and self.member is None

    @property
    def is_banned(self) -> bool:
        """Whether the member is banned from the site; the interface decides what is left."""
        return self.member is not None and self.member.person.is_banned(self.now)

    def without_banned(self) -> "Identity":
        """The same, with a banned member as a guest."""
        return replace(self, member=None) if self.is_banned else self


def credentials_of(request: HTTPConnection) -> Credentials:
    """The bearer token of the request (RFC 6750, section 2.1), else the session cookie.

    Beside a bearer token the cookie does not count. Both hold the same session tokens.
    """
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    token = rest.strip()
    if scheme.lower() == "bearer" and token:
        return Credentials(token)
    cookie = find_cookie(request, session_cookie_name(instance_of(request).settings))
    return Credentials(cookie, from_cookie=cookie != "")


def app_credentials_of(request: HTTPConnection) -> Credentials:
    """The bearer token of the request, else that in a cookie `jwt`: some bots send it so, since
    Lemmy 0.19 accepts it. We never set one, but a browser may have it of another program at our
    address.
    """
    found = credentials_of(request)
    if found.token and not found.from_cookie:
        return found
    cookie = find_cookie(request, _APP_COOKIE)
    return Credentials(cookie, from_cookie=cookie != "")


def read_identity(conn: Connection, credentials: Credentials, now: datetime) -> Identity:
    """Look up who is asking, in one statement.

    A token that was never ours, has expired or was revoked, or whose owner was deleted is a
    guest's. A banned member is given as one. Only reads: call `note_use` afterwards.
    """
    if not credentials.token:
        return Identity(get_site(conn), None, now)
    return Identity(*find_site_and_member(conn, credentials.token, now), now)


async def note_use(instance: Instance, identity: Identity) -> None:
    """Keep the session alive, at most once an hour (`accounts.sessions.TOUCH_EVERY`)."""
    member = identity.member
    if member is not None and member.is_untouched(identity.now):
        await instance.unit(lambda ctx: touch_session(ctx.conn, member, identity.now))


def session_cookie_name(settings: Settings) -> str:
    """What the session cookie is called."""
    return host_cookie_name(settings, _COOKIE)


def set_session(response: Response, settings: Settings, token: str) -> None:
    """Log the browser in. The cookie lives as long as the longest session."""
    set_host_cookie(response, settings, _COOKIE, token, kept=ABSOLUTE)


def clear_session(response: Response, settings: Settings) -> None:
    """Log the browser out."""
    delete_host_cookie(response, settings, _COOKIE)
