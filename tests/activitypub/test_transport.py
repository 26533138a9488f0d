import asyncio
import gc
import ssl
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from activitypub.connection import Dropped, HttpConnection, ResponseLimits
from activitypub.errors import PrivateAddress, TooBig
from activitypub.netguard import Guard
from activitypub.resolver import Resolver
from activitypub.transport import PeerTransport, Pool, dial_address, shared_tls
from tests.support.listeners import Asked, answering, http_answer, listening, tls_for
from tests.support.waiting import beats

pytestmark = pytest.mark.anyio

OK = http_answer(b"ok")


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def transport() -> AsyncIterator[PeerTransport]:
    made = PeerTransport(guard=Guard(development=True))
    yield made
    await made.aclose()


async def ask(
    transport: PeerTransport, url: str, *, post: bytes | None = None, **limits: Any
) -> tuple[int, bytes]:
    extensions = {"limits": ResponseLimits(**limits)} if limits else {}
    method = "GET" if post is None else "POST"
    request = httpx.Request(method, url, content=post, extensions=extensions)
    response = await transport.handle_async_request(request)
    return response.status_code, await response.aread()


async def test_a_request_arrives_unchanged_and_its_response_is_returned(
    transport: PeerTransport,
) -> None:
    answer = http_answer(b"hello", status=202, headers={"X-One": "1", "x-two": "2"})
    async with listening(answering(answer)) as listener:
        request = httpx.Request(
            "POST",
            f"http://127.0.0.1:{listener.port}/inbox?a=%20b",
            headers={"Signature": "abc"},
            content=b"body",
        )
        response = await transport.handle_async_request(request)
        asked = listener.asked[0]
        assert (asked.method, asked.target, asked.body) == ("POST", "/inbox?a=%20b", b"body")
        assert asked.headers["host"] == f"127.0.0.1:{listener.port}"
        assert asked.headers["signature"] == "abc"
        assert "proxy-connection" not in asked.headers
        assert response.status_code == 202
        assert response.headers["x-one"] == "1"
        assert await response.aread() == b"hello"


async def test_one_connection_serves_many_requests(transport: PeerTransport) -> None:
    async with listening(answering(OK)) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        for _ in range(5):
            assert await ask(transport, url, post=b"x") == (200, b"ok")
        assert listener.accepted == 1
        assert len(listener.asked) == 5


async def test_no_more_connections_are_opened_to_one_host_than_allowed() -> None:
    running = most = 0

    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        writer.write(OK)

    transport = PeerTransport(guard=Guard(development=True), pool=Pool(per_host=3))
    async with listening(slow) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        answers = await asyncio.gather(*(ask(transport, url) for _ in range(12)))
        assert answers == [(200, b"ok")] * 12
        assert listener.accepted == 3
        assert most == 3
        await transport.aclose()


