"""What the doctor finds: through a proxy that does its work, and through others that do not."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, update
from starlette.types import ASGIApp, Receive, Scope, Send

from fedcom.doctor.examination import LABELS
from fedcom.models.actor import actor
from fedcom.site.health import Finding
from inbox.journal import journal
from outbox.publish import publish
from tests.support.node import Node
from tests.support.people import HOST, ORIGIN

pytestmark = pytest.mark.anyio

Change = Callable[[dict[bytes, bytes], bytes], bytes]
"""Changes the headers of a request; returns its body."""


def behind(app: ASGIApp, change: Change, peer: str = "127.0.0.1") -> ASGIApp:
    """A proxy at this address, in front of the application."""

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = dict(scope["headers"]) | {b"x-forwarded-for": b"198.51.100.7"}
        body = change(headers, body)
        given = iter([{"type": "http.request", "body": body}])

        async def receive_changed() -> Any:
            return next(given, {"type": "http.disconnect"})

        changed = {**scope, "headers": list(headers.items()), "client": (peer, 1)}
        await app(changed, receive_changed, send)

    return proxy


def keep(_headers: dict[bytes, bytes], body: bytes) -> bytes:
    return body


def without(name: bytes) -> Change:
    def drop(headers: dict[bytes, bytes], body: bytes) -> bytes:
        headers.pop(name, None)
        return body

    return drop


def with_header(name: bytes, value: bytes) -> Change:
    def put(headers: dict[bytes, bytes], body: bytes) -> bytes:
        headers[name] = value
        return body

    return put


def shortened(_headers: dict[bytes, bytes], body: bytes) -> bytes:
    return body.replace(b" ", b"").replace(b"&", b"&amp;")


async def examine(node: Node, change: Change, peer: str = "127.0.0.1") -> dict[str, Finding]:
    node.network.applications[HOST] = behind(node._transport.app, change, peer)
    found = await node.instance.examine()
    order = list(LABELS)
    assert [one.check for one in found] == sorted((one.check for one in found), key=order.index)
    return {one.check: one for one in found}


def said(finding: Finding) -> str:
    return f"{finding.state}: {finding.found % finding.facts}"


async def test_a_server_that_is_well_and_is_reached_as_it_should_be(node: Node) -> None:
    found = await examine(node, keep)

    assert {check: one.state for check, one in found.items() if one.state != "ok"} == {
        "mail": "warning"
    }
    assert {"database", "disk", "clock", "queues", "pictures"} <= found.keys()
    assert {"proxy", "signature", "webfinger", "actor", "inbox"} <= found.keys()
    assert node.home.rows(journal) == []


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_server_that_was_just_started_is_waited_for(node: Node) -> None:
    asked: list[str] = []

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        if len(asked) > 1:
            await behind(node._transport.app, keep)(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b"Bad Gateway"})

    node.network.applications[HOST] = proxy
    found = {one.check: one for one in await node.instance.examine()}
    assert found["proxy"].state == "ok"
    assert asked[0] == asked[1]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_what_is_wrong_with_a_proxy_is_said(node: Node) -> None:
    cases: list[tuple[Change, str, str]] = [
        (with_header(b"host", b"127.0.0.1:8000"), "proxy", "changes Host from home.example to"),
        (without(b"x-forwarded-for"), "proxy", "does not set X-Forwarded-For"),
        (without(b"signature"), "signature", "does not arrive as it was sent"),
        (with_header(b"content-type", b"text/plain"), "signature", "Content-Type must be"),
        (shortened, "signature", "does not arrive as it was sent: "),
    ]
    for change, check, text in cases:
        found = (await examine(node, change))[check]
        assert (found.state, text in said(found), found.remedy != "") == ("failed", True, True), (
            said(found)
        )

    untrusted = await examine(node, keep, "198.51.100.9")
    assert said(untrusted["proxy"]).startswith("failed: The proxy at 198.51.100.9 is not trusted")
    other = update(actor).where(actor.c.iri == f"{ORIGIN}/actor").values(public_key_id="x#y")
    node.home(lambda ctx: ctx.conn.execute(other))
    another = await examine(node, keep)
    assert said(another["actor"]).startswith("failed: Another server, or one with an older")
    node.network.silent.add(HOST)
    silent = await examine(node, keep)
    assert said(silent["proxy"]).startswith("failed: This server does not answer at its public")
    assert "webfinger" not in silent


async def test_clocks_and_queues_are_compared_with_those_of_others(node: Node) -> None:
    now = node.instance.clock().timestamp()

    def receive(ahead: float, *hosts: str) -> None:
        texts = dict.fromkeys(("activity_type", "actor", "signer", "request_id"), "x")
        times = {"received_at": now, "signed_at": now - ahead, "closed_at": now, "due_at": now}
        done = {"spliceable": True, "authenticated": True, "state": "done", "tries": 1}
        rows = [
            {**texts, **times, **done, "dedupe_key": f"{host} {ahead}", "host": host}
            for host in hosts
        ]
        node.home(lambda ctx: ctx.conn.execute(insert(journal), rows))

    receive(0.5, "a.example", "b.example")
    receive(900.0, "c.example")
    few = (await examine(node, keep))["clock"]
    assert said(few) == "ok: The clock agrees with those of 3 other servers."
    receive(700.0, "a.example", "b.example")
    off = (await examine(node, keep))["clock"]
    assert said(off) == "failed: The clock differs by 700 seconds from those of other servers."

    def fall_behind(ctx: Any) -> None:
        publish(
            ctx.conn,
            activity_id="x",
            actor="x",
            body=b"{}",
            subject="x",
            inboxes=["https://a.example/inbox"],
            now=now - 4_000,
        )

    node.home(fall_behind)
    assert "failed: Nothing is sent" in said((await examine(node, keep))["queues"])


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_only_this_server_learns_how_its_requests_arrive(node: Node) -> None:
    for token in ("", "1.x", "²²²²²²²²²².x", "9" * 400 + ".x", "9" * 5000 + ".x"):
        answer = await node.get(f"/doctor?token={token}", method="POST", accept="*/*")
        assert answer.status_code == 403
