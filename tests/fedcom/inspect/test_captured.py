"""Captures in all the ways people have them are the same request."""

import pytest

from activitypub.errors import Malformed
from activitypub.signatures.digest import content_digest_header, digest_header
from activitypub.signatures.request import SignedRequest
from fedcom.inspect.captured import read_capture

BODY = '{"type":"Like","name":"a long name, so that it does not fit into one row of the trace"}'
LONG = 'keyId="https://kim.example/u/kim#main-key",headers="host date digest",signature="AbC=="'
HEADERS = (("host", "home.example"), ("date", "Sat, 01 Jan 2000 00:00:00 GMT"), ("signature", LONG))
EXPECTED = SignedRequest("POST", "/inbox?a=b", HEADERS, BODY.encode())


def raw(newline: str = "\r\n", target: str = "/inbox?a=b", end: str = "") -> bytes:
    lines = [f"POST {target} HTTP/1.1"]
    lines += [f"{name.title()}: {value}" for name, value in HEADERS]
    return (newline.join(lines) + newline * 2 + BODY + end).encode()


def verbose() -> bytes:
    lines = ["*   Trying 192.0.2.1:443...", "> POST /inbox?a=b HTTP/2"]
    lines += [f"> {name}: {value}" for name, value in HEADERS]
    return "\n".join(
        [*lines, ">", "* upload completely sent off", "< HTTP/2 401", "<", "no"]
    ).encode()


def trace() -> bytes:
    """As curl 8 writes it: rows of 64 characters with their offset, CRLF ends a row."""
    lines = ["== Info: Connected to home.example", "=> Send header, 300 bytes (0x12c)"]
    offset = 0
    for line in ("POST /inbox?a=b HTTP/1.1", *(f"{n}: {v}" for n, v in HEADERS), ""):
        rows = [line[i : i + 64] for i in range(0, len(line), 64)] or [""]
        for row in rows:
            lines.append(f"{offset:04x}: {row}")
            offset += len(row)
        offset += 2
    lines += ["== Info: more", f"=> Send data, {len(BODY)} bytes (0x57)"]
    lines += [f"{i:04x}: {BODY[i : i + 64]}" for i in range(0, len(BODY), 64)]
    lines += ["<= Recv header, 14 bytes (0xe)", "0000: HTTP/1.1 401 "]
    return "\n".join(lines).encode()


def command(data: str = f"-d '{BODY}'", how: str = "-X POST") -> bytes:
    headers = " \\\n  ".join(f"-H '{name}: {value}'" for name, value in HEADERS[1:])
    return f"curl -sS {how} \\\n  {headers} -m 5 {data} 'https://home.example/inbox?a=b'".encode()


@pytest.mark.parametrize(
    "capture",
    [
        raw(),
        raw("\n"),
        b"\xef\xbb\xbf" + raw(),
        b"\n" + raw(),
        raw(target="https://home.example/inbox?a=b"),
        trace(),
        command(),
        b"$ " + command(),
        command(f"--data-raw '{BODY}'"),
        command(f"--data-binary='{BODY}'"),
        command(f"--json '{BODY}'", how=""),
        command(f"-d'{BODY}'", how="-XPOST"),
        command(f"-d '{BODY}' --url", how="--request POST"),
        command(how="-X post --insecure"),
    ],
)
def test_each_format_is_read(capture: bytes) -> None:
    assert read_capture(capture).request == EXPECTED


def test_the_body_may_come_by_itself() -> None:
    assert read_capture(verbose(), BODY.encode()).request == EXPECTED
    assert read_capture(verbose()).request.body == b""
    assert read_capture(raw(), b"x").request.body == b"x"


def test_a_command_without_data_is_a_get_of_its_host() -> None:
    request = read_capture(b"curl -H 'Host: other.example' https://home.example").request
    plain = read_capture(b"curl https://me@home.example:8443/u/bob").request

    assert (request.method, request.target) == ("GET", "/")
    assert request.headers == (("host", "other.example"),)
    assert plain.headers == (("host", "home.example:8443"),)


def with_length(body: str, *more: str) -> bytes:
    return "\n".join(["POST /inbox HTTP/1.1", "Host: x", *more, "", body]).encode()


@pytest.mark.parametrize(
    "capture",
    [
        with_length("{}\n", "Content-Length: 2"),
        with_length("{}\r\n\n", "Content-Length: 2"),
        with_length("{}\n", f"Digest: {digest_header(b'{}')}"),
        with_length("{}\n", f"Content-Digest: {content_digest_header(b'{}')}"),
    ],
)
def test_the_line_feed_of_an_editor_is_left_out(capture: bytes) -> None:
    found = read_capture(capture)

    assert found.request.body == b"{}"
    assert len(found.notes) == 1


@pytest.mark.parametrize(
    "capture",
    [
        with_length("{}\n", "Content-Length: 3"),
        with_length("{}\n", "Content-Length: 99"),
        with_length("{}\n", "Content-Length: 1"),
        with_length("{}\n", "Content-Length: two"),
        with_length("{}\n", f"Digest: {digest_header(b'other')}"),
        with_length("{}\n"),
    ],
)
def test_a_line_feed_that_may_have_been_sent_stays(capture: bytes) -> None:
    found = read_capture(capture)

    assert (found.request.body, found.notes) == (b"{}\n", ())


@pytest.mark.parametrize(
    ("capture", "code"),
    [
        (b"", "capture_unreadable"),
        (b"hello", "capture_unreadable"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "capture_unreadable"),
        (b"POST /inbox HTTP/1.1\nno header here\n\n{}", "capture_unreadable"),
        (b"=> Send header, 2 bytes (0x2)\n== Info: nothing", "capture_unreadable"),
        (b"curl -H 'a: b", "capture_unreadable"),
        (b"curl -X POST", "capture_unreadable"),
        (b"curl -d @body.json https://home.example/inbox", "capture_option"),
    ],
)
def test_an_invalid_request_is_refused(capture: bytes, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_capture(capture)

    assert caught.value.code == code
