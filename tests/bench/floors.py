"""Floors: the least that a path could cost, from bare programs that are measured in the same run.

Each function returns CPU seconds for one repetition.
"""

import asyncio
import base64
import hashlib
import time
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from activitypub.signatures.keys import PrivateKey, ProofKey
from tests.bench.requests import request

REPEAT = 200
_SIGNED = b"x" * 300
_SCHEME = (padding.PKCS1v15(), hashes.SHA256())


def rsa_sign(key: PrivateKey) -> float:
    """One RSA-2048 signature."""
    return _each(lambda: key.rsa.sign(_SIGNED, *_SCHEME))


def rsa_verify(key: PrivateKey) -> float:
    """One verification of an RSA-2048 signature."""
    public, signature = key.rsa.public_key(), key.rsa.sign(_SIGNED, *_SCHEME)
    return _each(lambda: public.verify(signature, _SIGNED, *_SCHEME))


async def endpoint(key: PrivateKey, body: bytes, headers: dict[str, str]) -> float:
    """A bare Starlette endpoint that reads a request, compares its digest, verifies a signature
    and parses the body.
    """
    public, signature = key.rsa.public_key(), key.rsa.sign(_SIGNED, *_SCHEME)
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()

    async def receive(asked: Request) -> Response:
        content = await asked.body()
        if base64.b64encode(hashlib.sha256(content).digest()).decode() != digest:
            return Response(status_code=401)
        public.verify(signature, _SIGNED, *_SCHEME)
        orjson.loads(content)
        return Response(status_code=202)

    app = Starlette(routes=[Route("/inbox", receive, methods=["POST"])])
    await request(app, "POST", "/inbox", headers, body)
    began = time.process_time()
    for _ in range(REPEAT):
        await request(app, "POST", "/inbox", headers, body)
    return (time.process_time() - began) / REPEAT


async def post_signed(
    key: PrivateKey | ProofKey, body: bytes, inboxes: list[str], *, warm: bool
) -> float:
    """Sign, and POST `body` over a socket: to each inbox over a new connection, or with `warm` over
    one connection to the first.
    """
    connection = await _Connection.open(inboxes[0]) if warm else None
    began = time.process_time()
    for inbox in inboxes:
        signature = base64.b64encode(_sign(key))
        used = connection or await _Connection.open(inbox)
        await used.post(signature, body)
        if connection is None:
            used.close()
    cost = (time.process_time() - began) / len(inboxes)
    if connection is not None:
        connection.close()
    return cost


def _sign(key: PrivateKey | ProofKey) -> bytes:
    if isinstance(key, ProofKey):
        return key.ed25519.sign(_SIGNED)
    return key.rsa.sign(_SIGNED, *_SCHEME)


class _Connection(asyncio.Protocol):
    """One connection, and one request at a time."""

    @classmethod
    async def open(cls, inbox: str) -> "_Connection":
        """Connect to the host of an inbox."""
        where = urlsplit(inbox)
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(cls, where.hostname, where.port)
        made._head = f"POST {where.path} HTTP/1.1\r\nhost: {where.netloc}\r\n".encode()
        return made

    def __init__(self) -> None:
        self._head = b""
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, _data: bytes) -> None:
        """The sink's responses are one packet each."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)

    async def post(self, signature: bytes, body: bytes) -> None:
        """Send one request, and wait for its response."""
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        head = b"signature: %s\r\ncontent-length: %d\r\n\r\n" % (signature, len(body))
        self._transport.write(self._head + head + body)
        await self._answered

    def close(self) -> None:
        """Close it."""
        assert self._transport is not None
        self._transport.close()


def _each(work: Callable[[], object]) -> float:
    work()  # the first one costs more
    began = time.process_time()
    for _ in range(REPEAT):
        work()
    return (time.process_time() - began) / REPEAT
