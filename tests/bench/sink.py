"""A program that stands for many peers: it listens on every loopback address.

One listener on the wildcard address serves 127.0.0.0/8, so that each of thousands of hosts has an
address of its own. The path of an inbox decides what its host does: `/inbox` accepts, `/ed25519`
too and asks for Ed25519 signatures, `/busy` answers 503, `/silent` never answers. It prints its
port, and another that refuses connections.

GET `/report` returns what was received since the last one, as JSON: `posts`, how many of them were
received `twice` (same inbox, same body), how many of them were signed with `ed25519`, and when
`/inbox` received its `last` (CLOCK_MONOTONIC, which all processes share).
"""

import asyncio
import json
import socket
import time
from typing import cast

import uvloop

from activitypub.signatures import accept

ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"
ASKING = ACCEPTED[:-2] + f"{accept.HEADER}: {accept.REQUESTED}\r\n\r\n".encode()
ANSWERS = {b"/inbox": ACCEPTED, b"/ed25519": ASKING, b"/busy": BUSY, b"/silent": b""}


class Sink:
    """What was received since the last report."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._seen: set[tuple[bytes, bytes, bytes]] = set()
        self._posts = 0
        self._ed25519 = 0
        self._last = 0.0

    def take(self, path: bytes, headers: dict[bytes, bytes]) -> None:
        """Count one POST."""
        digest = headers.get(b"digest") or headers.get(b"content-digest", b"")
        self._posts += 1
        self._seen.add((path, headers[b"host"], digest))
        self._ed25519 += b"ed25519" in headers.get(b"signature-input", b"")
        if path == b"/inbox":
            self._last = time.monotonic()

    def report(self) -> bytes:
        """The response to a GET."""
        twice = self._posts - len(self._seen)
        counts = {"posts": self._posts, "twice": twice, "ed25519": self._ed25519}
        body = json.dumps({**counts, "last": self._last}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class Answerer(asyncio.Protocol):
    """One connection: each request is answered as soon as it is complete."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Answer each complete request."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._received[:end].split(b"\r\n")
            headers = dict(line.lower().split(b": ", 1) for line in lines)
            length = end + 4 + int(headers.get(b"content-length", b"0"))
            if len(self._received) < length:
                return
            self._received = self._received[length:]
            self._answer(first.split(b" ")[1], headers)

    def _answer(self, path: bytes, headers: dict[bytes, bytes]) -> None:
        if path == b"/report":
            self._transport.write(self._sink.report())
            self._sink.clear()
            return
        self._sink.take(path, headers)
        self._transport.write(ANSWERS[path])


async def serve() -> None:
    """Listen until killed."""
    sink = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answerer(sink), "0.0.0.0", backlog=4096)
    with socket.socket() as refusing:
        refusing.bind(("0.0.0.0", 0))  # and never listens
        print(server.sockets[0].getsockname()[1], refusing.getsockname()[1], flush=True)
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
