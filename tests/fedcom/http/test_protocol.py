"""Real sockets against a real uvicorn, in a thread with an event loop of its own."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from fedcom.http.connections import ConnectionLimits
from fedcom.http.protocol import MAX_FIELDS, MAX_HEAD_BYTES, MAX_PIPELINED, bounded
from tests.support.waiting import eventually

LARGE = 8 * 2**20  # bytes of an answer: more than the buffers of the system hold
LATE = 1.5  # seconds
ENOUGH = 30.0  # seconds that no test needs, on a slow machine either


class Site:
    """An application that echoes its requests, and the server that runs it."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.heads: list[dict[str, str]] = []
        self.cut_off = 0
        self.server = uvicorn.Server(
            uvicorn.Config(
                self.app,
                port=0,
                http=bounded(limits),
                ws="none",
                interface="asgi3",
                lifespan="off",
                log_config=None,
            )
        )
        self.hold = threading.Event()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`/large` has a large answer, `/hold` waits, `/late` reads the body late, `/deaf` does not
        read it; the others give it back."""
        request = Request(scope, receive)
        if scope["path"] == "/late":
            await asyncio.sleep(LATE)
        try:
            text = "" if scope["path"] == "/deaf" else (await request.body()).decode()
        except ClientDisconnect:
            self.cut_off += 1
            return
        self.heads.append(dict(request.headers))
        if scope["path"] == "/hold":
            await asyncio.to_thread(self.hold.wait, ENOUGH)
        if scope["path"] == "/large":
            text = "x" * LARGE
        await PlainTextResponse(text)(scope, receive, send)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self.server.server_state.connections)

    def connect(self, *sent: bytes) -> socket.socket:
        """A connection on which this was sent."""
        port = self.server.servers[0].sockets[0].getsockname()[1]
        line = socket.create_connection(("127.0.0.1", port), timeout=ENOUGH)
        line.sendall(b"".join(sent))
        return line

    def ask(self, *sent: bytes) -> bytes:
        """What is answered until the server closes the connection."""
        with self.connect(*sent) as line:
            return until_closed(line)


def until_closed(line: socket.socket) -> bytes:
    answer = bytearray()
    try:
        while part := line.recv(2**16):
            answer += part
    except ConnectionResetError:
        answer += b"[reset]"
    return bytes(answer)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@contextmanager
def running(**limits: float) -> Iterator[Site]:
    site = Site(ConnectionLimits(**limits))
    thread = threading.Thread(target=site.server.run)
    thread.start()
    try:
        eventually(lambda: site.server.started)
        yield site
    finally:
        site.hold.set()
        site.server.should_exit = site.server.force_exit = True
        thread.join()


def drip(line: socket.socket, piece: bytes) -> bytes:
    """The server's response when it gives up on a client that sends a piece now and then."""
    line.settimeout(0.1)
    for _ in range(int(ENOUGH / 0.1)):
        line.sendall(piece)
        try:
            return line.recv(2**16)
        except TimeoutError:
            pass
    return b""


