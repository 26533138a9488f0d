"""Cross-site request forgery: refuses what another site made a browser send.

Two defences, as OWASP's cheat sheet recommends: the browser says where a request comes from
(Sec-Fetch-Site, else Origin), and a member's form carries a token that only our pages know.
"""

import base64
import hmac
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request

from fedcom.errors import Denied
from fedcom.http.identity import Credentials
from fedcom.http.instance import instance_of

_WIDTH = 16  # bytes of the token, and of the mask in front of it


def check_origin(request: Request) -> None:
    """Raise Denied("cross_site") when a browser says that another site sent this request.

    Clients that are not browsers send neither header and pass: they hold no cookies of a victim. In
    development the address in the browser may differ from the configured origin; then the Host
    header counts.
    """
    settings = instance_of(request).settings
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        allowed = site in {"same-origin", "none"}
    else:
        origin = request.headers.get("origin")
        allowed = origin is None or origin == settings.origin
        if settings.development and origin is not None and not allowed:
            allowed = urlsplit(origin).netloc == request.headers.get("host")
    if not allowed:
        raise Denied(
            "cross_site", "This form was sent from another website, so nothing was changed."
        )


def make_token(session_token: str) -> str:
    """A token for the forms of one session.

    It is masked differently on every page, so that the compressed size of pages does not reveal it
    (BREACH).
    """
    mask = secrets.token_bytes(_WIDTH)
    return base64.urlsafe_b64encode(mask + _xor(mask, _secret(session_token))).decode().rstrip("=")


def check_token(given: str, credentials: Credentials) -> None:
    """Raise Denied("form_expired") unless `given` was made for this session.

    Only a session cookie needs a form token: no other site can make a browser send a bearer token,
    and a guest has nothing to lose.
    """
    if not credentials.from_cookie:
        return
    try:
        raw = base64.urlsafe_b64decode(given.encode("ascii") + b"==")
    except ValueError:
        raw = b""
    mask, masked = raw[:_WIDTH], raw[_WIDTH:]
    matches = len(raw) == 2 * _WIDTH and hmac.compare_digest(
        _xor(mask, masked), _secret(credentials.token)
    )
    if not matches:
        raise Denied("form_expired", "This form is from an earlier session. Please send it again.")


def _secret(session_token: str) -> bytes:
    return hmac.digest(session_token.encode(), b"fedcom form", "sha256")[:_WIDTH]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
