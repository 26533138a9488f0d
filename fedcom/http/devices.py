"""The cookie of devices: on which accounts have logged in before, so that strangers who guess
passwords elsewhere do not keep the owner out.

It opens nothing by itself. Each entry names an account and is signed together with the hash of its
password: another password makes every former entry worthless, and so does a stronger hash of the
same, but on the device that logs in.
"""

import secrets
from datetime import timedelta

from starlette.requests import HTTPConnection
from starlette.responses import Response

from fedcom.http.cookies import find_cookie
from fedcom.http.instance import instance_of
from fedcom.http.sessions import is_https
from fedcom.http.signer import HmacSigner
from fedcom.models.account import Account
from fedcom.settings import Settings

KEPT = timedelta(days=400)
"""The longest that browsers keep any cookie (draft-ietf-httpbis-rfc6265bis-20, section 5.6.1)."""

MAX_ACCOUNTS = 5
"""On one device; the one that logged in longest ago is forgotten first."""

_PURPOSE = "device"
_BETWEEN = "~"


def find_device(request: HTTPConnection, account: Account) -> str:
    """The id of this device when the account has logged in on it with its present password; ""."""
    signer = instance_of(request).signer
    for entry in _entries(request):
        number, _, rest = entry.partition(".")
        device, _, signature = rest.partition(".")
        if number == str(account.actor_id):
            known = signer.is_ours(_PURPOSE, _text(account, device), signature)
            return f"{number}.{device}" if known else ""
    return ""


def remember_device(request: HTTPConnection, response: Response, account: Account) -> None:
    """After the account has logged in on it, or its password was changed there."""
    instance = instance_of(request)
    mine = f"{account.actor_id}."
    others = [entry for entry in _entries(request) if not entry.startswith(mine)]
    entries = [_entry(instance.signer, account), *others][:MAX_ACCOUNTS]
    response.set_cookie(
        cookie_name(instance.settings),
        _BETWEEN.join(entries),
        max_age=int(KEPT.total_seconds()),
        path="/",
        secure=is_https(instance.settings),
        httponly=True,
        samesite="lax",
    )


def cookie_name(settings: Settings) -> str:
    """`__Host-` ties the cookie to this very host and to https, as with that of the session."""
    return "__Host-devices" if is_https(settings) else "devices"


def _entries(request: HTTPConnection) -> list[str]:
    cookie = find_cookie(request, cookie_name(instance_of(request).settings))
    return [entry for entry in cookie.split(_BETWEEN)[:MAX_ACCOUNTS] if entry]


def _entry(signer: HmacSigner, account: Account) -> str:
    device = secrets.token_urlsafe(12)
    signature = signer.sign(_PURPOSE, _text(account, device))
    return f"{account.actor_id}.{device}.{signature}"


def _text(account: Account, device: str) -> str:
    return f"{account.actor_id} {device} {account.password_hash}"
