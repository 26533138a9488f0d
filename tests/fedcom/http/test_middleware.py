from ipaddress import ip_network
from uuid import UUID

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from fedcom.http.middleware import RequestLog, SecurityHeaders, TrustedProxies

pytestmark = pytest.mark.anyio

PROXIES = (ip_network("127.0.0.1/32"), ip_network("::1/128"), ip_network("10.0.0.0/8"))


def scope_of(client: str | None, *headers: tuple[str, str]) -> Scope:
    return {
        "type": "http",
        "method": "GET",
        "path": "/c/cats",
        "query_string": b"q=private",
        "client": None if client is None else (client, 4711),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


@pytest.mark.parametrize(
    ("client", "forwarded", "seen"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("::1", ["2001:db8::7"], "2001:db8::7"),
        # What a client writes itself stands left of what the proxy adds.
        ("127.0.0.1", ["6.6.6.6, 192.0.2.1"], "192.0.2.1"),
        ("127.0.0.1", ["6.6.6.6", "192.0.2.1"], "192.0.2.1"),
        ("127.0.0.1", ["192.0.2.1, 10.1.2.3"], "192.0.2.1"),
        ("127.0.0.1", ["6.6.6.6, 192.0.2.1, 10.1.2.3, 10.9.9.9"], "192.0.2.1"),
        # Only our proxies are trusted.
        ("192.0.2.1", ["127.0.0.1"], "192.0.2.1"),
        ("192.0.2.1", ["6.6.6.6"], "192.0.2.1"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["6.6.6.6, nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.1:80"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("not an address", ["6.6.6.6"], "not an address"),
    ],
)
async def test_forwarded_addresses_are_accepted_from_our_proxies_only(
    client: str, forwarded: list[str], seen: str
) -> None:
    clients: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        clients.append(scope["client"][0])

    headers = [("x-forwarded-for", value) for value in forwarded]
    await TrustedProxies(app, PROXIES)(scope_of(client, *headers), receive, _ignore)

    assert clients == [seen]


async def test_a_client_without_an_address_stays_without_one() -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)

    await TrustedProxies(app, PROXIES)(
        scope_of(None, ("x-forwarded-for", "6.6.6.6")), receive, _ignore
    )

    assert scopes[0]["client"] is None


async def _ignore(message: Message) -> None:
    pass


class Sent(list[Message]):
    async def __call__(self, message: Message) -> None:
        self.append(message)

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self[0]["headers"]}


async def test_every_response_has_security_headers_unless_it_sets_its_own() -> None:
    answer = PlainTextResponse("x", headers={"Content-Security-Policy": "sandbox"})
    for app, policy in ((PlainTextResponse("x"), "default-src 'none'"), (answer, "sandbox")):
        sent = Sent()
        await SecurityHeaders(app, https=True)(scope_of("192.0.2.1"), receive, sent)
        assert sent.headers["content-security-policy"].startswith(policy)
        assert sent.headers["x-content-type-options"] == "nosniff"
        assert sent.headers["strict-transport-security"].startswith("max-age=")
    sent = Sent()
    await SecurityHeaders(PlainTextResponse("x"), https=False)(scope_of("::1"), receive, sent)
    assert "strict-transport-security" not in sent.headers


def _unmeasured(_scope: Scope, _status: int, _seconds: float) -> None:
    pass


def _failure(request: Request) -> Response:
    return PlainTextResponse(f"failed {request.scope['state']['request_id']}", 500)


async def test_a_request_is_one_line_with_its_id_and_without_its_query() -> None:
    sent = Sent()
    with capture_logs() as lines:
        await RequestLog(PlainTextResponse("x", 404), _failure, _unmeasured)(
            scope_of("192.0.2.1"), receive, sent
        )

    assert len(lines) == 1
    assert (lines[0]["status"], lines[0]["path"], lines[0]["client"]) == (
        404,
        "/c/cats",
        "192.0.2.1",
    )
    assert "private" not in repr(lines)
    assert str(UUID(sent.headers["x-request-id"])) == sent.headers["x-request-id"]


async def test_a_crash_is_logged_and_answered_once() -> None:
    async def crash(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("secret")

    sent = Sent()
    with capture_logs() as lines:
        await RequestLog(crash, _failure, _unmeasured)(scope_of("192.0.2.1"), receive, sent)

    assert [line["event"] for line in lines] == ["request_failed", "request"]
    assert lines[1]["status"] == 500
    assert sent.headers["x-request-id"] in sent[1]["body"].decode()


async def test_a_client_that_goes_away_is_no_crash() -> None:
    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    sent = Sent()
    with capture_logs() as lines:
        await RequestLog(read, _failure, _unmeasured)(scope_of("192.0.2.1"), receive, sent)

    assert [(line["event"], line.get("status")) for line in lines] == [("request", 0)]
    assert sent == []


async def test_a_crash_within_a_response_closes_the_connection() -> None:
    async def crash(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        await RequestLog(crash, _failure, _unmeasured)(scope_of("192.0.2.1"), receive, Sent())
