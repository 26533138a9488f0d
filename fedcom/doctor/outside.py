"""Checks of how others reach this server: through its public address, as they do.

Requests go through the same fetcher as all others, so an address in a private network is refused
here, too: other servers could not reach it either.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from activitypub.errors import FetchFailed, PrivateAddress, ProtocolError
from activitypub.fetch import Fetcher, HttpResponse
from activitypub.signatures.keys import SigningKeys
from activitypub.types import AS2
from activitypub.webfinger import self_link
from fedcom.catalogues import mark
from fedcom.doctor.request_echo import RequestEcho, echo_address
from fedcom.http.addresses import is_within
from fedcom.http.signer import HmacSigner
from fedcom.settings import Settings
from fedcom.site.health import Finding

_REFUSAL = 403
"""What the inbox answers to this server itself, with a problem document."""

_NOTHING_BEHIND = frozenset({502, 503, 504})
"""What a proxy answers for a server that is not there, or not yet."""

PAUSE, TRIES = 0.5, 20
"""A server that was just started is asked again after so many seconds, so often."""

ENDS_SOON = timedelta(days=14)
"""Certbot and Caddy renew a certificate thirty days before its end."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What these checks need of the server."""

    settings: Settings
    fetcher: Fetcher
    signer: HmacSigner
    keys: Callable[[str], Awaitable[SigningKeys]]
    clock: Callable[[], datetime]

    async def check_address(self) -> list[Finding]:
        """The name, and the certificate. The last one has failed if nothing else can be tried."""
        host = self.settings.host
        try:
            reached = await self.fetcher.reach(self.settings.origin)
        except PrivateAddress:
            return [
                Finding(
                    "dns",
                    "failed",
                    mark("%(host)s leads to no public address, as seen from this machine."),
                    mark(
                        "Create an A or AAAA record with the public address. If it is only here"
                        " that the name leads elsewhere (/etc/hosts), remove that line, and the"
                        " checks of the public address can be made."
                    ),
                    {"host": host},
                )
            ]
        except FetchFailed as error:
            return _unreachable(error, host)
        if reached is None:
            return []
        facts = {"host": host, "addresses": ", ".join(reached.addresses)}
        found = [Finding("dns", "ok", mark("%(host)s leads to %(addresses)s."), facts=facts)]
        if reached.certificate_ends is not None:
            ends = datetime.fromtimestamp(reached.certificate_ends, UTC)
            found.append(_judge_certificate(ends, self.clock()))
        return found

    async def check_proxy(self) -> list[Finding]:
        """What the proxy makes of a request, and of its signature."""
        origin = self.settings.origin
        address = echo_address(self.signer, origin, self.clock())
        activity = orjson.dumps({"@context": AS2, "type": "Note", "content": "é 🐈 <&>"})
        try:
            answer = await self._post_patiently(address, activity)
            echo = RequestEcho.of(_to_object(answer))
        except (FetchFailed, ValueError) as error:
            return [
                Finding(
                    "proxy",
                    "failed",
                    mark("This server does not answer at its public address: %(reason)s"),
                    mark(
                        "Check that the server runs, and that the proxy passes everything on to"
                        " the address in bind."
                    ),
                    {"reason": _reason(error)},
                )
            ]
        return [judge_echo(echo, self.settings), _judge_signature(echo)]

    async def _post_patiently(self, address: str, activity: bytes) -> HttpResponse:
        """The answer, once there is a server behind the proxy. Raises FetchFailed."""
        keys = await self.keys(f"{self.settings.origin}/actor")
        for _ in range(TRIES):
            answer = await self.fetcher.post(address, activity, keys)
            if answer.status not in _NOTHING_BEHIND:
                break
            await asyncio.sleep(PAUSE)
        return answer

    async def check_webfinger(self) -> list[Finding]:
        """Whether our own handle leads to our actor."""
        host, actor = self.settings.host, f"{self.settings.origin}/actor"
        path = f"/.well-known/webfinger?resource=acct:{host}@{host}"
        # With a port, as in development, it is no handle.
        if self.settings.development:
            path = f"/.well-known/webfinger?resource={actor}"
        try:
            document = await self.fetcher.fetch_json(
                f"{self.settings.origin}{path}", accept="application/jrd+json"
            )
            if self_link(document) != actor:
                raise ValueError(f"{self_link(document)}")
        except (ProtocolError, ValueError) as error:
            return [
                Finding(
                    "webfinger",
                    "failed",
                    mark("WebFinger does not find this server: %(reason)s"),
                    mark("Let the proxy pass /.well-known/ on like everything else."),
                    {"reason": _reason(error)},
                )
            ]
        return [Finding("webfinger", "ok", mark("Others find this server by WebFinger."))]

    async def check_actor(self) -> list[Finding]:
        """Whether our actor is served, with the key that we sign with."""
        actor = f"{self.settings.origin}/actor"
        try:
            fetched = await self.fetcher.fetch_document(actor)
        except FetchFailed as error:
            return [
                Finding(
                    "actor",
                    "failed",
                    mark("Others cannot fetch this server's keys: %(reason)s"),
                    mark(
                        "The proxy must pass the header Accept on, keep no pages, and show no"
                        " challenge to programs."
                    ),
                    {"reason": _reason(error)},
                )
            ]
        keys = await self.keys(actor)
        if keys.rsa.id not in {key.id for key in fetched.document.public_keys}:
            return [
                Finding(
                    "actor",
                    "failed",
                    mark("Another server, or one with an older database, has this address."),
                    mark("Stop it: both would send activities with the same ids."),
                )
            ]
        return [Finding("actor", "ok", mark("Others can fetch this server's keys."))]

    async def check_inbox(self) -> list[Finding]:
        """Whether the inbox can be reached: it refuses what comes from this server itself."""
        origin = self.settings.origin
        actor = f"{origin}/actor"
        activity = {
            "@context": AS2,
            "id": f"{origin}/doctor/{int(self.clock().timestamp())}",
            "type": "Follow",
            "actor": actor,
            "object": actor,
        }
        try:
            answer = await self.fetcher.post(
                f"{origin}/inbox", orjson.dumps(activity), await self.keys(actor)
            )
            if answer.status != _REFUSAL or not answer.text.startswith("{"):
                raise ValueError(f"{answer.status} {answer.text}")
        except (FetchFailed, ValueError) as error:
            return [
                Finding(
                    "inbox",
                    "failed",
                    mark("Others cannot deliver anything here: %(reason)s"),
                    mark("Let the proxy pass every POST to the inboxes on, without a challenge."),
                    {"reason": _reason(error)},
                )
            ]
        return [Finding("inbox", "ok", mark("Others can deliver to this server."))]


