"""A few peers behind one real TLS listener, reached through the real transport in production mode.

Only the listener's own address is permitted: every other private address stays refused.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from activitypub.connection import HttpConnection
from activitypub.fetch import Fetcher
from activitypub.netguard import Guard
from activitypub.signatures.keys import PrivateKey
from activitypub.transport import PeerTransport, dial_address
from tests.support.listeners import Asked, Listener, Script, http_answer, listening, tls_for

NOW = datetime(2026, 11, 6, 8, 49, 37, tzinfo=UTC)
AS2 = "https://www.w3.org/ns/activitystreams"
HOSTS = [
    "peer.example",
    "other.example",
    "evil.example",
    "victim.example",
    "xn--bcher-kva.example",
    "social.peer.example",
]


class TlsPeers:
    """Routes by (host, target) to the bytes of a response, or to a script."""

    def __init__(self, client_tls: ssl.SSLContext) -> None:
        self.routes: dict[tuple[str, str], bytes | Script] = {}
        self.addresses: dict[str, list[str]] = {}
        self.attempts: list[str] = []
        self.listener = Listener(self._answer)
        self._tls = client_tls
        self._open: list[Fetcher] = []

    def put(
        self,
        url: str,
        document: Any = None,
        *,
        status: int = 200,
        media_type: str = "application/activity+json",
        **headers: str,
    ) -> None:
        """Respond to a GET of `url` (https) with JSON, or with bytes as they are."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        if document is None:
            body = b""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = http_answer(body, status=status, headers={"Content-Type": media_type, **named})
        self.routes[_route(url)] = answer

    def redirect(self, url: str, target: str, *, status: int = 302) -> None:
        """Respond to a GET of `url` with a redirect."""
        self.put(url, status=status, Location=target)

    def script(self, url: str, script: Script) -> None:
        """Respond to requests of `url` by running a script."""
        self.routes[_route(url)] = script

    @property
    def asked(self) -> list[str]:
        """The requested addresses, as https URLs in order."""
        return [f"https://{asked.headers['host']}{asked.target}" for asked in self.listener.asked]

    def fetcher(self, key: PrivateKey | None = None) -> Fetcher:
        """A production Fetcher for which every name here leads to this listener."""
        transport = PeerTransport(
            guard=Guard(exceptions=["127.0.0.1"]),
            resolve=self._resolve,
            dial=self._dial,
            tls=self._tls,
        )
        made = Fetcher(
            user_agent="Fedcom/0 (+https://fedcom.example/)",
            development=False,
            clock=lambda: NOW,
            key=None if key is None else lambda: key,
            transport=transport,
        )
        self._open.append(made)
        return made

    async def close(self) -> None:
        for fetcher in self._open:
            await fetcher.aclose()

    async def _resolve(self, name: str, port: int) -> list[str]:
        return self.addresses.get(name, ["127.0.0.1"])

    async def _dial(
        self, address: str, port: int, tls: ssl.SSLContext | None, name: str
    ) -> HttpConnection:
        self.attempts.append(address)
        return await dial_address(address, self.listener.port, tls, name)

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        answer = self.routes.get((asked.headers["host"], asked.target))
        if answer is None:
            writer.write(http_answer(b"no such thing", status=404))
        elif isinstance(answer, bytes):
            writer.write(answer)
        else:
            await answer(asked, writer)


@contextlib.asynccontextmanager
async def small_web() -> AsyncIterator[TlsPeers]:
    """A small web without content; every fetcher from it is closed at the end."""
    server_tls, client_tls = tls_for(*HOSTS)
    web = TlsPeers(client_tls)
    async with listening(web._answer, tls=server_tls) as listener:
        web.listener = listener
        try:
            yield web
        finally:
            await web.close()


def note(iri: str, **more: Any) -> dict[str, Any]:
    """A document with an id, as small as possible."""
    return {"@context": AS2, "id": iri, "type": "Note", **more}


def _route(url: str) -> tuple[str, str]:
    host, slash, path = url.removeprefix("https://").partition("/")
    return host, slash + path
