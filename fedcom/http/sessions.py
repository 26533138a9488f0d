"""The session cookie: its name, its attributes, the token in it."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

from fedcom.accounts.sessions import ABSOLUTE
from fedcom.http.cookies import find_cookie
from fedcom.http.instance import instance_of
from fedcom.settings import Settings


def cookie_name(settings: Settings) -> str:
    """`__Host-` ties the cookie to this very host and to https; plain http cannot set it."""
    return "__Host-session" if is_https(settings) else "session"


def session_token(request: HTTPConnection) -> str | None:
    """What the cookie holds, whether or not a session stands behind it."""
    return find_cookie(request, cookie_name(instance_of(request).settings)) or None


def set_session(response: Response, settings: Settings, token: str) -> None:
    """Log the browser in; the cookie lives as long as the longest session may."""
    response.set_cookie(
        cookie_name(settings),
        token,
        max_age=int(ABSOLUTE.total_seconds()),
        path="/",
        secure=is_https(settings),
        httponly=True,
        samesite="lax",
    )


def clear_session(response: Response, settings: Settings) -> None:
    """Log the browser out."""
    response.delete_cookie(
        cookie_name(settings),
        path="/",
        secure=is_https(settings),
        httponly=True,
        samesite="lax",
    )


def is_https(settings: Settings) -> bool:
    """Whether browsers reach this instance by https only, so that cookies may demand it."""
    return settings.origin.startswith("https://")
