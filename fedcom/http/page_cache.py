"""Pages and documents for guests, kept in memory: for the next guest, only a version is read.

**What is kept**: the response to a GET or HEAD, as it is sent (compressed, if it is), if all of
this holds: the request has none of the headers in `PERSONAL`, so that it is a guest's; its route
allows it (`allow_sharing`), because it has no forms and nothing that may be shown only once; the
status is 200, and the response itself says `Cache-Control: public`.

**The key**: everything in a request that shapes such a response: the path, the query,
the Host (from which Starlette makes `request.url`), whether gzip is accepted, and what `variant`
reads of the headers. A handler that reads another header must have it added there or to `PERSONAL`.

**When it is outdated**: after any commit to the database, by any process. The database's version
is read before a response is made, and again for each request that could use it; only equal versions
count. So what is sent is as new as the database was when the request came, and no code has to say
which pages a change affects. The clock also changes pages (ages, ends of bans), so each serves for
`SECONDS` only. If the version is unknown, nothing is kept or used.

**How it is dropped**: everything, with the first request after a commit; and the least recently
used, beyond `MAX_ENTRIES` or `MAX_BYTES`.

**Several processes** each keep their own, and see each other's commits by the version.

Requests are counted and logged outside of this, and get their own id and security headers.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedcom.http.instance import Instance

SHARED = "public, no-cache"
"""The Cache-Control of pages for guests: caches may keep them, and ask for each use (ETag). Without
asking, a browser would show a guest's page after logging in, and a proxy what was removed.
"""

PERSONAL = frozenset({b"cookie", b"authorization", b"signature", b"signature-input"})
"""Headers of requests whose responses may depend on the sender; any cookie, to be safe."""

SECONDS = 5
"""Too short to be noticed: ages are shown in minutes."""

MAX_ENTRIES = 2_000
MAX_BYTES = 16_000_000
MAX_BODY = 1_000_000

_ENTRY_BYTES = 2_000
"""What an entry takes besides its body and its address: objects and headers."""

_ALLOWED = "may_be_shared"
_FROM_CACHE = "is_from_page_cache"
_ELSEWHERE = ("/static/", "/media/")
"""Addresses of files, for which no version needs to be read."""


def allow_sharing(scope: Scope) -> None:
    """Declare that the response to this request is the same for all guests."""
    scope.setdefault("state", {})[_ALLOWED] = True


def was_cached(scope: Scope) -> bool:
    """Whether the page cache had the response to this request."""
    return bool(scope.get("state", {}).get(_FROM_CACHE))


def is_shareable(request: Request) -> bool:
    """Whether a response to this request may go to other guests as well."""
    allowed: bool = request.scope.get("state", {}).get(_ALLOWED, False)
    return allowed and _is_guests(request.scope)


def _is_guests(scope: Scope) -> bool:
    return PERSONAL.isdisjoint(name for name, _ in scope["headers"])


@dataclass(frozen=True, slots=True)
class _Entry:
    """One response, and the time at which making it began."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    tag: str
    made_at: datetime
    size: int


class _Entries:
    """The responses for one version of the database, the least recently used first."""

    def __init__(self) -> None:
        self.version: Hashable = None
        self.size = 0
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: Hashable, version: Hashable, now: datetime) -> _Entry | None:
        """The response to send, if there is one for this version."""
        if version != self.version:
            self._entries.clear()
            self.size, self.version = 0, version
        entry = self._entries.get(key)
        if entry is None or abs(now - entry.made_at) > timedelta(seconds=SECONDS):
            return None
        self._entries.move_to_end(key)
        return entry

    def put(self, key: Hashable, version: Hashable, entry: _Entry) -> None:
        """Keep it, unless the database has changed since `version`."""
        if version != self.version or len(entry.body) > MAX_BODY:
            return
        before = self._entries.pop(key, None)
        self._entries[key] = entry
        self.size += entry.size - (before.size if before else 0)
        while len(self._entries) > MAX_ENTRIES or self.size > MAX_BYTES:
            self.size -= self._entries.popitem(last=False)[1].size


class PageCache:
    """The middleware. `variant` reads from the headers what shapes a response besides its address:
    the kind of document, the language.
    """

    def __init__(self, app: ASGIApp, variant: Callable[[Headers], Hashable]) -> None:
        self.app = app
        self.variant = variant
        self.entries = _Entries()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._key(scope)
        if key is None:
            await self.app(scope, receive, send)
            return
        instance: Instance = scope["app"].state.instance
        version, now = await instance.find_version(), instance.clock()
        entry = None if version is None else self.entries.find(key, version, now)
        if entry is not None:
            scope.setdefault("state", {})[_FROM_CACHE] = True
            await _send(scope, entry, send)
            return
        start: Message | None = None

        async def keep(message: Message) -> None:
            nonlocal start
            if start is None and _may_be_kept(scope, message):
                start = message  # held back: its headers depend on the body
            elif start is None:
                await send(message)
            else:
                made = _to_entry(scope, start, message["body"], now)
                if version is not None:
                    self.entries.put(key, version, made)
                await _send(scope, made, send)

        await self.app(scope, receive, keep)

    def _key(self, scope: Scope) -> Hashable:
        """The key; None if the response to this request must not be shared."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            return None
        if scope["path"].startswith(_ELSEWHERE) or not _is_guests(scope):
            return None
        headers = Headers(scope=scope)
        if "if-modified-since" in headers and "if-none-match" not in headers:
            return None  # the feeds compare dates themselves
        return (
            scope["path"],
            scope["query_string"],
            headers.get("host"),
            "gzip" in headers.get("accept-encoding", ""),
            self.variant(headers),
        )


def _may_be_kept(scope: Scope, message: Message) -> bool:
    """Whether this begins a response that its route and the response itself allow to be shared."""
    if message["type"] != "http.response.start" or message["status"] != 200:
        return False
    headers = Headers(raw=message["headers"])
    return (
        bool(scope.get("state", {}).get(_ALLOWED))
        and headers.get("cache-control", "").startswith("public")
        and "set-cookie" not in headers
        # Of one piece; what is streamed has no length.
        and "content-length" in headers
    )


def _to_entry(scope: Scope, start: Message, body: bytes, now: datetime) -> _Entry:
    """The response as an entry; with an ETag, if it has none."""
    headers = MutableHeaders(raw=list(start["headers"]))
    # Weak: a proxy may compress it or unpack it.
    tag = headers.setdefault("ETag", f'W/"{hashlib.sha256(body).hexdigest()[:32]}"')
    size = len(body) + len(scope["path"]) + len(scope["query_string"]) + _ENTRY_BYTES
    return _Entry(tuple(headers.raw), body, tag, now, size)


async def _send(scope: Scope, entry: _Entry, send: Send) -> None:
    """Send it, or 304 if the client has it already (RFC 9110 §13.1.2 and §15.4.5)."""
    status, headers, body = 200, list(entry.headers), entry.body
    if is_known(Headers(scope=scope), entry.tag):
        status, body = 304, b""
        headers = [(name, value) for name, value in headers if not name.startswith(b"content-")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def is_known(headers: Headers, tag: str) -> bool:
    """Whether If-None-Match names this ETag, by the weak comparison."""
    named = (part.strip() for part in headers.get("if-none-match", "").split(","))
    return any(name == "*" or name.removeprefix("W/") == tag.removeprefix("W/") for name in named)