HOST = b"Host: forum.example\r\n"
CLOSE = HOST + b"Connection: close\r\n"
GET = b"GET / HTTP/1.1\r\n"
POST = b"POST / HTTP/1.1\r\n"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A server with the usual limits."""
    with running() as made:
        yield made


@pytest.mark.parametrize(
    ("request_head", "expected"),
    [
        (GET + CLOSE + b"Accept: " + b"a" * (MAX_HEAD_BYTES - 200), 200),
        (GET + CLOSE + b"Accept: " + b"a" * MAX_HEAD_BYTES, 431),
        (GET + CLOSE + b"Accept: " + b"a" * 2**22, 431),
        (GET + CLOSE + b"a" * 2**20, 431),
        (GET + CLOSE + b"Accept: " + b"a" * 2**14 + b"\r\nCookie: " + b"a" * 2**14, 431),
        (GET + CLOSE + b"a: b\r\n" * (MAX_FIELDS - 2) + b"a: b", 431),
        (GET + CLOSE + b"a: b\r\n" * (MAX_FIELDS - 3) + b"a: b", 200),
        (b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\n" + CLOSE + b"a: b", 200),
        (b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\n" + CLOSE + b"a: b", 414),
        (b"GET /?" + b"a" * 2**22 + b" HTTP/1.1\r\n" + CLOSE + b"a: b", 414),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"CONNECT elsewhere.example:25 HTTP/1.1\r\n" + CLOSE + b"a: b", 400),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, int) else None,
)
def test_the_head_of_a_request_has_limits(site: Site, request_head: bytes, expected: int) -> None:
    answer = site.ask(request_head, b"\r\n\r\n")

    assert status(answer) == expected
    assert b"connection: close\r\n" in answer
    assert len(answer.partition(b"\r\n\r\n")[2]) > 20 or expected == 200


def test_trailers_are_no_headers(site: Site) -> None:
    chunked = (
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n"
    )

    answer = site.ask(POST, HOST, b"X-Real: yes\r\n", chunked, GET, CLOSE, b"\r\n")

    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert site.heads[-2]["x-real"] == "yes"
    assert all("x-forwarded-for" not in head for head in site.heads[-2:])


@pytest.mark.parametrize(
    "endless",
    [b"0\r\nA: " + b"b" * 2**20, b"0\r\n" + b"a: b\r\n" * 2**16, b"1;" + b"a" * 2**20],
    ids=["one trailer", "many trailers", "chunk extension"],
)
def test_chunk_extensions_and_trailers_have_limits_too(site: Site, endless: bytes) -> None:
    answer = site.ask(POST, CLOSE, b"Transfer-Encoding: chunked\r\n\r\n", endless)

    assert status(answer) == 431


def test_requests_behind_one_another_are_answered_in_order(site: Site) -> None:
    posts = [b"%sContent-Length: 1\r\n\r\n%d" % (POST + HOST, number) for number in range(5)]

    answer = site.ask(*posts, GET, CLOSE, b"\r\n")

    assert [part[:1] for part in answer.split(b"\r\n\r\n")[1:]] == [
        b"0",
        b"1",
        b"2",
        b"3",
        b"4",
        b"",
    ]


def test_requests_without_end_behind_one_another_are_not_kept(site: Site) -> None:
    answer = site.ask((GET + HOST + b"\r\n") * (MAX_PIPELINED + 2))

    assert answer.count(b"200 OK") == 0


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
def test_no_other_protocol_is_spoken(site: Site, protocol: bytes) -> None:
    answer = site.ask(GET, HOST, b"Connection: Upgrade\r\nUpgrade: ", protocol, b"\r\n\r\n")

    assert status(answer) == 200
    assert b"connection: close\r\n" in answer


def test_a_body_is_asked_for_when_the_client_waits_for_that(site: Site) -> None:
    with site.connect(POST, CLOSE, b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n") as line:
        assert line.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b"abc")
        assert until_closed(line).endswith(b"\r\n\r\nabc")


def test_a_head_that_drips_is_ended() -> None:
    with running(head=0.5) as site:
        with site.connect(GET) as line:
            assert status(drip(line, b"a: b\r\n")) == 408
        with site.connect() as line:
            assert status(drip(line, b"\r\n")) == 408
    assert site.heads == []


def test_a_head_that_stops_is_closed_without_a_response() -> None:
    with running(head=0.2) as site:
        assert site.ask(GET) == b""
        assert site.ask() == b""
        assert site.connections == 0


def test_a_body_that_drips_is_ended_whoever_reads_it() -> None:
    with running(body=0.5) as site:
        with site.connect(POST, HOST, b"Content-Length: 1000\r\n\r\n") as line:
            answer = drip(line, b"a")
        eventually(lambda: site.cut_off == 1)

    assert status(answer) == 408
    assert answer.endswith(b"\r\n\r\nThe request body took too long to arrive.\n")


def test_a_body_that_stops_is_closed_without_a_response() -> None:
    with running(body=0.2) as site:
        assert site.ask(POST, HOST, b"Content-Length: 1000\r\n\r\na") == b""
        eventually(lambda: site.cut_off == 1)


def test_a_body_that_comes_at_a_fair_pace_has_time() -> None:
    with (
        running(body=0.2) as site,
        site.connect(POST, CLOSE, b"Content-Length: 500001\r\n\r\n", b"a" * 500_000) as line,
    ):
        time.sleep(0.6)
        line.sendall(b"a")
        assert status(until_closed(line)) == 200


@pytest.mark.parametrize(
    ("ahead", "headers"), [(0, b"Expect: 100-continue\r\n"), (2 * HIGH_WATER_LIMIT, b"")]
)
def test_a_client_is_not_blamed_for_an_application_that_is_late(
    monkeypatch: pytest.MonkeyPatch, ahead: int, headers: bytes
) -> None:
    """The application keeps it waiting for longer than a body may take, and then it takes more
    than half of that time itself."""
    monkeypatch.setattr("fedcom.http.protocol.SLOWEST", 2**40)
    head = b"POST /late HTTP/1.1\r\n" + CLOSE + headers
    with running(body=LATE / 1.5) as site:
        began = time.monotonic()
        with site.connect(head, b"Content-Length: %d\r\n\r\n" % (ahead + 1), b"a" * ahead) as line:
            if not ahead:
                assert line.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            time.sleep(max(0.0, began + LATE * 1.4 - time.monotonic()))
            line.sendall(b"a")
            assert status(until_closed(line)) == 200


def test_an_answer_that_nobody_reads_is_dropped() -> None:
    with running(answer=0.3) as site:
        with site.connect(b"GET /large HTTP/1.1\r\n", HOST, b"\r\n") as line:
            eventually(lambda: len(site.heads) == 1)
            eventually(lambda: site.connections == 0)
            assert len(until_closed(line)) < LARGE
        assert len(site.ask(b"GET /large HTTP/1.1\r\n", CLOSE, b"\r\n")) > LARGE


def test_the_rest_of_a_request_that_is_answered_is_not_waited_for() -> None:
    with running(discard=0.3) as site:
        with site.connect(b"POST /deaf HTTP/1.1\r\n", HOST, b"Content-Length: 9\r\n\r\n") as line:
            answer = line.recv(2**16)
            assert drip(line, b"a") == b""
        assert status(answer) == 200
        eventually(lambda: site.connections == 0)


def test_a_connection_that_is_kept_open_is_closed_when_nothing_comes() -> None:
    with running(idle=0.2, head=0.5) as site:
        answer = site.ask(GET, HOST, b"\r\n")
        assert status(answer) == 200
        # A slow application or a client that sends line ends still counts.
        late = b"POST /deaf HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n\r\n"
        with site.connect(late) as line:
            line.recv(2**16)
            line.sendall(b"a")
            assert until_closed(line) == b""
        with site.connect(GET, HOST, b"\r\n") as line:
            line.recv(2**16)
            line.sendall(b"\r\n")
            assert until_closed(line) == b""


def test_a_client_with_too_many_connections_gets_an_error() -> None:
    with running(per_client=2) as site:
        first, second = site.connect(), site.connect()
        eventually(lambda: site.connections == 2)

        answer = site.ask(GET, CLOSE, b"\r\n")
        first.close()
        eventually(lambda: site.connections == 1)

        assert status(answer) == 429
        assert b"retry-after: 10\r\n" in answer
        assert status(site.ask(GET, CLOSE, b"\r\n")) == 200
        second.close()


def test_a_full_server_serves_quick_clients_and_drops_slow_ones() -> None:
    with running(connections=3) as site:
        slow = [site.connect(GET) for _ in range(3)]
        eventually(lambda: site.connections == 3)

        assert status(site.ask(GET, CLOSE, b"\r\n")) == 200

        assert until_closed(slow[0]) in {b"", b"[reset]"}
        for line in slow:
            line.close()


def test_a_server_with_all_connections_busy_responds_503() -> None:
    with (
        running(connections=1) as site,
        site.connect(b"GET /hold HTTP/1.1\r\n", CLOSE, b"\r\n") as line,
    ):
        eventually(lambda: len(site.heads) == 1)

        answer = site.ask(GET, CLOSE, b"\r\n")
        site.hold.set()

        assert (status(answer), b"retry-after: 10\r\n" in answer) == (503, True)
        assert status(until_closed(line)) == 200
