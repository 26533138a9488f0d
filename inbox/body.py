"""Reads the body of a request: checks method, content type, encoding, size and time.

The size is counted on the stream; no header is trusted for it.
"""

import asyncio

from starlette.requests import ClientDisconnect, Request

from activitypub.problem import Problem

MAX_BYTES = 1_048_576
"""Largest body in bytes; Mastodon 4.6 and Lemmy 1.0 have the same limit."""

READ_SECONDS = 30.0
"""How long a whole body may take, so that one byte a second does not hold a connection all day."""

_MEDIA_TYPES = frozenset({"application/activity+json", "application/ld+json"})


class Unreadable(Exception):
    """The body of the request cannot be read; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


async def read(request: Request) -> bytes:
    """The body of a request to the inbox. Raises `Unreadable`."""
    check_head(request)
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await _read_stream(request)
    except TimeoutError as error:
        raise Unreadable(
            Problem(408, "body_too_slow", "The request body took too long to arrive.")
        ) from error
    except ClientDisconnect as error:
        raise Unreadable(Problem(400, "body_cut_off", "The request body ended early.")) from error


def check_head(request: Request) -> None:
    """Check method, content type and encoding. Raises `Unreadable`."""
    _check_method(request)
    _check_content_type(request)
    _check_encoding(request)


def _check_method(request: Request) -> None:
    if request.method != "POST":
        raise Unreadable(
            Problem(
                405,
                "method_not_allowed",
                "An inbox accepts POST only.",
                headers={"Allow": "POST"},
            )
        )


def _check_content_type(request: Request) -> None:
    values = request.headers.getlist("content-type")
    kinds = {value.partition(";")[0].strip().lower() for value in values}
    # The profile parameter is not required: Pleroma and others send ld+json without it.
    if len(kinds) != 1 or not kinds <= _MEDIA_TYPES:
        raise Unreadable(
            Problem(
                415,
                "content_type",
                "The Content-Type must be application/activity+json or application/ld+json.",
                {"received": ", ".join(values)},
                {"Accept-Post": ", ".join(sorted(_MEDIA_TYPES))},
            )
        )


def _check_encoding(request: Request) -> None:
    # A few bytes can decompress to gigabytes, and no known server compresses its requests.
    values = request.headers.getlist("content-encoding")
    if any(value.strip().lower() not in ("", "identity") for value in values):
        raise Unreadable(
            Problem(
                415,
                "content_encoding",
                "Unsupported Content-Encoding: send the body uncompressed.",
                {"received": ", ".join(values)},
                {"Accept-Encoding": "identity"},
            )
        )


async def _read_stream(request: Request) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > MAX_BYTES):
        raise _too_big()
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > MAX_BYTES:
            raise _too_big()
    return bytes(chunks)


def _too_big() -> Unreadable:
    return Unreadable(Problem(413, "body_too_big", f"The body may have at most {MAX_BYTES} bytes."))
