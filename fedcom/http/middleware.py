"""What every request passes: the client's true address, an id and a log line, security headers.

Plain ASGI, since Starlette's BaseHTTPMiddleware costs several times what an endpoint does. The
order matters and `middleware()` knows it: an answer to a crash carries the same headers as any.
"""

import time
import uuid
from collections.abc import Callable, Iterable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedcom.http.addresses import Network, is_address, is_within

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""The Content-Security-Policy of everything: our own style sheet, one script of ours, pictures."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with that, browsers send forms with "Origin: null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "browsing-topics=(), camera=(), geolocation=(), microphone=()",
}

COMPRESSED_FROM = 500
"""Bytes: what is smaller fits into one packet as it is.

Compressing a page that repeats words of its address could tell a listener the secrets on it
(BREACH); the lasting one is the token of forms, and `forgery` masks it anew for each page.
"""

LONGEST_PATH = 2048
"""Characters; no address of ours has a third of that."""

_YEAR = 365 * 24 * 3600

log = structlog.get_logger("fedcom.http")


def middleware(
    *, trusted_proxies: Iterable[Network], https: bool, failure: Callable[[Request], Response]
) -> list[Middleware]:
    """The stack that every request passes, outermost first.

    `https`: the public origin is https, so browsers are told to stay with it. `failure` makes the
    answer to a request that ended in an exception nobody expected.
    """
    return [
        Middleware(TrustedProxies, networks=tuple(trusted_proxies)),
        Middleware(SecurityHeaders, https=https),
        Middleware(RequestLog, failure=failure),
        Middleware(SaneAddresses),
        Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=6),
    ]


class TrustedProxies:
    """Puts the client's address in the place of the proxy's, when the proxy is one of ours.

    X-Forwarded-For is read from the right, as far as trusted proxies wrote it; what is left of
    that was written by whoever asked and means nothing.
    """

    def __init__(self, app: ASGIApp, networks: tuple[Network, ...]) -> None:
        self.app = app
        self.networks = networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and scope.get("client") and self.networks:
            address = self._client(scope)
            if address != scope["client"][0]:
                scope = {**scope, "client": (address, 0)}
        await self.app(scope, receive, send)

    def _client(self, scope: Scope) -> str:
        address: str = scope["client"][0]
        said = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
        for hop in reversed(said.split(",")):
            if not is_within(address, self.networks):
                break
            text = hop.strip()
            if not is_address(text):
                break
            address = text
        return address


class SaneAddresses:
    """Makes of addresses that are none of ours some that fail nothing, and lead nowhere either.

    A NUL becomes the sign for what cannot be shown (U+FFFD): PostgreSQL answers a question with one
    in it by an error. A path ends after `LONGEST_PATH` characters: Python reads no number that has
    thousands of digits.
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
    """Adds `HEADERS` to every answer that does not bring its own."""

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
    """Gives each request an id, writes one line when it is answered, and answers a crash.

    The id stands in `scope["state"]["request_id"]`, in every line logged meanwhile and in the
    answer's X-Request-Id. The query is not logged: people search for private things.
    """

    def __init__(self, app: ASGIApp, failure: Callable[[Request], Response]) -> None:
        self.app = app
        self.failure = failure

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
                pass  # there is nobody to answer; the line below has the status 0
            except Exception:  # the outermost loop of the web: whatever it was, log it and answer
                log.exception("request_failed", method=scope["method"], path=scope["path"])
                if status:  # too late for another answer: let the server cut the connection
                    raise
                await self.failure(Request(scope))(scope, receive, with_id)
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
                client=(scope.get("client") or ("", 0))[0],
            )
