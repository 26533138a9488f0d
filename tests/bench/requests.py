"""Requests straight to an application, so that no HTTP client is measured."""

from collections.abc import Awaitable, Callable, Mapping

App = Callable[..., Awaitable[None]]
Headers = Mapping[str, str]


async def request(app: App, method: str, path: str, headers: Headers, body: bytes = b"") -> bytes:
    """The body of the response. Ends the benchmark if that is neither 200 nor 202."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.2", 1),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[bytes] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start" and message["status"] not in {200, 202}:
            raise SystemExit(f"{method} {path} answers {message['status']}")
        part = message.get("body")
        if isinstance(part, bytes):
            sent.append(part)

    await app(scope, receive, send)
    return b"".join(sent)
