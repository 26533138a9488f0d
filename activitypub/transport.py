"""Connections to peers: pooled by host, to addresses that the guard permits.

httpx's own pool walks every connection for every request (4 to 30 ms with hundreds of peers,
encode/httpcore#1035), has no hook between name and address, and decompresses responses without a
limit. Here each origin has its own few connections, the address that was checked is the one that is
dialled (TLS is still checked against the name), and proxies in the environment are ignored.

There are two entrances to the same connections: `handle_async_request` is httpx's, `exchange` does
without its objects, which for a delivery cost as much as everything else here.

`resolve` and `dial` are the only two ways to the network; tests replace them.
"""

import asyncio
import functools
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from activitypub.connection import Dropped, HttpConnection, Reply, ResponseLimits
from activitypub.netguard import Guard, is_ipv6, literal_address
from activitypub.resolver import Resolver

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(name, port) → addresses, best first. Raises `OSError`."""

Dial = Callable[[str, int, ssl.SSLContext | None, str], Awaitable[HttpConnection]]
"""(address, port, TLS or None, name for the certificate) → connection. Raises `OSError`."""

DEFAULT_PORTS = {"https": 443, "http": 80}

_TRIES_PER_FAMILY = 2  # as Mastodon 4.6 dials


@dataclass(frozen=True, slots=True)
class Pool:
    """Limits of the connection pool. `idle` and `age` are seconds.

    per_host  open connections to one origin; further requests wait
    idle      how long an unused connection stays open
    age       a connection older than this is not reused, so that DNS changes are noticed
    kept      unused connections in total; the least recently used one is closed first
    """

    per_host: int = 4
    idle: float = 30.0
    age: float = 600.0
    kept: int = 256


@dataclass(frozen=True, slots=True)
class Origin:
    """Where to connect to: `host` as in a URL, an IPv6 address in brackets."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Place:
    """A URL as it is sent: `netloc` is host and port, `target` is path and query."""

    url: str
    origin: Origin
    netloc: str
    target: str

    @classmethod
    def of(cls, url: httpx.URL) -> "Place":
        """The parts of a URL, encoded as httpx sends them."""
        # Not `url.host`, which decodes the A-labels that HTTP and DNS need.
        port = url.port or DEFAULT_PORTS[url.scheme]
        origin = Origin(url.scheme, url.raw_host.decode("ascii"), port)
        return cls(str(url), origin, url.netloc.decode("ascii"), url.raw_path.decode("ascii"))


