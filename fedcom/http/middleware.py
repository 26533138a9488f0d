"""What every request passes through: the client's real address, an id, the log, security headers.

Plain ASGI, because Starlette's BaseHTTPMiddleware costs several times as much as an endpoint. The
order matters, and `middleware()` defines it: the response to a crash has the same headers as any.
"""

import time
import uuid
from collections.abc import Callable, Hashable, Iterable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedcom.http.addresses import Network, is_address, is_within
from fedcom.http.page_cache import PageCache

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; media-src 'self'; form-action 'self'; "
    "worker-src 'self'; manifest-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""The Content-Security-Policy of every response: our own style sheet, scripts, pictures,
recordings and manifest."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with that, browsers send forms with "Origin: null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "browsing-topics=(), camera=(), geolocation=(), microphone=()",
}

COMPRESSED_FROM = 500
"""Bytes: a smaller response fits into one packet anyway.

Compressing a page that repeats parts of its address can reveal the secrets on it (BREACH). The only
lasting secret is the form token, and `csrf` masks it differently on each page.
"""

LONGEST_PATH = 2048
"""Characters; none of our addresses has a third of that."""

_YEAR = 365 * 24 * 3600

Measure = Callable[[Scope, int, float], None]
"""Is given a request, the status of the response (0 without one) and the seconds it took."""

log = structlog.get_logger("fedcom.http")


def middleware(
    *,
    trusted_proxies: Iterable[Network],
    https: bool,
    failure: Callable[[Request], Response],
    measure: Measure,
    variant: Callable[[Headers], Hashable],
) -> list[Middleware]:
    """The stack that every request passes through, outermost first.

    `https`: the public origin is https, and browsers are told to keep using it. `failure` makes the
    response to a request that ended in an unexpected exception. `measure` is called after each
    response. `variant` is `PageCache`'s.
    """
    return [
        Middleware(TrustedProxies, networks=tuple(trusted_proxies)),
        Middleware(SecurityHeaders, https=https),
        Middleware(RequestLog, failure=failure, measure=measure),
        Middleware(SaneAddresses),
        Middleware(PageCache, variant=variant),
        Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=6),
    ]


class TrustedProxies:
    """Replaces the address of a trusted proxy with the client's, and keeps it in
    `scope["state"]["peer"]`.

    X-Forwarded-For is read from the right, as far as trusted proxies wrote it. Anyone can have
    written the rest.
    """

    def __init__(self, app: ASGIApp, networks: tuple[Network, ...]) -> None:
        self.app = app
        self.networks = networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and scope.get("client") and self.networks:
            address = self._client(scope)
            scope.setdefault("state", {})["peer"] = scope["client"][0]
            if address != scope["client"][0]:
                scope = {**scope, "client": (address, 0)}
        await self.app(scope, receive, send)

    def _client(self, scope: Scope) -> str:
        address: str = scope["client"][0]
        forwarded_for = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
        for hop in reversed(forwarded_for.split(",")):
            if not is_within(address, self.networks):
                break
            text = hop.strip()
            if not is_address(text):
                break
            address = text
        return address


class SaneAddresses:
    """Rewrites addresses that would cause errors into ones that are merely not found.

    A NUL becomes U+FFFD, the replacement character: PostgreSQL rejects queries with a NUL. A path
    is cut after `LONGEST_PATH` characters: Python refuses to parse numbers with thousands of
    digits.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_insane(scope):
            path = scope["path"][:LONGEST_PATH].replace("\0", "\ufffd")
            query = scope["query_string"].replace(b"%00", b"%EF%BF%BD")
            scope = {**scope, "path": path, "query_string": query}
        await self.app(scope, receive, send)


def _is_insane(scope: Scope) -> bool:
    path: str = scope["path"]
    return len(path) > LONGEST_PATH or "\0" in path or b"%00" in scope["query_string"]


class SecurityHeaders:
    """Adds `HEADERS` to every response that does not set them itself."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.headers = dict(HEADERS)
        if https:
            self.headers["Strict-Transport-Security"] = f"max-age={_YEAR}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


class RequestLog:
    """Gives each request an id, logs one event when it is answered, and answers a crash.

    The id is in `scope["state"]["request_id"]`, in every event logged meanwhile and in the
    response's X-Request-Id. The query is not logged: people search for private things.
    """

    def __init__(
        self, app: ASGIApp, failure: Callable[[Request], Response], measure: Measure
    ) -> None:
        self.app = app
        self.failure = failure
        self.measure = measure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, with_id)
            except ClientDisconnect:
                pass  # nobody is left to answer; the event below has the status 0
            except Exception:  # the outermost loop of the web: log whatever it was, and answer
                log.exception("request_failed", method=scope["method"], path=scope["path"])
                if status:  # too late for another response: let the server close the connection
                    raise
                await self.failure(Request(scope))(scope, receive, with_id)
            seconds = time.perf_counter() - started
            self.measure(scope, status, seconds)
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                milliseconds=round(seconds * 1000, 1),
                client=(scope.get("client") or ("", 0))[0],
            )