async def test_waiting_for_a_turn_counts_against_the_time_of_the_request() -> None:
    async def hang(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    transport = PeerTransport(guard=Guard(development=True), pool=Pool(per_host=1))
    async with listening(hang) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        first = asyncio.create_task(ask(transport, url, total=0.5))
        await asyncio.sleep(0.01)
        with pytest.raises(httpx.ReadTimeout):
            await ask(transport, url, total=0.1)
        with pytest.raises(httpx.ReadTimeout):
            await first
        assert listener.accepted == 1
        await transport.aclose()


async def test_an_unused_connection_is_closed_after_a_while() -> None:
    transport = PeerTransport(guard=Guard(development=True), pool=Pool(idle=0.05))
    async with listening(answering(OK)) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        await ask(transport, url)
        await asyncio.sleep(0.15)
        assert transport._open == set()
        assert transport._peers == {}
        await ask(transport, url)
        assert listener.accepted == 2
        await transport.aclose()


async def test_a_connection_that_is_too_old_is_not_used_again() -> None:
    transport = PeerTransport(guard=Guard(development=True), pool=Pool(age=-1.0))
    async with listening(answering(OK)) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        await ask(transport, url)
        await ask(transport, url)
        assert listener.accepted == 2
        await transport.aclose()


async def test_the_longest_unused_connection_makes_room() -> None:
    transport = PeerTransport(guard=Guard(development=True), pool=Pool(kept=2))
    async with (
        listening(answering(OK)) as one,
        listening(answering(OK)) as two,
        listening(answering(OK)) as three,
    ):
        ports = [one.port, two.port, three.port]
        for port in [*ports, *reversed(ports)]:
            await ask(transport, f"http://127.0.0.1:{port}/")
        assert (one.accepted, two.accepted, three.accepted) == (2, 1, 1)
        assert len(transport._kept) == 2
        await transport.aclose()


async def test_no_state_is_kept_for_a_host_without_connections() -> None:
    transport = PeerTransport(guard=Guard(development=True), resolve=resolving("127.0.0.1"))
    async with listening(answering(http_answer(headers={"Connection": "close"}))) as listener:
        for number in range(20):
            await ask(transport, f"http://h{number}.localhost:{listener.port}/")
        with pytest.raises(PrivateAddress):
            await ask(transport, "http://10.0.0.1/")
        assert transport._peers == {}
        assert transport._kept == {}
        await transport.aclose()


async def test_a_connection_that_the_peer_closed_in_the_meantime_is_replaced(
    transport: PeerTransport,
) -> None:
    async def close_after(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        writer.close()

    async with listening(close_after) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        for _ in range(3):
            assert await ask(transport, url, post=b"x") == (200, b"ok")
            await asyncio.sleep(0.02)
        assert len(listener.asked) == 3


async def test_a_kept_connection_that_dies_silently_is_replaced_once(
    transport: PeerTransport,
) -> None:
    async def die_on_the_second(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.target == "/die" and asked.connection == 1:
            writer.transport.abort()
        else:
            writer.write(OK)

    async with listening(die_on_the_second) as listener:
        base = f"http://127.0.0.1:{listener.port}"
        await ask(transport, f"{base}/")
        assert await ask(transport, f"{base}/die", post=b"x") == (200, b"ok")
        assert listener.accepted == 2
        assert [asked.target for asked in listener.asked] == ["/", "/die", "/die"]


async def test_all_kept_connections_are_left_when_one_of_them_was_dead(
    transport: PeerTransport,
) -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.01)
        if asked.target == "/die" and asked.connection <= 3:
            writer.transport.abort()
        else:
            writer.write(OK)

    async with listening(script) as listener:
        base = f"http://127.0.0.1:{listener.port}"
        await asyncio.gather(*(ask(transport, f"{base}/") for _ in range(3)))
        assert listener.accepted == 3
        assert await ask(transport, f"{base}/die") == (200, b"ok")
        assert len(transport._kept) == 1


async def test_a_new_connection_that_dies_is_not_tried_again(transport: PeerTransport) -> None:
    async def die(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with listening(die) as listener:
        with pytest.raises(Dropped):
            await ask(transport, f"http://127.0.0.1:{listener.port}/", post=b"x")
        assert listener.accepted == 1


async def test_a_request_is_not_sent_twice_once_an_answer_began(transport: PeerTransport) -> None:
    async def begin_and_die(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.target == "/die":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            writer.close()
        else:
            writer.write(OK)

    async with listening(begin_and_die) as listener:
        base = f"http://127.0.0.1:{listener.port}"
        await ask(transport, f"{base}/")
        with pytest.raises(Dropped):
            await ask(transport, f"{base}/die", post=b"x")
        assert [asked.target for asked in listener.asked] == ["/", "/die"]


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (CHUNKED + b"2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n", b"abcde"),
        (CHUNKED + b"2\r\nab\r\n0\r\nX-Trailer: 1\r\n\r\n", b"ab"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK, b"ok"),
        (http_answer(b"ok", headers={"Upgrade": "h2,h2c", "Connection": "Upgrade"}), b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
async def test_answers_with_framing_leave_the_connection_usable(
    transport: PeerTransport, answer: bytes, body: bytes
) -> None:
    async with listening(answering(answer)) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        assert (await ask(transport, url))[1] == body
        assert (await ask(transport, url))[1] == body
        assert listener.accepted == 1


@pytest.mark.parametrize("step", [1, 3, 50])
async def test_an_answer_in_small_pieces_is_the_same_answer(
    transport: PeerTransport, step: int
) -> None:
    answer = CHUNKED + b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"

    async def drip(asked: Asked, writer: asyncio.StreamWriter) -> None:
        for start in range(0, len(answer), step):
            writer.write(answer[start : start + step])
            await asyncio.sleep(0.001)

    async with listening(drip) as listener:
        assert await ask(transport, f"http://127.0.0.1:{listener.port}/") == (200, b"abcde")


async def closing_after(answer: bytes, asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(answer)
    writer.close()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: x\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
)
async def test_an_answer_without_length_ends_with_its_connection(
    transport: PeerTransport, head: bytes
) -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await closing_after(head + b"all of it", asked, writer)

    async with listening(script) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        assert await ask(transport, url) == (200, b"all of it")
        assert await ask(transport, url) == (200, b"all of it")
        assert listener.accepted == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        CHUNKED + b"5\r\nab",
        CHUNKED + b"2\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: x\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
async def test_an_answer_cut_short_is_no_answer(transport: PeerTransport, answer: bytes) -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await closing_after(answer, asked, writer)

    async with listening(script) as listener:
        with pytest.raises(Dropped):
            await ask(transport, f"http://127.0.0.1:{listener.port}/")


async def test_an_answer_without_length_that_ends_in_a_reset_is_no_answer(
    transport: PeerTransport,
) -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\npart")
        await asyncio.sleep(0.02)
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # close by RST
        writer.get_extra_info("socket").setsockopt(1, 13, linger)
        writer.transport.abort()

    async with listening(script) as listener:
        with pytest.raises(Dropped):
            await ask(transport, f"http://127.0.0.1:{listener.port}/")


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBad Header: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
        CHUNKED + b"zz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
)
async def test_a_response_that_is_not_http_is_refused_at_once(
    transport: PeerTransport, answer: bytes
) -> None:
    async with listening(answering(answer)) as listener:
        with pytest.raises(httpx.RemoteProtocolError):
            await ask(transport, f"http://127.0.0.1:{listener.port}/", idle=5.0)
        await asyncio.sleep(0)
        assert transport._open == set() or transport._kept == {}


@pytest.mark.parametrize("extra", [OK, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", b"junk"])
async def test_bytes_beyond_the_answer_never_answer_the_next_request(
    transport: PeerTransport, extra: bytes
) -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        right = http_answer(asked.target.encode())
        writer.write(right + (extra if asked.connection == 1 else b""))

    async with listening(script) as listener:
        base = f"http://127.0.0.1:{listener.port}"
        assert await ask(transport, f"{base}/1") == (200, b"/1")
        assert await ask(transport, f"{base}/2") == (200, b"/2")
        assert listener.accepted == 2


async def test_bytes_that_nobody_asked_for_close_a_kept_connection(
    transport: PeerTransport,
) -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(asked.target.encode()))
        await writer.drain()
        await asyncio.sleep(0.03)
        if asked.connection == 1:
            writer.write(http_answer(b"poison"))

    async with listening(script) as listener:
        base = f"http://127.0.0.1:{listener.port}"
        assert await ask(transport, f"{base}/1") == (200, b"/1")
        await asyncio.sleep(0.08)
        assert transport._kept == {}
        assert await ask(transport, f"{base}/2") == (200, b"/2")


# Limits.


async def test_silence_before_the_response_times_out(transport: PeerTransport) -> None:
    async def hang(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with listening(hang) as listener:
        async with beats(0.05) as waited:
            with pytest.raises(httpx.ReadTimeout):
                await ask(transport, f"http://127.0.0.1:{listener.port}/", idle=0.05)
        assert len(waited) < 20


async def test_silence_inside_the_response_times_out(transport: PeerTransport) -> None:
    async def stop_halfway(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal")
        await asyncio.sleep(60)

    async with listening(stop_halfway) as listener:
        with pytest.raises(httpx.ReadTimeout):
            await ask(transport, f"http://127.0.0.1:{listener.port}/", idle=0.05)


async def test_a_slow_drip_is_ended_by_the_time_in_all(transport: PeerTransport) -> None:
    async def drip(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            drops.append(asked)
            await asyncio.sleep(0.02)

    drops: list[Asked] = []
    async with listening(drip) as listener:
        began = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            await ask(transport, f"http://127.0.0.1:{listener.port}/", idle=0.1, total=0.4)
        assert time.monotonic() - began > 0.35
        assert len(drops) <= 21
        assert transport._kept == {}


async def test_received_bytes_restart_the_idle_timeout(transport: PeerTransport) -> None:
    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        for _ in range(5):
            await asyncio.sleep(0.08)
            writer.write(b"x")

    async with listening(slow) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        assert await ask(transport, url, idle=0.25) == (200, b"xxxxx")


LIMIT = 10_000
LONG_HEADER = b"X-Long: " + b"x" * LIMIT


@pytest.mark.parametrize(
    "answer",
    [
        http_answer(b"x" * (LIMIT + 1)),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        CHUNKED + b"ffff\r\n" + b"x" * 65535 + b"\r\n0\r\n\r\n",
        CHUNKED + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 30 + b"0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000,
        CHUNKED + b"1;" + b"x" * 9 * LIMIT,
    ],
)
async def test_a_body_beyond_the_limit_is_not_read(transport: PeerTransport, answer: bytes) -> None:
    async with listening(answering(answer)) as listener:
        with pytest.raises(TooBig) as error:
            await ask(transport, f"http://127.0.0.1:{listener.port}/", head=5000, body=LIMIT)
        assert error.value.code == "answer_too_big"
        assert transport._kept == {}


async def test_a_body_of_exactly_the_limit_is_read(transport: PeerTransport) -> None:
    async with listening(answering(http_answer(b"x" * LIMIT))) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        assert await ask(transport, url, body=LIMIT) == (200, b"x" * LIMIT)


@pytest.mark.parametrize("status", [200, 404])
async def test_a_longer_body_is_cut_off_where_nobody_needs_it_whole(
    transport: PeerTransport, status: int
) -> None:
    async with listening(answering(http_answer(b"x" * 200_000, status=status))) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        assert await ask(transport, url, body=100, cut=status == 200) == (status, b"x" * 100)
        assert transport._kept == {}


async def test_of_an_error_page_64_kib_are_kept(transport: PeerTransport) -> None:
    async with listening(answering(http_answer(b"x" * 200_000, status=404))) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        assert await ask(transport, url) == (404, b"x" * 65536)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + LONG_HEADER + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 1500 + b"Content-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + LONG_HEADER,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 500,
        CHUNKED + b"1\r\na\r\n0\r\n" + LONG_HEADER + b"\r\n\r\n",
    ],
)
async def test_headers_beyond_the_limit_are_not_read(
    transport: PeerTransport, answer: bytes
) -> None:
    async with listening(answering(answer)) as listener:
        with pytest.raises(TooBig) as error:
            await ask(transport, f"http://127.0.0.1:{listener.port}/", head=5000)
        assert error.value.code == "headers_too_big"


async def test_a_packed_body_is_handed_on_as_it_came(transport: PeerTransport) -> None:
    answer = http_answer(b"not gzip at all", headers={"Content-Encoding": "gzip"})
    async with listening(answering(answer)) as listener:
        request = httpx.Request("GET", f"http://127.0.0.1:{listener.port}/")
        response = await transport.handle_async_request(request)
        assert [part async for part in response.stream] == [b"not gzip at all"]


async def test_an_answer_before_the_whole_request_was_read_ends_the_connection(
    transport: PeerTransport,
) -> None:
    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http_answer(status=413))
        await asyncio.sleep(0.2)
        writer.transport.abort()

    server = await asyncio.start_server(hasty, "127.0.0.1", 0, limit=1024)
    port = server.sockets[0].getsockname()[1]
    status, _ = await ask(transport, f"http://127.0.0.1:{port}/", post=b"x" * 20_000_000)
    assert status == 413
    assert transport._kept == {}
    await asyncio.sleep(0.25)
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(("name", "value"), [("X", "a\r\nHost: evil"), ("X", "a\nb"), ("X\r", "a")])
async def test_a_header_with_a_line_end_is_not_sent(
    transport: PeerTransport, name: str, value: str
) -> None:
    async with listening(answering(OK)) as listener:
        request = httpx.Request("GET", f"http://127.0.0.1:{listener.port}/", headers={name: value})
        with pytest.raises(httpx.LocalProtocolError):
            await transport.handle_async_request(request)
        assert listener.accepted == 0


# Names, addresses, TLS.


class Dialled:
    """Writes down every attempt to connect, and connects for real to a listener on loopback."""

    def __init__(self, port: int = 0, *, failing: int = 0) -> None:
        self.attempts: list[tuple[str, int]] = []
        self.port = port
        self.failing = failing

    async def __call__(
        self, address: str, port: int, tls: ssl.SSLContext | None, name: str
    ) -> HttpConnection:
        self.attempts.append((address, port))
        if len(self.attempts) <= self.failing:
            raise ConnectionRefusedError(address)
        return await dial_address("127.0.0.1", self.port, tls, name)


def resolving(*addresses: str) -> Any:
    async def resolve(name: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


async def test_two_addresses_of_each_family_are_tried_by_turns() -> None:
    addresses = ["2606:4700::1", "2606:4700::2", "2606:4700::3", "8.8.8.1", "8.8.8.2", "8.8.8.3"]
    dialled = Dialled(failing=99)
    transport = PeerTransport(guard=Guard(), resolve=resolving(*addresses), dial=dialled)
    with pytest.raises(httpx.ConnectError):
        await ask(transport, "https://peer.example/")
    assert [address for address, _ in dialled.attempts] == [
        "2606:4700::1",
        "8.8.8.1",
        "2606:4700::2",
        "8.8.8.2",
    ]
    assert {port for _, port in dialled.attempts} == {443}
    await transport.aclose()


async def test_the_next_address_is_tried_when_one_fails() -> None:
    async with listening(answering(OK)) as listener:
        dialled = Dialled(listener.port, failing=1)
        transport = PeerTransport(
            guard=Guard(), resolve=resolving("8.8.8.1", "8.8.8.2"), dial=dialled
        )
        assert await ask(transport, "http://peer.example/") == (200, b"ok")
        assert dialled.attempts == [("8.8.8.1", 80), ("8.8.8.2", 80)]
        await transport.aclose()


async def test_a_refused_address_beside_a_permitted_one_is_never_dialled() -> None:
    async with listening(answering(OK)) as listener:
        dialled = Dialled(listener.port)
        resolve = resolving("10.0.0.1", "::1", "8.8.8.8", "169.254.169.254")
        transport = PeerTransport(guard=Guard(), resolve=resolve, dial=dialled)
        assert await ask(transport, "http://peer.example/") == (200, b"ok")
        assert dialled.attempts == [("8.8.8.8", 80)]
        await transport.aclose()


async def test_a_name_that_leads_to_refused_addresses_only_is_not_dialled() -> None:
    dialled = Dialled()
    transport = PeerTransport(
        guard=Guard(), resolve=resolving("127.0.0.1", "::ffff:127.0.0.1"), dial=dialled
    )
    with pytest.raises(PrivateAddress):
        await ask(transport, "https://peer.example/")
    assert dialled.attempts == []
    await transport.aclose()


async def test_a_refused_name_is_not_even_resolved() -> None:
    async def resolve(name: str, port: int) -> list[str]:
        raise AssertionError(name)

    transport = PeerTransport(guard=Guard(), resolve=resolve, dial=Dialled())
    for host in ("localhost", "x.internal", "127.1", "127.0.0.1", "[::1]"):
        with pytest.raises(PrivateAddress):
            await ask(transport, f"https://{host}/")
    await transport.aclose()


async def test_the_name_is_checked_again_for_every_connection() -> None:
    async with listening(answering(http_answer(headers={"Connection": "close"}))) as listener:
        turns = [["8.8.8.8"], ["127.0.0.1"]]

        async def rebinding(name: str, port: int) -> list[str]:
            return turns.pop(0)

        dialled = Dialled(listener.port)
        transport = PeerTransport(guard=Guard(), resolve=rebinding, dial=dialled)
        await ask(transport, "http://peer.example/")
        with pytest.raises(PrivateAddress):
            await ask(transport, "http://peer.example/")
        assert dialled.attempts == [("8.8.8.8", 80)]
        await transport.aclose()


async def test_an_address_that_does_not_answer_takes_only_its_time() -> None:
    async def hang(address: str, port: int, tls: Any, name: str) -> HttpConnection:
        dialled.append(address)
        await asyncio.sleep(60)
        raise AssertionError

    dialled: list[str] = []
    transport = PeerTransport(guard=Guard(), resolve=resolving("8.8.8.1", "8.8.8.2"), dial=hang)
    began = time.monotonic()
    async with beats(0.05) as waited:
        with pytest.raises(httpx.ConnectTimeout):
            await ask(transport, "https://peer.example/", connect=0.05)
    assert dialled == ["8.8.8.1", "8.8.8.2"]
    assert time.monotonic() - began > 0.09
    assert len(waited) < 20
    await transport.aclose()


async def test_a_name_that_takes_too_long_is_unreachable() -> None:
    async def hang(name: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    transport = PeerTransport(guard=Guard(), resolve=hang)
    with pytest.raises(httpx.ConnectError):
        await ask(transport, "https://peer.example/", resolve=0.05)
    await transport.aclose()


@pytest.mark.parametrize("error", [OSError("no such name"), UnicodeError("label too long")])
async def test_a_name_without_an_answer_is_unreachable(error: Exception) -> None:
    async def fail(name: str, port: int) -> list[str]:
        raise error

    transport = PeerTransport(guard=Guard(), resolve=fail)
    with pytest.raises(httpx.ConnectError):
        await ask(transport, "https://peer.example/")
    await transport.aclose()


async def test_a_closed_port_is_unreachable(transport: PeerTransport) -> None:
    async with listening(answering(OK)) as listener:
        port = listener.port
    with pytest.raises(httpx.ConnectError):
        await ask(transport, f"http://127.0.0.1:{port}/")
    assert transport._peers == {}


async def test_proxies_of_the_environment_are_ignored(
    transport: PeerTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(answering(OK)) as proxy, listening(answering(OK)) as listener:
        for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await ask(transport, f"http://127.0.0.1:{listener.port}/")
        assert (proxy.accepted, listener.accepted) == (0, 1)


async def test_tls_is_checked_against_the_name_and_kept_open() -> None:
    server, client = tls_for("peer.example")
    async with listening(answering(OK), tls=server) as listener:
        dialled = Dialled(listener.port)
        transport = PeerTransport(
            guard=Guard(), resolve=resolving("8.8.8.8"), dial=dialled, tls=client
        )
        assert await ask(transport, "https://peer.example/") == (200, b"ok")
        assert await ask(transport, "https://PEER.example:443/") == (200, b"ok")
        assert listener.accepted == 1
        with pytest.raises(httpx.ConnectError):
            await ask(transport, "https://other.example/")
        await transport.aclose()


async def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    server, _ = tls_for("peer.example")
    async with listening(answering(OK), tls=server) as listener:
        transport = PeerTransport(
            guard=Guard(), resolve=resolving("8.8.8.8"), dial=Dialled(listener.port)
        )
        with pytest.raises(httpx.ConnectError):
            await ask(transport, "https://peer.example/")
        assert listener.asked == []
        await transport.aclose()


async def test_plain_http_on_a_tls_port_takes_only_its_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = PeerTransport(guard=Guard(), resolve=resolving("8.8.8.8"), dial=Dialled(port))
    with pytest.raises(httpx.ConnectTimeout):
        await ask(transport, "https://peer.example/", connect=0.1)
    await transport.aclose()
    await asyncio.sleep(0.02)
    server.close()
    await server.wait_closed()


def test_the_tls_context_is_shared_and_strict() -> None:
    context = shared_tls()
    assert context is shared_tls()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


async def test_a_literal_address_of_either_family_is_dialled_in_development(
    transport: PeerTransport,
) -> None:
    async with listening(answering(OK), address="::1") as listener:
        assert await ask(transport, f"http://[::1]:{listener.port}/") == (200, b"ok")


class Names:
    """The system's resolver: `answers` by name, and how often each was looked up."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, name: str, port: int) -> list[str]:
        self.asked.append(name)
        return self.answers[name.partition(".")[0]]


async def test_a_remembered_address_is_checked_for_every_connection() -> None:
    names, dialled = Names(peer=["127.0.0.1"]), Dialled()
    resolver = Resolver(look_up=names)
    transport = PeerTransport(guard=Guard(), resolve=resolver, dial=dialled)
    for _ in range(2):
        with pytest.raises(PrivateAddress):
            await ask(transport, "http://peer.example/")
    assert names.asked == ["peer.example"]
    assert dialled.attempts == []
    await transport.aclose()


async def test_a_remembered_address_that_cannot_be_connected_to_is_looked_up_again() -> None:
    async with listening(answering(http_answer(headers={"Connection": "close"}))) as listener:
        names, dialled = Names(peer=["8.8.8.8"]), Dialled(listener.port, failing=1)
        resolver = Resolver(look_up=names)
        transport = PeerTransport(guard=Guard(), resolve=resolver, dial=dialled)
        with pytest.raises(httpx.ConnectError):
            await ask(transport, "http://peer.example/")
        names.answers["peer"] = ["8.8.8.9"]
        for _ in range(2):
            await ask(transport, "http://peer.example/")
        assert names.asked == ["peer.example"] * 2
        assert [address for address, _ in dialled.attempts] == ["8.8.8.8", "8.8.8.9", "8.8.8.9"]
        await transport.aclose()


# Leaving.


async def test_closing_ends_running_requests_and_leaves_nothing_open() -> None:
    async def hang(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    transport = PeerTransport(guard=Guard(development=True))
    async with listening(hang) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        running = asyncio.create_task(ask(transport, url))
        await asyncio.sleep(0.05)
        await transport.aclose()
        with pytest.raises(Dropped):
            await running
        with pytest.raises(httpx.ConnectError):
            await ask(transport, url)
        assert transport._open == set()
        assert listener.accepted == 1
    gc.collect()


async def test_a_connection_made_while_closing_is_closed_too() -> None:
    async with listening(answering(OK)) as listener:

        async def late(address: str, port: int, tls: Any, name: str) -> HttpConnection:
            connection = await dial_address(address, port, tls, name)
            await asyncio.sleep(0.05)
            return connection

        transport = PeerTransport(guard=Guard(development=True), dial=late)
        running = asyncio.create_task(ask(transport, f"http://127.0.0.1:{listener.port}/"))
        await asyncio.sleep(0.02)
        await transport.aclose()
        with pytest.raises(Dropped):
            await running
        await asyncio.sleep(0.01)
        assert transport._open == set()


async def test_an_answer_that_comes_while_closing_keeps_nothing_open() -> None:
    async with listening(answering(OK)) as listener:
        transport = PeerTransport(guard=Guard(development=True))
        url = f"http://127.0.0.1:{listener.port}/"
        await ask(transport, url)
        await transport.aclose()
        assert transport._open == set()
        assert transport._kept == {}
    gc.collect()


async def test_a_cancelled_request_closes_its_connection(transport: PeerTransport) -> None:
    async def hang(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with listening(hang) as listener:
        running = asyncio.create_task(ask(transport, f"http://127.0.0.1:{listener.port}/"))
        await asyncio.sleep(0.05)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await asyncio.sleep(0.02)
        assert transport._open == set()
        assert transport._peers == {}


async def test_tls_connections_close_cleanly() -> None:
    server, client = tls_for("peer.example")
    async with listening(answering(OK), tls=server) as listener:
        transport = PeerTransport(
            guard=Guard(),
            pool=Pool(idle=0.05),
            resolve=resolving("8.8.8.8"),
            dial=Dialled(listener.port),
            tls=client,
        )
        await ask(transport, "https://peer.example/")
        await asyncio.sleep(0.2)
        assert transport._open == set()
        await ask(transport, "https://peer.example/")
        await transport.aclose()
        assert transport._open == set()
    gc.collect()