@dataclass(frozen=True, slots=True)
class PeerRequest:
    """A request; of its headers only the Content-Length is added."""

    method: str
    place: Place
    headers: Mapping[str, str]
    body: bytes | None = None

    def to_bytes(self) -> bytes:
        """The request on the wire. Raises `httpx.LocalProtocolError`."""
        lines = [f"{self.method} {self.place.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body is not None:
            lines.append(f"Content-Length: {len(self.body)}")
        return _join("\r\n".join(lines).encode("latin-1"), len(lines), self.body or b"")


@dataclass(slots=True)
class _Peer:
    """The connections to one origin; forgotten when there are none."""

    origin: Origin
    slots: asyncio.Semaphore
    users: int = 0
    idle: dict[HttpConnection, asyncio.TimerHandle] = field(default_factory=dict)


class _Body(httpx.AsyncByteStream):
    """A complete body in its content encoding; httpx would decompress `content` without a limit."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class PeerTransport(httpx.AsyncBaseTransport):
    """Sends one request at a time per connection and returns its whole response.

    The limits of a request are its extension `limits` (`activitypub.connection.ResponseLimits`). It
    belongs to the event loop in which it is first used, and must be closed there.
    """

    def __init__(
        self,
        *,
        guard: Guard,
        pool: Pool | None = None,
        resolve: Resolve | None = None,
        dial: Dial | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = guard
        self._pool = pool or Pool()
        self._resolver = resolve if isinstance(resolve, Resolver) else Resolver()
        self._resolve = resolve or self._resolver
        self._dial = dial or dial_address
        self._tls = tls
        self._peers: dict[Origin, _Peer] = {}
        self._kept: dict[HttpConnection, _Peer] = {}  # unused ones, longest unused first
        self._open: set[HttpConnection] = set()
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` and return the response; its stream gives the body still encoded.

        Raises `PrivateAddress`, `TooBig`, or an `httpx.TransportError`, which is always temporary.
        """
        limits: ResponseLimits = request.extensions.get("limits") or ResponseLimits()
        wire = _to_bytes(request, await request.aread())
        reply = await self._ask(Place.of(request.url).origin, wire, limits)
        return httpx.Response(reply.status, headers=reply.headers, stream=_Body(reply.body))

    async def exchange(self, request: PeerRequest, limits: ResponseLimits) -> Reply:
        """As `handle_async_request`, for a `PeerRequest`."""
        return await self._ask(request.place.origin, request.to_bytes(), limits)

    async def find_addresses(self, origin: Origin) -> list[str]:
        """The addresses to which a request would go, best first.

        Raises `PrivateAddress`, or an `httpx.TransportError`.
        """
        limits = ResponseLimits()
        ends = asyncio.get_running_loop().time() + limits.total
        return await self._addresses(origin, limits, ends)

    async def find_certificate_end(self, origin: Origin) -> float | None:
        """When the certificate of the origin ends, in epoch seconds; None without TLS. Raises as
        `handle_async_request`, also if the certificate is not valid now.
        """
        limits = ResponseLimits()
        ends = asyncio.get_running_loop().time() + limits.total
        try:
            connection = await self._connect(origin, limits, ends)
        except TimeoutError:
            raise httpx.ConnectTimeout("The connection timed out.") from None
        try:
            return connection.certificate_ends
        finally:
            connection.close()

    async def aclose(self) -> None:
        """Close every connection and wait until the sockets are closed."""
        self._closed = True
        self._resolver.close()
        leaving = list(self._open)
        for connection in leaving:
            connection.abort()
        for connection in leaving:
            await connection.wait_closed()

    async def _ask(self, origin: Origin, wire: bytes, limits: ResponseLimits) -> Reply:
        # Every step below that waits ends by this time. One time-out around all of them would
        # cost as much as the request on a connection that is open.
        ends = asyncio.get_running_loop().time() + limits.total
        peer = self._peers.get(origin)
        if peer is None:
            peer = _Peer(origin, asyncio.Semaphore(self._pool.per_host))
            self._peers[origin] = peer
        peer.users += 1
        try:
            if peer.slots.locked():
                async with asyncio.timeout_at(ends):
                    await peer.slots.acquire()
            else:
                await peer.slots.acquire()  # does not wait
            try:
                return await self._request_in_order(peer, wire, limits, ends)
            finally:
                peer.slots.release()
        except TimeoutError:
            raise httpx.ReadTimeout("The request timed out.") from None
        finally:
            peer.users -= 1
            self._forget(peer)

    async def _request_in_order(
        self, peer: _Peer, wire: bytes, limits: ResponseLimits, ends: float
    ) -> Reply:
        if self._closed:
            raise httpx.ConnectError("The transport is closed.")
        connection = self._take(peer)
        if connection is not None:
            try:
                return await self._exchange(peer, connection, wire, limits, ends)
            except Dropped:
                # RFC 9112 §9.3.1: a peer may close an idle connection just as we write. Then no
                # byte comes back, and the request is sent again on a new connection.
                if connection.bytes_received:
                    raise
                for other in list(peer.idle):
                    self._drop(other)
        connection = await self._connect(peer.origin, limits, ends)
        return await self._exchange(peer, connection, wire, limits, ends)

    async def _exchange(
        self,
        peer: _Peer,
        connection: HttpConnection,
        wire: bytes,
        limits: ResponseLimits,
        ends: float,
    ) -> Reply:
        reply = await connection.exchange(wire, limits, ends)
        self._keep(peer, connection)
        return reply

    # Unused connections.

    def _take(self, peer: _Peer) -> HttpConnection | None:
        if not peer.idle:
            return None
        connection, timer = peer.idle.popitem()  # the last one used is the most likely to be alive
        timer.cancel()
        del self._kept[connection]
        return connection

    def _keep(self, peer: _Peer, connection: HttpConnection) -> None:
        loop = asyncio.get_running_loop()
        is_old = loop.time() - connection.opened_at > self._pool.age
        if self._closed or is_old or not connection.is_usable:
            connection.close()
            return
        peer.idle[connection] = loop.call_later(self._pool.idle, self._drop, connection)
        self._kept[connection] = peer
        if len(self._kept) > self._pool.kept:
            self._drop(next(iter(self._kept)))

    def _drop(self, connection: HttpConnection) -> None:
        self._forget_unused(connection)
        connection.close()

    def _on_closed(self, connection: HttpConnection) -> None:
        self._open.discard(connection)
        self._forget_unused(connection)

    def _forget_unused(self, connection: HttpConnection) -> None:
        peer = self._kept.pop(connection, None)
        if peer is not None:
            peer.idle.pop(connection).cancel()
            self._forget(peer)

    def _forget(self, peer: _Peer) -> None:
        # Strangers can make up any number of hosts: nothing is kept of one without connections.
        if peer.users == 0 and not peer.idle:
            self._peers.pop(peer.origin, None)

    # New connections.

    async def _connect(self, origin: Origin, limits: ResponseLimits, ends: float) -> HttpConnection:
        failure: OSError | None = None
        loop = asyncio.get_running_loop()
        for address in _tries(await self._addresses(origin, limits, ends)):
            try:
                async with asyncio.timeout_at(min(ends, loop.time() + limits.connect)):
                    connection = await self._dial(
                        address, origin.port, self._context(origin), origin.host
                    )
            except OSError as error:  # TimeoutError and ssl.SSLError are OSErrors
                failure = error
                if loop.time() >= ends:
                    break
                continue
            connection.when_closed = self._on_closed
            self._open.add(connection)
            if self._closed:
                connection.abort()
            return connection
        self._resolver.forget(origin.host)  # it may have other addresses by now
        if loop.time() >= ends:
            raise TimeoutError from failure
        kind = httpx.ConnectTimeout if isinstance(failure, TimeoutError) else httpx.ConnectError
        raise kind(f"Could not connect to any address of {origin.host}: {_in_words(failure)}")

    async def _addresses(self, origin: Origin, limits: ResponseLimits, ends: float) -> list[str]:
        self._guard.check_host(origin.host)
        literal = literal_address(origin.host)
        if literal is not None:
            return [literal]
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(ends, loop.time() + limits.resolve)):
                found = await self._resolve(origin.host, origin.port)
        except (OSError, UnicodeError) as error:
            if loop.time() >= ends:
                raise TimeoutError from error
            raise httpx.ConnectError(
                f"Could not resolve {origin.host}: {_in_words(error)}"
            ) from error
        return self._guard.choose(origin.host, found)

    def _context(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme == "http":
            return None
        return self._tls or shared_tls()


async def dial_address(
    address: str, port: int, tls: ssl.SSLContext | None, server_name: str
) -> HttpConnection:
    """Connect to exactly this address; with TLS its certificate must be for `server_name`."""
    loop = asyncio.get_running_loop()
    if tls is None:
        _, connection = await loop.create_connection(HttpConnection, address, port)
    else:
        _, connection = await loop.create_connection(
            HttpConnection,
            address,
            port,
            ssl=tls,
            server_hostname=server_name.strip("[]"),
            ssl_shutdown_timeout=1.0,
        )
    return connection


@functools.cache
def shared_tls() -> ssl.SSLContext:
    """The shared TLS context: building one takes 40 ms. Honours SSL_CERT_FILE and SSL_CERT_DIR."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _in_words(error: BaseException | None) -> str:
    """The message of the system or of the class, for people: "Connection refused"."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _tries(addresses: Iterable[str]) -> list[str]:
    """Two addresses of each family, alternating: one broken family must not use up the time."""
    families: dict[bool, list[str]] = {}
    for address in addresses:
        families.setdefault(is_ipv6(address), []).append(address)
    columns = [found[:_TRIES_PER_FAMILY] for found in families.values()]
    return [c[turn] for turn in range(_TRIES_PER_FAMILY) for c in columns if turn < len(c)]


def _to_bytes(request: httpx.Request, body: bytes) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%s: %s" % header for header in request.headers.raw]
    return _join(b"\r\n".join(lines), len(lines), body)


def _join(head: bytes, lines: int, body: bytes) -> bytes:
    # Nobody before the transport detects line ends inside headers.
    if head.count(b"\n") != lines - 1 or head.count(b"\r") != lines - 1:
        raise httpx.LocalProtocolError("A request header contains a line break.")
    return b"%s\r\n\r\n%s" % (head, body)
