"""One HTTP/1.1 connection to a peer: write a request, read one bounded response.

Not here: which address we connect to (`transport`) and what a response means (`fetch`). Here: every
limit on bytes and silence, because only the reader of the socket can stop a peer that sends too
much or too slowly. llhttp (`httptools`) parses the bytes in its strict mode: a parser in Python
takes five times the CPU.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools
import httpx

from activitypub.errors import TooBig

_ERROR_BODY = 64 * 1024
"""Bytes kept of a response other than 200: the beginning is enough, the rest is cut off."""


@dataclass(frozen=True, slots=True)
class ResponseLimits:
    """Limits of one request. Times are seconds, sizes are bytes.

    total    everything: waiting for a free connection, DNS, connect, TLS, request, response
    resolve  the DNS lookup
    connect  one address, with its TLS handshake
    idle     silence of the peer, before its first byte too. Lemmy 0.19 takes up to 9 s to answer
             an inbox POST, so not less than that
    head     status line and headers, including interim responses and trailers
    body     the body of a 200; of other responses 64 KiB are kept and the rest is cut off
    cut      whether a longer body of a 200 is cut off too, instead of raising `TooBig`
    """

    total: float = 30.0
    resolve: float = 5.0
    connect: float = 5.0
    idle: float = 15.0
    head: int = 32 * 1024
    body: int = 1024 * 1024
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A response as received: header names and values are raw bytes, the body is still encoded."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: bytes) -> str | None:
        """The first header with this lower-case name, or None."""
        for found, value in self.headers:
            if found.lower() == name:
                return value.decode("latin-1")
        return None


class Dropped(httpx.RemoteProtocolError):
    """The peer closed the connection before its response was complete."""


class HttpConnection(asyncio.Protocol):
    """A connection with at most one exchange at a time.

    `bytes_received` counts from the last request: 0 after `Dropped` means that the peer had closed
    the connection before it saw the request. `when_closed` is called once.
    """

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self.bytes_received = 0
        self.when_closed: Callable[[HttpConnection], None] | None = None
        self._loop = asyncio.get_running_loop()
        self.opened_at = self._loop.time()
        self._closed = self._loop.create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Reply] | None = None
        self._limits = ResponseLimits()
        self._last_read_at = self._ends = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._keep = True
        self._begin()

    async def exchange(self, request: bytes, limits: ResponseLimits, ends: float) -> Reply:
        """Write the request and wait for the response, until `ends` by the loop's clock.

        Raises `TooBig`, `Dropped`, `httpx.RemoteProtocolError` (not HTTP), `httpx.ReadTimeout`
        (no response by then, or silence longer than `limits.idle`). After any of them the
        connection is closed.
        """
        self.bytes_received = 0
        self._limits = limits
        self._last_read_at = self._loop.time()
        self._answer = self._loop.create_future()
        self._begin()
        self._ends = ends
        self._watch = self._loop.call_at(
            min(ends, self._last_read_at + limits.idle), self._check_silence
        )
        try:
            if self._transport.is_closing():
                raise Dropped("The connection was closed before the request was sent.")
            self._transport.write(request)
            return await self._answer
        except BaseException:
            self.abort()
            raise
        finally:
            self._watch.cancel()
            self._answer = None

    @property
    def certificate_ends(self) -> float | None:
        """When the peer's certificate ends, in epoch seconds; None without TLS."""
        certificate = self._transport.get_extra_info("peercert") or {}
        ends = certificate.get("notAfter")
        return None if ends is None else float(ssl.cert_time_to_seconds(ends))

    @property
    def is_usable(self) -> bool:
        """Whether another request can be written on it."""
        return self._keep and not self._transport.is_closing()

    def close(self) -> None:
        """Close it gracefully (with a TLS close notify)."""
        self._transport.close()

    def abort(self) -> None:
        """Close it immediately, even during an exchange."""
        self._keep = False
        self._transport.abort()

    async def wait_closed(self) -> None:
        """Wait until the socket is closed."""
        await asyncio.shield(self._closed)

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, within the limits."""
        if self._answer is None or self._answer.done():
            # Unrequested bytes would be taken for the response to the next request.
            self.abort()
            return
        self._last_read_at = self._loop.time()
        self.bytes_received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(httpx.RemoteProtocolError(f"The response is not valid HTTP/1.1: {error}"))
        if not self._headers_done and self.bytes_received > self._limits.head:
            self._fail(
                TooBig(
                    "headers_too_big",
                    f"The response headers are larger than our limit of {self._limits.head} bytes.",
                )
            )
        # Chunked framing may be many times the size of its content; reading stops here.
        if self.bytes_received > self._limits.head + 8 * self._limits.body:
            self._fail(
                TooBig("answer_too_big", "The chunked framing of the response is too large.")
            )

    def connection_lost(self, error: Exception | None) -> None:
        """End the exchange; a response without a length is complete now."""
        self._closed.set_result(None)
        if self._ends_with_connection and error is None:
            self._finish()
        self._fail(Dropped(f"The peer closed the connection: {error or 'end of data'}"))
        if self.when_closed is not None:
            self.when_closed(self)

    # Called by the parser.

    def on_message_begin(self) -> None:
        """Start a response: the expected one, one after an interim response, or one too many."""
        if self._answer is None or self._answer.done():
            self._keep = False
        self._begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; a trailer only counts towards the limit."""
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > self._limits.head:
            self._fail(
                TooBig(
                    "headers_too_big",
                    f"The response headers are larger than our limit of {self._limits.head} bytes.",
                )
            )
        elif not self._headers_done:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Decide from the headers how the body ends and whether it fits the limit."""
        self._status = self._parser.get_status_code()
        if self._status < 200:
            return
        self._headers_done = True
        self._keep = self._keep and self._parser.should_keep_alive()
        self._ends_with_connection = not _has_framing(self._headers)
        if not self._is_cut() and _declared_length(self._headers) > self._room():
            self._fail(
                TooBig(
                    "answer_too_big",
                    f"The response is larger than our limit of {self._limits.body} bytes.",
                )
            )

    def on_body(self, data: bytes) -> None:
        """Keep a part of the body, up to the limit."""
        room = self._room() - self._size
        self._body.append(data if len(data) <= room else data[:room])
        self._size += len(data)
        if len(data) <= room:
            return
        if self._is_cut():
            self._finish()
        else:
            self._fail(
                TooBig(
                    "answer_too_big",
                    f"The response is larger than our limit of {self._limits.body} bytes.",
                )
            )
        self.abort()

    def on_message_complete(self) -> None:
        """Hand over the response, unless it is an interim one (1xx)."""
        if self._status >= 200:
            # A peer that responds before it has read the request may not read the next one either.
            self._keep = self._keep and self._transport.get_write_buffer_size() == 0
            self._finish()

    def _begin(self) -> None:
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._headers_done = False
        self._head_bytes = 0
        self._ends_with_connection = False
        self._body: list[bytes] = []
        self._size = 0

    def _room(self) -> int:
        return self._limits.body if self._status == 200 else min(self._limits.body, _ERROR_BODY)

    def _is_cut(self) -> bool:
        return self._limits.cut or self._status != 200

    def _finish(self) -> None:
        self._ends_with_connection = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Reply(self._status, self._headers, b"".join(self._body)))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self.abort()

    def _check_silence(self) -> None:
        now, silent_at = self._loop.time(), self._last_read_at + self._limits.idle
        if now >= self._ends:
            self._fail(httpx.ReadTimeout("The request timed out."))
        elif now >= silent_at:
            self._fail(httpx.ReadTimeout("Timed out waiting for data from the peer."))
        else:
            self._watch = self._loop.call_at(min(self._ends, silent_at), self._check_silence)


def _has_framing(headers: list[tuple[bytes, bytes]]) -> bool:
    # RFC 9112 §6.3: without either of these the body lasts until the connection ends.
    for name, value in headers:
        lower = name.lower()
        if lower == b"content-length":
            return True
        if lower == b"transfer-encoding" and value.lower().rstrip().endswith(b"chunked"):
            return True
    return False


def _declared_length(headers: list[tuple[bytes, bytes]]) -> int:
    # llhttp has already refused a length that is not a number, and two of them.
    return max((int(v) for n, v in headers if n.lower() == b"content-length"), default=0)
