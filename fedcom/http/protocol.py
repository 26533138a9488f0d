"""One connection of a client: uvicorn's HTTP/1.1 with limits on size and time.

uvicorn 0.54 with httptools limits neither the headers nor the time that a request takes to arrive
or a response to be read, and it treats trailer fields as headers. docs/decisions/0028 explains why
this is a subclass.
"""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, cast

import httptools
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from fedcom.http.connections import ConnectionLimits, Connections, Wait

MAX_HEAD_BYTES = 32 * 1024
"""Request target and headers, or the trailer fields; Node.js allows 16 KB, nginx 32 KB."""

MAX_TARGET_BYTES = 8 * 1024
"""RFC 9110 §4.1 recommends to support at least 8000."""

MAX_FIELDS = 100
"""Headers; Apache's LimitRequestFields."""

MAX_PIPELINED = 8
"""Requests waiting for the response to an earlier one. Browsers do not pipeline."""

SLOWEST = 8 * 1024
"""Bytes per second that a body or a response must make after the first seconds of its deadline."""

_SLICE = 16 * 1024  # bytes parsed at once: how far an incomplete header can go unnoticed

RETRY_AFTER = 10  # seconds

_TOO_SLOW = {
    Wait.HEAD: "The request headers took too long to arrive.",
    Wait.BODY: "The request body took too long to arrive.",
}

log = structlog.get_logger("fedcom.http")


class _Stage(Enum):
    """How much of the newest request has arrived."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()
    ALL = auto()
    REFUSED = auto()
    """Too much or too late: it was answered, and the rest is discarded."""


class _Refused(Exception):
    """Raised in callbacks of the parser to stop reading the request."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class _Flow(FlowControl):
    """uvicorn's, which also tells when the application is ready for more of the body."""

    def __init__(self, transport: asyncio.Transport, on_resumed: Callable[[], None]) -> None:
        super().__init__(transport)
        self._on_resumed = on_resumed

    def resume_reading(self) -> None:
        super().resume_reading()
        self._on_resumed()