def _to_object(answer: HttpResponse) -> dict[str, Any]:
    """The JSON of an answer of ours. Raises ValueError if it is none."""
    try:
        found = orjson.loads(answer.text)
    except ValueError as error:
        raise ValueError(f"{answer.status} {answer.text}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{answer.status} {answer.text}")  # noqa: TRY004 - what a stranger sent
    return found


def _judge_signature(echo: RequestEcho) -> Finding:
    if not echo.fault:
        return Finding("signature", "ok", mark("Signed deliveries arrive unchanged."))
    return Finding(
        "signature",
        "failed",
        mark("A signed request does not arrive as it was sent: %(reason)s"),
        mark(
            "The proxy must change neither the path nor Host, Date, Digest, Content-Type,"
            " Signature and the body."
        ),
        {"reason": echo.fault},
    )


def _unreachable(error: FetchFailed, host: str) -> list[Finding]:
    if error.code == "not_resolved":
        return [
            Finding(
                "dns",
                "failed",
                mark("%(host)s has no address: %(reason)s"),
                mark("Create an A or AAAA record with the public address of this server."),
                {"host": host, "reason": _reason(error)},
            )
        ]
    return [
        Finding("dns", "ok", mark("%(host)s has an address."), facts={"host": host}),
        Finding(
            "certificate",
            "failed",
            mark("No secure connection to %(host)s: %(reason)s"),
            mark(
                "Check that the proxy runs, that port 443 is open, and that the certificate is for"
                " this name and has not ended."
            ),
            {"host": host, "reason": _reason(error)},
        ),
    ]


def _judge_certificate(ends: datetime, now: datetime) -> Finding:
    facts = {"date": f"{ends:%Y-%m-%d}"}
    found = mark("The certificate is valid until %(date)s.")
    if ends - now > ENDS_SOON:
        return Finding("certificate", "ok", found, facts=facts)
    remedy = mark("It should have been renewed by now: read the log of certbot or of the proxy.")
    return Finding("certificate", "warning", found, remedy, facts)


def judge_echo(echo: RequestEcho, settings: Settings) -> Finding:
    """What a request of ours says about the proxy that it passed."""
    facts = {"host": echo.host, "expected": settings.host, "peer": echo.peer}
    if echo.host != settings.host:
        return Finding(
            "proxy",
            "failed",
            mark("The proxy changes Host from %(expected)s to %(host)s."),
            mark("Let it pass Host on (nginx: proxy_set_header Host $host)."),
            facts,
        )
    is_trusted = is_within(echo.peer, settings.trusted_proxies)
    if echo.has_forwarded_for and not is_trusted:
        return Finding(
            "proxy",
            "failed",
            mark("The proxy at %(peer)s is not trusted, so all visitors share one address."),
            mark("Add its address to trusted_proxies."),
            facts,
        )
    if not echo.has_forwarded_for and not settings.development:
        return Finding(
            "proxy",
            "failed",
            mark("The proxy does not set X-Forwarded-For, so all visitors share one address."),
            mark("Let it set X-Forwarded-For to the address of the client."),
            facts,
        )
    return Finding("proxy", "ok", mark("Requests arrive as they were sent."))


def _reason(error: Exception) -> str:
    if isinstance(error, ProtocolError):
        status = getattr(error, "status", None)
        text = f"{error.detail} ({status})" if status else error.detail
    else:
        text = str(error)
    return " ".join(text.split())[:300]
