"""/.well-known/security.txt: where to report a security problem of this server (RFC 9116)."""

from datetime import UTC, datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fedcom.http.instance import instance_of
from fedcom.settings import Settings

VALID_DAYS = 180
"""RFC 9116 (2.5.5) recommends that `Expires` is less than a year ahead."""

_A_DAY = "public, max-age=86400"


async def show(request: Request) -> Response:
    """GET /.well-known/security.txt; 404 unless the admin named a contact."""
    instance = instance_of(request)
    if not instance.settings.security_contact:
        raise HTTPException(404)
    body = to_text(instance.settings, instance.clock())
    return PlainTextResponse(body, headers={"Cache-Control": _A_DAY})


def to_text(settings: Settings, now: datetime) -> str:
    """The file as of `now`, valid until the midnight (UTC) that is `VALID_DAYS` ahead.

    Made for each request, so that nobody has to remember to renew it.
    """
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    expires = midnight + timedelta(days=VALID_DAYS)
    fields = [
        *(("Contact", contact) for contact in settings.security_contact),
        ("Expires", f"{expires:%Y-%m-%dT%H:%M:%SZ}"),
        ("Canonical", f"{settings.origin}/.well-known/security.txt"),
    ]
    if settings.security_policy:
        fields.append(("Policy", settings.security_policy))
    if settings.security_languages:
        fields.append(("Preferred-Languages", ", ".join(settings.security_languages)))
    return "".join(f"{name}: {value}\n" for name, value in fields)
