"""Parses a captured HTTP request: raw, or in one of the formats in which curl shows it.

Text in, `SignedRequest` out. Nothing is sent and no other file is read.
"""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from activitypub.errors import Malformed
from activitypub.signatures.digest import content_digest_header, digest_header
from activitypub.signatures.request import SignedRequest

_REQUEST_LINE = re.compile(r"([A-Za-z]+) (\S+) HTTP/[0-9.]+")
_TRACE_ROW = re.compile(r"([0-9a-f]{4,}): ?(.*)")
_DATA = frozenset({"-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json"})
_WITH_VALUE = frozenset(
    {"-A", "--user-agent", "-o", "--output", "-u", "--user", "--max-time", "-m"}
)


@dataclass(frozen=True, slots=True)
class Captured:
    """The request, and notes on what was changed to make it readable."""

    request: SignedRequest
    notes: tuple[str, ...] = ()


def read_capture(content: bytes, body: bytes | None = None) -> Captured:
    """The request in `content`; `body` replaces its body.

    Accepts raw requests, curl command lines, and the output of `curl -v` and `curl --trace-ascii`.
    Raises `Malformed("capture_unreadable")` and, for a command, `capture_option`.
    """
    text = content.decode("latin-1").removeprefix("\xef\xbb\xbf").lstrip("\r\n \t")
    if re.match(r"(\$ )?curl\s", text):
        found = _of_command(content.decode("utf-8", "replace").strip().removeprefix("$ "))
    elif re.search(r"^=> Send header", text, re.MULTILINE):
        found = _of_trace(text)
    elif re.search(r"^> \S+ \S+ HTTP/", text, re.MULTILINE):
        lines = [line[2:] for line in text.splitlines() if line.startswith("> ")]
        found = _of_head(lines, b"")
    else:
        found = _of_raw(text)
    if body is not None:
        found = SignedRequest(found.method, found.target, found.headers, body)
    return _without_last_newline(found)


def _of_raw(text: str) -> SignedRequest:
    head, _, body = re.sub(r"\r?\n\r?\n", "\0", text, count=1).partition("\0")
    return _of_head(head.splitlines(), body.encode("latin-1"))


def _of_head(lines: list[str], body: bytes) -> SignedRequest:
    match = _REQUEST_LINE.match(lines[0]) if lines else None
    if match is None:
        raise Malformed(
            "capture_unreadable",
            "No request found: expected 'POST /inbox HTTP/1.1' or the output of curl -v or"
            " --trace.",
        )
    method, target = match.groups()
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise Malformed("capture_unreadable", f"Not a header: {line[:80]}")
        headers.append((name.strip().lower(), value.strip()))
    return SignedRequest(method.upper(), _path_of(target), tuple(headers), body)


def _path_of(target: str) -> str:
    """Path and query of a target, which proxies write as a full URL."""
    if target.startswith("/"):
        return target
    parts = urlsplit(target)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _of_trace(text: str) -> SignedRequest:
    """The request that curl sent, row by row; `0040:` is the offset of a row within one write."""
    head: list[str] = []
    body = ""
    part = ""
    expected = -1
    for line in text.splitlines():
        match = _TRACE_ROW.fullmatch(line)
        if match is None:
            part, expected = _part_of(line), -1
            continue
        offset, row = int(match[1], 16), match[2]
        if part == "data":
            body += row
        elif part == "head" and offset == expected:  # the previous row was split
            head[-1] += row
        elif part == "head" and row:
            head.append(row)
        expected = offset + len(row)
    return _of_head(head, body.encode("latin-1"))


def _part_of(line: str) -> str:
    if line.startswith("=> Send header"):
        return "head"
    return "data" if line.startswith("=> Send data") else ""


def _of_command(command: str) -> SignedRequest:
    try:
        arguments = iter(shlex.split(re.sub(r"\\\r?\n", " ", command))[1:])
    except ValueError as error:
        raise Malformed(
            "capture_unreadable", f"The curl command cannot be parsed: {error}."
        ) from error
    method, address, headers, data = "", "", [], []
    for option, value in _options(arguments):
        if option in ("-X", "--request"):
            method = value
        elif option in ("-H", "--header"):
            name, _, text = value.partition(":")
            headers.append((name.strip().lower(), text.strip()))
        elif option in _DATA:
            data.append(_data(value))
        elif option in ("", "--url"):
            address = value
    parts = urlsplit(address)
    if not parts.netloc:
        raise Malformed("capture_unreadable", "The curl command contains no URL.")
    if "host" not in dict(headers):
        headers.insert(0, ("host", parts.netloc.rpartition("@")[2]))
    body = "&".join(data).encode()
    return SignedRequest(
        (method or ("POST" if data else "GET")).upper(), _path_of(address), tuple(headers), body
    )


def _options(arguments: Iterator[str]) -> Iterable[tuple[str, str]]:
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not argument.startswith("-"):
            yield "", argument
        elif argument.startswith("--") and equals:
            yield name, value
        elif argument in _DATA | _WITH_VALUE | {"-X", "--request", "-H", "--header", "--url"}:
            yield argument, next(arguments, "")
        elif len(argument) > 2 and argument[:2] in ("-X", "-H", "-d"):
            yield argument[:2], argument[2:]


def _data(value: str) -> str:
    if value.startswith("@"):
        raise Malformed(
            "capture_option", f"The body is in {value[1:]}: pass it with --body {value[1:]}."
        )
    return value


def _without_last_newline(request: SignedRequest) -> Captured:
    """Removes the final line feed that editors add, if the length or the digest shows it was not
    sent."""
    length = next(iter(request.values("content-length")), "")
    body = request.body
    if length.isdecimal() and len(length) < 10:
        shorter = body[: int(length)]
    else:
        shorter = body.rstrip(b"\r\n")
        received = "".join(request.values("digest") + request.values("content-digest"))
        fits = (digest_header(shorter)[len("SHA-256=") :], content_digest_header(shorter))
        shorter = shorter if any(digest in received for digest in fits) else body
    if shorter == body or body[len(shorter) :].strip(b"\r\n"):
        return Captured(request)
    cut = SignedRequest(request.method, request.target, request.headers, shorter)
    return Captured(cut, ("The line feed at the end of the file was ignored.",))
