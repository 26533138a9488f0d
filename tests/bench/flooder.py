"""A program that stands for a host that floods: it sends signed requests and serves its actors.

Its arguments are the address of the server, the address to serve its actors at, a file with a
request in each line (base64), and one with a PEM. It prints a line when it is ready, starts with
the next line of its input, and ends with the last request or after `SECONDS`: then it prints how
often it got each status, as JSON. Each of its connections sends the next request once the last one
was answered.
"""

import asyncio
import base64
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import uvloop

SECONDS = 60.0
CONNECTIONS = 100

LOST = 0
"""The status of a request that was not answered."""


async def serve_actor(
    pem: str, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer GET /u/NAME with an actor of that name, and anything else with 404."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            path = head.split(b" ")[1].decode()
            status, body = "404 Not Found", b""
            if path.startswith("/u/"):
                status, body = "200 OK", json.dumps(actor(f"http://{host}{path}", pem)).encode()
            kind = "application/activity+json"
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        writer.close()  # it is cancelled at the end of the program


def actor(iri: str, pem: str) -> dict[str, object]:
    """The document of a person."""
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": iri,
        "type": "Person",
        "preferredUsername": iri.rpartition("/")[2],
        "inbox": f"{iri}/inbox",
        "publicKey": {"id": f"{iri}#main-key", "owner": iri, "publicKeyPem": pem},
    }


async def send_all(server: str, requests: Iterator[bytes], found: Counter[int]) -> None:
    """Send one request after the other on one connection, which is opened again if closed."""
    host, _, port = server.partition(":")
    for request in requests:
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
            found[await send(reader, writer, request)] += 1
            for another in requests:
                found[await send(reader, writer, another)] += 1
        except (OSError, asyncio.IncompleteReadError):
            found[LOST] += 1


async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    """The status of the response to one request."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, _, length = head.partition(b"content-length: ")
    await reader.readexactly(int(length.split(b"\r\n")[0] or 0))
    return int(head.split(b" ")[1])


async def flood(server: str, host: str, requests: list[bytes], pem: str) -> None:
    """The program."""
    address, _, port = host.partition(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve_actor(pem, host, reader, writer)

    # Both senders are the same host: the kernel spreads its visitors.
    await asyncio.start_server(serve, address, int(port), reuse_port=True)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    found: Counter[int] = Counter()
    began = time.monotonic()

    def until_late() -> Iterator[bytes]:
        for request in requests:
            if time.monotonic() - began > SECONDS:
                return
            yield request

    # One generator for all connections, so that each request is sent once.
    shared = until_late()
    await asyncio.gather(*(send_all(server, shared, found) for _ in range(CONNECTIONS)))
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    file, pem_file = (Path(name) for name in sys.argv[3:])
    requests = [base64.b64decode(line) for line in file.read_bytes().splitlines()]
    uvloop.run(flood(*sys.argv[1:3], requests, pem_file.read_text()))
