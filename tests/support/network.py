"""A network in memory: peers that are documents, and peers that are applications.

It replaces the transport of `Fetcher`: requests are really signed and responses really read, only
the sockets are left out.
"""

import json
from typing import Any

import httpx
from starlette.types import ASGIApp

from activitypub.nodeinfo import SCHEMA

ACTIVITY_JSON = "application/activity+json"


class Network(httpx.AsyncBaseTransport):
    """Responds from `put`, from `applications` by host, and with 404 to anything else.

    `asked` lists the requested addresses in order; hosts in `silent` do not respond.
    """

    def __init__(self) -> None:
        self._answers: dict[str, httpx.Response] = {}
        self.applications: dict[str, ASGIApp] = {}
        self.silent: set[str] = set()
        self.asked: list[str] = []

    def put(self, *documents: dict[str, Any]) -> None:
        """Serve each document at its id."""
        for document in documents:
            self.answer(document["id"], json.dumps(document).encode())

    def answer(
        self,
        url: str,
        body: bytes = b"",
        *,
        status: int = 200,
        kind: str = ACTIVITY_JSON,
        **headers: str,
    ) -> None:
        """Respond to a GET of `url` with this."""
        self._answers[url] = httpx.Response(
            status, headers={"Content-Type": kind, **headers}, content=body
        )

    def gone(self, *urls: str) -> None:
        """Respond with 410."""
        for url in urls:
            self.answer(url, status=410)

    def lose(self, *urls: str) -> None:
        """Respond with 404 again."""
        for url in urls:
            self._answers.pop(url, None)

    def run(self, host: str, software: str) -> None:
        """Have the host's NodeInfo name this software."""
        href = f"https://{host}/nodeinfo/2.1"
        index = {"links": [{"rel": f"{SCHEMA}2.1", "href": href}]}
        about = {"software": {"name": software, "version": "1"}}
        for url, document in ((f"https://{host}/.well-known/nodeinfo", index), (href, about)):
            self.answer(url, json.dumps(document).encode(), kind="application/json")

    def fetched(self) -> list[str]:
        """The addresses requested since the last call, except NodeInfo and WebFinger."""
        aside = ("nodeinfo", "/.well-known/webfinger")
        found = [url for url in self.asked if not any(part in url for part in aside)]
        self.asked.clear()
        return found

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.asked.append(url)
        if request.url.host in self.silent:
            raise httpx.ConnectError("nobody answers", request=request)
        application = self.applications.get(request.url.netloc.decode())
        if application is not None:
            return await httpx.ASGITransport(app=application).handle_async_request(request)
        known = self._answers.get(url)
        if known is None:
            return httpx.Response(404, content=b"nothing there")
        return httpx.Response(known.status_code, headers=known.headers, content=known.content)
