import asyncio

import httpx
import pytest

from activitypub.errors import PrivateAddress, Unreachable
from activitypub.fetch import Fetcher, HttpResponse
from outbox.answers import AnswerKind, AttemptOutcome
from outbox.claims import ClaimedDelivery
from outbox.deliver import attempt
from tests.outbox.world import ACTOR, Network, Signers, hang, inbox
from tests.support.clock import SettableClock

pytestmark = pytest.mark.anyio


def _row(to: str = inbox(1), actor: str = ACTOR) -> ClaimedDelivery:
    return ClaimedDelivery(1, to, "peer1.example", "subject", actor, b"{}", 0, 0, 0.0)


async def _attempt(row: ClaimedDelivery, network: Network, signers: Signers) -> AttemptOutcome:
    return await attempt(row, signers=signers, poster=network, seconds=0.05)


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (HttpResponse(202, None, ""), AttemptOutcome(AnswerKind.DELIVERED, 202)),
        (HttpResponse(503, 120.0, "later"), AttemptOutcome(AnswerKind.BUSY, 503, "later", 120.0)),
        (
            Unreachable("connect_failed", "refused"),
            AttemptOutcome(AnswerKind.BUSY, None, "connect_failed: refused"),
        ),
        (
            PrivateAddress("private_address", "ours"),
            AttemptOutcome(AnswerKind.REJECTED, None, "private_address: ours"),
        ),
        (OSError("odd"), AttemptOutcome(AnswerKind.BUSY, None, "odd")),
    ],
)
async def test_every_outcome_of_an_attempt_has_a_name(
    behaviour: HttpResponse | Exception, outcome: AttemptOutcome, network: Network, signers: Signers
) -> None:
    network.set("peer1.example", behaviour)
    assert await _attempt(_row(), network, signers) == outcome


async def test_a_peer_that_hangs_is_busy_after_the_time_allowed(
    network: Network, signers: Signers
) -> None:
    network.set("peer1.example", hang)
    assert await _attempt(_row(), network, signers) == AttemptOutcome(
        AnswerKind.BUSY, None, "TimeoutError"
    )
    assert network.under_way["all"] == 0


async def test_nothing_is_sent_in_the_name_of_someone_without_a_key(
    network: Network, signers: Signers
) -> None:
    outcome = await _attempt(_row(actor="https://here.example/u/nobody"), network, signers)
    assert outcome.kind is AnswerKind.REJECTED
    assert network.posted == []


async def test_an_internal_error_is_not_taken_for_a_response(
    network: Network, signers: Signers
) -> None:
    network.set("peer1.example", KeyError("a bug"))
    with pytest.raises(KeyError):
        await _attempt(_row(), network, signers)


async def test_a_real_peer_gets_the_bytes_with_a_new_signature_each_time(
    signers: Signers, clock: SettableClock
) -> None:
    received: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(2))
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    fetcher = Fetcher(user_agent="test", development=True, clock=clock)
    row = _row(f"http://127.0.0.1:{port}/inbox")
    try:
        for _ in range(2):
            outcome = await attempt(row, signers=signers, poster=fetcher, seconds=5.0)
            assert outcome == AttemptOutcome(AnswerKind.DELIVERED, 202)
            clock.advance(seconds=3600)
        signatures = [_headers(message)["signature"] for message in received]
        assert all(message.endswith(b"{}") for message in received)
        assert len(set(signatures)) == 2
    finally:
        await fetcher.aclose()
        server.close()
        await server.wait_closed()
    refused = await attempt(row, signers=signers, poster=fetcher, seconds=5.0)
    assert refused.kind is AnswerKind.BUSY


def _headers(message: bytes) -> httpx.Headers:
    lines = message.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    pairs = (line.partition(b": ") for line in lines)
    return httpx.Headers([(name, value) for name, _, value in pairs])
