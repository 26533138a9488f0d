"""The device cookie: which accounts have logged in on this browser before.

On such a device the owner can still log in while strangers elsewhere use up the attempts at the
password. The cookie grants nothing by itself. Each entry is bound to the hash of the account's
password: a new password invalidates every earlier entry, and so does a stronger hash of the same
password, except on the device that logs in.
"""

import secrets
from datetime import timedelta

from starlette.requests import HTTPConnection
from starlette.responses import Response

from fedcom.http.cookies import find_cookie, host_cookie_name, set_host_cookie
from fedcom.http.instance import instance_of
from fedcom.http.signer import HmacSigner, parts_of
from fedcom.models.account import Account

KEPT = timedelta(days=400)
"""The longest that browsers keep any cookie (draft-ietf-httpbis-rfc6265bis-20, section 5.6.1)."""

MAX_ACCOUNTS = 5
"""Per device; the account that logged in longest ago is forgotten first."""

_COOKIE = "devices"
_PURPOSE = "device"
_BETWEEN = "~"


def find_device(request: HTTPConnection, account: Account) -> str:
    """The id of this device if the account has logged in on it with its present password; ""."""
    signer = instance_of(request).signer
    for entry in _entries(request):
        number, device = parts_of(entry, 2)
        if number == str(account.actor_id):
            known = signer.verify(_PURPOSE, entry, account.password_hash)
            return f"{number}.{device}" if known else ""
    return ""


def remember_device(request: HTTPConnection, response: Response, account: Account) -> None:
    """Remember the device after a login or a change of the password on it."""
    instance = instance_of(request)
    mine = f"{account.actor_id}."
    others = [entry for entry in _entries(request) if not entry.startswith(mine)]
    entries = [_entry(instance.signer, account), *others][:MAX_ACCOUNTS]
    value = _BETWEEN.join(entries)
    set_host_cookie(response, instance.settings, _COOKIE, value, kept=KEPT)


def _entries(request: HTTPConnection) -> list[str]:
    cookie = find_cookie(request, host_cookie_name(instance_of(request).settings, _COOKIE))
    return [entry for entry in cookie.split(_BETWEEN)[:MAX_ACCOUNTS] if entry]


def _entry(signer: HmacSigner, account: Account) -> str:
    device = secrets.token_urlsafe(12)
    return signer.sign(_PURPOSE, f"{account.actor_id}", device, bound_to=account.password_hash)