class BoundedProtocol(HttpToolsProtocol):
    """A connection that a client can neither flood nor keep open by doing nothing."""

    open_connections: Connections

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._stage = _Stage.NOTHING
        self._requests = 0
        self._head_bytes = 0
        self._body_bytes = 0
        # Bytes since the parser last reported anything: an incomplete header, which it buffers.
        self._unreported = 0
        self._wait: Wait | None = None
        self._since = 0.0
        self._held_at: float | None = None  # since when we keep the client from sending
        self._received_at = 0.0
        self._unread = 0  # bytes of the response that the client had not read then
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept the connection, or refuse it if there are too many."""
        super().connection_made(cast(asyncio.Transport, transport))
        self.flow = _Flow(self.transport, self._watch)
        status = self.open_connections.admit(self, self.client[0] if self.client else "")
        if status is None:
            self._watch()
            return
        self._stage = _Stage.REFUSED
        text = (
            "Too many connections from your address."
            if status == HTTPStatus.TOO_MANY_REQUESTS
            else "The server is handling too many requests. Please try again in a moment."
        )
        self.transport.write(self._to_answer(status, text))
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_timer()
        self.open_connections.discard(self)
        super().connection_lost(exc)

    def drop(self) -> None:
        """Close the connection now, whatever is in progress."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse the received bytes."""
        if self._stage is _Stage.REFUSED:
            return
        self._received_at = self.loop.time()
        if self._stage is _Stage.NOTHING:
            self._stage = _Stage.HEAD
        try:
            for start in range(0, len(data), _SLICE):
                self._parse(data[start : start + _SLICE])
        except _Refused as refusal:
            self._refuse(refusal.status, refusal.text)
        except httptools.HttpParserUpgrade:
            # RFC 9110 §7.8: a server may ignore Upgrade. The parser has lost its place.
            self.cycle.keep_alive = False
        except httptools.HttpParserError as error:
            reason = error.__context__
            if isinstance(reason, _Refused):
                self._refuse(reason.status, reason.text)
            else:
                self._refuse(400, "This is not a valid HTTP request.")
        self._watch()

    def _parse(self, data: bytes) -> None:
        self._unreported += len(data)
        self.parser.feed_data(data)
        if self._head_bytes + self._unreported > MAX_HEAD_BYTES:
            raise _too_large()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._stage = _Stage.HEAD
        self._head_bytes = self._unreported = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        super().on_url(url)
        self._count_head(len(url))
        if len(self.url) > MAX_TARGET_BYTES:
            raise _Refused(414, f"The address is longer than {MAX_TARGET_BYTES} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. Trailer fields (RFC 9110 §6.5) are dropped: the headers have been read by then,
        and some would name the client, which only a proxy may do."""
        self._count_head(len(name) + len(value) + len(b": \r\n"))
        if self._stage is not _Stage.HEAD:
            return
        if len(self.headers) >= MAX_FIELDS:
            raise _Refused(431, f"The request has more than {MAX_FIELDS} headers.")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete: the application is called."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise _Refused(429, "Too many requests at once on one connection.")
        super().on_headers_complete()
        self._stage = _Stage.BODY
        self._requests += 1
        self._head_bytes = self._body_bytes = self._unreported = 0

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._unreported = 0
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        super().on_message_complete()
        self._stage = _Stage.NOTHING if self.cycle.response_complete else _Stage.ALL

    def on_response_complete(self) -> None:
        """The response has been written, though perhaps not sent."""
        super().on_response_complete()
        self._unset_keepalive_if_required()  # ours also ends if other data arrived meanwhile
        if self._stage is _Stage.ALL and self.cycle.response_complete:
            self._stage = _Stage.NOTHING
        self._watch()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        self._watch()

    def _count_head(self, size: int) -> None:
        self._unreported = 0
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise _too_large()

    def _watch(self) -> None:
        """Start the timer for what the client has to do next, unless it is running already."""
        wait = self._awaited()
        if wait is self._wait:
            self._stop_clock_while_held()
            return
        self.open_connections.set_wait(self, self._wait, wait)
        self._wait = wait
        self._since = self.loop.time()
        self._held_at = None
        self._stop_clock_while_held()
        self._unread = self.transport.get_write_buffer_size()
        self._stop_timer()
        if wait is not None:
            self._timer = self.loop.call_later(self.open_connections.patience[wait], self._check)

    def _awaited(self) -> Wait | None:
        if self._stage is _Stage.REFUSED:
            return Wait.END_OF_REQUEST
        if self.transport.is_closing() or self.flow.write_paused:
            return Wait.ANSWER_READ
        if self._stage is _Stage.BODY:
            return Wait.END_OF_REQUEST if self.cycle.response_complete else Wait.BODY
        if self._stage is _Stage.ALL:
            return None
        if self._stage is _Stage.HEAD or not self._requests:
            return Wait.HEAD
        return Wait.ANSWER_READ if self.transport.get_write_buffer_size() else Wait.NEXT_REQUEST

    def _check(self) -> None:
        """When the time is up: wait for the next thing, wait longer, or give up."""
        if self._awaited() is not self._wait or self._wait is None:
            self._watch()
            return
        self._stop_clock_while_held()
        now = self.loop.time()
        patience = self.open_connections.patience[self._wait]
        due = self._since + patience + self._progress() / SLOWEST
        if self._held_at is not None:
            due = now + patience
        if now < due:
            self._timer = self.loop.call_later(due - now, self._check)
        else:
            self._give_up(self._wait)

    def _stop_clock_while_held(self) -> None:
        """Do not count the time in which the application does not read the body, or slowly."""
        is_held = self._wait is Wait.BODY and (
            self.flow.read_paused or self.cycle.waiting_for_100_continue
        )
        if is_held and self._held_at is None:
            self._held_at = self.loop.time()
        elif not is_held and self._held_at is not None:
            self._since += self.loop.time() - self._held_at
            self._held_at = None

    def _progress(self) -> int:
        if self._wait is Wait.BODY:
            return self._body_bytes
        if self._wait is Wait.ANSWER_READ:
            return self._unread - self.transport.get_write_buffer_size()
        return 0

    def _give_up(self, wait: Wait) -> None:
        # A client that sends nothing at all is gone, and no response would reach it.
        is_gone = self.loop.time() - self._received_at > self.open_connections.patience[wait] / 2
        if wait in _TOO_SLOW and not is_gone:
            self._refuse(408, _TOO_SLOW[wait])
        else:
            self.drop()

    def _refuse(self, status: int, text: str) -> None:
        """Answer the newest request in place of the application, and read no more requests.

        For a while, arriving bytes are read and discarded: closing a socket with unread bytes would
        reset the connection and destroy the response (RFC 9112 §9.6).
        """
        log.info("request_refused", status=status, reason=text, peer=self.client and self.client[0])
        if not self._may_answer():
            self.drop()
            return
        self._stage = _Stage.REFUSED
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(self._to_answer(status, text))
        self.transport.write_eof()
        self._watch()

    def _may_answer(self) -> bool:
        """Whether no other response is in progress or about to begin."""
        if self.transport.is_closing() or self.pipeline:
            return False
        if not self._is_answering():
            return True
        return self._stage is _Stage.BODY and not self.cycle.response_started

    def _is_answering(self) -> bool:
        return self._requests > 0 and not self.cycle.response_complete

    def _to_answer(self, status: int, text: str) -> bytes:
        body = f"{text}\n".encode()
        head = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode(),
            *(name + b": " + value for name, value in self.server_state.default_headers),
            b"content-type: text/plain; charset=utf-8",
            b"content-length: %d" % len(body),
            b"connection: close",
        ]
        if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            head.append(b"retry-after: %d" % RETRY_AFTER)
        return b"\r\n".join([*head, b"", body])

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _too_large() -> _Refused:
    return _Refused(431, f"The request headers are larger than {MAX_HEAD_BYTES // 1024} KB.")


def bounded(limits: ConnectionLimits) -> type[asyncio.Protocol]:
    """The protocol class for the connections of one server: uvicorn's `Config.http`."""
    shared = Connections(limits)

    class _Bounded(BoundedProtocol):
        open_connections = shared

    return _Bounded
